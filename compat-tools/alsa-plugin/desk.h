/*
 * The daemon's mixer as strips, kept up to date: one connection asks, another
 * WATCHes.  Knows nothing of ALSA.  Thread: any, one at a time for each desk.
 */
#ifndef DESK_H
#define DESK_H

#include "compat-tools/alsa-plugin/strips.h"
#include "compat-tools/client.h"

#define DESK_SIDES 2
#define DESK_FULL                                                              \
	ESD_VOLUME_BASE /* unity; the daemon's own end is twice that */

struct desk {
	struct client client;
	struct client watch; /* readable when the strips may have changed */
	bool named;	     /* STRIPS_OWN is there whoever plays */
	char own[ESD_NAME_MAX];
	bool lost; /* the daemon is gone, for good */
	struct strips strips;
};

/*
 * Opens the mixer of a server, as client_open() does, with nothing untold.
 *   own  whose volume STRIPS_OWN is: streams of that name; NULL: this
 *        program's, while it plays
 * 0; or -errno with its sentence in desk->client.why, and closed.
 */
int desk_open(struct desk *desk, const char *server, const char *own);

/* Takes in what has changed.  0, or -ENODEV: lost. */
int desk_catch_up(struct desk *desk);

/*
 * Sets a part of a strip of the list, which then has that value untold.
 *   value  0 .. DESK_FULL for each side, clamped; of the switch: 0 is muted
 * 1; 0: it was so already; -ENOENT: its stream is gone; -ENODEV: lost.
 */
int desk_set(struct desk *desk, struct strip *strip, enum strips_part part,
    const long *value);

void desk_close(struct desk *desk);

#endif
