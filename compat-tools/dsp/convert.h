/*
 * From a program's samples to those that the daemon takes, and back.
 * Arithmetic on the caller's memory.  Thread: any.
 *
 * u8 and s16, one or two channels, are not touched.  What has at most 16 bits
 * and two channels becomes s16 exactly; the rest goes through downmix.h.
 */
#ifndef DSP_CONVERT_H
#define DSP_CONVERT_H

#include <stddef.h>
#include <stdint.h>

#include "compat-tools/downmix.h"

#define CONVERT_CHANNELS_MAX 8

struct convert {
	uint32_t format; /* AFMT_... of the program */
	unsigned channels;
	unsigned frame_bytes; /* of the program */

	int32_t wire;	     /* the daemon's format word: width, channels */
	unsigned wire_bytes; /* of the daemon's frame */

	struct pan pans[CONVERT_CHANNELS_MAX];
	uint32_t dither;
};

/* Every AFMT_ that convert_init() takes. */
uint32_t convert_formats(void);

/* Bytes of a sample, or 0: no such format. */
unsigned convert_sample_bytes(uint32_t format);

/*
 *   channels  1 .. CONVERT_CHANNELS_MAX
 * 0 or -EINVAL.
 */
int convert_init(struct convert *convert, uint32_t format, unsigned channels);

/* n frames; neither side need be aligned, nor may they overlap. */
void convert_play(struct convert *convert, const uint8_t *in, size_t n,
    uint8_t *out);

/* The reverse; channels beyond two are silent. */
void convert_record(const struct convert *convert, const uint8_t *in, size_t n,
    uint8_t *out);

/* n frames of silence in the program's format. */
void convert_silence(const struct convert *convert, size_t n, uint8_t *out);

#endif
