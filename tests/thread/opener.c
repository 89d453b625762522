/*
 * Devices that go over to the thread which asked for them, and back to be
 * closed: each can be used at once, and none is lost, the last ones in flight
 * included.  Plain main(), so that it runs under the thread sanitizer.
 */
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/opener.h"

#define ROUNDS 500

static const struct device_want want = { .rate = 48000,
	.period = 64,
	.periods = 4,
	.format = -1 };

static sem_t woken;

static void
wake(void *arg)
{
	(void)sem_post(arg);
}

static void
wait_for(struct opener *opener, struct sink *sink, int *error)
{
	while (!opener_take(opener, sink, error, 0)) {
		while (sem_wait(&woken) != 0) {
			continue;
		}
	}
}

static void
fail(const char *what)
{
	(void)fprintf(stderr, "opener: %s\n", what);
	exit(1);
}

/* A refusal, a playing and a listening device; two are open at a time. */
static void
turn(struct opener *opener, struct sink *before)
{
	static const uint8_t frames[64 * 4];
	uint8_t nothing;
	struct sink sink, ear;
	int error;

	opener_open(opener, "file:/nonexistent/file", &want, 0);
	wait_for(opener, &sink, &error);
	if (error != -ENOENT || sink.device != NULL) {
		fail("a file was opened where there is none");
	}
	opener_open(opener, "null", &want, 0);
	opener_close(opener, before);
	if (before->device != NULL || !opener_is_opening(opener)) {
		fail("a device was kept");
	}
	wait_for(opener, &sink, &error);
	if (error != 0 || opener_is_opening(opener) || sink.got.period != 64 ||
	    sink.kind->write(sink.device, frames, 64) != 0) {
		fail("what was opened doesn't play");
	}
	opener_listen(opener, "null", &want, 0);
	wait_for(opener, &ear, &error);
	if (error != 0 || ear.kind->read(ear.device, &nothing, 0) != 0) {
		fail("what was opened doesn't listen");
	}
	opener_close(opener, &ear);
	*before = sink;
}

int
main(void)
{
	struct opener *opener;
	struct sink last = { .device = NULL };

	(void)sem_init(&woken, 0, 0);
	for (int end = 0; end < 3; end++) {
		if (opener_create(NULL, wake, &woken, &opener) < 0) {
			fail("no thread");
		}
		for (int i = 0; i < ROUNDS / 3; i++) {
			turn(opener, &last);
		}
		opener_close(opener, &last);
		if (end > 0) {
			opener_open(opener, "null", &want, 0);
		}
		if (end > 1) {
			while (sem_wait(&woken) != 0) {
				continue; /* opened, and not taken */
			}
		}
		opener_destroy(opener);
	}
	return 0;
}
