/* The null and file devices; times are made up, so none has to pass. */
#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/device/device.h"
#include "server/device/pace.h"

#define SECOND UINT64_C(1000000000)

static const struct device_want want = { .rate = 48000,
	.period = 256,
	.periods = 4,
	.format = -1 };

Test(pace, frames_are_due_exactly)
{
	cr_expect_eq(pace_frames(0, 44100), 0);
	cr_expect_eq(pace_frames(SECOND - 1, 44100), 44099);
	cr_expect_eq(pace_frames(SECOND, 44100), 44100);
	/* A century, at the greatest rate: no overflow, no drift. */
	cr_expect_eq(pace_frames(3155760000 * SECOND, DEVICE_RATE_MAX),
	    3155760000 * DEVICE_RATE_MAX);
	for (uint64_t n = 0; n < 200000; n += 7) {
		uint64_t ns = pace_ns(n, 44100);

		cr_assert_eq(pace_frames(ns, 44100), n);
		cr_assert(n == 0 || pace_frames(ns - 1, 44100) == n - 1);
	}
}

static struct pace
paced(void)
{
	struct device_got got = { .rate = 48000,
		.period = 256,
		.buffer = 1024 };
	struct pace pace;

	cr_assert_eq(pace_open(&pace, &got), 0);
	return pace;
}

Test(pace, the_buffer_first_and_then_what_is_due)
{
	struct pace pace = paced();
	uint64_t now = 5 * SECOND, total = 0;

	cr_expect_eq(pace_room(&pace, now), 1024);
	pace_wrote(&pace, 256, now);
	cr_expect_eq(pace_room(&pace, now), 768);
	pace_wrote(&pace, 768, now);
	cr_expect_eq(pace_room(&pace, now), 0);
	cr_expect_eq(pace_delay(&pace, now), 1024);
	for (int i = 1; i <= 10000; i++) {
		uint64_t due = pace_due(&pace);

		cr_assert_lt(pace_room(&pace, due - 1), 256);
		cr_assert_eq(pace_room(&pace, due), 256);
		pace_wrote(&pace, 256, due);
		total += 256;
		cr_assert_eq(due, now + pace_ns(total, 48000));
	}
	pace_close(&pace);
}

Test(pace, a_stall_is_skipped)
{
	struct pace pace = paced();
	uint64_t now = SECOND;

	pace_wrote(&pace, 1024, now);
	now += 3600 * SECOND;
	cr_expect_eq(pace_room(&pace, now), 1024);
	cr_expect_eq(pace_delay(&pace, now), 0);
	pace_wrote(&pace, 1024, now);
	cr_expect_eq(pace_room(&pace, now), 0);
	now += SECOND / 1000;
	cr_expect_eq(pace_room(&pace, now), 48);
	pace_close(&pace);
}

/* Readable now (or at once, its time has come); never otherwise. */
static bool
is_readable(const struct pace *pace)
{
	struct pollfd fd;

	pace_fds(pace, &fd);
	return poll(&fd, 1, 0) == 1;
}

Test(pace, the_timer_tells_of_room)
{
	struct pace pace = paced();
	struct pollfd fd;

	cr_expect(is_readable(&pace), "at the start");
	/* A clock far ahead keeps the timer from going off meanwhile. */
	pace_wrote(&pace, 768, pace_now() + 1000 * SECOND);
	cr_expect(is_readable(&pace), "a period still fits");
	pace_wrote(&pace, 256, pace_now());
	cr_expect(!is_readable(&pace), "full");
	pace_close(&pace);

	pace = paced();
	pace_wrote(&pace, 1024, pace_now());
	pace_fds(&pace, &fd);
	cr_expect_eq(poll(&fd, 1, 10000), 1);
	cr_expect_geq(pace_room(&pace, pace_now()), 256);
	pace_close(&pace);
}

