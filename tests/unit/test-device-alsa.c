/* alsa.c on the virtual card. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/device/device.h"
#include "tests/card/card.h"

#define PLUGIN "tests/card/.libs/libasound_module_pcm_vcard.so"

#define PATIENCE_MS 10000

static char dir[] = "/tmp/vcard-XXXXXX";
static int control;

static void
in_dir(char path[PATH_MAX], const char *name)
{
	snprintf(path, PATH_MAX, "%s/%s", dir, name);
}

/* Makes a card with those restrictions (see tests/card/settings.c). */
static void
make_card(const char *restrictions)
{
	const char *build = getenv("ESDMIXD_BUILDDIR");
	struct card_control zero = { 0 };
	char path[PATH_MAX];

	cr_assert_not_null(mkdtemp(dir));
	in_dir(path, "control");
	control = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	cr_assert_eq(write(control, &zero, sizeof(zero)), sizeof(zero));

	in_dir(path, "asound.conf");
	FILE *config = fopen(path, "w");
	fprintf(config,
	    "pcm_type.vcard { lib \"%s/%s\" }\n"
	    "pcm.plug { @args [ SLAVE ] @args.SLAVE { type string }\n"
	    " type plug slave.pcm $SLAVE }\n"
	    "pcm.vcard { type vcard dir \"%s\" %s }\n",
	    build != NULL ? build : ".", PLUGIN, dir, restrictions);
	fclose(config);
	setenv("ALSA_CONFIG_PATH", path, 1);
}

