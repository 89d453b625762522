/*
 * A stream of an aRts client, to play or to record: the object that the client
 * sees, the packets under way, and the stream in the mixer.
 *
 * A packet is acknowledged when its last byte has been mixed.  One that plays
 * outlives its client until all of it is in the ring.
 * Thread: control.
 */
#ifndef ARTSSTREAM_H
#define ARTSSTREAM_H

#include "server/artsclient.h"
#include "server/errand.h"

/* What a client says of it; no value is trusted. */
struct artssound {
	int32_t rate, channels, bits;
	bool is_titled;	 /* it has a title to ask for */
	char title[128]; /* "": none */
};

/* Makes one for the client's object; NULL: it is refused, and closed. */
struct artsstream *artsstream_create(struct artsclient *client,
    uint32_t subject, bool records);

/* The client's stream with that object of ours, or made for that of its. */
struct artsstream *artsstream_find(const struct artsclient *client,
    uint32_t object);
struct artsstream *artsstream_find_subject(const struct artsclient *client,
    uint32_t subject);

uint32_t artsstream_object(const struct artsstream *stream);
enum mcop_interface_tag artsstream_tag(const struct artsstream *stream);
bool artsstream_records(const struct artsstream *stream);
struct artssound *artsstream_sound(struct artsstream *stream);

/* The client's helper at the other end, once it has been told of. */
struct remote *artsstream_peer(struct artsstream *stream);
void artsstream_connect(struct artsstream *stream, uint32_t peer);

/* The method of a recording client's helper that takes sound. */
void artsstream_set_handler(struct artsstream *stream, int32_t handler);

/*
 * What it says of its sound is known: a stream in the mixer, or a recorder.
 * Where there can be none, that is logged, and what comes is thrown away.
 */
void artsstream_open(struct artsstream *stream);

/* A packet came; false: more than may be queued, or memory ran out. */
bool artsstream_receive(struct artsstream *stream, const uint8_t *bytes,
    uint32_t count);

/* The client acknowledges one of ours. */
void artsstream_processed(struct artsstream *stream);

/* Its references; it goes when the last is given back after the end. */
void artsstream_use(struct artsstream *stream);
void artsstream_release(struct artsstream *stream);

/* The client's object is done; data may still come. */
void artsstream_detach(struct artsstream *stream);

/* All has come, and nothing is acknowledged any more.  False: it was before. */
bool artsstream_disconnect(struct artsstream *stream);

/* In the mixer; NULL: none, or for NULL. */
struct stream *artsstream_stream(struct artsstream *stream);

/* Of all the client's streams, those to come too. */
void artsstream_set_volumes(struct artsclient *client, int32_t volume);

/* An errand works on it, and no more: meanwhile it stays. */
void artsstream_errand_begun(struct artsstream *stream);
void artsstream_errand_ended(struct artsstream *stream);

/* Moves sound on, both ways. */
void artsstream_serve_all(struct arts *arts);

/* The client has gone: what it sent is played. */
void artsstream_orphan_all(struct artsclient *client);

/* The mixer has gone. */
void artsstream_finish_all(struct arts *arts);

#endif