Test(null, grants_what_it_can)
{
	struct device_want absurd = { .rate = 1000000,
		.period = 1,
		.periods = 1000,
		.format = OUT_S32_BE,
		.access = ACCESS_MMAP };
	struct device *device;
	struct device_got got;
	char frames[1024 * 4] = { 0 };
	struct pollfd fds[DEVICE_FDS_MAX];

	cr_assert_eq(device_null.open("null", &absurd, &device, &got), 0);
	cr_expect_eq(got.rate, DEVICE_RATE_MAX);
	cr_expect_eq(got.period, DEVICE_PERIOD_MIN);
	cr_expect_eq(got.buffer, DEVICE_PERIOD_MIN * PACE_PERIODS_MAX);
	cr_expect_eq(got.format, OUT_S32_BE);
	device_null.close(device);

	cr_assert_eq(device_null.open("null", &want, &device, &got), 0);
	cr_expect_eq(got.rate, 48000);
	cr_expect_eq(got.period, 256);
	cr_expect_eq(got.buffer, 1024);
	cr_expect_eq(got.channels, 2);
	cr_expect_eq(got.format, OUT_S16_LE);
	cr_expect_eq(got.access, ACCESS_RW);
	cr_expect_eq(device_null.fds(device, fds), 1);
	cr_expect_eq(device_null.room(device, fds, 1), 1024);
	cr_expect_eq(device_null.write(device, frames, 1024), 0);
	cr_expect_gt(device_null.delay(device), 0);
	cr_expect_str_eq(device_null.reason(-ENOSPC), strerror(ENOSPC));
	cr_expect_not_null(device_null.reason(-123456));
	device_null.close(device);
}

/* A file that the test removes again. */
static char path[PATH_MAX], name[PATH_MAX + 8];

static void
name_file(const char *suffix)
{
	char directory[] = "/tmp/device-XXXXXX";

	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/%s", directory, suffix);
	snprintf(name, sizeof(name), "file:%s", path);
}

static void
remove_file(void)
{
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
}

static size_t
read_file(unsigned char *bytes, size_t size)
{
	FILE *file = fopen(path, "rb");

	cr_assert_not_null(file);
	size_t count = fread(bytes, 1, size, file);
	fclose(file);
	return count;
}

static void
fill(unsigned char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bytes[i] = (unsigned char)(i * 7 + i / 256);
	}
}

static unsigned char sound[1 << 20], kept[(1 << 20) + 100];

Test(file, raw_keeps_every_byte, .fini = remove_file)
{
	struct device *device;
	struct device_got got;

	name_file("mix.raw");
	fill(sound, sizeof(sound));
	cr_assert_eq(device_file.open(name, &want, &device, &got), 0);
	cr_expect_eq(got.format, OUT_S16_LE);
	cr_expect_eq(got.channels, 2);
	for (size_t at = 0; at < sizeof(sound); at += 1024) {
		cr_assert_eq(device_file.write(device, sound + at, 256), 0);
	}
	device_file.close(device);
	cr_assert_eq(read_file(kept, sizeof(kept)), sizeof(sound));
	cr_expect_arr_eq(kept, sound, sizeof(sound));
}

/* 48000 Hz stereo; sizes of 0x1234 bytes of data. */
static const unsigned char header16[] = { 'R', 'I', 'F', 'F', 0x58, 0x12, 0, 0,
	'W', 'A', 'V', 'E', 'f', 'm', 't', ' ', 16, 0, 0, 0, 1, 0, 2, 0, 0x80,
	0xbb, 0, 0, 0x00, 0xee, 2, 0, 4, 0, 16, 0, 'd', 'a', 't', 'a', 0x34,
	0x12, 0, 0 };
static void
expect_wav(int format)
{
	struct device_want wish = want;
	struct device *device;
	struct device_got got;

	name_file("mix.WAV");
	fill(sound, 0x1234);
	wish.format = format;
	cr_assert_eq(device_file.open(name, &wish, &device, &got), 0);
	cr_expect_eq(got.format, OUT_S16_LE);
	cr_assert_eq(device_file.write(device, sound, 0x1234 / 4), 0);
	device_file.close(device);
	cr_assert_eq(read_file(kept, sizeof(kept)), 44 + 0x1234);
	cr_expect_arr_eq(kept, header16, 44);
	cr_expect_arr_eq(kept + 44, sound, 0x1234);
}

