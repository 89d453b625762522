/* The table against the figures of the protocol's documentation. */
#include <criterion/criterion.h>
#include <string.h>

#include "protocols/esd.h"

Test(esd, has_all_24_rows_and_the_extension)
{
	cr_assert_eq(ESD_CLASSIC_OPS, 24);
	cr_assert_eq(ESD_OPS, 24 + 10);
	for (unsigned i = 0; i < ESD_OPS; i++) {
		cr_assert_not_null(esd_ops[i].name, "opcode %u", i);
		cr_assert_gt(strlen(esd_ops[i].help), 0, "opcode %u", i);
		cr_assert_eq(esd_ops[i].when, i == 0 ? ESD_NEW : ESD_READY);
	}
}

Test(esd, finds_rows_by_opcode)
{
	static const int32_t unknown[] = { -1, 24, 999, 1000 + 10, INT32_MAX,
		INT32_MIN, -1000 };

	for (int i = 0; i < ESD_OPS; i++) {
		int32_t number = i < 24 ? i : 1000 + i - 24;

		cr_assert_eq(esd_ops[i].number, number);
		cr_assert_eq(esd_row(number), i, "opcode %d", number);
	}
	for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		cr_assert_eq(esd_row(unknown[i]), -1, "opcode %d", unknown[i]);
	}
	cr_assert_eq(esd_row(ESD_LATENCY), ESD_ROW_LATENCY);
	cr_assert_eq(esd_row(ESD_STREAM_TRACK), ESD_ROW_STREAM_TRACK);
}

Test(esd, splits_great_numbers)
{
	uint64_t number = 0x89ABCDEF01234567u;

	cr_assert_eq(esd_high(number), (int32_t)0x89ABCDEF);
	cr_assert_eq(esd_low(number), 0x01234567);
	cr_assert_eq(esd_join(esd_high(number), esd_low(number)), number);
	cr_assert_eq(esd_join(0, -1), UINT32_MAX);
}

/* Total size of each request without its sound, opcode included. */
Test(esd, has_requests_of_the_documented_size)
{
	static const uint32_t sizes[] = { 20, 24, 24, 140, 140, 140, 144, 8, 8,
		8, 8, 8, 24, 24, 132, 140, 8, 8, 4, 4, 16, 16, 8, 4, 144, 8, 20,
		16, 8, 4, 132, 144, 8, 12 };

	for (unsigned i = 0; i < ESD_OPS; i++) {
		const struct esd_step *step = esd_ops[i].steps;
		uint32_t size = i == ESD_CONNECT ? 0 : 4;

		if (step->kind == ESD_STEP_IN) {
			size += step->layout->size;
		}
		cr_assert_eq(size, sizes[i], "opcode %u: %u bytes", i, size);
	}
}

/* One letter a step: in, out, list, blob, PCM to us (<), PCM from us (>), tell.
 */
Test(esd, has_conversations_in_the_documented_order)
{
	static const char letters[] = " iolb<>t";
	static const char *const steps[] = { "io", "ioo", "ioo", "i<", "i>",
		"i>", "iobo", "io", "io", "io", "io", "io", "ioo", "ioo", "io",
		"i><", "io", "ioll", "", "", "io", "io", "io", "o", "iot<",
		"ioll", "io", "io", "io", "t", "io", "io", "io", "io" };

	for (unsigned i = 0; i < ESD_OPS; i++) {
		char seen[ESD_STEPS_MAX] = "";

		for (unsigned s = 0; esd_ops[i].steps[s].kind != ESD_STEP_END;
		     s++) {
			seen[s] = letters[esd_ops[i].steps[s].kind];
		}
		cr_assert_str_eq(seen, steps[i], "opcode %u: %s", i, seen);
	}
}

static uint32_t
offset_of(const struct wire_layout *layout, const char *name)
{
	uint32_t offset = 0;

	for (uint32_t i = 0; i < layout->count; i++) {
		if (strcmp(layout->fields[i].name, name) == 0) {
			return offset;
		}
		offset += layout->fields[i].size;
	}
	cr_assert_fail("%s has no %s", layout->name, name);
	return 0;
}

