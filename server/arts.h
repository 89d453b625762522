/*
 * What the daemon does for each MCOP row: the sound server that aRts clients
 * know.  Thread: control.
 */
#ifndef ARTS_H
#define ARTS_H

#include "server/artsclient.h"
#include "server/service.h"

/* What every aRts client of a daemon shares. */
struct arts {
	/* constant */
	struct service *service;
	struct clients *clients;
	arts_handler *const *handlers; /* one a row */
	struct mcop_reference self;    /* our name and addresses */
	const char *version;

	/* The cookie of that number, as it is now; false: there is none. */
	bool (
	    *cookie)(void *arg, unsigned index, char cookie[MCOP_SEED_LEN + 1]);

	/* Plays a file of that absolute path, meanwhile; false: it doesn't. */
	bool (*play)(void *arg, const char *path);

	void (*terminate)(void *arg); /* once this answer is out */
	void *arg;

	struct artsstreams streams; /* all clients', and what is left of those
				       that have gone */
	size_t queued_bytes;	    /* of sound, see ARTS_QUEUE_ALL */
	uint32_t last_object;
	int32_t multiplier; /* of the least buffer of a stream */
	int32_t inserted;   /* effects, so far */
};

/* One a row, in mcop.def's order; NULL: only clients have it. */
extern arts_handler *const arts_handlers[MCOP_METHODS];

/* After the mixer's wake-up: sound moves on, both ways. */
void arts_serve(struct arts *arts);

/* At the end, after all clients and the mixer have gone. */
void arts_finish(struct arts *arts);

#endif
