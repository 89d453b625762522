/*
 * What a daemon plays, and its volumes, for whoever lists or mixes: by the
 * extension where the daemon has it, else by the old requests.  Functions
 * return what is said below, or -errno with its sentence in client->why.
 */
#ifndef STREAMS_H
#define STREAMS_H

#include <stddef.h>

#include "compat-tools/client.h"

#define STREAMS_UNKNOWN (-1) /* what an old server doesn't tell */

/*
 * The streams, newest first, by STATUS or from ALL_INFO.  0.
 *   status  filled; all zero but the rate from an old server
 *   list    the caller frees it, after an error too
 */
int streams_fetch(struct client *client, struct esd_status *status,
    struct esd_playing **list, size_t *count);

/*
 * Sets a stream's volume and mute; -1 leaves a field, but an old server can
 * be told the volume alone, and both sides of it.  1; 0: no such stream.
 */
int streams_set(struct client *client, const struct esd_volume *volume);

#endif
