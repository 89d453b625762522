/*
 * All streams of one rate: summed exactly, then resampled once.
 */
#ifndef BUS_H
#define BUS_H

#include <stdbool.h>

#include "server/engine/kernel.h"

struct bus;

/*
 * A bus of rate_in feeding a master of rate_out; equal rates need no filter.
 *   out_max  greatest period, in master frames
 * Returns NULL where memory runs out.  Thread: control; may take milliseconds.
 */
struct bus *bus_create(uint32_t rate_in, uint32_t rate_out, uint32_t out_max,
    const struct kernel *kernel);
void bus_destroy(struct bus *bus); /* NULL is fine */

uint32_t bus_rate_out(const struct bus *bus); /* of its master, frames/s */
uint32_t bus_delay(const struct bus *bus);    /* filter, in master frames */

/* Below, thread: audio. */

/* Begins a period of n master frames; returns the bus frames it consumes. */
uint32_t bus_begin(struct bus *bus, uint32_t n);

/*
 * Adds n frames of one stream, `at` frames into the period.
 * at + n may not exceed what bus_begin() returned.
 */
void bus_add(struct bus *bus, const struct pcm *in, const struct ramp gain[2],
    uint32_t at, uint32_t n, struct peak *peak);

/* Ends the period: adds it to the master's n frames, and clears the sum. */
void bus_finish(struct bus *bus, int64_t *master);

/* Nothing was added and the filter's tail is out: it may sleep. */
bool bus_is_idle(const struct bus *bus);

#endif
