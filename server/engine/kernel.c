#include <stddef.h>
#include <string.h>

/*
 * Here the compiler does the vectorizing, and gcc's -O2 does too little of it.
 * A pragma comes after every command line; a build without optimization stays
 * one.
 */
#if defined(__OPTIMIZE__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

#include "server/engine/kernel_impl.h"

KERNEL_INLINE uint32_t
s16_bits(const uint8_t *in, size_t index)
{
	uint16_t bits;
	memcpy(&bits, in + index * sizeof(bits), sizeof(bits));
	return bits;
}

/* The s16 value of one side of frame i. */
KERNEL_INLINE int32_t
pcm_sample(enum pcm_kind kind, const uint8_t *in, size_t i, unsigned side)
{
	uint32_t bits;
	switch (kind) {
	case PCM_U8_MONO:
		return (in[i] - 128) * 256;
	case PCM_U8_STEREO:
		return (in[2 * i + side] - 128) * 256;
	case PCM_S16_MONO:
		return (int16_t)s16_bits(in, i);
	case PCM_S16_STEREO:
		return (int16_t)s16_bits(in, 2 * i + side);
	case PCM_SWAPPED_MONO:
		bits = s16_bits(in, i);
		return (int16_t)(bits << 8 | bits >> 8);
	case PCM_SWAPPED_STEREO:
		bits = s16_bits(in, 2 * i + side);
		return (int16_t)(bits << 8 | bits >> 8);
	case PCM_KINDS:
		break;
	}
	return 0;
}

KERNEL_INLINE void
frames_add(enum pcm_kind kind, enum mode mode, const struct ramp gain[2],
    const uint8_t *restrict in, int32_t *restrict hi, int32_t *restrict lo,
    uint32_t n, struct peak *peak)
{
	struct ramp now[2] = { gain[0], gain[1] };
	int32_t least[2] = { 0, 0 }, most[2] = { 0, 0 };

	for (size_t i = 0; i < n; i++) {
		for (unsigned side = 0; side < 2; side++) {
			int32_t s = pcm_sample(kind, in, i, side);
			least[side] = s < least[side] ? s : least[side];
			most[side] = s > most[side] ? s : most[side];
			if (mode == MODE_MUTE) {
				continue;
			}
			if (mode == MODE_UNITY) {
				hi[2 * i + side] +=
				    s * (GAIN_UNITY >> SUM_LOW_BITS);
				continue;
			}
			int32_t product = s * ramp_gain(now[side]);
			hi[2 * i + side] += product >> SUM_LOW_BITS;
			lo[2 * i + side] += product & SUM_LOW_MASK;
			if (mode == MODE_RAMP) {
				now[side].level += now[side].step;
			}
		}
	}
	peak_raise(&peak->left, least[0], most[0]);
	peak_raise(&peak->right, least[1], most[1]);
}

static void
portable_add(const struct pcm *in, const struct ramp gain[2], int32_t *hi,
    int32_t *lo, uint32_t n, struct peak *peak)
{
	KERNEL_DISPATCH(frames_add, in->kind, gain, in->frames, hi, lo, n, peak)
}

static void
portable_dot(const sample_t *in, const int32_t *h, uint32_t taps,
    int64_t out[2])
{
	int64_t left = 0, right = 0;

	for (size_t i = 0; i < taps; i++) {
		left += (int64_t)in[2 * i] * h[i];
		right += (int64_t)in[2 * i + 1] * h[i];
	}
	out[0] = left;
	out[1] = right;
}

const struct kernel kernel_portable = {
	.name = "portable",
	.add = portable_add,
	.dot = portable_dot,
};

const struct kernel *const *
kernel_list(void)
{
	static const struct kernel *const list[] = {
#if KERNEL_X86
		&kernel_avx2,
		&kernel_sse41,
#endif
		&kernel_portable,
		NULL,
	};
#if KERNEL_X86
	if (__builtin_cpu_supports("avx2")) {
		return &list[0];
	}
	if (__builtin_cpu_supports("sse4.1")) {
		return &list[1];
	}
	return &list[2];
#else
	return list;
#endif
}

const struct kernel *
kernel_find(const char *name)
{
	const struct kernel *const *list = kernel_list();

	if (name == NULL) {
		return list[0];
	}
	for (; *list != NULL; list++) {
		if (strcmp((*list)->name, name) == 0) {
			return *list;
		}
	}
	return NULL;
}

struct ramp
ramp_make(gain_t from, gain_t to, uint32_t n)
{
	int64_t way = (int64_t)(to - from) * (1 << RAMP_BITS);
	struct ramp ramp = {
		.level = from * (1 << RAMP_BITS),
		.step = (int32_t)(way / (int64_t)n),
	};
	return ramp;
}

struct ramp
ramp_after(struct ramp ramp, uint32_t n)
{
	ramp.level = (int32_t)(ramp.level + (int64_t)ramp.step * n);
	return ramp;
}
