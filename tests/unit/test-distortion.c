/*
 * THD+N and the worst spur of the resampler, for every pair of common rates.
 *
 * Two tones at a time, one on each side, at -1 dBFS in sample_t's resolution.
 * Against the tone: THD+N is what a least-squares fit of that tone and a
 * constant leaves over; a spur is the greatest line in the spectrum of that
 * rest (so that no leakage of the tone hides or feigns one).
 */
#include <complex.h>
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine-test.h"
#include "server/engine/resampler.h"

#define PI	  3.14159265358979323846
#define POINTS	  4096 /* output frames measured, a power of two */
#define BLOCK	  256  /* frames asked for at once */
#define AMPLITUDE (0.891250938133746 * 32768 * (1 << SAMPLE_BITS))

#define THDN_MOST -110.0 /* dB */
#define SPUR_MOST -100.0

static const uint32_t rates[] = { 8000, 11025, 16000, 22050, 32000, 44100,
	48000, 88200, 96000, 192000 };

/* Of the lower Nyquist; taken two by two. */
static const double sweep[] = { 0.9, 0.021, 0.87, 0.103, 0.83, 0.21, 0.76, 0.33,
	0.69, 0.45, 0.61, 0.53 };

struct figures {
	double thdn, spur; /* dB */
};

static struct figures
worse(struct figures a, struct figures b)
{
	struct figures figures = { fmax(a.thdn, b.thdn), fmax(a.spur, b.spur) };
	return figures;
}

static void
fft(double complex *x, size_t n)
{
	for (size_t i = 1, j = 0; i < n; i++) {
		size_t bit = n >> 1;
		for (; j & bit; bit >>= 1) {
			j ^= bit;
		}
		j ^= bit;
		if (i < j) {
			double complex swap = x[i];
			x[i] = x[j];
			x[j] = swap;
		}
	}
	for (size_t size = 2; size <= n; size *= 2) {
		double complex turn = cexp(-2.0 * PI * I / (double)size);
		for (size_t start = 0; start < n; start += size) {
			double complex w = 1.0;
			for (size_t k = start; k < start + size / 2; k++) {
				double complex odd = x[k + size / 2] * w;
				x[k + size / 2] = x[k] - odd;
				x[k] += odd;
				w *= turn;
			}
		}
	}
}

/* Solves m x = b, the last column of m being b, by elimination. */
static void
solve(double m[3][4], double x[3])
{
	for (int i = 0; i < 3; i++) {
		for (int row = 0; row < 3; row++) {
			double factor = m[row][i] / m[i][i];
			for (int k = 0; row != i && k < 4; k++) {
				m[row][k] -= factor * m[i][k];
			}
		}
	}
	for (int i = 0; i < 3; i++) {
		x[i] = m[i][3] / m[i][i];
	}
}

/* Takes the best fit of that tone and a constant out of the signal. */
static void
remove_tone(double *signal, double turns)
{
	double m[3][4] = { { 0 } }, x[3];

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < POINTS; i++) {
			double angle = 2.0 * PI * turns * (double)i;
			double v[4] = { 1.0, cos(angle), sin(angle),
				signal[i] };
			if (pass == 1) {
				signal[i] -= x[0] + x[1] * v[1] + x[2] * v[2];
				continue;
			}
			for (int row = 0; row < 3; row++) {
				for (int k = 0; k < 4; k++) {
					m[row][k] += v[row] * v[k];
				}
			}
		}
		if (pass == 0) {
			solve(m, x);
		}
	}
}

/* Blackman-Harris: side lobes at -92 dB of what is itself below -100. */
static double
spectrum_window(size_t i)
{
	double angle = 2.0 * PI * (double)i / POINTS;
	return 0.35875 - 0.48829 * cos(angle) + 0.14128 * cos(2 * angle) -
	       0.01168 * cos(3 * angle);
}

/*
 * Of a tone of AMPLITUDE in the master's scale.
 *   turns  of the tone in an output frame
 */
