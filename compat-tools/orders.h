/*
 * What a daemon that has the extension is told to do, by whoever mixes.
 * Functions return 1; 0: there is nothing of the kind, or it is not for us; or
 * -errno with its sentence in client->why.  Thread: as client.h.
 */
#ifndef ORDERS_H
#define ORDERS_H

#include "compat-tools/client.h"

/* Sets the volume of everything, and mute; -1 leaves a field. */
int orders_master(struct client *client, const struct esd_master *master);

/* Ends that stream, and its connection. */
int orders_kill(struct client *client, int32_t id);

/* Sets volume and mute of all streams of a name, and of those to come. */
int orders_remember(struct client *client, const struct esd_named *named);

/* Forgets what is kept for that name. */
int orders_forget(struct client *client, const char *name);

#endif
