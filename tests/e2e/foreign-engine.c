/*
 * Renders noise of every kind and of several rates, and prints a digest of the
 * bytes for the device: the same on every machine.
 */
#include <stdio.h>
#include <stdlib.h>

#include "server/engine/engine.h"
#include "tests/unit/engine-test.h"

#define MASTER	48000
#define PERIOD	480
#define PERIODS 60
#define MOST	(4 * PERIOD) /* frames of a stream's in one period */

static const uint32_t rates[] = { 8000, 11025, 22050, 44100, 47999, 48000,
	96000, 192000 };

/* The bytes are little-endian, on every machine. */
static enum pcm_kind
kind_of(unsigned number)
{
	static const uint16_t one = 1;
	static const enum pcm_kind little[PCM_KINDS] = { PCM_U8_MONO,
		PCM_U8_STEREO, PCM_S16_MONO, PCM_S16_STEREO, PCM_SWAPPED_MONO,
		PCM_SWAPPED_STEREO };
	static const enum pcm_kind big[PCM_KINDS] = { PCM_U8_MONO,
		PCM_U8_STEREO, PCM_SWAPPED_MONO, PCM_SWAPPED_STEREO,
		PCM_S16_MONO, PCM_S16_STEREO };

	return (*(const uint8_t *)&one == 1 ? little : big)[number % PCM_KINDS];
}

static void
mix(struct engine *engine, unsigned slot, unsigned period, uint32_t *noise)
{
	uint32_t frames = engine_frames(engine, slot);
	enum pcm_kind kind = kind_of(period + slot);
	struct ramp gain[2] = { ramp_make(8000, 16384, PERIOD),
		ramp_make(16384, 1000, PERIOD) };
	struct peak peak = { 0, 0 };
	uint8_t bytes[MOST * 4];

	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (uint8_t)noise_next(noise);
	}
	engine_add(engine, slot, &(struct pcm){ bytes, kind }, gain, 0, frames,
	    &peak);
}

static uint64_t
hash_bytes(uint64_t hash, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int64_t byte = bytes[i];

		hash = hash_int64(hash, &byte, 1);
	}
	return hash;
}

int
main(void)
{
	static uint8_t out[PERIOD * 2 * OUT_BYTES_MAX];
	struct engine *engine = engine_create(MASTER);
	struct ramp quiet[2] = { ramp_make(2000, 3000, PERIOD),
		ramp_make(3000, 2000, PERIOD) };
	uint64_t hash = HASH_START;
	uint32_t noise = 1;

	for (unsigned i = 0; engine != NULL && i < COUNT(rates); i++) {
		struct bus *bus =
		    bus_create(rates[i], MASTER, PERIOD, &kernel_portable);

		if (bus == NULL) {
			return EXIT_FAILURE;
		}
		(void)engine_set_bus(engine, i, bus);
	}
	for (unsigned period = 0; period < PERIODS; period++) {
		enum out_format format =
		    (enum out_format)(period % OUT_FORMATS);

		engine_begin(engine, PERIOD);
		for (unsigned slot = 0; slot < COUNT(rates); slot++) {
			mix(engine, slot, period, &noise);
		}
		engine_finish(engine, quiet);
		(void)engine_format(engine, format, 2, out);
		hash = hash_bytes(hash, out,
		    (size_t)PERIOD * 2 * out_format_bytes(format));
	}
	engine_destroy(engine);
	(void)printf("%016llx\n", (unsigned long long)hash);
	return EXIT_SUCCESS;
}