static struct figures
measure(const int64_t *master, unsigned side, double turns)
{
	static double signal[POINTS];
	static double complex spectrum[POINTS];
	const double scale = AMPLITUDE * (1 << (MASTER_BITS - SAMPLE_BITS));
	double power = 0.0, sum = 0.0, most = 0.0;

	for (size_t i = 0; i < POINTS; i++) {
		signal[i] = (double)master[2 * i + side] / scale;
	}
	remove_tone(signal, turns);
	for (size_t i = 0; i < POINTS; i++) {
		power += signal[i] * signal[i] / POINTS;
		spectrum[i] = signal[i] * spectrum_window(i);
		sum += spectrum_window(i);
	}
	fft(spectrum, POINTS);
	for (size_t i = 0; i <= POINTS / 2; i++) {
		most = fmax(most, cabs(spectrum[i]) * 2.0 / sum);
	}
	struct figures figures = { 10.0 * log10(2.0 * power + 1e-30),
		20.0 * log10(most + 1e-30) };
	return figures;
}

/* Feeds two tones and keeps POINTS frames of what comes when it has settled. */
static void
resample_tones(uint32_t rate_in, uint32_t rate_out, const double turns[2],
    int64_t *master)
{
	struct resampler *resampler =
	    resampler_create(rate_in, rate_out, BLOCK, kernel_find(NULL));
	cr_assert_not_null(resampler);
	sample_t *in = calloc(resampler_need_max(resampler), 2 * sizeof(*in));
	uint64_t fed = 0, tail = resampler_tail(resampler);
	int64_t unused[2 * BLOCK] = { 0 };

	for (size_t done = 0; done < POINTS;) {
		bool settled = fed > tail;
		uint32_t need = resampler_need(resampler, BLOCK);
		for (size_t i = 0; i < 2 * (size_t)need; i++) {
			uint64_t frame = fed + i / 2;
			double angle = 2.0 * PI * turns[i % 2] * (double)frame;
			in[i] = (sample_t)lrint(AMPLITUDE * sin(angle));
		}
		fed += need;
		resampler_run(resampler, in,
		    settled ? master + 2 * done : unused, BLOCK);
		done += settled ? BLOCK : 0;
	}
	free(in);
	resampler_destroy(resampler);
}

/* The worst of an even number of tones. */
static struct figures
measure_tones(uint32_t rate_in, uint32_t rate_out, const double *tones,
    size_t count)
{
	static int64_t master[2 * POINTS];
	double nyquist = (rate_in < rate_out ? rate_in : rate_out) / 2.0;
	struct figures worst = { -999.0, -999.0 };

	for (size_t i = 0; i < count; i += 2) {
		double turns[2] = { tones[i] * nyquist / rate_in,
			tones[i + 1] * nyquist / rate_in };
		memset(master, 0, sizeof(master));
		resample_tones(rate_in, rate_out, turns, master);
		for (unsigned side = 0; side < 2; side++) {
			double out = turns[side] * rate_in / rate_out;
			worst = worse(worst, measure(master, side, out));
		}
	}
	return worst;
}

static struct figures
measure_pair(uint32_t rate_in, uint32_t rate_out)
{
	return measure_tones(rate_in, rate_out, sweep, COUNT(sweep));
}

static void
print_head(const char *what)
{
	printf("%s, dB; rows in, columns out\n%8s", what, "");
	for (size_t o = 0; o < COUNT(rates); o++) {
		printf("%8u", rates[o]);
	}
	printf("\n");
}

static void
print_table(const char *what, double figures[COUNT(rates)][COUNT(rates)])
{
	print_head(what);
	for (size_t i = 0; i < COUNT(rates); i++) {
		printf("%8u", rates[i]);
		for (size_t o = 0; o < COUNT(rates); o++) {
			if (i == o) {
				printf("%8s", "-");
			} else {
				printf("%8.1f", figures[i][o]);
			}
		}
		printf("\n");
	}
}

Test(distortion, of_every_pair_of_rates)
{
	static double thdn[COUNT(rates)][COUNT(rates)];
	static double spur[COUNT(rates)][COUNT(rates)];
	struct figures worst = { -999.0, -999.0 };

	for (size_t i = 0; i < COUNT(rates); i++) {
		for (size_t o = 0; o < COUNT(rates); o++) {
			if (i == o) {
				continue;
			}
			struct figures figures =
			    measure_pair(rates[i], rates[o]);
			thdn[i][o] = figures.thdn;
			spur[i][o] = figures.spur;
			worst = worse(worst, figures);
			cr_expect(figures.thdn <= THDN_MOST &&
				      figures.spur <= SPUR_MOST,
			    "%u to %u: THD+N %.1f dB, spur %.1f dB", rates[i],
			    rates[o], figures.thdn, figures.spur);
		}
	}
	print_table("THD+N", thdn);
	print_table("Worst spur", spur);
	printf("Worst of all: THD+N %.1f dB, spur %.1f dB\n", worst.thdn,
	    worst.spur);
	fflush(stdout);
}

