#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/bus.h"
#include "server/engine/resampler.h"

/* Fraction bits of a whole sum, hi and lo together. */
#define SUM_BITS GAIN_BITS

struct bus {
	uint32_t rate_in, rate_out;
	const struct kernel *kernel;
	struct resampler *resampler; /* NULL where the rates are equal */
	uint32_t frames_max;

	uint32_t out, frames; /* this period's, of the master and of ours */
	uint32_t tail;	      /* frames of silence till the filter is silent */
	bool added;
	int32_t *hi, *lo; /* frames_max x 2, all zero between periods */
	sample_t *mix;	  /* frames_max x 2, for the resampler */
};

static int
bus_allocate(struct bus *bus, uint32_t out_max)
{
	bus->frames_max = out_max;
	if (bus->rate_in != bus->rate_out) {
		bus->resampler = resampler_create(bus->rate_in, bus->rate_out,
		    out_max, bus->kernel);
		if (bus->resampler == NULL) {
			return -1;
		}
		bus->frames_max = resampler_need_max(bus->resampler);
		bus->mix = calloc(bus->frames_max, 2 * sizeof(*bus->mix));
		if (bus->mix == NULL) {
			return -1;
		}
	}
	bus->hi = calloc(bus->frames_max, 2 * sizeof(*bus->hi));
	bus->lo = calloc(bus->frames_max, 2 * sizeof(*bus->lo));
	return bus->hi != NULL && bus->lo != NULL ? 0 : -1;
}

struct bus *
bus_create(uint32_t rate_in, uint32_t rate_out, uint32_t out_max,
    const struct kernel *kernel)
{
	struct bus *bus = calloc(1, sizeof(*bus));
	if (bus == NULL) {
		return NULL;
	}
	bus->rate_in = rate_in;
	bus->rate_out = rate_out;
	bus->kernel = kernel;
	if (bus_allocate(bus, out_max) < 0) {
		bus_destroy(bus);
		return NULL;
	}
	return bus;
}

void
bus_destroy(struct bus *bus)
{
	if (bus == NULL) {
		return;
	}
	resampler_destroy(bus->resampler);
	free(bus->hi);
	free(bus->lo);
	free(bus->mix);
	free(bus);
}

uint32_t
bus_rate_out(const struct bus *bus)
{
	return bus->rate_out;
}

uint32_t
bus_delay(const struct bus *bus)
{
	return bus->resampler != NULL ? resampler_delay(bus->resampler) : 0;
}

uint32_t
bus_begin(struct bus *bus, uint32_t n)
{
	bus->out = n;
	bus->frames =
	    bus->resampler != NULL ? resampler_need(bus->resampler, n) : n;
	assert(bus->frames <= bus->frames_max);
	return bus->frames;
}

void
bus_add(struct bus *bus, const struct pcm *in, const struct ramp gain[2],
    uint32_t at, uint32_t n, struct peak *peak)
{
	assert(at <= bus->frames && n <= bus->frames - at);
	if (n == 0) {
		return;
	}
	bus->kernel->add(in, gain, bus->hi + 2 * (size_t)at,
	    bus->lo + 2 * (size_t)at, n, peak);
	bus->added = true;
}

static int64_t
sum_at(const struct bus *bus, size_t i)
{
	return (int64_t)bus->hi[i] * (1 << SUM_LOW_BITS) + bus->lo[i];
}

/* Adds the sum as it is: no rounding, no saturation. */
static void
add_exactly(const struct bus *bus, int64_t *master)
{
	for (size_t i = 0; i < 2 * (size_t)bus->frames; i++) {
		master[i] += sum_at(bus, i) * (1 << (MASTER_BITS - SUM_BITS));
	}
}

/* Rounds the sum, once for all its streams, and saturates it. */
static void
mix_round(const struct bus *bus)
{
	const unsigned drop = SUM_BITS - SAMPLE_BITS;

	for (size_t i = 0; i < 2 * (size_t)bus->frames; i++) {
		int64_t sum = (sum_at(bus, i) + (1 << (drop - 1))) >> drop;
		sum = sum < INT32_MIN ? INT32_MIN : sum;
		sum = sum > INT32_MAX ? INT32_MAX : sum;
		bus->mix[i] = (sample_t)sum;
	}
}

static void
bus_resample(struct bus *bus, int64_t *master)
{
	if (bus->added) {
		mix_round(bus);
		bus->tail = resampler_tail(bus->resampler);
	} else {
		memset(bus->mix, 0, sizeof(*bus->mix) * 2 * bus->frames);
		bus->tail -= bus->frames < bus->tail ? bus->frames : bus->tail;
	}
	resampler_run(bus->resampler, bus->mix, master, bus->out);
}

void
bus_finish(struct bus *bus, int64_t *master)
{
	if (bus_is_idle(bus)) {
		return; /* asleep: the resampler's position waits, too */
	}
	if (bus->resampler != NULL) {
		bus_resample(bus, master);
	} else {
		add_exactly(bus, master);
	}
	if (bus->added) {
		memset(bus->hi, 0, sizeof(*bus->hi) * 2 * bus->frames);
		memset(bus->lo, 0, sizeof(*bus->lo) * 2 * bus->frames);
	}
	bus->added = false;
}

bool
bus_is_idle(const struct bus *bus)
{
	return !bus->added && bus->tail == 0;
}
