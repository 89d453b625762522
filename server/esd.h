/* What the daemon does for each ESD row.  Thread: control. */
#ifndef ESD_H
#define ESD_H

#include "server/mixer.h"
#include "server/session.h"
#include "server/volume.h"

/* What the handlers work on; session_host.server points to it. */
struct esd_service {
	struct mixer *mixer;
	const struct volume_rules *rules;
	uint32_t last_id; /* of streams */
};

/* One a row, in esd.def's order. */
extern session_handler *const esd_handlers[ESD_OPS];

/*
 * After the mixer's wake-up: frees the streams that came back and lets the
 * sessions of those with room read again.
 */
void esd_collect(struct esd_service *service);

#endif
