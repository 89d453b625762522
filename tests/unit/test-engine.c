#include <criterion/criterion.h>
#include <stdlib.h>

#include "engine-test.h"
#include "server/engine/engine.h"
#include "server/engine/format.h"

#define EXACT_FORMATS OUT_U8 /* the last is narrower than a stream */
#define PERIOD	      256
#define SAMPLES	      ((size_t)2 * PERIOD)

static struct engine *engine;
static int16_t noise[3][SAMPLES];
static const struct ramp unity[2] = { { GAIN_UNITY << 14, 0 },
	{ GAIN_UNITY << 14, 0 } };

static void
set_up(void)
{
	uint32_t state = 31337;
	for (size_t i = 0; i < COUNT(noise); i++) {
		for (size_t k = 0; k < SAMPLES; k++) {
			noise[i][k] = (int16_t)(noise_next(&state) >> 16);
		}
	}
	engine = engine_create(48000);
	cr_assert_not_null(engine);
	engine_set_bus(engine, 0,
	    bus_create(48000, 48000, ENGINE_PERIOD_MAX, kernel_find(NULL)));
}

static void
tear_down(void)
{
	engine_destroy(engine);
}

TestSuite(engine, .init = set_up, .fini = tear_down);

static void
add_s16(unsigned slot, const int16_t *frames, gain_t level)
{
	struct pcm in = { frames, PCM_S16_STEREO };
	const struct ramp gain[2] = { gain_constant(level),
		gain_constant(level) };
	struct peak peak = { 0, 0 };
	engine_add(engine, slot, &in, gain, 0, engine_frames(engine, slot),
	    &peak);
}

/* One period of those streams at unity. */
static void
play(const int16_t *const *streams, unsigned count)
{
	engine_begin(engine, PERIOD);
	for (unsigned i = 0; i < count; i++) {
		add_s16(0, streams[i], GAIN_UNITY);
	}
	engine_finish(engine, unity);
}

/* One sample of the format from its bytes, as a plain number. */
static int64_t
read_sample(const uint8_t *at, enum out_format format)
{
	const char *name = out_format_name(format);
	unsigned bytes = out_format_bytes(format);
	bool big_endian = name[strlen(name) - 2] == 'B';
	int64_t value = 0;

	for (unsigned i = 0; i < bytes; i++) {
		value = value * 256 + at[big_endian ? i : bytes - 1 - i];
	}
	int64_t range = INT64_C(1) << 8 * bytes;
	return value >= range / 2 ? value - range : value;
}

/* What one s16 step is worth in the format. */
static int64_t
step_of(enum out_format format)
{
	const char *name = out_format_name(format);
	return name[1] == '1' ? 1 : name[1] == '2' ? 256 : 65536;
}

Test(engine, one_stream_at_unity_is_transparent_in_every_format)
{
	const int16_t *streams[] = { noise[0] };
	static uint8_t out[SAMPLES * 4];

	for (int f = 0; f < EXACT_FORMATS; f++) {
		enum out_format format = (enum out_format)f;
		play(streams, 1);
		cr_assert_eq(engine_format(engine, format, 2, out), 0);
		for (size_t i = 0; i < SAMPLES; i++) {
			const uint8_t *at = out + i * out_format_bytes(format);
			cr_assert_eq(read_sample(at, format),
			    noise[0][i] * step_of(format), "%s, sample %zu",
			    out_format_name(format), i);
		}
	}
}

