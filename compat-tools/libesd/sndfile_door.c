#include "compat-tools/libesd/sndfile_door.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sndfile.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define PIECE_FRAMES 1024
#define CHANNELS_MAX 2
#define FULL_SCALE   32768.0F

static struct {
	SNDFILE *(*open)(const char *path, int mode, SF_INFO *info);
	sf_count_t (*read)(SNDFILE *file, float *samples, sf_count_t frames);
	int (*close)(SNDFILE *file);
	bool loaded;
} door;

/* dlsym() gives a pointer to data where one to a function is meant. */
static bool
find(void *library, const char *name, void *function)
{
	void *address = dlsym(library, name);

	memcpy(function, &address, sizeof(address));
	return address != NULL;
}

static void
load(void)
{
	void *library = dlopen("libsndfile.so.1", RTLD_NOW | RTLD_LOCAL);

	door.loaded = library != NULL && find(library, "sf_open", &door.open) &&
		      find(library, "sf_readf_float", &door.read) &&
		      find(library, "sf_close", &door.close);
}

int
sound_open(struct sound *sound, const char *path)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;
	SF_INFO info = { 0 };

	(void)pthread_once(&once, load);
	if (!door.loaded) {
		return -ENOSYS;
	}
	/* It writes its errors to a buffer that all threads share. */
	(void)pthread_mutex_lock(&opening);
	sound->file = door.open(path, SFM_READ, &info);
	(void)pthread_mutex_unlock(&opening);
	if (sound->file == NULL) {
		return -EINVAL;
	}
	sound->channels = info.channels;
	sound->rate = info.samplerate;
	sound->frames = info.frames;
	if (info.channels < 1 || info.channels > CHANNELS_MAX) {
		sound_close(sound);
		return -EINVAL;
	}
	return 0;
}

/* A float holds every 16-bit sample: these come back as they were. */
static int16_t
to_s16(float sample)
{
	float scaled = sample * FULL_SCALE;

	if (scaled >= (float)INT16_MAX) {
		return INT16_MAX;
	}
	if (!(scaled > (float)INT16_MIN)) { /* nor is it a number, maybe */
		return INT16_MIN;
	}
	return (int16_t)(scaled + (scaled < 0 ? -0.5F : 0.5F));
}

int64_t
sound_read(struct sound *sound, int16_t *samples, int64_t frames)
{
	float piece[PIECE_FRAMES * CHANNELS_MAX];
	int64_t done = 0;

	while (done < frames) {
		int64_t wanted = frames - done;
		int64_t got;

		if (wanted > PIECE_FRAMES) {
			wanted = PIECE_FRAMES;
		}
		got = door.read(sound->file, piece, wanted);
		if (got <= 0) {
			break;
		}
		for (int64_t i = 0; i < got * sound->channels; i++) {
			*samples++ = to_s16(piece[i]);
		}
		done += got;
	}
	return done;
}

void
sound_close(struct sound *sound)
{
	(void)door.close(sound->file);
	sound->file = NULL;
}
