/*
 * What the engine costs, as markdown tables: its kernels, its resampler, and
 * whole periods.  Every figure is the least of several runs; compare figures
 * of one run with each other, not with another machine's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/engine/engine.h"
#include "server/engine/resampler.h"

#define PERIOD	    256	       /* frames */
#define RUNS	    15	       /* of which the least counts */
#define STREAM_SIZE (64 << 20) /* bytes, more than any cache */
#define RATE_OUT    48000
#define CHAIN	    20000000 /* dependent additions */

/* Quiet compilers may not drop a result that goes here. */
static volatile int64_t sink;

static int32_t hi[2 * PERIOD], lo[2 * PERIOD];
static uint8_t *stream_bytes; /* STREAM_SIZE of noise */

static double
now_ns(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/*
 * The core's clock in GHz, from additions that wait for each other; its time
 * stamp counter may run at another one.  0 where we cannot tell.
 */
static double
core_ghz(void)
{
#if defined(__x86_64__)
	double best = 1e99;
	for (int run = 0; run < 1000; run++) {
		double start = now_ns();
		uint64_t x = 0, step = 3;
		for (int i = 0; i < CHAIN / 10; i++) {
			__asm__ volatile("add %1, %0\n\tadd %1, %0\n\t"
					 "add %1, %0\n\tadd %1, %0\n\t"
					 "add %1, %0\n\tadd %1, %0\n\t"
					 "add %1, %0\n\tadd %1, %0\n\t"
					 "add %1, %0\n\tadd %1, %0"
					 : "+r"(x)
					 : "r"(step));
		}
		double took = now_ns() - start;
		best = took < best ? took : best;
	}
	return CHAIN / best;
#else
	return 0;
#endif
}

struct job {
	void (*run)(const struct job *job); /* some work of known size */
	const struct kernel *kernel;
	struct pcm pcm;
	struct ramp gain[2];
	size_t bytes; /* of PERIOD frames */
	struct resampler *resampler;
	struct engine *engine;
	unsigned streams;
};

/* Nanoseconds of one job, the least of RUNS. */
static double
job_ns(const struct job *job, unsigned times)
{
	double best = 1e99;

	for (int run = 0; run < RUNS; run++) {
		double start = now_ns();
		for (unsigned i = 0; i < times; i++) {
			job->run(job);
		}
		double took = (now_ns() - start) / times;
		best = took < best ? took : best;
	}
	return best;
}

static void
run_hot(const struct job *job)
{
	struct peak peak = { 0, 0 };
	job->kernel->add(&job->pcm, job->gain, hi, lo, PERIOD, &peak);
}

static void
run_copy_hot(const struct job *job)
{
	memcpy(hi, job->pcm.frames, job->bytes);
	__asm__ volatile("" ::: "memory");
}

/* Many streams whose bytes lie in main memory, into one bus. */
static void
run_cold(const struct job *job)
{
	struct pcm pcm = job->pcm;
	struct peak peak = { 0, 0 };

	for (size_t at = 0; at + job->bytes <= STREAM_SIZE; at += job->bytes) {
		pcm.frames = stream_bytes + at;
		job->kernel->add(&pcm, job->gain, hi, lo, PERIOD, &peak);
	}
}

static void
run_copy_cold(const struct job *job)
{
	for (size_t at = 0; at + job->bytes <= STREAM_SIZE; at += job->bytes) {
		memcpy(hi, stream_bytes + at, job->bytes);
		__asm__ volatile("" ::: "memory");
	}
}

static const struct kind {
	const char *name;
	enum pcm_kind kind;
	size_t bytes; /* of a frame */
} kinds[] = {
	{ "u8 mono", PCM_U8_MONO, 1 },
	{ "u8 stereo", PCM_U8_STEREO, 2 },
	{ "s16 mono", PCM_S16_MONO, 2 },
	{ "s16 stereo", PCM_S16_STEREO, 4 },
	{ "swapped mono", PCM_SWAPPED_MONO, 2 },
	{ "swapped stereo", PCM_SWAPPED_STEREO, 4 },
};

static const struct mode {
	const char *name;
	struct ramp ramp;
} modes[] = {
	{ "mute", { 0, 0 } },
	{ "unity", { GAIN_UNITY << 14, 0 } },
	{ "level", { 20000 << 14, 0 } },
	{ "ramp", { 20000 << 14, 1000 } },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
head(const char *first, const char *last)
{
	printf("| %s |", first);
	for (const struct kernel *const *k = kernel_list(); *k; k++) {
		printf(" %s |", (*k)->name);
	}
	printf(" %s |\n|---|", last);
	for (const struct kernel *const *k = kernel_list(); *k; k++) {
		printf("---|");
	}
	printf("---|\n");
}

/* One row: ns of a job for each kernel, over `per`, then one more figure. */
static void
row_kernels(struct job *job, unsigned times, double per, double last)
{
	double ns = 0;

	for (const struct kernel *const *k = kernel_list(); *k; k++) {
		job->kernel = *k;
		memset(hi, 0, sizeof(hi));
		memset(lo, 0, sizeof(lo));
		ns = job_ns(job, times);
		printf(" %.3f |", ns * per);
	}
	printf(" %.3f |\n", last);
	sink = hi[0];
}

static void
bench_kernels(double ghz)
{
	const double samples = 2.0 * PERIOD;
	double per = (ghz > 0 ? ghz : 1) / samples;

	printf("\n## Kernels, everything in the first cache: %s per sample\n\n"
	       "A frame is two samples of the bus.  memcpy copies the same "
	       "input bytes.\n\n",
	    ghz > 0 ? "core cycles" : "ns");
	head("input, gain", "memcpy");
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct job job = {
			.pcm = { stream_bytes, kinds[i].kind },
			.bytes = kinds[i].bytes * PERIOD,
			.run = run_copy_hot,
		};
		double copy = job_ns(&job, 2000);
		job.run = run_hot;
		for (size_t m = 0; m < COUNT(modes); m++) {
			job.gain[0] = job.gain[1] = modes[m].ramp;
			printf("| %s, %s |", kinds[i].name, modes[m].name);
			row_kernels(&job, 2000, per, copy * per);
		}
	}
}

static void
bench_memory(void)
{
	printf("\n## Kernels, input in main memory: GB of input per second\n\n"
	       "%d frames of each of many streams into one bus; memcpy copies "
	       "the same bytes into one cached buffer.\n\n",
	    PERIOD);
	printf("| input, gain |");
	for (const struct kernel *const *k = kernel_list(); *k; k++) {
		printf(" %s |", (*k)->name);
	}
	printf(" memcpy | best / memcpy |\n|---|");
	for (const struct kernel *const *k = kernel_list(); *k; k++) {
		printf("---|");
	}
	printf("---|---|\n");
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct job job = {
			.pcm = { stream_bytes, kinds[i].kind },
			.gain = { modes[2].ramp, modes[2].ramp },
			.bytes = kinds[i].bytes * PERIOD,
			.run = run_cold,
		};
		double best = 0;
		printf("| %s, %s |", kinds[i].name, modes[2].name);
		for (const struct kernel *const *k = kernel_list(); *k; k++) {
			job.kernel = *k;
			memset(hi, 0, sizeof(hi));
			memset(lo, 0, sizeof(lo));
			double rate = STREAM_SIZE / job_ns(&job, 1);
			best = rate > best ? rate : best;
			printf(" %.2f |", rate);
		}
		job.run = run_copy_cold;
		double copy = STREAM_SIZE / job_ns(&job, 1);
		printf(" %.2f | %.2f |\n", copy, best / copy);
	}
}

