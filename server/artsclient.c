#include "server/artsclient.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "server/arts.h"
#include "server/artsstream.h"
#include "server/errand.h"
#include "server/log.h"
#include "server/md5.h"

#define BOX_FIRST   (MCOP_HEADER_BYTES + MCOP_STRANGER_MAX)
#define BOX_KEPT    65536      /* bytes; a larger one is given back */
#define OUTPUT_MAX  (1u << 20) /* bytes that wait to be sent */
#define LINES_BURST 20	       /* log lines peers may provoke at once */
#define LINES_EVERY 10000      /* ms until as many again */

static struct log_budget complaints = { LINES_BURST, LINES_EVERY, 0, 0, 0 };

static struct artsclient *
artsclient_of(struct client *client)
{
	return (struct artsclient *)client;
}

static const struct artsclient *
artsclient_seen(const struct client *client)
{
	return (const struct artsclient *)client;
}

void
artsclient_refuse(struct artsclient *client, const char *why)
{
	if (!client->closing) {
		log_limited(&complaints, LOG_WARN, client->client.peer.name,
		    "aRts: %s; closed", why);
		/* Nothing of it may come or go any more to bring that about. */
		client->arts->clients->changed(&client->client);
	}
	client->closing = true;
}

/* --- what is sent ------------------------------------------------------ */

void
artsclient_send(struct artsclient *client, struct mcop_writer *writer)
{
	struct outbox *box = &client->waiting;
	size_t bytes = mcop_finish(writer);

	if (client->deaf || client->closing) {
		return;
	}
	if (bytes == 0 || outbox_grow(box, bytes, OUTPUT_MAX) < 0) {
		artsclient_refuse(client, "it does not read what it is sent");
		return;
	}
	memcpy(box->bytes + box->to, writer->bytes, bytes);
	box->to += bytes;
	client->arts->clients->changed(&client->client);
}

static const uint8_t *
output(struct client *base, size_t *bytes)
{
	struct artsclient *client = artsclient_of(base);
	struct outbox *box = &client->going;

	if (box->to == 0) {
		struct outbox empty = *box;

		*box = client->waiting;
		client->waiting = empty;
	}
	*bytes = box->to - box->from;
	return *bytes > 0 ? box->bytes + box->from : NULL;
}

static void
sent(struct client *base, size_t bytes)
{
	outbox_sent(&artsclient_of(base)->going, bytes);
}

/* What it has sent before it went is still to be played. */
static bool
unheard(struct client *base)
{
	struct artsclient *client = artsclient_of(base);

	if (LIST_EMPTY(&client->streams)) {
		return false;
	}
	client->deaf = true;
	outbox_clear(&client->going);
	outbox_clear(&client->waiting);
	return true;
}

/* --- the handshake ----------------------------------------------------- */

static bool
is_open(const struct artsclient *client)
{
	return client->client.peer.trusted || client->arts->service->unlocked;
}

static void
greet(struct artsclient *client)
{
	uint8_t bytes[ARTS_MESSAGE_MAX], random[MCOP_SEED_LEN / 2];
	struct mcop_writer out;

	if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
		abort(); /* nobody could prove anything */
	}
	for (size_t i = 0; i < sizeof(random); i++) {
		(void)snprintf(client->seed + 2 * i, 3, "%02x", random[i]);
	}
	mcop_begin(&out, bytes, sizeof(bytes), MCOP_SERVER_HELLO);
	mcop_put_string(&out, MCOP_VERSION);
	mcop_put_string(&out, client->arts->self.server);
	mcop_put_long(&out, is_open(client) ? 2 : 1);
	mcop_put_string(&out, "md5auth");
	if (is_open(client)) {
		mcop_put_string(&out, "noauth");
	}
	mcop_put_string(&out, client->seed);
	artsclient_send(client, &out);
}

/* In a time that does not tell how much of it is right. */
static bool
is_same(const char *a, const char *b, size_t length)
{
	unsigned differing = 0;

	for (size_t i = 0; i < length; i++) {
		differing |= (unsigned char)a[i] ^ (unsigned char)b[i];
	}
	return differing == 0;
}

/* Its data is the digest of a cookie and our seed, by either MD5. */
static bool
is_proven(const struct artsclient *client, const char *data)
{
	const struct arts *arts = client->arts;
	char text[2 * MCOP_SEED_LEN + 1], hex[MD5_HEX];
	bool proven = false;

	if (strlen(data) != MD5_HEX - 1) {
		return false;
	}
	for (unsigned i = 0; arts->cookie(arts->arg, i, text); i++) {
		memcpy(text + MCOP_SEED_LEN, client->seed, MCOP_SEED_LEN + 1);
		for (int wide = 0; wide < 2; wide++) {
			md5_print(text, strlen(text), wide != 0, hex);
			proven |= is_same(data, hex, MD5_HEX - 1);
		}
	}
	return proven;
}

/*
 * Whoever may come without a proof needs none.  A refused one is closed, which
 * it does not survive: the protocol has no other answer.
 */
