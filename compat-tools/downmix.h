/*
 * From any number of floating-point channels to 16-bit mono or stereo.
 * Arithmetic on the caller's memory.  Thread: any.
 */
#ifndef DOWNMIX_H
#define DOWNMIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a channel adds to each side. */
struct pan {
	float left, right;
};

/*
 * Where the channels of a file stand that doesn't tell, one character each:
 *   L R C  front          l r  sides or rear
 *   F      low frequency effects
 *   is_ogg  Ogg's order, else that of WAV
 * Beyond eight channels they are taken for pairs.
 */
void downmix_usual_places(bool is_ogg, int channels, char *places);

/*
 * Front sides at 0 dB; centre (rear centre, too), sides and rear at -3 dB; no
 * F.  All are scaled alike so that nothing can clip.
 */
void downmix_pans(const char *places, int channels, struct pan *pans);

/*
 * Converts n frames, full scale being +-1: one channel to mono, more to
 * stereo.  Values that 16 bits hold are kept, so that silence is silent and
 * 16-bit sound comes out bit by bit; others are dithered, triangular, by up to
 * a step either way; what is beyond full scale saturates; NaN is silence.
 *   dither  state of the noise, any number at first
 */
void downmix(const float *in, int channels, const struct pan *pans, size_t n,
    int16_t *out, uint32_t *dither);

#endif
