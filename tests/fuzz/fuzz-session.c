/*
 * Two clients talk to one server, the second while the first is still there:
 * the real session and the real handlers, on a mixer that stands still.
 *
 *   input  flags (1: the peers are trusted, 2: lines of every level),
 *          count of cuts, that many sizes of pieces (used in turn; 0: as much
 *          as fits), bytes of the first conversation (two, low one first),
 *          both conversations
 *
 * It must not matter how the bytes are cut: everything is said twice, in those
 * pieces and byte by byte, and must be answered alike.
 */
#include <string.h>

#include "server/esd.h"
#include "server/log.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/still.h"

#define CUTS_MAX   16
#define ANSWER_MAX 262144  /* bytes kept of what one client was sent */
#define SPACE_MAX  1048576 /* bytes: more than any record, ring or clip here */
#define PATIENCE   1000	   /* turns a client may wait for room */
#define CLIENTS	   2

#define CLIP_BYTES_MAX 100000

#define FLAG_TRUSTED 1
#define FLAG_VERBOSE 2

struct bytes {
	const uint8_t *at;
	size_t size;
};

struct script {
	bool trusted;
	uint8_t cuts[CUTS_MAX]; /* bytes of a piece; 0: as much as fits */
	unsigned cut_count;
	struct bytes says[CLIENTS];
};

struct answer {
	uint8_t bytes[ANSWER_MAX];
	size_t size;
	bool closed;
};

struct world {
	struct mixer mixer;
	struct volume_rules rules;
	struct service service;
	struct clients clients;
	struct session_host host;
};

static const uint8_t key[ESD_KEY_LEN] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55,
	0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF };

/* Some answers depend on when they are asked for, and so on the cuts. */
static bool timely;
static session_handler *handlers[ESD_OPS];

#define TIMELY(name, row)                                                      \
	static int name(struct session *session, unsigned step,                \
	    const void *in, void *out)                                         \
	{                                                                      \
		timely = true;                                                 \
		return esd_handlers[row](session, step, in, out);              \
	}
TIMELY(on_timely_track, ESD_ROW_STREAM_TRACK)
TIMELY(on_timely_status, ESD_ROW_STATUS)
TIMELY(on_timely_watch, ESD_ROW_WATCH)

static void
ignore_change(struct client *client)
{
}

static void
world_init(struct world *world)
{
	memset(world, 0, sizeof(*world));
	world->service.mixer = &world->mixer;
	world->service.rules = &world->rules;
	clips_init(&world->service.clips, CLIP_BYTES_MAX);
	status_init(&world->service.status);
	MUST(tap_init(&world->mixer.tap, STILL_RATE) == 0);
	world->host.ops = esd_ops;
	memcpy(handlers, esd_handlers, sizeof(handlers));
	handlers[ESD_ROW_STREAM_TRACK] = on_timely_track;
	handlers[ESD_ROW_STATUS] = on_timely_status;
	handlers[ESD_ROW_WATCH] = on_timely_watch;
	world->host.handlers = handlers;
	world->host.key = key;
	world->host.server = &world->service;
	world->clients.changed = ignore_change;
	world->host.clients = &world->clients;
	MUST(volume_rules_add(&world->rules, "quiet* 50%") == 0);
}

/* Takes what is to be sent, three quarters at a time. */
static void
hear(struct client *client, struct answer *answer)
{
	for (;;) {
		size_t bytes, part;
		const uint8_t *from = session_kind.output(client, &bytes);

		if (bytes == 0) {
			return;
		}
		part = bytes - bytes / 4;
		MUST(answer->size + part <= ANSWER_MAX);
		memcpy(answer->bytes + answer->size, from, part);
		answer->size += part;
		session_kind.sent(client, part);
	}
}

static size_t
wait_for_space(struct world *world, struct client *client,
    struct answer *answer, uint8_t **span)
{
	for (int turn = 0; turn < PATIENCE; turn++) {
		size_t space = session_kind.space(client, span);

		if (space > 0 || session_kind.is_closing(client)) {
			MUST(space == 0 || !session_kind.is_closing(client));
			MUST(space <= SPACE_MAX);
			return space;
		}
		hear(client, answer);
		still_turn(&world->mixer);
		service_collect(&world->service);
	}
	MUST(!"a client waits for ever");
	return 0;
}

