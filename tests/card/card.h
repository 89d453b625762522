/*
 * The virtual card's directory: how a test drives the card and sees what it
 * did.  The test makes the directory and a zeroed `control` file in it.
 *
 *   control     struct card_control.  Commands are written with pwrite(): the
 *               card watches the file and so notices at once.
 *   played.raw  every frame played, in the format that was granted
 *   clock       struct card_clock: when which frame was played
 *   events      a line each: ns, event, frames played so far, KEY=VALUE...
 *   playback, capture   locks: one program at a time has the card, or a
 *               substream of it; those of the others are playback.1 and so on,
 *               and what they play is lost
 */
#ifndef CARD_H
#define CARD_H

#include <stdint.h>

#define CARD_FOREVER UINT64_MAX

/* Times are ns of CLOCK_MONOTONIC. */
struct card_control {
	/* commands */
	uint64_t refusal;	  /* an errno, which opening fails with */
	uint64_t unplugged;	  /* not 0: opening fails with -ENODEV */
	uint64_t unplugs;	  /* so far; each ends what is open, for good */
	uint64_t stalled_until;	  /* the pointer stands still; 0: it moves */
	uint64_t suspends;	  /* so far; each suspends what is open */
	uint64_t suspended_until; /* resuming doesn't succeed before */
	uint64_t xruns;		  /* so far; each is an under- or overrun */
	uint64_t slow_ms;	  /* opening and closing take that long */

	/* state, written by the card */
	uint64_t frames; /* played so far */
};

/*
 * Between two of these time and frames go together evenly.  Where frames is
 * the same in both, the card stood still.
 */
struct card_clock {
	uint64_t ns;
	uint64_t frames;
};

#endif
