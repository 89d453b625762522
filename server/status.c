#include "server/status.h"

#include <stdio.h>
#include <string.h>

void
status_init(struct status *status)
{
	memset(status, 0, sizeof(*status));
	status->master[0] = ESD_VOLUME_BASE;
	status->master[1] = ESD_VOLUME_BASE;
	status->changed = 1; /* all is new */
}

static void
set_state(struct status *status, enum esd_state state)
{
	status->state = state;
	status_change(status, ESD_CHANGE_DEVICE, 0);
}

void
status_note(struct status *status, const char *name,
    const struct mixer_event *event)
{
	switch (event->kind) {
	case MIXER_OPENED:
		(void)snprintf(status->device, sizeof(status->device), "%s",
		    name);
		status->got = event->got;
		set_state(status, ESD_STATE_OPEN);
		break;
	case MIXER_LOST:
	case MIXER_YIELDED:
		set_state(status, ESD_STATE_LOST);
		break;
	case MIXER_RELEASED:
		set_state(status, ESD_STATE_ASLEEP);
		break;
	case MIXER_REALTIME:
		status->realtime = 0;
		break;
	default:
		break;
	}
}

void
status_change(struct status *status, enum esd_news what, uint32_t id)
{
	struct esd_change *change =
	    &status->changes[++status->changed % STATUS_CHANGES];

	change->what = (int32_t)what;
	change->id = (int32_t)id;
}

bool
status_next(const struct status *status, uint64_t *last,
    struct esd_change *change)
{
	if (*last == status->changed) {
		return false;
	}
	if (*last == 0 || status->changed - *last > STATUS_CHANGES) {
		*last = status->changed;
		change->what = ESD_CHANGE_ALL;
		change->id = 0;
		return true;
	}
	*change = status->changes[++*last % STATUS_CHANGES];
	return true;
}