static void
run_resampler(const struct job *job)
{
	static int64_t master[2 * PERIOD];

	resampler_run(job->resampler, (const sample_t *)job->pcm.frames, master,
	    PERIOD);
	sink = master[0];
	memset(master, 0, sizeof(master));
}

static void
bench_resampler(void)
{
	static const uint32_t pairs[][2] = { { 44100, 48000 }, { 22050, 48000 },
		{ 8000, 48000 }, { 48000, 44100 }, { 96000, 48000 },
		{ 192000, 8000 }, { 47999, 48000 } };

	printf("\n## Resampler: ns per output frame, both sides\n\n");
	head("rates", "frames of delay");
	for (size_t i = 0; i < COUNT(pairs); i++) {
		uint32_t delay = 0;
		printf("| %u to %u |", pairs[i][0], pairs[i][1]);
		for (const struct kernel *const *k = kernel_list(); *k; k++) {
			struct job job = {
				.run = run_resampler,
				.resampler = resampler_create(pairs[i][0],
				    pairs[i][1], PERIOD, *k),
				.pcm.frames = stream_bytes,
			};
			if (job.resampler == NULL) {
				exit(1);
			}
			delay = resampler_delay(job.resampler);
			printf(" %.1f |", job_ns(&job, 50) / PERIOD);
			resampler_destroy(job.resampler);
		}
		printf(" %u |\n", delay);
	}
}

