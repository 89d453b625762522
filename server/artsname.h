/*
 * The daemon under the name of the original aRts server: its options, which
 * come from old scripts and from KDE's start.
 * Thread: control, at start.
 */
#ifndef ARTSNAME_H
#define ARTSNAME_H

#include <stdbool.h>
#include <stdio.h>

#define ARTSNAME_WORDS_MAX 128 /* of our own; more are ignored */

enum artsname_verdict {
	ARTSNAME_RUN,
	ARTSNAME_HELP,
	ARTSNAME_METHODS, /* a list of audio methods is wanted */
	ARTSNAME_VERSION
};

/* The same, in our own options. */
struct artsname {
	char values[ARTSNAME_WORDS_MAX][24]; /* of words that are numbers */
	char *argv[ARTSNAME_WORDS_MAX + 1];  /* ended by NULL */
	unsigned words;			     /* in argv */
};

/* A program of that path, as argv[0] has it, goes by the original's name. */
bool artsname_is(const char *argv0);

/*
 * Translates.  What the original doesn't know is ignored without a word, for
 * later ones knew more; what makes no sense is reported and ignored.
 *   argv  ended by NULL, begins with the program's name; is put in order, and
 *         lent to `name`
 */
enum artsname_verdict artsname_translate(struct artsname *name, char *argv[]);

void artsname_help(FILE *out);
void artsname_methods(FILE *out);
void artsname_version(FILE *out);

#endif
