/*
 * Integer polyphase filter, interleaved stereo: sample_t in, master scale out.
 * Filters, layout and figures: docs/resampler.md.
 */
#ifndef RESAMPLER_H
#define RESAMPLER_H

#include <stdbool.h>

#include "server/engine/kernel.h"

struct resampler;

/*
 * A resampler between two rates, with zero history.
 *   out_max  frames asked for at once, at most
 * Returns NULL where memory runs out or a rate is outside 1000..384000.
 * Builds its table: takes milliseconds, so never on the audio thread.
 */
struct resampler *resampler_create(uint32_t rate_in, uint32_t rate_out,
    uint32_t out_max, const struct kernel *kernel);
void resampler_destroy(struct resampler *resampler); /* NULL is fine */

/* Input frames that the next n output frames consume; exact over any split. */
uint32_t resampler_need(const struct resampler *resampler, uint32_t n);

/* The most output frames, up to max, that `in` input frames suffice for. */
uint32_t resampler_ready(const struct resampler *resampler, uint32_t in,
    uint32_t max);

/* The greatest resampler_need() for out_max frames. */
uint32_t resampler_need_max(const struct resampler *resampler);

/*
 * Makes n output frames of resampler_need(n) input frames and ADDS them to
 * `master` (n x 2, fraction bits MASTER_BITS, rounded once).
 */
void resampler_run(struct resampler *resampler, const sample_t *in,
    int64_t *master, uint32_t n);

/* Group delay plus most input consumed ahead, in output frames, rounded up. */
uint32_t resampler_delay(const struct resampler *resampler);

/* Input frames of silence after which the output is silent. */
uint32_t resampler_tail(const struct resampler *resampler);

#endif
