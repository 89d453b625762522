/* esdfilt: a filter in the daemon's mix, to try filtering with. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat-tools/recorder.h"

enum { FILTER_NONE, FILTER_HALF, FILTER_DOUBLE };

static int filter = FILTER_NONE;

static const char help[] =
    "usage: esdfilt [-s SERVER] [-n NAME] [-b] [-m] [-r RATE]\n"
    "               [-half | -double] [FILE]\n"
    "\n"
    "Takes what the daemon plays, gives it back as it is, halved or doubled,\n"
    "and keeps a copy of what it gave back in FILE, if there is one; until\n"
    "Ctrl-C or SIGTERM.  FILE's extension tells its format: .wav .flac .ogg\n"
    ".aiff .au; with any other it is raw sound, as on standard output (-).\n"
    "\n"
    "  -half                half the amplitude\n"
    "  -double              twice the amplitude, clipped at full scale\n"
    "  -s, --server=SERVER  where the daemon is: HOST, HOST:PORT, unix:PATH;\n"
    "                       else $ESPEAKER, else this machine's own\n"
    "  -n, --name=NAME      the stream's name; else FILE\n"
    "  -b, --8bit           8-bit samples; else 16-bit\n"
    "  -m, --mono           one channel; else stereo\n"
    "  -r, --rate=RATE      frames per second; else 44100\n"
    "  -h, --help           this text\n"
    "      --version        the version\n";

static int32_t
change(int32_t value, int32_t min, int32_t max)
{
	if (filter == FILTER_HALF) {
		return value / 2;
	}
	if (filter == FILTER_DOUBLE) {
		value *= 2;
	}
	if (value > max) {
		return max;
	}
	return value < min ? min : value;
}

static void
change_words(uint8_t *data, size_t bytes)
{
	for (size_t i = 0; i + sizeof(int16_t) <= bytes; i += sizeof(int16_t)) {
		int16_t word;

		memcpy(&word, data + i, sizeof(word));
		word = (int16_t)change(word, INT16_MIN, INT16_MAX);
		memcpy(data + i, &word, sizeof(word));
	}
}

static void
change_bytes(uint8_t *data, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		data[i] =
		    (uint8_t)(change(data[i] - 128, INT8_MIN, INT8_MAX) + 128);
	}
}

/* Gives back exactly as much as came: the daemon counts on that. */
static int
give_back(struct recorder *recorder, void *frames, size_t n)
{
	size_t bytes = n * recorder->frame_bytes;
	int error;

	if ((recorder->format & ESD_MASK_BITS) == ESD_BITS16) {
		change_words(frames, bytes);
	} else {
		change_bytes(frames, bytes);
	}
	error = client_write(&recorder->client, frames, bytes);
	if (error == 0 || error == -EPIPE) {
		return 0; /* reading will tell of the end, too */
	}
	tool_say("%s", recorder->client.why);
	return error;
}

int
main(int argc, char **argv)
{
	static const struct option own[] = {
		{ "half", no_argument, &filter, FILTER_HALF },
		{ "double", no_argument, &filter, FILTER_DOUBLE },
		{ NULL, 0, NULL, 0 },
	};
	struct tool_options options;
	struct recorder recorder = { .opcode = ESD_STREAM_FILT,
		.each = give_back };
	int status;

	tool_options_own(argc, argv, help, &options, own);
	recorder.options = &options;
	recorder.format = options.format | ESD_PLAY;
	recorder.name = options.name;
	status = recorder_run(&recorder, false);
	if (status == EXIT_SUCCESS || recorder.frames > 0) {
		bool is_busy =
		    options.file != NULL && strcmp(options.file, "-") == 0;

		(void)fprintf(is_busy ? stderr : stdout,
		    "total bytes streamed: %" PRId64 "\n",
		    recorder.frames * recorder.frame_bytes);
	}
	return status;
}
