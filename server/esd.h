/* What the daemon does for each ESD row.  Thread: control. */
#ifndef ESD_H
#define ESD_H

#include "server/clips.h"
#include "server/memory.h"
#include "server/mixer.h"
#include "server/session.h"
#include "server/status.h"
#include "server/volume.h"

/* What the handlers work on; session_host.server points to it. */
struct esd_service {
	struct mixer *mixer;
	const struct volume_rules *rules;
	struct memory *memory; /* of volumes; NULL: none is remembered */
	struct clips clips;
	struct status status;
	uint32_t last_id;     /* of streams */
	uint32_t players;     /* of clips, now */
	uint32_t players_max; /* what is left of the streams is clients' */
	bool unlocked;	      /* any key is accepted */
};

/* One a row, in esd.def's order. */
extern session_handler *const esd_handlers[ESD_OPS];

/*
 * Lends a stream to the mixer under a new id, at the volume that is meant for
 * it, and the client's bytes go there.  0, or -EPROTO: refused, and freed.
 */
int esd_start(struct session *session, struct stream *stream);

/* Reads what a stream is to be; 0, or -EPROTO: refused. */
int esd_parse(struct session *session, int32_t format, int32_t rate,
    struct sound *sound);

/*
 * Sets the stream's volume, tells whoever watches, and remembers it and whether
 * it is muted by its name.
 */
void esd_set_volume(struct session *session, struct stream *stream,
    int32_t left, int32_t right);

/* One line, then -EPROTO, for a stream or clip that cannot be had. */
int esd_refuse(const struct session *session, int error);

/*
 * After the mixer's wake-up: frees the streams that came back and lets the
 * sessions of those with room read again.
 */
void esd_collect(struct esd_service *service);

#endif
