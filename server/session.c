#include "server/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/cookie.h"
#include "server/insert.h"
#include "server/log.h"
#include "server/outbox.h"
#include "server/recorder.h"
#include "server/stream.h"

#define OUTPUT_MAX  (2u << 20) /* bytes that wait to be sent */
#define PIECE_BYTES 16384      /* of records, sent at once */
#define CUTS_MAX    (OUTPUT_MAX / (PIECE_BYTES - ESD_RECORD_MAX) + 1)
#define SCRAP_BYTES 4096  /* from a client that should only listen */
#define SOUND_BYTES 4096  /* sent at once; fits any socket whole */
#define LINES_BURST 20	  /* log lines peers may provoke at once */
#define LINES_EVERY 10000 /* ms until as many again */

_Static_assert(COOKIE_LEN == ESD_KEY_LEN, "one key");

enum mode {
	MODE_OPCODE, /* the next four bytes are one */
	MODE_IN,     /* the box is being filled by an IN step */
	MODE_BLOB,   /* bytes go into the clip */
	MODE_SOUND,  /* PCM_IN: bytes go into the stream's ring */
	MODE_LISTEN  /* PCM_OUT or TELL alone: bytes go to the insert, or are
			thrown away */
};

struct session {
	/* constant */
	struct client client;
	struct owner owner; /* of its stream */
	struct session_host *host;

	enum mode mode;
	const struct esd_op *op;
	unsigned step; /* of op */
	unsigned tell; /* its TELL step, once it has come to that */
	bool telling;
	uint64_t told; /* the handler's */
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

	struct outbox out;
	uint32_t cuts[CUTS_MAX]; /* where its pieces end, but the last */
	unsigned cut, cut_count; /* the next of them; of them */

	struct stream *stream;	   /* its own, while it plays */
	struct clip *clip;	   /* being uploaded */
	struct recorder *recorder; /* its own, while it listens */
	struct insert *insert;	   /* its own, while it filters */
	struct session *next_listener;
};

static struct log_budget complaints = { LINES_BURST, LINES_EVERY, 0, 0, 0 };

int
session_refuse(const struct session *session, const char *why)
{
	log_limited(&complaints, LOG_WARN, session->client.peer.name,
	    "%s: %s; closed", session->op ? session->op->name : "request", why);
	return -EPROTO;
}

