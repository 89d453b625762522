/*
 * The last stage: master scale to a device's samples.
 */
#ifndef FORMAT_H
#define FORMAT_H

#include "server/engine/engine.h"

/*
 * Saturates n frames of the master into n x channels samples; engine_format()
 * says how.
 *   dither  state of its noise: deterministic, and carried on
 * Returns how many samples were clipped.  Thread: any.
 */
uint32_t format_frames(const int64_t *master, uint32_t n,
    enum out_format format, unsigned channels, uint64_t *dither, void *out);

/*
 * The reverse: n frames of a device into n x 2 samples of the master's scale.
 * One channel goes to both sides; of many, the front pair counts.
 */
void format_parse(enum out_format format, unsigned channels, const void *in,
    uint32_t n, int64_t *master);

/*
 * Moves two channels of n frames into the place of two others; where the two
 * were is silence.  For devices whose front pair is not the first, which is
 * where format_frames() puts it and format_parse() looks for it.
 *   from, to  channel numbers, left and right; may overlap
 */
void format_move(enum out_format format, unsigned channels,
    const unsigned from[2], const unsigned to[2], void *frames, uint32_t n);

#endif
