/*
 * What the tools share: how they complain, and the options of those that move
 * raw sound.
 */
#ifndef TOOL_H
#define TOOL_H

#include <getopt.h>

#include "compat-tools/client.h"

#define TOOL_RATE 44100 /* frames/s, unless -r says otherwise */

/* Prints "PROGRAM: ..." to standard error. */
void tool_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says so and exits with status 1. */
_Noreturn void tool_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* "PROGRAM VERSION" on standard output. */
void tool_version(void);

/* A whole decimal number of that range; 0, or -EINVAL. */
int tool_number(const char *text, int32_t min, int32_t max, int32_t *number);

/* What the command line of a raw-sound tool says. */
struct tool_options {
	const char *server;   /* NULL: not named */
	const char *file;     /* NULL: standard input or output */
	const char *name;     /* of the stream: -n or the file, the later one */
	const char *own_name; /* -n; NULL: not given */
	int32_t format;	      /* width and channels only */
	int32_t rate;	      /* frames/s */
};

/*
 * Reads -s, -n, -b, -m, -r, their long forms, and one file, in any order.
 * Prints `help` for -h and the version for --version, and exits 0; exits 1
 * with one line for what it doesn't understand.
 */
void tool_options(int argc, char **argv, const char *help,
    struct tool_options *options);

/*
 * The same with options of the tool's own, none of which takes a value: ended
 * by a NULL name, each with a flag to set.  With them long names may have one
 * dash, and be cut where that is unique: -half, and -d for --data.
 */
void tool_options_own(int argc, char **argv, const char *help,
    struct tool_options *options, const struct option *own);

/* Says what getopt_long() stumbled over (with ':' first), and exits 1. */
_Noreturn void tool_misunderstood(int option, char **argv);

#endif
