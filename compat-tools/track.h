/*
 * A stream to the daemon that plays, and where it is: its connection, what was
 * sent, the records that come back.  Outlives connections.
 *
 * Frames are counted since track_init().  Nothing here waits, but connecting
 * and orders may, as daemon.h says.  Errors: -errno.  Thread: one.
 */
#ifndef TRACK_H
#define TRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "compat-tools/daemon.h"
#include "compat-tools/position.h"

#define TRACK_RECORDS 1024

struct track {
	/* the caller's, before track_init() */
	struct daemon *daemon;
	const char *name;
	int32_t wire;	      /* the daemon's format word: width, channels */
	unsigned frame_bytes; /* of that */

	struct client stream;	    /* fd -1: none */
	struct esd_granted granted; /* id 0: tells no positions */
	struct position position;
	uint64_t base;		 /* frames sent before this connection */
	unsigned underruns;	 /* of those, before this connection */
	unsigned told_underruns; /* since */
	bool lost;		 /* there was a connection */
	size_t cut; /* bytes sent of a frame that is not sent whole */
};

void track_init(struct track *track, uint32_t rate);

/* Bytes of the daemon's ring, in ms of sound; it may grant more. */
int track_connect(struct track *track, uint32_t buffer_ms);

/* The connection alone: what was sent is played out. */
void track_close(struct track *track);

/* The same, at once: what is not mixed is not played. */
void track_kill(struct track *track);

/*
 * It is gone: what was sent and never came back counts as played in time.
 * Returns the bytes not sent of a frame that was begun, which count as sent.
 */
size_t track_lose(struct track *track);

/*
 * Reads what the daemon has told, TRACK_RECORDS at most: more come after.
 * -errno: the connection is to be lost.
 */
int track_look(struct track *track);

/*
 * Sends what can be sent at once; how many bytes, 0: none now, or -errno: the
 * connection is to be lost.
 */
ssize_t track_send(struct track *track, const uint8_t *bytes, size_t count);

/* So many bytes count as sent, though there is no daemon. */
void track_pass(struct track *track, size_t bytes);

/* Frames of its ring that are certain to be free of what was sent. */
uint64_t track_room(struct track *track, uint64_t buffer);

uint64_t track_sent(const struct track *track);
uint64_t track_mixed(struct track *track);
uint64_t track_heard(struct track *track);
unsigned track_underruns(const struct track *track);

#endif
