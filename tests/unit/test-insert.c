/* insert.c, by one thread: the audio side and the client in turn. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "server/insert.h"

#define RATE   48000
#define PERIOD 480 /* frames; 10 ms */

#define FORMAT (ESD_BITS16 | ESD_STEREO)
#define FRAME  4 /* bytes */

static struct insert_chain chain;
static int64_t history[400 * PERIOD][2]; /* of the input */
static int64_t heard[400 * PERIOD][2];	 /* of the output */
static uint32_t now;			 /* frames so far */

static void
begin(void)
{
	chain = (struct insert_chain){ 0 };
	now = 0;
}

static void
end(void)
{
	insert_chain_finish(&chain);
}

TestSuite(insert, .init = begin, .fini = end);

static struct insert *
add_at(int32_t format, int32_t rate, bool swap)
{
	struct insert *insert;
	struct sound sound;

	cr_assert_eq(sound_parse(format, rate, swap, &sound), 0);
	cr_assert_eq(insert_create(&sound, RATE, 10, &kernel_portable, &insert),
	    0);
	insert_chain_add(&chain, insert);
	return insert;
}

static struct insert *
add(void)
{
	return add_at(FORMAT, RATE, false);
}

/* Different in every frame, exact in 16 bits. */
static int64_t
tone(uint32_t frame, int side)
{
	int32_t value = (int32_t)(frame * 7919 % 60013) - 30000;

	return (int64_t)(side == 0 ? value : -value) * 65536;
}

/* One period; true while sound is on its way. */
static bool
play(bool sound)
{
	int64_t master[PERIOD][2];
	bool ringing;

	for (uint32_t i = 0; i < PERIOD; i++) {
		for (int side = 0; side < 2; side++) {
			master[i][side] = sound ? tone(now + i, side) : 0;
			history[now + i][side] = master[i][side];
		}
	}
	ringing =
	    insert_chain_run(&chain, RATE, master[0], PERIOD, sound, true);
	memcpy(heard[now], master, sizeof(master));
	now += PERIOD;
	return ringing;
}

/* Reads all there is; returns the bytes. */
static size_t
hear(struct insert *insert, uint8_t *data, size_t max)
{
	size_t bytes = 0;
	int n;

	while ((n = insert_pull(insert, data + bytes, max - bytes)) > 0) {
		bytes += (size_t)n;
	}
	return bytes;
}

static void
say(struct insert *insert, const uint8_t *data, size_t bytes)
{
	while (bytes > 0) {
		uint8_t *span;
		size_t n = insert_space(insert, &span);

		cr_assert_gt(n, 0);
		n = n < bytes ? n : bytes;
		memcpy(span, data, n);
		cr_assert_eq(insert_got(insert, n), 0);
		data += n;
		bytes -= n;
	}
}

static void
halve(uint8_t *data, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += sizeof(int16_t)) {
		int16_t word;

		memcpy(&word, data + i, sizeof(word));
		word = (int16_t)(word / 2);
		memcpy(data + i, &word, sizeof(word));
	}
}

/* The filter's turn: it gives everything back, halved. */
static void
filter(struct insert *insert)
{
	static uint8_t data[1 << 20];
	size_t bytes = hear(insert, data, sizeof(data));

	halve(data, bytes);
	say(insert, data, bytes);
}

static int64_t
half(int64_t sample)
{
	return sample / 65536 / 2 * 65536;
}

/* Frames from..to of the input came out `delay` later, halved or not. */
static void
expect(uint32_t from, uint32_t to, uint32_t delay, bool halved)
{
	for (uint32_t i = from; i < to; i++) {
		for (int side = 0; side < 2; side++) {
			int64_t wanted = history[i][side];

			wanted = halved ? half(wanted) : wanted;
			cr_assert_eq(heard[i + delay][side], wanted,
			    "frame %u of %u..%u is %lld, not %lld", i, from, to,
			    (long long)heard[i + delay][side],
			    (long long)wanted);
		}
	}
}

