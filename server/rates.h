/*
 * The rates in use, and which slot of the engine the bus of each has.
 * Thread: control.
 */
#ifndef RATES_H
#define RATES_H

#include "server/engine/engine.h"

struct rate {
	uint32_t rate;	/* frames/s, 0: never used */
	uint32_t delay; /* of its filter, master frames */
	unsigned streams;
};

struct rates {
	/* constant */
	const struct kernel *kernel;

	uint32_t master; /* frames/s, of the newest engine */
	struct rate slots[ENGINE_BUSES_MAX];
};

/*
 * Finds a stream's rate its slot, and counts it there.
 *   busy  one bit a slot: its bus is playing or ringing out
 *   bus   a new bus to install in that slot before the stream plays, or NULL:
 *         it has one
 * Returns the slot; -ENOSPC: every slot has another rate; -ENOMEM.
 */
int rates_take(struct rates *rates, uint32_t rate, uint32_t busy,
    struct bus **bus);
void rates_release(struct rates *rates, unsigned slot);

/* The next higher rate that streams have, or NULL; after NULL: the lowest. */
const struct rate *rates_next(const struct rates *rates,
    const struct rate *after);

/* An engine for another master rate, with a bus for each rate that streams
 * have, or NULL. */
struct engine *rates_change(struct rates *rates, uint32_t master);

#endif
