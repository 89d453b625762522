#include "server/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(STREAM_VOLUME_MAX *(GAIN_UNITY / ESD_VOLUME_BASE) == GAIN_MAX,
    "the loudest volume must be the greatest gain");

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

/* Long enough to bridge a writer's pauses, short enough to keep its pace. */
static size_t
ring_bytes(uint32_t rate, unsigned frame_bytes, uint32_t period_ms)
{
	size_t per_second = (size_t)rate * frame_bytes;
	size_t usual = per_second * STREAM_RING_MS / 1000;
	size_t least = per_second * 2 * period_ms / 1000;

	if (usual > STREAM_RING_MAX) {
		usual = STREAM_RING_MAX;
	}
	return usual > least ? usual : least;
}

int
stream_create(const struct stream_spec *spec, uint32_t period_ms,
    struct stream **created)
{
	struct stream *stream;
	unsigned frame_bytes = esd_frame_bytes(spec->format);

	if (frame_bytes == 0 || spec->rate < ESD_RATE_MIN ||
	    spec->rate > ESD_RATE_MAX) {
		return -EINVAL;
	}
	stream = calloc(1, sizeof(*stream));
	if (stream == NULL) {
		return -ENOMEM;
	}
	stream->format = spec->format & ~ESD_MASK_MODE;
	stream->rate = (uint32_t)spec->rate;
	stream->kind = kind_of(spec->format, spec->swap);
	stream->frame_bytes = frame_bytes;
	(void)snprintf(stream->name, sizeof(stream->name), "%s", spec->name);
	stream_set_volume(stream, ESD_VOLUME_BASE, ESD_VOLUME_BASE);
	if (ring_init(&stream->ring,
		ring_bytes(stream->rate, frame_bytes, period_ms)) < 0) {
		free(stream);
		return -ENOMEM;
	}
	*created = stream;
	return 0;
}

void
stream_destroy(struct stream *stream)
{
	if (stream == NULL) {
		return;
	}
	bus_destroy(stream->bus);
	ring_finish(&stream->ring);
	free(stream);
}

gain_t
stream_gain(int32_t volume)
{
	return volume * (GAIN_UNITY / ESD_VOLUME_BASE);
}

static int32_t
clamp_volume(int32_t volume)
{
	if (volume < 0) {
		return 0;
	}
	return volume > STREAM_VOLUME_MAX ? STREAM_VOLUME_MAX : volume;
}

void
stream_set_volume(struct stream *stream, int32_t left, int32_t right)
{
	stream->volume[0] = clamp_volume(left);
	stream->volume[1] = clamp_volume(right);
	for (int side = 0; side < 2; side++) {
		/* Relaxed: a gain stands for nothing but itself. */
		atomic_store_explicit(&stream->gain[side],
		    (uint32_t)stream_gain(stream->volume[side]),
		    memory_order_relaxed);
	}
}

/* A peak grows until control takes it; a race loses at most one period's. */
static void
raise_peak(_Atomic uint32_t *peak, uint32_t value)
{
	if (value > atomic_load_explicit(peak, memory_order_relaxed)) {
		atomic_store_explicit(peak, value, memory_order_relaxed);
	}
}

/*
 * Ramps towards the gains asked for, all the way in this period; a stream that
 * was silent begins at them.
 */
static void
take_gains(struct stream *stream, uint32_t frames, struct ramp gain[2])
{
	for (int side = 0; side < 2; side++) {
		gain_t aim = (gain_t)atomic_load_explicit(&stream->gain[side],
		    memory_order_relaxed);

		gain[side] = ramp_make(
		    stream->begun ? stream->gain_now[side] : aim, aim, frames);
		stream->gain_now[side] = aim;
	}
}

/* Mixes one contiguous piece of the ring; returns its frames. */
static uint32_t
mix_span(struct stream *stream, struct engine *engine, struct ramp gain[2],
    uint32_t at, uint32_t wanted, struct peak *peak)
{
	const uint8_t *span;
	size_t bytes = ring_read_span(&stream->ring, &span);
	size_t frames = bytes / stream->frame_bytes;
	uint32_t n = frames < wanted ? (uint32_t)frames : wanted;
	struct pcm pcm = { span, stream->kind };

	if (n == 0) {
		return 0;
	}
	engine_add(engine, stream->slot, &pcm, gain, at, n, peak);
	ring_consumed(&stream->ring, (size_t)n * stream->frame_bytes);
	gain[0] = ramp_after(gain[0], n);
	gain[1] = ramp_after(gain[1], n);
	return n;
}

static void
count_underrun(struct stream *stream, bool ran_dry)
{
	/* Acquire: an end seen here was told after the last byte. */
	bool ended = atomic_load_explicit(&stream->ended, memory_order_acquire);

	if (ran_dry && stream->begun && !ended) {
		atomic_fetch_add_explicit(&stream->underruns, 1,
		    memory_order_relaxed);
	}
	stream->begun = !ran_dry;
}

uint32_t
stream_mix(struct stream *stream, struct engine *engine)
{
	uint32_t wanted = engine_frames(engine, stream->slot);
	uint32_t done = 0;
	struct peak peak = { 0, 0 };
	struct ramp gain[2];

	if (wanted == 0) {
		return 0;
	}
	take_gains(stream, wanted, gain);
	while (done < wanted) {
		uint32_t n =
		    mix_span(stream, engine, gain, done, wanted - done, &peak);

		if (n == 0) {
			break;
		}
		done += n;
	}
	count_underrun(stream, done < wanted);
	if (done > 0) {
		raise_peak(&stream->peak[0], peak.left);
		raise_peak(&stream->peak[1], peak.right);
		atomic_fetch_add_explicit(&stream->played, done,
		    memory_order_relaxed);
	}
	return done;
}

bool
stream_is_over(const struct stream *stream)
{
	if (atomic_load_explicit(&stream->killed, memory_order_relaxed)) {
		return true;
	}
	/* Acquire: with the end seen, every byte written before it is too. */
	return atomic_load_explicit(&stream->ended, memory_order_acquire) &&
	       ring_used(&stream->ring) < stream->frame_bytes;
}
