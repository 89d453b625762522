#include <criterion/criterion.h>
#include <stdlib.h>

#include "engine-test.h"
#include "server/engine/filter.h"
#include "server/engine/resampler.h"

#define OUT_MAX 1024
#define IN_MAX	(OUT_MAX * 48 + 1)

static const uint32_t rates[] = { 4000, 8000, 11025, 16000, 22050, 32000, 37800,
	44056, 44100, 47999, 48000, 96000, 192000 };

/* Calls check() for every ordered pair. */
static void
for_each_pair(void (*check)(uint32_t rate_in, uint32_t rate_out))
{
	for (size_t i = 0; i < COUNT(rates); i++) {
		for (size_t o = 0; o < COUNT(rates); o++) {
			check(rates[i], rates[o]);
		}
	}
}

static sample_t *
noise_frames(size_t frames, uint32_t seed)
{
	sample_t *in = calloc(frames, 2 * sizeof(*in));
	for (size_t i = 0; i < 2 * frames; i++) {
		in[i] = (int32_t)(noise_next(&seed)) >> 8; /* 24 bits */
	}
	return in;
}

/* Pieces of 0 to `most` frames, chosen by the seed. */
static void
run_pieces(struct resampler *resampler, const sample_t *in, int64_t *out,
    uint32_t n, uint32_t most, uint32_t seed)
{
	for (uint32_t at = 0, piece; at < n; at += piece) {
		piece = noise_next(&seed) % (most + 1);
		piece = piece > n - at ? n - at : piece;
		uint32_t need = resampler_need(resampler, piece);
		cr_assert(need <= resampler_need_max(resampler));
		resampler_run(resampler, in, out + 2 * (size_t)at, piece);
		in += 2 * (size_t)need;
	}
}

static void
check_rows(uint32_t rate_in, uint32_t rate_out)
{
	struct filter filter = filter_choose(rate_in, rate_out);
	double *work = calloc(filter.taps, sizeof(*work));
	int32_t *h = calloc(filter.taps, sizeof(*h));
	uint32_t rows = filter_rows(&filter);
	uint32_t step = rows > 40 ? rows / 40 : 1;

	cr_assert_eq(filter.taps % 8, 0);
	cr_assert_eq((uint64_t)filter.steps * rate_in,
	    (uint64_t)filter.step * rate_out);
	for (uint32_t row = 0; row < rows; row += step) {
		int64_t sum = 0, magnitude = 0;
		filter_row(&filter, row, work, h);
		for (uint32_t i = 0; i < filter.taps; i++) {
			sum += h[i];
			magnitude += h[i] < 0 ? -(int64_t)h[i] : h[i];
		}
		cr_assert_eq(sum, INT64_C(1) << FILTER_BITS, "%u to %u, row %u",
		    rate_in, rate_out, row);
		/* below 4.0: a dot product fits an int64 */
		cr_assert(magnitude < INT64_C(3) << FILTER_BITS,
		    "%u to %u, row %u: %f", rate_in, rate_out, row,
		    (double)magnitude / (1 << FILTER_BITS));
	}
	free(work);
	free(h);
}

Test(filter, phases_sum_to_one_and_cannot_overflow)
{
	for_each_pair(check_rows);
}

Test(filter, the_lower_rate_chooses)
{
	struct filter filter = filter_choose(44100, 48000);
	cr_assert_eq(filter.taps, 80);
	cr_assert_eq(filter.phases, 160);
	cr_assert_not(filter.interpolated);
	filter = filter_choose(22050, 48000);
	cr_assert_eq(filter.taps, 128);
	cr_assert_eq(filter.phases, 320);
	filter = filter_choose(192000, 8000);
	cr_assert_eq(filter.taps, 128 * 24);
	cr_assert_eq(filter.phases, 1);
	filter = filter_choose(48000, 44100);
	cr_assert_eq(filter.taps, 88); /* 87.07 */
	filter = filter_choose(47999, 48000);
	cr_assert(filter.interpolated);
	cr_assert_eq(filter.phases, 512);
	cr_assert_eq(filter_rows(&filter), 513);
}

