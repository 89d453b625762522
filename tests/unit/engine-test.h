/*
 * What the engine's tests share.
 */
#ifndef ENGINE_TEST_H
#define ENGINE_TEST_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "server/engine/kernel.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Repeatable noise; never seed it with 0. */
static inline uint32_t
noise_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Bytes of a frame. */
static inline size_t
kind_bytes(enum pcm_kind kind)
{
	static const size_t bytes[PCM_KINDS] = {
		[PCM_U8_MONO] = 1,
		[PCM_U8_STEREO] = 2,
		[PCM_S16_MONO] = 2,
		[PCM_S16_STEREO] = 4,
		[PCM_SWAPPED_MONO] = 2,
		[PCM_SWAPPED_STEREO] = 4,
	};
	return bytes[kind];
}

static inline struct ramp
gain_constant(gain_t gain)
{
	struct ramp ramp = { gain * 16384, 0 };
	return ramp;
}

/* FNV-1a over numbers, whatever the machine's byte order. */
static inline uint64_t
hash_int64(uint64_t hash, const int64_t *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t bits = (uint64_t)values[i];
		for (unsigned shift = 0; shift < 64; shift += 8) {
			hash ^= bits >> shift & 0xff;
			hash *= 0x100000001b3U;
		}
	}
	return hash;
}

#define HASH_START 0xcbf29ce484222325U

#endif
