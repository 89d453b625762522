#include <criterion/criterion.h>

#include "engine-test.h"

#define FRAMES_MAX 300
#define GUARD	   8 /* frames around, which nobody may touch */

/*
 * One sample by plain arithmetic, from its bytes: the definition in sample.h
 * written down again, without a shift.
 */
static int64_t
sample_of(enum pcm_kind kind, const uint8_t *in, size_t frame, int side)
{
	bool stereo = kind == PCM_U8_STEREO || kind == PCM_S16_STEREO ||
		      kind == PCM_SWAPPED_STEREO;
	size_t index = stereo ? 2 * frame + (size_t)side : frame;

	if (kind == PCM_U8_MONO || kind == PCM_U8_STEREO) {
		return ((int64_t)in[index] - 128) * 256;
	}
	uint8_t bytes[2] = { in[2 * index], in[2 * index + 1] };
	if (kind == PCM_SWAPPED_MONO || kind == PCM_SWAPPED_STEREO) {
		uint8_t first = bytes[0];
		bytes[0] = bytes[1];
		bytes[1] = first;
	}
	int16_t native;
	memcpy(&native, bytes, sizeof(native));
	return native;
}

/* The greatest whole number not above a / b; b > 0. */
static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

struct sums {
	int32_t hi[2 * (FRAMES_MAX + 2 * GUARD)];
	int32_t lo[2 * (FRAMES_MAX + 2 * GUARD)];
	struct peak peak;
};

static void
reference_add(const struct pcm *in, const struct ramp gain[2],
    struct sums *sums, size_t at, uint32_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (int side = 0; side < 2; side++) {
			int64_t s = sample_of(in->kind, in->frames, i, side);
			int64_t level = gain[side].level +
					(int64_t)gain[side].step * (int64_t)i;
			int64_t product = s * floor_div(level, 16384);
			int64_t hi = floor_div(product, 4096);
			sums->hi[2 * (at + i) + (size_t)side] += (int32_t)hi;
			sums->lo[2 * (at + i) + (size_t)side] +=
			    (int32_t)(product - hi * 4096);
			uint32_t *peak =
			    side == 0 ? &sums->peak.left : &sums->peak.right;
			uint32_t magnitude = (uint32_t)(s < 0 ? -s : s);
			*peak = magnitude > *peak ? magnitude : *peak;
		}
	}
}

/* Sums that hold something already, so that adding shows. */
static struct sums
sums_used(uint32_t *noise)
{
	struct sums sums;
	for (size_t i = 0; i < COUNT(sums.hi); i++) {
		sums.hi[i] = (int32_t)(noise_next(noise) >> 8) - (1 << 23);
		sums.lo[i] = (int32_t)(noise_next(noise) >> 8);
	}
	sums.peak.left = noise_next(noise) % 40000;
	sums.peak.right = noise_next(noise) % 40000;
	return sums;
}

/* Runs a kernel and the reference on the same; false where they differ. */
static bool
agrees(const struct kernel *kernel, const struct pcm *in,
    const struct ramp gain[2], size_t at, uint32_t n, uint32_t *noise)
{
	struct sums expected = sums_used(noise), got = expected;

	reference_add(in, gain, &expected, at, n);
	kernel->add(in, gain, got.hi + 2 * at, got.lo + 2 * at, n, &got.peak);
	return memcmp(&expected, &got, sizeof(got)) == 0;
}

static const struct ramp ramps[] = {
	{ 0, 0 },
	{ 1 << 14, 0 },
	{ GAIN_UNITY << 14, 0 },
	{ 20000 << 14, 0 },
	{ (20000 << 14) + 16383, 0 }, /* below the gain's own bits */
	{ GAIN_MAX << 14, 0 },
	{ 0, (GAIN_MAX << 14) / FRAMES_MAX },
	{ GAIN_MAX << 14, -(GAIN_MAX << 14) / FRAMES_MAX },
	{ GAIN_UNITY << 14, -1 },
	{ 100 << 14, 777 },
};

static const uint32_t lengths[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 31,
	32, 33, 64, 100, FRAMES_MAX };

/* Noise, with the extremes among it. */
static void
fill_noise(uint8_t *bytes, size_t count, uint32_t *noise)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t value = noise_next(noise);
		bytes[i] = (uint8_t)(value >> 16);
		if (value % 8 == 0) {
			bytes[i] = value & 16 ? 0x80 : value & 32 ? 0xff : 0;
		}
	}
}

