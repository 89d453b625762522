/*
 * Sounds that a daemon keeps.  Everything returns as client_call() does: 0, or
 * -errno with a sentence in client->why.
 * Thread: any, one at a time for each client.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "compat-tools/client.h"

/* What a sample is before it is uploaded. */
struct sample {
	const char *name; /* cut at ESD_NAME_MAX - 1 bytes */
	int32_t format;	  /* width and channels */
	int32_t rate;	  /* frames/s */
	const uint8_t *data;
	size_t bytes; /* up to INT32_MAX */
};

/* *id: the daemon's number for it, confirmed after the last byte. */
int sample_upload(struct client *client, const struct sample *sample,
    int32_t *id);

/* The newest sample of exactly that name; -ENOENT if there is none. */
int sample_find(struct client *client, const char *name, int32_t *id);

/*
 * SAMPLE_PLAY, SAMPLE_LOOP, SAMPLE_STOP or SAMPLE_FREE; -ENOENT if the daemon
 * doesn't know that number.
 */
int sample_do(struct client *client, enum esd_opcode opcode, int32_t id);

#endif
