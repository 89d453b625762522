#include "server/artsstream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/arts.h"
#include "server/log.h"
#include "server/recorder.h"

#define PIECE_BYTES 4096 /* of recorded sound, sent at once */
#define PIECES_MAX  64	 /* on their way, then the oldest sound is lost */
#define LINES_BURST 20	 /* log lines peers may provoke at once */
#define LINES_EVERY 10000

/* A packet from its arrival until it has been mixed. */
struct packet {
	STAILQ_ENTRY(packet) next;
	uint64_t end;	   /* of its last byte in the stream */
	uint32_t at, size; /* of what did not fit the ring at once */
	uint8_t data[];
};

STAILQ_HEAD(packets, packet);

struct artsstream {
	/* constant */
	struct owner owner;
	struct arts *arts;
	struct client_peer peer;
	bool records;
	uint32_t object;  /* ours */
	uint32_t subject; /* the client's */

	struct artsclient *client; /* NULL: it has gone, or done with this */
	struct artssound sound;
	struct remote helper; /* see artsstream_peer() */
	unsigned errands;
	unsigned held; /* references the client has */
	bool detached, disconnected;

	/* playing */
	struct stream *stream; /* NULL: not yet, or not any more */
	struct packets packets;
	uint64_t received, fed; /* bytes: that came, that are in the ring */

	/* recording */
	struct recorder *recorder;
	int32_t handler;
	unsigned pieces; /* not yet acknowledged */

	LIST_ENTRY(artsstream) in_client, in_arts;
};

static void on_gone(struct owner *owner);

static struct log_budget complaints = { LINES_BURST, LINES_EVERY, 0, 0, 0 };

/* --- being --------------------------------------------------------------- */

static struct artsstream *
owning(struct owner *owner)
{
	return (struct artsstream *)owner;
}

/* Its ring is looked at every period anyway. */
static void
on_room(struct owner *owner)
{
}

struct artsstream *
artsstream_create(struct artsclient *client, uint32_t subject, bool records)
{
	struct artsstream *stream = NULL;

	if (client->stream_count < ARTS_STREAMS_MAX) {
		stream = calloc(1, sizeof(*stream));
	}
	if (stream == NULL) {
		artsclient_refuse(client, "too many streams of one client");
		return NULL;
	}
	stream->arts = client->arts;
	stream->peer = client->client.peer;
	stream->records = records;
	stream->object = ++client->arts->last_object;
	stream->subject = subject;
	stream->client = client;
	stream->handler = -1;
	STAILQ_INIT(&stream->packets);
	LIST_INSERT_HEAD(&client->streams, stream, in_client);
	LIST_INSERT_HEAD(&client->arts->streams, stream, in_arts);
	client->stream_count++;
	return stream;
}

static void
free_packet(struct artsstream *stream)
{
	struct packet *packet = STAILQ_FIRST(&stream->packets);
	size_t size = sizeof(*packet) + packet->size;

	STAILQ_REMOVE_HEAD(&stream->packets, next);
	stream->arts->queued_bytes -= size;
	if (stream->client != NULL) {
		stream->client->queued_bytes -= size;
	}
	free(packet);
}

static void
destroy(struct artsstream *stream)
{
	while (!STAILQ_EMPTY(&stream->packets)) {
		free_packet(stream);
	}
	LIST_REMOVE(stream, in_arts);
	recorder_destroy(stream->recorder);
	free(stream);
}

/* The client knows it no more; what is queued is nobody's any more. */
static void
leave_client(struct artsstream *stream)
{
	struct packet *packet;

	for (packet = STAILQ_FIRST(&stream->packets); packet != NULL;
	     packet = STAILQ_NEXT(packet, next)) {
		stream->client->queued_bytes -= sizeof(*packet) + packet->size;
	}
	LIST_REMOVE(stream, in_client);
	stream->client->stream_count--;
	stream->client = NULL;
}

/* Nothing more will come from the client. */
static bool
is_complete(const struct artsstream *stream)
{
	return stream->client == NULL || stream->disconnected ||
	       (stream->detached && !stream->helper.is_there);
}

/* Lets go of what has ended, on each side by itself. */
static void
consider_end(struct artsstream *stream)
{
	if (stream->stream != NULL && is_complete(stream) &&
	    stream->fed == stream->received) {
		stream_end(stream->stream);
	}
	if (stream->client != NULL && stream->detached && is_complete(stream) &&
	    stream->held == 0 && stream->errands == 0) {
		leave_client(stream);
	}
	if (stream->client == NULL && stream->stream == NULL &&
	    stream->errands == 0) {
		destroy(stream);
	}
}