Test(engine, formats_are_laid_out_as_alsa_says)
{
	static const struct {
		enum out_format format;
		const char *name;
		unsigned bytes;
		uint8_t sample[4]; /* of -2 */
	} known[] = {
		{ OUT_S16_LE, "S16_LE", 2, { 0xfe, 0xff } },
		{ OUT_S16_BE, "S16_BE", 2, { 0xff, 0xfe } },
		{ OUT_S24_3LE, "S24_3LE", 3, { 0x00, 0xfe, 0xff } },
		{ OUT_S24_3BE, "S24_3BE", 3, { 0xff, 0xfe, 0x00 } },
		{ OUT_S24_LE, "S24_LE", 4, { 0x00, 0xfe, 0xff, 0xff } },
		{ OUT_S24_BE, "S24_BE", 4, { 0xff, 0xff, 0xfe, 0x00 } },
		{ OUT_S32_LE, "S32_LE", 4, { 0x00, 0x00, 0xfe, 0xff } },
		{ OUT_S32_BE, "S32_BE", 4, { 0xff, 0xfe, 0x00, 0x00 } },
	};
	int16_t frames[SAMPLES];
	const int16_t *streams[] = { frames };

	cr_assert_eq(COUNT(known), EXACT_FORMATS);
	for (size_t i = 0; i < SAMPLES; i++) {
		frames[i] = -2;
	}
	play(streams, 1);
	for (size_t i = 0; i < COUNT(known); i++) {
		uint8_t out[SAMPLES * 4];
		engine_format(engine, known[i].format, 2, out);
		cr_assert_eq(memcmp(out, known[i].sample, known[i].bytes), 0);
		cr_assert_str_eq(out_format_name(known[i].format),
		    known[i].name);
		cr_assert_eq(out_format_bytes(known[i].format), known[i].bytes);
	}
	cr_assert_null(out_format_name(OUT_FORMATS));
}

Test(engine, three_streams_are_their_exact_sum)
{
	const int16_t *streams[] = { noise[0], noise[1], noise[2] };
	int32_t out[SAMPLES];
	uint32_t expected = 0;

	play(streams, 3);
	uint32_t clipped = engine_format(engine, OUT_S32_LE, 2, out);
	for (size_t i = 0; i < SAMPLES; i++) {
		int32_t sum = noise[0][i] + noise[1][i] + noise[2][i];
		int64_t value = sum * INT64_C(65536);
		if (sum > 32767 || sum < -32768) {
			value = sum > 0 ? INT32_MAX : INT32_MIN;
			expected++;
		}
		cr_assert_eq(read_sample((uint8_t *)&out[i], OUT_S32_LE),
		    value);
	}
	cr_assert(expected > 10);
	cr_assert_eq(clipped, expected);
}

Test(engine, clips_only_beyond_full_scale)
{
	int16_t frames[SAMPLES] = { 32767, -32768, 32766, -32767 };
	static const int16_t one[SAMPLES] = { 0, 0, 1, -1 };
	const int16_t *streams[] = { frames, one };
	int16_t out[SAMPLES];

	play(streams, 2);
	cr_assert_eq(engine_format(engine, OUT_S16_LE, 2, out), 0);
	cr_assert_eq(engine_peak(engine).left, 32767);
	cr_assert_eq(engine_peak(engine).right, 32768);

	frames[2] = 32767;
	frames[3] = -32768;
	play(streams, 2);
	cr_assert_eq(engine_format(engine, OUT_S16_LE, 2, out), 2);
	cr_assert_eq(read_sample((uint8_t *)&out[2], OUT_S16_LE), 32767);
	cr_assert_eq(read_sample((uint8_t *)&out[3], OUT_S16_LE), -32768);
	cr_assert_eq(engine_peak(engine).left, 32768);
	cr_assert_eq(engine_peak(engine).right, 32769);
}

Test(engine, mono_is_half_of_both)
{
	const int16_t *streams[] = { noise[0] };
	int32_t out[PERIOD];

	play(streams, 1);
	cr_assert_eq(engine_format(engine, OUT_S32_LE, 1, out), 0);
	for (size_t i = 0; i < PERIOD; i++) {
		int64_t sum = noise[0][2 * i] + noise[0][2 * i + 1];
		cr_assert_eq(read_sample((uint8_t *)&out[i], OUT_S32_LE),
		    sum * 32768);
	}
}

