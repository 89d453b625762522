/*
 * What a program has written, on its way to the daemon: kept until the PCM is
 * started, then sent at once, for nobody looks after it while the program
 * sleeps.  The daemon's ring is the PCM's buffer.
 *
 * Frames are counted since feed_prepare().  Errors: -errno.  Thread: one.
 */
#ifndef FEED_H
#define FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compat-tools/track.h"

struct feed {
	struct track track;
	uint32_t buffer; /* frames of the PCM's */
	uint32_t lead;	 /* frames more that the daemon is given */

	/* What is not sent: `used` bytes from `begin`, of `buffer` frames. */
	uint8_t *queue;
	size_t begin, used;

	uint64_t base;	/* frames of the track before feed_prepare() */
	uint64_t taken; /* frames since */
	uint64_t told;	/* of feed_gone() */
	bool running;
	bool lost;   /* the daemon, since feed_prepare(); its socket stays
			open until then, for it may be polled */
	bool broken; /* the same, and there is none yet */
};

/*
 *   track   its first part filled in    ahead  frames that the daemon should
 *           have at least, whatever the buffer
 * 0 or -ENOMEM.
 */
int feed_init(struct feed *feed, const struct track *track, uint32_t rate,
    uint32_t buffer, uint32_t ahead);
void feed_finish(struct feed *feed); /* one of zeros is fine */

/* Counts anew.  A connection that has played all it had is kept. */
void feed_prepare(struct feed *feed);

/*
 * Room for frames behind those that were taken; at most *n, which becomes what
 * there is.  They are taken by feed_take().
 */
uint8_t *feed_room(struct feed *feed, size_t *n);
void feed_take(struct feed *feed, size_t n);

/* Takes back as many of n as were not sent, unless it runs; how many. */
size_t feed_untake(struct feed *feed, size_t n);

/*
 * Connects unless it is, and sends.  A daemon that was lost is waited for.
 * -ENODEV: there is none.
 */
int feed_start(struct feed *feed);

/* Throws away what is not mixed. */
void feed_stop(struct feed *feed);

int feed_hold(struct feed *feed, bool held);

/* Reads news, sends more.  -EPIPE: the daemon is gone. */
int feed_look(struct feed *feed);

/*
 * Frames that have left the buffer.  All of them, once none is left to be
 * mixed; before, always less than were taken.
 */
uint64_t feed_gone(struct feed *feed);

/* All is mixed, all is heard. */
bool feed_is_dry(struct feed *feed);
bool feed_is_silent(struct feed *feed);

uint64_t feed_heard(struct feed *feed);

#endif
