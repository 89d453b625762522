/*
 * One client, as the loop and the mixer's news see it, whatever protocol it
 * speaks.  Thread: control.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;

struct client_peer {
	char name[64];	  /* "c12 pid 345 uid 1000", for log lines */
	bool trusted;	  /* peer credentials, on a Unix socket: access.h */
	bool remote;	  /* on TCP */
	int32_t pid, uid; /* of a process on a Unix socket; else -1 */
};

/* What all clients of a daemon share. */
struct clients {
	/* It has something to send, or reads again. */
	void (*changed)(struct client *client);

	unsigned count; /* connected, admitted or not */
};

/* A protocol: no I/O, only where bytes go and what they do. */
struct client_kind {
	const char *protocol; /* as lists of streams call it */

	/* What is sent to one who is not let in. */
	const uint8_t *refusal;
	size_t refusal_bytes;

	/* Never NULL: a client is of fixed size. */
	struct client *(*create)(void *host, const struct client_peer *peer,
	    void *connection);

	/*
	 * It has gone.  Its streams play what they have and go.  Frees it.
	 */
	void (*destroy)(struct client *client);

	/*
	 * Where the next bytes from it go; 0 while none may be read: ask again
	 * after sent() and when changed() was called.
	 * The span stays valid until the next call of any function here.
	 */
	size_t (*space)(struct client *client, uint8_t **span);

	/*
	 * `bytes` of that span were filled.  0, or -errno: close it once what
	 * is queued has been sent; the reason has been logged.
	 */
	int (*got)(struct client *client, size_t bytes);

	/* Bytes to send now, which stay where they are until sent() was told
	 * of them; `bytes` is 0 when there is nothing. */
	const uint8_t *(*output)(struct client *client, size_t *bytes);

	/* That many of them were sent. */
	void (*sent)(struct client *client, size_t bytes);

	/*
	 * Nothing can be sent to it any more.  True if it plays: it is told no
	 * more, but what it has sent is still to be read; false: it is over.
	 */
	bool (*unheard)(struct client *client);

	/*
	 * It is in the middle of a handshake or request: the loop times it out.
	 * Streams may idle for ever, and so may a client between two requests.
	 */
	bool (*is_waiting)(const struct client *client);

	/* Its handshake was accepted; until then it counts as a stranger. */
	bool (*is_admitted)(const struct client *client);

	/* Nothing more is read from it: close it once what is queued has been
	 * sent. */
	bool (*is_closing)(const struct client *client);
};

/* Who is told of a stream: its client, or what plays the rest of it. */
struct owner {
	/* The ring has room again. */
	void (*room)(struct owner *owner);

	/* It came back from the mixer and is about to be freed. */
	void (*gone)(struct owner *owner);

	const struct client_peer *peer;
};

/* What every kind's own begins with. */
struct client {
	const struct client_kind *kind;
	struct client_peer peer;
	void *connection; /* the loop's */
};

#endif