Test(engine, mono_of_equal_sides_is_transparent)
{
	struct pcm in = { noise[0], PCM_S16_MONO };
	struct peak peak = { 0, 0 };
	int16_t out[PERIOD];

	engine_begin(engine, PERIOD);
	engine_add(engine, 0, &in, unity, 0, PERIOD, &peak);
	engine_finish(engine, unity);
	engine_format(engine, OUT_S16_LE, 1, out);
	for (size_t i = 0; i < PERIOD; i++) {
		cr_assert_eq(read_sample((uint8_t *)&out[i], OUT_S16_LE),
		    noise[0][i]);
	}
}

Test(engine, further_channels_are_silent)
{
	const int16_t *streams[] = { noise[0] };
	static uint8_t out[PERIOD * ENGINE_CHANNELS_MAX * 4 + 1];

	play(streams, 1);
	for (unsigned channels = 3; channels <= ENGINE_CHANNELS_MAX;
	     channels++) {
		for (int f = 0; f < EXACT_FORMATS; f++) {
			enum out_format format = (enum out_format)f;
			size_t bytes = out_format_bytes(format);
			memset(out, 0x55, sizeof(out));
			engine_format(engine, format, channels, out);
			for (size_t i = 0; i < (size_t)PERIOD * channels; i++) {
				size_t frame = i / channels;
				size_t side = i % channels;
				int64_t value =
				    side > 1 ? 0
					     : noise[0][2 * frame + side] *
						   step_of(format);
				cr_assert_eq(
				    read_sample(out + i * bytes, format),
				    value);
			}
			cr_assert_eq(out[(size_t)PERIOD * channels * bytes],
			    0x55, "it wrote beyond the end");
		}
	}
}

Test(engine, silence_stays_silence)
{
	uint8_t out[SAMPLES * 2];

	play(NULL, 0);
	memset(out, 1, sizeof(out));
	cr_assert_eq(engine_format(engine, OUT_S16_LE, 2, out), 0);
	for (size_t i = 0; i < sizeof(out); i++) {
		cr_assert_eq(out[i], 0);
	}
	cr_assert_eq(engine_peak(engine).left, 0);
}

Test(engine, eight_bits_are_transparent_and_silence_is_in_their_middle)
{
	uint8_t bytes[SAMPLES], out[SAMPLES * 4];
	struct pcm in = { bytes, PCM_U8_STEREO };
	struct peak peak = { 0, 0 };

	for (size_t i = 0; i < SAMPLES; i++) {
		bytes[i] = (uint8_t)(i * 7);
	}
	cr_assert_str_eq(out_format_name(OUT_U8), "U8");
	cr_assert_eq(out_format_bytes(OUT_U8), 1);
	engine_begin(engine, PERIOD);
	engine_add(engine, 0, &in, unity, 0, PERIOD, &peak);
	engine_finish(engine, unity);
	cr_assert_eq(engine_format(engine, OUT_U8, 2, out), 0);
	cr_assert_eq(memcmp(out, bytes, sizeof(bytes)), 0);
	engine_format(engine, OUT_U8, 8, out);
	for (size_t i = 0; i < SAMPLES * 4; i++) {
		uint8_t value = i % 8 > 1 ? 0x80 : bytes[i / 8 * 2 + i % 8];
		cr_assert_eq(out[i], value);
	}
	play(NULL, 0);
	engine_format(engine, OUT_U8, 1, out);
	for (size_t i = 0; i < PERIOD; i++) {
		cr_assert_eq(out[i], 0x80);
	}
}

