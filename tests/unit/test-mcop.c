/* MCOP's values, references and method table, against bytes off the wire. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "protocols/mcop.h"

#define ROOM 512

static void
cr_bytes(const struct mcop_writer *writer, const char *hex)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * ROOM + 1];

	cr_assert(!writer->full);
	for (size_t i = 0; i < writer->used; i++) {
		text[2 * i] = digits[writer->bytes[i] >> 4];
		text[2 * i + 1] = digits[writer->bytes[i] & 15];
	}
	text[2 * writer->used] = '\0';
	cr_assert_str_eq(text, hex);
}

static struct mcop_reader
reader_of(const void *bytes, size_t count)
{
	struct mcop_reader reader;

	mcop_read(&reader, bytes, count);
	return reader;
}

Test(mcop, header)
{
	static const uint8_t good[] = "MCOP\0\0\0\x18\0\0\0\x04";
	uint8_t bad[MCOP_HEADER_BYTES];
	struct mcop_header header;

	cr_assert_eq(mcop_header(good, &header), 0);
	cr_assert_eq(header.type, MCOP_INVOCATION);
	cr_assert_eq(header.body, 12);
	for (int i = 0; i < 4; i++) {
		memcpy(bad, good, sizeof(bad));
		bad[i] ^= 0x20; /* magic */
		cr_assert(mcop_header(bad, &header) < 0);
	}
	memcpy(bad, good, sizeof(bad));
	bad[7] = 11; /* shorter than itself */
	cr_assert(mcop_header(bad, &header) < 0);
	memcpy(bad, good, sizeof(bad));
	bad[11] = 7; /* no such type */
	cr_assert(mcop_header(bad, &header) < 0);
	bad[11] = 0;
	cr_assert(mcop_header(bad, &header) < 0);
}

Test(mcop, lookup)
{
	uint8_t bytes[ROOM];
	struct mcop_writer writer;

	mcop_begin_call(&writer, bytes, sizeof(bytes), 28, 0, 31);
	mcop_put_method(&writer, &mcop_methods[MCOP_OBJECT__isCompatibleWith]);
	cr_assert_eq(mcop_finish(&writer), 103);
	cr_bytes(&writer,
	    "4d434f50000000670000000400"
	    "00001c000000000000001f000000125f6973436f6d70617469626c65576974"
	    "680000000008626f6f6c65616e00000000020000000100000007737472696e"
	    "67000000000e696e746572666163656e616d65000000000000000000");
}

Test(mcop, lookup_oneway)
{
	uint8_t bytes[ROOM];
	struct mcop_writer writer;

	mcop_begin_call(&writer, bytes, sizeof(bytes), 27, 0, 31);
	mcop_put_method(&writer, &mcop_methods[MCOP_SENDER_processed]);
	cr_assert_eq(mcop_finish(&writer), 59);
	cr_bytes(&writer,
	    "4d434f500000003b000000040000001b000000000000001f0000000a"
	    "70726f63657373656400"
	    "00000005766f696400000000010000000000000000");
}

Test(mcop, connect)
{
	const struct mcop_reference source = { .server = "vm-36b1-6b034464",
		.object = 28 };
	const struct mcop_reference dest = { .server = "vm-3641-6b034463",
		.object = 61,
		.addresses = { "unix:/tmp/mcop-demo/vm-3641-6b034463" },
		.count = 1 };
	uint8_t bytes[ROOM];
	struct mcop_writer writer;

	mcop_begin_call(&writer, bytes, sizeof(bytes), 30, 17, 31);
	mcop_put_reference(&writer, &source);
	mcop_put_string(&writer, "outdata");
	mcop_put_reference(&writer, &dest);
	mcop_put_string(&writer, "indata");
	cr_assert_eq(mcop_finish(&writer), 0x92);
	cr_bytes(&writer,
	    "4d434f5000000092000000040000001e000000110000001f"
	    "00000011766d2d333662312d3662303334343634000000001c00000000"
	    "000000086f75746461746100"
	    "00000011766d2d333634312d3662303334343633000000003d00000001"
	    "00000025756e69783a2f746d702f6d636f702d64656d6f2f766d2d333634"
	    "312d366230333434363300"
	    "00000007696e6461746100");
}

