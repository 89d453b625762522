/*
 * What can be asked of the whole, and what has lately changed: kept here for
 * those who ask or watch.  Thread: control.
 */
#ifndef STATUS_H
#define STATUS_H

#include "protocols/esd.h"
#include "server/event.h"

#define STATUS_CHANGES 64 /* remembered; who comes later was too slow */

struct status {
	/* the device */
	char device[ESD_NAME_MAX];
	enum esd_state state;
	int32_t card;  /* the kernel's number of the one it plays on, or -1 */
	int32_t error; /* while it is lost, why: an errno; else 0 */
	struct device_got got; /* by the one last opened; 0: none yet */
	int32_t realtime;    /* the mixer's priority: 1, 0 refused, -1 not asked
				for */
	const char *version; /* the daemon's; NULL: unknown */

	/* the master */
	int32_t master[2];
	bool muted;

	/* The last changes, by number: the first of all is number 1. */
	struct esd_change changes[STATUS_CHANGES];
	uint64_t changed; /* number of the latest */
};

/* Unity, and no device yet. */
void status_init(struct status *status);

/* The device told this; `name` is the one it is about. */
void status_note(struct status *status, const char *name,
    const struct mixer_event *event);

void status_change(struct status *status, enum esd_news what, uint32_t id);

/*
 * The change after number *last, which is counted on; false if there is none.
 * The first one, after 0, and one that is forgotten already, is
 * ESD_CHANGE_ALL, which stands for all up to the latest.
 */
bool status_next(const struct status *status, uint64_t *last,
    struct esd_change *change);

#endif
