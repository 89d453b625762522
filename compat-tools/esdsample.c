/* esdsample: keeps a sound in the daemon and plays it on request. */
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

static const char help[] =
    "usage: esdsample [-s SERVER] [-d [-b] [-m] [-r RATE]] [-e] NAME\n"
    "\n"
    "Uploads the sound file NAME, then plays it once for each line on\n"
    "standard input.  A line that begins with q, the end of input, Ctrl-C or\n"
    "SIGTERM frees it.\n"
    "\n"
    "  -d, --data           NAME is a file of raw sound\n"
    "  -e, --existing       NAME is a sample that the daemon has already; "
    "only\n"
    "                       q frees it\n"
    "  -s, --server=SERVER  where the daemon is: HOST, HOST:PORT, unix:PATH;\n"
    "                       else $ESPEAKER, else this machine's own\n"
    "  -b, --8bit           raw sound is 8-bit; else 16-bit\n"
    "  -m, --mono           raw sound is mono; else stereo\n"
    "  -r, --rate=RATE      its frames per second; else 44100\n"
    "  -h, --help           this text\n"
    "      --version        the version\n";

static int is_data, is_existing;

static int
load(const struct tool_options *options, struct sample *sample, char *why)
{
	struct soundfile_info info;
	uint8_t *data = NULL;
	int error;

	if (is_data) {
		sample->format = options->format;
		sample->rate = options->rate;
		error = soundfile_load_raw(options->file, &data, &sample->bytes,
		    why);
	} else {
		error = soundfile_load(options->file, &info, &data, why);
		if (error == 0) {
			sample->format = info.format;
			sample->rate = info.rate;
			sample->bytes = (size_t)info.frames * info.frame_bytes;
		}
	}
	sample->data = data;
	return error;
}

/* The sample's number; exits where there is none to be had. */
static int32_t
upload(struct client *client, const struct tool_options *options,
    const char *name)
{
	struct sample sample = { .name = name };
	char why[SOUNDFILE_WHY_MAX];
	int32_t id;

	if (load(options, &sample, why) != 0) {
		tool_fail("%s", why);
	}
	if (sample_upload(client, &sample, &id) != 0) {
		tool_fail("%s", client->why);
	}
	free((void *)sample.data);
	return id;
}

/* By its whole name, or by the one we would have given it. */
static int32_t
find(struct client *client, const char *file, const char *name)
{
	int32_t id;
	int error = sample_find(client, file, &id);

	if (error == -ENOENT) {
		error = sample_find(client, name, &id);
	}
	if (error != 0) {
		tool_fail("%s", client->why);
	}
	return id;
}

static void
request(struct client *client, enum esd_opcode opcode, int32_t id)
{
	if (sample_do(client, opcode, id) != 0) {
		tool_fail("%s", client->why);
	}
}

/* A line and another one may come in one piece, or a line in two. */
static bool
obey(struct client *client, int32_t id, const char *text, ssize_t bytes,
    bool *in_line)
{
	for (ssize_t i = 0; i < bytes; i++) {
		if (!*in_line && (text[i] == 'q' || text[i] == 'Q')) {
			request(client, ESD_SAMPLE_FREE, id);
			return false;
		}
		*in_line = text[i] != '\n';
		if (!*in_line) {
			(void)puts("<playing sample>");
			request(client, ESD_SAMPLE_PLAY, id);
		}
	}
	(void)fflush(stdout);
	return true;
}

static void
serve(struct client *client, int32_t id)
{
	char text[256];
	bool in_line = false;
	ssize_t got = 1;

	while (got > 0 && stop_poll(STDIN_FILENO, POLLIN, -1) >= 0) {
		got = read(STDIN_FILENO, text, sizeof(text));
		if (!obey(client, id, text, got, &in_line)) {
			return;
		}
	}
	if (!is_existing) {
		request(client, ESD_SAMPLE_FREE, id);
	}
}

int
main(int argc, char **argv)
{
	static const struct option own[] = {
		{ "data", no_argument, &is_data, 1 },
		{ "existing", no_argument, &is_existing, 1 },
		{ NULL, 0, NULL, 0 },
	};
	struct tool_options options;
	struct client client;
	char name[ESD_NAME_MAX];
	int32_t id;

	tool_options_own(argc, argv, help, &options, own);
	if (options.file == NULL) {
		(void)fputs(help, stdout);
		return EXIT_SUCCESS;
	}
	(void)snprintf(name, sizeof(name), "%s:%s", argv[0], options.file);
	if (client_open(&client, options.server, CLIENT_TIMEOUT) != 0) {
		tool_fail("%s", client.why);
	}
	stop_catch();
	id = is_existing ? find(&client, options.file, name)
			 : upload(&client, &options, name);
	(void)printf("sample id = %d\nsample name = %s\n", id,
	    is_existing ? options.file : name);
	(void)fflush(stdout);
	serve(&client, id);
	client_close(&client);
	return EXIT_SUCCESS;
}