static void
remove_card(void)
{
	static const char *const names[] = { "control", "asound.conf",
		"played.raw", "clock", "events", "playback", "playback.1",
		"capture", "stderr" };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		in_dir(path, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

TestSuite(alsa, .fini = remove_card, .timeout = 60);

static void
command(size_t offset, uint64_t value)
{
	cr_assert_eq(pwrite(control, &value, sizeof(value), (off_t)offset), 8);
}

#define COMMAND(field, value)                                                  \
	command(offsetof(struct card_control, field), value)

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static const struct device_want usual = { .rate = 48000,
	.period = 256,
	.periods = 4,
	.format = -1 };

static struct device_got
granted_to(const struct device_want *want)
{
	struct device *device;
	struct device_got got;
	int error = device_alsa.open("vcard", want, &device, &got);

	cr_assert_eq(error, 0, "%s", device_alsa.reason(error));
	device_alsa.close(device);
	return got;
}

static struct device_got
granted(const char *restrictions)
{
	make_card(restrictions);
	return granted_to(&usual);
}

Test(alsa, a_card_that_takes_anything)
{
	struct device_got got = granted("");

	cr_expect_eq(got.rate, 48000);
	cr_expect_eq(got.period, 256);
	cr_expect_eq(got.buffer, 1024);
	cr_expect_eq(got.channels, 2);
	cr_expect_eq(got.access, ACCESS_MMAP);
	cr_expect_str_eq(out_format_name(got.format),
	    __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? "S32_LE" : "S32_BE");
}

Test(alsa, the_nearest_rate)
{
	cr_expect_eq(granted("rates \"44100\"").rate, 44100);
}

Test(alsa, the_nearest_rate_of_two)
{
	cr_expect_eq(granted("rates \"32000 96000\"").rate, 32000);
}

Test(alsa, no_rate_we_can_do)
{
	struct device *device;
	struct device_got got;

	make_card("rates \"4000 5512\"");
	cr_expect_eq(device_alsa.open("vcard", &usual, &device, &got), -EINVAL);
}

#define FORMAT_TEST(name)                                                      \
	Test(alsa, only_##name)                                                \
	{                                                                      \
		cr_expect_eq(granted("formats " #name).format, OUT_##name);    \
	}

FORMAT_TEST(S16_LE)
FORMAT_TEST(S16_BE)
FORMAT_TEST(S24_3LE)
FORMAT_TEST(S24_3BE)
FORMAT_TEST(S24_LE)
FORMAT_TEST(S32_LE)
FORMAT_TEST(S32_BE)

Test(alsa, the_wanted_format_or_the_widest)
{
	struct device_want want = usual;

	make_card("formats \"S16_LE S24_3LE\"");
	want.format = OUT_S16_LE;
	cr_expect_eq(granted_to(&want).format, OUT_S16_LE);
	want.format = OUT_S32_LE;
	cr_expect_eq(granted_to(&want).format, OUT_S24_3LE);
	want.format = -1;
	cr_expect_eq(granted_to(&want).format, OUT_S24_3LE);
}

/* ALSA's own converter does what we cannot. */
Test(alsa, no_format_of_ours)
{
	cr_expect_eq(granted("formats FLOAT_LE").format,
	    granted_to(&usual).format);
}

/* One such name is in quotes, with arguments; nothing that could be plugged. */
Test(alsa, names_that_are_none)
{
	struct device *device;
	struct device_got got;
	static const char *const names[] = { "nobody", "plug:'nobody'", "'",
		"nobody:CARD=1,DEV=\"2\"" };

	make_card("");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		cr_expect_lt(device_alsa.open(names[i], &usual, &device, &got),
		    0, "%s", names[i]);
	}
}

Test(alsa, sizes_by_time_and_by_frames)
{
	struct device_want want = usual;

	make_card("rates \"44100\"");
	want.period_us = 10000;
	cr_expect_eq(granted_to(&want).period, 441);
	cr_expect_eq(granted_to(&want).buffer, 4 * 441);
	want.buffer = 1323;
	cr_expect_eq(granted_to(&want).buffer, 1323);
	want.buffer_us = 50000;
	cr_expect_eq(granted_to(&want).buffer, 2205);
	want.buffer_us = 1;
	cr_expect_eq(granted_to(&want).buffer, 2 * 441);
	want.period_us = 0;
	cr_expect_eq(granted_to(&want).period, 256);
}

Test(alsa, the_front_pair_is_where_the_card_says)
{
	struct device_got got = granted("channels \"4\" chmap \"RL RR FR FL\"");

	cr_expect_eq(got.channels, 4);
	cr_expect_eq(got.front[0], 3);
	cr_expect_eq(got.front[1], 2);
}

Test(alsa, no_map_and_maps_without_a_front)
{
	struct device_got got = granted("");

	cr_expect_eq(got.front[0], 0);
	cr_expect_eq(got.front[1], 1);
}

Test(alsa, only_a_rear_pair)
{
	struct device_got got = granted("chmap \"MONO;RL RR\"");

	cr_expect_eq(got.channels, 2);
	cr_expect_eq(got.front[0], 0);
	cr_expect_eq(got.front[1], 1);
}

/* Two channels would be behind the listener. */
Test(alsa, more_channels_for_a_front)
{
	struct device_got got =
	    granted("chmap \"RL RR;FL FR LFE;RL RR FC FL FR\"");

	cr_expect_eq(got.channels, 3);
	cr_expect_eq(got.front[0], 0);
	cr_expect_eq(got.front[1], 1);
}

Test(alsa, one_substream_of_many)
{
	struct device *devices[3];
	struct device_got got;

	make_card("substreams 2");
	cr_expect_eq(device_alsa.open("vcard", &usual, &devices[0], &got), 0);
	cr_expect_eq(device_alsa.open("vcard", &usual, &devices[1], &got), 0);
	cr_expect_eq(device_alsa.open("vcard", &usual, &devices[2], &got),
	    -EBUSY);
	device_alsa.close(devices[0]);
	device_alsa.close(devices[1]);
}

Test(alsa, mono)
{
	cr_expect_eq(granted("channels \"1\"").channels, 1);
}

Test(alsa, eight_channels)
{
	cr_expect_eq(granted("channels \"8\"").channels, 8);
}

Test(alsa, stereo_rather_than_more)
{
	cr_expect_eq(granted("channels \"1 2 6 8\"").channels, 2);
}

Test(alsa, more_rather_than_mono)
{
	cr_expect_eq(granted("channels \"1 6 8\"").channels, 6);
}

Test(alsa, only_one_access)
{
	struct device_want want = usual;

	make_card("access mmap");
	want.access = ACCESS_RW;
	cr_expect_eq(granted_to(&want).access, ACCESS_MMAP);
}

Test(alsa, only_the_other_access)
{
	struct device_want want = usual;

	make_card("access rw");
	cr_expect_eq(granted_to(&want).access, ACCESS_RW);
	want.access = ACCESS_MMAP;
	cr_expect_eq(granted_to(&want).access, ACCESS_RW);
}

Test(alsa, the_wanted_access)
{
	struct device_want want = usual;

	make_card("");
	want.access = ACCESS_RW;
	cr_expect_eq(granted_to(&want).access, ACCESS_RW);
}

Test(alsa, periods_of_exactly_4096_bytes)
{
	struct device_got got =
	    granted("formats S16_LE channels \"2\" "
		    "period_bytes_min 4096 period_bytes_max 4096");

	cr_expect_eq(got.period, 1024);
	cr_expect_geq(got.buffer, 2048);
}

Test(alsa, a_small_buffer)
{
	struct device_want want = { .rate = 48000,
		.period = 1024,
		.periods = 4,
		.format = OUT_S16_LE };

	make_card("buffer_bytes_max 2048");
	struct device_got got = granted_to(&want);
	cr_expect_eq(got.buffer, 512);
	cr_expect_leq(got.period, 256);
}

Test(alsa, exactly_two_periods)
{
	struct device_got got = granted("periods_min 2 periods_max 2");

	cr_expect_eq(got.period, 256);
	cr_expect_eq(got.buffer, 512);
}

Test(alsa, a_period_that_is_the_whole_buffer)
{
	struct device_got got = granted("periods_min 1 periods_max 1 "
					"formats S16_LE channels \"2\"");

	cr_expect_eq(got.period, got.buffer / 2);
}

Test(alsa, periods_too_long_to_mix_at_once)
{
	struct device_got got =
	    granted("formats S16_LE channels \"2\" buffer_bytes_max 1048576 "
		    "period_bytes_min 65536 period_bytes_max 65536");

	cr_expect_eq(got.period, ENGINE_PERIOD_MAX);
	cr_expect_geq(got.buffer, 2 * 16384);
}

/* A card that plays, and what was written to it. */
static struct device *device;
static struct device_got got;
static uint32_t written; /* frames */

/* Frame n of the test sound, as S16_LE stereo. */
static void
put_frame(uint8_t *at, uint32_t n)
{
	uint32_t value = (n + 1) * 2654435761u;

	memcpy(at, &value, sizeof(value));
}

static int
write_frames(uint32_t n)
{
	static uint8_t frames[8192 * 4];

	cr_assert_leq(n, 8192);
	for (uint32_t i = 0; i < n; i++) {
		put_frame(frames + 4 * (size_t)i, written + i);
	}

	int error = device_alsa.write(device, frames, n);
	if (error == 0) {
		written += n;
	}
	return error;
}

static int
room_after_poll(int timeout)
{
	struct pollfd fds[DEVICE_FDS_MAX];
	int count = device_alsa.fds(device, fds);

	cr_assert_gt(count, 0);
	cr_assert_geq(poll(fds, (nfds_t)count, timeout), 0);
	return device_alsa.room(device, fds, count);
}

/* As the mixer does: whole periods, until there is room for no more. */
static int
prime(void)
{
	int room;

	while ((room = device_alsa.room(device, NULL, 0)) >= (int)got.period) {
		int error = write_frames(got.period);

		if (error < 0) {
			return error;
		}
	}
	return room < 0 ? room : 0;
}

/* Plays until so many frames are written; 0 or the error. */
static int
play(uint32_t frames)
{
	while (written < frames) {
		int room = room_after_poll(PATIENCE_MS);

		if (room < 0) {
			return room;
		}
		while (room >= (int)got.period) {
			int error = write_frames(got.period);

			if (error < 0) {
				return error;
			}
			room -= (int)got.period;
		}
	}
	return 0;
}

static void
open_card(const char *restrictions, enum device_access access)
{
	/* Long enough for a machine that is busy with other tests. */
	struct device_want want = { .rate = 48000,
		.period = 1024,
		.periods = 4,
		.format = OUT_S16_LE,
		.access = access };

	make_card(restrictions);
	cr_assert_eq(device_alsa.open("vcard", &want, &device, &got), 0);
	cr_assert_eq(got.format, OUT_S16_LE);
	cr_assert_eq(got.channels, 2);
}

static uint8_t played[1 << 20]; /* the beginning of what was played */

static size_t
played_bytes(void)
{
	char path[PATH_MAX];

	in_dir(path, "played.raw");
	FILE *file = fopen(path, "rb");
	cr_assert_not_null(file);
	size_t count = fread(played, 1, sizeof(played), file);
	fclose(file);
	return count;
}

/* All that was played is what was written, from its beginning. */
static void
expect_exact(uint32_t at_least)
{
	size_t frames = played_bytes() / 4;

	cr_expect_geq(frames, at_least);
	for (uint32_t i = 0; i < frames; i++) {
		uint8_t frame[4];

		put_frame(frame, i);
		cr_assert_arr_eq(played + 4 * (size_t)i, frame, 4, "frame %u",
		    i);
	}
}

static unsigned
events_named(const char *name)
{
	char path[PATH_MAX], line[512], found[64];
	unsigned count = 0;

	in_dir(path, "events");
	FILE *file = fopen(path, "r");
	cr_assert_not_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		cr_assert_eq(sscanf(line, "%*u %63s", found), 1);
		count += strcmp(found, name) == 0;
	}
	fclose(file);
	return count;
}

/* Through ALSA's converter, whose floating point holds 16 bits exactly. */
Test(alsa, floating_point_only)
{
	open_card("formats FLOAT_LE channels \"2\" rates \"48000\"",
	    ACCESS_AUTO);
	cr_assert_eq(prime(), 0);
	cr_assert_eq(play(24000), 0);
	device_alsa.close(device);

	size_t frames = played_bytes() / 8;
	cr_expect_geq(frames, 20000 - 1024);
	for (size_t i = 0; i < 2 * frames; i++) {
		float sample;
		uint8_t frame[4];

		memcpy(&sample, played + 4 * i, sizeof(sample));
		put_frame(frame, (uint32_t)(i / 2));
		cr_assert_eq((int16_t)lrintf(sample * 32768.0F),
		    (int16_t)(frame[i % 2 * 2] | frame[i % 2 * 2 + 1] << 8),
		    "sample %zu", i);
	}
}

static void
expect_playing(enum device_access access)
{
	open_card("", access);
	cr_expect_eq(got.access, access);
	cr_assert_eq(prime(), 0);
	cr_expect_eq(events_named("start"), 1);
	cr_expect_gt(device_alsa.delay(device), 2048);
	cr_expect_leq(device_alsa.delay(device), 4096);
	cr_assert_eq(play(24000), 0);
	device_alsa.close(device);
	expect_exact(20000 - 1024);
	cr_expect_eq(events_named("xrun"), 0);
	cr_expect_eq(events_named("start"), 1);
}

Test(alsa, mmap_access_plays_bit_for_bit)
{
	expect_playing(ACCESS_MMAP);
}

Test(alsa, rw_access_plays_bit_for_bit)
{
	expect_playing(ACCESS_RW);
}

Test(alsa, it_starts_when_primed_and_not_before)
{
	open_card("", ACCESS_AUTO);
	for (uint32_t i = 1; i < got.buffer / got.period; i++) {
		cr_assert_eq(write_frames(got.period), 0);
		cr_expect_eq(events_named("start"), 0);
	}
	cr_assert_eq(write_frames(got.period), 0);
	cr_expect_eq(events_named("start"), 1);
	device_alsa.close(device);
}

Test(alsa, an_underrun_is_told_and_recovered_from)
{
	open_card("", ACCESS_AUTO);
	cr_assert_eq(prime(), 0);

	/* Nothing more is written: it must run dry. */
	int room;
	do {
		room = room_after_poll(PATIENCE_MS);
	} while (room >= 0);
	cr_expect_eq(room, -EPIPE);
	cr_expect_eq(write_frames(16), -EPIPE);
	cr_expect_eq(device_alsa.delay(device), -EPIPE);
	cr_expect_eq(device_alsa.recover(device, -EPIPE), 0);
	cr_assert_eq(prime(), 0);
	cr_assert_eq(play(written + 8192), 0);
	device_alsa.close(device);
	expect_exact(4096 + 8192 - 1024);
	cr_expect_eq(events_named("xrun"), 1);
	cr_expect_eq(events_named("start"), 2);
}

Test(alsa, an_underrun_on_command)
{
	open_card("", ACCESS_AUTO);
	cr_assert_eq(prime(), 0);
	COMMAND(xruns, 1);
	cr_expect_eq(play(200000), -EPIPE);
	cr_expect_eq(device_alsa.recover(device, -EPIPE), 0);
	cr_assert_eq(prime(), 0);
	device_alsa.close(device);
}

Test(alsa, unplugging_is_an_error_that_means_lost)
{
	struct device *other;
	struct device_got other_got;

	open_card("", ACCESS_AUTO);
	cr_assert_eq(prime(), 0);
	COMMAND(unplugged, 1);
	COMMAND(unplugs, 1);
	cr_expect_eq(play(200000), -ENODEV);
	cr_expect_eq(write_frames(16), -ENODEV);
	cr_expect_lt(device_alsa.recover(device, -EPIPE), 0);
	cr_expect_eq(device_alsa.open("vcard", &usual, &other, &other_got),
	    -ENODEV);

	/* Back again: for whoever opens it anew. */
	COMMAND(unplugged, 0);
	cr_expect_eq(device_alsa.room(device, NULL, 0), -ENODEV);
	device_alsa.close(device);
	cr_assert_eq(device_alsa.open("vcard", &usual, &device, &other_got), 0);
	device_alsa.close(device);
}

/* Recovers as soon as it can; how often it could not. */
static unsigned
recover_from_suspend(void)
{
	struct timespec pause = { 0, 1000000 };
	unsigned tries = 0;
	int error;

	while ((error = device_alsa.recover(device, -ESTRPIPE)) == -EAGAIN) {
		nanosleep(&pause, NULL);
		tries++;
	}
	cr_expect_eq(error, 0);
	return tries;
}

Test(alsa, a_suspended_card_resumes_where_it_was)
{
	open_card("", ACCESS_AUTO);
	cr_assert_eq(prime(), 0);
	COMMAND(suspended_until, now_ns() + 100000000);
	COMMAND(suspends, 1);
	cr_expect_eq(play(200000), -ESTRPIPE);
	cr_expect_eq(write_frames(16), -ESTRPIPE);
	cr_expect_gt(recover_from_suspend(), 0);
	cr_assert_eq(play(written + 8192), 0);
	device_alsa.close(device);
	expect_exact(8192);
	cr_expect_eq(events_named("resume"), 1);
	cr_expect_eq(events_named("start"), 1);
}

Test(alsa, a_card_that_can_not_resume_is_started_again)
{
	open_card("resume 0", ACCESS_AUTO);
	cr_assert_eq(prime(), 0);
	COMMAND(suspended_until, now_ns() + 100000000);
	COMMAND(suspends, 1);
	cr_expect_eq(play(200000), -ESTRPIPE);
	cr_expect_gt(recover_from_suspend(), 0);
	cr_expect_eq(device_alsa.room(device, NULL, 0), (int)got.buffer);
	cr_assert_eq(prime(), 0);
	device_alsa.close(device);
	cr_expect_eq(events_named("start"), 2);
}

Test(alsa, a_stalled_card_wakes_nobody)
{
	struct pollfd fds[DEVICE_FDS_MAX];

	open_card("", ACCESS_AUTO);
	cr_assert_eq(prime(), 0);
	COMMAND(stalled_until, CARD_FOREVER);
	cr_expect_geq(room_after_poll(PATIENCE_MS), 0);
	cr_assert_eq(prime(), 0);

	int count = device_alsa.fds(device, fds);
	cr_expect_eq(poll(fds, (nfds_t)count, 100), 0);
	COMMAND(stalled_until, 0);
	cr_assert_eq(play(written + 4096), 0);
	device_alsa.close(device);
	expect_exact(4096);
}

/* Sends standard error to a file; what has come there in the end. */
static long
errors_written(int (*act)(void))
{
	char path[PATH_MAX];
	int before = dup(STDERR_FILENO);

	in_dir(path, "stderr");
	int file = open(path, O_RDWR | O_CREAT, 0600);
	dup2(file, STDERR_FILENO);
	act();
	fflush(stderr);
	dup2(before, STDERR_FILENO);
	return (long)lseek(file, 0, SEEK_END);
}

static int
open_what_is_not_there(void)
{
	int error = device_alsa.open("hw:77,5", &usual, &device, &got);

	cr_expect_lt(error, 0);
	cr_expect_str_not_empty(device_alsa.reason(error));
	return error;
}

Test(alsa, alsa_lib_writes_nothing_to_standard_error)
{
	make_card("");
	cr_expect_eq(errors_written(open_what_is_not_there), 0);
}

Test(alsa, a_busy_card_is_not_waited_for)
{
	struct device *other;
	struct device_got other_got;

	open_card("", ACCESS_AUTO);
	cr_expect_eq(device_alsa.open("vcard", &usual, &other, &other_got),
	    -EBUSY);
	device_alsa.close(device);
	COMMAND(refusal, EBUSY);
	cr_expect_eq(device_alsa.open("vcard", &usual, &other, &other_got),
	    -EBUSY);
	COMMAND(refusal, 0);
	cr_assert_eq(device_alsa.open("vcard", &usual, &other, &other_got), 0);
	device_alsa.close(other);
}
