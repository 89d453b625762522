/*
 * One system call of a program that its supervisor is told of, and how it is
 * answered.  Thread: the supervisor's one.
 */
#ifndef NOTICE_H
#define NOTICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct serve;
struct swap;

struct supervisor {
	struct serve *serve;
	int listener;	     /* where calls are told */
	int reserved;	     /* the first reserved descriptor (filter.h) */
	const char *title;   /* of the program's streams, or NULL */
	const char *only;    /* for node_find() */
	struct swap *swaps;  /* swap.h */
	bool is_blind_noted; /* said that a program can't be looked at */
};

struct notice {
	struct supervisor *supervisor;
	uint64_t id;
	pid_t thread;
	int number;	 /* the call's, of its word size */
	bool wide;	 /* a 64-bit program's */
	uint64_t arg[6]; /* of 32-bit programs, the lower half */
};

/* Verdicts: what the call returns, -errno, or one of these. */
#define NOTICE_PASS  INT64_MIN	     /* the kernel shall do it */
#define NOTICE_LATER (INT64_MIN + 1) /* answered already, or will be */

/* What does not arrive was meant for somebody who is gone. */
void notice_answer(const struct notice *notice, int64_t verdict);

/* Whether the program still waits: what was read of it since is its own. */
bool notice_is_valid(const struct notice *notice);

/*
 * Gives the program a copy of fd.
 *   number   in this place, whatever is there; -1: the lowest that is free
 *   cloexec  shall not outlive exec()
 * The number, or -errno.
 */
int notice_put(const struct notice *notice, int fd, int number, bool cloexec);

/* A copy of one of the program's descriptors, or -errno. */
int notice_fd(const struct notice *notice, int number);

/* Copies from and to its memory, exactly so many bytes: 0 or -errno. */
int notice_read(const struct notice *notice, uint64_t address, void *copy,
    size_t bytes);
int notice_write(const struct notice *notice, uint64_t address, void *copy,
    size_t bytes);

#endif
