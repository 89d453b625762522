/*
 * The daemon under the name of the original server: its options, which come
 * from old scripts, from esd.conf, and from copies of libesd that start it.
 * Thread: control, at start.
 */
#ifndef ESDNAME_H
#define ESDNAME_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#define ESDNAME_OPTIONS_MAX 1024 /* bytes of default_options, NUL included */
#define ESDNAME_WORDS_MAX   128	 /* of the original's; more are ignored */

enum esdname_verdict { ESDNAME_RUN, ESDNAME_HELP, ESDNAME_VERSION };

/* The same, in our own options. */
struct esdname {
	char options[ESDNAME_OPTIONS_MAX]; /* default_options, cut into words */
	const char *said[ESDNAME_WORDS_MAX + 1]; /* the original's words */
	char *argv[2 * ESDNAME_WORDS_MAX + 2];	 /* ended by NULL */
	unsigned words;				 /* in argv */
};

/* A program of that path, as argv[0] has it, goes by the original's name. */
bool esdname_is(const char *argv0);

/*
 * Translates.  What the original doesn't know, or couldn't use, is reported
 * and ignored, as it did.
 *   argv     ended by NULL, begins with the program's name
 *   options  that come before them; not if a library says that it starts us:
 *            then it has said all of it
 */
enum esdname_verdict esdname_translate(struct esdname *name, char *const argv[],
    const char *options);

/*
 * default_options of SYSCONFDIR/esd.conf, of ~/.esd.conf, or
 * ESD_DEFAULT_OPTIONS: the last that says something.  The other keys are the
 * library's.
 */
void esdname_options(char options[ESDNAME_OPTIONS_MAX]);

void esdname_help(FILE *out);
void esdname_version(FILE *out);

/*
 * Tells who started us whether our sockets accept, and closes the descriptor.
 *   fd, pid  -1: not that way
 */
void esdname_tell(int fd, pid_t pid, bool ready);

#endif
