/*
 * What the kernels and the master volume share; nobody else includes this.
 *
 * Each kernel writes its loop once, as an always-inlined function of a kind
 * and a mode; KERNEL_DISPATCH() calls it with every pair as constants, so that
 * the compiler makes one tight loop of each and there are no near-copies.
 */
#ifndef KERNEL_IMPL_H
#define KERNEL_IMPL_H

#include <stddef.h>

#include "server/engine/kernel.h"

#define KERNEL_INLINE static inline __attribute__((always_inline))

#define RAMP_BITS 14 /* fraction bits of a ramp's level, below the gain's */

/* How much work a gain makes; every mode gives the bits MODE_RAMP would. */
enum mode {
	MODE_MUTE,  /* adds zeros: only the peak is taken */
	MODE_UNITY, /* nothing falls below hi */
	MODE_LEVEL, /* constant */
	MODE_RAMP
};

KERNEL_INLINE gain_t
ramp_gain(struct ramp ramp)
{
	return ramp.level >> RAMP_BITS;
}

KERNEL_INLINE enum mode
kernel_mode(const struct ramp gain[2])
{
	if (gain[0].step != 0 || gain[1].step != 0) {
		return MODE_RAMP;
	}
	gain_t left = ramp_gain(gain[0]), right = ramp_gain(gain[1]);
	if (left == 0 && right == 0) {
		return MODE_MUTE;
	}
	if (left == GAIN_UNITY && right == GAIN_UNITY) {
		return MODE_UNITY;
	}
	return MODE_LEVEL;
}

KERNEL_INLINE size_t
pcm_frame_bytes(enum pcm_kind kind)
{
	switch (kind) {
	case PCM_U8_MONO:
		return 1;
	case PCM_S16_STEREO:
	case PCM_SWAPPED_STEREO:
		return 4;
	default:
		return 2;
	}
}

/* least <= 0 <= most */
KERNEL_INLINE void
peak_raise(uint32_t *peak, int32_t least, int32_t most)
{
	uint32_t magnitude = (uint32_t)(-least > most ? -least : most);
	if (magnitude > *peak) {
		*peak = magnitude;
	}
}

#define KERNEL_DISPATCH_MODE(frames, kind, gain, ...)                          \
	switch (kernel_mode(gain)) {                                           \
	case MODE_MUTE:                                                        \
		frames(kind, MODE_MUTE, gain, __VA_ARGS__);                    \
		break;                                                         \
	case MODE_UNITY:                                                       \
		frames(kind, MODE_UNITY, gain, __VA_ARGS__);                   \
		break;                                                         \
	case MODE_LEVEL:                                                       \
		frames(kind, MODE_LEVEL, gain, __VA_ARGS__);                   \
		break;                                                         \
	case MODE_RAMP:                                                        \
		frames(kind, MODE_RAMP, gain, __VA_ARGS__);                    \
		break;                                                         \
	}

#define KERNEL_DISPATCH(frames, kind, ...)                                     \
	switch (kind) {                                                        \
	case PCM_U8_MONO:                                                      \
		KERNEL_DISPATCH_MODE(frames, PCM_U8_MONO, __VA_ARGS__)         \
		break;                                                         \
	case PCM_U8_STEREO:                                                    \
		KERNEL_DISPATCH_MODE(frames, PCM_U8_STEREO, __VA_ARGS__)       \
		break;                                                         \
	case PCM_S16_MONO:                                                     \
		KERNEL_DISPATCH_MODE(frames, PCM_S16_MONO, __VA_ARGS__)        \
		break;                                                         \
	case PCM_S16_STEREO:                                                   \
		KERNEL_DISPATCH_MODE(frames, PCM_S16_STEREO, __VA_ARGS__)      \
		break;                                                         \
	case PCM_SWAPPED_MONO:                                                 \
		KERNEL_DISPATCH_MODE(frames, PCM_SWAPPED_MONO, __VA_ARGS__)    \
		break;                                                         \
	case PCM_SWAPPED_STEREO:                                               \
		KERNEL_DISPATCH_MODE(frames, PCM_SWAPPED_STEREO, __VA_ARGS__)  \
		break;                                                         \
	case PCM_KINDS:                                                        \
		break;                                                         \
	}

#if defined(__x86_64__) || defined(__i386__)
#define KERNEL_X86 1
extern const struct kernel kernel_sse41;
extern const struct kernel kernel_avx2;
#else
#define KERNEL_X86 0
#endif

#endif
