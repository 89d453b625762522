/* esdrec: records from the daemon's capture device. */
#include "compat-tools/recorder.h"

static const char help[] =
    "usage: esdrec [-s SERVER] [-n NAME] [-b] [-m] [-r RATE] [FILE]\n"
    "\n"
    "Records to FILE, or to standard output, until Ctrl-C or SIGTERM.\n"
    "FILE's extension tells its format: .wav .flac .ogg .aiff .au;\n"
    "with any other, and on standard output, it is raw sound.\n"
    "\n"
    "  -s, --server=SERVER  where the daemon is: HOST, HOST:PORT, unix:PATH;\n"
    "                       else $ESPEAKER, else this machine's own\n"
    "  -n, --name=NAME      the stream's name; else FILE\n"
    "  -b, --8bit           8-bit samples; else 16-bit\n"
    "  -m, --mono           one channel; else stereo\n"
    "  -r, --rate=RATE      frames per second; else 44100\n"
    "  -h, --help           this text\n"
    "      --version        the version\n"
    "\n"
    "On a terminal the time and the level are shown.  For example:\n"
    "  esdrec -m -r 48000 voice.flac\n"
    "  esdrec | sox -t raw -r 44100 -c 2 -e signed -b 16 - voice.mp3\n";

int
main(int argc, char **argv)
{
	struct tool_options options;
	struct recorder recorder = { .opcode = ESD_STREAM_REC };

	tool_options(argc, argv, help, &options);
	recorder.options = &options;
	recorder.format = options.format | ESD_RECORD;
	recorder.name = options.name;
	return recorder_run(&recorder, true);
}
