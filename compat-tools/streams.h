/*
 * What a daemon plays, and its volumes, for whoever lists or mixes: by the
 * extension where the daemon has it, else by the old requests.  Functions
 * return what is said below, or -errno with its sentence in client->why.
 */
#ifndef STREAMS_H
#define STREAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "compat-tools/client.h"

#define STREAMS_UNKNOWN	  (-1)	/* what an old server doesn't tell */
#define STREAMS_MAX	  10000 /* more are no daemon's */
#define STREAMS_BUSES_MAX 64	/* likewise */

struct streams {
	bool extended; /* it has the extension, and tells all of this */
	struct esd_status status; /* of an old server the rate alone */
	struct esd_playing *list; /* newest first */
	size_t count;
	struct esd_bus buses[STREAMS_BUSES_MAX];
	size_t bus_count;
};

/*
 * Fills `streams` by STATUS or from ALL_INFO; streams_free() is due after an
 * error too.  0.
 */
int streams_fetch(struct client *client, struct streams *streams);
void streams_free(struct streams *streams);

/*
 * Sets a stream's volume and mute; -1 leaves a field, but an old server can
 * be told the volume alone, and both sides of it.  1; 0: no such stream.
 */
int streams_set(struct client *client, const struct esd_volume *volume);

#endif
