/*
 * Programs that we start: players of files.  None is waited for.
 * Thread: control.
 */
#ifndef CHILDREN_H
#define CHILDREN_H

#include <stdbool.h>
#include <sys/types.h>

#define CHILDREN_MAX 16 /* at once */

struct children {
	pid_t pids[CHILDREN_MAX];
	unsigned count;
};

/*
 * Starts the program of that name beside our own, with our standard error and
 * nothing to read.  False: it cannot be, which has been logged, or there are
 * CHILDREN_MAX.
 *   argv  the program's name, its arguments, NULL
 */
bool children_start(struct children *children, const char *const argv[]);

/* After SIGCHLD: forgets those that have ended. */
void children_reap(struct children *children);

/* At our own end: tells them all to. */
void children_finish(struct children *children);

#endif
