/*
 * The buffer that a program maps: shared memory, as long as its fragments, in
 * whole pages.  Positions count bytes and go round.  Thread: one, beside the
 * program, which writes or reads where it likes when it likes.
 */
#ifndef DSP_RING_H
#define DSP_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
	uint8_t *data; /* NULL: none */
	uint32_t size; /* bytes that are played */
	uint32_t mapped;
	int fd;
};

/* -ENOMEM or another -errno.  All zero at first, which is silence but for u8;
 * the caller fills. */
int ring_make(struct ring *ring, uint32_t size);
void ring_drop(struct ring *ring); /* one of zeros is fine */

/* Whether that is a descriptor of it. */
bool ring_is(const struct ring *ring, int fd);

/* From and to a position, round the end. */
void ring_copy_out(const struct ring *ring, uint64_t at, uint8_t *out,
    size_t bytes);
void ring_copy_in(struct ring *ring, uint64_t at, const uint8_t *in,
    size_t bytes);

#endif
