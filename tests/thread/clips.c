/*
 * Cached sounds played and freed at random while monitors, a recorder and
 * filters listen and the device comes and goes: nothing is left at the end.
 * Plain main(), so that it runs under the thread sanitizer.
 */
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/insert.h"
#include "server/mixer.h"
#include "server/recorder.h"

#define CLIPS	  200
#define AT_ONCE	  256
#define PLAYS	  4000
#define BYTES_MAX 4000
#define LISTENERS 4 /* the last of them to the capture device */

struct scene {
	struct mixer *mixer;
	struct clips clips;
	uint32_t ids[CLIPS];
	unsigned playing;
	struct recorder *recorders[LISTENERS];
	struct insert *insert;
	uint32_t random;
};

static sem_t news;

static void
wake(void *arg)
{
	(void)sem_post(arg);
}

static void
check(bool condition, const char *what)
{
	if (!condition) {
		(void)fprintf(stderr, "clips: %s\n", what);
		exit(1);
	}
}

static uint32_t
chance(struct scene *scene, uint32_t below)
{
	scene->random ^= scene->random << 13;
	scene->random ^= scene->random >> 17;
	scene->random ^= scene->random << 5;
	return scene->random % below;
}

static void
start(struct scene *scene)
{
	struct mixer_settings settings = {
		.want = { .rate = 48000,
		    .period = 64,
		    .periods = 2,
		    .format = -1 },
		.capture = "null",
		.kernel = kernel_find(NULL),
		.streams_max = AT_ONCE,
		.wake = wake,
		.wake_arg = &news,
	};

	check(devices_parse(&settings.devices, "null") == 0, "devices");
	check(mixer_create(&settings, &scene->mixer) == 0, "no mixer");
	clips_init(&scene->clips, 64U << 20);
}

static uint32_t
upload(struct scene *scene)
{
	struct esd_sample request = { .format = ESD_BITS16 | ESD_MONO,
		.rate = (int32_t)(8000 + 1000 * chance(scene, 8)),
		.length = (int32_t)chance(scene, BYTES_MAX) };
	struct clip *clip;

	check(clips_reserve(&scene->clips, &request, false, &clip) == 0,
	    "no room for a clip");
	memset(clip->data, 1, clip->bytes);
	clip_complete(clip);
	return clip->id;
}

/* Of those that loop every one is stopped or killed by the next free_one(). */
static void
play(struct scene *scene, uint32_t id)
{
	struct clip *clip = clips_find(&scene->clips, (int32_t)id);
	struct stream *stream = NULL;

	check(clip != NULL, "a clip is not there");
	check(stream_create_clip(clip, chance(scene, 8) == 0, &stream) == 0,
	    "no stream");
	if (mixer_add(scene->mixer, stream) < 0) {
		stream_destroy(stream);
		return;
	}
	scene->playing++;
}

static void
free_one(struct scene *scene, uint32_t id)
{
	struct clip *clip = clips_find(&scene->clips, (int32_t)id);
	struct stream *stream = mixer_streams(scene->mixer);

	for (; stream != NULL; stream = stream->next) {
		if (stream->clip == clip) {
			atomic_store(&stream->looping, false);
			atomic_store(&stream->killed, chance(scene, 2) == 0);
		}
	}
	clip_free(clip);
}

static void
listen_all(struct scene *scene)
{
	uint8_t sound[1024], *span;

	for (int i = 0; i < LISTENERS; i++) {
		check(recorder_pull(scene->recorders[i], sound,
			  sizeof(sound)) >= 0,
		    "a recorder fails");
	}
	if (scene->insert == NULL) {
		return;
	}
	int bytes = insert_pull(scene->insert, sound, sizeof(sound));
	check(bytes >= 0, "a filter fails");
	if (bytes > 0 && insert_space(scene->insert, &span) >= (size_t)bytes) {
		memcpy(span, sound, (size_t)bytes);
		check(insert_got(scene->insert, (size_t)bytes) == 0,
		    "a filter gives nothing back");
	}
}

static void
collect(struct scene *scene)
{
	struct mixer_event event;
	enum mixer_news kind;
	struct stream *stream;

	while (mixer_event(scene->mixer, &event)) {
		check(event.kind != MIXER_LOST, "the device was lost");
	}
	while ((stream = mixer_news(scene->mixer, &kind)) != NULL) {
		if (kind == MIXER_GONE) {
			stream_destroy(stream);
			scene->playing--;
		}
	}
}

/* A filter comes, or goes; now and then the device does. */
static void
disturb(struct scene *scene)
{
	struct sound sound;

	if (chance(scene, 4) == 0) {
		mixer_set_standby(scene->mixer,
		    !mixer_is_standby(scene->mixer));
	}
	if (scene->insert != NULL) {
		insert_close(scene->insert);
		scene->insert = NULL;
		return;
	}
	check(sound_parse(ESD_BITS16 | ESD_STEREO, 44100, false, &sound) == 0 &&
		  insert_create(&sound, mixer_rate(scene->mixer),
		      mixer_period_ms(scene->mixer), kernel_find(NULL),
		      &scene->insert) == 0,
	    "no filter");
	if (mixer_insert(scene->mixer, scene->insert) < 0) {
		insert_destroy(scene->insert); /* those that went still ring */
		scene->insert = NULL;
	}
}

static void
start_listening(struct scene *scene)
{
	struct tap *capture = mixer_capture(scene->mixer);
	struct sound sound;

	for (int i = 0; i < LISTENERS; i++) {
		check(sound_parse(ESD_BITS16 | ESD_STEREO, 8000 * (i + 1),
			  false, &sound) == 0 &&
			  recorder_create(i + 1 == LISTENERS
					      ? capture
					      : mixer_monitor(scene->mixer),
			      &sound, kernel_find(NULL),
			      &scene->recorders[i]) == 0,
		    "no recorder");
	}
}

static void
finish(struct scene *scene)
{
	mixer_set_standby(scene->mixer, false);
	for (unsigned i = 0; i < CLIPS; i++) {
		free_one(scene, scene->ids[i]);
	}
	while (scene->playing > 0) {
		(void)sem_wait(&news);
		collect(scene);
	}
	check(scene->clips.first == NULL && scene->clips.bytes == 0,
	    "a clip is left");
	for (int i = 0; i < LISTENERS; i++) {
		recorder_destroy(scene->recorders[i]);
	}
	if (scene->insert != NULL) {
		insert_close(scene->insert);
	}
	mixer_destroy(scene->mixer);
	clips_finish(&scene->clips);
}

int
main(void)
{
	struct timespec moment = { 0, 100000 };
	struct scene scene = { .random = 1 };

	check(sem_init(&news, 0, 0) == 0, "no semaphore");
	start(&scene);
	start_listening(&scene);
	for (unsigned i = 0; i < CLIPS; i++) {
		scene.ids[i] = upload(&scene);
	}
	for (unsigned i = 0; i < PLAYS; i++) {
		uint32_t at = chance(&scene, CLIPS);

		play(&scene, scene.ids[at]);
		if (i % 10 == 0) {
			free_one(&scene, scene.ids[at]);
			collect(&scene);
			scene.ids[at] = upload(&scene);
			listen_all(&scene);
			(void)nanosleep(&moment, NULL);
		}
		if (i % 100 == 0) {
			disturb(&scene);
		}
	}
	finish(&scene);
	return 0;
}
