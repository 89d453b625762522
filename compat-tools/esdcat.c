/* esdcat: plays raw sound from a file or standard input. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compat-tools/tool.h"

static const char help[] =
    "usage: esdcat [-s SERVER] [-n NAME] [-b] [-m] [-r RATE] [FILE]\n"
    "\n"
    "Plays raw sound from FILE, or from standard input.\n"
    "\n"
    "  -s, --server=SERVER  where the daemon is: HOST, HOST:PORT, unix:PATH;\n"
    "                       else $ESPEAKER, else this machine's own\n"
    "  -n, --name=NAME      the stream's name; else FILE\n"
    "  -b, --8bit           unsigned 8-bit samples; else signed 16-bit in\n"
    "                       this machine's byte order\n"
    "  -m, --mono           one channel; else stereo\n"
    "  -r, --rate=RATE      frames per second; else 44100\n"
    "  -h, --help           this text\n"
    "      --version        the version\n"
    "\n"
    "For example, a second of noise, then a WAV file:\n"
    "  head -c 176400 /dev/urandom | esdcat -n noise\n"
    "  sox song.wav -t raw -r 44100 -c 2 -e signed -b 16 - | esdcat\n";

static int
open_input(const char *file)
{
	struct stat status;
	int fd = STDIN_FILENO;

	if (file != NULL && strcmp(file, "-") != 0) {
		fd = open(file, O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0) {
		tool_fail("cannot open %s: %s; name a readable file of raw "
			  "sound, or none for standard input",
		    file, strerror(errno));
	}
	if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
		tool_fail("cannot play %s: %s; name a file of raw sound",
		    file == NULL ? "standard input" : file, strerror(EISDIR));
	}
	return fd;
}

static void
play(struct client *client, int in, const char *file)
{
	uint8_t piece[ESD_CHUNK];

	for (;;) {
		ssize_t bytes = read(in, piece, sizeof(piece));

		if (bytes == 0) {
			return;
		}
		if (bytes < 0 && errno == EINTR) {
			continue;
		}
		if (bytes < 0) {
			tool_fail("cannot read %s: %s; what came before is "
				  "played",
			    file == NULL ? "standard input" : file,
			    strerror(errno));
		}
		if (client_write(client, piece, (size_t)bytes) != 0) {
			tool_fail("%s", client->why);
		}
	}
}

int
main(int argc, char **argv)
{
	struct tool_options options;
	struct client client;
	int32_t format;
	int in;

	tool_options(argc, argv, help, &options);
	format = options.format | ESD_PLAY;
	in = open_input(options.file);
	if (client_open(&client, options.server, CLIENT_TIMEOUT) != 0) {
		tool_fail("%s", client.why);
	}
	(void)fprintf(stderr, "opening socket, format = 0x%08x at %d Hz\n",
	    (unsigned)format, options.rate);
	if (client_stream(&client, ESD_STREAM_PLAY, format, options.rate,
		options.name) != 0) {
		tool_fail("%s", client.why);
	}
	play(&client, in, options.file);
	client_close(&client);
	return EXIT_SUCCESS;
}
