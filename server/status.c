#include "server/status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void
status_init(struct status *status)
{
	memset(status, 0, sizeof(*status));
	status->card = -1;
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

static void
set_device(struct status *status, const char *name, int error)
{
	const struct device_kind *kind = device_kind_of(name);
	int card = kind->card == NULL ? -1 : kind->card(name);

	(void)snprintf(status->device, sizeof(status->device), "%s", name);
	status->card = card < 0 ? -1 : card;
	status->error = -error;
}

/* Of several that cannot be had, the first is the one that was wished for. */
static void
note_failure(struct status *status, const char *name,
    const struct mixer_event *event)
{
	if (status->state == ESD_STATE_OPEN || event->device != 0 ||
	    (status->state == ESD_STATE_LOST &&
		status->error == -event->error &&
		strcmp(status->device, name) == 0)) {
		return; /* it plays, or nothing is new */
	}
	set_device(status, name, event->error);
	set_state(status, ESD_STATE_LOST);
}

void
status_note(struct status *status, const char *name,
    const struct mixer_event *event)
{
	switch (event->kind) {
	case MIXER_OPENED:
		set_device(status, name, 0);
		status->got = event->got;
		set_state(status, ESD_STATE_OPEN);
		break;
	case MIXER_FAILED:
		note_failure(status, name, event);
		break;
	case MIXER_LOST:
		set_device(status, name, event->error);
		set_state(status, ESD_STATE_LOST);
		break;
	case MIXER_YIELDED:
		set_device(status, name, -EBUSY);
		set_state(status, ESD_STATE_LOST);
		break;
	case MIXER_RELEASED:
		status->error = 0;
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
