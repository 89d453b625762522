/* artsrec: records raw sound to a file or standard output. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compat-tools/artstool.h"

#define EVERYBODY (S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH)

static const char help[] =
    "usage: artsrec [-r RATE] [-b BITS] [-c CHANNELS] [FILE]\n"
    "\n"
    "Records raw sound to FILE, or to standard output, until it is killed.\n"
    "\n"
    "  -r RATE        frames per second; else 44100\n"
    "  -b BITS        8: unsigned, 16: signed, little-endian; else 16\n"
    "  -c CHANNELS    1 or 2; else 2\n"
    "  -h, --help     this text\n"
    "  -v, --version  the version\n";

static int
open_output(const char *file)
{
	int fd = STDOUT_FILENO;

	if (file != NULL) {
		fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		    EVERYBODY);
	}
	if (fd < 0) {
		tool_fail("Can't open file '%s': %s.", file, strerror(errno));
	}
	return fd;
}

static void
put(int out, const char *data, size_t bytes)
{
	while (bytes > 0) {
		ssize_t done = write(out, data, bytes);

		if (done < 0 && errno != EINTR) {
			tool_fail("cannot write: %s; what came before is kept",
			    strerror(errno));
		}
		data += done > 0 ? done : 0;
		bytes -= done > 0 ? (size_t)done : 0;
	}
}

int
main(int argc, char **argv)
{
	struct artstool tool;
	char piece[ARTSTOOL_PIECE];
	arts_stream_t stream;
	int out, bytes;

	artstool_options(argc, argv, help, &tool);
	artstool_connect();
	out = open_output(tool.file);
	stream =
	    arts_record_stream(tool.rate, tool.bits, tool.channels, "artsrec");
	while ((bytes = arts_read(stream, piece, sizeof(piece))) > 0) {
		put(out, piece, (size_t)bytes);
	}
	tool_fail("the sound server has gone; see whether it still runs");
}
