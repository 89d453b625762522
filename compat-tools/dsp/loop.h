/*
 * poll() and timers.  Thread: one.  Times are microseconds of CLOCK_MONOTONIC.
 */
#ifndef DSP_LOOP_H
#define DSP_LOOP_H

#include <stdint.h>

#define LOOP_NEVER INT64_MAX

struct loop;

int loop_create(struct loop **created); /* 0 or -ENOMEM */
void loop_destroy(struct loop *loop);	/* NULL is fine */

int64_t loop_now(void);

/*
 * Calls ready() when poll() reports one of `events`, or an error, for fd,
 * which stays the caller's.  Watching it again changes all.  0 or -ENOMEM.
 */
typedef void loop_ready(void *arg, int fd, short events);
int loop_watch(struct loop *loop, int fd, short events, loop_ready *ready,
    void *arg);
void loop_unwatch(struct loop *loop, int fd); /* one not watched is fine */

/* The caller's memory; all zero but fired and arg at first. */
struct loop_timer {
	void (*fired)(void *arg);
	void *arg;

	/* the loop's own */
	int64_t due;
	struct loop_timer *next;
};

/* Fires once, at `due` or soon after; setting it again moves it. */
void loop_set(struct loop *loop, struct loop_timer *timer, int64_t due);
void loop_unset(struct loop *loop, struct loop_timer *timer);

/* Waits for something to happen, and calls whom it concerns.  0 or -errno. */
int loop_turn(struct loop *loop);

#endif
