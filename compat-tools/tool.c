#include "compat-tools/tool.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

enum { OPTION_FILE = 1, OPTION_VERSION = 256 };

static void say(const char *format, va_list args)
    __attribute__((format(printf, 1, 0)));

static void
say(const char *format, va_list args)
{
	(void)fprintf(stderr, "%s: ", program_invocation_short_name);
	(void)vfprintf(stderr, format, args);
	(void)fputc('\n', stderr);
}

void
tool_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

void
tool_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	exit(EXIT_FAILURE);
}

void
tool_version(void)
{
	(void)printf("%s %s\n", program_invocation_short_name, PACKAGE_VERSION);
}

int
tool_number(const char *text, int32_t min, int32_t max, int32_t *number)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0 || value < min ||
	    value > max) {
		return -EINVAL;
	}
	*number = (int32_t)value;
	return 0;
}

static void
take_file(struct tool_options *options, const char *file)
{
	if (options->file != NULL) {
		tool_say("ignoring %s, there is a file already: %s", file,
		    options->file);
		return;
	}
	options->file = file;
	options->name = file;
}

static void
take_rate(struct tool_options *options, const char *text)
{
	if (tool_number(text, ESD_RATE_MIN, ESD_RATE_MAX, &options->rate) !=
	    0) {
		tool_fail("-r %s is no rate; give frames per second, "
			  "%d to %d",
		    text, ESD_RATE_MIN, ESD_RATE_MAX);
	}
}

/* getopt_long() leaves the word it stumbled over before optind. */
void
tool_misunderstood(int option, char **argv)
{
	if (option == ':') {
		tool_fail("%s needs a value; -h lists the options",
		    argv[optind - 1]);
	}
	const char *word = argv[optind - 1];

	if (strncmp(word, "--", 2) == 0 && strchr(word, '=') != NULL) {
		tool_fail("%s: no such option, or it takes no value; -h lists "
			  "them",
		    word);
	}
	if (optopt != 0 && optopt < OPTION_VERSION) {
		tool_fail("-%c is no option; -h lists them", optopt);
	}
	tool_fail("%s is no option; -h lists them", word);
}

static void
take(int option, char **argv, const char *help, struct tool_options *options)
{
	switch (option) {
	case 0: /* the tool's own, its flag is set */
		break;
	case OPTION_FILE:
		take_file(options, optarg);
		break;
	case 's':
		options->server = optarg;
		break;
	case 'n':
		options->name = optarg;
		options->own_name = optarg;
		break;
	case 'b':
		options->format &= ~ESD_MASK_BITS;
		break;
	case 'm':
		options->format = (options->format & ~ESD_MASK_CHAN) | ESD_MONO;
		break;
	case 'r':
		take_rate(options, optarg);
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

#define COMMON	7 /* options of all tools */
#define OWN_MAX 4 /* of a tool's own */

/* The options of all tools, then the tool's own. */
static void
join_options(const struct option *own, struct option *names)
{
	static const struct option common[COMMON] = {
		{ "server", required_argument, NULL, 's' },
		{ "name", required_argument, NULL, 'n' },
		{ "8bit", no_argument, NULL, 'b' },
		{ "mono", no_argument, NULL, 'm' },
		{ "rate", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, OPTION_VERSION },
	};

	memcpy(names, common, sizeof(common));
	names += COMMON;
	for (int i = 0; own != NULL && own[i].name != NULL; i++) {
		assert(i < OWN_MAX);
		*names++ = own[i];
	}
	*names = (struct option){ 0 };
}

void
tool_options_own(int argc, char **argv, const char *help,
    struct tool_options *options, const struct option *own)
{
	/* "-": files come in their place on the line; ":" is our complaint. */
	static const char letters[] = "-:s:n:bmr:h";
	struct option names[COMMON + OWN_MAX + 1];
	int option;

	*options = (struct tool_options){
		.format = ESD_BITS16 | ESD_STEREO,
		.rate = TOOL_RATE,
	};
	join_options(own, names);
	while ((option = own == NULL
			     ? getopt_long(argc, argv, letters, names, NULL)
			     : getopt_long_only(argc, argv, letters, names,
				   NULL)) != -1) {
		take(option, argv, help, options);
	}
	while (optind < argc) { /* after "--" */
		take_file(options, argv[optind++]);
	}
}

void
tool_options(int argc, char **argv, const char *help,
    struct tool_options *options)
{
	tool_options_own(argc, argv, help, options, NULL);
}
