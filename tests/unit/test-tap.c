/* tap.c and recorder.c, by one thread. */
#include <criterion/criterion.h>

#include "server/recorder.h"

#define RATE 48000

static struct tap tap;

static void
open_tap(void)
{
	cr_assert_eq(tap_init(&tap, RATE), 0);
}

static void
close_tap(void)
{
	tap_finish(&tap);
}

TestSuite(tap, .init = open_tap, .fini = close_tap);

/* Writes n frames that count on from *next, at full scale's 16th bit. */
static void
feed(uint32_t n, int32_t *next)
{
	while (n-- > 0) {
		int64_t frame[2] = { (int64_t)*next * 65536,
			-(int64_t)*next * 65536 };

		tap_write(&tap, RATE, frame, 1);
		(*next)++;
	}
}

Test(tap, a_reader_gets_what_was_written_since_it_came)
{
	int32_t next = 1, out[8][2];
	uint64_t at, lost = 0;

	feed(5, &next);
	at = tap_head(&tap);
	feed(3, &next);
	cr_assert_eq(tap_read(&tap, &at, out, 8, &lost), 3);
	cr_expect_eq(out[0][0], 6 * 65536);
	cr_expect_eq(out[2][1], -8 * 65536);
	cr_expect_eq(tap_read(&tap, &at, out, 8, &lost), 0);
	cr_expect_eq(lost, 0);
}

Test(tap, a_slow_reader_loses_the_oldest)
{
	int32_t next = 0, out[4][2];
	uint64_t at = 0, lost = 0;

	feed(TAP_FRAMES + 10, &next);
	cr_assert_eq(tap_read(&tap, &at, out, 4, &lost), 4);
	cr_expect_eq(lost, 10);
	cr_expect_eq(out[0][0], 10 * 65536);
}

Test(tap, saturates)
{
	int64_t loud[2] = { INT64_C(1) << 40, -(INT64_C(1) << 40) };
	int32_t out[1][2];
	uint64_t at = 0, lost = 0;

	tap_write(&tap, RATE, loud, 1);
	cr_assert_eq(tap_read(&tap, &at, out, 1, &lost), 1);
	cr_expect_eq(out[0][0], INT32_MAX);
	cr_expect_eq(out[0][1], INT32_MIN);
}

Test(tap, readers_are_counted)
{
	cr_expect_not(atomic_load(&tap.wanted));
	tap_open(&tap);
	tap_open(&tap);
	tap_close(&tap);
	cr_expect(atomic_load(&tap.wanted));
	tap_close(&tap);
	cr_expect_not(atomic_load(&tap.wanted));
}

static struct recorder *
record(int32_t format, int32_t rate, bool swap)
{
	struct recorder *recorder;
	struct sound sound;

	cr_assert_eq(sound_parse(format, rate, swap, &sound), 0);
	cr_assert_eq(
	    recorder_create(&tap, &sound, kernel_find(NULL), &recorder), 0);
	return recorder;
}

Test(tap, a_recorder_at_the_tap_s_rate_gets_the_same_samples)
{
	struct recorder *recorder =
	    record(ESD_BITS16 | ESD_STEREO, RATE, false);
	int16_t out[40];
	int32_t next = 1;

	feed(9, &next);
	/* A whole number of frames, whatever room there is. */
	cr_assert_eq(recorder_pull(recorder, (uint8_t *)out, 4 * 9 + 3), 36);
	for (int i = 0; i < 9; i++) {
		cr_expect_eq(out[2 * i], i + 1);
		cr_expect_eq(out[2 * i + 1], -(i + 1));
	}
	recorder_destroy(recorder);
}

Test(tap, a_recorder_gets_its_own_byte_order_and_width)
{
	struct recorder *swapped = record(ESD_BITS16 | ESD_STEREO, RATE, true);
	struct recorder *bytes = record(ESD_STEREO, RATE, false);
	uint8_t out[8];
	int64_t frame[2] = { INT64_C(0x1234) << 16, INT64_C(-0x1200) * 65536 };

	tap_write(&tap, RATE, frame, 1);
	cr_assert_eq(recorder_pull(swapped, out, sizeof(out)), 4);
	cr_expect_eq(out[1] << 8 | out[0],
	    __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0x3412 : 0x1234);
	frame[0] = INT64_C(0x1200) * 65536;
	cr_assert_eq(recorder_pull(bytes, out, sizeof(out)), 2);
	tap_write(&tap, RATE, frame, 1);
	cr_assert_eq(recorder_pull(bytes, out, sizeof(out)), 2);
	cr_expect_eq(out[0], 0x80 + 0x12);
	cr_expect_eq(out[1], 0x80 - 0x12);
	recorder_destroy(swapped);
	recorder_destroy(bytes);
}

Test(tap, a_recorder_at_another_rate_gets_as_many_frames_in_the_end)
{
	struct recorder *recorder = record(ESD_MONO, 11025, false);
	uint8_t out[512];
	int32_t next = 0;
	int total = 0, bytes;

	for (int i = 0; i < 100; i++) {
		feed(480, &next);
		while (
		    (bytes = recorder_pull(recorder, out, sizeof(out))) > 0) {
			total += bytes;
		}
	}
	cr_expect_eq(total, 11025);
	recorder_destroy(recorder);
}