/* What a device gives in a format is what format_frames() would give it. */
Test(engine, parsing_is_the_reverse)
{
	static uint8_t out[PERIOD * ENGINE_CHANNELS_MAX * 4];
	static int64_t master[SAMPLES], back[SAMPLES];
	uint64_t dither = 0;

	for (int f = 0; f < OUT_FORMATS; f++) {
		enum out_format format = (enum out_format)f;
		for (size_t i = 0; i < SAMPLES; i++) {
			int16_t sample = noise[0][i];
			master[i] =
			    (format == OUT_U8 ? sample / 256 * 256 : sample) *
			    INT64_C(65536);
		}
		for (unsigned channels = 2; channels <= 8; channels++) {
			cr_assert_eq(format_frames(master, PERIOD, format,
					 channels, &dither, out),
			    0);
			format_parse(format, channels, out, PERIOD, back);
			cr_assert_eq(memcmp(master, back, sizeof(back)), 0);
		}
	}
}

/* To any two of five, all others silent, and back. */
static void
expect_moved(enum out_format format, const unsigned to[2])
{
	enum { FRAMES = 16, CHANNELS = 5 };
	static const unsigned first[2] = { 0, 1 };
	uint8_t before[FRAMES * CHANNELS * OUT_BYTES_MAX];
	uint8_t after[sizeof(before)];
	int64_t master[2 * FRAMES];
	unsigned bytes = out_format_bytes(format);
	uint64_t dither = 0;

	for (size_t i = 0; i < 2 * FRAMES; i++) {
		master[i] = noise[0][i] * INT64_C(65536);
	}
	(void)format_frames(master, FRAMES, format, CHANNELS, &dither, before);
	memcpy(after, before, sizeof(after));
	format_move(format, CHANNELS, first, to, after, FRAMES);
	for (size_t i = 0; i < FRAMES * CHANNELS; i++) {
		unsigned channel = i % CHANNELS;
		size_t from = i - channel +
			      (channel == to[0]	     ? 0
				  : channel == to[1] ? 1
						     : 2);

		cr_assert_arr_eq(after + i * bytes, before + from * bytes,
		    bytes);
	}
	format_move(format, CHANNELS, to, first, after, FRAMES);
	cr_assert_arr_eq(after, before, FRAMES * CHANNELS * bytes);
}

Test(engine, the_front_pair_moves)
{
	for (int f = 0; f < OUT_FORMATS; f++) {
		for (unsigned at = 0; at < 5 * 5; at++) {
			const unsigned to[2] = { at / 5, at % 5 };

			if (to[0] != to[1]) {
				expect_moved((enum out_format)f, to);
			}
		}
	}
}

Test(engine, one_channel_is_parsed_to_both_sides)
{
	static const uint8_t in[] = { 0xff, 0xfe, 0x12, 0x34 };
	int64_t master[4];

	format_parse(OUT_S16_BE, 1, in, 2, master);
	cr_assert_eq(master[0], INT64_C(-2) * 65536);
	cr_assert_eq(master[1], INT64_C(-2) * 65536);
	cr_assert_eq(master[2], INT64_C(0x1234) * 65536);
	cr_assert_eq(master[3], INT64_C(0x1234) * 65536);
}

/*
 * A constant between two steps: dither makes its mean right and its error
 * triangular, of variance 1/4 whatever the constant (1/6 of the noise, 1/12
 * of rounding).
 */
static void
check_dither(int16_t sample, gain_t level)
{
	double exact = (double)sample * level / GAIN_UNITY;
	double sum = 0, squares = 0, product = 0, last = 0;
	const int rounds = 200;
	int16_t frames[SAMPLES], out[SAMPLES];

	for (size_t i = 0; i < SAMPLES; i++) {
		frames[i] = sample;
	}
	for (int round = 0; round < rounds; round++) {
		engine_begin(engine, PERIOD);
		add_s16(0, frames, level);
		engine_finish(engine, unity);
		engine_format(engine, OUT_S16_LE, 2, out);
		for (size_t i = 0; i < SAMPLES; i++) {
			double error = (double)read_sample((uint8_t *)&out[i],
					   OUT_S16_LE) -
				       exact;
			cr_assert(error > -1.5 && error < 1.5);
			sum += error;
			squares += error * error;
			product += error * last;
			last = error;
		}
	}
	double count = (double)SAMPLES * rounds;
	cr_assert_float_eq(sum / count, 0.0, 0.01);
	cr_assert_float_eq(squares / count, 0.25, 0.005);
	cr_assert_float_eq(product / count, 0.0, 0.01, "it is not white");
}

