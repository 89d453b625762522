/* clips.c: what is cached, how much of it, and until when. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "server/clips.h"

static struct clips clips;

static void
open_clips(void)
{
	clips_init(&clips, 1000);
}

static void
close_clips(void)
{
	clips_finish(&clips);
}

TestSuite(clips, .init = open_clips, .fini = close_clips);

static int
reserve(const char *name, int32_t length, struct clip **clip)
{
	struct esd_sample request = { ESD_MONO, 8000, length, "" };

	(void)strncpy(request.name, name, sizeof(request.name) - 1);
	return clips_reserve(&clips, &request, false, clip);
}

static struct clip *
add(const char *name)
{
	struct clip *clip;

	cr_assert_eq(reserve(name, 100, &clip), 0);
	clip_complete(clip);
	return clip;
}

Test(clips, refuses_lengths_before_taking_memory)
{
	struct clip *clip;

	cr_expect_eq(reserve("x", -1, &clip), -EINVAL);
	cr_expect_eq(reserve("x", INT32_MIN, &clip), -EINVAL);
	cr_expect_eq(reserve("x", 1001, &clip), -EFBIG);
	cr_expect_eq(reserve("x", INT32_MAX, &clip), -EFBIG);
	cr_expect_eq(reserve("x", 1000, &clip), 0);
	cr_expect_eq(reserve("x", 1, &clip), -EFBIG);
	clip_abandon(clip);
	cr_expect_eq(reserve("x", 1, &clip), 0);
}

Test(clips, an_unfinished_one_is_not_found)
{
	struct clip *clip;

	cr_assert_eq(reserve("x", 10, &clip), 0);
	cr_expect_null(clips_find(&clips, (int32_t)clip->id));
	cr_expect_null(clips_find_name(&clips, "x"));
	cr_expect_null(clips_next(&clips, NULL));
	clip_complete(clip);
	cr_expect_eq(clips_find(&clips, (int32_t)clip->id), clip);
	cr_expect_eq(clips_find_name(&clips, "x"), clip);
}

Test(clips, the_newest_of_a_name_hides_the_older)
{
	struct clip *old = add("x");
	struct clip *new = add("x");

	cr_expect_eq(clips_find_name(&clips, "x"), new);
	cr_expect_eq(clips_next(&clips, NULL), new);
	cr_expect_eq(clips_next(&clips, new), old);
	clip_free(new);
	cr_expect_eq(clips_find_name(&clips, "x"), old);
}

Test(clips, ids_are_positive_and_not_used_again)
{
	struct clip *clip = add("x");

	cr_expect_eq(clip->id, 1);
	clip_free(clip);
	cr_expect_eq(add("y")->id, 2);
	cr_expect_null(clips_find(&clips, 0));
	cr_expect_null(clips_find(&clips, -2));
}

Test(clips, one_that_is_played_goes_with_its_last_player)
{
	struct clip *clip = add("x");

	clip_hold(clip);
	clip_hold(clip);
	clip_free(clip);
	cr_expect_eq(clips_find_name(&clips, "x"), clip);
	clip_release(clip);
	cr_expect_eq(clips_find_name(&clips, "x"), clip);
	clip_release(clip);
	cr_expect_null(clips_find_name(&clips, "x"));
	cr_expect_eq(clips.bytes, 0);
}
