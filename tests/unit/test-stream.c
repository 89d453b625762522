/* stream.c: a ring's bytes on their way into a bus. */
#include <criterion/criterion.h>
#include <string.h>

#include "server/stream.h"
#include "server/volume.h"

#define RATE   48000
#define PERIOD 64

static struct engine *engine;
static struct stream *stream;
static int16_t out[PERIOD * 2];

static void
open_stream(void)
{
	struct sound sound;

	engine = engine_create(RATE);
	cr_assert_null(engine_set_bus(engine, 0,
	    bus_create(RATE, RATE, ENGINE_PERIOD_MAX, &kernel_portable)));
	cr_assert_eq(sound_parse(ESD_BITS16 | ESD_STEREO, RATE, false, &sound),
	    0);
	cr_assert_eq(stream_create(&sound, "test", 1, &stream), 0);
}

static void
close_stream(void)
{
	stream_destroy(stream);
	engine_destroy(engine);
}

TestSuite(stream, .init = open_stream, .fini = close_stream);

/* Mixes one period of the stream alone; returns the frames it played. */
static uint32_t
play(void)
{
	struct ramp unity[2] = { ramp_make(GAIN_UNITY, GAIN_UNITY, PERIOD),
		ramp_make(GAIN_UNITY, GAIN_UNITY, PERIOD) };
	uint32_t frames;

	engine_begin(engine, PERIOD);
	frames = stream_mix(stream, engine);
	engine_finish(engine, unity);
	(void)engine_format(engine, OUT_S16_LE, 2, out);
	return frames;
}

static void
fill(uint32_t frames, int16_t left, int16_t right)
{
	for (uint32_t i = 0; i < frames; i++) {
		int16_t frame[2] = { left, right };

		cr_assert(ring_put(&stream->ring, frame, sizeof(frame)));
	}
}

Test(stream, ring_holds_its_time_and_two_periods)
{
	struct sound sound;
	struct stream *slow;

	cr_assert_eq(sound_parse(ESD_MONO, 8000, false, &sound), 0);
	cr_assert_eq(stream_create(&sound, "", 1, &slow), 0);
	cr_expect_eq(slow->ring.size, 1024); /* 128 ms */
	stream_destroy(slow);
	cr_assert_eq(stream_create(&sound, "", 200, &slow), 0);
	cr_expect_eq(slow->ring.size, 4096); /* 400 ms */
	stream_destroy(slow);
	/* A 44.1 kHz 16-bit stereo ring: what a library's 8192 stands for. */
	cr_assert_eq(sound_parse(ESD_BITS16 | ESD_STEREO, 44100, false, &sound),
	    0);
	cr_assert_eq(stream_create(&sound, "", 10, &slow), 0);
	cr_expect_eq(slow->ring.size / 4, 8192);
	stream_destroy(slow);
}

Test(stream, starts_at_its_volume_without_a_ramp)
{
	stream_set_volume(stream, 128, 64);
	fill(PERIOD, 1000, 1000);
	cr_assert_eq(play(), PERIOD);
	for (int i = 0; i < PERIOD; i++) {
		cr_assert_eq(out[2 * i], 500);
		cr_assert_eq(out[2 * i + 1], 250);
	}
}

Test(stream, a_volume_set_while_it_plays_is_ramped_over_one_period)
{
	fill(3 * PERIOD, 16384, 16384);
	(void)play();
	stream_set_volume(stream, 0, 256);
	(void)play();
	for (int i = 1; i < PERIOD; i++) {
		int step = out[2 * (i - 1)] - out[2 * i];

		cr_assert(step >= 0 && step <= 16384 / PERIOD + 2, "%d", step);
		cr_assert_eq(out[2 * i + 1], 16384);
	}
	(void)play();
	cr_assert_eq(out[0], 0);
}

Test(stream, volume_is_clamped)
{
	stream_set_volume(stream, -5, 100000);
	cr_expect_eq(stream->volume[0], 0);
	cr_expect_eq(stream->volume[1], VOLUME_MAX);
}

Test(stream, stands_still_while_it_is_held)
{
	fill(3 * PERIOD, 1, 1);
	cr_expect_eq(play(), PERIOD);
	atomic_store(&stream->held, true);
	cr_expect_eq(play(), 0);
	cr_expect_not(stream_is_ready(stream));
	cr_expect_not(stream_is_over(stream));
	atomic_store(&stream->held, false);
	cr_expect_eq(play(), PERIOD);
	cr_expect_eq(atomic_load(&stream->played), 2 * PERIOD);
	cr_expect_eq(atomic_load(&stream->underruns), 0);
}

