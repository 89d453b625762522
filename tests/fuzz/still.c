#include "tests/fuzz/still.h"

#include <errno.h>

#include "server/insert.h"
#include "server/volume.h"
#include "tests/fuzz/fuzz.h"

int
mixer_add(struct mixer *mixer, struct stream *stream)
{
	if (mixer->count == STILL_STREAMS_MAX) {
		return -EUSERS;
	}
	stream->next = mixer->streams;
	mixer->streams = stream;
	mixer->count++;
	mixer->rates.slots[0] =
	    (struct rate){ .rate = STILL_RATE, .streams = mixer->count };
	return 0;
}

static void
take_ring(struct stream *stream)
{
	size_t left = (size_t)STILL_PERIOD * stream->sound.frame_bytes;

	while (left > 0 && stream_is_ready(stream)) {
		const uint8_t *span;
		size_t bytes = ring_read_span(&stream->ring, &span);

		bytes -= bytes % stream->sound.frame_bytes;
		bytes = bytes < left ? bytes : left;
		ring_consumed(&stream->ring, bytes);
		left -= bytes;
	}
}

/* A clip is over in one period, however long it is. */
static void
take_period(struct stream *stream)
{
	if (stream->clip == NULL) {
		take_ring(stream);
	} else if (!atomic_load(&stream->looping)) {
		stream->clip_at = stream->clip->bytes;
	}
}

void
still_turn(struct mixer *mixer)
{
	for (struct stream *s = mixer->streams; s != NULL; s = s->next) {
		take_period(s);
	}
}

static struct stream *
unlink_stream(struct mixer *mixer, struct stream **at)
{
	struct stream *stream = *at;

	*at = stream->next;
	mixer->count--;
	mixer->rates.slots[0].streams = mixer->count;
	return stream;
}

struct stream *
mixer_news(struct mixer *mixer, enum mixer_news *news)
{
	for (struct stream **at = &mixer->streams; *at != NULL;
	     at = &(*at)->next) {
		struct stream *stream = *at;

		if (stream_is_over(stream)) {
			*news = MIXER_GONE;
			return unlink_stream(mixer, at);
		}
		if (atomic_load(&stream->thirsty) &&
		    ring_used(&stream->ring) <= stream->ring.size / 2) {
			atomic_store(&stream->thirsty, false);
			*news = MIXER_ROOM;
			return stream;
		}
	}
	return NULL;
}

struct stream *
mixer_streams(const struct mixer *mixer)
{
	return mixer->streams;
}

struct stream *
mixer_find(const struct mixer *mixer, uint32_t id)
{
	struct stream *stream = mixer->streams;

	while (stream != NULL && (stream->id != id || stream->clip != NULL)) {
		stream = stream->next;
	}
	return stream;
}

uint32_t
mixer_rate(const struct mixer *mixer)
{
	return STILL_RATE;
}

uint32_t
mixer_period_ms(const struct mixer *mixer)
{
	return STILL_PERIOD * 1000 / STILL_RATE + 1;
}

uint32_t
mixer_latency(const struct mixer *mixer, const struct stream *stream)
{
	MUST(stream == NULL || mixer_find(mixer, stream->id) == stream);
	return 2 * STILL_PERIOD;
}

void
mixer_set_standby(struct mixer *mixer, bool standby)
{
	mixer->standby = standby;
}

bool
mixer_is_standby(const struct mixer *mixer)
{
	return mixer->standby;
}

bool
mixer_suspend(struct mixer *mixer)
{
	bool quiet = mixer->streams == NULL && !mixer->suspended;

	mixer->suspended |= quiet;
	return quiet;
}

struct rest *
mixer_rest(struct mixer *mixer)
{
	return &mixer->rest;
}

uint64_t
mixer_silent_ms(const struct mixer *mixer)
{
	return mixer->count == 0 ? 1000 : 0;
}

int
mixer_insert(struct mixer *mixer, struct insert *insert)
{
	if (mixer->insert_count == STILL_INSERTS_MAX) {
		return -EUSERS;
	}
	mixer->inserts[mixer->insert_count++] = insert;
	return 0;
}

void
still_finish(struct mixer *mixer)
{
	while (mixer->insert_count > 0) {
		insert_destroy(mixer->inserts[--mixer->insert_count]);
	}
}

struct tap *
mixer_monitor(struct mixer *mixer)
{
	return &mixer->tap;
}

struct tap *
mixer_capture(struct mixer *mixer)
{
	return &mixer->tap;
}

const struct kernel *
mixer_kernel(const struct mixer *mixer)
{
	return &kernel_portable;
}

struct moment *
mixer_moment(struct mixer *mixer)
{
	return &mixer->moment;
}

const struct rates *
mixer_rates(const struct mixer *mixer)
{
	return &mixer->rates;
}

void
mixer_set_volume(struct mixer *mixer, int32_t left, int32_t right)
{
	MUST(left >= 0 && left <= VOLUME_MAX);
	MUST(right >= 0 && right <= VOLUME_MAX);
}

struct mixer_stats
mixer_stats(struct mixer *mixer)
{
	return (struct mixer_stats){ .frames = 0 };
}