Test(mcop, values)
{
	uint8_t bytes[ROOM];
	struct mcop_writer writer;
	struct mcop_reader reader;
	uint32_t count;

	mcop_begin_return(&writer, bytes, sizeof(bytes), 31);
	mcop_put_float(&writer, 0.5F);
	mcop_put_boolean(&writer, true);
	mcop_put_long(&writer, -1);
	mcop_put_string(&writer, "");
	mcop_put_bytes(&writer, "abc", 3);
	mcop_put_reference(&writer, &mcop_null);
	cr_assert_eq(mcop_finish(&writer), writer.used);
	cr_bytes(&writer,
	    "4d434f50000000360000000500"
	    "00001f3f00000001ffffffff00000001000000000361626300000005"
	    "6e756c6c000000000000000000");

	struct mcop_reference reference;
	reader = reader_of(bytes + 16, writer.used - 16);
	float half = mcop_get_float(&reader);
	cr_assert(half == 0.5F);
	cr_assert(mcop_get_boolean(&reader));
	cr_assert_eq(mcop_get_long(&reader), -1);
	cr_assert_str_empty(mcop_get_string(&reader));
	const uint8_t *data = mcop_get_bytes(&reader, &count);
	cr_assert_arr_eq(data, "abc", 3);
	cr_assert_eq(count, 3);
	mcop_get_reference(&reader, &reference);
	cr_assert(mcop_is_null(&reference));
	cr_assert(!reader.bad && reader.at == reader.end);
	(void)mcop_get_byte(&reader);
	cr_assert(reader.bad);
}

Test(mcop, does_not_fit)
{
	uint8_t bytes[32];
	struct mcop_writer writer;

	memset(bytes, 0x55, sizeof(bytes));
	mcop_begin_return(&writer, bytes, 20, 1);
	mcop_put_string(&writer, "");
	cr_assert_eq(mcop_finish(&writer), 0);
	mcop_put_byte(&writer, 1);
	cr_assert_eq(mcop_finish(&writer), 0);
	for (size_t i = 20; i < sizeof(bytes); i++) {
		cr_assert_eq(bytes[i], 0x55);
	}
}

/* Lengths that lie, texts that do not end. */
Test(mcop, hostile)
{
	static const uint8_t no_nul[] = { 0, 0, 0, 2, 'a', 'b', 0, 0 };
	static const uint8_t huge[] = { 0xff, 0xff, 0xff, 0xff, 'a', 0 };
	static const uint8_t empty[] = { 0, 0, 0, 0 };
	static const uint8_t seven[] = { 7 };
	static const uint8_t many[] = { 0, 0, 0, 1, 0, 0, 0, 0, 9, 0xff, 0xff,
		0xff, 0xff };
	struct mcop_reader reader = reader_of(no_nul, sizeof(no_nul));
	struct mcop_reference reference;
	struct mcop_wanted wanted;
	uint32_t count;

	cr_assert_str_empty(mcop_get_string(&reader));
	cr_assert(reader.bad);
	reader = reader_of(huge, sizeof(huge));
	cr_assert_str_empty(mcop_get_string(&reader));
	cr_assert(reader.bad);
	reader = reader_of(huge, sizeof(huge));
	cr_assert_null(mcop_get_bytes(&reader, &count));
	cr_assert(reader.bad && count == 0);
	reader = reader_of(huge, sizeof(huge));
	cr_assert_eq(mcop_get_count(&reader, 4), 0);
	cr_assert(reader.bad);
	reader = reader_of(empty, sizeof(empty));
	cr_assert_str_empty(mcop_get_string(&reader));
	cr_assert(!reader.bad);
	reader = reader_of(seven, sizeof(seven));
	cr_assert(!mcop_get_boolean(&reader) && reader.bad);
	reader = reader_of(many, sizeof(many));
	mcop_get_reference(&reader, &reference);
	cr_assert(reader.bad && mcop_is_null(&reference));
	reader = reader_of(many, sizeof(many));
	mcop_get_method(&reader, &wanted);
	cr_assert(reader.bad);
}

