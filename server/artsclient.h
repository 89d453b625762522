/*
 * One aRts client, without I/O: messages, the handshake, which handler serves a
 * request, and what waits to be sent.
 * Thread: control.
 */
#ifndef ARTSCLIENT_H
#define ARTSCLIENT_H

#include <sys/queue.h>

#include "protocols/mcop.h"
#include "server/client.h"
#include "server/outbox.h"

#define ARTS_STREAMS_MAX 64	      /* of a client at once */
#define ARTS_ERRANDS_MAX 128	      /* likewise, of our calls to it */
#define ARTS_QUEUE_MAX	 (4u << 20)   /* bytes of sound it may be ahead */
#define ARTS_QUEUE_ALL	 (64u << 20)  /* of all, those that went too */
#define ARTS_QUEUE_FAIR	 (128u << 10) /* it may be ahead even then */
#define ARTS_MESSAGE_MAX 8192	      /* bytes of what we send */

/* The objects that every client finds here; its streams' come after them. */
enum arts_object {
	ARTS_SERVER = 1,
	ARTS_FLOW,
	ARTS_COMM,
	ARTS_STACK,
	ARTS_MASTER_VOLUME,
	ARTS_OWN_VOLUME, /* of all its streams */
	ARTS_OBJECTS
};

struct arts;
struct artsstream;
struct errand;

LIST_HEAD(artsstreams, artsstream);
LIST_HEAD(errands, errand);

struct artsclient {
	struct client client;
	struct arts *arts;

	char id[MCOP_ID_MAX]; /* its process's name; "": not said yet */
	char seed[MCOP_SEED_LEN + 1];
	bool admitted; /* past the handshake */
	bool known; /* of our own user, or it has proven to know the cookie */
	bool closing;
	bool deaf; /* nothing can be sent to it */

	uint8_t *box; /* what has come of the next messages */
	size_t box_size, filled;
	struct outbox going, waiting; /* the first stays where it is */

	uint32_t last_request;
	struct errands errands;
	unsigned errand_count;
	struct artsstreams streams;
	unsigned stream_count;
	size_t queued_bytes; /* of sound, see ARTS_QUEUE_MAX */
	int32_t volume;	     /* of all its streams, those to come too */
	bool volume_set;
};

/* A request under way. */
struct arts_request {
	struct artsclient *client;
	uint32_t object;	     /* asked */
	struct artsstream *stream;   /* if it is one; else NULL */
	enum mcop_interface_tag tag; /* what it is */
	uint32_t id;		     /* to answer by, later */
	struct mcop_reader *in;
	struct mcop_writer *out; /* its Return */
};

enum arts_verdict {
	ARTS_ANSWERED, /* what is in `out` goes back */
	ARTS_LATER,    /* an errand answers */
	ARTS_REFUSED   /* the client is closed; that has been logged */
};

/*
 * A row's handler.  It reads all its arguments first; if they are not there
 * the client is closed, whatever the handler says.
 */
typedef enum arts_verdict arts_handler(struct arts_request *request);

/* aRts, to the loop; its host is a struct arts. */
extern const struct client_kind artsclient_kind;

/* Finishes the message, and queues it. */
void artsclient_send(struct artsclient *client, struct mcop_writer *writer);

/* One line about what it did wrong; it is closed. */
void artsclient_refuse(struct artsclient *client, const char *why);

/* A reference to an object of ours. */
struct mcop_reference artsclient_reference(const struct artsclient *client,
    uint32_t object);

/* It is an object of the client's own. */
bool artsclient_owns(const struct artsclient *client,
    const struct mcop_reference *reference);

#endif
