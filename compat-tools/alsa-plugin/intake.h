/*
 * What is recorded, on its way from the daemon to a program: a ring as long as
 * the PCM's buffer, filled from the socket whenever somebody looks.
 *
 * Frames are counted since intake_prepare().  Errors: -errno.  Thread: one.
 */
#ifndef INTAKE_H
#define INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compat-tools/daemon.h"

struct intake {
	/* the caller's, before intake_init() */
	struct daemon *daemon;
	const char *name;
	int32_t wire; /* the daemon's format word: width, channels */
	unsigned frame_bytes;
	uint32_t rate;
	uint32_t buffer; /* frames */

	struct client stream; /* fd -1: none */
	uint8_t *ring;
	uint64_t got; /* bytes, the last frame perhaps not whole */
	size_t
	    cut; /* bytes thrown away of a frame, the rest of which will be */
	bool paused;
	bool over;   /* there was more than fits */
	bool lost;   /* the daemon, since intake_prepare() */
	bool broken; /* the same, and there is none yet */
};

int intake_init(struct intake *intake);	   /* 0 or -ENOMEM */
void intake_finish(struct intake *intake); /* one of zeros is fine */

void intake_prepare(struct intake *intake);
/* A daemon that was lost is waited for.  -ENODEV: there is none. */
int intake_start(struct intake *intake);
void intake_stop(struct intake *intake);

/* Counts anew: what has come is forgotten. */
void intake_reset(struct intake *intake);

/* While paused, what comes is thrown away. */
void intake_pause(struct intake *intake, bool paused);

/*
 * Reads what has come, as far as it fits behind frame `from`, where the
 * program is.  -EPIPE: the daemon is gone.
 */
int intake_look(struct intake *intake, uint64_t from);

uint64_t intake_frames(const struct intake *intake); /* that are whole */

/* The byte at which a frame begins; contiguous ones follow, at most *n. */
const uint8_t *intake_at(const struct intake *intake, uint64_t frame,
    size_t *n);

#endif
