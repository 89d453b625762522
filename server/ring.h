/*
 * A ring of bytes with one producer and one consumer, who may be two threads.
 *
 * Positions count bytes since the start and never wrap in practice (2^64); the
 * buffer is a power of two, so that a record whose size divides it never
 * straddles its end.
 */
#ifndef RING_H
#define RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
	/* constant */
	uint8_t *data;
	size_t size; /* bytes, a power of two */

	/* The producer writes head and reads tail; the consumer the reverse. */
	_Atomic uint64_t head; /* bytes written */
	_Atomic uint64_t tail; /* bytes read */
};

/* Reserves at least `bytes`, rounded up to a power of two; 0 or -ENOMEM. */
int ring_init(struct ring *ring, size_t bytes);
void ring_finish(struct ring *ring);

/* Producer: bytes that may be written. */
size_t ring_room(const struct ring *ring);

/*
 * Producer: the contiguous room at the head.  Returns its length in bytes, 0
 * when the ring is full.
 */
size_t ring_write_span(struct ring *ring, uint8_t **span);

/* Producer: `bytes` of the span were written; publishes them. */
void ring_written(struct ring *ring, size_t bytes);

/* Producer: copies a whole record in; false, and nothing done, if no room. */
bool ring_put(struct ring *ring, const void *record, size_t bytes);

/* Consumer: bytes that may be read. */
size_t ring_used(const struct ring *ring);

/* Consumer: the contiguous bytes at the tail; returns their length. */
size_t ring_read_span(const struct ring *ring, const uint8_t **span);

/* Consumer: gives `bytes` of the span back. */
void ring_consumed(struct ring *ring, size_t bytes);

/* Consumer: copies a whole record out; false if there is none. */
bool ring_get(struct ring *ring, void *record, size_t bytes);

#endif
