/*
 * Two aRts clients talk to one server, and answer its calls as they like: the
 * real clients and the real handlers, on a mixer that stands still.
 *
 *   input  steps, each a byte that says what is done (enum step) and what that
 *          takes: a number is one byte, bytes are two of length (low one first)
 *          and the bytes
 *
 * It must not matter how the bytes are cut: all is done twice, in pieces as
 * they come and byte by byte, and must be answered alike.
 */
#include <stddef.h>
#include <string.h>

#include "server/arts.h"
#include "server/artsstream.h"
#include "server/log.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/still.h"

#define CLIENTS	    2
#define CALLS_MAX   64
#define HEARD_MAX   65536 /* bytes kept of what one client was sent */
#define PATIENCE    4000  /* periods until what is left has been played */
#define OBLIGED_MAX 200	  /* calls answered in one step */
#define PERIODS	    8	  /* in one turn */
#define FLOW	    30	  /* the clients' objects, as recorded */
#define HELPER	    27
#define HANDLER	    17

enum step {
	TALK,	/* bytes: as they are */
	CALL,	/* object, row, bytes: a request with these arguments */
	TELL,	/* likewise, without an answer */
	LOOKUP, /* object, row: asks for its number */
	ANSWER, /* which, bytes: to a call of the server's */
	REPEAT, /* likewise, and it may be answered again */
	OBLIGE, /* answers all that is asked, as a good client does */
	TURN,	/* time passes */
	CLIENT, /* which: goes on as that one */
	HELLO,	/* a good one */
	LEAVE,	/* the connection ends; another begins */
	DEAF,	/* nothing can be sent to it any more */
	STEPS
};

/* What the server has asked. */
struct call {
	uint32_t object, method, request;
	enum mcop_row row; /* that is looked up, or called */
	uint32_t dest;	   /* of connectObject */
};

struct peer {
	struct client *client;
	struct call calls[CALLS_MAX];
	unsigned call_count;
	uint32_t request;
	uint8_t heard[HEARD_MAX]; /* after the hello */
	size_t heard_size, parsed;
	bool greeted;
};

struct world {
	struct mixer mixer;
	struct volume_rules rules;
	struct service service;
	struct clients clients;
	struct arts arts;
	struct peer *now;
	bool single; /* byte by byte */
	struct peer peers[CLIENTS];
};

struct input {
	const uint8_t *at, *end;
};

static const char own[] = "fuzz-1-1";

static void
ignore_change(struct client *client)
{
}

static bool
give_cookie(void *arg, unsigned index, char cookie[MCOP_SEED_LEN + 1])
{
	memset(cookie, 'c', MCOP_SEED_LEN);
	cookie[MCOP_SEED_LEN] = '\0';
	return index == 0;
}

static bool
play_file(void *arg, const char *path)
{
	MUST(path[0] == '/');
	return true;
}

static void
terminate(void *arg)
{
}

/* --- what the server says ------------------------------------------------ */

static void
note_call(struct peer *peer, const uint8_t *body, size_t bytes)
{
	struct call *call = &peer->calls[peer->call_count % CALLS_MAX];
	struct mcop_wanted wanted;
	struct mcop_reference reference;
	struct mcop_reader in;

	mcop_read(&in, body, bytes);
	call->object = (uint32_t)mcop_get_long(&in);
	call->method = (uint32_t)mcop_get_long(&in);
	call->request = (uint32_t)mcop_get_long(&in);
	call->row = (enum mcop_row)(call->method % MCOP_METHODS);
	call->dest = 0;
	MUST(!in.bad);
	if (call->method == MCOP_OBJECT__lookupMethod) {
		mcop_get_method(&in, &wanted);
		for (int row = 0; row < MCOP_METHODS; row++) {
			if (strcmp(mcop_methods[row].name, wanted.name) == 0) {
				call->row = (enum mcop_row)row;
			}
		}
		MUST(!in.bad && in.at == in.end); /* or a client would end */
	} else if (call->row == MCOP_FLOW_connectObject) {
		/* Or what an ill answer has the number of that. */
		mcop_get_reference(&in, &reference);
		(void)mcop_get_string(&in);
		mcop_get_reference(&in, &reference);
		call->dest = in.bad ? 0 : reference.object;
	}
	if (peer->call_count < CALLS_MAX) {
		peer->call_count++;
	}
}

