/* esdloop: repeats a sound without a gap until a line is entered. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat-tools/sample.h"
#include "compat-tools/soundfile.h"
#include "compat-tools/stop.h"
#include "compat-tools/tool.h"

#define EXIT_NO_FILE 255 /* as old scripts know it */

static const char help[] =
    "usage: esdloop [-s SERVER] [-b] [-m] [-r RATE] FILE\n"
    "\n"
    "Plays FILE again and again, without a gap, until a line is entered,\n"
    "input ends, or Ctrl-C or SIGTERM comes; then to its end once more.\n"
    "FILE is raw sound, unless its name ends in .wav .flac .ogg .aiff .au.\n"
    "\n"
    "  -s, --server=SERVER  where the daemon is: HOST, HOST:PORT, unix:PATH;\n"
    "                       else $ESPEAKER, else this machine's own\n"
    "  -b, --8bit           raw sound is 8-bit; else 16-bit\n"
    "  -m, --mono           raw sound is mono; else stereo\n"
    "  -r, --rate=RATE      its frames per second; else 44100\n"
    "  -h, --help           this text\n"
    "      --version        the version\n";

static int
load(const struct tool_options *options, struct sample *sample, char *why)
{
	struct soundfile_info info = { .format = options->format,
		.rate = options->rate };
	uint8_t *data = NULL;
	int error;

	if (soundfile_is_known(options->file)) {
		error = soundfile_load(options->file, &info, &data, why);
		sample->bytes = (size_t)info.frames * info.frame_bytes;
	} else {
		error = soundfile_load_raw(options->file, &data, &sample->bytes,
		    why);
	}
	sample->format = info.format;
	sample->rate = info.rate;
	sample->data = data;
	return error;
}

static void
check(const struct client *client, int error)
{
	if (error != 0) {
		tool_fail("%s", client->why);
	}
}

/* A whole line: what is typed ahead of its end changes nothing. */
static void
await_line(void)
{
	char text[256];
	ssize_t got = 1;

	while (got > 0 && stop_poll(STDIN_FILENO, POLLIN, -1) >= 0) {
		got = read(STDIN_FILENO, text, sizeof(text));
		if (got > 0 && memchr(text, '\n', (size_t)got) != NULL) {
			return;
		}
		if (stop_is_asked()) {
			return;
		}
	}
}

int
main(int argc, char **argv)
{
	struct tool_options options;
	struct sample sample = { 0 };
	struct client client;
	char why[SOUNDFILE_WHY_MAX];
	int32_t id;

	tool_options(argc, argv, help, &options);
	if (options.file == NULL) {
		(void)fputs(help, stderr);
		return EXIT_NO_FILE;
	}
	sample.name = options.file;
	if (client_open(&client, options.server, CLIENT_TIMEOUT) != 0) {
		tool_fail("%s", client.why);
	}
	if (load(&options, &sample, why) != 0) {
		tool_fail("%s", why);
	}
	if (sample.bytes == 0) {
		tool_fail("%s has no sound in it; see whether it is complete",
		    options.file);
	}
	stop_catch();
	check(&client, sample_upload(&client, &sample, &id));
	free((void *)sample.data);
	check(&client, sample_do(&client, ESD_SAMPLE_LOOP, id));
	await_line();
	check(&client, sample_do(&client, ESD_SAMPLE_STOP, id));
	check(&client, sample_do(&client, ESD_SAMPLE_FREE, id));
	client_close(&client);
	return EXIT_SUCCESS;
}
