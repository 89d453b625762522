#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/engine.h"
#include "server/engine/format.h"
#include "server/engine/kernel_impl.h"

struct engine {
	uint32_t rate; /* frames/s */
	struct bus *buses[ENGINE_BUSES_MAX];

	uint32_t n;			   /* frames of this period */
	uint32_t frames[ENGINE_BUSES_MAX]; /* of this period, for each bus */
	struct peak peak;
	uint64_t dither;
	int64_t master[2 * ENGINE_PERIOD_MAX];
};

struct engine *
engine_create(uint32_t rate)
{
	struct engine *engine = calloc(1, sizeof(*engine));
	if (engine != NULL) {
		engine->rate = rate;
	}
	return engine;
}

void
engine_destroy(struct engine *engine)
{
	if (engine == NULL) {
		return;
	}
	for (unsigned slot = 0; slot < ENGINE_BUSES_MAX; slot++) {
		bus_destroy(engine->buses[slot]);
	}
	free(engine);
}

uint32_t
engine_rate(const struct engine *engine)
{
	return engine->rate;
}

struct bus *
engine_set_bus(struct engine *engine, unsigned slot, struct bus *bus)
{
	assert(slot < ENGINE_BUSES_MAX);
	assert(bus == NULL || bus_rate_out(bus) == engine->rate);

	struct bus *old = engine->buses[slot];
	engine->buses[slot] = bus;
	engine->frames[slot] = 0;
	return old;
}

uint32_t
engine_busy(const struct engine *engine)
{
	uint32_t busy = 0;

	for (unsigned slot = 0; slot < ENGINE_BUSES_MAX; slot++) {
		const struct bus *bus = engine->buses[slot];
		if (bus != NULL && !bus_is_idle(bus)) {
			busy |= (uint32_t)1 << slot;
		}
	}
	return busy;
}

void
engine_begin(struct engine *engine, uint32_t n)
{
	assert(n > 0 && n <= ENGINE_PERIOD_MAX);

	engine->n = n;
	memset(engine->master, 0, sizeof(engine->master[0]) * 2 * n);
	for (unsigned slot = 0; slot < ENGINE_BUSES_MAX; slot++) {
		if (engine->buses[slot] != NULL) {
			engine->frames[slot] =
			    bus_begin(engine->buses[slot], n);
		}
	}
}

uint32_t
engine_frames(const struct engine *engine, unsigned slot)
{
	assert(slot < ENGINE_BUSES_MAX);
	return engine->frames[slot];
}

void
engine_add(struct engine *engine, unsigned slot, const struct pcm *in,
    const struct ramp gain[2], uint32_t at, uint32_t n, struct peak *peak)
{
	assert(slot < ENGINE_BUSES_MAX && engine->buses[slot] != NULL);
	bus_add(engine->buses[slot], in, gain, at, n, peak);
}

/*
 * sample x gain, rounded.  In two parts, as the buses' sum may have used up
 * the bits above: 32 native buses of BUS_STREAMS_MAX streams reach 2^49.
 */
static int64_t
master_scale(int64_t sample, gain_t gain)
{
	const int64_t mask = GAIN_UNITY - 1;
	const int64_t half = GAIN_UNITY / 2;

	return (sample >> GAIN_BITS) * gain +
	       (((sample & mask) * gain + half) >> GAIN_BITS);
}

static void
master_volume(struct engine *engine, const struct ramp gain[2])
{
	struct ramp now[2] = { gain[0], gain[1] };

	if (kernel_mode(gain) == MODE_UNITY) {
		return;
	}
	for (size_t i = 0; i < engine->n; i++) {
		for (unsigned side = 0; side < 2; side++) {
			int64_t *sample = &engine->master[2 * i + side];
			*sample = master_scale(*sample, ramp_gain(now[side]));
			now[side].level += now[side].step;
		}
	}
}

static uint32_t
master_peak(const struct engine *engine, unsigned side)
{
	int64_t least = 0, most = 0;

	for (size_t i = 0; i < engine->n; i++) {
		int64_t sample = engine->master[2 * i + side];
		least = sample < least ? sample : least;
		most = sample > most ? sample : most;
	}
	int64_t peak = (-least > most ? -least : most) >> MASTER_BITS;
	return peak > UINT32_MAX ? UINT32_MAX : (uint32_t)peak;
}

void
engine_finish(struct engine *engine, const struct ramp gain[2])
{
	for (unsigned slot = 0; slot < ENGINE_BUSES_MAX; slot++) {
		if (engine->buses[slot] != NULL) {
			bus_finish(engine->buses[slot], engine->master);
		}
	}
	master_volume(engine, gain);
	engine->peak.left = master_peak(engine, 0);
	engine->peak.right = master_peak(engine, 1);
}

int64_t *
engine_master(struct engine *engine)
{
	return engine->master;
}

uint32_t
engine_format(struct engine *engine, enum out_format format, unsigned channels,
    void *out)
{
	assert(channels >= 1 && channels <= ENGINE_CHANNELS_MAX);
	return format_frames(engine->master, engine->n, format, channels,
	    &engine->dither, out);
}

struct peak
engine_peak(const struct engine *engine)
{
	return engine->peak;
}
