#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compat-tools/soundfile.h"
#include "protocols/esd.h"

#define FRAMES 5000 /* not a whole number of blocks */

static char directory[32];
static char why[SOUNDFILE_WHY_MAX];

/* In a directory of its own, which clean() removes with it. */
static const char *
in_directory(const char *name)
{
	static char path[256];

	(void)strcpy(directory, "/tmp/test-soundfile-XXXXXX");
	cr_assert_not_null(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void
clean(const char *path)
{
	(void)unlink(path);
	(void)rmdir(directory);
}

static void
fill(uint8_t *data, size_t bytes)
{
	uint32_t state = 7;

	for (size_t i = 0; i < bytes; i++) {
		state = state * 1664525u + 1013904223u;
		data[i] = (uint8_t)(state >> 24);
	}
}

/* Writes noise in uneven pieces, and reads the file back. */
static void
round_trip(const char *name, int32_t format, int32_t rate)
{
	size_t frame = esd_frame_bytes(format);
	uint8_t *data = malloc(FRAMES * frame);
	uint8_t *got = NULL;
	const char *path = in_directory(name);
	struct soundfile *file;
	struct soundfile_info info;

	fill(data, FRAMES * frame);
	cr_assert_eq(soundfile_create(path, format, rate, &file, why), 0, "%s",
	    why);
	cr_assert_eq(soundfile_write(file, data, 1), 0);
	cr_assert_eq(soundfile_write(file, data + frame, 3000), 0);
	cr_assert_eq(soundfile_write(file, data + 3001 * frame, FRAMES - 3001),
	    0);
	cr_assert_eq(soundfile_close(file), 0);

	cr_assert_eq(soundfile_load(path, &info, &got, why), 0, "%s", why);
	cr_assert_eq(info.format, format, "%s", name);
	cr_assert_eq(info.rate, rate);
	cr_assert_eq(info.frames, FRAMES);
	cr_assert_eq(info.frame_bytes, frame);
	cr_assert_eq(memcmp(got, data, FRAMES * frame), 0, "%s", name);
	free(data);
	free(got);
	clean(path);
}

Test(soundfile, round_trips)
{
	static const char *const names[] = { "a.wav", "a.FLAC", "a.aiff",
		"a.b.aif", "a.au", "a.snd" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		round_trip(names[i], ESD_BITS16 | ESD_STEREO, 44100);
		round_trip(names[i], ESD_BITS16 | ESD_MONO, 8000);
		round_trip(names[i], ESD_STEREO, 96000);
		round_trip(names[i], ESD_MONO, 22050);
	}
}

Test(soundfile, vorbis)
{
	const char *path = in_directory("a.ogg");
	struct soundfile *file;
	struct soundfile_info info;
	uint8_t *got;
	int16_t *data = calloc((size_t)2 * FRAMES, sizeof(*data));

	cr_assert_eq(
	    soundfile_create(path, ESD_BITS16 | ESD_STEREO, 44100, &file, why),
	    0);
	cr_assert_eq(soundfile_write(file, data, FRAMES), 0);
	cr_assert_eq(soundfile_close(file), 0);
	cr_assert_eq(soundfile_load(path, &info, &got, why), 0, "%s", why);
	cr_assert_eq(info.format, ESD_BITS16 | ESD_STEREO);
	cr_assert_eq(info.frames, FRAMES);
	free(data);
	free(got);
	clean(path);
}

Test(soundfile, raw)
{
	const char *path = in_directory("a.raw");
	uint8_t data[4 * 300];
	uint8_t *got;
	size_t bytes;
	struct soundfile *file;

	fill(data, sizeof(data));
	cr_assert_eq(
	    soundfile_create(path, ESD_BITS16 | ESD_STEREO, 44100, &file, why),
	    0);
	cr_assert_eq(soundfile_write(file, data, 300), 0);
	cr_assert_eq(soundfile_close(file), 0);
	cr_assert_eq(soundfile_load_raw(path, &got, &bytes, why), 0);
	cr_assert_eq(bytes, sizeof(data));
	cr_assert_eq(memcmp(got, data, bytes), 0);
	free(got);
	clean(path);
}

/* What a killed program leaves has a header for all but its last second. */
Test(soundfile, header_is_kept)
{
	const char *path = in_directory("a.wav");
	struct soundfile *file;
	struct soundfile_info info;
	uint8_t *got;
	uint8_t data[2 * 1000] = { 0 };

	cr_assert_eq(
	    soundfile_create(path, ESD_BITS16 | ESD_MONO, 2000, &file, why), 0);
	for (int i = 0; i < 5; i++) {
		cr_assert_eq(soundfile_write(file, data, 1000), 0);
	}
	cr_assert_eq(soundfile_load(path, &info, &got, why), 0, "%s", why);
	cr_assert_geq(info.frames, 4000);
	free(got);
	cr_assert_eq(soundfile_close(file), 0);
	clean(path);
}

Test(soundfile, names)
{
	cr_assert(soundfile_is_known("a.wav"));
	cr_assert(soundfile_is_known("/x.y/a.b.OGG"));
	cr_assert_not(soundfile_is_known(".wav"));
	cr_assert_not(soundfile_is_known("/x.wav/a"));
	cr_assert_not(soundfile_is_known("a.wavy"));
	cr_assert_not(soundfile_is_known("wav"));
	cr_assert_not(soundfile_is_known(NULL));
}

Test(soundfile, complains)
{
	struct soundfile *file;
	struct soundfile_info info;
	uint8_t *data;

	cr_assert_eq(soundfile_open("/nonexistent", &file, why), -ENOENT);
	cr_assert_not_null(strstr(why, "/nonexistent"));
	cr_assert_eq(soundfile_open("/", &file, why), -EISDIR);
	cr_assert_eq(soundfile_open("/dev/null", &file, why), -EINVAL);
	cr_assert_eq(soundfile_load("/dev/null", &info, &data, why), -EINVAL);
	cr_assert_eq(
	    soundfile_create("/nonexistent/a.wav", ESD_MONO, 8000, &file, why),
	    -ENOENT);
	cr_assert_not_null(strstr(why, "/nonexistent/a.wav"));
	cr_assert_eq(soundfile_close(NULL), 0);
}

Test(soundfile, full_disk)
{
	struct soundfile *file;
	uint8_t data[4096] = { 0 };

	cr_assert_eq(soundfile_create("/dev/full", ESD_MONO, 8000, &file, why),
	    0, "%s", why);
	cr_assert_eq(soundfile_write(file, data, sizeof(data)), -ENOSPC);
	cr_assert_not_null(strstr(soundfile_why(file), "/dev/full"));
	(void)soundfile_close(file);
}