/* Ratios that interpolate between phases have their own arithmetic. */
Test(distortion, of_odd_ratios)
{
	static const uint32_t pairs[][2] = { { 47999, 48000 }, { 44101, 48000 },
		{ 12347, 48000 }, { 48000, 44099 }, { 191999, 44100 },
		{ 4001, 44100 } };

	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct figures figures = measure_pair(pairs[i][0], pairs[i][1]);
		printf("%u to %u: THD+N %.1f dB, spur %.1f dB\n", pairs[i][0],
		    pairs[i][1], figures.thdn, figures.spur);
		cr_expect_leq(figures.thdn, THDN_MOST);
		cr_expect_leq(figures.spur, SPUR_MOST);
	}
	fflush(stdout);
}

/*
 * Below 44.1 kHz an image of a tone near the edge would be heard, so there the
 * filter has ended before it.
 */
Test(distortion, low_rates_leave_no_images_of_the_edge)
{
	static const double edge[] = { 0.93, 0.95, 0.97, 0.99 };
	double worst = -999.0;

	for (size_t i = 0; i < COUNT(rates) && rates[i] < 44100; i++) {
		for (size_t o = i + 1; o < COUNT(rates); o++) {
			struct figures figures = measure_tones(rates[i],
			    rates[o], edge, COUNT(edge));
			worst = fmax(worst, figures.spur);
			cr_expect_leq(figures.spur, SPUR_MOST,
			    "%u to %u: %.1f dB", rates[i], rates[o],
			    figures.spur);
		}
	}
	printf("Worst image of tones from 0.93 to 0.99: %.1f dB\n", worst);
	fflush(stdout);
}

/* What folds down of a tone that the lower rate cannot carry, in dB. */
static double
measure_alias(uint32_t rate_in, uint32_t rate_out, double tone)
{
	static int64_t master[2 * POINTS];
	const double scale = AMPLITUDE * (1 << (MASTER_BITS - SAMPLE_BITS));
	double turns = tone * rate_out / 2.0 / rate_in, power = 0.0;
	const double both[2] = { turns, turns };

	memset(master, 0, sizeof(master));
	resample_tones(rate_in, rate_out, both, master);
	for (size_t i = 0; i < POINTS; i++) {
		double sample = (double)master[2 * i] / scale;
		power += sample * sample / POINTS;
	}
	return 10.0 * log10(2.0 * power + 1e-30);
}

Test(distortion, tones_above_the_lower_nyquist_are_stopped)
{
	/* of the lower Nyquist; the wider filter ends 10 % above it */
	static const double above[] = { 1.1, 1.13, 1.37, 1.9, 2.0, 5.3, 11.7 };
	double worst = -999.0;

	for (size_t i = 0; i < COUNT(rates); i++) {
		for (size_t o = 0; o < i; o++) {
			for (size_t t = 0;
			     t < COUNT(above) && above[t] * rates[o] < rates[i];
			     t++) {
				double alias =
				    measure_alias(rates[i], rates[o], above[t]);
				worst = fmax(worst, alias);
				cr_expect_leq(alias, SPUR_MOST,
				    "%u to %u, %.2f: %.1f dB", rates[i],
				    rates[o], above[t], alias);
			}
		}
	}
	printf("Worst alias of tones from 1.1: %.1f dB\n", worst);
	fflush(stdout);
}

/* A ruler that cannot find a known fault measures nothing. */
Test(distortion, a_known_spur_is_found)
{
	static int64_t master[2 * POINTS];
	static const double levels[] = { -140.0, -120.0, -99.0, -60.0 };
	const double scale = AMPLITUDE * (1 << (MASTER_BITS - SAMPLE_BITS));

	for (size_t l = 0; l < COUNT(levels); l++) {
		double level = pow(10.0, levels[l] / 20.0);
		for (size_t i = 0; i < POINTS; i++) {
			double at = 2.0 * PI * (double)i;
			double value = sin(at * 0.37123 + 1.0) +
				       level * sin(at * 0.2071 + 0.3) + 0.01;
			master[2 * i] = llrint(value * scale);
		}
		struct figures figures = measure(master, 0, 0.37123);
		cr_expect_float_eq(figures.thdn, levels[l], 0.3);
		/* between two lines a spur shows up to 0.83 dB too low */
		cr_expect_float_eq(figures.spur, levels[l], 0.9);
	}
}