/* As recorded: T50 of a play session. */
Test(mcop, reference_as_text)
{
	static const char text[] =
	    "MCOP-Object:00000011766d2d333662312d36623033"
	    "34343634000000001c00000000";
	struct mcop_reference reference;
	uint8_t bytes[ROOM];
	char out[ROOM];

	cr_assert(mcop_parse_reference(text, bytes, sizeof(bytes), &reference));
	cr_assert_str_eq(reference.server, "vm-36b1-6b034464");
	cr_assert_eq(reference.object, 28);
	cr_assert_eq(reference.count, 0);
	cr_assert(mcop_print_reference(&reference, out, sizeof(out)));
	cr_assert_str_eq(out, text);
	cr_assert(mcop_print_reference(&reference, out, sizeof(text)));
	cr_assert_str_eq(out, text);
	cr_assert(!mcop_print_reference(&reference, out, sizeof(text) - 1));

	(void)snprintf(out, sizeof(out), "%s\n", text);
	cr_assert(!mcop_parse_reference(out, bytes, sizeof(bytes), &reference));
	(void)snprintf(out, sizeof(out), "%s00", text);
	cr_assert(!mcop_parse_reference(out, bytes, sizeof(bytes), &reference));
	cr_assert(!mcop_parse_reference(text, bytes, 28, &reference));
	cr_assert(
	    !mcop_parse_reference(text + 1, bytes, sizeof(bytes), &reference));
}

Test(mcop, methods_by_name)
{
	const struct mcop_wanted attach = { "attach", "void" };
	const struct mcop_wanted wrong = { "attach", "long" };
	const struct mcop_wanted disconnect = { "disconnect", "void" };
	const struct mcop_wanted version = { "_get_version", "string" };

	cr_assert_eq(mcop_find(MCOP_IS_SERVER_V3, &attach), MCOP_SIMPLE_attach);
	cr_assert_eq(mcop_find(MCOP_IS_SERVER_V3, &wrong), -1);
	cr_assert_eq(mcop_find(MCOP_IS_FLOW, &attach), -1);
	cr_assert_eq(mcop_find(MCOP_IS_SENDER, &disconnect),
	    MCOP_SENDER_disconnect);
	cr_assert_eq(mcop_find(MCOP_IS_SINK, &disconnect),
	    MCOP_RECEIVER_disconnect);
	cr_assert_eq(mcop_find(MCOP_IS_SERVER, &version), -1);
	cr_assert_eq(mcop_find(MCOP_IS_SERVER_V2, &version),
	    MCOP_SERVER_V2__get_version);
}

Test(mcop, inheritance)
{
	cr_assert(
	    mcop_is_compatible(MCOP_IS_SERVER_V2, "Arts::SimpleSoundServer"));
	cr_assert(
	    mcop_is_compatible(MCOP_IS_SERVER_V2, "Arts::PlayObjectFactoryV2"));
	cr_assert(mcop_is_compatible(MCOP_IS_SERVER_V2, "Arts::Object"));
	cr_assert(mcop_is_compatible(MCOP_IS_SINK, "Arts::FlowSystemReceiver"));
	cr_assert(
	    !mcop_is_compatible(MCOP_IS_SERVER_V2, "Arts::SoundServerV3"));
	cr_assert(!mcop_is_compatible(MCOP_IS_FLOW, "Arts::SoundServer"));
	cr_assert(!mcop_is_compatible(MCOP_IS_FLOW, ""));
	for (uint32_t i = 0; i < MCOP_INTERFACES; i++) {
		cr_assert(mcop_interfaces[i].parents < 1u << i,
		    "%s stands before a parent of it", mcop_interfaces[i].name);
	}
}
