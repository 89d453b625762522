/*
 * A layout: the fields of one fixed-size record, on the wire and in memory.
 *
 * Everything here works on memory the caller owns, allocates nothing and keeps
 * no state.  Thread: any.
 */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wire_kind {
	WIRE_I32,   /* 32-bit integer in the client's byte order */
	WIRE_RAW32, /* 32-bit integer in the server's byte order, never swapped
		     */
	WIRE_BYTES, /* opaque; printed as a length, so that keys never leak */
	WIRE_TEXT   /* NUL ends it; what follows is ignored in, zero out */
};

struct wire_field {
	const char *name;
	uint32_t size; /* bytes, a multiple of 4 */
	enum wire_kind kind;
};

/*
 * Fields follow each other without gaps, on the wire as in the struct: every
 * size is a multiple of 4, so the two are the same bytes but for their order.
 */
struct wire_layout {
	const char *name;
	const struct wire_field *fields;
	uint32_t count; /* fields */
	uint32_t size;	/* bytes, their sum */
};

/*
 * Decodes layout->size bytes of `in` into the struct `out`.
 *   swap  the client's byte order differs from ours
 * A TEXT field is cut at its first NUL or at size - 1 bytes, whichever comes
 * first, and zero-filled.  Cannot fail: no layout has an invalid byte pattern.
 */
void wire_decode(const struct wire_layout *layout, bool swap, const uint8_t *in,
    void *out);

/* The reverse: the struct `in` into layout->size bytes of `out`. */
void wire_encode(const struct wire_layout *layout, bool swap, const void *in,
    uint8_t *out);

/*
 * Prints the struct `in` as "field=value field=value", TEXT quoted with
 * control characters and bytes above 126 escaped as \xNN.
 * Writes at most `size` bytes, always ends them by a NUL.
 */
void wire_print(const struct wire_layout *layout, const void *in, char *out,
    size_t size);

#endif
