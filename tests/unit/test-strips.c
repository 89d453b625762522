/* The strips that alsamixer shows, and what is told of them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "compat-tools/alsa-plugin/strips.h"

static struct strip
strip(int32_t id, const char *name)
{
	struct strip made = { .id = id, .volume = { 256, 256 } };

	strips_name(name, made.name);
	return made;
}

static void
update(struct strips *strips, size_t count, const struct strip *now)
{
	cr_assert_eq(strips_update(strips, now, count), 0);
}

/* The next news, as "twin,1 volume came", or "". */
static const char *
news(struct strips *strips)
{
	static const char *const parts[] = { "volume", "switch" };
	static char text[80];
	struct strip *next = strips_untold(strips);

	if (next == NULL) {
		return "";
	}
	enum strips_part part =
	    next->untold[STRIPS_VOLUME] != 0 ? STRIPS_VOLUME : STRIPS_SWITCH;
	int length = snprintf(text, sizeof(text), "%s,%u %s", next->name,
	    next->index, parts[part]);
	unsigned what = strips_tell(strips, next, part);

	(void)snprintf(text + length, sizeof(text) - (size_t)length, " %s",
	    what == STRIPS_CAME	   ? "came"
	    : what == STRIPS_WENT  ? "went"
	    : what == STRIPS_VALUE ? "value"
				   : "?");
	return text;
}

#define TELLS(text) cr_assert_str_eq(news(&strips), text)

Test(strips, tells_what_came_changed_and_went)
{
	struct strips strips = { NULL, 0 };
	struct strip now[] = { strip(STRIPS_MASTER, "Master"), strip(7, "x") };

	update(&strips, 1, now);
	TELLS("Master,0 volume came");
	TELLS("Master,0 switch came");
	TELLS("");
	update(&strips, 2, now);
	strips_tell_all(&strips);
	TELLS("");
	now[1].volume[1] = 3;
	now[0].muted = true;
	update(&strips, 2, now);
	TELLS("Master,0 switch value");
	TELLS("x,0 volume value");
	TELLS("");
	update(&strips, 1, now);
	cr_assert_eq(strips_count(&strips), 1);
	cr_assert_null(strips_find(&strips, "x", 0));
	cr_assert_null(strips_at(&strips, 1));
	TELLS("x,0 volume went");
	TELLS("x,0 switch went");
	TELLS("");
	cr_assert_eq(strips.count, 1, "it is still in the list");
	strips_free(&strips);
}

Test(strips, keeps_each_index_while_it_lasts)
{
	struct strips strips = { NULL, 0 };
	struct strip now[] = { strip(1, "twin"), strip(2, "twin"),
		strip(3, "twin") };

	update(&strips, 3, now);
	strips_tell_all(&strips);
	update(&strips, 2, now + 1);
	cr_assert_eq(strips_at(&strips, 0)->index, 1);
	cr_assert_eq(strips_find(&strips, "twin", 2)->id, 3);

	/* 0 is free only when it was told that it went. */
	struct strip more[] = { now[1], now[2], strip(4, "twin"),
		strip(5, "other") };

	update(&strips, 4, more);
	cr_assert_eq(strips_find(&strips, "twin", 3)->id, 4);
	cr_assert_eq(strips_find(&strips, "other", 0)->id, 5);
	strips_tell_all(&strips);
	more[3] = strip(6, "twin");
	update(&strips, 4, more);
	cr_assert_eq(strips_find(&strips, "twin", 0)->id, 6);
	strips_free(&strips);
}

Test(strips, does_not_tell_of_what_nobody_knew)
{
	struct strips strips = { NULL, 0 };
	struct strip now[] = { strip(1, "brief") };

	update(&strips, 1, now);
	now[0].muted = true; /* part of its coming */
	update(&strips, 1, now);
	TELLS("brief,0 volume came");
	update(&strips, 0, now);
	TELLS("brief,0 volume went");
	TELLS("");
	cr_assert_eq(strips.count, 0);
	update(&strips, 1, now);
	update(&strips, 0, now);
	TELLS("");
	cr_assert_eq(strips.count, 0);
	strips_free(&strips);
}

Test(strips, takes_a_new_stream_of_an_old_id_for_another)
{
	struct strips strips = { NULL, 0 };
	struct strip now[] = { strip(1, "old") };

	update(&strips, 1, now);
	strips_tell_all(&strips);
	now[0] = strip(1, "new");
	update(&strips, 1, now);
	TELLS("old,0 volume went");
	TELLS("old,0 switch went");
	TELLS("new,0 volume came");
	strips_free(&strips);
}

Test(strips, names_can_be_shown)
{
	static const struct {
		const char *from, *to;
	} names[] = {
		{ "xmms", "xmms" },
		{ "", "Stream" },
		{ "a\n\x1b[2J\x7f", "a??[2J?" },
		{ "\xff\xc3", "??" },
		{ "123456789012345678901234567890",
		    "123456789012345678901234567" },
		{ "1234567890123456789012345\xc3\xa9",
		    "1234567890123456789012345\xc3\xa9" },
		{ "12345678901234567890123456\xc3\xa9",
		    "12345678901234567890123456" },
	};
	char name[STRIPS_NAME_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		strips_name(names[i].from, name);
		cr_assert_str_eq(name, names[i].to);
	}
}
