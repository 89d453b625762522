/*
 * Streams lent to the audio thread and taken back, by the thousand, at many
 * rates, some killed, some with volumes moving: each comes back once, what it
 * held was played, and at the end none is left.  Plain main(), so that it runs
 * under the thread sanitizer.
 */
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/mixer.h"

#define STREAMS	   3000 /* in all */
#define AT_ONCE	   64
#define FRAMES	   200 /* each holds */
#define MANY_RATES (ENGINE_BUSES_MAX + 8)

static sem_t news;

static void
wake(void *arg)
{
	(void)sem_post(arg);
}

static void
fail(const char *what, long value)
{
	(void)fprintf(stderr, "%s: %ld\n", what, value);
	exit(1);
}

static struct mixer *
start(void)
{
	struct mixer_settings settings;
	struct mixer *mixer;

	memset(&settings, 0, sizeof(settings));
	(void)devices_parse(&settings.devices, "null");
	settings.want = (struct device_want){ .rate = 48000,
		.period = 64,
		.periods = 2,
		.format = -1 };
	settings.capture = "null";
	settings.kernel = kernel_find(NULL);
	settings.streams_max = AT_ONCE;
	settings.wake = wake;
	settings.wake_arg = &news;
	if (mixer_create(&settings, &mixer) < 0) {
		fail("mixer_create", -1);
	}
	return mixer;
}

/* Lends one stream; 0 if the mixer can't take it now. */
static int
lend(struct mixer *mixer, uint32_t id)
{
	struct sound sound;
	struct stream *stream = NULL;
	uint8_t *span;
	int error;

	if (sound_parse(ESD_BITS16 | ESD_STEREO,
		(int32_t)(8000 + id % MANY_RATES * 1000), false, &sound) < 0 ||
	    stream_create(&sound, "test", mixer_period_ms(mixer), &stream) <
		0) {
		fail("stream_create", (long)id);
	}
	stream->id = id;
	memset(stream->ring.data, 1, stream->ring.size);
	(void)ring_write_span(&stream->ring, &span);
	ring_written(&stream->ring, FRAMES * 4 + id % 4);
	atomic_store(&stream->ended, true);
	error = mixer_add(mixer, stream);
	if (error < 0) {
		stream_destroy(stream);
		if (error != -EUSERS && error != -ENOSPC) {
			fail("mixer_add", error);
		}
		return 0;
	}
	stream_set_volume(stream, (int32_t)(id % 300), 256);
	if (id % 10 == 0) {
		atomic_store(&stream->killed, true);
	}
	return 1;
}

static unsigned
take_back(struct mixer *mixer)
{
	struct stream *stream;
	enum mixer_news kind;
	unsigned count = 0;

	while ((stream = mixer_news(mixer, &kind)) != NULL) {
		if (kind != MIXER_GONE) {
			continue;
		}
		if (stream->id % 10 != 0 &&
		    atomic_load(&stream->played) != FRAMES) {
			fail("played", (long)atomic_load(&stream->played));
		}
		stream_destroy(stream);
		count++;
	}
	return count;
}

int
main(void)
{
	struct mixer *mixer;
	struct mixer_event event;
	unsigned lent = 0, back = 0;

	if (sem_init(&news, 0, 0) != 0) {
		return 1;
	}
	mixer = start();
	while (back < STREAMS) {
		while (lent < STREAMS && lend(mixer, lent + 1)) {
			lent++;
		}
		mixer_set_volume(mixer, (int32_t)(lent % 512), 256);
		if (lent > back) {
			(void)sem_wait(&news);
		}
		while (mixer_event(mixer, &event)) {
			if (event.kind != MIXER_OPENED) {
				fail("event", event.kind);
			}
		}
		back += take_back(mixer);
		(void)mixer_stats(mixer);
	}
	if (mixer_streams(mixer) != NULL) {
		fail("streams left", 1);
	}
	while (lent < STREAMS + 3 && lend(mixer, lent + 1)) {
		lent++; /* lent at the end: the mixer frees them */
	}
	mixer_destroy(mixer);
	return 0;
}
