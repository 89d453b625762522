/*
 * MCOP, the aRts protocol: messages, values, references, and what mcop.def
 * expands to.  For either side.
 *
 * Everything is big-endian and unaligned.  Nothing here allocates or keeps
 * state; readers and writers work on memory the caller owns.  Thread: any.
 */
#ifndef MCOP_H
#define MCOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MCOP_VERSION "aRts/MCOP-1.0.0"
#define MCOP_PREFIX  "MCOP-Object:" /* of a reference as text */

#define MCOP_HEADER_BYTES 12
#define MCOP_STRANGER_MAX 4095	  /* bytes of a body before AuthAccept */
#define MCOP_BODY_MAX	  1048640 /* afterwards: a packet of 1 MiB */
#define MCOP_SEED_LEN	  32	  /* characters, as of the cookie */
#define MCOP_ID_MAX	  256	  /* of a process's name, NUL included */
#define MCOP_ADDRESS_MAX  320	  /* of an address, likewise */
#define MCOP_ADDRESSES	  4	  /* of a reference; more are passed over */

/* Of a reference as text: every byte as two digits. */
#define MCOP_TEXT_MAX                                                          \
	(sizeof(MCOP_PREFIX) +                                                 \
	    (size_t)2 *                                                        \
		(12 + MCOP_ID_MAX + MCOP_ADDRESSES * (4 + MCOP_ADDRESS_MAX)))

enum mcop_type {
	MCOP_SERVER_HELLO = 1,
	MCOP_CLIENT_HELLO,
	MCOP_AUTH_ACCEPT,
	MCOP_INVOCATION,
	MCOP_RETURN,
	MCOP_ONEWAY
};

/* Of a method's description. */
#define MCOP_FLAG_ONEWAY 1
#define MCOP_FLAG_TWOWAY 2

/* What queryFlags says of a port: in, a stream, asynchronous. */
#define MCOP_PORT_IN 0x29

/* --- messages ---------------------------------------------------------- */

struct mcop_header {
	enum mcop_type type;
	uint32_t body; /* bytes after the header */
};

/*
 * Reads MCOP_HEADER_BYTES; 0, or -EPROTO: no message of a known type, or one
 * shorter than its header.  The caller checks the body against its limit.
 */
int mcop_header(const uint8_t *bytes, struct mcop_header *header);

/* --- reading ----------------------------------------------------------- */

/*
 * After a read beyond the end, or of a value that cannot be, `bad` is set and
 * every value is zero, false or "".
 */
struct mcop_reader {
	const uint8_t *at, *end;
	bool bad;
};

void mcop_read(struct mcop_reader *reader, const void *bytes, size_t count);

uint8_t mcop_get_byte(struct mcop_reader *reader);
bool mcop_get_boolean(struct mcop_reader *reader);
int32_t mcop_get_long(struct mcop_reader *reader);
float mcop_get_float(struct mcop_reader *reader);

/* Where it is in the message; its NUL is there, and ends it. */
const char *mcop_get_string(struct mcop_reader *reader);

/* How many elements follow, of `least` bytes each at least. */
uint32_t mcop_get_count(struct mcop_reader *reader, size_t least);

/* A sequence of bytes, where it is in the message. */
const uint8_t *mcop_get_bytes(struct mcop_reader *reader, uint32_t *count);

struct mcop_reference {
	const char *server; /* the process's name; "null": no object */
	uint32_t object;
	const char *addresses[MCOP_ADDRESSES];
	uint32_t count;
};

/* Its texts are those in the message. */
void mcop_get_reference(struct mcop_reader *reader,
    struct mcop_reference *reference);
bool mcop_is_null(const struct mcop_reference *reference);

/* A method's description, as far as it identifies it. */
struct mcop_wanted {
	const char *name, *result;
};
void mcop_get_method(struct mcop_reader *reader, struct mcop_wanted *wanted);

/* --- writing ----------------------------------------------------------- */

/* After a write beyond the end, `full` is set and nothing is written. */
struct mcop_writer {
	uint8_t *bytes;
	size_t size, used;
	bool full;
};

/* Begins a message; its length is told by mcop_finish(). */
void mcop_begin(struct mcop_writer *writer, void *bytes, size_t size,
    enum mcop_type type);
void mcop_begin_call(struct mcop_writer *writer, void *bytes, size_t size,
    uint32_t object, uint32_t method, uint32_t request);
void mcop_begin_oneway(struct mcop_writer *writer, void *bytes, size_t size,
    uint32_t object, uint32_t method);
void mcop_begin_return(struct mcop_writer *writer, void *bytes, size_t size,
    uint32_t request);

/* Bytes of the whole message; 0: it did not fit. */
size_t mcop_finish(struct mcop_writer *writer);

void mcop_put_byte(struct mcop_writer *writer, uint8_t value);
void mcop_put_boolean(struct mcop_writer *writer, bool value);
void mcop_put_long(struct mcop_writer *writer, int32_t value);
void mcop_put_float(struct mcop_writer *writer, float value);
void mcop_put_string(struct mcop_writer *writer, const char *text);
void mcop_put_bytes(struct mcop_writer *writer, const void *bytes,
    uint32_t count);
void mcop_put_reference(struct mcop_writer *writer,
    const struct mcop_reference *reference);

extern const struct mcop_reference mcop_null;

/* --- references as text ------------------------------------------------ */

/* "MCOP-Object:" and hex digits, NUL included; false: it did not fit. */
bool mcop_print_reference(const struct mcop_reference *reference, char *text,
    size_t size);

/*
 * The reverse.  `bytes` takes the marshalled form, whose texts `reference`
 * points to.  False: not a reference, or something follows it.
 */
bool mcop_parse_reference(const char *text, uint8_t *bytes, size_t size,
    struct mcop_reference *reference);

/* --- interfaces and methods -------------------------------------------- */

/* MCOP_IS_OBJECT ...: index into mcop_interfaces[]. */
enum mcop_interface_tag {
#define INTERFACE(tag, name, parents) MCOP_IS_##tag,
#include "protocols/mcop.def"
	MCOP_INTERFACES
};

struct mcop_interface {
	const char *name;
	uint32_t parents; /* 1 << tag each */
};

/* MCOP_OBJECT__lookupMethod ...: index into mcop_methods[]. */
enum mcop_row {
#define METHOD(tag, name, result, parameters, handler) MCOP_##tag##_##name,
#define ONEWAY(tag, name, parameters, handler)	       MCOP_##tag##_##name,
#define CALLED(tag, name, result, parameters)	       MCOP_##tag##_##name,
#include "protocols/mcop.def"
	MCOP_METHODS
};

struct mcop_method {
	const char *name, *result;
	const char *parameters; /* "type name, type name" */
	enum mcop_interface_tag interface;
	int32_t flags; /* MCOP_FLAG_... */
};

extern const struct mcop_interface mcop_interfaces[MCOP_INTERFACES];
extern const struct mcop_method mcop_methods[MCOP_METHODS];

/* `tag` is `ancestor`, or inherits it. */
bool mcop_inherits(enum mcop_interface_tag tag,
    enum mcop_interface_tag ancestor);

/* Likewise, by name. */
bool mcop_is_compatible(enum mcop_interface_tag tag, const char *name);

/* The row of what may be asked of that interface, or -1. */
int32_t mcop_find(enum mcop_interface_tag tag,
    const struct mcop_wanted *wanted);

/* The description by which a peer finds a method: _lookupMethod's argument. */
void mcop_put_method(struct mcop_writer *writer,
    const struct mcop_method *method);

#endif
