/* The part of "all" that has to do with sound: streams, samples, files. */
#include "tests/libesd/all.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
is_readable(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	return poll(&poller, 1, PATIENCE) == 1;
}

static void
test_player(int esd)
{
	static const int16_t silence[2 * FRAMES];
	esd_player_info_t player = { 0 };
	int64_t deadline;
	int stream =
	    esd_play_stream(S16_STEREO | PLAY, 22050, NULL, "all play");
	int id;

	NEEDED(stream > 2);
	id = find_player(esd, "all play", &player); /* before any sound */
	NEEDED(id > 0);
	EQUAL(player.rate, 22050);
	EQUAL(player.format & 0xFF, S16_STEREO);
	EQUAL(player.left_vol_scale, UNITY);
	EQUAL(player.right_vol_scale, UNITY);
	EQUAL(esd_set_stream_pan(esd, id, 128, 64), 1);
	EQUAL(find_player(esd, "all play", &player), id);
	EQUAL(player.left_vol_scale, 128);
	EQUAL(player.right_vol_scale, 64);
	EQUAL(esd_set_stream_pan(esd, 0x7FFFFFF0, 1, 1), 0);
	EQUAL(write(stream, silence, sizeof(silence)), sizeof(silence));
	EQUAL(esd_close(stream), 0);
	deadline = now_ms() + PATIENCE;
	while (find_player(esd, "all play", &player) != 0) {
		NEEDED(now_ms() < deadline);
		pause_ms(10);
	}
}

static void
test_names(int esd)
{
	char name[201];
	esd_player_info_t player = { 0 };
	int stream;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	stream = esd_play_stream_fallback(0x10, 8000, NULL, name);
	NEEDED(stream > 2);
	name[127] = '\0';
	TRUE(find_player(esd, name, &player) > 0);
	EQUAL(esd_close(stream), 0);
	stream = esd_play_stream(0x20 | PLAY, 96000, NULL, NULL);
	NEEDED(stream > 2);
	TRUE(find_player(esd, "", &player) > 0);
	EQUAL(player.rate, 96000);
	EQUAL(esd_close(stream), 0);
	EQUAL(esd_play_stream(S16_STEREO, 44100, NOWHERE, "no"), -1);
	EQUAL(esd_play_stream_fallback(S16_STEREO, 44100, NOWHERE, "no"), -1);
	EQUAL(esd_record_stream(S16_STEREO, 44100, NOWHERE, "no"), -1);
	EQUAL(esd_record_stream_fallback(S16_STEREO, 44100, NOWHERE, "no"), -1);
	EQUAL(esd_monitor_stream(S16_STEREO, 44100, NOWHERE, "no"), -1);
	EQUAL(esd_filter_stream(S16_STEREO, 44100, NOWHERE, "no"), -1);
}

void
test_play(void)
{
	int before = open_descriptors();
	int esd = esd_open_sound(NULL);

	NEEDED(esd > 2);
	TRUE(esd_get_latency(esd) >= 8192);
	TRUE(esd_get_latency(esd) < 8192 + 44100);
	test_player(esd);
	test_names(esd);
	EQUAL(esd_close(esd), 0);
	EQUAL(open_descriptors(), before);
}

