/* rest.c: when the device is given up, by a clock of the test's own. */
#include <criterion/criterion.h>

#include "server/rest.h"

static struct rest rest;

static void
init(uint32_t sleep_ms)
{
	rest_init(&rest, sleep_ms, 1000);
	rest_sounds(&rest, 2000);
}

Test(rest, never_by_itself)
{
	init(0);
	cr_assert(!rest_is_due(&rest, false, 1000000));
}

Test(rest, after_a_silence)
{
	init(0);
	rest_set_sleep_ms(&rest, 500);
	cr_assert_eq(rest_sleep_ms(&rest), 500);
	cr_assert(!rest_is_due(&rest, false, 2500));
	cr_assert(rest_is_due(&rest, false, 2501));
	cr_assert(!rest_is_due(&rest, true, 2501));
}

Test(rest, on_standby_whatever_plays)
{
	init(0);
	atomic_store(&rest.standby, true);
	cr_assert(rest_is_due(&rest, true, 1500));
	atomic_store(&rest.standby, false);
	cr_assert(!rest_is_due(&rest, true, 1500));
}

Test(rest, silence_is_counted_from_the_last_sound)
{
	init(0);
	cr_assert_eq(rest_silent_ms(&rest, 1500), 0);
	cr_assert_eq(rest_silent_ms(&rest, 2000), 0);
	cr_assert_eq(rest_silent_ms(&rest, 2001), 1);
}

Test(rest, suspended_until_the_next_sound)
{
	init(0);
	cr_assert(!rest_suspend(&rest, 2000), "it is heard");
	cr_assert(rest_suspend(&rest, 2001));
	cr_assert(!rest_suspend(&rest, 2001), "twice");
	cr_assert(rest_is_due(&rest, false, 2002));
	cr_assert(rest_is_resting(&rest));
	cr_assert(!rest_suspend(&rest, 2003), "it rests");
	cr_assert(rest_is_due(&rest, false, 1000000));
	cr_assert(!rest_is_due(&rest, true, 1000001));
	cr_assert(!rest_is_resting(&rest));
	rest_sounds(&rest, 1000100);
	cr_assert(!rest_is_due(&rest, false, 1000200));
	cr_assert(rest_suspend(&rest, 1000300));
}

/* A sound that came with the request is heard to its end. */
Test(rest, suspended_once_it_is_silent)
{
	init(0);
	cr_assert(rest_suspend(&rest, 2001));
	rest_sounds(&rest, 3000);
	cr_assert(!rest_is_due(&rest, false, 2500));
	cr_assert(rest_is_due(&rest, false, 3001));
}
