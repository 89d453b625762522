#include "server/sound.h"

#include <errno.h>

static enum pcm_kind
kind_of(int32_t format, bool swap)
{
	bool stereo = (format & ESD_MASK_CHAN) == ESD_STEREO;

	if ((format & ESD_MASK_BITS) != ESD_BITS16) {
		return stereo ? PCM_U8_STEREO : PCM_U8_MONO;
	}
	if (swap) {
		return stereo ? PCM_SWAPPED_STEREO : PCM_SWAPPED_MONO;
	}
	return stereo ? PCM_S16_STEREO : PCM_S16_MONO;
}

int
sound_parse(int32_t format, int32_t rate, bool swap, struct sound *sound)
{
	unsigned frame_bytes = esd_frame_bytes(format);

	if (frame_bytes == 0 || rate < ESD_RATE_MIN || rate > ESD_RATE_MAX) {
		return -EINVAL;
	}
	sound->format = format & ~ESD_MASK_MODE;
	sound->rate = (uint32_t)rate;
	sound->kind = kind_of(format, swap);
	sound->frame_bytes = frame_bytes;
	return 0;
}
