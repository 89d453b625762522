#include "protocols/esd.h"

#define LAYOUT(name) static const struct wire_field fields_##name[] = {
/* clang-format off */
#define I32(field)      { #field, 4, WIRE_I32 },
#define RAW32(field)    { #field, 4, WIRE_RAW32 },
#define BYTES(field, n) { #field, n, WIRE_BYTES },
#define TEXT(field, n)  { #field, n, WIRE_TEXT },
#define END(name)       };
/* clang-format on */
#include "protocols/esd.def"

const struct wire_layout esd_layouts[ESD_LAYOUTS] = {
#define LAYOUT(name)                                                           \
	[ESD_LAYOUT_##name] = { #name, fields_##name,                          \
		sizeof(fields_##name) / sizeof(fields_##name[0]),              \
		sizeof(struct esd_##name) },
#define I32(field)
#define RAW32(field)
#define BYTES(field, n)
#define TEXT(field, n)
#define END(name)
#include "protocols/esd.def"
};

#define LAYOUT(name)                                                           \
	_Static_assert(sizeof(struct esd_##name) <= ESD_RECORD_MAX, #name);
#define I32(field)
#define RAW32(field)
#define BYTES(field, n) _Static_assert((n) % 4 == 0, #field);
#define TEXT(field, n)	_Static_assert((n) % 4 == 0, #field);
#define END(name)
#include "protocols/esd.def"

#define RECORD(kind, layout) { kind, &esd_layouts[ESD_LAYOUT_##layout] },
#define IN(layout)	     RECORD(ESD_STEP_IN, layout)
#define OUT(layout)	     RECORD(ESD_STEP_OUT, layout)
#define LIST(layout)	     RECORD(ESD_STEP_LIST, layout)
#define BLOB(field)	     { ESD_STEP_BLOB, NULL },
#define PCM_IN		     { ESD_STEP_PCM_IN, NULL },
#define PCM_OUT		     { ESD_STEP_PCM_OUT, NULL },
#define TELL(layout)	     RECORD(ESD_STEP_TELL, layout)
#define STEPS(...)	     __VA_ARGS__

const struct esd_op esd_ops[ESD_OPS] = {
/* clang-format off */
#define OP(number, name, handler, when, conversation, help) \
	[ESD_ROW_##name] = { #name, help, number, ESD_##when, \
		{ STEPS conversation { ESD_STEP_END, NULL } } },
#include "protocols/esd.def"
	/* clang-format on */
};

/* Two runs without gaps, so that a row is found by counting. */
/* clang-format off */
#define OP(number, name, handler, when, conversation, help) \
	_Static_assert(ESD_ROW_##name == ((number) < ESD_EXTENSION \
		? (number) : ESD_CLASSIC_OPS + (number) - ESD_EXTENSION), \
	    #name);
/* clang-format on */
#include "protocols/esd.def"

int
esd_row(int32_t number)
{
	if (number >= 0 && number < ESD_CLASSIC_OPS) {
		return number;
	}
	if (number >= ESD_EXTENSION &&
	    number < ESD_EXTENSION + ESD_OPS - ESD_CLASSIC_OPS) {
		return number - ESD_EXTENSION + ESD_CLASSIC_OPS;
	}
	return -1;
}

uint64_t
esd_join(int32_t high, int32_t low)
{
	return (uint64_t)(uint32_t)high << 32 | (uint32_t)low;
}

int32_t
esd_high(uint64_t number)
{
	return (int32_t)(uint32_t)(number >> 32);
}

int32_t
esd_low(uint64_t number)
{
	return (int32_t)(uint32_t)number;
}

int
esd_marker_swap(uint32_t marker)
{
	if (marker == ESD_ENDIAN_KEY) {
		return 0;
	}
	return marker == 0x4E444E45u ? 1 : -1;
}

unsigned
esd_frame_bytes(int32_t format)
{
	unsigned channels, width;

	if ((format & ESD_MASK_BITS & ~ESD_BITS16) != 0) {
		return 0;
	}
	width = (format & ESD_BITS16) != 0 ? 2 : 1;
	if ((format & ESD_MASK_CHAN) == ESD_MONO) {
		channels = 1;
	} else if ((format & ESD_MASK_CHAN) == ESD_STEREO) {
		channels = 2;
	} else {
		return 0;
	}
	return width * channels;
}
