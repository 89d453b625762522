#include <criterion/criterion.h>
#include <stdlib.h>

#include "engine-test.h"
#include "server/engine/bus.h"
#include "server/engine/resampler.h"

#define PERIOD 256

static int16_t noise[2 * PERIOD * 5];

static void
make_noise(void)
{
	uint32_t state = 2718281;
	for (size_t i = 0; i < COUNT(noise); i++) {
		noise[i] = (int16_t)(noise_next(&state) >> 16);
	}
}

TestSuite(bus, .init = make_noise);

static void
add_noise(struct bus *bus, gain_t level, uint32_t at, uint32_t n)
{
	struct pcm in = { noise + 2 * (size_t)at, PCM_S16_STEREO };
	const struct ramp gain[2] = { gain_constant(level),
		gain_constant(level) };
	struct peak peak = { 0, 0 };
	bus_add(bus, &in, gain, at, n, &peak);
}

Test(bus, a_native_bus_adds_exactly)
{
	struct bus *bus = bus_create(48000, 48000, PERIOD, kernel_find(NULL));
	int64_t master[2 * PERIOD];

	cr_assert_eq(bus_rate_out(bus), 48000);
	cr_assert_eq(bus_delay(bus), 0);
	for (int period = 0; period < 2; period++) {
		for (size_t i = 0; i < COUNT(master); i++) {
			master[i] = (int64_t)i - 77;
		}
		cr_assert_eq(bus_begin(bus, PERIOD), PERIOD);
		add_noise(bus, GAIN_UNITY, 0, PERIOD);
		add_noise(bus, 1, 0, PERIOD);
		bus_finish(bus, master);
		for (size_t i = 0; i < COUNT(master); i++) {
			cr_assert_eq(master[i], noise[i] * INT64_C(65536) +
						    noise[i] * INT64_C(2) +
						    (int64_t)i - 77);
		}
	}
	bus_destroy(bus);
}

Test(bus, a_native_bus_does_not_saturate)
{
	struct bus *bus = bus_create(8000, 8000, 1, kernel_find(NULL));
	int64_t master[2] = { 0, 0 };
	const int16_t frame[2] = { -32768, 32767 };
	struct pcm in = { frame, PCM_S16_STEREO };
	const struct ramp gain[2] = { gain_constant(GAIN_MAX),
		gain_constant(GAIN_MAX) };
	struct peak peak = { 0, 0 };

	bus_begin(bus, 1);
	for (int i = 0; i < BUS_STREAMS_MAX; i++) {
		bus_add(bus, &in, gain, 0, 1, &peak);
	}
	bus_finish(bus, master);
	cr_assert_eq(master[0], INT64_C(-32768) * 2 * 4096 * 65536);
	cr_assert_eq(master[1], INT64_C(32767) * 2 * 4096 * 65536);
	bus_destroy(bus);
}

Test(bus, adds_at_its_place)
{
	struct bus *bus = bus_create(48000, 48000, PERIOD, kernel_find(NULL));
	int64_t master[2 * PERIOD] = { 0 };

	bus_begin(bus, 100);
	add_noise(bus, GAIN_UNITY, 31, 20);
	add_noise(bus, GAIN_UNITY, 90, 10);
	add_noise(bus, GAIN_UNITY, 100, 0);
	bus_finish(bus, master);
	for (size_t i = 0; i < COUNT(master); i++) {
		size_t frame = i / 2;
		bool inside =
		    (frame >= 31 && frame < 51) || (frame >= 90 && frame < 100);
		cr_assert_eq(master[i], inside ? noise[i] * INT64_C(65536) : 0);
	}
	bus_destroy(bus);
}

/* In 1/256 of a step, to the nearest, halves up. */
static sample_t
rounded_sum(int16_t sample, gain_t gain, int streams)
{
	int64_t scaled = (int64_t)sample * gain * streams + 64;
	int64_t rounded = scaled / 128 - (scaled % 128 < 0);

	rounded = rounded > INT32_MAX ? INT32_MAX : rounded;
	return (sample_t)(rounded < INT32_MIN ? INT32_MIN : rounded);
}

/* The resampler fed with sums rounded and saturated by plain arithmetic. */
Test(bus, a_foreign_bus_rounds_once_then_resamples)
{
	struct bus *bus = bus_create(44100, 48000, PERIOD, kernel_find(NULL));
	struct resampler *resampler =
	    resampler_create(44100, 48000, PERIOD, &kernel_portable);
	int64_t got[2 * PERIOD], expected[2 * PERIOD];
	sample_t sum[2 * PERIOD];

	cr_assert_eq(bus_delay(bus), resampler_delay(resampler));
	for (int period = 0; period < 4; period++) {
		uint32_t n = bus_begin(bus, PERIOD);
		int streams = period == 2 ? 3000 : 3;
		cr_assert_eq(n, resampler_need(resampler, PERIOD));
		for (int i = 0; i < streams; i++) {
			add_noise(bus, 20001, 0, n);
		}
		for (size_t i = 0; i < 2 * (size_t)n; i++) {
			sum[i] = rounded_sum(noise[i], 20001, streams);
		}
		memset(got, 0, sizeof(got));
		memset(expected, 0, sizeof(expected));
		bus_finish(bus, got);
		resampler_run(resampler, sum, expected, PERIOD);
		cr_assert(memcmp(got, expected, sizeof(got)) == 0);
	}
	resampler_destroy(resampler);
	bus_destroy(bus);
}

