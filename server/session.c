#include "server/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/cookie.h"
#include "server/log.h"
#include "server/stream.h"

#define OUTPUT_FIRST 512	/* bytes, then doubled as needed */
#define OUTPUT_MAX   (1u << 20) /* bytes that wait to be sent */
#define LINES_BURST  20		/* log lines peers may provoke at once */
#define LINES_EVERY  10000	/* ms until as many again */

_Static_assert(COOKIE_LEN == ESD_KEY_LEN, "one key");

enum mode {
	MODE_OPCODE, /* the next four bytes are one */
	MODE_IN,     /* the box is being filled by an IN step */
	MODE_SOUND   /* PCM_IN: bytes go into the stream's ring */
};

struct session {
	/* constant */
	const struct session_host *host;
	struct session_peer peer;
	void *connection;

	enum mode mode;
	const struct esd_op *op;
	unsigned opcode;
	unsigned step; /* of op */
	void *cursor;  /* the handler's place in the LIST under way */
	bool swapped;  /* the client's byte order is not ours */
	bool closing;
	bool admitted; /* past the handshake */

	uint8_t box[ESD_RECORD_MAX]; /* what has come of a record */
	uint32_t filled;	     /* bytes of it */
	union {
		uint32_t words[ESD_RECORD_MAX / 4];
		uint8_t bytes[ESD_RECORD_MAX];
	} in; /* the row's IN, decoded */

	uint8_t *output;
	size_t output_size, output_from, output_to; /* bytes */

	struct stream *stream; /* its own, while it plays */
};

static struct log_budget complaints = { LINES_BURST, LINES_EVERY, 0, 0, 0 };

int
session_refuse(const struct session *session, const char *why)
{
	log_limited(&complaints, LOG_WARN, session->peer.name, "%s: %s; closed",
	    session->op ? session->op->name : "request", why);
	return -EPROTO;
}

static void
expect_op(struct session *session, unsigned opcode)
{
	session->opcode = opcode;
	session->op = &session->host->ops[opcode];
	session->step = 0;
	session->filled = 0;
	session->mode = MODE_IN;
}

static void
expect_opcode(struct session *session)
{
	session->op = NULL;
	session->filled = 0;
	session->mode = MODE_OPCODE;
}

struct session *
session_create(const struct session_host *host, const struct session_peer *peer,
    void *connection)
{
	struct session *session = calloc(1, sizeof(*session));

	if (session == NULL) {
		abort();
	}
	session->host = host;
	session->peer = *peer;
	session->connection = connection;
	expect_op(session, ESD_CONNECT);
	return session;
}

void
session_destroy(struct session *session)
{
	struct stream *stream = session->stream;

	if (stream != NULL) {
		stream->session = NULL;
		/* Release: every byte of the ring was written before this. */
		atomic_store_explicit(&stream->ended, true,
		    memory_order_release);
	}
	free(session->output);
	free(session);
}

/* --- output ----------------------------------------------------------- */

static int
grow_output(struct session *session, size_t bytes)
{
	size_t size = session->output_size;
	uint8_t *output;

	if (session->output_to + bytes <= size) {
		return 0;
	}
	if (session->output_to + bytes > OUTPUT_MAX) {
		return -ENOBUFS;
	}
	while (size < session->output_to + bytes) {
		size = size == 0 ? OUTPUT_FIRST : size * 2;
	}
	output = realloc(session->output, size);
	if (output == NULL) {
		return -ENOMEM;
	}
	session->output = output;
	session->output_size = size;
	return 0;
}

static int
queue_record(struct session *session, const struct wire_layout *layout,
    const void *record)
{
	int error = grow_output(session, layout->size);

	if (error < 0) {
		return session_refuse(session, "it does not read its answers");
	}
	wire_encode(layout, session->swapped, record,
	    session->output + session->output_to);
	session->output_to += layout->size;
	session->host->changed(session);
	return 0;
}

const uint8_t *
session_output(struct session *session, size_t *bytes)
{
	*bytes = session->output_to - session->output_from;
	return *bytes > 0 ? session->output + session->output_from : NULL;
}

void
session_sent(struct session *session, size_t bytes)
{
	session->output_from += bytes;
	if (session->output_from == session->output_to) {
		session->output_from = 0;
		session->output_to = 0;
	}
}

/* --- the steps of a row ----------------------------------------------- */

static int
call_handler(struct session *session, void *out)
{
	return session->host->handlers[session->opcode](session, session->step,
	    session->in.words, out);
}

static int
run_out(struct session *session, const struct wire_layout *layout)
{
	uint32_t record[ESD_RECORD_MAX / 4] = { 0 };
	int error = call_handler(session, record);

	if (error == 0 || error == -EACCES) {
		int queued = queue_record(session, layout, record);

		error = error < 0 ? error : queued;
	}
	return error;
}

static int
run_list(struct session *session, const struct wire_layout *layout)
{
	int end = 0;

	session->cursor = NULL;
	while (end == 0) {
		uint32_t record[ESD_RECORD_MAX / 4] = { 0 };
		int error;

		end = call_handler(session, record);
		if (end < 0) {
			return end;
		}
		if (end == 1) {
			memset(record, 0, sizeof(record));
		}
		error = queue_record(session, layout, record);
		if (error < 0) {
			return error;
		}
	}
	return 0;
}

