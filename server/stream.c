#include "server/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/volume.h"

_Static_assert(VOLUME_MAX *(GAIN_UNITY / ESD_VOLUME_BASE) == GAIN_MAX,
    "the loudest volume must be the greatest gain");

static size_t
bytes_of(const struct sound *sound, uint32_t ms)
{
	return (size_t)sound->rate * sound->frame_bytes * ms / 1000;
}

static struct stream *
create(const struct sound *sound, const char *name)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (stream != NULL) {
		stream->sound = *sound;
		stream->protocol = "";
		stream->uid = -1;
		(void)snprintf(stream->name, sizeof(stream->name), "%s", name);
		stream_set_volume(stream, ESD_VOLUME_BASE, ESD_VOLUME_BASE);
	}
	return stream;
}

static int
create_ringed(const struct sound *sound, const char *name, size_t bytes,
    uint32_t period_ms, struct stream **created)
{
	size_t least = bytes_of(sound, 2 * period_ms);
	struct stream *stream = create(sound, name);

	if (stream == NULL) {
		return -ENOMEM;
	}
	if (ring_init(&stream->ring, bytes > least ? bytes : least) < 0) {
		free(stream);
		return -ENOMEM;
	}
	*created = stream;
	return 0;
}

/* Long enough to bridge a writer's pauses, short enough to keep its pace. */
int
stream_create(const struct sound *sound, const char *name, uint32_t period_ms,
    struct stream **created)
{
	size_t usual = bytes_of(sound, STREAM_RING_MS);

	return create_ringed(sound, name,
	    usual < STREAM_RING_MAX ? usual : STREAM_RING_MAX, period_ms,
	    created);
}

int
stream_create_sized(const struct sound *sound, const char *name,
    uint32_t ring_ms, uint32_t period_ms, struct stream **created)
{
	return create_ringed(sound, name, bytes_of(sound, ring_ms), period_ms,
	    created);
}

int
stream_create_clip(struct clip *clip, bool looping, struct stream **created)
{
	struct stream *stream = create(&clip->sound, clip->name);

	if (stream == NULL) {
		return -ENOMEM;
	}
	stream->id = clip->id;
	stream->protocol = "sample";
	stream->clip = clip;
	clip_hold(clip);
	stream_set_volume(stream, clip->volume[0], clip->volume[1]);
	atomic_init(&stream->looping, looping);
	atomic_init(&stream->ended, true);
	*created = stream;
	return 0;
}

void
stream_destroy(struct stream *stream)
{
	if (stream == NULL) {
		return;
	}
	if (stream->clip != NULL) {
		clip_release(stream->clip);
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

static void
aim(struct stream *stream)
{
	for (int side = 0; side < 2; side++) {
		int32_t volume = stream->muted ? 0 : stream->volume[side];

		/* Relaxed: a gain stands for nothing but itself. */
		atomic_store_explicit(&stream->gain[side],
		    (uint32_t)stream_gain(volume), memory_order_relaxed);
	}
}

void
stream_set_volume(struct stream *stream, int32_t left, int32_t right)
{
	stream->volume[0] = volume_clamp(left);
	stream->volume[1] = volume_clamp(right);
	aim(stream);
}

void
stream_set_muted(struct stream *stream, bool muted)
{
	stream->muted = muted;
	aim(stream);
}

void
stream_end(struct stream *stream)
{
	/* Release: every byte of the ring was written before this. */
	atomic_store_explicit(&stream->ended, true, memory_order_release);
}

uint32_t
stream_queued(const struct stream *stream)
{
	return (uint32_t)(ring_used(&stream->ring) / stream->sound.frame_bytes);
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

/* The contiguous bytes that come next. */
static size_t
source_span(const struct stream *stream, const uint8_t **span)
{
	const struct clip *clip = stream->clip;

	if (clip == NULL) {
		return ring_read_span(&stream->ring, span);
	}
	*span = clip->data + stream->clip_at;
	return clip->bytes - stream->clip_at;
}

static void
source_consumed(struct stream *stream, size_t bytes)
{
	const struct clip *clip = stream->clip;

	if (clip == NULL) {
		ring_consumed(&stream->ring, bytes);
		return;
	}
	stream->clip_at += bytes;
	if (clip->bytes - stream->clip_at < clip->sound.frame_bytes &&
	    atomic_load_explicit(&stream->looping, memory_order_relaxed)) {
		stream->clip_at = 0;
	}
}

/* Mixes one contiguous piece of the source; returns its frames. */
static uint32_t
mix_span(struct stream *stream, struct engine *engine, struct ramp gain[2],
    uint32_t at, uint32_t wanted, struct peak *peak)
{
	const uint8_t *span;
	size_t bytes = source_span(stream, &span);
	size_t frames = bytes / stream->sound.frame_bytes;
	uint32_t n = frames < wanted ? (uint32_t)frames : wanted;
	struct pcm pcm = { span, stream->sound.kind };

	if (n == 0) {
		return 0;
	}
	engine_add(engine, stream->slot, &pcm, gain, at, n, peak);
	source_consumed(stream, (size_t)n * stream->sound.frame_bytes);
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
		/* Release: see moment_end(). */
		atomic_fetch_add_explicit(&stream->underruns, 1,
		    memory_order_release);
	}
	stream->begun = !ran_dry;
}

/* Relaxed: they stand for nothing but themselves. */
static bool
is_still(const struct stream *stream)
{
	return atomic_load_explicit(&stream->held, memory_order_relaxed) ||
	       atomic_load_explicit(&stream->killed, memory_order_relaxed);
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
	if (is_still(stream)) {
		stream->begun = false;
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
		/* Release: see moment_end(). */
		atomic_fetch_add_explicit(&stream->played, done,
		    memory_order_release);
	}
	return done;
}

bool
stream_is_ready(const struct stream *stream)
{
	const uint8_t *span;

	return !is_still(stream) &&
	       source_span(stream, &span) >= stream->sound.frame_bytes;
}

bool
stream_is_over(const struct stream *stream)
{
	if (atomic_load_explicit(&stream->killed, memory_order_relaxed)) {
		return true;
	}
	/* Acquire: with the end seen, every byte written before it is too. */
	return atomic_load_explicit(&stream->ended, memory_order_acquire) &&
	       !stream_is_ready(stream);
}