/* What it says are whole messages; its calls are noted. */
static void
parse(struct peer *peer)
{
	struct mcop_header header;

	while (peer->heard_size - peer->parsed >= MCOP_HEADER_BYTES) {
		const uint8_t *at = peer->heard + peer->parsed;

		MUST(mcop_header(at, &header) == 0);
		if (peer->heard_size - peer->parsed <
		    MCOP_HEADER_BYTES + header.body) {
			return;
		}
		if (header.type == MCOP_INVOCATION) {
			note_call(peer, at + MCOP_HEADER_BYTES, header.body);
		}
		peer->parsed += MCOP_HEADER_BYTES + header.body;
		if (!peer->greeted) { /* its seed is never the same */
			peer->greeted = true;
			peer->heard_size -= peer->parsed;
			memmove(peer->heard, peer->heard + peer->parsed,
			    peer->heard_size);
			peer->parsed = 0;
		}
	}
}

/* Takes what is to be sent, three quarters at a time. */
static void
hear(struct peer *peer)
{
	for (;;) {
		size_t bytes, part;
		const uint8_t *from =
		    artsclient_kind.output(peer->client, &bytes);

		if (bytes == 0) {
			return;
		}
		part = bytes - bytes / 4;
		if (peer->heard_size + part > HEARD_MAX) {
			peer->heard_size = peer->parsed = 0;
		}
		MUST(part <= HEARD_MAX);
		memcpy(peer->heard + peer->heard_size, from, part);
		peer->heard_size += part;
		artsclient_kind.sent(peer->client, part);
		parse(peer);
	}
}

/* --- what the clients say ------------------------------------------------ */

static void
say(struct world *world, const uint8_t *bytes, size_t size)
{
	struct client *client = world->now->client;

	while (size > 0) {
		uint8_t *span;
		size_t space = artsclient_kind.space(client, &span);
		size_t piece = world->single ? 1 : size;

		if (space == 0) {
			MUST(artsclient_kind.is_closing(client));
			break;
		}
		piece = piece < space ? piece : space;
		memcpy(span, bytes, piece);
		bytes += piece;
		size -= piece;
		(void)artsclient_kind.got(client, piece);
		(void)artsclient_kind.is_waiting(client);
	}
	hear(world->now);
}

static void
say_message(struct world *world, struct mcop_writer *out)
{
	size_t bytes = mcop_finish(out);

	MUST(bytes > 0);
	say(world, out->bytes, bytes);
}

static void
put_raw(struct mcop_writer *out, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		mcop_put_byte(out, bytes[i]);
	}
}

static void
put_own(struct mcop_writer *out, uint32_t object)
{
	struct mcop_reference reference = { .server = own, .object = object };

	mcop_put_reference(out, &reference);
}

static void
answer(struct world *world, unsigned which, const uint8_t *body, size_t bytes,
    bool keep)
{
	static uint8_t made[131072];
	struct peer *peer = world->now;
	struct mcop_writer out;

	if (peer->call_count == 0) {
		return;
	}
	which %= peer->call_count;
	mcop_begin_return(&out, made, sizeof(made), peer->calls[which].request);
	put_raw(&out, body, bytes);
	if (!keep) {
		peer->calls[which] = peer->calls[--peer->call_count];
	}
	say_message(world, &out);
}

static void
create_receiver(struct world *world, uint32_t dest)
{
	struct mcop_reference reference = world->arts.self;
	uint8_t made[1024];
	struct mcop_writer out;

	reference.object = dest;
	mcop_begin_call(&out, made, sizeof(made), ARTS_FLOW,
	    MCOP_FLOW_createReceiver, ++world->now->request);
	mcop_put_reference(&out, &reference);
	mcop_put_string(&out, "indata");
	put_own(&out, HELPER);
	say_message(world, &out);
}

