#include "server/outbox.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_BYTES 512 /* then doubled as needed */

int
outbox_grow(struct outbox *box, size_t bytes, size_t max)
{
	size_t size = box->size;

	if (box->to + bytes <= size) {
		return 0;
	}
	if (box->to + bytes > max) {
		return -ENOBUFS;
	}
	while (size < box->to + bytes) {
		size = size == 0 ? FIRST_BYTES : size * 2;
	}
	uint8_t *grown = realloc(box->bytes, size);
	if (grown == NULL) {
		return -ENOMEM;
	}
	box->bytes = grown;
	box->size = size;
	return 0;
}

void
outbox_sent(struct outbox *box, size_t bytes)
{
	box->from += bytes;
	if (box->from == box->to) {
		outbox_clear(box);
	}
}

void
outbox_clear(struct outbox *box)
{
	box->from = 0;
	box->to = 0;
}

void
outbox_finish(struct outbox *box)
{
	free(box->bytes);
	*box = (struct outbox){ .bytes = NULL };
}
