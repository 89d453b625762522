/*
 * The one descriptor that a program polls for its PCM: an epoll instance with
 * a timer and the daemon's socket in it, so that what it waits for may change
 * while a program keeps what snd_pcm_poll_descriptors() once told it.  No
 * thread stands behind it, and a fork leaves it as it is.
 * Errors: -errno.  Thread: one.
 */
#ifndef WAKE_H
#define WAKE_H

#include <stdbool.h>
#include <stdint.h>

#define WAKE_NEVER INT64_MAX

struct wake {
	int fd; /* readable when there is something to do */
	int timer;
	int watched;	 /* a socket, or -1 */
	uint32_t events; /* of its */
};

int wake_init(struct wake *wake); /* to be finished even where it fails */
void wake_finish(struct wake *wake);

/*
 * The socket it is about, -1: none, before it is closed.  It wakes when it is
 * closed at the other end, and when it can be read or written if that is
 * wanted.
 */
void wake_watch(struct wake *wake, int fd, bool input, bool output);

/* Readable from then on, in us of CLOCK_MONOTONIC, until set anew; 0: now. */
void wake_at(struct wake *wake, int64_t due);

#endif
