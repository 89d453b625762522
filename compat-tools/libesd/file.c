#include "compat-tools/libesd/libesd.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat-tools/libesd/sndfile_door.h"

#define PIECE_FRAMES (ESD_BUF_SIZE / (2 * sizeof(int16_t)))

/* --- through the program's libaudiofile ----------------------------------- */

/*
 * The count is 32 or 64 bits wide on 32-bit machines, by version; the lower
 * half, which this takes, says it all.
 */
typedef long af_read_frames(AFfilehandle file, int track, void *samples,
    int frames);

/*
 * Who hands us a file has libaudiofile already; it may have loaded it for
 * itself only.
 */
static af_read_frames *
find_reader(void)
{
	static const char *const names[] = { "libaudiofile.so.1",
		"libaudiofile.so.0" };
	void *address = dlsym(RTLD_DEFAULT, "afReadFrames");
	af_read_frames *reader;

	for (size_t i = 0;
	     address == NULL && i < sizeof(names) / sizeof(names[0]); i++) {
		void *library = dlopen(names[i], RTLD_LAZY | RTLD_NOLOAD);

		if (library != NULL) {
			address = dlsym(library, "afReadFrames");
			(void)dlclose(library);
		}
	}
	memcpy(&reader, &address, sizeof(address));
	return reader;
}

int
esd_send_file(int esd, AFfilehandle file, int frame_length)
{
	af_read_frames *read_frames = find_reader();
	uint8_t piece[ESD_BUF_SIZE];
	struct client client;
	long frames;

	if (read_frames == NULL || file == NULL || frame_length <= 0 ||
	    frame_length > ESD_BUF_SIZE) {
		return 1;
	}
	client_adopt(&client, esd, LIBESD_ANSWER_MS);
	while ((frames = read_frames(file, 1001 /* AF_DEFAULT_TRACK */, piece,
		    ESD_BUF_SIZE / frame_length)) > 0) {
		if (client_write(&client, piece,
			(size_t)frames * (size_t)frame_length) != 0) {
			libesd_complain(&client);
			return 1;
		}
	}
	return 0;
}

/* --- through libsndfile --------------------------------------------------- */

static int
open_file(struct sound *sound, const char *path)
{
	int error = path == NULL ? -EINVAL : sound_open(sound, path);

	if (error == 0 && getenv("ESDBG") != NULL) {
		(void)fprintf(stderr,
		    "libesd: %s: %d channels, %d Hz, %lld frames\n", path,
		    sound->channels, sound->rate, (long long)sound->frames);
	}
	return error;
}

static esd_format_t
format_of(const struct sound *sound)
{
	return ESD_BITS16 | (sound->channels == 1 ? ESD_MONO : ESD_STEREO);
}

/* The server cuts names as well. */
static void
make_name(char name[ESD_NAME_MAX], const char *prefix, const char *path)
{
	(void)snprintf(name, ESD_NAME_MAX, "%s%s%s",
	    prefix == NULL ? "" : prefix, prefix == NULL ? "" : ":", path);
}

/*
 * Sends `frames` frames (below 0: all there are).  A file that is shorter than
 * its header says is made up for by silence: so many bytes were announced.
 */
static int
send_sound(int esd, struct sound *sound, int64_t frames)
{
	int16_t piece[PIECE_FRAMES * 2];
	struct client client;

	client_adopt(&client, esd, LIBESD_ANSWER_MS);
	while (frames != 0) {
		int64_t wanted = PIECE_FRAMES;
		int64_t got;

		if (frames > 0 && frames < wanted) {
			wanted = frames;
		}
		memset(piece, 0, sizeof(piece));
		got = sound_read(sound, piece, wanted);
		if (frames < 0 && got == 0) {
			return 0;
		}
		if (frames > 0) {
			frames -= wanted;
			got = wanted;
		}
		if (client_write(&client, piece,
			(size_t)got * (size_t)sound->channels *
			    sizeof(int16_t)) != 0) {
			libesd_complain(&client);
			return -EPIPE;
		}
	}
	return 0;
}

int
esd_play_file(const char *name_prefix, const char *filename, int fallback)
{
	char name[ESD_NAME_MAX];
	struct sound sound;
	int error = -1;
	int esd;

	if (open_file(&sound, filename) != 0) {
		return 0;
	}
	make_name(name, fallback ? name_prefix : NULL, filename);
	esd = esd_play_stream(format_of(&sound) | ESD_STREAM | ESD_PLAY,
	    sound.rate, NULL, name);
	if (esd >= 0) {
		error = send_sound(esd, &sound, -1);
		(void)esd_close(esd);
	}
	sound_close(&sound);
	return error == 0;
}

int
esd_file_cache(int esd, const char *name_prefix, const char *filename)
{
	char name[ESD_NAME_MAX];
	struct sound sound;
	int64_t bytes;
	int id = -1;

	if (open_file(&sound, filename) != 0) {
		return -1;
	}
	bytes = sound.frames * sound.channels * (int64_t)sizeof(int16_t);
	if (sound.frames >= 0 && sound.frames <= INT32_MAX &&
	    bytes <= INT32_MAX) {
		make_name(name, name_prefix, filename);
		id = esd_sample_cache(esd,
		    format_of(&sound) | ESD_SAMPLE | ESD_PLAY, sound.rate,
		    (int)bytes, name);
	}
	if (id > 0 && (send_sound(esd, &sound, sound.frames) != 0 ||
			  esd_confirm_sample_cache(esd) != id)) {
		id = -1;
	}
	sound_close(&sound);
	return id > 0 ? id : -1;
}
