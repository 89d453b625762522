/*
 * Filter tables for the resampler: which filter a pair of rates gets, and its
 * coefficients, the same bits on every machine.
 */
#ifndef FILTER_H
#define FILTER_H

#include <stdbool.h>
#include <stdint.h>

#define FILTER_BITS	   30 /* fraction bits of a coefficient */
#define FILTER_EXACT_MAX   640
#define FILTER_INTERPOLATE 512 /* phases, where there are more */
#define FILTER_COEFS_MAX   (1 << 19)

/*
 * Output frame k looks at the input around (k + 1) * step / steps, the steps
 * being what is left of the two rates without their common factor.
 */
struct filter {
	uint32_t steps;	 /* outputs after which the positions repeat */
	uint32_t step;	 /* inputs in that time */
	uint32_t taps;	 /* a multiple of 8 */
	uint32_t phases; /* of one input frame; a table has one more where
			    they are interpolated */
	bool interpolated;
	double cutoff; /* the -6 dB point, 1.0 is the input's Nyquist */
	double beta;   /* of the Kaiser window */
};

/* Chooses for two rates in frames/s, neither 0. */
struct filter filter_choose(uint32_t rate_in, uint32_t rate_out);

/* Phases in its table. */
uint32_t filter_rows(const struct filter *filter);

/*
 * Computes phase `row` of filter_rows(): taps coefficients, oldest input
 * first.  Their sum is exactly 1 << FILTER_BITS.
 *   work  room for taps values
 */
void filter_row(const struct filter *filter, uint32_t row, double *work,
    int32_t *h);

#endif