static void
shake_hands(struct artsclient *client, struct mcop_reader *in)
{
	const struct arts *arts = client->arts;
	struct mcop_reference comm = artsclient_reference(client, ARTS_COMM);
	uint8_t bytes[ARTS_MESSAGE_MAX];
	char hint[MCOP_TEXT_MAX + 16] = "GlobalComm=";
	const size_t key = strlen(hint);
	struct mcop_writer out;
	const char *id = mcop_get_string(in);
	const char *method = mcop_get_string(in);
	const char *data = mcop_get_string(in);

	if (in->bad || id[0] == '\0' || strlen(id) >= sizeof(client->id) ||
	    strcmp(id, "null") == 0 || strcmp(id, arts->self.server) == 0) {
		artsclient_refuse(client, "malformed hello");
		return;
	}
	client->known =
	    client->client.peer.trusted ||
	    (strcmp(method, "md5auth") == 0 && is_proven(client, data));
	if (!client->known && !client->arts->service->unlocked) {
		artsclient_refuse(client,
		    "it does not know the cookie; copy secret-cookie from our "
		    "directory to its");
		return;
	}
	(void)snprintf(client->id, sizeof(client->id), "%s", id);
	client->admitted = true;
	mcop_begin(&out, bytes, sizeof(bytes), MCOP_AUTH_ACCEPT);
	mcop_put_long(&out, 1);
	(void)mcop_print_reference(&comm, hint + key, sizeof(hint) - key);
	mcop_put_string(&out, hint);
	artsclient_send(client, &out);
}

/* --- requests ---------------------------------------------------------- */

struct mcop_reference
artsclient_reference(const struct artsclient *client, uint32_t object)
{
	struct mcop_reference reference = client->arts->self;

	reference.object = object;
	return reference;
}

bool
artsclient_owns(const struct artsclient *client,
    const struct mcop_reference *reference)
{
	return strcmp(reference->server, client->id) == 0;
}

/* What the object is; false: there is none. */
static bool
find_object(struct arts_request *request)
{
	static const enum mcop_interface_tag tags[ARTS_OBJECTS] = {
		[ARTS_SERVER] = MCOP_IS_SERVER_V3,
		[ARTS_FLOW] = MCOP_IS_FLOW,
		[ARTS_COMM] = MCOP_IS_TMP_COMM,
		[ARTS_STACK] = MCOP_IS_STACK,
		[ARTS_MASTER_VOLUME] = MCOP_IS_VOLUME,
		[ARTS_OWN_VOLUME] = MCOP_IS_VOLUME,
	};

	if (request->object > 0 && request->object < ARTS_OBJECTS) {
		request->tag = tags[request->object];
		return true;
	}
	request->stream = artsstream_find(request->client, request->object);
	if (request->stream != NULL) {
		request->tag = artsstream_tag(request->stream);
	}
	return request->stream != NULL;
}

/* NULL: that cannot be asked of this object. */
static arts_handler *
find_handler(const struct arts_request *request, uint32_t row)
{
	return row < MCOP_METHODS &&
		       mcop_inherits(request->tag, mcop_methods[row].interface)
		   ? request->client->arts->handlers[row]
		   : NULL;
}

/*
 * Original clients go on to call what they were told is not there, and expect
 * an answer: it is an empty one.
 */
static void
serve(struct artsclient *client, struct mcop_reader *in, bool twoway)
{
	uint8_t bytes[ARTS_MESSAGE_MAX];
	struct mcop_writer out;
	struct arts_request request = { .client = client,
		.in = in,
		.out = &out };
	arts_handler *handler = NULL;

	request.object = (uint32_t)mcop_get_long(in);
	uint32_t row = (uint32_t)mcop_get_long(in);
	request.id = twoway ? (uint32_t)mcop_get_long(in) : 0;
	if (!in->bad && find_object(&request)) {
		handler = find_handler(&request, row);
	}
	log_line(LOG_DEBUG, client->client.peer.name, "< %s of object %u",
	    handler == NULL ? "a missing method" : mcop_methods[row].name,
	    (unsigned)request.object);
	mcop_begin_return(&out, bytes, sizeof(bytes), request.id);
	enum arts_verdict verdict =
	    handler == NULL ? ARTS_ANSWERED : handler(&request);
	if (in->bad) {
		char why[128];

		(void)snprintf(why, sizeof(why), "%s: arguments missing",
		    handler == NULL ? "a request" : mcop_methods[row].name);
		artsclient_refuse(client, why);
	} else if (verdict == ARTS_ANSWERED && twoway) {
		artsclient_send(client, &out);
	}
}

static void
take_return(struct artsclient *client, struct mcop_reader *in)
{
	uint32_t request = (uint32_t)mcop_get_long(in);

	if (in->bad) {
		artsclient_refuse(client, "a Return of nothing");
	} else if (!errand_returned(client, request, in)) {
		log_limited(&complaints, LOG_WARN, client->client.peer.name,
		    "aRts: a Return to request %u, which nobody made; ignored",
		    (unsigned)request);
	}
}