/* One phase is the other's mirror image: the filter's delay is constant. */
Test(filter, is_symmetric)
{
	struct filter filter = filter_choose(44100, 48000);
	double work[128];
	int32_t up[128], down[128];

	for (uint32_t row = 1; row < filter.phases; row++) {
		filter_row(&filter, row, work, up);
		filter_row(&filter, filter.phases - row, work, down);
		for (uint32_t i = 0; i < filter.taps; i++) {
			int32_t difference = up[i] - down[filter.taps - 1 - i];
			cr_assert(abs(difference) <= 1);
		}
	}
	filter_row(&filter, 0, work, up);
	for (uint32_t i = 0; i + 1 < filter.taps; i++) {
		cr_assert(abs(up[i] - up[filter.taps - 2 - i]) <= 1);
	}
	cr_assert(abs(up[filter.taps / 2 - 1] - (1 << FILTER_BITS)) <= 1,
	    "a cutoff of 1.0 passes an input sample as it is");
}

static void
check_need(uint32_t rate_in, uint32_t rate_out)
{
	struct resampler *resampler =
	    resampler_create(rate_in, rate_out, OUT_MAX, &kernel_portable);
	sample_t *in = calloc(IN_MAX, 2 * sizeof(*in));
	static int64_t out[2 * OUT_MAX];
	uint64_t outputs = 0, inputs = 0;
	uint32_t noise = rate_in ^ rate_out << 8;

	cr_assert_not_null(resampler);
	while (outputs < 3000) {
		uint32_t n = noise_next(&noise) % 400;
		inputs += resampler_need(resampler, n);
		outputs += n;
		cr_assert_eq(inputs, outputs * rate_in / rate_out,
		    "%u to %u after %u", rate_in, rate_out, (unsigned)outputs);
		resampler_run(resampler, in, out, n);
	}
	free(in);
	resampler_destroy(resampler);
}

Test(resampler, need_is_exact_over_any_split)
{
	for_each_pair(check_need);
}

static void
check_split(uint32_t rate_in, uint32_t rate_out)
{
	static int64_t whole[2 * OUT_MAX], split[2 * OUT_MAX];
	struct resampler *a =
	    resampler_create(rate_in, rate_out, OUT_MAX, kernel_find(NULL));
	struct resampler *b =
	    resampler_create(rate_in, rate_out, 70, kernel_find(NULL));
	cr_assert(a != NULL && b != NULL);
	sample_t *in = noise_frames(resampler_need_max(a), 5);
	uint32_t n = rate_in > 4 * rate_out ? 100 : OUT_MAX;

	memset(whole, 0, sizeof(whole));
	memset(split, 0, sizeof(split));
	resampler_run(a, in, whole, n);
	run_pieces(b, in, split, n, 70, rate_in + rate_out);
	cr_assert(memcmp(whole, split, sizeof(whole)) == 0, "%u to %u", rate_in,
	    rate_out);
	free(in);
	resampler_destroy(a);
	resampler_destroy(b);
}

Test(resampler, any_split_gives_the_same_output)
{
	for_each_pair(check_split);
}

static void
check_dc(uint32_t rate_in, uint32_t rate_out)
{
	static int64_t out[2 * OUT_MAX];
	struct resampler *resampler =
	    resampler_create(rate_in, rate_out, OUT_MAX, kernel_find(NULL));
	cr_assert_not_null(resampler);
	uint32_t tail = resampler_tail(resampler), fed = 0;
	uint32_t count = resampler_need_max(resampler);
	sample_t *in = calloc(count, 2 * sizeof(*in));

	for (size_t i = 0; i < count; i++) {
		in[2 * i] = INT32_MAX;
		in[2 * i + 1] = -12345;
	}
	while (fed < tail) { /* until nothing but the constant is inside */
		uint32_t n = tail > 1000 ? OUT_MAX / 8 : 32;
		fed += resampler_need(resampler, n);
		resampler_run(resampler, in, out, n);
	}
	memset(out, 0, sizeof(out));
	resampler_run(resampler, in, out, 50);
	for (size_t i = 0; i < 50; i++) {
		cr_assert_eq(out[2 * i], (int64_t)INT32_MAX * 256);
		cr_assert_eq(out[2 * i + 1], INT64_C(-12345) * 256);
	}
	free(in);
	resampler_destroy(resampler);
}

Test(resampler, passes_a_constant_exactly)
{
	for_each_pair(check_dc);
}

