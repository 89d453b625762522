/*
 * SSE4.1 and AVX2: four frames at once, the rest by the portable kernel.
 * Built for every x86 and entered only after asking the processor.
 */
#include "server/engine/kernel_impl.h"

#if KERNEL_X86

#include <immintrin.h>
#include <string.h>

#define SSE41 __attribute__((target("sse4.1")))
#define AVX2  __attribute__((target("avx2")))
#define BATCH 4 /* frames */

KERNEL_INLINE SSE41 __m128i
load_4(const void *in)
{
	int32_t bytes;
	memcpy(&bytes, in, sizeof(bytes));
	return _mm_cvtsi32_si128(bytes);
}

KERNEL_INLINE SSE41 __m128i
load_8(const void *in)
{
	return _mm_loadl_epi64(in);
}

KERNEL_INLINE SSE41 __m128i
swap_bytes(__m128i x)
{
	return _mm_shuffle_epi8(x,
	    _mm_set_epi8(14, 15, 12, 13, 10, 11, 8, 9, 6, 7, 4, 5, 2, 3, 0, 1));
}

/* Eight u8 to s16: the sign bit turned, then each the high byte of two. */
KERNEL_INLINE SSE41 __m128i
widen_u8(__m128i x)
{
	x = _mm_xor_si128(x, _mm_set1_epi8(-128));
	return _mm_unpacklo_epi8(_mm_setzero_si128(), x);
}

KERNEL_INLINE SSE41 __m128i
both_sides(__m128i mono)
{
	return _mm_unpacklo_epi16(mono, mono);
}

/* Four frames as s16: L R L R L R L R. */
KERNEL_INLINE SSE41 __m128i
load_batch(enum pcm_kind kind, const uint8_t *in)
{
	switch (kind) {
	case PCM_U8_MONO:
		return both_sides(widen_u8(load_4(in)));
	case PCM_U8_STEREO:
		return widen_u8(load_8(in));
	case PCM_S16_MONO:
		return both_sides(load_8(in));
	case PCM_S16_STEREO:
		return _mm_loadu_si128((const __m128i *)(const void *)in);
	case PCM_SWAPPED_MONO:
		return both_sides(swap_bytes(load_8(in)));
	case PCM_SWAPPED_STEREO:
		return swap_bytes(
		    _mm_loadu_si128((const __m128i *)(const void *)in));
	case PCM_KINDS:
		break;
	}
	return _mm_setzero_si128();
}

/* Each lane's magnitude, 32768 too, is unsigned: -least wraps to it. */
KERNEL_INLINE SSE41 void
raise_peaks(struct peak *peak, __m128i least, __m128i most)
{
	__m128i x =
	    _mm_max_epu16(most, _mm_sub_epi16(_mm_setzero_si128(), least));

	x = _mm_max_epu16(x, _mm_srli_si128(x, 8));
	x = _mm_max_epu16(x, _mm_srli_si128(x, 4));
	uint32_t left = (uint32_t)_mm_extract_epi16(x, 0);
	uint32_t right = (uint32_t)_mm_extract_epi16(x, 1);
	peak->left = left > peak->left ? left : peak->left;
	peak->right = right > peak->right ? right : peak->right;
}

/* Levels of two frames: left, right, left, right. */
KERNEL_INLINE SSE41 __m128i
two_levels(const struct ramp gain[2], uint32_t first)
{
	struct ramp left = ramp_after(gain[0], first);
	struct ramp right = ramp_after(gain[1], first);

	return _mm_add_epi32(
	    _mm_set_epi32(right.level, left.level, right.level, left.level),
	    _mm_set_epi32(right.step, left.step, 0, 0));
}

KERNEL_INLINE SSE41 __m128i
four_steps(const struct ramp gain[2])
{
	return _mm_slli_epi32(_mm_set_epi32(gain[1].step, gain[0].step,
				  gain[1].step, gain[0].step),
	    2);
}

