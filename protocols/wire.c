#include "protocols/wire.h"

#include <stdio.h>
#include <string.h>

static uint32_t
swap32(uint32_t value)
{
	return value >> 24 | (value >> 8 & 0xFF00u) | (value << 8 & 0xFF0000u) |
	       value << 24;
}

/* Text stops at its first NUL; what a client left behind it is not looked at.
 */
static void
copy_text(uint8_t *out, const uint8_t *in, size_t size)
{
	size_t length = 0;

	while (length < size - 1 && in[length] != 0) {
		length++;
	}
	memcpy(out, in, length);
	memset(out + length, 0, size - length);
}

static void
copy_record(const struct wire_layout *layout, bool swap, const uint8_t *in,
    uint8_t *out)
{
	for (uint32_t i = 0; i < layout->count; i++) {
		const struct wire_field *field = &layout->fields[i];
		uint32_t value;

		if (field->kind == WIRE_TEXT) {
			copy_text(out, in, field->size);
		} else if (field->kind == WIRE_I32 && swap) {
			memcpy(&value, in, sizeof(value));
			value = swap32(value);
			memcpy(out, &value, sizeof(value));
		} else {
			memcpy(out, in, field->size);
		}
		in += field->size;
		out += field->size;
	}
}

void
wire_decode(const struct wire_layout *layout, bool swap, const uint8_t *in,
    void *out)
{
	copy_record(layout, swap, in, out);
}

void
wire_encode(const struct wire_layout *layout, bool swap, const void *in,
    uint8_t *out)
{
	copy_record(layout, swap, in, out);
}

struct text {
	char *out;
	size_t size, used; /* used <= size - 1 */
};

static void
text_put(struct text *text, const char *piece)
{
	size_t length = strlen(piece);
	size_t room = text->size - 1 - text->used;

	if (length > room) {
		length = room;
	}
	memcpy(text->out + text->used, piece, length);
	text->used += length;
	text->out[text->used] = '\0';
}

static void
text_put_quoted(struct text *text, const uint8_t *in, size_t size)
{
	char piece[8];

	text_put(text, "\"");
	for (size_t i = 0; i < size && in[i] != 0; i++) {
		bool plain = in[i] >= ' ' && in[i] <= '~' && in[i] != '"' &&
			     in[i] != '\\';

		(void)snprintf(piece, sizeof(piece), plain ? "%c" : "\\x%02x",
		    in[i]);
		text_put(text, piece);
	}
	text_put(text, "\"");
}

void
wire_print(const struct wire_layout *layout, const void *in, char *out,
    size_t size)
{
	struct text text = { out, size, 0 };
	const uint8_t *bytes = in;

	out[0] = '\0';
	for (uint32_t i = 0; i < layout->count; i++) {
		const struct wire_field *field = &layout->fields[i];
		char piece[32];
		int32_t value;

		text_put(&text, i == 0 ? "" : " ");
		text_put(&text, field->name);
		text_put(&text, "=");
		if (field->kind == WIRE_TEXT) {
			text_put_quoted(&text, bytes, field->size);
		} else {
			memcpy(&value, bytes, sizeof(value));
			(void)snprintf(piece, sizeof(piece),
			    field->kind == WIRE_BYTES ? "(%u bytes)" : "%d",
			    field->kind == WIRE_BYTES ? (int)field->size
						      : value);
			text_put(&text, piece);
		}
		bytes += field->size;
	}
}