Test(engine, dither_is_triangular_where_bits_are_dropped)
{
	check_dither(1000, GAIN_UNITY + 7);
	check_dither(1, GAIN_UNITY / 2);
	check_dither(-1, GAIN_UNITY / 4);
	check_dither(-20000, 12345);
}

Test(engine, dither_is_repeatable)
{
	int16_t first[SAMPLES], second[SAMPLES];
	struct engine *other = engine_create(48000);
	struct engine *mine = engine;

	engine_begin(engine, PERIOD);
	add_s16(0, noise[0], 12345);
	engine_finish(engine, unity);
	engine_format(engine, OUT_S16_LE, 2, first);
	engine_set_bus(other, 0, engine_set_bus(engine, 0, NULL));
	engine = other;
	engine_begin(engine, PERIOD);
	add_s16(0, noise[0], 12345);
	engine_finish(engine, unity);
	engine_format(engine, OUT_S16_LE, 2, second);
	cr_assert_eq(memcmp(first, second, sizeof(first)), 0);
	engine_format(engine, OUT_S16_LE, 2, second);
	cr_assert_neq(memcmp(first, second, sizeof(first)), 0,
	    "the same noise over and over is a tone");
	engine_destroy(mine);
}

Test(engine, nothing_is_dropped_in_32_bits)
{
	int32_t out[SAMPLES];

	engine_begin(engine, PERIOD);
	add_s16(0, noise[0], 12345);
	engine_finish(engine, unity);
	engine_format(engine, OUT_S32_LE, 2, out);
	for (size_t i = 0; i < SAMPLES; i++) {
		cr_assert_eq(read_sample((uint8_t *)&out[i], OUT_S32_LE),
		    noise[0][i] * INT64_C(12345) * 2);
	}
}

Test(engine, the_master_volume_is_a_ramp)
{
	const struct ramp down[2] = { ramp_make(GAIN_UNITY, 0, PERIOD),
		ramp_make(GAIN_MAX, GAIN_UNITY, PERIOD) };
	int32_t out[SAMPLES];
	int16_t frames[SAMPLES];

	for (size_t i = 0; i < SAMPLES; i++) {
		frames[i] = i % 4 < 2 ? 10000 : -9999;
	}
	engine_begin(engine, PERIOD);
	add_s16(0, frames, GAIN_UNITY);
	engine_finish(engine, down);
	cr_assert_eq(engine_format(engine, OUT_S32_LE, 2, out), 0);
	for (size_t i = 0; i < SAMPLES; i++) {
		int64_t gain =
		    (i % 2 == 0 ? 32768 : 65536) - (int64_t)(i / 2) * 128;
		cr_assert_eq(read_sample((uint8_t *)&out[i], OUT_S32_LE),
		    frames[i] * gain * 2);
	}
	cr_assert_eq(engine_peak(engine).left, 10000);
	cr_assert_eq(engine_peak(engine).right, 20000);
}

Test(engine, the_master_volume_cannot_overflow)
{
	const struct ramp most[2] = { gain_constant(GAIN_MAX),
		gain_constant(GAIN_MAX) };
	int16_t frames[SAMPLES], out[SAMPLES];

	for (size_t i = 0; i < SAMPLES; i++) {
		frames[i] = i % 2 == 0 ? -32768 : 32767;
	}
	for (unsigned slot = 1; slot < ENGINE_BUSES_MAX; slot++) {
		engine_set_bus(engine, slot,
		    bus_create(48000, 48000, PERIOD, kernel_find(NULL)));
	}
	engine_begin(engine, PERIOD);
	for (unsigned slot = 0; slot < ENGINE_BUSES_MAX; slot++) {
		for (int i = 0; i < BUS_STREAMS_MAX; i++) {
			add_s16(slot, frames, GAIN_MAX);
		}
	}
	engine_finish(engine, most);
	cr_assert_eq(engine_format(engine, OUT_S16_LE, 2, out),
	    (uint32_t)SAMPLES);
	cr_assert_eq(read_sample((uint8_t *)&out[0], OUT_S16_LE), -32768);
	cr_assert_eq(read_sample((uint8_t *)&out[1], OUT_S16_LE), 32767);
	cr_assert_eq(engine_peak(engine).left, UINT32_MAX, "2^34 fits not");
}

