/*
 * The master's volume and meter, between the two threads; and its fading out
 * when the daemon is told to stop.
 */
#ifndef MASTER_H
#define MASTER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "server/engine/kernel.h"

struct master {
	/* atomic: control writes, audio reads */
	_Atomic uint32_t gain[2]; /* gain_t aimed at, left and right */

	/* atomic: audio writes, control reads */
	_Atomic uint32_t peak[2]; /* greatest s16 magnitude, till read */

	/* audio */
	gain_t gain_now[2];
	uint32_t fade; /* periods of fading left, once stopping */
	bool stopping;
	bool sounding; /* something played in the period before */
};

/* Thread: control.  At unity. */
void master_init(struct master *master);

/* Thread: control.  0 .. VOLUME_MAX, aimed at like a stream's. */
void master_set_volume(struct master *master, int32_t left, int32_t right);

/* Thread: control.  Since last asked. */
struct peak master_take_peak(struct master *master);

/*
 * Thread: audio.  The gains for a period of n frames.
 *   sound  something plays in it; after silence, at the gains asked for
 */
void master_ramp(struct master *master, uint32_t n, bool sound,
    struct ramp gain[2]);

/* Thread: audio.  To silence, in that many periods; there is no way back. */
void master_fade_out(struct master *master, uint32_t periods);

/* Thread: audio. */
void master_raise_peak(struct master *master, struct peak peak);

#endif
