/*
 * Which system calls of a program are to be told to its supervisor, as a
 * seccomp filter for programs of both word sizes of an x86-64 machine.  The
 * filter lets through what it can, for each call told costs some
 * microseconds.  Thread: any.
 */
#ifndef FILTER_H
#define FILTER_H

#include <stddef.h>
#include <stdint.h>

#define FILTER_NONE -1 /* that word size has no such call */

/* When one call is told. */
enum filter_test {
	FILTER_ALWAYS,
	FILTER_SOUND,	 /* its argument 1 is an ioctl() request of OSS */
	FILTER_FILE,	 /* its argument 4 is a descriptor, as for mmap() */
	FILTER_RESERVED, /* its argument `which` is a reserved descriptor */
};

struct filter_row {
	int wide;   /* the call's number in 64-bit programs */
	int narrow; /* and in 32-bit ones; either may be FILTER_NONE */
	enum filter_test test;
	unsigned which; /* argument, for FILTER_RESERVED */
};

/*
 * Descriptors that are open for reading get numbers in a range of their own,
 * which a filter can tell from others.
 */
#define FILTER_RESERVED_COUNT 64

/*
 * Puts the calling thread under the filter, for good, with all that it will
 * start.  It can't gain rights any more.
 *   row       the i-th row, i below count
 *   reserved  the first of the reserved descriptors
 *   listener  close-on-exec; what is told comes there
 * 0, or -errno of prctl() or seccomp().
 */
int filter_install(const struct filter_row *(*row)(size_t i), size_t count,
    unsigned reserved, int *listener);

#endif
