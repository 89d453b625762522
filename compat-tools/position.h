/*
 * Where a stream that plays is, at any time: from what the daemon tells, and
 * between two of its records by the clock.  Pure arithmetic.
 *
 * Frames are counted since position_start(), at the stream's rate:
 *   sent    given to the daemon
 *   mixed   of those, taken out of the daemon's ring
 *   heard   of those, have been at the card
 * None of them ever goes back.  Times are microseconds of CLOCK_MONOTONIC.
 */
#ifndef POSITION_H
#define POSITION_H

#include <stdbool.h>
#include <stdint.h>

/* Records come every period; a card that stands still tells none. */
#define POSITION_AHEAD_MS 100

struct position {
	uint32_t rate;
	bool tracked; /* records come; else the clock is all there is */
	uint32_t lag; /* if not: frames from the mixer to the card */
	uint64_t sent;

	/* Of the mixer: so many at `mixed_at`, and running from there. */
	uint64_t mixed;
	int64_t mixed_at;
	bool running;
	bool held;

	/* At the card: likewise; may be below 0 before the first. */
	int64_t heard;
	int64_t heard_at;
	bool audible;

	/* The most that was told. */
	uint64_t mixed_told, heard_told;
};

void position_start(struct position *position, uint32_t rate, bool tracked,
    uint32_t lag);

/* So many more were sent. */
void position_sent(struct position *position, uint64_t frames, int64_t now);

/* A record of the daemon, its count being of frames since position_start(). */
void position_record(struct position *position, uint64_t mixed, uint32_t delay,
    int64_t stamp);

/*
 * The daemon is gone, or back: from now on as if it were tracked or not.  What
 * was sent to the one that is gone counts as played in time.
 */
void position_turn(struct position *position, bool tracked, uint32_t lag,
    int64_t now);

/*
 * The mixer is told to leave it alone, or to go on, of which the next record
 * tells.
 */
void position_hold(struct position *position, bool held);

uint64_t position_mixed(struct position *position, int64_t now);
uint64_t position_heard(struct position *position, int64_t now);

/* Frames that take so long, and how long frames take: both rounded down. */
uint64_t position_frames(const struct position *position, int64_t us);
int64_t position_us(const struct position *position, uint64_t frames);

#endif