Test(file, wav_16_bit, .fini = remove_file)
{
	expect_wav(-1);
}

Test(file, wav_of_another_byte_order, .fini = remove_file)
{
	expect_wav(OUT_S16_BE);
}

/* The same in 24 bits, from the format's tag to the data's. */
static const unsigned char fmt24[] = { 1, 0, 2, 0, 0x80, 0xbb, 0, 0, 0x00, 0x65,
	4, 0, 6, 0, 24, 0, 'd', 'a', 't', 'a' };

Test(file, wav_24_bit, .fini = remove_file)
{
	struct device_want wish = want;
	struct device *device;
	struct device_got got;

	name_file("mix.wav");
	wish.format = OUT_S24_LE;
	cr_assert_eq(device_file.open(name, &wish, &device, &got), 0);
	cr_expect_eq(got.format, OUT_S24_3LE);
	device_file.close(device);
	cr_assert_eq(read_file(kept, sizeof(kept)), 44);
	cr_expect_arr_eq(kept + 20, fmt24, sizeof(fmt24));
}

static uint32_t
size_at(unsigned offset)
{
	cr_assert_geq(read_file(kept, sizeof(kept)), 44);
	return (uint32_t)(kept[offset] | kept[offset + 1] << 8 |
			  kept[offset + 2] << 16 |
			  (uint32_t)kept[offset + 3] << 24);
}

Test(file, a_running_wav_is_valid_to_the_second, .fini = remove_file)
{
	struct device *device;
	struct device_got got;

	name_file("mix.wav");
	cr_assert_eq(device_file.open(name, &want, &device, &got), 0);
	cr_expect_eq(size_at(40), 0);
	cr_assert_eq(device_file.write(device, sound, 47999), 0);
	cr_expect_eq(size_at(40), 0);
	cr_assert_eq(device_file.write(device, sound, 1), 0);
	cr_expect_eq(size_at(40), 192000);
	cr_expect_eq(size_at(4), 192036);
	cr_assert_eq(device_file.write(device, sound, 5), 0);
	cr_expect_eq(size_at(40), 192000);
	device_file.close(device);
	cr_expect_eq(size_at(40), 192020);
}

Test(file, a_full_disk_does_not_stop_it)
{
	struct device *device;
	struct device_got got;

	cr_assert_eq(device_file.open("file:/dev/full", &want, &device, &got),
	    0);
	cr_expect_eq(device_file.room(device, NULL, 0), 1024);
	cr_expect_eq(device_file.write(device, sound, 1024), -ENOSPC);
	cr_expect_lt(device_file.room(device, NULL, 0), 1024,
	    "its time must pass all the same");
	device_file.close(device);
}

Test(file, what_does_not_fit_leaves_no_trace, .fini = remove_file)
{
	struct rlimit limit;
	struct device *device;
	struct device_got got;

	name_file("mix.raw");
	fill(sound, 20480);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	cr_assert_eq(device_file.open(name, &want, &device, &got), 0);
	limit.rlim_cur = 1500;
	setrlimit(RLIMIT_FSIZE, &limit);
	cr_expect_eq(device_file.write(device, sound, 256), 0);
	cr_expect_eq(device_file.write(device, sound + 1024, 256), -ENOSPC);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
	cr_expect_eq(read_file(kept, sizeof(kept)), 1024);

	cr_expect_eq(device_file.write(device, sound + 1024, 256), 0);
	device_file.close(device);
	cr_expect_eq(read_file(kept, sizeof(kept)), 2048);
	cr_expect_arr_eq(kept, sound, 2048);
}

Test(file, what_can_not_be_opened)
{
	struct device *device;
	struct device_got got;

	cr_expect_eq(device_file.open("file:/no/such/x", &want, &device, &got),
	    -ENOENT);
	cr_expect_eq(device_file.open("file:/tmp", &want, &device, &got),
	    -EISDIR);
	cr_expect_eq(device_file.open("file:", &want, &device, &got), -ENOENT);

	name_file("fifo");
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_expect_lt(device_file.open(name, &want, &device, &got), 0);
	remove_file();
}
