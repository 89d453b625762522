/*
 * A ring between two threads: every byte arrives once, in order.  Plain
 * main(), so that it runs under the thread sanitizer.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/ring.h"

#define BYTES (1u << 22)

static struct ring ring;

/* A byte that tells its place. */
static uint8_t
byte_at(uint32_t i)
{
	return (uint8_t)(i * 2654435761u >> 24);
}

static void *
produce(void *arg)
{
	uint32_t done = 0;

	while (done < BYTES) {
		uint8_t *span;
		size_t room = ring_write_span(&ring, &span);
		size_t n = room < BYTES - done ? room : BYTES - done;

		/* Odd lengths, so that spans start and end everywhere. */
		n = n > 7 ? n - n % 7 : n;
		for (size_t i = 0; i < n; i++) {
			span[i] = byte_at(done + (uint32_t)i);
		}
		ring_written(&ring, n);
		done += (uint32_t)n;
	}
	return arg;
}

int
main(void)
{
	pthread_t producer;
	uint32_t done = 0;

	if (ring_init(&ring, 1000) < 0 ||
	    pthread_create(&producer, NULL, produce, NULL) != 0) {
		return 1;
	}
	while (done < BYTES) {
		const uint8_t *span;
		size_t n = ring_read_span(&ring, &span);

		n = n > 5 ? n - n % 5 : n;
		for (size_t i = 0; i < n; i++) {
			if (span[i] != byte_at(done + (uint32_t)i)) {
				(void)fprintf(stderr, "byte %u is wrong\n",
				    done + (uint32_t)i);
				return 1;
			}
		}
		ring_consumed(&ring, n);
		done += (uint32_t)n;
	}
	(void)pthread_join(producer, NULL);
	ring_finish(&ring);
	return 0;
}
