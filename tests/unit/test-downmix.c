#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "compat-tools/downmix.h"

#define LOUD 0.70710678f

static void
expect_places(bool is_ogg, int channels, const char *places)
{
	char got[16] = "";

	downmix_usual_places(is_ogg, channels, got);
	cr_assert_str_eq(got, places);
}

Test(downmix, orders)
{
	expect_places(false, 1, "C");
	expect_places(true, 2, "LR");
	expect_places(false, 3, "LRC");
	expect_places(true, 3, "LCR");
	expect_places(false, 6, "LRCFlr");
	expect_places(true, 6, "LCRlrF");
	expect_places(false, 8, "LRCFlrlr");
	expect_places(false, 9, "LRLRLRLRL");
}

Test(downmix, gains)
{
	struct pan pans[6];
	float sum[2] = { 0, 0 };

	downmix_pans("LRCFlr", 6, pans);
	for (int i = 0; i < 6; i++) {
		sum[0] += pans[i].left;
		sum[1] += pans[i].right;
	}
	cr_assert_float_eq(sum[0], 1, 1e-6);
	cr_assert_float_eq(sum[1], 1, 1e-6);
	cr_assert_float_eq(pans[0].left, 1 / (1 + 2 * LOUD), 1e-6);
	cr_assert_eq(pans[0].right, 0);
	cr_assert_float_eq(pans[2].left, LOUD / (1 + 2 * LOUD), 1e-6);
	cr_assert_eq(pans[3].left + pans[3].right, 0);
	downmix_pans("LR", 2, pans);
	cr_assert_eq(pans[0].left, 1);
	cr_assert_eq(pans[1].right, 1);
	cr_assert_eq(pans[0].right + pans[1].left, 0);
	downmix_pans("F", 1, pans);
	cr_assert_eq(pans[0].left, 1);
}

static int16_t
convert(float value, uint32_t *state)
{
	static const struct pan pan = { 1, 1 };
	int16_t out;

	downmix(&value, 1, &pan, 1, &out, state);
	return out;
}

Test(downmix, keeps_16_bits)
{
	uint32_t state = 1;

	for (int v = INT16_MIN; v <= INT16_MAX; v++) {
		cr_assert_eq(convert((float)v / 32768, &state), v);
	}
}

Test(downmix, saturates)
{
	uint32_t state = 1;

	cr_assert_eq(convert(1, &state), INT16_MAX);
	cr_assert_eq(convert(1e30f, &state), INT16_MAX);
	cr_assert_eq(convert(INFINITY, &state), INT16_MAX);
	cr_assert_eq(convert(-1.5f, &state), INT16_MIN);
	cr_assert_eq(convert(-INFINITY, &state), INT16_MIN);
	cr_assert_eq(convert(NAN, &state), 0);
}

/* Triangular noise: the mean is kept, the error has 1/6 + 1/12 LSB^2. */
Test(downmix, dithers)
{
	enum { N = 200000 };
	static const float levels[] = { 0.25f, 0.5f, -0.7f, 1000.1f, -3000.9f };
	uint32_t state = 1;

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		double mean = 0, power = 0;

		for (int n = 0; n < N; n++) {
			double error = convert(levels[i] / 32768, &state) -
				       (double)levels[i];

			cr_assert_leq(fabs(error), 1.501);
			mean += error / N;
			power += error * error / N;
		}
		cr_assert_float_eq(mean, 0, 0.01, "%g: %g", levels[i], mean);
		cr_assert_float_eq(power, 0.25, 0.01, "%g: %g", levels[i],
		    power);
	}
}
