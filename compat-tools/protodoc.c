/* Prints docs/esd-protocol.md from the protocol's table. */
#include <stdio.h>

#include "protocols/esd.h"

static const char introduction[] =
    "# The ESD protocol\n"
    "\n"
    "<!-- Printed by protodoc from protocols/esd.def: change that, then run\n"
    "     `make protocol-page`. -->\n"
    "\n"
    "A client connects to a Unix socket or to TCP port 16001, shakes hands,\n"
    "and sends requests: a 32-bit opcode, followed by a record whose size is\n"
    "known from the opcode. The server answers in order. There are no\n"
    "lengths, tags or error messages: whoever dislikes something closes the\n"
    "connection. After one of the `STREAM_` requests it carries nothing but\n"
    "sound.\n"
    "\n"
    "**Byte order** is the client's: integers marked *int* and 16-bit sound,\n"
    "in both directions. It tells by the field `endian` of the handshake,\n"
    "the number 0x454E444E in its own order: `4E 44 4E 45` from a\n"
    "little-endian client, `45 4E 44 4E` from a big-endian one. Integers\n"
    "marked *raw* are in the server's order; clients only compare them with\n"
    "zero.\n"
    "\n"
    "**Text** ends at its first NUL byte, or one byte before the end of its\n"
    "field. What a client leaves behind the NUL is ignored; the server\n"
    "sends zeros there.\n"
    "\n"
    "**The format word** is a sum of width, channels, mode and function. The\n"
    "opcode alone decides what a stream does: mode and function are kept for\n"
    "ALL_INFO and otherwise ignored.\n"
    "\n"
    "| bits | mask | values |\n"
    "|---|---|---|\n"
    "| width | 0x000F | 0 unsigned 8-bit, 1 signed 16-bit |\n"
    "| channels | 0x00F0 | 0x10 mono, 0x20 stereo |\n"
    "| mode | 0x0F00 | 0 stream, 0x100 sample |\n"
    "| function | 0xF000 | 0x1000 play, 0x2000 record or loop |\n"
    "\n"
    "**Volume**: 256 is unity, 0 silence.\n"
    "\n"
    "The handshake (opcode 0 below) is implied by connecting: its opcode is\n"
    "not sent. It is answered by 1, or by 0 and a closed connection.\n";

static const char rows_heading[] =
    "\n"
    "## Requests\n"
    "\n"
    "In the request, *bytes* stands for as many bytes as the field before it\n"
    "said, *sound* for everything until one side closes. Replies are in the\n"
    "order in which they are sent; *list of* means records ended by one that\n"
    "is all zero (by other servers: by one whose id is 0 or less); *news of*\n"
    "means one whenever there is something new, once the one before has left.\n"
    "Opcode and total sizes are in bytes.\n"
    "\n"
    "Requests from 1000 on are an extension, described in `extension.md`. A\n"
    "client asks for it by SERVER_INFO with version 1000; a server that has\n"
    "it answers with version 1000, every other one with 0.\n"
    "\n"
    "| no | name | request | size | reply | what it does |\n"
    "|---|---|---|---|---|---|\n";

static const char layouts_heading[] = "\n"
				      "## Records\n";

static const char *const kinds[] = {
	[WIRE_I32] = "int",
	[WIRE_RAW32] = "raw",
	[WIRE_BYTES] = "bytes",
	[WIRE_TEXT] = "text",
};

static bool
is_from_client(enum esd_step_kind kind)
{
	return kind == ESD_STEP_IN || kind == ESD_STEP_BLOB ||
	       kind == ESD_STEP_PCM_IN;
}

static void
print_step(const struct esd_step *step)
{
	switch (step->kind) {
	case ESD_STEP_IN:
	case ESD_STEP_OUT:
		(void)printf("%s", step->layout->name);
		break;
	case ESD_STEP_LIST:
		(void)printf("list of %s", step->layout->name);
		break;
	case ESD_STEP_TELL:
		(void)printf("news of %s", step->layout->name);
		break;
	case ESD_STEP_BLOB:
		(void)printf("*bytes*");
		break;
	case ESD_STEP_PCM_IN:
	case ESD_STEP_PCM_OUT:
		(void)printf("*sound*");
		break;
	case ESD_STEP_END:
		break;
	}
}

static void
print_direction(const struct esd_op *op, bool from_client)
{
	const char *before = "";

	for (const struct esd_step *step = op->steps;
	     step->kind != ESD_STEP_END; step++) {
		if (is_from_client(step->kind) == from_client) {
			(void)printf("%s", before);
			print_step(step);
			before = ", ";
		}
	}
	(void)printf("%s | ", before[0] == '\0' ? "–" : "");
}

static void
print_row(const struct esd_op *op)
{
	uint32_t size = op->when == ESD_NEW ? 0 : 4;

	if (op->steps[0].kind == ESD_STEP_IN) {
		size += op->steps[0].layout->size;
	}
	(void)printf("| %d | %s | ", op->number, op->name);
	print_direction(op, true);
	(void)printf("%u | ", size);
	print_direction(op, false);
	(void)printf("%s |\n", op->help);
}

static void
print_layout(const struct wire_layout *layout)
{
	uint32_t offset = 0;

	(void)printf("\n### %s, %u bytes\n\n", layout->name, layout->size);
	(void)printf("| offset | size | field | kind |\n|---|---|---|---|\n");
	for (uint32_t i = 0; i < layout->count; i++) {
		const struct wire_field *field = &layout->fields[i];

		(void)printf("| %u | %u | %s | %s |\n", offset, field->size,
		    field->name, kinds[field->kind]);
		offset += field->size;
	}
}

int
main(void)
{
	(void)fputs(introduction, stdout);
	(void)fputs(rows_heading, stdout);
	for (unsigned i = 0; i < ESD_OPS; i++) {
		print_row(&esd_ops[i]);
	}
	(void)fputs(layouts_heading, stdout);
	for (unsigned i = 0; i < ESD_LAYOUTS; i++) {
		print_layout(&esd_layouts[i]);
	}
	return 0;
}
