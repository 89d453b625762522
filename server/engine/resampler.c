#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/filter.h"
#include "server/engine/resampler.h"

#define RATE_MIN 1000
#define RATE_MAX 384000

/*
 * A dot product has SAMPLE_BITS + FILTER_BITS fraction bits.  It fits: a
 * sample is at most 2^31 and the magnitudes of a phase's coefficients sum to
 * less than 4.0 (2.99 at most, docs/resampler.md), so it stays below 2^63.
 */
#define DOT_BITS (SAMPLE_BITS + FILTER_BITS)

/* Interpolation: product bits given up first, and bits of the position. */
#define COARSE_BITS   18
#define POSITION_BITS 16

#define TABLE_ALIGN 64

struct resampler {
	struct filter filter;
	const struct kernel *kernel;
	uint32_t out_max;
	uint32_t whole, part; /* step / steps and step % steps */
	uint32_t position;    /* of the last output, in 1/steps input frames */
	int32_t *table;	      /* rows x taps, Q30 */
	sample_t *frames;     /* the last taps frames, then what comes in */
};

static int32_t *
table_create(const struct filter *filter)
{
	size_t coefs = (size_t)filter_rows(filter) * filter->taps;
	size_t bytes = (coefs * sizeof(int32_t) + TABLE_ALIGN - 1) &
		       ~(size_t)(TABLE_ALIGN - 1);
	int32_t *table = aligned_alloc(TABLE_ALIGN, bytes);
	double *work = calloc(filter->taps, sizeof(*work));

	if (table != NULL && work != NULL) {
		for (uint32_t row = 0; row < filter_rows(filter); row++) {
			filter_row(filter, row, work,
			    table + (size_t)row * filter->taps);
		}
	} else {
		free(table);
		table = NULL;
	}
	free(work);
	return table;
}

struct resampler *
resampler_create(uint32_t rate_in, uint32_t rate_out, uint32_t out_max,
    const struct kernel *kernel)
{
	if (rate_in < RATE_MIN || rate_in > RATE_MAX || rate_out < RATE_MIN ||
	    rate_out > RATE_MAX) {
		return NULL;
	}
	struct resampler *resampler = calloc(1, sizeof(*resampler));
	if (resampler == NULL) {
		return NULL;
	}
	struct filter filter = filter_choose(rate_in, rate_out);
	resampler->filter = filter;
	resampler->kernel = kernel;
	resampler->out_max = out_max;
	resampler->whole = filter.step / filter.steps;
	resampler->part = filter.step % filter.steps;
	resampler->table = table_create(&filter);
	size_t frames = (size_t)filter.taps + resampler_need_max(resampler);
	resampler->frames = calloc(frames, 2 * sizeof(sample_t));
	if (resampler->table == NULL || resampler->frames == NULL) {
		resampler_destroy(resampler);
		return NULL;
	}
	return resampler;
}

void
resampler_destroy(struct resampler *resampler)
{
	if (resampler == NULL) {
		return;
	}
	free(resampler->table);
	free(resampler->frames);
	free(resampler);
}

uint32_t
resampler_need(const struct resampler *resampler, uint32_t n)
{
	const struct filter *filter = &resampler->filter;
	uint64_t inputs = (uint64_t)n * filter->step + resampler->position;

	return (uint32_t)(inputs / filter->steps);
}

uint32_t
resampler_ready(const struct resampler *resampler, uint32_t in, uint32_t max)
{
	uint32_t least = 0, most = max;

	while (least < most) {
		uint32_t middle = least + (most - least + 1) / 2;

		if (resampler_need(resampler, middle) <= in) {
			least = middle;
		} else {
			most = middle - 1;
		}
	}
	return least;
}

uint32_t
resampler_need_max(const struct resampler *resampler)
{
	const struct filter *filter = &resampler->filter;
	uint64_t inputs = (uint64_t)resampler->out_max * filter->step;

	return (uint32_t)((inputs + filter->steps - 1) / filter->steps);
}

/*
 * Between two neighbouring phases, for ratios with too many for a table.
 *   out  has DOT_BITS - COARSE_BITS fraction bits here, so that the
 *        difference fits beside POSITION_BITS more
 */
static void
dot_between(const struct resampler *resampler, const sample_t *in,
    int64_t out[2])
{
	const struct filter *filter = &resampler->filter;
	uint64_t place = (uint64_t)resampler->position * filter->phases;
	uint64_t row = place / filter->steps;
	uint64_t part = place % filter->steps;
	int64_t weight = (int64_t)((part << POSITION_BITS) / filter->steps);
	const int32_t *h = resampler->table + row * filter->taps;
	int64_t next[2];

	resampler->kernel->dot(in, h, filter->taps, out);
	resampler->kernel->dot(in, h + filter->taps, filter->taps, next);
	for (unsigned side = 0; side < 2; side++) {
		int64_t from = out[side] >> COARSE_BITS;
		int64_t way = (next[side] >> COARSE_BITS) - from;
		out[side] = from + (way * weight >> POSITION_BITS);
	}
}

/* One output frame in master scale, from the taps frames at `in`. */
static void
resampler_frame(const struct resampler *resampler, const sample_t *in,
    int64_t out[2])
{
	const struct filter *filter = &resampler->filter;
	unsigned shift = DOT_BITS - MASTER_BITS;

	if (filter->interpolated) {
		dot_between(resampler, in, out);
		shift -= COARSE_BITS;
	} else {
		resampler->kernel->dot(in,
		    resampler->table +
			(size_t)resampler->position * filter->taps,
		    filter->taps, out);
	}
	int64_t half = (int64_t)1 << (shift - 1);
	out[0] = (out[0] + half) >> shift;
	out[1] = (out[1] + half) >> shift;
}

void
resampler_run(struct resampler *resampler, const sample_t *in, int64_t *master,
    uint32_t n)
{
	const struct filter *filter = &resampler->filter;
	uint32_t need = resampler_need(resampler, n);
	sample_t *window = resampler->frames;

	assert(n <= resampler->out_max);
	if (need > 0) {
		memcpy(window + 2 * (size_t)filter->taps, in,
		    2 * (size_t)need * sizeof(sample_t));
	}
	for (size_t i = 0; i < n; i++) {
		window += 2 * (size_t)resampler->whole;
		resampler->position += resampler->part;
		if (resampler->position >= filter->steps) {
			resampler->position -= filter->steps;
			window += 2;
		}
		int64_t out[2];
		resampler_frame(resampler, window, out);
		master[2 * i] += out[0];
		master[2 * i + 1] += out[1];
	}
	memmove(resampler->frames, window,
	    2 * (size_t)filter->taps * sizeof(sample_t));
}

uint32_t
resampler_delay(const struct resampler *resampler)
{
	const struct filter *filter = &resampler->filter;
	uint64_t halves = (uint64_t)filter->taps * filter->steps;
	uint64_t unit = 2 * (uint64_t)filter->step;

	return (uint32_t)((halves + unit - 1) / unit);
}

uint32_t
resampler_tail(const struct resampler *resampler)
{
	return resampler->filter.taps;
}
