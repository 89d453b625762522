#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compat-tools/dsp/convert.h"
#include "compat-tools/dsp/oss4.h"
#include "protocols/esd.h"

/* All sixteen-bit values, in steps that meet both ends. */
#define FOR_WORDS(word) for (int32_t word = -32768; word <= 32767; word += 5)

static int16_t
play_one(uint32_t format, const void *sample)
{
	struct convert convert;
	int16_t word;

	cr_assert_eq(convert_init(&convert, format, 1), 0);
	cr_assert_eq(convert.wire, ESD_BITS16 | ESD_MONO);
	convert_play(&convert, sample, 1, (uint8_t *)&word);
	return word;
}

static void
put(uint8_t *out, uint32_t value, unsigned bytes, bool big)
{
	for (unsigned i = 0; i < bytes; i++) {
		out[big ? bytes - 1 - i : i] = (uint8_t)(value >> 8 * i);
	}
}

static const struct {
	uint32_t format;
	unsigned bytes;
	bool big;
	uint32_t flip; /* of the top bit, for unsigned ones */
	unsigned shift;
} linear[] = {
	{ AFMT_S16_LE, 2, false, 0, 0 },
	{ AFMT_S16_BE, 2, true, 0, 0 },
	{ AFMT_U16_LE, 2, false, 0x8000, 0 },
	{ AFMT_U16_BE, 2, true, 0x8000, 0 },
	{ AFMT_S24_PACKED, 3, false, 0, 8 },
	{ AFMT_S24_LE, 4, false, 0, 8 },
	{ AFMT_S24_BE, 4, true, 0, 8 },
	{ AFMT_S32_LE, 4, false, 0, 16 },
	{ AFMT_S32_BE, 4, true, 0, 16 },
};

Test(convert, keeps_sixteen_bits_both_ways)
{
	for (unsigned i = 0; i < sizeof(linear) / sizeof(linear[0]); i++) {
		struct convert convert;

		cr_assert_eq(convert_init(&convert, linear[i].format, 1), 0);
		FOR_WORDS(word)
		{
			uint8_t in[4], out[4] = { 0 };
			int16_t sample = (int16_t)word;

			put(in,
			    ((uint32_t)word ^ linear[i].flip)
				<< linear[i].shift,
			    linear[i].bytes, linear[i].big);
			cr_assert_eq(play_one(linear[i].format, in), word,
			    "format %x: %d", linear[i].format, word);
			convert_record(&convert, (uint8_t *)&sample, 1, out);
			cr_assert_arr_eq(out, in, linear[i].bytes,
			    "format %x: %d", linear[i].format, word);
		}
	}
}

Test(convert, takes_floats)
{
	struct convert convert;

	cr_assert_eq(convert_init(&convert, AFMT_FLOAT, 1), 0);
	FOR_WORDS(word)
	{
		float value = (float)word / 32768.0f, back;
		int16_t sample = (int16_t)word;

		cr_assert_eq(play_one(AFMT_FLOAT, &value), word);
		convert_record(&convert, (uint8_t *)&sample, 1,
		    (uint8_t *)&back);
		cr_assert_eq(back, value);
	}
	for (int i = 0; i < 3; i++) {
		static const float beyond[] = { 7.0f, -7.0f, NAN };
		static const int16_t cut[] = { 32767, -32768, 0 };

		cr_assert_eq(play_one(AFMT_FLOAT, &beyond[i]), cut[i]);
	}
}

Test(convert, dithers_what_sixteen_bits_do_not_hold)
{
	struct convert convert;
	double sum = 0;
	uint8_t in[4];

	put(in, (100u << 16) + 0x4000, 4, false); /* 100.25 */
	cr_assert_eq(convert_init(&convert, AFMT_S32_LE, 1), 0);
	for (int i = 0; i < 20000; i++) {
		int16_t word;

		convert_play(&convert, in, 1, (uint8_t *)&word);
		cr_assert(word >= 99 && word <= 102, "%d", word);
		sum += word;
	}
	cr_assert_float_eq(sum / 20000, 100.25, 0.03);
}

/*
 * G.711's own tables: the value at the start of each segment, and of its
 * steps.
 */
static int
mu_law(unsigned code)
{
	static const int start[] = { 0, 132, 396, 924, 1980, 4092, 8316,
		16764 };
	unsigned bits = ~code & 0xff;
	int value =
	    start[bits >> 4 & 7] + (int)(bits & 15) * (8 << (bits >> 4 & 7));

	return (bits & 0x80) != 0 ? -value : value;
}

static int
a_law(unsigned code)
{
	static const int start[] = { 8, 264, 528, 1056, 2112, 4224, 8448,
		16896 };
	static const int step[] = { 16, 16, 32, 64, 128, 256, 512, 1024 };
	unsigned bits = code ^ 0x55;
	int value =
	    start[bits >> 4 & 7] + (int)(bits & 15) * step[bits >> 4 & 7];

	return (bits & 0x80) != 0 ? value : -value;
}

/*
 * A code stands for what is within half a step of its value, but for what is
 * beyond the last.
 */
