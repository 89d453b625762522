/*
 * Real time for devices that have no clock of their own: a buffer that empties
 * at an exact rate, and a timer that tells when it has room for a period.
 *
 * The arithmetic is in integers from one starting point, so it never drifts;
 * times are handed in, in ns of CLOCK_MONOTONIC.  Thread: audio.
 */
#ifndef PACE_H
#define PACE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "server/device/device.h"

#define PACE_PERIODS_MAX 64 /* in the buffer */

struct pace {
	int timer; /* timerfd */
	uint32_t rate, period, buffer;
	bool running;	  /* the first frame has been written */
	uint64_t begun;	  /* ns, when frame 0 was heard */
	uint64_t written; /* frames since */
};

/* Now, in ns. */
uint64_t pace_now(void);

/* Frames whose time has wholly passed after `ns`. */
uint64_t pace_frames(uint64_t ns, uint32_t rate);

/* The earliest time at which pace_frames() says `frames`. */
uint64_t pace_ns(uint64_t frames, uint32_t rate);

/*
 * What a device without hardware grants: the rate and the period, each within
 * its limits, and at least two periods.  Format, channels and access are the
 * caller's.
 */
void pace_grant(const struct device_want *want, struct device_got *got);

/* Makes the timer; 0 or -errno. */
int pace_open(struct pace *pace, const struct device_got *got);
void pace_close(struct pace *pace);

/* One descriptor: readable once there is room for a period. */
int pace_fds(const struct pace *pace, struct pollfd *fds);

/*
 * Frames of room, at most the buffer.  Where the buffer has run dry the time
 * that was missed is skipped, never made up for.
 */
uint32_t pace_room(struct pace *pace, uint64_t now);

/* n frames were written; the clock starts with the first. */
void pace_wrote(struct pace *pace, uint32_t n, uint64_t now);

/* Frames written and not yet heard. */
uint32_t pace_delay(const struct pace *pace, uint64_t now);

/* When there will be room for a period, in ns; 0: there is. */
uint64_t pace_due(const struct pace *pace);

#endif