/* One period of job->streams, each with its own place in memory. */
static void
run_period(const struct job *job)
{
	static uint8_t out[PERIOD * 4];
	static const struct ramp unity = { GAIN_UNITY << 14, 0 };
	const struct ramp master[2] = { unity, unity };
	struct pcm pcm = job->pcm;

	engine_begin(job->engine, PERIOD);
	uint32_t frames = engine_frames(job->engine, 0);
	for (unsigned i = 0; i < job->streams; i++) {
		struct peak peak = { 0, 0 };
		pcm.frames =
		    stream_bytes + (size_t)i * (STREAM_SIZE / BUS_STREAMS_MAX);
		engine_add(job->engine, 0, &pcm, job->gain, 0, frames, &peak);
	}
	engine_finish(job->engine, master);
	sink = engine_format(job->engine, OUT_S16_LE, 2, out);
}

static void
bench_period(const struct kind *kind, uint32_t rate)
{
	static const unsigned counts[] = { 1, 16, 64, 256, 1000, 4096 };

	printf("| %s, %u |", kind->name, rate);
	for (size_t i = 0; i < COUNT(counts); i++) {
		struct job job = {
			.run = run_period,
			.engine = engine_create(RATE_OUT),
			.pcm.kind = kind->kind,
			.gain = { modes[2].ramp, modes[2].ramp },
			.streams = counts[i],
		};
		struct bus *bus = bus_create(rate, RATE_OUT, ENGINE_PERIOD_MAX,
		    kernel_find(NULL));
		if (job.engine == NULL || bus == NULL) {
			exit(1);
		}
		engine_set_bus(job.engine, 0, bus);
		double ns = job_ns(&job, 1 + 4096 / counts[i]);
		printf(" %.1f |", counts[i] * (double)PERIOD / ns * 1e3);
		engine_destroy(job.engine);
	}
	printf("\n");
}

static void
bench_periods(void)
{
	static const uint32_t rates[] = { 48000, 44100, 8000 };

	printf("\n## Whole periods: millions of stream frames per second\n\n"
	       "Periods of %d frames at %d to S16, every stream at a constant "
	       "volume, its frames counted as the master's: a million is "
	       "21 streams."
	       "\n\n| input, rate | 1 stream | 16 | 64 | 256 | 1000 | 4096 |\n"
	       "|---|---|---|---|---|---|---|\n",
	    PERIOD, RATE_OUT);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		for (size_t r = 0; r < COUNT(rates); r++) {
			bench_period(&kinds[i], rates[r]);
		}
	}
}

int
main(void)
{
	uint32_t noise = 1;
	double ghz = core_ghz();

	stream_bytes = malloc(STREAM_SIZE);
	if (stream_bytes == NULL) {
		return 1;
	}
	for (size_t i = 0; i < STREAM_SIZE; i++) {
		noise = noise * 1664525 + 1013904223;
		stream_bytes[i] = (uint8_t)(noise >> 24);
	}
	printf("# The engine alone\n\nCore clock: %.2f GHz, measured.\n", ghz);
	bench_kernels(ghz);
	bench_memory();
	bench_resampler();
	bench_periods();
	free(stream_bytes);
	return 0;
}