/* Runs the steps after IN; stops where bytes from the client are needed. */
static int
run_steps(struct session *session)
{
	for (;; session->step++) {
		const struct esd_step *step =
		    &session->op->steps[session->step];
		int error = 0;

		switch (step->kind) {
		case ESD_STEP_END:
			if (session->step == 0) {
				/* A row without steps is there to be refused. */
				return call_handler(session, NULL);
			}
			session->admitted = true;
			expect_opcode(session);
			return 0;
		case ESD_STEP_OUT:
			error = run_out(session, step->layout);
			break;
		case ESD_STEP_LIST:
			error = run_list(session, step->layout);
			break;
		case ESD_STEP_PCM_IN:
			session->mode = MODE_SOUND;
			return call_handler(session, NULL);
		default:
			return call_handler(session, NULL);
		}
		if (error < 0) {
			return error;
		}
	}
}

static void
trace(const struct session *session, const struct wire_layout *layout)
{
	char text[512];

	if (log_level() < LOG_DEBUG) {
		return;
	}
	wire_print(layout, session->in.words, text, sizeof(text));
	log_line(LOG_DEBUG, session->peer.name, "< %s %s", session->op->name,
	    text);
}

/* The handshake tells the byte order in which everything else is read. */
static int
learn_order(struct session *session)
{
	uint32_t marker;
	int swap;

	memcpy(&marker, session->box + offsetof(struct esd_auth, endian),
	    sizeof(marker));
	swap = esd_marker_swap(marker);
	session->swapped = swap == 1;
	return swap;
}

static int
finish_in(struct session *session)
{
	const struct esd_step *step = &session->op->steps[session->step];

	if (session->opcode == ESD_CONNECT && learn_order(session) < 0) {
		/* Answered like a wrong key: 0, then closed. */
		memset(session->box, 0, sizeof(session->box));
	}
	wire_decode(step->layout, session->swapped, session->box,
	    session->in.words);
	trace(session, step->layout);
	session->step++;
	return run_steps(session);
}

static int
finish_opcode(struct session *session)
{
	uint32_t wire;
	struct esd_id opcode;

	memcpy(&wire, session->box, sizeof(wire));
	wire_decode(&esd_layouts[ESD_LAYOUT_id], session->swapped, session->box,
	    &opcode);
	if (opcode.id <= 0 || opcode.id >= ESD_OPS ||
	    session->host->ops[opcode.id].when != ESD_READY) {
		char why[48];

		(void)snprintf(why, sizeof(why), "unknown opcode %d",
		    (int)opcode.id);
		return session_refuse(session, why);
	}
	expect_op(session, (unsigned)opcode.id);
	if (session->op->steps[0].kind != ESD_STEP_IN) {
		return run_steps(session);
	}
	return 0;
}

/* --- input ------------------------------------------------------------ */

static uint32_t
box_size(const struct session *session)
{
	if (session->mode == MODE_OPCODE) {
		return sizeof(int32_t);
	}
	return session->op->steps[session->step].layout->size;
}

static size_t
sound_space(struct session *session, uint8_t **span)
{
	struct stream *stream = session->stream;
	size_t bytes;

	if (stream == NULL) {
		return 0;
	}
	bytes = ring_write_span(&stream->ring, span);
	if (ring_room(&stream->ring) < stream->ring.size / 2) {
		/*
		 * Half full is enough: one who writes ahead is then read when
		 * there is room, and his socket need not be watched at all.
		 */
		bytes = 0;
		/* Relaxed: the audio thread looks again every period. */
		atomic_store_explicit(&stream->thirsty, true,
		    memory_order_relaxed);
	}
	return bytes;
}

size_t
session_space(struct session *session, uint8_t **span)
{
	if (session->closing) {
		return 0;
	}
	if (session->mode == MODE_SOUND) {
		return sound_space(session, span);
	}
	if (session->output_to > session->output_from) {
		return 0; /* and so what is being sent stays where it is */
	}
	*span = session->box + session->filled;
	return box_size(session) - session->filled;
}

int
session_got(struct session *session, size_t bytes)
{
	int error;

	if (session->mode == MODE_SOUND) {
		ring_written(&session->stream->ring, bytes);
		return 0;
	}
	session->filled += (uint32_t)bytes;
	if (session->filled < box_size(session)) {
		return 0;
	}
	error = session->mode == MODE_OPCODE ? finish_opcode(session)
					     : finish_in(session);
	if (error < 0) {
		session->closing = true;
	}
	return error;
}

bool
session_is_waiting(const struct session *session)
{
	return !session->admitted || session->mode == MODE_IN ||
	       (session->mode == MODE_OPCODE && session->filled > 0);
}

bool
session_is_admitted(const struct session *session)
{
	return session->admitted;
}

bool
session_is_closing(const struct session *session)
{
	return session->closing;
}

/* --- for handlers ----------------------------------------------------- */

void *
session_server(const struct session *session)
{
	return session->host->server;
}

bool
session_is_swapped(const struct session *session)
{
	return session->swapped;
}

const char *
session_name(const struct session *session)
{
	return session->peer.name;
}

bool
session_admits(const struct session *session, const struct esd_auth *auth)
{
	if (esd_marker_swap(auth->endian) < 0) {
		return false;
	}
	return session->peer.trusted ||
	       cookie_is_equal(auth->key, session->host->key);
}

void **
session_cursor(struct session *session)
{
	return &session->cursor;
}

void
session_play(struct session *session, struct stream *stream)
{
	session->stream = stream;
	stream->session = session;
}

void
session_room(struct session *session)
{
	session->host->changed(session);
}

void
session_gone(struct session *session)
{
	session->stream = NULL;
	session->closing = true;
	session->host->changed(session);
}

void *
session_connection(const struct session *session)
{
	return session->connection;
}