static size_t
piece(const struct script *script, size_t turn, size_t most)
{
	size_t size =
	    script->cut_count == 0 ? 0 : script->cuts[turn % script->cut_count];

	return size == 0 || size > most ? most : size;
}

static void
say(struct world *world, const struct script *script, struct bytes says,
    struct client *client, struct answer *answer)
{
	for (size_t turn = 0; says.size > 0; turn++) {
		uint8_t *span;
		size_t space = wait_for_space(world, client, answer, &span);
		size_t bytes = says.size < space ? says.size : space;

		if (space == 0) {
			break;
		}
		bytes = piece(script, turn, bytes);
		memcpy(span, says.at, bytes);
		says.at += bytes;
		says.size -= bytes;
		if (session_kind.got(client, bytes) < 0) {
			MUST(session_kind.is_closing(client));
			MUST(session_kind.space(client, &span) == 0);
			break;
		}
		(void)session_kind.is_waiting(client);
	}
	hear(client, answer);
	answer->closed = session_kind.is_closing(client);
}

/* What the clients left must be played to its last whole frame, then go. */
static void
world_finish(struct world *world)
{
	for (struct stream *s = world->mixer.streams; s != NULL; s = s->next) {
		atomic_store(&s->looping, false);
	}
	for (int turn = 0; turn < PATIENCE && world->mixer.count > 0; turn++) {
		still_turn(&world->mixer);
		service_collect(&world->service);
	}
	MUST(world->mixer.count == 0);
	MUST(world->host.listeners == NULL);
	MUST(world->clients.count == 0);
	clips_finish(&world->service.clips);
	MUST(world->service.clips.bytes == 0);
	still_finish(&world->mixer);
	tap_finish(&world->mixer.tap);
}

static void
play(const struct script *script, struct answer answers[CLIENTS])
{
	struct client_peer peer = { .name = "c1 fuzz",
		.trusted = script->trusted };
	struct client *clients[CLIENTS];
	struct world world;

	world_init(&world);
	for (int i = 0; i < CLIENTS; i++) {
		answers[i].size = 0;
		clients[i] = session_kind.create(&world.host, &peer, NULL);
		say(&world, script, script->says[i], clients[i], &answers[i]);
	}
	for (int i = 0; i < CLIENTS; i++) {
		session_kind.destroy(clients[i]);
		service_collect(&world.service);
	}
	world_finish(&world);
}

static bool
parse(const uint8_t *data, size_t size, struct script *script)
{
	size_t first;

	memset(script, 0, sizeof(*script));
	if (size < 2) {
		return false;
	}
	script->trusted = (data[0] & FLAG_TRUSTED) != 0;
	log_set_level((data[0] & FLAG_VERBOSE) != 0 ? LOG_DEBUG : LOG_WARN);
	script->cut_count = data[1] % (CUTS_MAX + 1);
	data += 2;
	size -= 2;
	if (size < script->cut_count + 2) {
		return false;
	}
	memcpy(script->cuts, data, script->cut_count);
	data += script->cut_count;
	first = data[0] | (size_t)data[1] << 8;
	data += 2;
	size -= script->cut_count + 2;
	first = first < size ? first : size;
	script->says[0] = (struct bytes){ data, first };
	script->says[1] = (struct bytes){ data + first, size - first };
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct answer cut[CLIENTS], single[CLIENTS];
	struct script script;

	if (!parse(data, size, &script)) {
		return 0;
	}
	timely = false;
	play(&script, cut);
	script.cut_count = 1;
	script.cuts[0] = 1;
	play(&script, single);
	for (int i = 0; i < CLIENTS && !timely; i++) {
		MUST(cut[i].size == single[i].size);
		MUST(cut[i].closed == single[i].closed);
		MUST(memcmp(cut[i].bytes, single[i].bytes, cut[i].size) == 0);
	}
	return 0;
}
