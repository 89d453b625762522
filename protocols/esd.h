/*
 * The ESD protocol: what esd.def expands to, and the format word.
 * Thread: any; everything here is constant or works on the caller's memory.
 */
#ifndef ESD_PROTOCOL_H
#define ESD_PROTOCOL_H

#include "protocols/wire.h"

#define ESD_KEY_LEN	     16
#define ESD_NAME_MAX	     128
#define ESD_PORT	     16001
#define ESD_SYSTEM_DIRECTORY "/run/esdmixd" /* of the daemon for all users */
#define ESD_SYSTEM_SOCKET    ESD_SYSTEM_DIRECTORY "/socket"
#define ESD_ENDIAN_KEY	     0x454E444Eu /* "ENDN", stored in the client's order */
#define ESD_VOLUME_BASE	     256	 /* unity */
#define ESD_CHUNK	     4096  /* bytes most clients write at a time */
#define ESD_LAG_RATE	     44100 /* LATENCY counts frames of this rate */
#define ESD_RATE_MIN	     1000  /* frames/s a stream may ask for */
#define ESD_RATE_MAX	     192000

/* The extension, whose requests are numbered from here on. */
#define ESD_EXTENSION	  1000 /* also SERVER_INFO's version, if spoken */
#define ESD_CLASSIC_OPS	  24   /* rows before it */
#define ESD_PROTOCOL_MAX  16
#define ESD_WORD_MAX	  16 /* as ALSA spells it: "S16_LE", "mmap" */
#define ESD_PEER_MAX	  64
#define ESD_BUFFER_MS_MAX 2000 /* that a tracked stream is granted */

/* The format word: width, channels, mode, function. */
#define ESD_BITS16    0x0001
#define ESD_MASK_BITS 0x000F
#define ESD_MONO      0x0010
#define ESD_STEREO    0x0020
#define ESD_MASK_CHAN 0x00F0
#define ESD_SAMPLE    0x0100
#define ESD_MASK_MODE 0x0F00
#define ESD_PLAY      0x1000
#define ESD_RECORD    0x2000
#define ESD_LOOP      0x2000

/* struct esd_auth, struct esd_stream ...: one struct a layout. */
/* clang-format off */
#define LAYOUT(name)	struct esd_##name {
#define I32(field)	int32_t field;
#define RAW32(field)	uint32_t field;
#define BYTES(field, n) uint8_t field[n];
#define TEXT(field, n)	char field[n];
#define END(name)	}; /* no gaps: wire.h */
#include "protocols/esd.def"
/* clang-format on */

/* ESD_LAYOUT_auth ...: index into esd_layouts[]. */
enum esd_layout {
#define LAYOUT(name) ESD_LAYOUT_##name,
#define I32(field)
#define RAW32(field)
#define BYTES(field, n)
#define TEXT(field, n)
#define END(name)
#include "protocols/esd.def"
	ESD_LAYOUTS
};

/* ESD_CONNECT ...: the opcodes. */
enum esd_opcode {
#define OP(number, name, handler, when, conversation, help) ESD_##name = number,
#include "protocols/esd.def"
};

/* ESD_ROW_CONNECT ...: index into esd_ops[]. */
enum esd_row {
#define OP(number, name, handler, when, conversation, help) ESD_ROW_##name,
#include "protocols/esd.def"
	ESD_OPS
};

/* What STATUS says of the device. */
enum esd_state {
	ESD_STATE_LOST, /* none can be had: sound goes nowhere, in pace */
	ESD_STATE_OPEN,
	ESD_STATE_ASLEEP /* released, on standby or for want of sound */
};

/* What WATCH tells; with the stream's id, or 0. */
enum esd_news {
	ESD_CHANGE_ALL,	   /* the first of all, or some were missed: ask */
	ESD_CHANGE_COME,   /* a stream */
	ESD_CHANGE_GONE,   /* a stream */
	ESD_CHANGE_VOLUME, /* a stream's, or its mute */
	ESD_CHANGE_MASTER, /* volume or mute */
	ESD_CHANGE_DEVICE, /* its name or state */
	ESD_CHANGES
};

enum esd_step_kind {
	ESD_STEP_END,
	ESD_STEP_IN,
	ESD_STEP_OUT,
	ESD_STEP_LIST,
	ESD_STEP_BLOB,
	ESD_STEP_PCM_IN,
	ESD_STEP_PCM_OUT,
	ESD_STEP_TELL
};

struct esd_step {
	enum esd_step_kind kind;
	const struct wire_layout *layout; /* of a record; else NULL */
};

#define ESD_STEPS_MAX 5 /* ESD_STEP_END included */

enum esd_when { ESD_NEW, ESD_READY };

struct esd_op {
	const char *name;
	const char *help;
	int32_t number; /* the opcode */
	enum esd_when when;
	struct esd_step steps[ESD_STEPS_MAX];
};

#define ESD_RECORD_MAX 264 /* bytes of the longest record, on the wire */

extern const struct wire_layout esd_layouts[ESD_LAYOUTS];
extern const struct esd_op esd_ops[ESD_OPS]; /* by row */

/* The row of an opcode, or -1. */
int esd_row(int32_t number);

/* A number that takes two fields. */
uint64_t esd_join(int32_t high, int32_t low);
int32_t esd_high(uint64_t number);
int32_t esd_low(uint64_t number);

/*
 * Whether a client's byte order differs from ours, from the marker it sent as
 * RAW32.  Returns 0 or 1, or -1 where it is no marker.
 */
int esd_marker_swap(uint32_t marker);

/* Bytes of a frame of that format word, or 0 where we do not know it. */
unsigned esd_frame_bytes(int32_t format);

#endif
