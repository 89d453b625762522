#include <assert.h>
#include <string.h>

#include "server/engine/format.h"

#define FULL_BITS (16 + MASTER_BITS) /* of the master at full scale, signed */
#define CHUNK	  256		     /* samples quantized, then packed */

#define U8_SILENCE 0x80

#define DITHER_BITS 16 /* of each of the two random numbers in one state */

static const struct layout {
	const char *name;
	unsigned bits, bytes;
	bool big_endian;
} layouts[OUT_FORMATS] = {
	[OUT_S16_LE] = { "S16_LE", 16, 2, false },
	[OUT_S16_BE] = { "S16_BE", 16, 2, true },
	[OUT_S24_3LE] = { "S24_3LE", 24, 3, false },
	[OUT_S24_3BE] = { "S24_3BE", 24, 3, true },
	[OUT_S24_LE] = { "S24_LE", 24, 4, false },
	[OUT_S24_BE] = { "S24_BE", 24, 4, true },
	[OUT_S32_LE] = { "S32_LE", 32, 4, false },
	[OUT_S32_BE] = { "S32_BE", 32, 4, true },
	[OUT_U8] = { "U8", 8, 1, false },
};

unsigned
out_format_bytes(enum out_format format)
{
	return layouts[format].bytes;
}

const char *
out_format_name(enum out_format format)
{
	return (unsigned)format < OUT_FORMATS ? layouts[format].name : NULL;
}

/*
 * The i-th sample to go out: for two sides the master's, for one their mean.
 * The halved bit lies below 1/65536 of an s16 step, and is dropped.
 */
static inline int64_t
source_sample(const int64_t *master, unsigned sides, size_t i)
{
	return sides == 2 ? master[i]
			  : (master[2 * i] + master[2 * i + 1]) >> 1;
}

static bool
has_dropped_bits(const int64_t *master, unsigned sides, size_t samples,
    unsigned drop)
{
	int64_t any = 0;

	for (size_t i = 0; i < samples; i++) {
		any |= source_sample(master, sides, i);
	}
	return (any & (((int64_t)1 << drop) - 1)) != 0;
}

/*
 * Triangular noise of two steps' width around zero; a step is 1 << drop.  The
 * generator is a linear congruence: its high bits are good ones.
 */
static inline int64_t
dither_next(uint64_t *state, unsigned drop)
{
	*state = *state * 6364136223846793005U + 1442695040888963407U;
	uint32_t one = (uint32_t)(*state >> (64 - DITHER_BITS));
	uint32_t other = (uint32_t)(*state >> (64 - 2 * DITHER_BITS)) &
			 ((1U << DITHER_BITS) - 1);

	if (drop > DITHER_BITS) {
		return ((int64_t)one - other) *
		       ((int64_t)1 << (drop - DITHER_BITS));
	}
	unsigned excess = DITHER_BITS - drop;
	return (int64_t)(one >> excess) - (int64_t)(other >> excess);
}

struct quantizer {
	unsigned drop; /* low bits of the master the format has no room for */
	bool dithers;
	uint64_t dither;  /* state of the noise */
	uint32_t clipped; /* samples */
};

/* One sample to the format's own scale, saturated and counted. */
static inline int32_t
quantize(struct quantizer *q, int64_t sample)
{
	const int64_t least = -((int64_t)1 << (FULL_BITS - 1 - q->drop));
	const int64_t most = -least - 1;
	const int64_t half = ((int64_t)1 << q->drop) >> 1;
	int64_t value = (sample + half) >> q->drop;

	q->clipped += value < least || value > most;
	if (q->dithers) {
		int64_t noise = dither_next(&q->dither, q->drop);
		value = (sample + noise + half) >> q->drop;
	}
	value = value < least ? least : value;
	return (int32_t)(value > most ? most : value);
}

static inline __attribute__((always_inline)) void
pack_sample(uint8_t *out, int32_t value, unsigned bytes, bool big_endian)
{
	uint32_t bits = (uint32_t)value ^ (bytes == 1 ? U8_SILENCE : 0);

	for (unsigned i = 0; i < bytes; i++) {
		out[big_endian ? bytes - 1 - i : i] = (uint8_t)(bits >> 8 * i);
	}
}