/* The frames left over when the batches are done. */
static void
add_rest(enum pcm_kind kind, const struct ramp gain[2], const uint8_t *in,
    int32_t *hi, int32_t *lo, size_t done, size_t n, struct peak *peak)
{
	struct ramp rest[2] = {
		ramp_after(gain[0], (uint32_t)done),
		ramp_after(gain[1], (uint32_t)done),
	};
	struct pcm pcm = { in, kind };

	if (done < n) {
		kernel_portable.add(&pcm, rest, hi + 2 * done, lo + 2 * done,
		    (uint32_t)(n - done), peak);
	}
}

KERNEL_INLINE SSE41 void
sse41_sum(int32_t *sum, __m128i x)
{
	__m128i *at = (__m128i *)(void *)sum;
	_mm_storeu_si128(at, _mm_add_epi32(_mm_loadu_si128(at), x));
}

KERNEL_INLINE SSE41 void
sse41_scale(enum mode mode, __m128i samples, __m128i level, int32_t *hi,
    int32_t *lo)
{
	if (mode == MODE_UNITY) {
		sse41_sum(hi,
		    _mm_slli_epi32(samples, GAIN_BITS - SUM_LOW_BITS));
		return;
	}
	__m128i product =
	    _mm_mullo_epi32(samples, _mm_srai_epi32(level, RAMP_BITS));
	sse41_sum(hi, _mm_srai_epi32(product, SUM_LOW_BITS));
	sse41_sum(lo, _mm_and_si128(product, _mm_set1_epi32(SUM_LOW_MASK)));
}

KERNEL_INLINE SSE41 void
sse41_frames(enum pcm_kind kind, enum mode mode, const struct ramp gain[2],
    const uint8_t *in, int32_t *hi, int32_t *lo, uint32_t n, struct peak *peak)
{
	__m128i level0 = two_levels(gain, 0), level1 = two_levels(gain, 2);
	__m128i step = four_steps(gain);
	__m128i least = _mm_setzero_si128(), most = least;
	size_t done = 0;

	for (; n - done >= BATCH; done += BATCH) {
		__m128i x = load_batch(kind, in);
		in += BATCH * pcm_frame_bytes(kind);
		least = _mm_min_epi16(least, x);
		most = _mm_max_epi16(most, x);
		if (mode == MODE_MUTE) {
			continue;
		}
		sse41_scale(mode, _mm_cvtepi16_epi32(x), level0, hi + 2 * done,
		    lo + 2 * done);
		sse41_scale(mode, _mm_cvtepi16_epi32(_mm_srli_si128(x, 8)),
		    level1, hi + 2 * done + 4, lo + 2 * done + 4);
		if (mode == MODE_RAMP) {
			level0 = _mm_add_epi32(level0, step);
			level1 = _mm_add_epi32(level1, step);
		}
	}
	raise_peaks(peak, least, most);
	add_rest(kind, gain, in, hi, lo, done, n, peak);
}

static SSE41 void
sse41_add(const struct pcm *in, const struct ramp gain[2], int32_t *hi,
    int32_t *lo, uint32_t n, struct peak *peak)
{
	KERNEL_DISPATCH(sse41_frames, in->kind, gain, in->frames, hi, lo, n,
	    peak)
}

/* pmuldq reads the even 32-bit lanes: left as they are, right shifted down. */
static SSE41 void
sse41_dot(const sample_t *in, const int32_t *h, uint32_t taps, int64_t out[2])
{
	__m128i left = _mm_setzero_si128(), right = left;

	for (size_t i = 0; i < taps; i += 2) {
		__m128i x = _mm_loadu_si128(
		    (const __m128i *)(const void *)(in + 2 * i));
		__m128i tap = _mm_cvtepi32_epi64(load_8(h + i));
		left = _mm_add_epi64(left, _mm_mul_epi32(x, tap));
		right = _mm_add_epi64(right,
		    _mm_mul_epi32(_mm_srli_epi64(x, 32), tap));
	}
	__m128i sum = _mm_add_epi64(_mm_unpacklo_epi64(left, right),
	    _mm_unpackhi_epi64(left, right));
	_mm_storeu_si128((__m128i *)(void *)out, sum);
}

const struct kernel kernel_sse41 = {
	.name = "sse4.1",
	.add = sse41_add,
	.dot = sse41_dot,
};

