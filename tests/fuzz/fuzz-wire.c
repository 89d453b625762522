/*
 * The codec: any bytes decode, encode back to what decodes alike, and print
 * within their bounds.
 *
 *   input  layout, flags (1: swapped, the rest: size to print into), record
 */
#include <string.h>

#include "protocols/esd.h"
#include "tests/fuzz/fuzz.h"

static void
check_text(const struct wire_layout *layout, const uint8_t *record)
{
	for (uint32_t i = 0; i < layout->count; i++) {
		const struct wire_field *field = &layout->fields[i];

		if (field->kind == WIRE_TEXT) {
			const uint8_t *end = memchr(record, 0, field->size);

			MUST(end != NULL);
			for (; end < record + field->size; end++) {
				MUST(*end == 0);
			}
		}
		record += field->size;
	}
}

static void
check_print(const struct wire_layout *layout, const void *record, size_t size)
{
	char *text = malloc(size);

	MUST(text != NULL);
	memset(text, 'x', size);
	wire_print(layout, record, text, size);
	MUST(memchr(text, 0, size) != NULL);
	for (const char *c = text; *c != '\0'; c++) {
		MUST(*c >= ' ' && *c <= '~');
	}
	free(text);
}

static void
check_round_trip(const struct wire_layout *layout, bool swap, const uint8_t *in)
{
	uint8_t *wire = malloc(layout->size);
	uint8_t *first = malloc(layout->size);
	uint8_t *second = malloc(layout->size);

	MUST(wire != NULL && first != NULL && second != NULL);
	wire_decode(layout, swap, in, first);
	check_text(layout, first);
	wire_encode(layout, swap, first, wire);
	wire_decode(layout, swap, wire, second);
	MUST(memcmp(first, second, layout->size) == 0);
	free(second);
	free(first);
	free(wire);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct wire_layout *layout;
	uint8_t in[ESD_RECORD_MAX] = { 0 };
	uint32_t record[ESD_RECORD_MAX / 4];

	if (size < 2) {
		return 0;
	}
	layout = &esd_layouts[data[0] % ESD_LAYOUTS];
	MUST(layout->size <= sizeof(in));
	memcpy(in, data + 2, size - 2 < sizeof(in) ? size - 2 : sizeof(in));
	check_round_trip(layout, (data[1] & 1) != 0, in);
	wire_decode(layout, (data[1] & 1) != 0, in, record);
	check_print(layout, record, 1u + data[1] / 2);
	check_print(layout, record, 1024);
	(void)esd_frame_bytes((int32_t)record[0]);
	(void)esd_marker_swap(record[0]);
	return 0;
}