/*
 * Lays out frames of one or two sides in frames of `channels`.
 */
static inline __attribute__((always_inline)) uint8_t *
pack_as(const int32_t *values, size_t frames, unsigned sides, unsigned channels,
    uint8_t *out, unsigned bytes, bool big_endian)
{
	size_t silent_bytes = (size_t)(channels - sides) * bytes;

	for (size_t i = 0; i < frames; i++) {
		for (unsigned side = 0; side < sides; side++) {
			pack_sample(out, *values++, bytes, big_endian);
			out += bytes;
		}
		if (silent_bytes > 0) {
			memset(out, bytes == 1 ? U8_SILENCE : 0, silent_bytes);
			out += silent_bytes;
		}
	}
	return out;
}

static uint8_t *
pack(const int32_t *values, size_t frames, unsigned sides, unsigned channels,
    uint8_t *out, const struct layout *layout)
{
	switch (layout->bytes * 2 + layout->big_endian) {
	case 2:
		return pack_as(values, frames, sides, channels, out, 1, false);
	case 4:
		return pack_as(values, frames, sides, channels, out, 2, false);
	case 5:
		return pack_as(values, frames, sides, channels, out, 2, true);
	case 6:
		return pack_as(values, frames, sides, channels, out, 3, false);
	case 7:
		return pack_as(values, frames, sides, channels, out, 3, true);
	case 8:
		return pack_as(values, frames, sides, channels, out, 4, false);
	default:
		return pack_as(values, frames, sides, channels, out, 4, true);
	}
}

uint32_t
format_frames(const int64_t *master, uint32_t n, enum out_format format,
    unsigned channels, uint64_t *dither, void *out)
{
	const struct layout *layout = &layouts[format];
	unsigned sides = channels == 1 ? 1 : 2;
	size_t samples = (size_t)n * sides;
	struct quantizer q = {
		.drop = FULL_BITS - layout->bits,
		.dither = *dither,
	};
	int32_t chunk[CHUNK];

	q.dithers = has_dropped_bits(master, sides, samples, q.drop);
	for (size_t done = 0; done < samples;) {
		size_t count = samples - done;
		count = count > CHUNK ? CHUNK : count;
		for (size_t i = 0; i < count; i++) {
			chunk[i] = quantize(&q,
			    source_sample(master, sides, done + i));
		}
		out = pack(chunk, count / sides, sides, channels, out, layout);
		done += count;
	}
	*dither = q.dither;
	return q.clipped;
}

/* One sample of the master's scale. */
static int64_t
parse_sample(const uint8_t *in, const struct layout *layout)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < layout->bytes; i++) {
		unsigned at = layout->big_endian ? layout->bytes - 1 - i : i;

		bits |= (uint32_t)in[at] << 8 * i;
	}
	if (layout->bytes == 1) {
		bits ^= U8_SILENCE;
	}
	return (int32_t)(bits << (32 - layout->bits));
}

void
format_parse(enum out_format format, unsigned channels, const void *in,
    uint32_t n, int64_t *master)
{
	const struct layout *layout = &layouts[format];
	const uint8_t *at = in;
	size_t right = channels == 1 ? 0 : layout->bytes;

	for (size_t i = 0; i < n; i++) {
		master[2 * i] = parse_sample(at, layout);
		master[2 * i + 1] = parse_sample(at + right, layout);
		at += (size_t)channels * layout->bytes;
	}
}

void
format_move(enum out_format format, unsigned channels, const unsigned from[2],
    const unsigned to[2], void *frames, uint32_t n)
{
	unsigned bytes = layouts[format].bytes;
	uint8_t pair[2][OUT_BYTES_MAX];
	uint8_t *at = frames;

	for (size_t i = 0; i < n; i++) {
		for (unsigned side = 0; side < 2; side++) {
			uint8_t *sample = at + (size_t)from[side] * bytes;

			memcpy(pair[side], sample, bytes);
			memset(sample, bytes == 1 ? U8_SILENCE : 0, bytes);
		}
		for (unsigned side = 0; side < 2; side++) {
			memcpy(at + (size_t)to[side] * bytes, pair[side],
			    bytes);
		}
		at += (size_t)channels * bytes;
	}
}