Test(esd, lays_players_and_samples_out_as_documented)
{
	static const struct {
		const char *name;
		uint32_t offset;
	} fields[] = { { "id", 0 }, { "name", 4 }, { "rate", 132 },
		{ "left", 136 }, { "right", 140 }, { "format", 144 } };
	const struct wire_layout *player = &esd_layouts[ESD_LAYOUT_player];
	const struct wire_layout *cached = &esd_layouts[ESD_LAYOUT_cached];

	for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		cr_assert_eq(offset_of(player, fields[i].name),
		    fields[i].offset);
		cr_assert_eq(offset_of(cached, fields[i].name),
		    fields[i].offset);
	}
	cr_assert_eq(offset_of(cached, "length"), 148);
	cr_assert_eq(player->size, 148);
	cr_assert_eq(cached->size, 152);
}

/* Version, rate, format: not the order of the C structure. */
Test(esd, tells_the_rate_before_the_format)
{
	const struct wire_layout *server = &esd_layouts[ESD_LAYOUT_server];

	cr_assert_eq(server->size, 12);
	cr_assert_eq(offset_of(server, "version"), 0);
	cr_assert_eq(offset_of(server, "rate"), 4);
	cr_assert_eq(offset_of(server, "format"), 8);
}

Test(esd, has_structs_of_the_wire_size)
{
	for (unsigned i = 0; i < ESD_LAYOUTS; i++) {
		const struct wire_layout *layout = &esd_layouts[i];
		uint32_t sum = 0;

		for (uint32_t f = 0; f < layout->count; f++) {
			sum += layout->fields[f].size;
		}
		cr_assert_eq(sum, layout->size, "%s", layout->name);
		cr_assert_leq(sum, ESD_RECORD_MAX, "%s", layout->name);
	}
}

/* The bytes of a big-endian client's STREAM_PLAY, from the worked dumps. */
Test(esd, reads_a_stream_request_of_either_order)
{
	static const uint8_t big[12] = { 0x00, 0x00, 0x10, 0x21, 0x00, 0x00,
		0xAC, 0x44, 'd', 'e', 'm', 'o' };
	static const uint8_t little[12] = { 0x21, 0x10, 0x00, 0x00, 0x44, 0xAC,
		0x00, 0x00, 'd', 'e', 'm', 'o' };
	const uint16_t probe = 1;
	bool is_little = *(const uint8_t *)&probe == 1;

	for (int order = 0; order < 2; order++) {
		uint8_t bytes[136] = { 0 };
		struct esd_stream stream;

		memcpy(bytes, order == 0 ? big : little, sizeof(big));
		wire_decode(&esd_layouts[ESD_LAYOUT_stream],
		    (order == 0) == is_little, bytes, &stream);
		cr_assert_eq(stream.format, 0x1021);
		cr_assert_eq(stream.rate, 44100);
		cr_assert_str_eq(stream.name, "demo");
	}
}

Test(esd, knows_its_marker)
{
	uint8_t little[4] = { 0x4E, 0x44, 0x4E, 0x45 };
	uint8_t big[4] = { 0x45, 0x4E, 0x44, 0x4E };
	uint32_t a, b;

	memcpy(&a, little, sizeof(a));
	memcpy(&b, big, sizeof(b));
	cr_assert_eq(esd_marker_swap(a) + esd_marker_swap(b), 1);
	cr_assert_eq(esd_marker_swap(ESD_ENDIAN_KEY), 0);
	cr_assert_eq(esd_marker_swap(0), -1);
	cr_assert_eq(esd_marker_swap(0x45444E45), -1); /* RoarAudio's "ENDE" */
}

/* Every width and channel value; function and mode don't matter. */
Test(esd, knows_four_formats_and_no_other)
{
	for (int32_t format = 0; format <= 0xFFFF; format++) {
		unsigned expected = 0;

		if ((format & 0x00FF) == 0x0010) {
			expected = 1;
		} else if ((format & 0x00FF) == 0x0020 ||
			   (format & 0x00FF) == 0x0011) {
			expected = 2;
		} else if ((format & 0x00FF) == 0x0021) {
			expected = 4;
		}
		cr_assert_eq(esd_frame_bytes(format), expected, "0x%x", format);
	}
}
