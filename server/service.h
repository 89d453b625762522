/*
 * What the clients of every protocol work on: the streams, their volumes, and
 * the master's.  Thread: control.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include "server/client.h"
#include "server/clips.h"
#include "server/memory.h"
#include "server/mixer.h"
#include "server/status.h"
#include "server/volume.h"

struct service {
	struct mixer *mixer;
	const struct volume_rules *rules;
	struct memory *memory; /* of volumes; NULL: none is remembered */
	struct clips clips;
	struct status status;
	uint32_t last_id;     /* of streams */
	uint32_t players;     /* of clips, now */
	uint32_t players_max; /* what is left of the streams is clients' */
	bool unlocked;	      /* whoever can connect is let in */
	bool shared;	      /* other users are let in by who they are */

	/* There is something new for those who watch; NULL: nobody does. */
	void (*changed)(void *arg);
	void *arg;
};

/*
 * Lends a stream to the mixer under a new id, at the volume that is meant for
 * it.  0, or as mixer_add(): then it stays the caller's.
 */
int service_play(struct service *service, struct stream *stream);

/*
 * Where other users are let in too, the daemon's own and root do what concerns
 * everybody, and the others end or hold what they play themselves, also when
 * its client has gone.
 */
bool service_obeys(const struct service *service,
    const struct client_peer *peer);
bool service_lets_end(const struct service *service,
    const struct client_peer *peer, const struct stream *stream);

/*
 * Sets the stream's volume, tells whoever watches, and remembers it and whether
 * it is muted by its name.
 */
void service_set_volume(struct service *service, struct stream *stream,
    int32_t left, int32_t right);

/* Sets the master's volume, clamped like a stream's, and mute. */
void service_set_master(struct service *service, int32_t left, int32_t right,
    bool muted);

/*
 * After the mixer's wake-up: frees the streams that came back, and tells the
 * owners of those and of streams that have room.
 */
void service_collect(struct service *service);

#endif
