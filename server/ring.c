#include "server/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Memory order: the producer's release store of head publishes the bytes
 * before it to the consumer's acquire load; the consumer's release store of
 * tail says that it has done with them.  Each side reads its own position
 * relaxed, since nobody else writes it.
 */

static uint64_t
own(const _Atomic uint64_t *position)
{
	return atomic_load_explicit(position, memory_order_relaxed);
}

static uint64_t
other(const _Atomic uint64_t *position)
{
	return atomic_load_explicit(position, memory_order_acquire);
}

static void
advance(_Atomic uint64_t *position, size_t bytes)
{
	atomic_store_explicit(position, own(position) + bytes,
	    memory_order_release);
}

static size_t
lesser(size_t a, size_t b)
{
	return a < b ? a : b;
}

int
ring_init(struct ring *ring, size_t bytes)
{
	size_t size = 1;

	while (size < bytes) {
		size *= 2;
	}
	ring->data = malloc(size);
	if (ring->data == NULL) {
		return -ENOMEM;
	}
	ring->size = size;
	atomic_init(&ring->head, 0);
	atomic_init(&ring->tail, 0);
	return 0;
}

void
ring_finish(struct ring *ring)
{
	free(ring->data);
	ring->data = NULL;
}

size_t
ring_room(const struct ring *ring)
{
	return ring->size - (size_t)(own(&ring->head) - other(&ring->tail));
}

size_t
ring_write_span(struct ring *ring, uint8_t **span)
{
	size_t at = (size_t)own(&ring->head) & (ring->size - 1);

	*span = ring->data + at;
	return lesser(ring_room(ring), ring->size - at);
}

void
ring_written(struct ring *ring, size_t bytes)
{
	advance(&ring->head, bytes);
}

bool
ring_put(struct ring *ring, const void *record, size_t bytes)
{
	const uint8_t *from = record;
	uint8_t *span;
	size_t first;

	if (ring_room(ring) < bytes) {
		return false;
	}
	first = lesser(ring_write_span(ring, &span), bytes);
	memcpy(span, from, first);
	memcpy(ring->data, from + first, bytes - first);
	ring_written(ring, bytes);
	return true;
}

size_t
ring_used(const struct ring *ring)
{
	return (size_t)(other(&ring->head) - own(&ring->tail));
}

size_t
ring_read_span(const struct ring *ring, const uint8_t **span)
{
	size_t at = (size_t)own(&ring->tail) & (ring->size - 1);

	*span = ring->data + at;
	return lesser(ring_used(ring), ring->size - at);
}

void
ring_consumed(struct ring *ring, size_t bytes)
{
	advance(&ring->tail, bytes);
}

bool
ring_get(struct ring *ring, void *record, size_t bytes)
{
	uint8_t *to = record;
	const uint8_t *span;
	size_t first;

	if (ring_used(ring) < bytes) {
		return false;
	}
	first = lesser(ring_read_span(ring, &span), bytes);
	memcpy(to, span, first);
	memcpy(to + first, ring->data, bytes - first);
	ring_consumed(ring, bytes);
	return true;
}
