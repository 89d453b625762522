/*
 * A mixer that stands still: mixer.h without a thread, a clock or a device.
 * It plays when still_turn() says so, by throwing the sound away.
 */
#ifndef STILL_H
#define STILL_H

#include "server/mixer.h"
#include "server/rest.h"

#define STILL_STREAMS_MAX 8
#define STILL_INSERTS_MAX 1
#define STILL_RATE	  44100
#define STILL_PERIOD	  512 /* frames */

struct mixer {
	struct stream *streams; /* newest first */
	unsigned count;
	struct insert *inserts[STILL_INSERTS_MAX];
	unsigned insert_count;
	bool standby, suspended;
	struct rest rest;
	struct moment moment;
	struct rates rates; /* one bus has them all */
	struct tap tap;	    /* of the mix and of the capture device: silent */
};

/* One period: takes it from every stream; inserts hear nothing. */
void still_turn(struct mixer *mixer);

/* Frees the inserts, once their clients have gone. */
void still_finish(struct mixer *mixer);

#endif