/* Keeps something playing until `fd` has sound for us, or time is up. */
static bool
play_until_readable(int fd)
{
	static int16_t tone[2 * FRAMES];
	int64_t deadline = now_ms() + PATIENCE;
	int stream = esd_play_stream(S16_STEREO | PLAY, 44100, NULL, "tone");
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	int ready = 0;

	for (size_t i = 0; i < sizeof(tone) / sizeof(tone[0]); i++) {
		tone[i] = (int16_t)(i * 7);
	}
	while (ready == 0 && stream > 2 && now_ms() < deadline) {
		(void)send(stream, tone, sizeof(tone),
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		ready = poll(&poller, 1, 20);
	}
	(void)esd_close(stream);
	return ready == 1;
}

void
test_monitor(void)
{
	char sound[4096];
	int monitor = esd_monitor_stream(S16_STEREO, 44100, NULL, "all mon");

	NEEDED(monitor > 2);
	TRUE(play_until_readable(monitor));
	TRUE(recv(monitor, sound, sizeof(sound), MSG_DONTWAIT) > 0);
	EQUAL(esd_close(monitor), 0);
}

void
test_filter(void)
{
	char sound[4096];
	ssize_t got;
	int filter = esd_filter_stream(S16_STEREO | PLAY, 44100, NULL, "all f");

	NEEDED(filter > 2);
	TRUE(play_until_readable(filter));
	got = recv(filter, sound, sizeof(sound), MSG_DONTWAIT);
	TRUE(got > 0);
	EQUAL(send(filter, sound, got > 0 ? (size_t)got : 0, MSG_NOSIGNAL),
	    got);
	EQUAL(esd_close(filter), 0);
}

void
test_record(void)
{
	char sound[4096];
	int record =
	    esd_record_stream(S16_STEREO | RECORD, 44100, NULL, "all rec");

	NEEDED(record > 2);
	TRUE(is_readable(record));
	TRUE(recv(record, sound, sizeof(sound), MSG_DONTWAIT) > 0);
	EQUAL(esd_close(record), 0);
	record =
	    esd_record_stream_fallback(S16_STEREO | RECORD, 44100, NULL, NULL);
	NEEDED(record > 2);
	TRUE(is_readable(record));
	EQUAL(esd_close(record), 0);
}

/* --- samples -------------------------------------------------------------- */

/* Uploads FRAMES frames of 16-bit mono; its id, or -1. */
static int
upload(int esd, const char *name)
{
	static const int16_t sound[FRAMES];
	int id = esd_sample_cache(esd, S16_MONO | PLAY | SAMPLE, 22050,
	    sizeof(sound), name);

	if (id <= 0 ||
	    send(esd, sound, sizeof(sound), MSG_NOSIGNAL) != sizeof(sound)) {
		return -1;
	}
	return esd_confirm_sample_cache(esd) == id ? id : -1;
}

static void
test_kept(int esd, int id)
{
	esd_sample_info_t sample = { 0 };

	EQUAL(esd_sample_getid(esd, "all sample"), id);
	EQUAL(esd_sample_getid(esd, "all sampl"), -1);
	EQUAL(esd_sample_getid(esd, NULL), -1);
	EQUAL(find_sample(esd, "all sample", &sample), id);
	EQUAL(sample.length, FRAMES * 2);
	EQUAL(sample.rate, 22050);
	EQUAL(sample.format & 0xFF, S16_MONO);
	EQUAL(sample.left_vol_scale, UNITY);
	EQUAL(esd_set_default_sample_pan(esd, id, 64, 32), 1);
	EQUAL(esd_set_default_sample_pan(esd, 0x7FFFFFF0, 64, 32), 0);
	EQUAL(find_sample(esd, "all sample", &sample), id);
	EQUAL(sample.left_vol_scale, 64);
	EQUAL(sample.right_vol_scale, 32);
}

static void
test_played(int esd, int id)
{
	esd_player_info_t player = { 0 };
	int unknown = esd_sample_play(esd, 77777);

	TRUE(unknown == 0 || unknown == 77777); /* by server */
	EQUAL(esd_sample_play(esd, id), id);
	EQUAL(esd_sample_loop(esd, id), id);
	EQUAL(find_player(esd, "all sample", &player), id);
	EQUAL(esd_sample_stop(esd, id), id);
	EQUAL(esd_sample_free(esd, id), id);
}

static void
test_kill(int id)
{
	int esd = esd_open_sound(NULL);
	int killed;

	NEEDED(esd > 2);
	killed = esd_sample_kill(esd, id);
	TRUE(killed == id || killed == -1); /* by server */
	EQUAL(esd_close(esd), 0);
}

void
test_samples(void)
{
	int esd = esd_open_sound(NULL);
	int id, empty;

	NEEDED(esd > 2);
	EQUAL(esd_sample_cache(esd, S16_MONO, 22050, -1, "negative"), -1);
	id = upload(esd, "all sample");
	NEEDED(id > 0);
	test_kept(esd, id);
	test_kill(id);
	test_played(esd, id);
	empty = esd_sample_cache(esd, S16_MONO | PLAY, 22050, 0, "all empty");
	TRUE(empty > id);
	EQUAL(esd_confirm_sample_cache(esd), empty);
	EQUAL(esd_sample_free(esd, empty), empty);
	EQUAL(esd_close(esd), 0);
}

/* --- files ---------------------------------------------------------------- */

static int frames_left;

/* What a program's libaudiofile would be; found in the program by its name. */
long afReadFrames(AFfilehandle file, int track, void *samples, int frames);

long
afReadFrames(AFfilehandle file, int track, void *samples, int frames)
{
	int16_t *out = samples;
	int count = frames < frames_left ? frames : frames_left;

	EQUAL(track, 1001);
	for (int i = 0; i < count; i++) {
		*out++ = (int16_t)frames_left--;
	}
	return count;
}

static void
test_send_file(void)
{
	static int file;
	int16_t got[5000];
	int ends[2];

	NEEDED(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	frames_left = 5000;
	EQUAL(esd_send_file(ends[0], (AFfilehandle)&file, 2), 0);
	EQUAL(recv(ends[1], got, sizeof(got), MSG_WAITALL), sizeof(got));
	for (int i = 0; i < 5000; i++) {
		NEEDED(got[i] == 5000 - i);
	}
	frames_left = 5000;
	EQUAL(esd_send_file(ends[0], (AFfilehandle)&file, 0), 1);
	EQUAL(esd_send_file(ends[0], NULL, 2), 1);
	EQUAL(close(ends[1]), 0);
	EQUAL(esd_send_file(ends[0], (AFfilehandle)&file, 2), 1);
	EQUAL(close(ends[0]), 0);
}

static void
put(FILE *file, unsigned value, int bytes)
{
	for (; bytes > 0; bytes--) {
		(void)putc((int)(value & 0xFF), file);
		value >>= 8;
	}
}

/* A WAV file of FRAMES frames, 16-bit mono. */
static bool
make_wav(const char *path)
{
	FILE *file = fopen(path, "wb");

	if (file == NULL) {
		return false;
	}
	(void)fputs("RIFF", file);
	put(file, 36 + FRAMES * 2, 4);
	(void)fputs("WAVEfmt ", file);
	put(file, 16, 4);
	put(file, 1, 2);
	put(file, 1, 2);
	put(file, 22050, 4);
	put(file, 44100, 4);
	put(file, 2, 2);
	put(file, 16, 2);
	(void)fputs("data", file);
	put(file, FRAMES * 2, 4);
	for (unsigned i = 0; i < FRAMES; i++) {
		put(file, i, 2);
	}
	return fclose(file) == 0;
}

void
test_file(void)
{
	bool can = getenv("NO_SNDFILE") == NULL;
	char name[128];
	const char *path = "./all-test.wav";
	int esd = esd_open_sound(NULL);
	int id;

	NEEDED(esd > 2 && make_wav(path));
	EQUAL(esd_play_file("all", "/nonexistent", 1), 0);
	EQUAL(esd_play_file("all", NULL, 1), 0);
	EQUAL(esd_play_file("all", path, 1), can);
	EQUAL(esd_play_file(NULL, path, 0), can);
	id = esd_file_cache(esd, "all", path);
	EQUAL(id > 0, can);
	if (id > 0) {
		(void)snprintf(name, sizeof(name), "all:%s", path);
		EQUAL(esd_sample_getid(esd, name), id);
		EQUAL(esd_sample_free(esd, id), id);
		id = esd_file_cache(esd, NULL, path);
		EQUAL(esd_sample_getid(esd, path), id);
		EQUAL(esd_sample_free(esd, id), id);
	}
	EQUAL(esd_file_cache(esd, "all", "/dev/null"), -1);
	EQUAL(unlink(path), 0);
	EQUAL(esd_close(esd), 0);
	test_send_file();
}
