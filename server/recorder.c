#include "server/recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/engine.h"
#include "server/engine/format.h"
#include "server/engine/resampler.h"

#define CHUNK 1024 /* frames to or from the filter at once */

struct recorder {
	/* constant */
	struct tap *tap;
	struct sound sound;
	const struct kernel *kernel;
	enum out_format format;
	unsigned channels;

	uint32_t rate; /* of the tap, that the filter was made for */
	struct resampler *resampler; /* NULL: the rates are equal */
	uint64_t at;		     /* next frame of the tap */
	uint64_t lost;
	uint64_t dither;
	int32_t in[CHUNK][2]; /* frames of the tap, not yet used */
	uint32_t in_count;
	sample_t filter_in[CHUNK * 2];
	int64_t master[CHUNK * 2];
};

static enum out_format
format_of(enum pcm_kind kind)
{
	const uint16_t one = 1;
	bool little = *(const uint8_t *)&one == 1;

	switch (kind) {
	case PCM_U8_MONO:
	case PCM_U8_STEREO:
		return OUT_U8;
	case PCM_SWAPPED_MONO:
	case PCM_SWAPPED_STEREO:
		return little ? OUT_S16_BE : OUT_S16_LE;
	default:
		return little ? OUT_S16_LE : OUT_S16_BE;
	}
}

/* Makes the filter for the tap's present rate. */
static int
follow_rate(struct recorder *recorder)
{
	uint32_t rate =
	    atomic_load_explicit(&recorder->tap->rate, memory_order_relaxed);

	if (rate == recorder->rate) {
		return 0;
	}
	resampler_destroy(recorder->resampler);
	recorder->resampler = NULL;
	if (rate != recorder->sound.rate) {
		recorder->resampler = resampler_create(rate,
		    recorder->sound.rate, CHUNK, recorder->kernel);
		if (recorder->resampler == NULL) {
			return -ENOMEM;
		}
	}
	recorder->rate = rate;
	return 0;
}

int
recorder_create(struct tap *tap, const struct sound *sound,
    const struct kernel *kernel, struct recorder **created)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));

	if (recorder == NULL) {
		return -ENOMEM;
	}
	recorder->tap = tap;
	recorder->sound = *sound;
	recorder->kernel = kernel;
	recorder->format = format_of(sound->kind);
	recorder->channels =
	    sound->frame_bytes / out_format_bytes(recorder->format);
	if (follow_rate(recorder) < 0) {
		free(recorder);
		return -ENOMEM;
	}
	recorder->at = tap_head(tap);
	tap_open(tap);
	*created = recorder;
	return 0;
}

void
recorder_destroy(struct recorder *recorder)
{
	if (recorder == NULL) {
		return;
	}
	tap_close(recorder->tap);
	resampler_destroy(recorder->resampler);
	free(recorder);
}

static void
take_in(struct recorder *recorder)
{
	recorder->in_count += tap_read(recorder->tap, &recorder->at,
	    recorder->in + recorder->in_count, CHUNK - recorder->in_count,
	    &recorder->lost);
}

static void
drop_in(struct recorder *recorder, uint32_t n)
{
	recorder->in_count -= n;
	memmove(recorder->in, recorder->in + n,
	    recorder->in_count * sizeof(recorder->in[0]));
}

/* The most frames, up to max, that can be made of what has come in. */
static uint32_t
frames_ready(const struct recorder *recorder, uint32_t max)
{
	if (recorder->resampler == NULL) {
		return recorder->in_count < max ? recorder->in_count : max;
	}
	return resampler_ready(recorder->resampler, recorder->in_count, max);
}

/* Makes n frames of the master's scale; returns the frames used up. */
static uint32_t
render(struct recorder *recorder, uint32_t n)
{
	const int32_t *in = recorder->in[0];
	uint32_t used = n;

	if (recorder->resampler == NULL) {
		for (uint32_t i = 0; i < 2 * n; i++) {
			recorder->master[i] = in[i];
		}
		return used;
	}
	used = resampler_need(recorder->resampler, n);
	for (uint32_t i = 0; i < 2 * used; i++) {
		recorder->filter_in[i] = in[i] >> (MASTER_BITS - SAMPLE_BITS);
	}
	memset(recorder->master, 0,
	    2 * (size_t)n * sizeof(recorder->master[0]));
	resampler_run(recorder->resampler, recorder->filter_in,
	    recorder->master, n);
	return used;
}

int
recorder_pull(struct recorder *recorder, uint8_t *out, size_t max)
{
	size_t frame = recorder->sound.frame_bytes;
	size_t done = 0;

	if (follow_rate(recorder) < 0) {
		return -ENOMEM;
	}
	while (max - done >= frame) {
		size_t room = (max - done) / frame;
		uint32_t n;

		take_in(recorder);
		n = frames_ready(recorder,
		    room < CHUNK ? (uint32_t)room : CHUNK);
		if (n == 0) {
			break;
		}
		drop_in(recorder, render(recorder, n));
		(void)format_frames(recorder->master, n, recorder->format,
		    recorder->channels, &recorder->dither, out + done);
		done += n * frame;
	}
	return (int)done;
}

uint64_t
recorder_lost(const struct recorder *recorder)
{
	return recorder->lost;
}

uint64_t
recorder_at(const struct recorder *recorder)
{
	return recorder->at - recorder->in_count;
}

void
recorder_skip(struct recorder *recorder)
{
	recorder->at = tap_head(recorder->tap);
	recorder->in_count = 0;
}

uint32_t
recorder_tail(const struct recorder *recorder)
{
	return recorder->resampler == NULL
		   ? 0
		   : resampler_tail(recorder->resampler);
}