static void
take_message(struct artsclient *client, enum mcop_type type,
    const uint8_t *body, size_t bytes)
{
	struct mcop_reader in;

	mcop_read(&in, body, bytes);
	if (!client->admitted) {
		if (type == MCOP_CLIENT_HELLO) {
			shake_hands(client, &in);
		} else {
			artsclient_refuse(client, "no hello");
		}
	} else if (type == MCOP_INVOCATION || type == MCOP_ONEWAY) {
		serve(client, &in, type == MCOP_INVOCATION);
	} else if (type == MCOP_RETURN) {
		take_return(client, &in);
	} else {
		artsclient_refuse(client, "a message out of place");
	}
}

/* --- what comes -------------------------------------------------------- */

static bool
fit_box(struct artsclient *client, size_t bytes)
{
	uint8_t *box = realloc(client->box, bytes);

	if (box == NULL) {
		artsclient_refuse(client, "no memory for its message");
		return false;
	}
	client->box = box;
	client->box_size = bytes;
	return true;
}

static size_t
space(struct client *base, uint8_t **span)
{
	struct artsclient *client = artsclient_of(base);

	if (client->closing) {
		return 0;
	}
	*span = client->box + client->filled;
	return client->box_size - client->filled;
}

/* How long the message at `at` is; 0: not known yet, or refused. */
static size_t
measure(struct artsclient *client, size_t at, struct mcop_header *header)
{
	size_t most = client->admitted ? MCOP_BODY_MAX : MCOP_STRANGER_MAX;

	if (client->filled - at < MCOP_HEADER_BYTES) {
		return 0;
	}
	if (mcop_header(client->box + at, header) < 0) {
		artsclient_refuse(client, "not an MCOP message");
		return 0;
	}
	if (header->body > most) {
		artsclient_refuse(client,
		    client->admitted
			? "a message of more than 1 MiB"
			: "too long a message before the handshake");
		return 0;
	}
	return MCOP_HEADER_BYTES + header->body;
}

/* Moves what is left to the front, and makes room for the rest of it. */
static void
tidy_box(struct artsclient *client, size_t at, size_t length)
{
	size_t need = length > BOX_FIRST ? length : BOX_FIRST;

	client->filled -= at;
	memmove(client->box, client->box + at, client->filled);
	if (!client->closing &&
	    (need > client->box_size ||
		(client->box_size > BOX_KEPT && need <= BOX_KEPT &&
		    client->filled <= need))) {
		(void)fit_box(client, need);
	}
}

static int
got(struct client *base, size_t bytes)
{
	struct artsclient *client = artsclient_of(base);
	struct mcop_header header;
	size_t at = 0, length = 0;

	client->filled += bytes;
	while (!client->closing &&
	       (length = measure(client, at, &header)) > 0 &&
	       length <= client->filled - at) {
		take_message(client, header.type,
		    client->box + at + MCOP_HEADER_BYTES, header.body);
		at += length;
		length = 0;
	}
	tidy_box(client, at, length);
	return client->closing ? -EPROTO : 0;
}

/* Silence is no fault, and neither is a pause within a packet of sound. */
static bool
is_waiting(const struct client *base)
{
	const struct artsclient *client = artsclient_seen(base);
	struct mcop_header header;

	return client->filled > 0 &&
	       (client->filled < MCOP_HEADER_BYTES ||
		   mcop_header(client->box, &header) < 0 ||
		   header.type != MCOP_ONEWAY);
}

/* Our own user's programs are in before they say a word. */
static bool
is_admitted(const struct client *base)
{
	return artsclient_seen(base)->admitted || base->peer.trusted;
}

static bool
is_closing(const struct client *base)
{
	return artsclient_seen(base)->closing;
}

/* --- coming and going -------------------------------------------------- */

static struct client *
create(void *host, const struct client_peer *peer, void *connection)
{
	struct artsclient *client = calloc(1, sizeof(*client));

	if (client == NULL) {
		abort();
	}
	client->client.kind = &artsclient_kind;
	client->client.peer = *peer;
	client->client.connection = connection;
	client->arts = host;
	client->volume = VOLUME_UNITY;
	client->box = malloc(BOX_FIRST);
	if (client->box == NULL) {
		abort();
	}
	client->box_size = BOX_FIRST;
	LIST_INIT(&client->errands);
	LIST_INIT(&client->streams);
	client->arts->clients->count++;
	greet(client);
	return &client->client;
}

static void
destroy(struct client *base)
{
	struct artsclient *client = artsclient_of(base);

	errand_drop_all(client);
	artsstream_orphan_all(client);
	client->arts->clients->count--;
	outbox_finish(&client->going);
	outbox_finish(&client->waiting);
	free(client->box);
	free(client);
}

const struct client_kind artsclient_kind = {
	.protocol = "arts",
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
