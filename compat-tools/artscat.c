/* artscat: plays raw sound from a file or standard input. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat-tools/artstool.h"

static const char help[] =
    "usage: artscat [-r RATE] [-b BITS] [-c CHANNELS] [FILE]\n"
    "\n"
    "Plays raw sound from FILE, or from standard input.\n"
    "\n"
    "  -r RATE        frames per second; else 44100\n"
    "  -b BITS        8: unsigned, 16: signed, little-endian; else 16\n"
    "  -c CHANNELS    1 or 2; else 2\n"
    "  -h, --help     this text\n"
    "  -v, --version  the version\n";

static int
open_input(const char *file)
{
	int fd = file == NULL ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		tool_fail("Can't open file '%s': %s.", file, strerror(errno));
	}
	return fd;
}

static void
play(arts_stream_t stream, int in, const char *file)
{
	char piece[ARTSTOOL_PIECE];
	ssize_t bytes;

	while ((bytes = read(in, piece, sizeof(piece))) != 0) {
		if (bytes < 0 && errno == EINTR) {
			continue;
		}
		if (bytes < 0) {
			tool_fail("cannot read %s: %s; what came before is "
				  "played",
			    file == NULL ? "standard input" : file,
			    strerror(errno));
		}
		if (arts_write(stream, piece, (int)bytes) != bytes) {
			tool_fail("the sound server has gone; see whether it "
				  "still runs");
		}
	}
}

int
main(int argc, char **argv)
{
	struct artstool tool;
	arts_stream_t stream;
	int in;

	artstool_options(argc, argv, help, &tool);
	in = open_input(tool.file);
	artstool_connect();
	stream = arts_play_stream(tool.rate, tool.bits, tool.channels,
	    tool.file != NULL ? tool.file : "artscat");
	play(stream, in, tool.file);
	arts_close_stream(stream);
	arts_free();
	return EXIT_SUCCESS;
}
