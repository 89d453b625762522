/* esdmon: takes down what the daemon plays. */
#include "compat-tools/recorder.h"

static const char help[] =
    "usage: esdmon [-s SERVER] [-n NAME] [-b] [-m] [-r RATE] [FILE]\n"
    "\n"
    "Writes what the daemon plays to FILE, or to standard output, until\n"
    "Ctrl-C or SIGTERM.  While nothing plays, nothing comes.\n"
    "FILE's extension tells its format: .wav .flac .ogg .aiff .au;\n"
    "with any other, and on standard output, it is raw sound.\n"
    "\n"
    "  -s, --server=SERVER  where the daemon is: HOST, HOST:PORT, unix:PATH;\n"
    "                       else $ESPEAKER, else this machine's own\n"
    "  -n, --name=NAME      the stream's name; else this program's\n"
    "  -b, --8bit           8-bit samples; else 16-bit\n"
    "  -m, --mono           one channel; else stereo\n"
    "  -r, --rate=RATE      frames per second; else 44100\n"
    "  -h, --help           this text\n"
    "      --version        the version\n"
    "\n"
    "On a terminal the time and the level are shown.  For example:\n"
    "  esdmon party.flac\n"
    "  esdmon -s studio:16001 | esdcat\n";

int
main(int argc, char **argv)
{
	struct tool_options options;
	struct recorder recorder = { .opcode = ESD_STREAM_MON };

	tool_options(argc, argv, help, &options);
	recorder.options = &options;
	recorder.format = options.format | ESD_PLAY;
	recorder.name = options.own_name != NULL ? options.own_name : argv[0];
	return recorder_run(&recorder, true);
}
