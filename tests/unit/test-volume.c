#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/volume.h"

static int32_t
parsed(const char *text)
{
	int32_t volume = -1;

	return volume_parse(text, &volume) == 0 ? volume : -1;
}

Test(volume, parse_units)
{
	cr_assert_eq(parsed("100%"), 256);
	cr_assert_eq(parsed("50 %"), 128);
	cr_assert_eq(parsed("0%"), 0);
	cr_assert_eq(parsed("200%"), 512);
	cr_assert_eq(parsed("128"), 128);
	cr_assert_eq(parsed("512"), 512);
	cr_assert_eq(parsed("mute"), 0);
	cr_assert_eq(parsed("0dB"), 256);
	cr_assert_eq(parsed("-6dB"), 128);    /* 128.3 */
	cr_assert_eq(parsed("-6.5 db"), 121); /* 121.1 */
	cr_assert_eq(parsed("+6dB"), 511);    /* 510.8 */
	cr_assert_eq(parsed("-100dB"), 0);
}

Test(volume, parse_refuses)
{
	static const char *const bad[] = { "", " ", "%", "loud", "-1", "513",
		"201%", "7dB", "1e2", "0x10", "nan", "inf", "1..2", "5 % x",
		"--5", "99999999999999999999", "5 dBm" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_eq(parsed(bad[i]), -1, "%s", bad[i]);
	}
}

static void
expect_rule(const char *text, const char *pattern, int32_t left, int32_t right)
{
	struct volume_rules rules = { .count = 0 };

	cr_assert_eq(volume_rules_add(&rules, text), 0, "%s", text);
	cr_assert_eq(rules.count, 1);
	cr_assert_str_eq(rules.rules[0].pattern, pattern);
	cr_assert_eq(rules.rules[0].volume[0], left, "%s", text);
	cr_assert_eq(rules.rules[0].volume[1], right, "%s", text);
}

Test(volume, rules_add)
{
	expect_rule("xmms* 50%", "xmms*", 128, 128);
	expect_rule("  a\t50%   100% ", "a", 128, 256);
	expect_rule("\"two words\" -6 dB", "two words", 128, 128);
	expect_rule("a -6 dB 0 dB", "a", 128, 256);
	expect_rule("a mute 256", "a", 0, 256);
}

Test(volume, rules_add_refuses)
{
	static const char *const bad[] = { "", "a", "a ", "\"\" 50%",
		"\"open 50%", "a b 50%", "a 50% 50% 50%", "a 50% loud" };
	struct volume_rules rules = { .count = 0 };
	char longest[VOLUME_NAME_MAX + 8];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_eq(volume_rules_add(&rules, bad[i]), -EINVAL, "%s",
		    bad[i]);
	}
	memset(longest, 'a', sizeof(longest));
	memcpy(longest + VOLUME_NAME_MAX, " 50%", 5);
	cr_assert_eq(volume_rules_add(&rules, longest), -EINVAL);
	memcpy(longest + VOLUME_NAME_MAX - 1, " 50%", 5);
	cr_assert_eq(volume_rules_add(&rules, longest), 0);
}

Test(volume, rules_are_limited)
{
	struct volume_rules rules = { .count = 0 };

	for (int i = 0; i < VOLUME_RULES_MAX; i++) {
		cr_assert_eq(volume_rules_add(&rules, "a 50%"), 0);
	}
	cr_assert_eq(volume_rules_add(&rules, "a 50%"), -ENOSPC);
	cr_assert_eq(rules.count, VOLUME_RULES_MAX);
}

Test(volume, the_first_rule_counts)
{
	struct volume_rules rules = { .count = 0 };
	int32_t volume[2] = { -1, -1 };

	cr_assert_not(volume_rules_find(&rules, "xmms", volume));
	cr_assert_eq(volume_rules_add(&rules, "xmms-? 25%"), 0);
	cr_assert_eq(volume_rules_add(&rules, "xmms* 50% 100%"), 0);
	cr_assert_eq(volume_rules_add(&rules, "* mute"), 0);
	cr_assert(volume_rules_find(&rules, "xmms-1", volume));
	cr_assert_eq(volume[0], 64);
	cr_assert(volume_rules_find(&rules, "xmms-12", volume));
	cr_assert_eq(volume[0], 128);
	cr_assert_eq(volume[1], 256);
	cr_assert(volume_rules_find(&rules, "", volume));
	cr_assert_eq(volume[1], 0);
}
