#include <criterion/criterion.h>
#include <string.h>

#include "protocols/wire.h"

struct record {
	int32_t number;
	uint32_t raw;
	uint8_t key[4];
	char text[8];
};

static const struct wire_field fields[] = {
	{ "number", 4, WIRE_I32 },
	{ "raw", 4, WIRE_RAW32 },
	{ "key", 4, WIRE_BYTES },
	{ "text", 8, WIRE_TEXT },
};

static const struct wire_layout layout = { "record", fields, 4, 20 };

/* What a client of our own byte order sends. */
static struct record
sample(void)
{
	struct record record = { .number = 0x01020384,
		.raw = 0xA1B2C3D4u,
		.key = { 1, 2, 3, 4 } };

	memcpy(record.text, "ab", 3);
	return record;
}

static void
reverse4(uint8_t *bytes)
{
	uint8_t old[4];

	memcpy(old, bytes, sizeof(old));
	for (unsigned i = 0; i < sizeof(old); i++) {
		bytes[i] = old[3 - i];
	}
}

Test(wire, decodes_own_order)
{
	struct record in = sample();
	struct record out;

	wire_decode(&layout, false, (const uint8_t *)&in, &out);
	cr_assert_eq(memcmp(&in, &out, sizeof(out)), 0);
}

Test(wire, swaps_only_integers_of_the_client)
{
	struct record expected = sample();
	struct record out;
	uint8_t in[sizeof(expected)];

	memcpy(in, &expected, sizeof(in));
	reverse4(in);
	wire_decode(&layout, true, in, &out);
	cr_assert_eq(memcmp(&expected, &out, sizeof(out)), 0);
}

Test(wire, keeps_signs_when_swapping)
{
	/* Bytes of 0x80 and more spoiled integers in the original. */
	static const int32_t numbers[] = { 48000, 16000, 128, -1, INT32_MIN };

	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct record record = sample();
		struct record out;
		uint8_t bytes[sizeof(record)];

		record.number = numbers[i];
		memcpy(bytes, &record, sizeof(bytes));
		reverse4(bytes);
		wire_decode(&layout, true, bytes, &out);
		cr_assert_eq(out.number, numbers[i]);
	}
}

Test(wire, encode_undoes_decode)
{
	for (int swap = 0; swap < 2; swap++) {
		struct record in = sample();
		struct record out;
		uint8_t bytes[sizeof(in)];

		wire_encode(&layout, swap != 0, &in, bytes);
		wire_decode(&layout, swap != 0, bytes, &out);
		cr_assert_eq(memcmp(&in, &out, sizeof(out)), 0);
	}
}

Test(wire, forgets_what_is_behind_the_nul)
{
	struct record in = sample();
	struct record out;

	memcpy(in.text, "a\0secret", sizeof(in.text));
	wire_decode(&layout, false, (const uint8_t *)&in, &out);
	cr_assert_eq(memcmp(out.text, "a\0\0\0\0\0\0\0", 8), 0);
	wire_encode(&layout, false, &in, (uint8_t *)&out);
	cr_assert_eq(memcmp(out.text, "a\0\0\0\0\0\0\0", 8), 0);
}

Test(wire, ends_text_that_has_no_nul)
{
	struct record in = sample();
	struct record out;

	memcpy(in.text, "12345678", sizeof(in.text));
	wire_decode(&layout, false, (const uint8_t *)&in, &out);
	cr_assert_eq(memcmp(out.text, "1234567", 8), 0);
}

Test(wire, writes_no_more_than_the_layout)
{
	struct record in = sample();
	uint8_t out[sizeof(in) + 4];

	memset(out, 0x5A, sizeof(out));
	wire_encode(&layout, true, &in, out);
	for (size_t i = sizeof(in); i < sizeof(out); i++) {
		cr_assert_eq(out[i], 0x5A);
	}
}

Test(wire, prints_without_the_key)
{
	struct record record = sample();
	char line[128];

	record.number = -5;
	record.raw = 7;
	memcpy(record.text, "a\"\x1b\xff", 5);
	wire_print(&layout, &record, line, sizeof(line));
	cr_assert_str_eq(line,
	    "number=-5 raw=7 key=(4 bytes) text=\"a\\x22\\x1b\\xff\"");
}

Test(wire, cuts_a_line_that_is_too_long)
{
	struct record record = sample();
	char whole[128], line[128];

	wire_print(&layout, &record, whole, sizeof(whole));
	for (size_t size = 1; size <= strlen(whole); size++) {
		memset(line, 0x5A, sizeof(line));
		wire_print(&layout, &record, line, size);
		cr_assert_eq(strlen(line), size - 1);
		cr_assert_eq(strncmp(line, whole, size - 1), 0);
		cr_assert_eq(line[size], 0x5A);
	}
}