Test(resampler, adds_to_the_master)
{
	struct resampler *resampler =
	    resampler_create(44100, 48000, 64, kernel_find(NULL));
	sample_t in[128] = { 0 };
	int64_t master[128];

	for (size_t i = 0; i < COUNT(master); i++) {
		master[i] = (int64_t)i << 40;
	}
	resampler_run(resampler, in, master, 64);
	for (size_t i = 0; i < COUNT(master); i++) {
		cr_assert_eq(master[i], (int64_t)i << 40);
	}
	resampler_destroy(resampler);
}

/* Where the answer to one input frame begins, peaks and has ended. */
static void
check_impulse(uint32_t rate_in, uint32_t rate_out)
{
	static int64_t out[2 * 8192];
	struct resampler *resampler =
	    resampler_create(rate_in, rate_out, 8192, kernel_find(NULL));
	cr_assert_not_null(resampler);
	uint32_t count = resampler_need_max(resampler);
	sample_t *in = calloc(count, 2 * sizeof(*in));
	uint32_t n = rate_in > rate_out ? 1024 : 8192, at = 0, peak = 0;

	memset(out, 0, sizeof(out));
	in[0] = 1 << 30; /* left only */
	while (resampler_need(resampler, at + 1) == 0) {
		at++; /* the output that is first to see it */
	}
	uint64_t tail = (uint64_t)resampler_tail(resampler) * rate_out;
	resampler_run(resampler, in, out, n);
	for (uint32_t i = 0; i < n; i++) {
		cr_assert_eq(out[2 * i + 1], 0, "it leaked to the right");
		peak = out[2 * (size_t)i] > out[2 * (size_t)peak] ? i : peak;
	}
	cr_assert(peak - at <= resampler_delay(resampler));
	cr_assert(peak - at + 2 + rate_out / rate_in >=
		      resampler_delay(resampler),
	    "%u to %u: %u - %u, not %u", rate_in, rate_out, peak, at,
	    resampler_delay(resampler));
	for (uint64_t i = at + tail / rate_in + 1; i < n; i++) {
		cr_assert_eq(out[2 * i], 0, "the tail is too long");
	}
	free(in);
	resampler_destroy(resampler);
}

Test(resampler, delay_and_tail_are_as_reported)
{
	for_each_pair(check_impulse);
}

/*
 * The same bits from every kernel, compiler and machine.  Where this fails
 * and nobody meant to change the sound, the build has changed arithmetic:
 * look for contraction (-ffp-contract) and excess precision first.
 */
Test(resampler, the_output_is_known)
{
	static const struct {
		uint32_t rate_in, rate_out;
		uint64_t hash;
	} known[] = {
		{ 44100, 48000, 0xf80580ad8e23fef4 },
		{ 22050, 48000, 0x94d5069d90d65937 },
		{ 8000, 44100, 0x8fc0547817910760 },
		{ 48000, 44100, 0x6690b1f53339ad0b },
		{ 192000, 8000, 0x7916e2c0947fca62 },
		{ 47999, 48000, 0xac5f440a30c9663a },
	};
	static int64_t out[2 * OUT_MAX];

	for (size_t i = 0; i < COUNT(known); i++) {
		uint32_t from = known[i].rate_in, to = known[i].rate_out;
		for (const struct kernel *const *k = kernel_list(); *k; k++) {
			struct resampler *resampler =
			    resampler_create(from, to, OUT_MAX, *k);
			sample_t *in = noise_frames(IN_MAX, 2463534242U);
			memset(out, 0, sizeof(out));
			resampler_run(resampler, in, out, OUT_MAX);
			uint64_t hash = hash_int64(HASH_START, out, COUNT(out));
			cr_expect_eq(hash, known[i].hash,
			    "%u to %u, %s: 0x%016llx", from, to, (*k)->name,
			    (unsigned long long)hash);
			free(in);
			resampler_destroy(resampler);
		}
	}
}

Test(resampler, refuses_rates_out_of_range)
{
	cr_assert_null(resampler_create(999, 48000, 256, &kernel_portable));
	cr_assert_null(resampler_create(48000, 384001, 256, &kernel_portable));
	cr_assert_null(resampler_create(0, 48000, 256, &kernel_portable));
	cr_assert_null(resampler_create(48000, 0, 256, &kernel_portable));
	struct resampler *resampler =
	    resampler_create(384000, 1000, 1, &kernel_portable);
	cr_assert_not_null(resampler);
	resampler_destroy(resampler);
	resampler_destroy(NULL);
}