/* Periods of PERIOD till it sleeps; the last one must have been silent. */
static int
periods_till_idle(struct bus *bus)
{
	int64_t master[2 * PERIOD];
	int periods = 0;

	while (!bus_is_idle(bus)) {
		cr_assert(periods < 100);
		bus_begin(bus, PERIOD);
		memset(master, 0, sizeof(master));
		bus_finish(bus, master);
		periods++;
	}
	for (size_t i = 0; i < 2 && periods > 0; i++) {
		cr_assert_eq(master[2 * PERIOD - 2 + i], 0);
	}
	return periods;
}

Test(bus, rings_out_then_sleeps)
{
	struct bus *native =
	    bus_create(48000, 48000, PERIOD, kernel_find(NULL));
	struct bus *bus = bus_create(8000, 48000, PERIOD, kernel_find(NULL));
	int64_t master[2 * PERIOD] = { 0 };

	cr_assert(bus_is_idle(bus));
	cr_assert(bus_is_idle(native));
	uint32_t n = bus_begin(bus, PERIOD);
	add_noise(bus, GAIN_UNITY, 0, n);
	cr_assert_not(bus_is_idle(bus));
	bus_finish(bus, master);
	cr_assert_not(bus_is_idle(bus));
	/* 128 taps: 43, 43 and 42 frames of silence */
	cr_assert_eq(periods_till_idle(bus), 3);

	bus_begin(native, PERIOD);
	add_noise(native, GAIN_UNITY, 0, 1);
	cr_assert_not(bus_is_idle(native));
	bus_finish(native, master);
	cr_assert(bus_is_idle(native));
	bus_destroy(native);
	bus_destroy(bus);
}

Test(bus, an_idle_bus_adds_nothing)
{
	struct bus *bus = bus_create(44100, 48000, PERIOD, kernel_find(NULL));
	int64_t master[2 * PERIOD];

	for (size_t i = 0; i < COUNT(master); i++) {
		master[i] = (int64_t)i;
	}
	bus_begin(bus, PERIOD);
	bus_finish(bus, master);
	for (size_t i = 0; i < COUNT(master); i++) {
		cr_assert_eq(master[i], (int64_t)i);
	}
	bus_destroy(bus);
}

/*
 * Sleeping changes no sample: a bus that slept plays like one that was given
 * silence all along.
 */
static void
check_restart(uint32_t rate_in, uint32_t rate_out)
{
	struct bus *bus = bus_create(rate_in, rate_out, 160, kernel_find(NULL));
	struct resampler *resampler =
	    resampler_create(rate_in, rate_out, 160, kernel_find(NULL));
	int64_t got[2 * 160], expected[2 * 160];
	sample_t sum[2 * 160 * 5];
	int sleeps = 0;

	for (int period = 0; period < 60; period++) {
		bool plays = period % 20 < 3;
		if (!plays && bus_is_idle(bus)) {
			bus_begin(bus, 160);
			memset(got, 0, sizeof(got));
			bus_finish(bus, got);
			cr_assert_eq(got[0] | got[319], 0);
			sleeps++;
			continue; /* its resampler stands still */
		}
		uint32_t n = bus_begin(bus, 160);
		cr_assert_eq(n, resampler_need(resampler, 160));
		for (size_t i = 0; i < 2 * (size_t)n; i++) {
			sum[i] = plays ? noise[i] * 256 : 0;
		}
		if (plays) {
			add_noise(bus, GAIN_UNITY, 0, n);
		}
		memset(got, 0, sizeof(got));
		memset(expected, 0, sizeof(expected));
		bus_finish(bus, got);
		resampler_run(resampler, sum, expected, 160);
		cr_assert(memcmp(got, expected, sizeof(got)) == 0);
	}
	cr_assert(sleeps > 20, "%d", sleeps);
	resampler_destroy(resampler);
	bus_destroy(bus);
}

Test(bus, restarts_exactly)
{
	check_restart(44100, 48000);
	check_restart(48000, 44100);
	check_restart(22050, 48000);
	check_restart(192000, 48000);
	check_restart(47999, 48000);
}

Test(bus, refuses_an_absurd_rate)
{
	cr_assert_null(bus_create(1, 48000, PERIOD, kernel_find(NULL)));
	bus_destroy(NULL);
}
