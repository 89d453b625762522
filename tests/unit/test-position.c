#include <criterion/criterion.h>

#include "compat-tools/position.h"

#define RATE 48000
#define MS   1000 /* us; 48 frames */

static struct position position;

static void
start(bool tracked, uint32_t lag)
{
	position_start(&position, RATE, tracked, lag);
}

#define CHECK(now, mixed_, heard_)                                             \
	do {                                                                   \
		uint64_t mixed = position_mixed(&position, now);               \
		uint64_t heard = position_heard(&position, now);               \
		cr_assert(mixed == (mixed_) && heard == (heard_),              \
		    "mixed %d, heard %d", (int)mixed, (int)heard);             \
	} while (0)

Test(position, stands_still_while_it_is_held)
{
	start(true, 0);
	position_sent(&position, 4800, 0);
	position_record(&position, 480, 480, 10 * MS);
	CHECK(15 * MS, 720, 240);
	position_hold(&position, true);
	/* The last that was mixed before it stood; heard it is all the same. */
	position_record(&position, 960, 480, 20 * MS);
	CHECK(50 * MS, 960, 960);
	position_hold(&position, false);
	CHECK(60 * MS, 960, 960);
	position_record(&position, 1440, 480, 70 * MS);
	CHECK(75 * MS, 1680, 1200);
}

Test(position, knows_nothing_before_a_record)
{
	start(true, 0);
	CHECK(0, 0, 0);
	position_sent(&position, 4800, 10 * MS);
	CHECK(50 * MS, 0, 0);
}

Test(position, goes_on_from_a_record_by_the_clock)
{
	start(true, 0);
	position_sent(&position, 4800, 0);
	position_record(&position, 480, 960, 10 * MS);
	CHECK(10 * MS, 480, 0); /* 480 before the first */
	CHECK(20 * MS, 960, 0);
	CHECK(30 * MS, 1440, 480);
	/* The next one is the truth, but nothing goes back. */
	position_record(&position, 1400, 960, 30 * MS);
	CHECK(30 * MS, 1440, 480);
	CHECK(31 * MS, 1448, 488);
}

Test(position, is_done_when_a_record_says_so)
{
	start(true, 0);
	position_sent(&position, 500, 0);
	position_record(&position, 480, 96, 10 * MS);
	CHECK(20 * MS, 499, 499);
	position_record(&position, 500, 96, 20 * MS);
	CHECK(20 * MS, 500, 499);
	CHECK(22 * MS, 500, 500);
	CHECK(900 * MS, 500, 500);
}

Test(position, stands_where_the_card_does)
{
	start(true, 0);
	position_sent(&position, 48000, 0);
	position_record(&position, 480, 0, 10 * MS);
	CHECK(10 * MS + POSITION_AHEAD_MS * MS, 480 + 4800, 480 + 4800);
	CHECK(900 * MS, 480 + 4800, 480 + 4800);
}

Test(position, waits_for_a_record_after_a_pause)
{
	start(true, 0);
	position_sent(&position, 480, 0);
	position_record(&position, 480, 480, 10 * MS);
	CHECK(100 * MS, 480, 480);
	position_sent(&position, 4800, 1000 * MS);
	CHECK(1010 * MS, 480, 480);
	position_record(&position, 960, 480, 1010 * MS);
	CHECK(1010 * MS, 960, 480);
	CHECK(1015 * MS, 1200, 720);
}

Test(position, goes_by_the_clock_alone_without_records)
{
	start(false, 480);
	position_sent(&position, 4800, 0);
	CHECK(0, 0, 0);
	CHECK(10 * MS, 480, 0);
	CHECK(20 * MS, 960, 480);
	CHECK(100 * MS, 4800, 4320);
	CHECK(110 * MS, 4800, 4800);
	/* A pause, and on. */
	position_sent(&position, 480, 1000 * MS);
	CHECK(1005 * MS, 5040, 4800);
	CHECK(1015 * MS, 5280, 5040);
}

Test(position, plays_to_the_end_without_a_daemon)
{
	start(true, 0);
	position_sent(&position, 4800, 0);
	position_record(&position, 480, 480, 10 * MS);
	position_turn(&position, false, 0, 20 * MS);
	CHECK(20 * MS, 960, 960);
	CHECK(110 * MS, 4800, 4800);
	/* It is back: what was sent to the last one is past. */
	position_sent(&position, 4800, 200 * MS);
	position_turn(&position, true, 0, 210 * MS);
	CHECK(210 * MS, 9600, 9600);
	position_sent(&position, 480, 220 * MS);
	CHECK(230 * MS, 9600, 9600);
	position_record(&position, 9600 + 100, 50, 230 * MS);
	CHECK(230 * MS, 9700, 9650);
}

Test(position, counts_long_times)
{
	start(false, 0);
	position_sent(&position, UINT64_C(1) << 40, 0);
	CHECK(INT64_C(86400000000), UINT64_C(86400) * RATE,
	    UINT64_C(86400) * RATE);
	cr_assert_eq(position_us(&position, UINT64_C(86400) * RATE),
	    INT64_C(86400000000));
}
