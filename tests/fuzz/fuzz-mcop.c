/*
 * MCOP's codec: any bytes read without harm, what is read is written again to
 * what reads alike, and references survive being text.
 *
 *   input  count of values, that many kinds of value (a byte each), bytes
 */
#include <string.h>

#include "protocols/mcop.h"
#include "tests/fuzz/fuzz.h"

#define VALUES_MAX 16
#define ROOM	   65536 /* bytes: more than any input makes */

enum kind {
	BYTE,
	BOOLEAN,
	LONG,
	FLOAT,
	STRING,
	BYTES,
	REFERENCE,
	METHOD_WANTED,
	KINDS
};

static bool
is_within(const void *at, const uint8_t *data, size_t size)
{
	return (const uint8_t *)at >= data && (const uint8_t *)at < data + size;
}

/* Texts end within the input, or are the empty one. */
static void
check_text(const char *text, const uint8_t *data, size_t size)
{
	if (text[0] != '\0') {
		MUST(is_within(text, data, size));
		MUST(
		    memchr(text, 0,
			size - (size_t)((const uint8_t *)text - data)) != NULL);
	}
}

static void
check_as_text(const struct mcop_reference *reference)
{
	static char text[2 * ROOM];
	static uint8_t bytes[ROOM];
	struct mcop_reference again;

	if (mcop_print_reference(reference, text, sizeof(text))) {
		MUST(mcop_parse_reference(text, bytes, sizeof(bytes), &again));
		MUST(strcmp(again.server, reference->server) == 0);
		MUST(again.object == reference->object);
		MUST(again.count == reference->count);
	}
}

static void
copy_reference(struct mcop_reader *in, struct mcop_writer *out,
    const uint8_t *data, size_t size)
{
	struct mcop_reference reference;

	mcop_get_reference(in, &reference);
	MUST(reference.count <= MCOP_ADDRESSES);
	check_text(mcop_is_null(&reference) ? "" : reference.server, data,
	    size);
	for (uint32_t i = 0; i < reference.count; i++) {
		check_text(reference.addresses[i], data, size);
	}
	check_as_text(&reference);
	mcop_put_reference(out, &reference);
}

static void
look_up(struct mcop_reader *in, const uint8_t *data, size_t size)
{
	struct mcop_wanted wanted;

	mcop_get_method(in, &wanted);
	check_text(wanted.name, data, size);
	check_text(wanted.result, data, size);
	for (int tag = 0; tag < MCOP_INTERFACES; tag++) {
		int32_t row = mcop_find((enum mcop_interface_tag)tag, &wanted);

		MUST(row >= -1 && row < MCOP_METHODS);
	}
}

/* Reads a value of that kind, and writes it. */
static void
copy(enum kind kind, struct mcop_reader *in, struct mcop_writer *out,
    const uint8_t *data, size_t size)
{
	const char *text;
	const uint8_t *bytes;
	uint32_t count;

	switch (kind) {
	case BYTE:
		mcop_put_byte(out, mcop_get_byte(in));
		break;
	case BOOLEAN:
		mcop_put_boolean(out, mcop_get_boolean(in));
		break;
	case LONG:
		mcop_put_long(out, mcop_get_long(in));
		break;
	case FLOAT:
		mcop_put_float(out, mcop_get_float(in));
		break;
	case STRING:
		text = mcop_get_string(in);
		check_text(text, data, size);
		mcop_put_string(out, text);
		break;
	case BYTES:
		bytes = mcop_get_bytes(in, &count);
		MUST(count == 0 ||
		     (is_within(bytes, data, size) &&
			 is_within(bytes + count - 1, data, size)));
		mcop_put_bytes(out, bytes, count);
		break;
	case REFERENCE:
		copy_reference(in, out, data, size);
		break;
	default:
		look_up(in, data, size);
		break;
	}
}

/* Bytes of what the kinds make of it; 0: it was not good. */
static size_t
copy_all(const uint8_t *kinds, unsigned count, const uint8_t *data, size_t size,
    uint8_t *made)
{
	struct mcop_reader in;
	struct mcop_writer out;

	mcop_read(&in, data, size);
	mcop_begin(&out, made, ROOM, MCOP_RETURN);
	for (unsigned i = 0; i < count; i++) {
		copy((enum kind)(kinds[i] % KINDS), &in, &out, data, size);
		MUST(in.at <= in.end);
	}
	return in.bad ? 0 : mcop_finish(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t first[ROOM], second[ROOM];
	uint8_t kinds[VALUES_MAX];
	struct mcop_header header;

	if (size >= MCOP_HEADER_BYTES && mcop_header(data, &header) == 0) {
		MUST(header.type >= MCOP_SERVER_HELLO &&
		     header.type <= MCOP_ONEWAY);
	}
	unsigned count = size > 0 ? data[0] % (VALUES_MAX + 1) : 0;
	if (size < 1 + (size_t)count) {
		return 0;
	}
	memcpy(kinds, data + 1, count);
	for (unsigned i = 0; i < count; i++) {
		/* What is only looked at is not written: not to be read again.
		 */
		kinds[i] = (uint8_t)(kinds[i] % KINDS);
	}
	data += 1 + count;
	size -= 1 + (size_t)count;
	size_t made = copy_all(kinds, count, data, size, first);
	if (made == 0 || memchr(kinds, METHOD_WANTED, count) != NULL) {
		return 0;
	}
	size_t again = copy_all(kinds, count, first + MCOP_HEADER_BYTES,
	    made - MCOP_HEADER_BYTES, second);
	MUST(again == made && memcmp(first, second, made) == 0);
	return 0;
}