Test(insert, what_comes_back_in_time_takes_the_place)
{
	struct insert *insert = add();
	uint32_t delay = insert_delay(insert);

	cr_expect_eq(delay, RATE * 150 / 1000);
	cr_expect_eq(insert_chain_delay(&chain), delay);
	for (int i = 0; i < 50; i++) {
		play(true);
		filter(insert);
	}
	expect(0, 50 * PERIOD - delay, delay, true);
	cr_expect_eq(insert_bypassed(insert), 0);
	cr_expect_eq(heard[0][0], 0);
}

Test(insert, a_whole_delay_is_in_time_and_a_period_more_is_not)
{
	struct insert *insert = add();
	uint32_t delay = insert_delay(insert), periods = delay / PERIOD;

	for (uint32_t i = 0; i < periods; i++) {
		play(true);
	}
	filter(insert);
	for (uint32_t i = 0; i < periods; i++) {
		play(true);
	}
	expect(0, delay, delay, true);
	play(true);
	filter(insert);
	for (uint32_t i = 0; i < periods; i++) {
		play(true);
		filter(insert);
	}
	/* Behind by more, it is sent only what plays from now on. */
	expect(delay, 2 * delay + PERIOD, delay, false);
	cr_expect_eq(insert_bypassed(insert), delay + PERIOD);
}

Test(insert, the_end_comes_out_and_a_new_sound_begins_aligned)
{
	struct insert *insert = add();
	uint32_t delay = insert_delay(insert), periods = 0;

	for (int sound = 0; sound < 2; sound++) {
		for (int i = 0; i < 3; i++) {
			cr_assert(play(true));
			filter(insert);
		}
		for (periods = 0; play(false); periods++) {
			filter(insert);
		}
		cr_expect_eq(periods, delay / PERIOD);
		for (int i = 0; i < 30; i++) {
			cr_assert_not(play(false));
		}
	}
	expect(0, now - delay - 40 * PERIOD, delay, true);
	cr_expect_eq(insert_bypassed(insert), 0);
}

Test(insert, nothing_is_sent_in_silence_nor_when_told_not_to)
{
	struct insert *insert = add();
	uint8_t data[4096];
	int64_t master[PERIOD * 2] = { 0 };

	play(false);
	cr_expect_eq(hear(insert, data, sizeof(data)), 0);
	insert_chain_run(&chain, RATE, master, PERIOD, true, false);
	cr_expect_eq(hear(insert, data, sizeof(data)), 0);
	play(true);
	cr_expect_eq(hear(insert, data, sizeof(data)), PERIOD * FRAME);
	play(false);
	cr_expect_eq(hear(insert, data, sizeof(data)), 0);
}

Test(insert, one_that_stalls_is_bypassed_and_then_heard_again)
{
	struct insert *insert = add();
	uint32_t delay = insert_delay(insert);

	for (int i = 0; i < 20; i++) {
		play(true);
		filter(insert);
	}
	for (int i = 0; i < 100; i++) { /* a second, more than the tap holds */
		play(true);
	}
	for (int i = 0; i < 60; i++) {
		play(true);
		filter(insert);
	}
	expect(0, 20 * PERIOD, delay, true);
	/* At its return it goes on with what plays then. */
	expect(20 * PERIOD, 121 * PERIOD, delay, false);
	expect(121 * PERIOD, 180 * PERIOD - delay, delay, true);
	cr_expect_eq(insert_bypassed(insert), 101 * PERIOD);
}

Test(insert, a_backlog_in_the_socket_comes_back_too_late_and_aligned)
{
	static uint8_t data[1 << 20];
	struct insert *insert = add();
	uint32_t delay = insert_delay(insert);
	size_t bytes = 0;

	for (int i = 0; i < 60; i++) { /* read by the socket, not returned */
		play(true);
		bytes += hear(insert, data + bytes, sizeof(data) - bytes);
	}
	halve(data, bytes);
	say(insert, data, bytes);
	for (int i = 0; i < 60; i++) {
		play(true);
		filter(insert);
	}
	expect(0, 60 * PERIOD - delay, delay, false);
	expect(60 * PERIOD - delay, 120 * PERIOD - delay, delay, true);
	cr_expect_eq(insert_bypassed(insert), 60 * PERIOD - delay);
}