struct artsstream *
artsstream_find(const struct artsclient *client, uint32_t object)
{
	struct artsstream *stream;

	for (stream = LIST_FIRST(&client->streams); stream != NULL;
	     stream = LIST_NEXT(stream, in_client)) {
		if (stream->object == object) {
			return stream;
		}
	}
	return NULL;
}

struct artsstream *
artsstream_find_subject(const struct artsclient *client, uint32_t subject)
{
	struct artsstream *stream;

	for (stream = LIST_FIRST(&client->streams); stream != NULL;
	     stream = LIST_NEXT(stream, in_client)) {
		if (stream->subject == subject && !stream->detached) {
			return stream;
		}
	}
	return NULL;
}

uint32_t
artsstream_object(const struct artsstream *stream)
{
	return stream->object;
}

enum mcop_interface_tag
artsstream_tag(const struct artsstream *stream)
{
	return stream->records ? MCOP_IS_SENDER : MCOP_IS_SINK;
}

bool
artsstream_records(const struct artsstream *stream)
{
	return stream->records;
}

struct artssound *
artsstream_sound(struct artsstream *stream)
{
	return &stream->sound;
}

struct remote *
artsstream_peer(struct artsstream *stream)
{
	return &stream->helper;
}

struct stream *
artsstream_stream(struct artsstream *stream)
{
	return stream == NULL ? NULL : stream->stream;
}

void
artsstream_connect(struct artsstream *stream, uint32_t peer)
{
	stream->helper = (struct remote){ .is_there = true, .object = peer };
}

void
artsstream_set_handler(struct artsstream *stream, int32_t handler)
{
	stream->handler = handler;
}

void
artsstream_use(struct artsstream *stream)
{
	stream->held++;
}

void
artsstream_release(struct artsstream *stream)
{
	if (stream->held > 0) {
		stream->held--;
	}
	consider_end(stream);
}

void
artsstream_detach(struct artsstream *stream)
{
	stream->detached = true;
	recorder_destroy(stream->recorder);
	stream->recorder = NULL;
}

bool
artsstream_disconnect(struct artsstream *stream)
{
	bool was_connected = !stream->disconnected;

	stream->disconnected = true;
	return was_connected;
}

void
artsstream_errand_begun(struct artsstream *stream)
{
	stream->errands++;
}

void
artsstream_errand_ended(struct artsstream *stream)
{
	stream->errands--;
	consider_end(stream);
}

/* --- its sound ----------------------------------------------------------- */

/* The name of the client's program, for streams that bring none. */
static void
name_by_program(const struct client_peer *peer, char *name, size_t size)
{
	char path[32];
	ssize_t n = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)peer->pid);
	int fd = peer->pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd >= 0) {
		n = read(fd, name, size - 1);
		close(fd);
	}
	if (n <= 0) {
		(void)snprintf(name, size, "arts");
		return;
	}
	name[n] = '\0';
	name[strcspn(name, "\n")] = '\0';
}

/* On the wire 16-bit samples are little-endian. */
static bool
parse(const struct artssound *said, struct sound *sound)
{
	const uint16_t one = 1;
	bool swap = *(const uint8_t *)&one != 1;
	int32_t format = 0;

	if ((said->bits != 8 && said->bits != 16) ||
	    (said->channels != 1 && said->channels != 2)) {
		return false;
	}
	format |= said->bits == 16 ? ESD_BITS16 : 0;
	format |= said->channels == 2 ? ESD_STEREO : ESD_MONO;
	return sound_parse(format, said->rate, swap, sound) == 0;
}

static int
open_player(struct artsstream *stream, const struct sound *sound)
{
	struct service *service = stream->arts->service;
	struct stream *player;
	char name[ESD_NAME_MAX];
	int error;

	(void)snprintf(name, sizeof(name), "%s", stream->sound.title);
	if (name[0] == '\0') {
		name_by_program(&stream->peer, name, sizeof(name));
	}
	error = stream_create(sound, name, mixer_period_ms(service->mixer),
	    &player);
	if (error < 0) {
		return error;
	}
	stream->owner = (struct owner){ .room = on_room,
		.gone = on_gone,
		.peer = &stream->peer };
	player->owner = &stream->owner;
	player->protocol = artsclient_kind.protocol;
	player->uid = stream->peer.uid;
	error = service_play(service, player);
	if (error < 0) {
		stream_destroy(player);
		return error;
	}
	player->tracked = true; /* until service_collect() frees it */
	moment_want(mixer_moment(service->mixer));
	if (stream->client->volume_set) {
		service_set_volume(service, player, stream->client->volume,
		    stream->client->volume);
	}
	stream->stream = player;
	return 0;
}

