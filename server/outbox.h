/*
 * Bytes that wait to be sent, in one piece that grows.  Thread: control.
 */
#ifndef OUTBOX_H
#define OUTBOX_H

#include <stddef.h>
#include <stdint.h>

/* All zero: empty. */
struct outbox {
	uint8_t *bytes;
	size_t size, from, to; /* bytes; those from `from` up to `to` wait */
};

/*
 * Makes room for so many more bytes at `to`.  What waits may move.
 *   max  bytes, of all that the box may hold
 * 0; -ENOBUFS: that would be too many; -ENOMEM.
 */
int outbox_grow(struct outbox *box, size_t bytes, size_t max);

/* That many of those that wait have been sent. */
void outbox_sent(struct outbox *box, size_t bytes);

void outbox_clear(struct outbox *box);
void outbox_finish(struct outbox *box);

#endif
