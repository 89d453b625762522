#include <criterion/criterion.h>

#include "compat-tools/dsp/fragment.h"

#define CD 176400 /* bytes per second */

static void
check(uint32_t asked, uint64_t speed, uint32_t size, uint32_t count)
{
	struct fragments fragments = { .asked = asked };

	fragments_choose(&fragments, speed);
	cr_assert(fragments.size == size && fragments.count == count,
	    "%x at %lu: %u of %u", asked, (unsigned long)speed, fragments.count,
	    fragments.size);
	cr_assert_eq(fragments_bytes(&fragments), size * count);
}

Test(fragment, is_of_the_usual_time_where_nothing_is_asked)
{
	check(0, CD, 4096, 16);
	check(0, 8000, 128, 16);
	check(0, 192000ull * 32, 65536, 16);
	check(0, 1000, 16, 16);
	check(0, 1, 16, 16);
}

Test(fragment, is_what_was_asked)
{
	check(4 << 16 | 10, CD, 1024, 4);
	check(2 << 16 | 12, CD, 4096, 2);
	check(32 << 16 | 8, CD, 256, 32);
	check(16 << 16 | 16, CD, 65536, 16);
}

Test(fragment, is_within_the_limits)
{
	check(4 << 16 | 0, CD, 16, 4);
	check(4 << 16 | 3, CD, 16, 4);
	check(4 << 16 | 17, CD, 65536, 4);
	check(4u << 16 | 0xffff, CD, 65536, 4);
	check(1 << 16 | 10, CD, 1024, 2);
	check(0xfffeu << 16 | 16, CD, 65536, 16);
	check(0xffffu << 16 | 4, CD, 16, 65535);
}

Test(fragment, has_the_usual_time_in_all_without_a_count)
{
	check(0x7fff << 16 | 10, CD, 1024, 64);
	check(10, CD, 1024, 64);
	check(0x7fff << 16 | 16, CD, 65536, 2);
	check(0x7fff << 16 | 16, 8000, 65536, 2);
}

Test(fragment, is_divided)
{
	struct fragments fragments = { .divide = 4 };

	fragments_choose(&fragments, CD);
	cr_assert_eq(fragments.size, 1024);
	cr_assert_eq(fragments.count, 64);
	fragments.divide = 1;
	fragments_choose(&fragments, CD);
	cr_assert_eq(fragments.size, 4096);
}

/* Whatever comes from a program. */
Test(fragment, never_breaks_a_limit)
{
	for (uint32_t asked = 1; asked < UINT32_MAX - 70000; asked += 65537) {
		struct fragments fragments = { .asked = asked };

		fragments_choose(&fragments, asked);
		cr_assert_geq(fragments.size, FRAGMENT_LEAST);
		cr_assert_leq(fragments.size, FRAGMENT_MOST);
		cr_assert_eq(fragments.size & (fragments.size - 1), 0);
		cr_assert_geq(fragments.count, 2);
		cr_assert_leq(fragments_bytes(&fragments), FRAGMENT_BUFFER);
	}
}