static void
check_law(uint32_t format, int (*value_of)(unsigned code), unsigned flip,
    int (*step_of)(unsigned segment), int last)
{
	struct convert convert;

	cr_assert_eq(convert_init(&convert, format, 1), 0);
	for (unsigned code = 0; code < 256; code++) {
		uint8_t byte = (uint8_t)code, back;
		int16_t word = play_one(format, &byte);

		cr_assert_eq(word, value_of(code), "code %u: %d", code, word);
		convert_record(&convert, (uint8_t *)&word, 1, &back);
		/* mu-law has two zeros. */
		cr_assert(back == code || (word == 0 && value_of(back) == 0),
		    "code %u comes back as %u", code, back);
	}
	FOR_WORDS(word)
	{
		int16_t sample = (int16_t)word;
		uint8_t code;

		convert_record(&convert, (uint8_t *)&sample, 1, &code);
		cr_assert(abs(value_of(code) - word) <=
				  step_of((code ^ flip) >> 4 & 7) / 2 ||
			      (abs(word) > last && abs(value_of(code)) == last),
		    "%d becomes %d", word, value_of(code));
	}
}

static int
mu_step(unsigned segment)
{
	return 8 << segment;
}

static int
a_step(unsigned segment)
{
	return segment == 0 ? 16 : 8 << segment;
}

Test(convert, knows_mu_law)
{
	check_law(AFMT_MU_LAW, mu_law, 0xff, mu_step, 32124);
}

Test(convert, knows_a_law)
{
	check_law(AFMT_A_LAW, a_law, 0x55, a_step, 32256);
}

Test(convert, leaves_the_daemons_own_alone)
{
	static const uint32_t formats[] = { AFMT_U8, AFMT_S16_NE };
	static const int32_t wires[][2] = { { ESD_MONO, ESD_STEREO },
		{ ESD_BITS16 | ESD_MONO, ESD_BITS16 | ESD_STEREO } };
	uint8_t in[1024], out[1024], back[1024];

	for (unsigned i = 0; i < sizeof(in); i++) {
		in[i] = (uint8_t)(i * 7);
	}
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned channels = 1; channels <= 2; channels++) {
			struct convert convert;
			size_t n;

			cr_assert_eq(
			    convert_init(&convert, formats[i], channels), 0);
			cr_assert_eq(convert.wire, wires[i][channels - 1]);
			cr_assert_eq(convert.wire_bytes, convert.frame_bytes);
			n = sizeof(in) / convert.frame_bytes;
			convert_play(&convert, in, n, out);
			convert_record(&convert, out, n, back);
			cr_assert_arr_eq(out, in, sizeof(in));
			cr_assert_arr_eq(back, in, sizeof(in));
		}
	}
}

Test(convert, takes_s8_and_s8_back)
{
	struct convert convert;

	cr_assert_eq(convert_init(&convert, AFMT_S8, 1), 0);
	for (int value = -128; value < 128; value++) {
		int8_t in = (int8_t)value, back;
		int16_t word = play_one(AFMT_S8, &in);

		cr_assert_eq(word, value * 256);
		convert_record(&convert, (uint8_t *)&word, 1, (uint8_t *)&back);
		cr_assert_eq(back, value);
	}
}

Test(convert, mixes_any_channels_to_two)
{
	for (unsigned channels = 3; channels <= CONVERT_CHANNELS_MAX;
	     channels++) {
		int16_t in[CONVERT_CHANNELS_MAX], out[2];
		struct convert convert;

		cr_assert_eq(convert_init(&convert, AFMT_S16_NE, channels), 0);
		cr_assert_eq(convert.wire, ESD_BITS16 | ESD_STEREO);
		cr_assert_eq(convert.frame_bytes, 2 * channels);
		for (unsigned i = 0; i < channels; i++) {
			in[i] = INT16_MIN;
		}
		convert_play(&convert, (uint8_t *)in, 1, (uint8_t *)out);
		/* All at once is full scale, no more. */
		cr_assert(out[0] <= -32000 && out[1] <= -32000,
		    "%u channels: %d, %d", channels, out[0], out[1]);
	}
}

Test(convert, records_silence_beyond_two_channels)
{
	struct convert convert;
	int16_t in[2] = { 1000, -1000 };
	int16_t out[6];
	static const int16_t wanted[6] = { 1000, -1000, 0, 0, 0, 0 };

	cr_assert_eq(convert_init(&convert, AFMT_S16_NE, 6), 0);
	convert_record(&convert, (uint8_t *)in, 1, (uint8_t *)out);
	cr_assert_arr_eq(out, wanted, sizeof(wanted));
}

Test(convert, knows_silence)
{
	static const struct {
		uint32_t format;
		uint8_t byte;
	} silent[] = { { AFMT_U8, 0x80 }, { AFMT_S8, 0 }, { AFMT_MU_LAW, 0xff },
		{ AFMT_A_LAW, 0xd5 }, { AFMT_S16_LE, 0 }, { AFMT_FLOAT, 0 } };

	for (unsigned i = 0; i < sizeof(silent) / sizeof(silent[0]); i++) {
		struct convert convert;
		uint8_t out[8];

		cr_assert_eq(convert_init(&convert, silent[i].format, 2), 0);
		convert_silence(&convert, 1, out);
		for (unsigned at = 0; at < convert.frame_bytes; at++) {
			cr_assert_eq(out[at], silent[i].byte, "format %x",
			    silent[i].format);
		}
	}
}

Test(convert, refuses_what_there_is_not)
{
	struct convert convert;
	uint32_t formats = convert_formats();

	for (unsigned bit = 0; bit < 32; bit++) {
		bool known = (formats >> bit & 1) != 0;

		cr_assert_eq(convert_sample_bytes(1u << bit) > 0, known);
		cr_assert_eq(convert_init(&convert, 1u << bit, 2) == 0, known);
	}
	cr_assert_neq(convert_init(&convert, AFMT_U8, 0), 0);
	cr_assert_neq(convert_init(&convert, AFMT_U8, 9), 0);
	cr_assert_neq(convert_init(&convert, AFMT_U8 | AFMT_S8, 1), 0);
}
