/*
 * The inner loops: convert, gain, add; and the resampler's dot product.
 *
 * The portable kernel is the reference; every other one gives the same bits
 * and is chosen at run time.  Thread: any; nothing here blocks or allocates.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include "server/engine/sample.h"

enum pcm_kind {
	PCM_U8_MONO,
	PCM_U8_STEREO,
	PCM_S16_MONO, /* native byte order */
	PCM_S16_STEREO,
	PCM_SWAPPED_MONO, /* s16, the other byte order */
	PCM_SWAPPED_STEREO,
	PCM_KINDS
};

/* Frames in a client's own format, interleaved, left first. */
struct pcm {
	const void *frames;
	enum pcm_kind kind;
};

/*
 * A gain on its way: level (Q15.14) is that of the next frame, step is added
 * after each.  A constant gain has step 0.
 */
struct ramp {
	int32_t level;
	int32_t step;
};

/* The greatest magnitude seen, in s16 steps before gain: 0 to 32768. */
struct peak {
	uint32_t left, right;
};

struct kernel {
	const char *name;

	/*
	 * Converts, scales and adds one stream's frames to its bus.
	 *   in    n frames at the bus's rate
	 *   gain  left and right; a mono frame goes to both sides
	 *   hi,lo n x 2 each, the sum of sample.h; added to, never cleared
	 *   peak  raised to the input's, never lowered
	 * Source: docs/quirks.md, "unsigned 8-bit".
	 */
	void (*add)(const struct pcm *in, const struct ramp gain[2],
	    int32_t *hi, int32_t *lo, uint32_t n, struct peak *peak);

	/*
	 * Dot products of interleaved stereo with one filter phase.
	 *   in    taps x 2 samples
	 *   h     taps coefficients, Q30; taps is a multiple of 8
	 *   out   left and right, fraction bits SAMPLE_BITS + 30
	 */
	void (*dot)(const sample_t *in, const int32_t *h, uint32_t taps,
	    int64_t out[2]);
};

extern const struct kernel kernel_portable;

/*
 * All kernels this machine can run, best first, ended by NULL; the portable
 * one is always the last.
 */
const struct kernel *const *kernel_list(void);

/* The kernel of that name, the best one for NULL, or NULL if it can't run. */
const struct kernel *kernel_find(const char *name);

/* A ramp over n frames; n > 0.  The last frame is one step short of `to`. */
struct ramp ramp_make(gain_t from, gain_t to, uint32_t n);

/* The same ramp n frames later. */
struct ramp ramp_after(struct ramp ramp, uint32_t n);

#endif
