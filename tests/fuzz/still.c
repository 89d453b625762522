#include "tests/fuzz/still.h"

#include <errno.h>

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
	return 0;
}

static void
take_period(struct stream *stream)
{
	size_t left = (size_t)STILL_PERIOD * stream->frame_bytes;

	while (left > 0) {
		const uint8_t *span;
		size_t bytes = ring_read_span(&stream->ring, &span);

		bytes -= bytes % stream->frame_bytes;
		if (bytes == 0) {
			return;
		}
		bytes = bytes < left ? bytes : left;
		ring_consumed(&stream->ring, bytes);
		left -= bytes;
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

	while (stream != NULL && stream->id != id) {
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