static void
put_good(struct mcop_writer *out, const struct call *call)
{
	if (call->method == MCOP_OBJECT__lookupMethod) {
		mcop_put_long(out, call->row);
		return;
	}
	const char *name = mcop_methods[call->row].name;
	if (strcmp(name, "_isCompatibleWith") == 0) {
		mcop_put_boolean(out, true);
	} else if (strcmp(name, "_get_samplingRate") == 0) {
		mcop_put_long(out, STILL_RATE);
	} else if (strcmp(name, "_get_channels") == 0) {
		mcop_put_long(out, 2);
	} else if (strcmp(name, "_get_bits") == 0) {
		mcop_put_long(out, 16);
	} else if (strcmp(name, "_get_title") == 0) {
		mcop_put_string(out, "quiet");
	} else if (strcmp(name, "_get__flowSystem") == 0) {
		put_own(out, FLOW);
	} else if (strcmp(name, "createReceiver") == 0) {
		put_own(out, HELPER);
	} else if (strcmp(name, "_get_receiveHandlerID") == 0) {
		mcop_put_long(out, HANDLER);
	}
}

/* The newest first: what is asked within an answer comes before it. */
static void
oblige(struct world *world)
{
	struct peer *peer = world->now;

	for (int i = 0; i < OBLIGED_MAX && peer->call_count > 0; i++) {
		struct call call = peer->calls[peer->call_count - 1];
		uint8_t made[1024];
		struct mcop_writer out;

		if (call.row == MCOP_FLOW_connectObject && call.dest != 0) {
			peer->calls[peer->call_count - 1].dest = 0;
			create_receiver(world, call.dest);
			continue;
		}
		peer->call_count--;
		mcop_begin_return(&out, made, sizeof(made), call.request);
		put_good(&out, &call);
		say_message(world, &out);
	}
}

/* --- steps --------------------------------------------------------------- */

static uint8_t
take_byte(struct input *input)
{
	return input->at < input->end ? *input->at++ : 0;
}

static const uint8_t *
take_bytes(struct input *input, size_t *count)
{
	const uint8_t *at;

	*count = take_byte(input);
	*count |= (size_t)take_byte(input) << 8;
	if (*count > (size_t)(input->end - input->at)) {
		*count = (size_t)(input->end - input->at);
	}
	at = input->at;
	input->at += *count;
	return at;
}

static void
request(struct world *world, struct input *input, bool twoway)
{
	static uint8_t made[131072];
	struct mcop_writer out;
	uint32_t object = take_byte(input);
	uint32_t row = take_byte(input);
	size_t count;
	const uint8_t *bytes = take_bytes(input, &count);

	if (twoway) {
		mcop_begin_call(&out, made, sizeof(made), object, row,
		    ++world->now->request);
	} else {
		mcop_begin_oneway(&out, made, sizeof(made), object, row);
	}
	put_raw(&out, bytes, count);
	say_message(world, &out);
}

static void
look_up(struct world *world, struct input *input)
{
	uint8_t made[1024];
	struct mcop_writer out;
	uint32_t object = take_byte(input);

	mcop_begin_call(&out, made, sizeof(made), object,
	    MCOP_OBJECT__lookupMethod, ++world->now->request);
	mcop_put_method(&out, &mcop_methods[take_byte(input) % MCOP_METHODS]);
	say_message(world, &out);
}

static void
hello(struct world *world)
{
	uint8_t made[256];
	struct mcop_writer out;

	mcop_begin(&out, made, sizeof(made), MCOP_CLIENT_HELLO);
	mcop_put_string(&out, own);
	mcop_put_string(&out, "noauth");
	mcop_put_string(&out, "");
	say_message(world, &out);
}

static void
turn(struct world *world)
{
	for (int i = 0; i < PERIODS; i++) {
		still_turn(&world->mixer);
		service_collect(&world->service);
		arts_serve(&world->arts);
	}
	for (int i = 0; i < CLIENTS; i++) {
		hear(&world->peers[i]);
	}
}

