/*
 * A mixer that stands still: mixer.h without a thread, a clock or a device.
 * It plays when still_turn() says so, by throwing the sound away.
 */
#ifndef STILL_H
#define STILL_H

#include "server/mixer.h"

#define STILL_STREAMS_MAX 8
#define STILL_RATE	  44100
#define STILL_PERIOD	  512 /* frames */

struct mixer {
	struct stream *streams; /* newest first */
	unsigned count;
};

/* One period: takes it from every stream. */
void still_turn(struct mixer *mixer);

#endif
