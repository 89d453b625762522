/*
 * A Kaiser-windowed sinc, from + - * / alone: IEEE 754 fixes what these give,
 * but nothing fixes the last bit of a libm's sin().  Build with
 * -ffp-contract=off, or a machine with fused multiply-add has its own bits.
 */
#include "server/engine/filter.h"

#define PI 3.14159265358979323846

#define SIN_TERMS    11 /* x^23 at pi / 2: below 1e-18 */
#define BESSEL_TERMS 48 /* (beta / 2)^96 / 48!^2 at beta 13: below 1e-40 */

#define RATE_INAUDIBLE 44100 /* its images lie above 19.8 kHz */

static const struct design {
	uint32_t taps;
	double beta; /* 0.1102 (attenuation - 8.7) */
	double cutoff;
} design_a = { 80, 12.265, 1.0 }, design_b = { 128, 10.502, 0.947 };

static uint32_t
common_factor(uint32_t a, uint32_t b)
{
	while (b != 0) {
		uint32_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

struct filter
filter_choose(uint32_t rate_in, uint32_t rate_out)
{
	uint32_t factor = common_factor(rate_in, rate_out);
	uint32_t lower = rate_in < rate_out ? rate_in : rate_out;
	const struct design *design =
	    lower >= RATE_INAUDIBLE ? &design_a : &design_b;
	struct filter filter = {
		.steps = rate_out / factor,
		.step = rate_in / factor,
		.cutoff = design->cutoff * lower / rate_in,
		.beta = design->beta,
	};

	/* Going down, the filter is as long in time as at the lower rate. */
	uint64_t taps = (uint64_t)design->taps * rate_in;
	filter.taps = (uint32_t)((taps + lower - 1) / lower + 7) & ~7U;

	filter.interpolated =
	    filter.steps > FILTER_EXACT_MAX ||
	    (uint64_t)filter.steps * filter.taps > FILTER_COEFS_MAX;
	filter.phases = filter.steps;
	if (filter.interpolated) {
		/* ... and as much smoother, so that fewer phases do. */
		uint64_t phases = (uint64_t)FILTER_INTERPOLATE * lower;
		filter.phases = (uint32_t)((phases + rate_in - 1) / rate_in);
	}
	return filter;
}

uint32_t
filter_rows(const struct filter *filter)
{
	return filter->phases + (filter->interpolated ? 1 : 0);
}

/* sin(pi x) for |x| < 2^31. */
static double
sin_pi(double x)
{
	int64_t whole = (int64_t)(x < 0 ? x - 0.5 : x + 0.5);
	double angle = (x - (double)whole) * PI, square = angle * angle;
	double sum = 1.0;

	for (int i = SIN_TERMS; i > 0; i--) {
		sum = 1.0 - square / (2.0 * i * (2.0 * i + 1.0)) * sum;
	}
	return whole % 2 == 0 ? angle * sum : -angle * sum;
}

static double
sinc(double x)
{
	return x == 0.0 ? 1.0 : sin_pi(x) / (PI * x);
}

/*
 * I0(beta sqrt(1 - t^2)): its series needs only the square, so no root.
 *   t  -1 .. 1
 */
static double
kaiser(double beta, double t)
{
	double square = beta * beta / 4.0 * (1.0 - t * t);
	double term = 1.0, sum = 1.0;

	for (int i = 1; i < BESSEL_TERMS; i++) {
		term *= square / ((double)i * i);
		sum += term;
	}
	return sum;
}

void
filter_row(const struct filter *filter, uint32_t row, double *work, int32_t *h)
{
	double half = filter->taps / 2.0, sum = 0.0, error = 0.0;
	double phase = (double)row / filter->phases;

	for (uint32_t i = 0; i < filter->taps; i++) {
		double x = (double)i + 1.0 - phase - half;
		work[i] =
		    sinc(filter->cutoff * x) * kaiser(filter->beta, x / half);
		sum += work[i];
	}
	/* What one tap's rounding drops the next takes, so the sum is exact. */
	for (uint32_t i = 0; i < filter->taps; i++) {
		double value =
		    work[i] / sum * (double)(1 << FILTER_BITS) + error;
		h[i] = (int32_t)(value < 0 ? value - 0.5 : value + 0.5);
		error = value - h[i];
	}
}
