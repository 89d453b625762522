/*
 * What esddsp and artsdsp have in common: from their options to the program.
 * Thread: the only one.
 */
#ifndef LAUNCH_H
#define LAUNCH_H

#include <stdbool.h>

struct launch {
	const char *server;  /* NULL: as the environment says */
	const char *name;    /* of the program's streams; NULL: as it says */
	const char *devices; /* the only ones to wrap; NULL: as it says */
	bool verbose;
	bool seccomp; /* the way of static programs for any program */
};

/*
 * Sets the environment and becomes the program.  Says in one line why it
 * can't, and exits: 127, there is no such program; 126, it can't be run or
 * wrapped.
 *   argv  the program's, ended by NULL
 */
_Noreturn void launch_run(const struct launch *launch, char **argv);

/* Sets a variable, or fails with one line. */
void launch_set(const char *variable, const char *value);

#endif