/* Buses of several rates sound together as each would alone. */
Test(engine, buses_sum)
{
	static const uint32_t rates[] = { 48000, 44100, 8000 };
	static int32_t alone[3][SAMPLES], together[SAMPLES];

	for (unsigned i = 1; i < 3; i++) {
		engine_set_bus(engine, i,
		    bus_create(rates[i], 48000, PERIOD, kernel_find(NULL)));
	}
	for (unsigned turn = 0; turn < 4; turn++) {
		engine_begin(engine, PERIOD);
		for (unsigned i = 0; i < 3; i++) {
			if (turn == i || turn == 3) {
				add_s16(i, noise[i], 9000);
			}
		}
		engine_finish(engine, unity);
		engine_format(engine, OUT_S32_LE, 2,
		    turn == 3 ? together : alone[turn]);
		for (unsigned i = 1; i < 3; i++) { /* fresh filters */
			bus_destroy(engine_set_bus(engine, i,
			    bus_create(rates[i], 48000, PERIOD,
				kernel_find(NULL))));
		}
	}
	for (size_t i = 0; i < SAMPLES; i++) {
		int64_t sum = 0;
		for (unsigned turn = 0; turn < 3; turn++) {
			sum +=
			    read_sample((uint8_t *)&alone[turn][i], OUT_S32_LE);
		}
		cr_assert_eq(read_sample((uint8_t *)&together[i], OUT_S32_LE),
		    sum);
	}
}

Test(engine, a_slot_changes_its_rate)
{
	struct bus *low =
	    bus_create(8000, 48000, ENGINE_PERIOD_MAX, kernel_find(NULL));

	engine_begin(engine, 600);
	cr_assert_eq(engine_frames(engine, 0), 600);
	engine_finish(engine, unity);
	struct bus *old = engine_set_bus(engine, 0, low);
	cr_assert_not_null(old);
	bus_destroy(old);
	engine_begin(engine, 600);
	cr_assert_eq(engine_frames(engine, 0), 100);
	cr_assert_eq(engine_busy(engine), 0);
	add_s16(0, noise[0], GAIN_UNITY);
	cr_assert_eq(engine_busy(engine), 1);
	engine_finish(engine, unity);
	cr_assert_eq(engine_busy(engine), 1);
	for (int i = 0; i < 2; i++) {
		engine_begin(engine, 600);
		engine_finish(engine, unity);
	}
	cr_assert_eq(engine_busy(engine), 0, "128 taps have rung out");
	cr_assert_eq(engine_set_bus(engine, 0, NULL), low);
	bus_destroy(low);
	engine_begin(engine, 600);
	cr_assert_eq(engine_frames(engine, 0), 0);
	engine_finish(engine, unity);
}

Test(engine, busy_tells_the_slots)
{
	engine_set_bus(engine, 31,
	    bus_create(44100, 48000, PERIOD, kernel_find(NULL)));
	engine_begin(engine, PERIOD);
	add_s16(31, noise[0], GAIN_UNITY);
	cr_assert_eq(engine_busy(engine), UINT32_C(1) << 31);
	engine_finish(engine, unity);
	cr_assert_eq(engine_busy(engine), UINT32_C(1) << 31);
	cr_assert_eq(engine_rate(engine), 48000);
	engine_destroy(NULL);
}