static void
check_kernel(const struct kernel *kernel, enum pcm_kind kind)
{
	uint8_t bytes[4 * FRAMES_MAX + 16];
	uint32_t noise = 12345;

	for (size_t l = 0; l < COUNT(ramps); l++) {
		for (size_t r = 0; r < COUNT(ramps); r++) {
			for (size_t n = 0; n < COUNT(lengths); n++) {
				const struct ramp gain[2] = { ramps[l],
					ramps[r] };
				size_t off = noise_next(&noise) % 16;
				struct pcm in = { bytes + off, kind };
				fill_noise(bytes, sizeof(bytes), &noise);
				cr_assert(agrees(kernel, &in, gain, off % GUARD,
					      lengths[n], &noise),
				    "%s: kind %d, gains %zu %zu, %u frames",
				    kernel->name, kind, l, r, lengths[n]);
			}
		}
	}
}

Test(kernel, every_kernel_equals_plain_arithmetic)
{
	for (const struct kernel *const *k = kernel_list(); *k; k++) {
		for (int kind = 0; kind < PCM_KINDS; kind++) {
			check_kernel(*k, (enum pcm_kind)kind);
		}
	}
}

Test(kernel, every_value_is_exact)
{
	static const gain_t gains[] = { 1, 20000, GAIN_UNITY, GAIN_UNITY + 1,
		GAIN_MAX };

	for (const struct kernel *const *k = kernel_list(); *k; k++) {
		for (int32_t base = -32768; base < 32768; base += 256) {
			int16_t values[256];
			uint32_t noise = 99;
			for (int32_t i = 0; i < 256; i++) {
				values[i] = (int16_t)(base + i);
			}
			struct pcm in = { values, PCM_S16_MONO };
			for (size_t g = 0; g < COUNT(gains); g++) {
				const struct ramp gain[2] = { gain_constant(
								  gains[g]),
					gain_constant(gains[g]) };
				cr_assert(
				    agrees(*k, &in, gain, 0, 256, &noise));
			}
		}
	}
}

static void
check_full_house(const struct kernel *kernel, int16_t sample, gain_t level)
{
	int32_t hi[16] = { 0 }, lo[16] = { 0 };
	int16_t frames[16];
	struct peak peak = { 0, 0 };
	struct pcm in = { frames, PCM_S16_STEREO };
	const struct ramp gain[2] = { gain_constant(level),
		gain_constant(level) };

	for (size_t i = 0; i < COUNT(frames); i++) {
		frames[i] = sample;
	}
	for (int i = 0; i < BUS_STREAMS_MAX; i++) {
		kernel->add(&in, gain, hi, lo, 8, &peak);
	}
	for (size_t i = 0; i < COUNT(hi); i++) {
		cr_assert_eq((int64_t)hi[i] * 4096 + lo[i],
		    (int64_t)sample * level * BUS_STREAMS_MAX, "%s: %d at %d",
		    kernel->name, sample, level);
	}
}

Test(kernel, the_most_streams_at_full_scale_do_not_overflow)
{
	for (const struct kernel *const *k = kernel_list(); *k; k++) {
		check_full_house(*k, -32768, GAIN_MAX);
		check_full_house(*k, 32767, GAIN_MAX);
		check_full_house(*k, -32767, GAIN_MAX - 1);
		check_full_house(*k, -1, 1); /* lo at its greatest */
		check_full_house(*k, -32768, GAIN_UNITY);
	}
}

Test(kernel, a_split_ramp_is_the_same_ramp)
{
	for (const struct kernel *const *k = kernel_list(); *k; k++) {
		uint32_t noise = 4711;
		uint8_t bytes[4 * FRAMES_MAX];
		const struct ramp gain[2] = { ramp_make(0, GAIN_MAX, 300),
			ramp_make(GAIN_UNITY, 5, 300) };
		struct sums whole = { .peak = { 0, 0 } }, parts = whole;
		struct pcm in = { bytes, PCM_S16_STEREO };
		fill_noise(bytes, sizeof(bytes), &noise);
		(*k)->add(&in, gain, whole.hi, whole.lo, 300, &whole.peak);
		for (uint32_t at = 0, n; at < 300; at += n) {
			n = 1 + noise_next(&noise) % 37;
			n = n > 300 - at ? 300 - at : n;
			const struct ramp now[2] = { ramp_after(gain[0], at),
				ramp_after(gain[1], at) };
			in.frames = bytes + 4 * (size_t)at;
			(*k)->add(&in, now, parts.hi + 2 * (size_t)at,
			    parts.lo + 2 * (size_t)at, n, &parts.peak);
		}
		cr_assert(memcmp(&whole, &parts, sizeof(whole)) == 0);
	}
}

