/* esddsp: runs an OSS program with its sound going to the daemon. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat-tools/dsp/launch.h"
#include "compat-tools/dsp/node.h"
#include "compat-tools/tool.h"

static const char help[] =
    "usage: esddsp [OPTION]... PROGRAM [ARGUMENT]...\n"
    "\n"
    "Runs PROGRAM with /dev/dsp, /dev/audio and /dev/mixer being the "
    "daemon's.\n"
    "\n"
    "  -s, --server=SERVER    where the daemon is: HOST, HOST:PORT, "
    "unix:PATH;\n"
    "  -d SERVER              else $ESPEAKER, else this machine's own\n"
    "  -n, --name=NAME        the name of its streams; else PROGRAM\n"
    "  -r, --devices=DEVICES  wrap these alone, as /dev/dsp,/dev/mixer\n"
    "  -m, --mixer            accepted; the mixer is always wrapped\n"
    "      --mmap             accepted; mmap() always works\n"
    "      --seccomp          the way of static programs for any program: for\n"
    "                         one that starts static ones\n"
    "  -v, --verbose          tell what is intercepted and answered\n"
    "  -h, --help             this text\n"
    "      --version          the version\n"
    "\n"
    "For example:\n"
    "  esddsp mpg123 -o oss song.mp3\n";

enum { OPTION_SECCOMP = 256, OPTION_MMAP, OPTION_VERSION };

static const struct option names[] = {
	{ "server", required_argument, NULL, 's' },
	{ "name", required_argument, NULL, 'n' },
	{ "devices", required_argument, NULL, 'r' },
	{ "mixer", no_argument, NULL, 'm' },
	{ "mmap", no_argument, NULL, OPTION_MMAP },
	{ "seccomp", no_argument, NULL, OPTION_SECCOMP },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

/* Each word of a list must name a device. */
static void
check_devices(const char *list)
{
	while (*list != '\0') {
		size_t word = strcspn(list, ",");
		char path[64];

		(void)snprintf(path, sizeof(path), "%s%.*s",
		    strncmp(list, "/dev/", 5) == 0 ? "" : "/dev/", (int)word,
		    list);
		if (node_find(path, NULL) < 0) {
			tool_fail("-r %.*s is no sound device; give some of "
				  "/dev/dsp, /dev/audio, /dev/mixer, parted "
				  "by commas",
			    (int)word, list);
		}
		list += word + (list[word] == ',');
	}
}

static void
take(int option, char **argv, struct launch *launch)
{
	switch (option) {
	case 's':
	case 'd':
		launch->server = optarg;
		break;
	case 'n':
		launch->name = optarg;
		break;
	case 'r':
		check_devices(optarg);
		launch->devices = optarg;
		break;
	case 'm':
		launch_set("ESDDSP_MIXER", "1");
		break;
	case OPTION_MMAP:
		launch_set("ESDDSP_MMAP", "1");
		break;
	case OPTION_SECCOMP:
		launch->seccomp = true;
		break;
	case 'v':
		launch->verbose = true;
		break;
	case 'h':
		(void)fputs(help, stdout);
		exit(EXIT_SUCCESS);
	case OPTION_VERSION:
		tool_version();
		exit(EXIT_SUCCESS);
	default:
		tool_misunderstood(option, argv);
	}
}

int
main(int argc, char **argv)
{
	struct launch launch = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "+:s:d:n:r:mvh", names,
		    NULL)) != -1) {
		take(option, argv, &launch);
	}
	if (optind == argc) {
		tool_fail("no program to run; -h lists the options");
	}
	if (launch.name == NULL && getenv("ESDDSP_NAME") == NULL) {
		launch.name = argv[optind];
	}
	launch_run(&launch, argv + optind);
}
