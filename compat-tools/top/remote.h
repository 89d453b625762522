/*
 * The daemon whose board it is: asked, told, and come back to after it has
 * gone.  Thread: one, which it holds up for REMOTE_MS at most where the daemon
 * doesn't answer, once more while it connects.
 */
#ifndef REMOTE_H
#define REMOTE_H

#include "compat-tools/top/board.h"

#define REMOTE_MS	3000 /* for an answer, once there has been one */
#define REMOTE_RETRY_MS 500  /* from one try to connect to the next */

struct remote {
	struct client client;
	const char *server; /* as address_parse() takes it */
	int64_t retry;	    /* when to connect again, ms */
};

/*
 * Connects, with more patience than is had later.  0, or -errno and its
 * sentence in remote->client.why.
 */
int remote_open(struct remote *remote, const char *server);
void remote_close(struct remote *remote);

/*
 * Asks how all is, for the board; connects again first, where that is due.
 * 0, or -errno: the board has been told why.
 */
int remote_ask(struct remote *remote, struct board *board, int64_t now);

/* Has an order carried out; what came of it is said on the board. */
void remote_order(struct remote *remote, struct board *board,
    const struct order *order, int64_t now);

#endif