Test(kernel, peaks)
{
	static const int16_t frames[] = { -32768, 5, 32767, -6, 0, 0, 1, 1, 2,
		-3 };
	static const uint8_t bytes[] = { 128, 0, 128, 255, 127, 128, 129, 128,
		128, 128 };
	const struct ramp mute[2] = { { 0, 0 }, { 0, 0 } };

	for (const struct kernel *const *k = kernel_list(); *k; k++) {
		int32_t hi[10] = { 0 }, lo[10] = { 0 };
		struct peak peak = { 0, 0 };
		struct pcm in = { bytes, PCM_U8_STEREO };
		(*k)->add(&in, mute, hi, lo, 5, &peak);
		cr_assert_eq(peak.left, 256);
		cr_assert_eq(peak.right, 32768);
		in.frames = frames;
		in.kind = PCM_S16_STEREO;
		peak.right = 0;
		(*k)->add(&in, mute, hi, lo, 5, &peak);
		cr_assert_eq(peak.left, 32768);
		cr_assert_eq(peak.right, 6);
		(*k)->add(&in, mute, hi, lo, 0, &peak);
		cr_assert_eq(peak.left, 32768);
	}
}

static void
reference_dot(const sample_t *in, const int32_t *h, size_t taps, int64_t out[2])
{
	out[0] = out[1] = 0;
	for (size_t i = 0; i < taps; i++) {
		out[0] += (int64_t)in[2 * i] * h[i];
		out[1] += (int64_t)in[2 * i + 1] * h[i];
	}
}

Test(kernel, every_dot_product_equals_plain_arithmetic)
{
	static sample_t in[2 * 512 + 2];
	static int32_t h[512];
	uint32_t noise = 77;

	for (size_t taps = 8; taps <= 512; taps += 8) {
		for (size_t i = 0; i < COUNT(in); i++) {
			uint32_t value = noise_next(&noise);
			in[i] = value % 8 == 0	 ? INT32_MIN
				: value % 8 == 1 ? INT32_MAX
						 : (int32_t)value;
		}
		/* magnitudes below 4.0 in all, like a filter's */
		for (size_t i = 0; i < taps; i++) {
			int32_t most = (int32_t)(UINT32_MAX / taps);
			h[i] = ((int32_t)(noise_next(&noise) % 3) - 1) * most;
		}
		for (const struct kernel *const *k = kernel_list(); *k; k++) {
			int64_t expected[2], got[2];
			size_t off = taps / 8 % 2 * 2;
			reference_dot(in + off, h, taps, expected);
			(*k)->dot(in + off, h, (uint32_t)taps, got);
			cr_assert_eq(expected[0], got[0], "%s", (*k)->name);
			cr_assert_eq(expected[1], got[1], "%s", (*k)->name);
		}
	}
}

Test(kernel, list_ends_with_the_portable_one)
{
	const struct kernel *const *list = kernel_list();
	size_t count = 0;

	while (list[count] != NULL) {
		cr_assert_eq(kernel_find(list[count]->name), list[count]);
		count++;
	}
	cr_assert(count > 0);
	cr_assert_eq(list[count - 1], &kernel_portable);
	cr_assert_eq(kernel_find(NULL), list[0]);
	cr_assert_eq(kernel_find("portable"), &kernel_portable);
	cr_assert_null(kernel_find("none of that name"));
}

Test(kernel, ramps_go_all_the_way)
{
	static const uint32_t ns[] = { 1, 2, 3, 255, 256, 8192, 1000000 };
	static const gain_t ends[] = { 0, 1, GAIN_UNITY, 12345, GAIN_MAX };

	for (size_t i = 0; i < COUNT(ns); i++) {
		for (size_t a = 0; a < COUNT(ends); a++) {
			for (size_t b = 0; b < COUNT(ends); b++) {
				struct ramp ramp =
				    ramp_make(ends[a], ends[b], ns[i]);
				struct ramp end = ramp_after(ramp, ns[i]);
				int64_t miss =
				    (int64_t)ends[b] * 16384 - end.level;
				cr_assert_eq(ramp.level, ends[a] * 16384);
				miss = ends[b] < ends[a] ? -miss : miss;
				cr_assert(miss >= 0, "it overshot");
				cr_assert(miss < ns[i], "it stopped short");
			}
		}
	}
}