static void
expect_op(struct session *session, unsigned row)
{
	session->op = &session->host->ops[row];
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

static struct session *
session_of(struct client *client)
{
	return (struct session *)client;
}

static const struct session *
session_seen(const struct client *client)
{
	return (const struct session *)client;
}

static void
tell_changed(struct session *session)
{
	session->host->clients->changed(&session->client);
}

static struct client *
create(void *host, const struct client_peer *peer, void *connection)
{
	struct session *session = calloc(1, sizeof(*session));

	if (session == NULL) {
		abort();
	}
	session->client.kind = &session_kind;
	session->client.peer = *peer;
	session->client.connection = connection;
	session->host = host;
	expect_op(session, ESD_ROW_CONNECT);
	session->host->clients->count++;
	return &session->client;
}

static void
start_listening(struct session *session)
{
	session->next_listener = session->host->listeners;
	session->host->listeners = session;
}

static void
stop_filtering(struct session *session)
{
	log_line(LOG_DEBUG, session->client.peer.name,
	    "filters no more; %llu frames were bypassed",
	    (unsigned long long)insert_bypassed(session->insert));
	insert_close(session->insert);
}

static void
stop_listening(struct session *session)
{
	struct session **at = &session->host->listeners;

	while (*at != session) {
		at = &(*at)->next_listener;
	}
	*at = session->next_listener;
}

static void
destroy(struct client *client)
{
	struct session *session = session_of(client);
	struct stream *stream = session->stream;

	if (stream != NULL) {
		stream->owner = NULL;
		stream_end(stream);
	}
	if (session->clip != NULL && !session->clip->whole) {
		clip_abandon(session->clip);
	}
	if (session->recorder != NULL || session->insert != NULL ||
	    session->telling) {
		stop_listening(session);
	}
	if (session->insert != NULL) {
		stop_filtering(session);
	}
	recorder_destroy(session->recorder);
	session->host->clients->count--;
	outbox_finish(&session->out);
	free(session);
}

/* --- output ----------------------------------------------------------- */

/*
 * Old libraries read field by field and take what one read() gives.  So what
 * goes out at once ends with a record, and is small enough for a Unix socket
 * to take it whole or not at all.
 */
static void
cut_output(struct session *session, size_t bytes)
{
	size_t last =
	    session->cut_count > 0 ? session->cuts[session->cut_count - 1] : 0;

	if (session->out.to + bytes - last > PIECE_BYTES) {
		session->cuts[session->cut_count++] = (uint32_t)session->out.to;
	}
}

static int
queue_record(struct session *session, const struct wire_layout *layout,
    const void *record)
{
	int error = outbox_grow(&session->out, layout->size, OUTPUT_MAX);

	if (error < 0) {
		return session_refuse(session, "it does not read its answers");
	}
	cut_output(session, layout->size);
	wire_encode(layout, session->swapped, record,
	    session->out.bytes + session->out.to);
	session->out.to += layout->size;
	tell_changed(session);
	return 0;
}

static int
call_handler(struct session *session, unsigned step, void *out)
{
	size_t row = (size_t)(session->op - session->host->ops);

	return session->host->handlers[row](session, step, session->in.words,
	    out);
}

/* Sound goes out only when nothing else does, a piece at a time. */
static void
queue_sound(struct session *session)
{
	int bytes = 0;

	if (session->mode != MODE_LISTEN || session->closing ||
	    outbox_grow(&session->out, SOUND_BYTES, OUTPUT_MAX) < 0) {
		return;
	}
	if (session->insert != NULL) {
		bytes = insert_pull(session->insert, session->out.bytes,
		    SOUND_BYTES);
	} else if (session->recorder != NULL) {
		bytes = recorder_pull(session->recorder, session->out.bytes,
		    SOUND_BYTES);
	}
	if (bytes < 0) {
		(void)session_refuse(session, "no memory for its sound");
		session->closing = true;
	} else {
		session->out.to = (size_t)bytes;
	}
}

/* The record before it has left: no more than one is ever under way. */
static void
queue_told(struct session *session)
{
	const struct esd_step *step = &session->op->steps[session->tell];
	uint32_t record[ESD_RECORD_MAX / 4] = { 0 };

	if (session->closing ||
	    outbox_grow(&session->out, step->layout->size, OUTPUT_MAX) < 0 ||
	    call_handler(session, session->tell, record) != 0) {
		return;
	}
	wire_encode(step->layout, session->swapped, record, session->out.bytes);
	session->out.to = step->layout->size;
}

static const uint8_t *
output(struct client *client, size_t *bytes)
{
	struct session *session = session_of(client);

	if (session->out.to == 0) {
		queue_sound(session);
	}
	if (session->out.to == 0 && session->telling) {
		queue_told(session);
	}
	size_t end = session->cut < session->cut_count
			 ? session->cuts[session->cut]
			 : session->out.to;
	*bytes = end - session->out.from;
	return *bytes > 0 ? session->out.bytes + session->out.from : NULL;
}

static void
sent(struct client *client, size_t bytes)
{
	struct session *session = session_of(client);

	outbox_sent(&session->out, bytes);
	if (session->out.to == 0) {
		session->cut = 0;
		session->cut_count = 0;
	} else if (session->cut < session->cut_count &&
		   session->out.from == session->cuts[session->cut]) {
		session->cut++;
	}
}

static bool
unheard(struct client *client)
{
	struct session *session = session_of(client);

	if (session->mode != MODE_SOUND || !session->telling) {
		return false;
	}
	session->telling = false;
	stop_listening(session);
	outbox_clear(&session->out);
	return true;
}

/* --- the steps of a row ----------------------------------------------- */

static int
run_out(struct session *session, const struct wire_layout *layout)
{
	uint32_t record[ESD_RECORD_MAX / 4] = { 0 };
	int error = call_handler(session, session->step, record);

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

		end = call_handler(session, session->step, record);
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

static int
run_tell(struct session *session)
{
	session->tell = session->step;
	session->telling = true;
	start_listening(session);
	tell_changed(session);
	return call_handler(session, session->step, NULL);
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
				/* A row without steps is there to be refused.
				 */
				return call_handler(session, session->step,
				    NULL);
			}
			session->admitted = true;
			session->clip = NULL;
			if (session->telling) {
				session->mode = MODE_LISTEN;
			} else {
				expect_opcode(session);
			}
			return 0;
		case ESD_STEP_OUT:
			error = run_out(session, step->layout);
			break;
		case ESD_STEP_LIST:
			error = run_list(session, step->layout);
			break;
		case ESD_STEP_BLOB:
			if (session->clip->bytes > 0) {
				session->mode = MODE_BLOB;
				session->filled = 0;
				return 0;
			}
			clip_complete(session->clip);
			break;
		case ESD_STEP_TELL:
			error = run_tell(session);
			break;
		case ESD_STEP_PCM_IN:
			session->mode = MODE_SOUND;
			return call_handler(session, session->step, NULL);
		case ESD_STEP_PCM_OUT:
			session->mode = MODE_LISTEN;
			return call_handler(session, session->step, NULL);
		default:
			return call_handler(session, session->step, NULL);
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
	log_line(LOG_DEBUG, session->client.peer.name, "< %s %s",
	    session->op->name, text);
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

	if (session->op->when == ESD_NEW && learn_order(session) < 0) {
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
	struct esd_id opcode;
	int row;

	wire_decode(&esd_layouts[ESD_LAYOUT_id], session->swapped, session->box,
	    &opcode);
	row = esd_row(opcode.id);
	if (row < 0 || session->host->ops[row].when != ESD_READY) {
		char why[48];

		(void)snprintf(why, sizeof(why), "unknown opcode %d",
		    (int)opcode.id);
		return session_refuse(session, why);
	}
	expect_op(session, (unsigned)row);
	if (session->op->steps[0].kind != ESD_STEP_IN) {
		return run_steps(session);
	}
	return 0;
}

/* --- input ------------------------------------------------------------ */

/* Bytes of what is being read: an opcode, a record or a clip. */
static uint32_t
wanted_bytes(const struct session *session)
{
	if (session->mode == MODE_BLOB) {
		return session->clip->bytes;
	}
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

static size_t
space(struct client *client, uint8_t **span)
{
	static uint8_t scrap[SCRAP_BYTES];
	struct session *session = session_of(client);

	if (session->closing) {
		return 0;
	}
	switch (session->mode) {
	case MODE_SOUND:
		return sound_space(session, span);
	case MODE_BLOB:
		*span = session->clip->data + session->filled;
		return session->clip->bytes - session->filled;
	case MODE_LISTEN:
		if (session->insert != NULL) {
			return insert_space(session->insert, span);
		}
		*span = scrap;
		return sizeof(scrap);
	default:
		break;
	}
	if (session->out.to > session->out.from) {
		return 0; /* and so what is being sent stays where it is */
	}
	*span = session->box + session->filled;
	return wanted_bytes(session) - session->filled;
}

/* The last of something has come: what follows from it. */
static int
finish(struct session *session)
{
	switch (session->mode) {
	case MODE_OPCODE:
		return finish_opcode(session);
	case MODE_IN:
		return finish_in(session);
	default:
		clip_complete(session->clip);
		session->step++;
		return run_steps(session);
	}
}

/* From a filter it is sound; from others who listen, nothing. */
static int
hear_back(struct session *session, size_t bytes)
{
	if (session->insert == NULL ||
	    insert_got(session->insert, bytes) == 0) {
		return 0;
	}
	session->closing = true;
	return session_refuse(session, "no memory to filter at another rate");
}

static int
got(struct client *client, size_t bytes)
{
	struct session *session = session_of(client);
	int error;

	if (session->mode == MODE_SOUND) {
		ring_written(&session->stream->ring, bytes);
		return 0;
	}
	if (session->mode == MODE_LISTEN) {
		return hear_back(session, bytes);
	}
	session->filled += (uint32_t)bytes;
	if (session->filled < wanted_bytes(session)) {
		return 0;
	}
	error = finish(session);
	if (error < 0) {
		session->closing = true;
	}
	return error;
}

static bool
is_waiting(const struct client *client)
{
	const struct session *session = session_seen(client);
	bool answering = session->out.to > session->out.from;

	return !session->admitted || session->mode == MODE_IN ||
	       session->mode == MODE_BLOB ||
	       (session->mode == MODE_OPCODE &&
		   (session->filled > 0 || answering));
}

static bool
is_admitted(const struct client *client)
{
	return session_seen(client)->admitted;
}

static bool
is_closing(const struct client *client)
{
	return session_seen(client)->closing;
}

static struct session *
session_owning(struct owner *owner)
{
	return (
	    struct session *)((char *)owner - offsetof(struct session, owner));
}

static void
room(struct owner *owner)
{
	tell_changed(session_owning(owner));
}

static void
gone(struct owner *owner)
{
	struct session *session = session_owning(owner);

	session->stream = NULL;
	session->closing = true;
	tell_changed(session);
}

/* The verdict 0, the same in either byte order.  A peer may not even have asked
 * yet; that it reads this first does no harm. */
static const uint8_t refusal[4];

const struct client_kind session_kind = {
	.protocol = "esd",
	.refusal = refusal,
	.refusal_bytes = sizeof(refusal),
	.create = create,
	.destroy = destroy,
	.space = space,
	.got = got,
	.output = output,
	.sent = sent,
	.unheard = unheard,
	.is_waiting = is_waiting,
	.is_admitted = is_admitted,
	.is_closing = is_closing,
};

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
	return session->client.peer.name;
}

const struct client_peer *
session_peer(const struct session *session)
{
	return &session->client.peer;
}

struct session_host *
session_host(const struct session *session)
{
	return session->host;
}

bool
session_admits(const struct session *session, const struct esd_auth *auth)
{
	return esd_marker_swap(auth->endian) >= 0 &&
	       (session->client.peer.trusted ||
		   session_is_owner(session, auth));
}

bool
session_is_owner(const struct session *session, const struct esd_auth *auth)
{
	return cookie_is_equal(auth->key, session->host->key);
}

void **
session_cursor(struct session *session)
{
	return &session->cursor;
}

uint64_t *
session_told(struct session *session)
{
	return &session->told;
}

void
session_play(struct session *session, struct stream *stream)
{
	session->stream = stream;
	if (stream != NULL) {
		session->owner.room = room;
		session->owner.gone = gone;
		session->owner.peer = &session->client.peer;
		stream->owner = &session->owner;
		stream->protocol = session_kind.protocol;
		stream->uid = session->client.peer.uid;
	}
}

struct stream *
session_stream(const struct session *session)
{
	return session->stream;
}

void
session_upload(struct session *session, struct clip *clip)
{
	session->clip = clip;
}

struct clip *
session_clip(const struct session *session)
{
	return session->clip;
}

void
session_listen(struct session *session, struct recorder *recorder)
{
	session->recorder = recorder;
	start_listening(session);
}

void
session_filter(struct session *session, struct insert *insert)
{
	session->insert = insert;
	start_listening(session);
}

void
session_serve_listeners(struct session_host *host)
{
	struct session *session;

	for (session = host->listeners; session != NULL;
	     session = session->next_listener) {
		tell_changed(session);
	}
}