KERNEL_INLINE AVX2 void
avx2_sum(int32_t *sum, __m256i x)
{
	__m256i *at = (__m256i *)(void *)sum;
	_mm256_storeu_si256(at, _mm256_add_epi32(_mm256_loadu_si256(at), x));
}

KERNEL_INLINE AVX2 void
avx2_scale(enum mode mode, __m256i samples, __m256i level, int32_t *hi,
    int32_t *lo)
{
	if (mode == MODE_UNITY) {
		avx2_sum(hi,
		    _mm256_slli_epi32(samples, GAIN_BITS - SUM_LOW_BITS));
		return;
	}
	__m256i product =
	    _mm256_mullo_epi32(samples, _mm256_srai_epi32(level, RAMP_BITS));
	avx2_sum(hi, _mm256_srai_epi32(product, SUM_LOW_BITS));
	avx2_sum(lo,
	    _mm256_and_si256(product, _mm256_set1_epi32(SUM_LOW_MASK)));
}

KERNEL_INLINE AVX2 void
avx2_frames(enum pcm_kind kind, enum mode mode, const struct ramp gain[2],
    const uint8_t *in, int32_t *hi, int32_t *lo, uint32_t n, struct peak *peak)
{
	__m256i level =
	    _mm256_set_m128i(two_levels(gain, 2), two_levels(gain, 0));
	__m256i step = _mm256_set_m128i(four_steps(gain), four_steps(gain));
	__m128i least = _mm_setzero_si128(), most = least;
	size_t done = 0;

	for (; n - done >= BATCH; done += BATCH) {
		__m128i x = load_batch(kind, in);
		in += BATCH * pcm_frame_bytes(kind);
		least = _mm_min_epi16(least, x);
		most = _mm_max_epi16(most, x);
		if (mode == MODE_MUTE) {
			continue;
		}
		avx2_scale(mode, _mm256_cvtepi16_epi32(x), level, hi + 2 * done,
		    lo + 2 * done);
		if (mode == MODE_RAMP) {
			level = _mm256_add_epi32(level, step);
		}
	}
	raise_peaks(peak, least, most);
	add_rest(kind, gain, in, hi, lo, done, n, peak);
}

static AVX2 void
avx2_add(const struct pcm *in, const struct ramp gain[2], int32_t *hi,
    int32_t *lo, uint32_t n, struct peak *peak){ KERNEL_DISPATCH(avx2_frames,
    in->kind, gain, in->frames, hi, lo, n, peak) }

/* Adds the products of four taps to left and right. */
KERNEL_INLINE AVX2 void avx2_four_taps(const sample_t *in, const int32_t *h,
    __m256i *left, __m256i *right)
{
	__m256i x = _mm256_loadu_si256((const __m256i *)(const void *)in);
	__m256i tap = _mm256_cvtepi32_epi64(
	    _mm_loadu_si128((const __m128i *)(const void *)h));

	*left = _mm256_add_epi64(*left, _mm256_mul_epi32(x, tap));
	*right = _mm256_add_epi64(*right,
	    _mm256_mul_epi32(_mm256_srli_epi64(x, 32), tap));
}

static AVX2 void
avx2_dot(const sample_t *in, const int32_t *h, uint32_t taps, int64_t out[2])
{
	__m256i left = _mm256_setzero_si256(), right = left;

	for (size_t i = 0; i < taps; i += 8) {
		avx2_four_taps(in + 2 * i, h + i, &left, &right);
		avx2_four_taps(in + 2 * i + 8, h + i + 4, &left, &right);
	}
	__m256i both = _mm256_add_epi64(_mm256_unpacklo_epi64(left, right),
	    _mm256_unpackhi_epi64(left, right));
	_mm_storeu_si128((__m128i *)(void *)out,
	    _mm_add_epi64(_mm256_castsi256_si128(both),
		_mm256_extracti128_si256(both, 1)));
}

const struct kernel kernel_avx2 = {
	.name = "avx2",
	.add = avx2_add,
	.dot = avx2_dot,
};

#endif
