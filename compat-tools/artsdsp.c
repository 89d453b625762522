/* artsdsp: esddsp's work under the name and with the options of aRts. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "compat-tools/dsp/launch.h"
#include "compat-tools/tool.h"

static const char help[] =
    "usage: artsdsp [OPTION]... PROGRAM [ARGUMENT]...\n"
    "\n"
    "Runs PROGRAM with /dev/dsp, /dev/audio and /dev/mixer being the "
    "daemon's.\n"
    "\n"
    "  -n, --name=NAME        the name of its streams; else artsdsp\n"
    "  -m, --mmap             accepted; mmap() always works\n"
    "  -s, --single-threaded  accepted; there are no threads\n"
    "  -v, --verbose          tell what is intercepted and answered\n"
    "  -h, --help             this text\n"
    "  -V, --version          the version\n"
    "\n"
    "For example:\n"
    "  artsdsp mpg123 -o oss song.mp3\n";

static const struct option names[] = {
	{ "name", required_argument, NULL, 'n' },
	{ "mmap", no_argument, NULL, 'm' },
	{ "single-threaded", no_argument, NULL, 's' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

static void
take(int option, char **argv, struct launch *launch)
{
	switch (option) {
	case 'n':
		launch->name = optarg;
		launch_set("ARTSDSP_NAME", optarg);
		break;
	case 'm':
		launch_set("ARTSDSP_MMAP", "1");
		break;
	case 's':
		break;
	case 'v':
		launch->verbose = true;
		launch_set("ARTSDSP_VERBOSE", "1");
		break;
	case 'h':
		(void)fputs(help, stdout);
		exit(EXIT_SUCCESS);
	case 'V':
		tool_version();
		exit(EXIT_SUCCESS);
	default:
		tool_misunderstood(option, argv);
	}
}

int
main(int argc, char **argv)
{
	struct launch launch = {
		.name = getenv("ARTSDSP_NAME"),
		.verbose = getenv("ARTSDSP_VERBOSE") != NULL,
	};
	int option;

	while ((option = getopt_long(argc, argv, "+:n:msvhV", names, NULL)) !=
	       -1) {
		take(option, argv, &launch);
	}
	if (optind == argc) {
		tool_fail("no program to run; -h lists the options");
	}
	if (launch.name == NULL) {
		launch.name = "artsdsp";
	}
	launch_run(&launch, argv + optind);
}
