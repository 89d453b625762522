/*
 * What a client says its sound is.  Thread: any.
 */
#ifndef SOUND_H
#define SOUND_H

#include <stdbool.h>

#include "protocols/esd.h"
#include "server/engine/kernel.h"

struct sound {
	int32_t format; /* ESD format word, without its mode bits */
	uint32_t rate;	/* frames/s */
	enum pcm_kind kind;
	unsigned frame_bytes;
};

/*
 * Reads a format word and a rate.
 *   swap  16-bit samples are in the other byte order
 * Returns 0, or -EINVAL for what we do not know.
 */
int sound_parse(int32_t format, int32_t rate, bool swap, struct sound *sound);

#endif