static int
open_recorder(struct artsstream *stream, const struct sound *sound)
{
	struct mixer *mixer = stream->arts->service->mixer;
	bool hears_mix = strcmp(stream->sound.title, "out_soundcard") == 0;

	return recorder_create(hears_mix ? mixer_monitor(mixer)
					 : mixer_capture(mixer),
	    sound, mixer_kernel(mixer), &stream->recorder);
}

static const char *
reason(int error)
{
	switch (error) {
	case -EUSERS:
		return "too many streams";
	case -ENOSPC:
		return "too many different rates at once";
	default:
		return "no memory for another stream";
	}
}

void
artsstream_open(struct artsstream *stream)
{
	const struct artssound *said = &stream->sound;
	struct sound sound;

	if (stream->records && stream->detached) {
		return; /* it did not wait for its attachment */
	}
	if (!parse(said, &sound)) {
		log_limited(&complaints, LOG_WARN, stream->peer.name,
		    "aRts: no stream of %d bits, %d channels at %d Hz; it "
		    "stays silent",
		    (int)said->bits, (int)said->channels, (int)said->rate);
		return;
	}
	int error = stream->records ? open_recorder(stream, &sound)
				    : open_player(stream, &sound);
	if (error < 0) {
		log_limited(&complaints, LOG_WARN, stream->peer.name,
		    "aRts: %s; it stays silent", reason(error));
	}
}

/* --- playing ------------------------------------------------------------- */

void
artsstream_set_volumes(struct artsclient *client, int32_t volume)
{
	struct artsstream *stream;

	client->volume = volume;
	client->volume_set = true;
	for (stream = LIST_FIRST(&client->streams); stream != NULL;
	     stream = LIST_NEXT(stream, in_client)) {
		if (stream->stream != NULL) {
			service_set_volume(client->arts->service,
			    stream->stream, volume, volume);
		}
	}
}

/* Copies into the ring what fits; the bytes taken. */
static uint32_t
fill_ring(struct artsstream *stream, const uint8_t *bytes, uint32_t count)
{
	struct ring *ring = &stream->stream->ring;
	uint32_t done = 0;
	uint8_t *span;
	size_t n;

	while (done < count && (n = ring_write_span(ring, &span)) > 0) {
		n = n < count - done ? n : count - done;
		memcpy(span, bytes + done, n);
		ring_written(ring, n);
		done += (uint32_t)n;
	}
	stream->fed += done;
	return done;
}

/* What waited for room in the ring goes there. */
static void
feed(struct artsstream *stream)
{
	struct packet *packet;

	if (stream->stream == NULL || stream->fed == stream->received) {
		return;
	}
	for (packet = STAILQ_FIRST(&stream->packets); packet != NULL;
	     packet = STAILQ_NEXT(packet, next)) {
		packet->at += fill_ring(stream, packet->data + packet->at,
		    packet->size - packet->at);
		if (packet->at < packet->size) {
			break;
		}
	}
}

static void
acknowledge(struct artsstream *stream)
{
	int32_t method = remote_number(&stream->helper, MCOP_SENDER_processed);
	uint8_t bytes[64];
	struct mcop_writer out;

	if (stream->client == NULL || stream->disconnected || method < 0) {
		return;
	}
	mcop_begin_oneway(&out, bytes, sizeof(bytes), stream->helper.object,
	    (uint32_t)method);
	artsclient_send(stream->client, &out);
}

/*
 * Acknowledges what has been mixed.  A part of a frame has no longer to wait:
 * what completes it may come only after this.
 */
static void
settle(struct artsstream *stream)
{
	const struct stream *player = stream->stream;
	uint64_t mixed = stream->fed;
	const struct packet *packet;

	if (player != NULL) {
		mixed -=
		    (uint64_t)stream_queued(player) * player->sound.frame_bytes;
	}
	while ((packet = STAILQ_FIRST(&stream->packets)) != NULL &&
	       packet->end <= mixed) {
		free_packet(stream);
		acknowledge(stream);
	}
}

