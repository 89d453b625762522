#include "compat-tools/artstool.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void
show(const char *help)
{
	(void)fputs(help, stderr);
	exit(EXIT_FAILURE);
}

static int32_t
number(const char *text, int32_t min, int32_t max, const char *help)
{
	int32_t value;

	if (tool_number(text, min, max, &value) < 0) {
		tool_say("%s is not a number from %d to %d", text, (int)min,
		    (int)max);
		show(help);
	}
	return value;
}

static void
take(int option, const char *help, struct artstool *tool)
{
	switch (option) {
	case 'r':
		tool->rate = number(optarg, ESD_RATE_MIN, ESD_RATE_MAX, help);
		break;
	case 'b':
		tool->bits = number(optarg, 8, 16, help);
		break;
	case 'c':
		tool->channels = number(optarg, 1, 2, help);
		break;
	case 'v':
		tool_version();
		exit(EXIT_SUCCESS);
	default:
		show(help);
	}
}

void
artstool_options(int argc, char **argv, const char *help, struct artstool *tool)
{
	static const struct option names[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	int option;

	*tool =
	    (struct artstool){ .rate = TOOL_RATE, .bits = 16, .channels = 2 };
	while (
	    (option = getopt_long(argc, argv, "r:b:c:hv", names, NULL)) != -1) {
		take(option, help, tool);
	}
	if (argc - optind > 1 || (tool->bits != 8 && tool->bits != 16)) {
		show(help);
	}
	if (optind < argc && strcmp(argv[optind], "-") != 0) {
		tool->file = argv[optind];
	}
}

void
artstool_connect(void)
{
	if (arts_init() < 0) {
		tool_fail("Can't connect to sound server; start esdmixd, or "
			  "name a server in ESPEAKER");
	}
}
