/*
 * What kind of program a command is, and so how it can be wrapped.
 * Thread: any.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <limits.h>

enum program_way {
	PROGRAM_PRELOAD, /* its loader takes libesddsp.so */
	PROGRAM_SECCOMP, /* it has no loader, or one of its own */
};

#define PROGRAM_OWN_BITS (8 * (int)sizeof(void *)) /* of this program */
#define PROGRAM_WHY_MAX	 (PATH_MAX + 256)

struct program {
	char path[PATH_MAX]; /* of what was named, a script perhaps */
	enum program_way way;
	int bits;		   /* 64 or 32 */
	char why[PROGRAM_WHY_MAX]; /* what is wrong, one sentence */
};

/*
 * Finds a command as execvp() does, follows the #! lines of scripts, and looks
 * at the program that will run.
 * 0; -ENOENT: there is none; -EACCES: it may not be run; -ENOEXEC: it can't
 * be, or not under us; with `why` set.
 */
int program_find(const char *name, struct program *program);

#endif
