/*
 * The daemon, as those see it who stand for a sound card: a connection for
 * orders, kept while it lasts, and one of its own for each stream.
 *
 * Every call may wait for the daemon, DAEMON_MS at most for each exchange; one
 * that was not there is not asked again for a while, so that a daemon that
 * hangs does not hang the programs with it.  Errors: -errno.  Thread: one.
 */
#ifndef DAEMON_H
#define DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "compat-tools/client.h"

#define DAEMON_MS	 700	 /* for an answer */
#define DAEMON_PAUSE	 250000	 /* us before it is looked for again ... */
#define DAEMON_PAUSE_MAX 8000000 /* ... doubled up to this */
#define DAEMON_RESTART	 1000	 /* ms that it may take to start again */

struct daemon {
	struct client client; /* for orders; fd -1: none now */
	bool extended;	      /* has the requests from 1000 on */

	/* To be set after daemon_init(), where wanted. */
	const char *server; /* as address_parse() takes it; stays where it is */
	bool swapped;	    /* see client.h; for connections to come */
	bool (*refuse)(int fd); /* whether that server won't do: -ELOOP */
	void (*tell)(const char *sentence); /* an error; NULL: nobody */

	/* Not before this; and how long the next pause is. */
	int64_t retry_at;
	int64_t pause;

	/* What STATUS said; guesses for other servers. */
	uint32_t rate;	 /* of the mix */
	uint32_t period; /* frames of that */
};

void daemon_init(struct daemon *daemon);
void daemon_finish(struct daemon *daemon);

/* Connects for orders, unless it is. */
int daemon_connect(struct daemon *daemon);

/*
 * The same for a stream, which the connection has become when this returns.
 *   buffer_ms  what the ring should hold; the daemon may give more
 *   granted    its id and ring; id 0: a server that tells no positions
 */
int daemon_play(struct daemon *daemon, const char *name, int32_t wire,
    uint32_t rate, uint32_t buffer_ms, struct client *stream,
    struct esd_granted *granted);
int daemon_record(struct daemon *daemon, const char *name, int32_t wire,
    uint32_t rate, struct client *stream);

/*
 * Makes a stream by one of those; one that has gone is waited for.
 *   gone     known to have
 *   connect  calls it: its result
 */
int daemon_find(struct daemon *daemon, bool gone, int (*connect)(void *arg),
    void *arg);

/* It plays nothing while it is held: its ring waits.  -ENOSYS: it can't. */
int daemon_hold(struct daemon *daemon, int32_t id, bool held);

/* Ends a stream of daemon_play() at once, with what it has yet to play. */
void daemon_kill(struct daemon *daemon, int32_t id);

/* Frames of `rate` from the ring to the card. */
uint32_t daemon_lag(struct daemon *daemon, uint32_t rate);

/*
 * Volumes, left and right, as ESD counts; a pair of -1 asks only, and is
 * filled with what is so now.  -ENOSYS: the server has none.
 */
int daemon_master(struct daemon *daemon, int32_t volume[2]);
int daemon_volume(struct daemon *daemon, const char *name, int32_t volume[2]);

#endif
