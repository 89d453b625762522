/*
 * One client, without I/O: where its next bytes go, what a row's step does,
 * what to send.  The connection that carries it is the loop's.
 * Thread: control.
 */
#ifndef SESSION_H
#define SESSION_H

#include "protocols/esd.h"
#include "server/client.h"

struct session;
struct stream;
struct clip;
struct recorder;
struct insert;

/*
 * A row's handler.  Called for every step of its row but IN and BLOB, in order.
 *   step   index into the row's steps
 *   in     the record of IN, decoded; valid through the whole row
 *   out    a zeroed record to fill, for OUT and LIST; else NULL
 * For TELL it is called first with `out` NULL, when the row comes to it, and
 * then to fill a record, whenever something may be new.
 * Returns 0 to go on, 1 to end a LIST or for nothing new to TELL, or -errno to
 * close the session once what is queued has been sent; with -EACCES `out` is
 * sent before that.
 */
typedef int session_handler(struct session *session, unsigned step,
    const void *in, void *out);

/* What every session of a daemon shares. */
struct session_host {
	/* constant */
	const struct esd_op *ops;	  /* ESD_OPS rows */
	session_handler *const *handlers; /* one a row */
	const uint8_t *key;		  /* ESD_KEY_LEN bytes */
	void *server;			  /* the handlers' own */

	struct clients *clients;

	struct session *listeners; /* those who are sent what is new */
};

/* ESD, to the loop; its host is a struct session_host. */
extern const struct client_kind session_kind;

/* For handlers. */
void *session_server(const struct session *session);
bool session_is_swapped(const struct session *session);
const char *session_name(const struct session *session); /* the peer's */
const struct client_peer *session_peer(const struct session *session);
struct session_host *session_host(const struct session *session);
bool session_admits(const struct session *session, const struct esd_auth *auth);

/* The key is ours: it may do what only the owner may. */
bool session_is_owner(const struct session *session,
    const struct esd_auth *auth);

/* Its place in the LIST under way: NULL at the first call. */
void **session_cursor(struct session *session);

/* What TELL told last, in the handler's own terms; at first 0. */
uint64_t *session_told(struct session *session);

/* The client's bytes go into that stream's ring from now on; NULL: nowhere. */
void session_play(struct session *session, struct stream *stream);
struct stream *session_stream(const struct session *session);

/* BLOB's bytes go into that clip, which is abandoned if they don't all come. */
void session_upload(struct session *session, struct clip *clip);
struct clip *session_clip(const struct session *session);

/* The client gets what that recorder hears; the session owns it now. */
void session_listen(struct session *session, struct recorder *recorder);

/*
 * The client gets what comes to that insert, and what it says goes back there.
 * It is closed with the session.
 */
void session_filter(struct session *session, struct insert *insert);

/* There may be something new to hear, or to be told. */
void session_serve_listeners(struct session_host *host);

/* Logs one line about what the client did wrong; returns -EPROTO. */
int session_refuse(const struct session *session, const char *why);

#endif