/* Whoever hoards much leaves the others their buffers. */
static bool
may_queue(const struct artsclient *client, size_t size)
{
	size_t own = client->queued_bytes + size;

	return own <= ARTS_QUEUE_FAIR ||
	       (own <= ARTS_QUEUE_MAX &&
		   client->arts->queued_bytes + size <= ARTS_QUEUE_ALL);
}

bool
artsstream_receive(struct artsstream *stream, const uint8_t *bytes,
    uint32_t count)
{
	struct artsclient *client = stream->client;
	uint32_t taken = count;
	struct packet *packet;

	if (stream->disconnected) {
		return true; /* it said that nothing would come */
	}
	if (stream->stream == NULL) {
		stream->fed += count;
	} else if (stream->fed < stream->received) {
		taken = 0;
	} else {
		taken = fill_ring(stream, bytes, count);
	}
	size_t size = sizeof(*packet) + (count - taken);
	if (!may_queue(client, size)) {
		return false;
	}
	packet = malloc(size);
	if (packet == NULL) {
		return false;
	}
	stream->received += count;
	client->queued_bytes += size;
	client->arts->queued_bytes += size;
	packet->end = stream->received;
	packet->at = 0;
	packet->size = count - taken;
	if (packet->size > 0) {
		memcpy(packet->data, bytes + taken, packet->size);
	}
	STAILQ_INSERT_TAIL(&stream->packets, packet, next);
	if (stream->stream == NULL) {
		settle(stream); /* no period will */
	}
	return true;
}

/* The mixer is about to free its stream. */
static void
on_gone(struct owner *owner)
{
	struct artsstream *stream = owning(owner);

	stream->stream = NULL;
	stream->fed = stream->received; /* what is left is thrown away */
	settle(stream);
	consider_end(stream);
}

/* --- recording ----------------------------------------------------------- */

void
artsstream_processed(struct artsstream *stream)
{
	if (stream->pieces > 0) {
		stream->pieces--;
	}
}

/* Sends what has been heard, unless too much is on its way. */
static void
deliver(struct artsstream *stream)
{
	uint8_t sound[PIECE_BYTES], bytes[PIECE_BYTES + 64];
	struct mcop_writer out;
	int n = 0;

	while (
	    stream->pieces < PIECES_MAX &&
	    (n = recorder_pull(stream->recorder, sound, sizeof(sound))) > 0) {
		mcop_begin_oneway(&out, bytes, sizeof(bytes),
		    stream->helper.object, (uint32_t)stream->handler);
		mcop_put_bytes(&out, sound, (uint32_t)n);
		artsclient_send(stream->client, &out);
		stream->pieces++;
	}
	if (n < 0) {
		log_limited(&complaints, LOG_WARN, stream->peer.name,
		    "aRts: no memory to record at another rate; it records no "
		    "more");
		recorder_destroy(stream->recorder);
		stream->recorder = NULL;
	}
}

/* --- all of them --------------------------------------------------------- */

static void
serve(struct artsstream *stream)
{
	if (stream->records) {
		if (stream->recorder != NULL && stream->client != NULL &&
		    stream->helper.is_there && stream->handler >= 0 &&
		    !stream->disconnected) {
			deliver(stream);
		}
		return;
	}
	feed(stream);
	settle(stream);
	consider_end(stream);
}

void
artsstream_serve_all(struct arts *arts)
{
	struct artsstream *stream, *next;

	for (stream = LIST_FIRST(&arts->streams); stream != NULL;
	     stream = next) {
		next = LIST_NEXT(stream, in_arts);
		serve(stream);
	}
}

void
artsstream_orphan_all(struct artsclient *client)
{
	struct artsstream *stream, *next;

	for (stream = LIST_FIRST(&client->streams); stream != NULL;
	     stream = next) {
		next = LIST_NEXT(stream, in_client);
		leave_client(stream);
		consider_end(stream);
	}
}

void
artsstream_finish_all(struct arts *arts)
{
	struct artsstream *stream, *next;

	for (stream = LIST_FIRST(&arts->streams); stream != NULL;
	     stream = next) {
		next = LIST_NEXT(stream, in_arts);
		stream->stream = NULL; /* freed with the mixer */
		destroy(stream);
	}
}