Test(stream, plays_nothing_more_once_it_is_killed)
{
	fill(PERIOD, 1, 1);
	atomic_store(&stream->killed, true);
	cr_expect_eq(play(), 0);
	cr_expect(stream_is_over(stream));
}

Test(stream, goes_with_all_it_has_if_it_ends_while_held)
{
	fill(PERIOD, 1, 1);
	atomic_store(&stream->held, true);
	stream_end(stream);
	cr_expect_eq(play(), 0);
	cr_expect(stream_is_over(stream));
}

Test(stream, counts_an_underrun_only_if_it_had_begun_and_not_ended)
{
	cr_expect_eq(play(), 0);
	cr_expect_eq(atomic_load(&stream->underruns), 0);
	fill(PERIOD + 1, 1, 1);
	cr_expect_eq(play(), PERIOD);
	cr_expect_eq(play(), 1);
	cr_expect_eq(play(), 0);
	cr_expect_eq(atomic_load(&stream->underruns), 1);
	fill(PERIOD + 1, 1, 1);
	(void)play();
	atomic_store(&stream->ended, true);
	cr_expect_not(stream_is_over(stream));
	(void)play();
	cr_expect_eq(atomic_load(&stream->underruns), 1);
	cr_expect(stream_is_over(stream));
}

Test(stream, a_trailing_part_of_a_frame_is_dropped)
{
	fill(5, 1, 1);
	cr_assert(ring_put(&stream->ring, "abc", 3));
	atomic_store(&stream->ended, true);
	cr_expect_eq(play(), 5);
	cr_expect(stream_is_over(stream));
	cr_expect_eq(atomic_load(&stream->played), 5);
}

Test(stream, peak_is_the_input_s)
{
	stream_set_volume(stream, 0, 0);
	fill(PERIOD, -300, 200);
	(void)play();
	cr_expect_eq(atomic_load(&stream->peak[0]), 300);
	cr_expect_eq(atomic_load(&stream->peak[1]), 200);
}

Test(stream, plays_across_the_edge_of_its_ring)
{
	uint32_t frames = (uint32_t)stream->ring.size / 4;
	int16_t next = 0;

	for (uint32_t round = 0; round < 3 * frames / 40; round++) {
		for (int i = 0; i < 40; i++) {
			fill(1, next, (int16_t)-next);
			next++;
		}
		cr_assert_eq(play(), 40);
		for (int i = 0; i < 40; i++) {
			cr_assert_eq(out[2 * i], (int16_t)(next - 40 + i));
		}
	}
}

static struct clip *
make_clip(struct clips *clips, const int16_t *samples, int32_t bytes)
{
	struct esd_sample request = { ESD_BITS16 | ESD_MONO, RATE, bytes,
		"clip" };
	struct clip *clip;

	clips_init(clips, 1 << 20);
	cr_assert_eq(clips_reserve(clips, &request, false, &clip), 0);
	memcpy(clip->data, samples, (size_t)bytes);
	clip_complete(clip);
	return clip;
}

Test(stream, a_clip_loops_without_a_gap_until_it_is_told_not_to)
{
	static const int16_t samples[] = { 1, 2, 3, 4, 5 };
	struct clips clips;
	struct clip *clip = make_clip(&clips, samples, sizeof(samples));

	stream_destroy(stream);
	cr_assert_eq(stream_create_clip(clip, true, &stream), 0);
	cr_assert_eq(play(), PERIOD);
	for (int i = 0; i < PERIOD; i++) {
		cr_assert_eq(out[2 * i], samples[i % 5]);
		cr_assert_eq(out[2 * i + 1], samples[i % 5]);
	}
	cr_expect_not(stream_is_over(stream));
	atomic_store(&stream->looping, false);
	cr_expect_eq(play(), 5 - PERIOD % 5); /* the rest of this pass */
	cr_expect(stream_is_over(stream));
	cr_expect_eq(atomic_load(&stream->underruns), 0);
	clip_free(clip);
	cr_expect_not_null(clips_find(&clips, 1), "it is still played");
	stream_destroy(stream);
	stream = NULL;
	cr_expect_null(clips_find(&clips, 1));
}

Test(stream, a_clip_of_part_of_a_frame_ends_at_once_even_when_it_loops)
{
	static const int16_t samples[] = { 7 };
	struct clips clips;
	struct clip *clip = make_clip(&clips, samples, 1);

	stream_destroy(stream);
	cr_assert_eq(stream_create_clip(clip, true, &stream), 0);
	cr_expect_eq(play(), 0);
	cr_expect(stream_is_over(stream));
	stream_destroy(stream);
	stream = NULL;
	clips_finish(&clips);
}
