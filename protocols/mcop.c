#include "protocols/mcop.h"

#include <errno.h>
#include <string.h>

#define MAGIC 0x4D434F50u /* "MCOP" */

/* clang-format off */
const struct mcop_interface mcop_interfaces[MCOP_INTERFACES] = {
#define IS(tag) | 1u << MCOP_IS_##tag
#define INTERFACE(tag, name, parents) { name, 0u parents },
#include "protocols/mcop.def"
};

const struct mcop_method mcop_methods[MCOP_METHODS] = {
#define METHOD(tag, name, result, parameters, handler)                         \
	{ #name, result, parameters, MCOP_IS_##tag, MCOP_FLAG_TWOWAY },
#define CALLED(tag, name, result, parameters)                                  \
	{ #name, result, parameters, MCOP_IS_##tag, MCOP_FLAG_TWOWAY },
#define ONEWAY(tag, name, parameters, handler)                                 \
	{ #name, "void", parameters, MCOP_IS_##tag, MCOP_FLAG_ONEWAY },
#include "protocols/mcop.def"
};
/* clang-format on */

_Static_assert(MCOP_INTERFACES <= 32, "parents are bits of a word");
_Static_assert(MCOP_OBJECT__lookupMethod == 0 && MCOP_OBJECT__queryEnum == 4,
    "these numbers are the same everywhere");
_Static_assert(sizeof(float) == sizeof(uint32_t), "a float is 32 bits");

const struct mcop_reference mcop_null = { .server = "null" };

static uint32_t
load32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	       (uint32_t)bytes[2] << 8 | bytes[3];
}

static void
store32(uint8_t *bytes, uint32_t value)
{
	bytes[0] = (uint8_t)(value >> 24);
	bytes[1] = (uint8_t)(value >> 16);
	bytes[2] = (uint8_t)(value >> 8);
	bytes[3] = (uint8_t)value;
}

int
mcop_header(const uint8_t *bytes, struct mcop_header *header)
{
	uint32_t length = load32(bytes + 4);
	uint32_t type = load32(bytes + 8);

	if (load32(bytes) != MAGIC || length < MCOP_HEADER_BYTES ||
	    type < MCOP_SERVER_HELLO || type > MCOP_ONEWAY) {
		return -EPROTO;
	}
	header->type = (enum mcop_type)type;
	header->body = length - MCOP_HEADER_BYTES;
	return 0;
}

/* --- reading ----------------------------------------------------------- */

void
mcop_read(struct mcop_reader *reader, const void *bytes, size_t count)
{
	reader->at = bytes;
	reader->end = reader->at + count;
	reader->bad = false;
}

/* The next bytes; NULL: there are not so many. */
static const uint8_t *
take(struct mcop_reader *reader, size_t count)
{
	const uint8_t *at = reader->at;

	if (reader->bad || count > (size_t)(reader->end - at)) {
		reader->bad = true;
		return NULL;
	}
	reader->at += count;
	return at;
}

uint8_t
mcop_get_byte(struct mcop_reader *reader)
{
	const uint8_t *at = take(reader, 1);

	return at == NULL ? 0 : *at;
}

bool
mcop_get_boolean(struct mcop_reader *reader)
{
	uint8_t value = mcop_get_byte(reader);

	reader->bad |= value > 1;
	return value == 1;
}

static uint32_t
get_word(struct mcop_reader *reader)
{
	const uint8_t *at = take(reader, 4);

	return at == NULL ? 0 : load32(at);
}

int32_t
mcop_get_long(struct mcop_reader *reader)
{
	return (int32_t)get_word(reader);
}

float
mcop_get_float(struct mcop_reader *reader)
{
	uint32_t word = get_word(reader);
	float value;

	memcpy(&value, &word, sizeof(value));
	return value;
}

const char *
mcop_get_string(struct mcop_reader *reader)
{
	uint32_t length = get_word(reader);
	const uint8_t *at;

	if (length == 0) {
		return "";
	}
	at = take(reader, length);
	if (at == NULL || at[length - 1] != '\0') {
		reader->bad = true;
		return "";
	}
	return (const char *)at;
}

uint32_t
mcop_get_count(struct mcop_reader *reader, size_t least)
{
	uint32_t count = get_word(reader);

	if (count > (size_t)(reader->end - reader->at) / least) {
		reader->bad = true;
	}
	return reader->bad ? 0 : count;
}

const uint8_t *
mcop_get_bytes(struct mcop_reader *reader, uint32_t *count)
{
	*count = mcop_get_count(reader, 1);
	return take(reader, *count);
}

void
mcop_get_reference(struct mcop_reader *reader, struct mcop_reference *reference)
{
	reference->server = mcop_get_string(reader);
	reference->object = get_word(reader);
	reference->count = 0;
	for (uint32_t n = mcop_get_count(reader, 4); n > 0; n--) {
		const char *address = mcop_get_string(reader);

		if (reference->count < MCOP_ADDRESSES) {
			reference->addresses[reference->count++] = address;
		}
	}
	if (reader->bad) {
		*reference = mcop_null;
	}
}

bool
mcop_is_null(const struct mcop_reference *reference)
{
	return strcmp(reference->server, "null") == 0 ||
	       reference->server[0] == '\0';
}

static void
pass_strings(struct mcop_reader *reader)
{
	for (uint32_t n = mcop_get_count(reader, 4); n > 0; n--) {
		(void)mcop_get_string(reader);
	}
}

void
mcop_get_method(struct mcop_reader *reader, struct mcop_wanted *wanted)
{
	wanted->name = mcop_get_string(reader);
	wanted->result = mcop_get_string(reader);
	(void)get_word(reader); /* flags */
	for (uint32_t n = mcop_get_count(reader, 12); n > 0; n--) {
		(void)mcop_get_string(reader); /* type */
		(void)mcop_get_string(reader); /* name */
		pass_strings(reader);	       /* hints */
	}
	pass_strings(reader);
}

/* --- writing ----------------------------------------------------------- */

/* Where the next bytes go; NULL: there is no room for so many. */
static uint8_t *
give(struct mcop_writer *writer, size_t count)
{
	uint8_t *at;

	if (writer->full || count > writer->size - writer->used) {
		writer->full = true;
		return NULL;
	}
	at = writer->bytes + writer->used;
	writer->used += count;
	return at;
}

static void
put_word(struct mcop_writer *writer, uint32_t value)
{
	uint8_t *at = give(writer, 4);

	if (at != NULL) {
		store32(at, value);
	}
}

static void
start(struct mcop_writer *writer, void *bytes, size_t size)
{
	writer->bytes = bytes;
	writer->size = size;
	writer->used = 0;
	writer->full = false;
}

void
mcop_begin(struct mcop_writer *writer, void *bytes, size_t size,
    enum mcop_type type)
{
	start(writer, bytes, size);
	put_word(writer, MAGIC);
	put_word(writer, 0);
	put_word(writer, type);
}

void
mcop_begin_call(struct mcop_writer *writer, void *bytes, size_t size,
    uint32_t object, uint32_t method, uint32_t request)
{
	mcop_begin(writer, bytes, size, MCOP_INVOCATION);
	put_word(writer, object);
	put_word(writer, method);
	put_word(writer, request);
}

void
mcop_begin_oneway(struct mcop_writer *writer, void *bytes, size_t size,
    uint32_t object, uint32_t method)
{
	mcop_begin(writer, bytes, size, MCOP_ONEWAY);
	put_word(writer, object);
	put_word(writer, method);
}

void
mcop_begin_return(struct mcop_writer *writer, void *bytes, size_t size,
    uint32_t request)
{
	mcop_begin(writer, bytes, size, MCOP_RETURN);
	put_word(writer, request);
}

size_t
mcop_finish(struct mcop_writer *writer)
{
	if (writer->full) {
		return 0;
	}
	store32(writer->bytes + 4, (uint32_t)writer->used);
	return writer->used;
}

void
mcop_put_byte(struct mcop_writer *writer, uint8_t value)
{
	uint8_t *at = give(writer, 1);

	if (at != NULL) {
		*at = value;
	}
}

void
mcop_put_boolean(struct mcop_writer *writer, bool value)
{
	mcop_put_byte(writer, value ? 1 : 0);
}

void
mcop_put_long(struct mcop_writer *writer, int32_t value)
{
	put_word(writer, (uint32_t)value);
}

void
mcop_put_float(struct mcop_writer *writer, float value)
{
	uint32_t word;

	memcpy(&word, &value, sizeof(word));
	put_word(writer, word);
}

/* A string of `length` characters of `text`. */
static void
put_part(struct mcop_writer *writer, const char *text, size_t length)
{
	uint8_t *at;

	put_word(writer, (uint32_t)length + 1);
	at = give(writer, length + 1);
	if (at != NULL) {
		memcpy(at, text, length);
		at[length] = '\0';
	}
}

void
mcop_put_string(struct mcop_writer *writer, const char *text)
{
	put_part(writer, text, strlen(text));
}

void
mcop_put_bytes(struct mcop_writer *writer, const void *bytes, uint32_t count)
{
	uint8_t *at;

	put_word(writer, count);
	at = give(writer, count);
	if (at != NULL && count > 0) {
		memcpy(at, bytes, count);
	}
}

void
mcop_put_reference(struct mcop_writer *writer,
    const struct mcop_reference *reference)
{
	mcop_put_string(writer, reference->server);
	put_word(writer, reference->object);
	put_word(writer, reference->count);
	for (uint32_t i = 0; i < reference->count; i++) {
		mcop_put_string(writer, reference->addresses[i]);
	}
}

/* --- references as text ------------------------------------------------ */

bool
mcop_print_reference(const struct mcop_reference *reference, char *text,
    size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const size_t prefix = sizeof(MCOP_PREFIX) - 1;
	struct mcop_writer writer;
	size_t used;

	if (size < prefix + 1) {
		return false;
	}
	/* Written to the text's end, then spread from its beginning: a byte is
	 * always read before its place is needed. */
	used = (size - prefix - 1) / 2;
	start(&writer, text + size - used, used);
	mcop_put_reference(&writer, reference);
	if (writer.full) {
		return false;
	}
	memmove(writer.bytes + writer.size - writer.used, writer.bytes,
	    writer.used);
	memcpy(text, MCOP_PREFIX, prefix);
	for (size_t i = 0; i < writer.used; i++) {
		uint8_t byte = writer.bytes[writer.size - writer.used + i];

		text[prefix + 2 * i] = digits[byte >> 4];
		text[prefix + 2 * i + 1] = digits[byte & 15];
	}
	text[prefix + 2 * writer.used] = '\0';
	return true;
}

static int
digit_of(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool
mcop_parse_reference(const char *text, uint8_t *bytes, size_t size,
    struct mcop_reference *reference)
{
	const size_t prefix = sizeof(MCOP_PREFIX) - 1;
	struct mcop_reader reader;
	size_t count = 0;

	if (strncmp(text, MCOP_PREFIX, prefix) != 0) {
		return false;
	}
	for (text += prefix; *text != '\0'; text += 2) {
		int high = digit_of(text[0]);
		int low = high < 0 ? -1 : digit_of(text[1]);

		if (low < 0 || count == size) {
			return false;
		}
		bytes[count++] = (uint8_t)(high << 4 | low);
	}
	mcop_read(&reader, bytes, count);
	mcop_get_reference(&reader, reference);
	return !reader.bad && reader.at == reader.end;
}

/* --- interfaces and methods -------------------------------------------- */

bool
mcop_inherits(enum mcop_interface_tag tag, enum mcop_interface_tag ancestor)
{
	uint32_t known = 1u << tag;

	/* Parents stand before their heirs: one pass downwards finds all. */
	for (uint32_t i = MCOP_INTERFACES; i-- > 0;) {
		if ((known >> i & 1) != 0) {
			known |= mcop_interfaces[i].parents;
		}
	}
	return (known >> ancestor & 1) != 0;
}

bool
mcop_is_compatible(enum mcop_interface_tag tag, const char *name)
{
	for (uint32_t i = 0; i < MCOP_INTERFACES; i++) {
		if (strcmp(mcop_interfaces[i].name, name) == 0) {
			return mcop_inherits(tag, (enum mcop_interface_tag)i);
		}
	}
	return false;
}

int32_t
mcop_find(enum mcop_interface_tag tag, const struct mcop_wanted *wanted)
{
	for (int32_t i = 0; i < MCOP_METHODS; i++) {
		const struct mcop_method *method = &mcop_methods[i];

		if (strcmp(method->name, wanted->name) == 0 &&
		    strcmp(method->result, wanted->result) == 0 &&
		    mcop_inherits(tag, method->interface)) {
			return i;
		}
	}
	return -1;
}

/* The type or name that `text` begins with, and what follows it. */
static const char *
put_word_of(struct mcop_writer *writer, const char *text)
{
	size_t length = strcspn(text, " ,");

	put_part(writer, text, length);
	text += length;
	return text + strspn(text, " ,");
}

void
mcop_put_method(struct mcop_writer *writer, const struct mcop_method *method)
{
	const char *text = method->parameters;
	uint32_t count = text[0] != '\0';

	for (const char *c = text; *c != '\0'; c++) {
		count += *c == ',';
	}
	mcop_put_string(writer, method->name);
	mcop_put_string(writer, method->result);
	mcop_put_long(writer, method->flags);
	put_word(writer, count);
	while (*text != '\0') {
		text = put_word_of(writer, text); /* type */
		text = put_word_of(writer, text); /* name */
		put_word(writer, 0);		  /* hints */
	}
	put_word(writer, 0);
}