Test(insert, too_little_is_bypassed_and_harms_nothing)
{
	static uint8_t data[1 << 20];
	struct insert *insert = add();
	uint32_t delay = insert_delay(insert);

	for (int i = 0; i < 100; i++) {
		size_t bytes;

		play(true);
		bytes = hear(insert, data, sizeof(data));
		memset(data, 0, bytes);
		say(insert, data, bytes / 8);
	}
	/* Its frames fall behind until all are late. */
	expect(50 * PERIOD, 100 * PERIOD - delay, delay, false);
	cr_expect_gt(insert_bypassed(insert), 50 * PERIOD);
}

Test(insert, too_much_is_dropped)
{
	static uint8_t data[1 << 20];
	struct insert *insert = add();
	uint32_t delay = insert_delay(insert);

	say(insert, data, 12345);
	say(insert, data, 3); /* whole frames again */
	for (int i = 0; i < 60; i++) {
		size_t bytes;

		play(true);
		bytes = hear(insert, data, sizeof(data));
		halve(data, bytes);
		memset(data + bytes, 0x55, bytes + 4000);
		say(insert, data, 2 * bytes + 4000);
	}
	expect(0, 60 * PERIOD - delay, delay, true);
	cr_expect_eq(insert_bypassed(insert), 0);
}

Test(insert, bytes_come_in_any_pieces)
{
	static uint8_t data[1 << 20];
	struct insert *insert = add();
	uint32_t delay = insert_delay(insert);

	for (int i = 0; i < 40; i++) {
		size_t bytes, at = 0;

		play(true);
		bytes = hear(insert, data, sizeof(data));
		halve(data, bytes);
		for (size_t n = 1; at < bytes; at += n, n = n % 13 + 1) {
			n = n < bytes - at ? n : bytes - at;
			say(insert, data + at, n);
		}
	}
	expect(0, 40 * PERIOD - delay, delay, true);
}

Test(insert, one_that_is_gone_is_bypassed_until_silence)
{
	struct insert *insert = add();
	uint32_t delay = insert_delay(insert);

	for (int i = 0; i < 20; i++) {
		play(true);
		filter(insert);
	}
	insert_close(insert);
	for (int i = 0; i < 20; i++) {
		play(true);
		cr_assert_null(insert_chain_left(&chain));
	}
	while (play(false)) {
		cr_assert_null(insert_chain_left(&chain));
	}
	play(true);
	cr_assert_eq(insert_chain_left(&chain), insert);
	cr_assert_null(insert_chain_left(&chain));
	expect(0, 20 * PERIOD, delay, true);
	expect(20 * PERIOD, 40 * PERIOD, delay, false);
	expect(now - PERIOD, now, 0, false);
	insert_destroy(insert);
}

Test(insert, in_endless_sound_it_leaves_after_a_while)
{
	struct insert *insert = add();
	uint32_t periods = 0;

	play(true);
	insert_close(insert);
	while (insert_chain_left(&chain) == NULL) {
		now = 0;
		play(true);
		cr_assert_leq(++periods, 1001);
	}
	cr_expect_eq(periods, 1001);
	now = 0;
	play(true);
	expect(0, PERIOD, 0, false);
	insert_destroy(insert);
}

Test(insert, the_newest_hears_first_and_the_next_hears_its_sound)
{
	struct insert *older = add();
	uint32_t delay = insert_delay(older);
	struct insert *newer = add();

	for (int i = 0; i < 60; i++) {
		play(true);
		filter(newer);
		filter(older);
	}
	cr_expect_eq(insert_chain_delay(&chain), 2 * delay);
	for (uint32_t i = 0; i < 60 * PERIOD - 2 * delay; i++) {
		cr_assert_eq(heard[i + 2 * delay][0], half(half(history[i][0])),
		    "%u", i);
	}
	/* One stalls: the other goes on. */
	for (int i = 0; i < 60; i++) {
		play(true);
		filter(older);
	}
	expect(60 * PERIOD, 120 * PERIOD - 2 * delay, 2 * delay, true);
	cr_expect_eq(insert_bypassed(older), 0);
}

