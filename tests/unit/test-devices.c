#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "server/devices.h"

static struct devices
parsed(const char *chain)
{
	struct devices devices;

	cr_assert_eq(devices_parse(&devices, chain), 0, "%s", chain);
	return devices;
}

static void
expect_names(const char *chain, unsigned count, const char *const names[])
{
	struct devices devices = parsed(chain);

	cr_assert_eq(devices.count, count, "%s: %u", chain, devices.count);
	for (unsigned i = 0; i < count; i++) {
		cr_expect_str_eq(devices.names[i], names[i]);
	}
}

#define NAMES(chain, ...)                                                      \
	expect_names(chain,                                                    \
	    sizeof((const char *const[]){ __VA_ARGS__ }) /                     \
		sizeof(const char *),                                          \
	    (const char *const[]){ __VA_ARGS__ })

Test(devices, commas_that_part_names_and_those_that_do_not)
{
	NAMES("null", "null");
	NAMES("hw,default,null", "hw", "default", "null");
	NAMES("hw:0,0,default,file:/x.wav", "hw:0,0", "default", "file:/x.wav");
	NAMES("hw:0,3,1", "hw:0,3,1");
	NAMES("hw:CARD=PCH,DEV=0,null", "hw:CARD=PCH,DEV=0", "null");
	NAMES("front:CARD=0,DEV=0,hw:1", "front:CARD=0,DEV=0", "hw:1");
	NAMES("plug:'hw:0,0',null", "plug:'hw:0,0'", "null");
	NAMES("a,2nd,3", "a", "2nd,3");
	NAMES("file:a=b,file:c=d", "file:a=b", "file:c=d");
}

Test(devices, what_is_no_chain)
{
	const char *empty[] = { "", ",", "hw,", ",hw", "hw,,null" };
	char longest[DEVICE_NAME_MAX + 1];
	struct devices devices;

	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		cr_expect_eq(devices_parse(&devices, empty[i]), -EINVAL,
		    "\"%s\"", empty[i]);
	}
	cr_expect_eq(devices_parse(&devices, "a,b,c,d,e,f,g,h"), 0);
	cr_expect_eq(devices_parse(&devices, "a,b,c,d,e,f,g,h,i"), -E2BIG);

	memset(longest, 'x', sizeof(longest));
	longest[DEVICE_NAME_MAX] = '\0';
	cr_expect_eq(devices_parse(&devices, longest), -E2BIG);
	longest[DEVICE_NAME_MAX - 1] = '\0';
	cr_expect_eq(devices_parse(&devices, longest), 0);
	cr_expect_str_eq(devices.names[0], longest);
}

Test(devices, a_round_tries_each_name_at_once)
{
	struct devices devices = parsed("a,b,c");

	cr_expect_eq(devices_try(&devices, 1000), 0);
	cr_expect_eq(devices_try(&devices, 1000), 1);
	cr_expect_eq(devices_try(&devices, 1000), 2);
	cr_expect_eq(devices_try(&devices, 1000), -1);
}

Test(devices, an_unfinished_round_goes_on_however_long_it_takes)
{
	struct devices devices = parsed("a,b");

	devices_lost(&devices, 500);
	cr_expect_eq(devices_try(&devices, 500), 0);
	cr_expect_eq(devices_try(&devices, 400), 1);
}

Test(devices, waits_double_up_to_the_longest)
{
	struct devices devices = parsed("a");
	uint64_t now = 0;
	uint64_t wait = DEVICES_RETRY_FIRST;

	for (int round = 0; round < 10; round++) {
		cr_expect_eq(devices_try(&devices, now), 0);
		cr_expect_eq(devices_try(&devices, now + wait - 1), -1);
		now += wait;
		wait = 2 * wait < DEVICES_RETRY_LAST ? 2 * wait
						     : DEVICES_RETRY_LAST;
	}
	cr_expect_eq(wait, DEVICES_RETRY_LAST);
}

Test(devices, an_outage_starts_afresh)
{
	struct devices devices = parsed("a,b");

	for (uint64_t now = 0; now < 100000; now += 10000) {
		devices_try(&devices, now);
		devices_try(&devices, now);
	}
	cr_expect_eq(devices_try(&devices, 200000), 0);
	devices_proven(&devices, 0);
	devices_lost(&devices, 300000);
	cr_expect_eq(devices_try(&devices, 299999), -1);
	cr_expect_eq(devices_try(&devices, 300000), 0);
	cr_expect_eq(devices_try(&devices, 300000), 1);
	cr_expect_eq(devices_try(&devices, 300099), -1);
	cr_expect_eq(devices_try(&devices, 300100), 0);
}

Test(devices, those_before_the_open_one_are_tried_more_and_more_rarely)
{
	struct devices devices = parsed("a,b,c");
	uint64_t now = 5000;
	uint64_t wait = DEVICES_PREFER_FIRST;

	devices_proven(&devices, 0);
	cr_expect_eq(devices_try_better(&devices, 2, now), -1);
	for (int round = 0; round < 8; round++) {
		cr_expect_eq(devices_try_better(&devices, 2, now + wait - 1),
		    -1);
		now += wait;
		cr_expect_eq(devices_try_better(&devices, 2, now), 0);
		cr_expect_eq(devices_try_better(&devices, 2, now), 1);
		cr_expect_eq(devices_try_better(&devices, 2, now), -1);
		wait = 2 * wait < DEVICES_PREFER_LAST ? 2 * wait
						      : DEVICES_PREFER_LAST;
	}
	cr_expect_eq(wait, DEVICES_PREFER_LAST);
}

Test(devices, only_a_first_that_proves_itself_has_the_wait_begin_anew)
{
	struct devices devices = parsed("a,b");

	cr_expect_eq(devices_try_better(&devices, 1, 1000), -1);
	cr_expect_eq(devices_try_better(&devices, 1, 2000), 0);
	devices_lost(&devices, 2500);
	devices_proven(&devices, 1);
	cr_expect_eq(devices_try_better(&devices, 1, 3000), -1);
	cr_expect_eq(devices_try_better(&devices, 1, 4999), -1);
	cr_expect_eq(devices_try_better(&devices, 1, 5000), 0);
	devices_proven(&devices, 0);
	cr_expect_eq(devices_try_better(&devices, 1, 6000), -1);
	cr_expect_eq(devices_try_better(&devices, 1, 7000), 0);
}

Test(devices, nothing_is_better_than_the_first)
{
	struct devices devices = parsed("a,b");

	devices_proven(&devices, 0);
	for (uint64_t now = 1; now < 100000; now += 1000) {
		cr_expect_eq(devices_try_better(&devices, 0, now), -1);
	}
}

Test(devices, a_hint_has_a_better_one_tried_at_once)
{
	struct devices devices = parsed("a,b");

	devices_proven(&devices, 0);
	cr_expect_eq(devices_try_better(&devices, 1, 5000), -1);
	devices_hint(&devices, 5001);
	cr_expect_eq(devices_try_better(&devices, 1, 5001), 0);
	cr_expect_eq(devices_try_better(&devices, 1, 6999), -1);
	cr_expect_eq(devices_try_better(&devices, 1, 7001), 0);
}

Test(devices, kinds)
{
	cr_expect_eq(device_kind_of("null"), &device_null);
	cr_expect_eq(device_kind_of("nullx"), &device_alsa);
	cr_expect_eq(device_kind_of("file:x.wav"), &device_file);
	cr_expect_eq(device_kind_of("file"), &device_alsa);
	cr_expect_eq(device_kind_of("hw:0"), &device_alsa);
	cr_expect_eq(device_kind_of(""), &device_alsa);
}
