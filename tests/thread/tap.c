/*
 * A tap between one writer who never waits and two readers, one of whom reads
 * where the writer is about to write: every frame that a reader gets is whole
 * and in order, and every other one is counted as lost.  Plain main(), so that
 * it runs under the thread sanitizer.
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "server/tap.h"

#define FRAMES	(UINT64_C(256) * TAP_FRAMES)
#define BLOCK	8191 /* frames written at once; no divisor of the tap's */
#define PIECE	2039 /* frames read at once */
#define READERS 2

struct reader {
	uint64_t behind;    /* lets the writer get so far ahead each time */
	uint64_t got, lost; /* frames */
	const char *fault;
};

static struct tap tap;

/* A frame's samples tell its number, each in its own way. */
static int32_t
left_of(uint64_t frame)
{
	return (int32_t)frame;
}

static int32_t
right_of(uint64_t frame)
{
	return -1 - (int32_t)frame;
}

static void *
write_all(void *arg)
{
	static int64_t block[2 * BLOCK];
	uint64_t at = 0;

	while (at < FRAMES) {
		uint32_t n =
		    FRAMES - at < BLOCK ? (uint32_t)(FRAMES - at) : BLOCK;

		for (uint32_t i = 0; i < n; i++) {
			block[2 * (size_t)i] = left_of(at + i);
			block[2 * (size_t)i + 1] = right_of(at + i);
		}
		tap_write(&tap, 48000, block, n);
		at += n;
		(void)sched_yield();
	}
	return arg;
}

static void
check_piece(struct reader *reader, uint64_t from, int32_t (*frames)[2],
    uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (frames[i][0] != left_of(from + i)) {
			reader->fault = "a frame is out of order";
		} else if (frames[i][1] != right_of(from + i)) {
			reader->fault = "a frame is not whole";
		}
	}
}

static void
fall_behind(uint64_t at, uint64_t frames)
{
	uint64_t head = tap_head(&tap);

	while (head < FRAMES && head - at < frames) {
		(void)sched_yield();
		head = tap_head(&tap);
	}
}

static void *
read_all(void *arg)
{
	static _Thread_local int32_t frames[PIECE][2];
	struct reader *reader = arg;
	uint64_t at = 0;

	while (at < FRAMES && reader->fault == NULL) {
		uint32_t n;

		fall_behind(at, reader->behind);
		n = tap_read(&tap, &at, frames, PIECE, &reader->lost);
		check_piece(reader, at - n, frames, n);
		reader->got += n;
	}
	return arg;
}

static int
check_reader(const struct reader *reader)
{
	const char *fault = reader->fault;

	if (fault == NULL && reader->got + reader->lost != FRAMES) {
		fault = "frames are missing from the count";
	}
	if (fault == NULL && reader->behind > 0 && reader->lost == 0) {
		fault = "nothing is lost to one who is lapped";
	}
	if (fault != NULL) {
		(void)fprintf(stderr,
		    "%s: %" PRIu64 " read, %" PRIu64 " lost\n", fault,
		    reader->got, reader->lost);
	}
	return fault == NULL ? 0 : 1;
}

int
main(void)
{
	struct reader readers[READERS] = { { .behind = 0 },
		{ .behind = TAP_FRAMES } };
	pthread_t writer, threads[READERS];
	int faults = 0;

	if (tap_init(&tap, 48000) < 0) {
		return 1;
	}
	for (int i = 0; i < READERS; i++) {
		if (pthread_create(&threads[i], NULL, read_all, &readers[i])) {
			return 1;
		}
	}
	if (pthread_create(&writer, NULL, write_all, NULL)) {
		return 1;
	}
	(void)pthread_join(writer, NULL);
	for (int i = 0; i < READERS; i++) {
		(void)pthread_join(threads[i], NULL);
		faults += check_reader(&readers[i]);
	}
	tap_finish(&tap);
	return faults == 0 ? 0 : 1;
}
