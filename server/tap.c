#include "server/tap.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

int
tap_init(struct tap *tap, uint32_t rate)
{
	tap->readers = 0;
	tap->frames = calloc(TAP_FRAMES, sizeof(*tap->frames));
	if (tap->frames == NULL) {
		return -ENOMEM;
	}
	atomic_init(&tap->wanted, false);
	atomic_init(&tap->rate, rate);
	atomic_init(&tap->begun, 0);
	atomic_init(&tap->done, 0);
	return 0;
}

void
tap_finish(struct tap *tap)
{
	free(tap->frames);
	tap->frames = NULL;
}

void
tap_open(struct tap *tap)
{
	tap->readers++;
	/* Relaxed: the audio thread looks again every period. */
	atomic_store_explicit(&tap->wanted, true, memory_order_relaxed);
}

void
tap_close(struct tap *tap)
{
	tap->readers--;
	atomic_store_explicit(&tap->wanted, tap->readers > 0,
	    memory_order_relaxed);
}

static int32_t
saturate(int64_t sample)
{
	if (sample > INT32_MAX) {
		return INT32_MAX;
	}
	return sample < INT32_MIN ? INT32_MIN : (int32_t)sample;
}

void
tap_write(struct tap *tap, uint32_t rate, const int64_t *master, uint32_t n)
{
	uint64_t at = atomic_load_explicit(&tap->done, memory_order_relaxed);

	atomic_store_explicit(&tap->rate, rate, memory_order_relaxed);
	/* The fence keeps the samples behind `begun`: a reader who sees one of
	 * them sees that too, and knows that its copy is spoilt. */
	atomic_store_explicit(&tap->begun, at + n, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	for (uint32_t i = 0; i < n; i++) {
		_Atomic int32_t *frame = tap->frames[(at + i) % TAP_FRAMES];

		atomic_store_explicit(&frame[0],
		    saturate(master[2 * (size_t)i]), memory_order_relaxed);
		atomic_store_explicit(&frame[1],
		    saturate(master[2 * (size_t)i + 1]), memory_order_relaxed);
	}
	/* Release: who sees the count sees the frames. */
	atomic_store_explicit(&tap->done, at + n, memory_order_release);
}

uint64_t
tap_head(const struct tap *tap)
{
	return atomic_load_explicit(&tap->done, memory_order_acquire);
}

/* The oldest frame that a writer who has begun that many has left alone. */
static uint64_t
oldest(uint64_t begun)
{
	return begun > TAP_FRAMES ? begun - TAP_FRAMES : 0;
}

static void
skip_to(uint64_t *at, uint64_t oldest_frame, uint64_t *lost)
{
	if (*at < oldest_frame) {
		*lost += oldest_frame - *at;
		*at = oldest_frame;
	}
}

static void
copy(const struct tap *tap, uint64_t at, int32_t (*out)[2], uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		_Atomic int32_t *frame = tap->frames[(at + i) % TAP_FRAMES];

		out[i][0] =
		    atomic_load_explicit(&frame[0], memory_order_relaxed);
		out[i][1] =
		    atomic_load_explicit(&frame[1], memory_order_relaxed);
	}
}

uint32_t
tap_read(const struct tap *tap, uint64_t *at, int32_t (*out)[2], uint32_t max,
    uint64_t *lost)
{
	for (;;) {
		uint64_t done = tap_head(tap);
		uint64_t begun;
		uint32_t n;

		skip_to(at, oldest(done), lost);
		n = done - *at < max ? (uint32_t)(done - *at) : max;
		copy(tap, *at, out, n);
		/* Acquire: with any newer sample in the copy comes `begun`. */
		atomic_thread_fence(memory_order_acquire);
		begun = atomic_load_explicit(&tap->begun, memory_order_relaxed);
		if (*at >= oldest(begun)) {
			*at += n;
			return n;
		}
		skip_to(at, oldest(begun), lost);
	}
}