static void
join(struct world *world, struct peer *peer)
{
	struct client_peer who = { .name = "c1 fuzz", .trusted = true };

	peer->client = artsclient_kind.create(&world->arts, &who, NULL);
	peer->call_count = 0;
	peer->request = 0;
	/* Only what the last one of it was sent is compared. */
	peer->heard_size = peer->parsed = 0;
	peer->greeted = false;
	hear(peer);
}

static void
leave(struct world *world)
{
	artsclient_kind.destroy(world->now->client);
	join(world, world->now);
}

static void
take_step(struct world *world, struct input *input)
{
	enum step step = (enum step)(take_byte(input) % STEPS);
	const uint8_t *bytes;
	size_t count;
	unsigned which;

	switch (step) {
	case TALK:
		bytes = take_bytes(input, &count);
		say(world, bytes, count);
		break;
	case CALL:
	case TELL:
		request(world, input, step == CALL);
		break;
	case LOOKUP:
		look_up(world, input);
		break;
	case ANSWER:
	case REPEAT:
		which = take_byte(input);
		bytes = take_bytes(input, &count);
		answer(world, which, bytes, count, step == REPEAT);
		break;
	case OBLIGE:
		oblige(world);
		break;
	case TURN:
		turn(world);
		break;
	case CLIENT:
		world->now = &world->peers[take_byte(input) % CLIENTS];
		break;
	case HELLO:
		hello(world);
		break;
	case DEAF:
		if (!artsclient_kind.unheard(world->now->client)) {
			leave(world); /* it plays nothing: it is over */
		}
		break;
	default:
		leave(world);
		break;
	}
}

/* --- the whole ------------------------------------------------------------ */

static void
world_init(struct world *world, bool single)
{
	/* Not what was heard: there is much of it. */
	memset(world, 0, offsetof(struct world, peers));
	world->single = single;
	world->service.mixer = &world->mixer;
	world->service.rules = &world->rules;
	clips_init(&world->service.clips, 0);
	status_init(&world->service.status);
	rest_init(&world->mixer.rest, 0, 0);
	MUST(tap_init(&world->mixer.tap, STILL_RATE) == 0);
	world->clients.changed = ignore_change;
	world->arts = (struct arts){
		.service = &world->service,
		.clients = &world->clients,
		.handlers = arts_handlers,
		.self = { .server = "esdmixd-1-1",
		    .addresses = { "unix:/tmp/mcop-fuzz/esdmixd-1-1" },
		    .count = 1 },
		.version = "0",
		.cookie = give_cookie,
		.play = play_file,
		.terminate = terminate,
		.last_object = ARTS_OBJECTS,
		.multiplier = 1,
	};
	for (int i = 0; i < CLIENTS; i++) {
		join(world, &world->peers[i]);
	}
	world->now = &world->peers[0];
}

/* What the clients left must be played to its last whole frame, then go. */
static void
world_finish(struct world *world)
{
	for (int i = 0; i < CLIENTS; i++) {
		artsclient_kind.destroy(world->peers[i].client);
	}
	MUST(world->clients.count == 0);
	for (int i = 0; i < PATIENCE && world->mixer.count > 0; i++) {
		still_turn(&world->mixer);
		service_collect(&world->service);
		arts_serve(&world->arts);
	}
	MUST(world->mixer.count == 0);
	MUST(LIST_EMPTY(&world->arts.streams));
	MUST(world->arts.queued_bytes == 0);
	clips_finish(&world->service.clips);
	tap_finish(&world->mixer.tap);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world worlds[2];

	log_set_level(size > 0 && (data[0] & 128) != 0 ? LOG_DEBUG : LOG_WARN);
	for (int i = 0; i < 2; i++) {
		struct input input = { data, data + size };

		world_init(&worlds[i], i == 1);
		while (input.at < input.end) {
			take_step(&worlds[i], &input);
		}
		world_finish(&worlds[i]);
	}
	for (int i = 0; i < CLIENTS; i++) {
		const struct peer *a = &worlds[0].peers[i];
		const struct peer *b = &worlds[1].peers[i];

		MUST(a->heard_size == b->heard_size);
		MUST(memcmp(a->heard, b->heard, a->heard_size) == 0);
	}
	return 0;
}