Test(insert, one_that_comes_in_the_midst_of_sound_pauses_it_without_a_step)
{
	struct insert *insert;
	int64_t most = 0;

	play(true);
	insert = add();
	play(true);
	for (uint32_t i = 0; i < PERIOD; i++) {
		int64_t part = history[now - PERIOD + i][0] *
			       (int64_t)(PERIOD - i) / PERIOD;

		cr_assert_eq(heard[now - PERIOD + i][0], part);
	}
	while (now < 3 * PERIOD + insert_delay(insert)) {
		play(true);
	}
	/* What was faded out comes again, faded in: nothing is lost. */
	for (uint32_t i = PERIOD; i < 2 * PERIOD; i++) {
		int64_t sum = heard[i][0] + heard[i + insert_delay(insert)][0];

		most = sum - history[i][0] > most ? sum - history[i][0] : most;
	}
	cr_expect_eq(most, 0);
	expect(2 * PERIOD, 3 * PERIOD, insert_delay(insert), false);
}

/* Loudness passes exactly through every format that can hold it. */
Test(insert, every_format_comes_back)
{
	static const struct {
		int32_t format;
		bool swap;
		bool exact;
	} kinds[] = {
		{ ESD_BITS16 | ESD_STEREO, true, true },
		{ ESD_BITS16 | ESD_MONO, false, false },
		{ ESD_BITS16 | ESD_MONO, true, false },
		{ ESD_STEREO, false, false },
		{ ESD_MONO, false, false },
	};

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		static uint8_t data[1 << 20];
		struct insert *insert =
		    add_at(kinds[k].format, RATE, kinds[k].swap);
		uint32_t delay = insert_delay(insert);

		now = 0;
		for (int i = 0; i < 40; i++) {
			play(true);
			say(insert, data, hear(insert, data, sizeof(data)));
		}
		cr_expect_eq(insert_bypassed(insert), 0);
		for (uint32_t i = 0; i < 40 * PERIOD - delay; i++) {
			/* Left and right are opposite: mono is silent. */
			int64_t wanted =
			    (kinds[k].format & ESD_MASK_CHAN) == ESD_STEREO
				? history[i][0]
				: 0;
			int64_t off = heard[i + delay][0] - wanted;
			int64_t most =
			    kinds[k].exact ? 0 : (int64_t)513 * 65536;

			cr_assert_leq(llabs(off), most, "kind %zu", k);
		}
		insert_close(insert);
		while (play(false)) {
			continue;
		}
		play(false);
		insert_destroy(insert_chain_left(&chain));
	}
}

static int64_t
slow_wave(uint32_t frame)
{
	/* A parabola each way, 375 Hz: smooth enough for any rate here. */
	int64_t x = frame % 64;

	return (frame / 64 % 2 == 0 ? 1 : -1) * x * (64 - x) * 1000000;
}

/* At another rate it is the same sound, in the same place. */
static void
check_rate(int32_t rate)
{
	static uint8_t data[1 << 20];
	struct insert *insert = add_at(FORMAT, rate, false);
	uint32_t delay = insert_delay(insert);
	int64_t worst = 0;

	for (uint32_t p = 0; p < 60; p++) {
		int64_t master[PERIOD][2];

		for (uint32_t i = 0; i < PERIOD; i++) {
			master[i][0] = slow_wave(p * PERIOD + i);
			master[i][1] = -master[i][0];
		}
		insert_chain_run(&chain, RATE, master[0], PERIOD, true, true);
		memcpy(heard[p * PERIOD], master, sizeof(master));
		say(insert, data, hear(insert, data, sizeof(data)));
	}
	cr_expect_eq(insert_bypassed(insert), 0, "%d: %llu bypassed", rate,
	    (unsigned long long)insert_bypassed(insert));
	for (uint32_t i = 5000; i < 60 * PERIOD - delay; i++) {
		int64_t off = llabs(heard[i + delay][0] - slow_wave(i));

		worst = off > worst ? off : worst;
	}
	/* A frame beside the place would be 64e6 off. */
	cr_expect_lt(worst, 40000000, "%d: off by %lld", rate,
	    (long long)worst);
}

Test(insert, another_rate_is_aligned)
{
	static const int32_t rates[] = { 8000, 22050, 32000, 44100, 96000 };

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		begin();
		check_rate(rates[i]);
		end();
	}
}
