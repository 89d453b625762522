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

#endif
