#include "server/busy.h"

#include <errno.h>
#include <stdio.h>

#include "server/device/device.h"
#include "server/holder.h"

const char *
busy_reason(const char *device, int error, char way, int pid,
    char text[BUSY_TEXT_MAX])
{
	const struct device_kind *kind = device_kind_of(device);
	char who[HOLDER_TEXT_MAX];
	struct holders holders = { .count = 0 };
	const char *how = "held";
	int card;

	if (error == -EBUSY && kind->card != NULL &&
	    (card = kind->card(device)) >= 0) {
		holder_find(&holders, "/proc", "/dev", card, way);
	}
	if (holders.count == 0 && error == -EBUSY) {
		how = "reserved";
		holder_of(&holders, "/proc", pid);
	}
	if (error == -ETIMEDOUT) {
		return "it does not answer; restart the sound server behind "
		       "it, or name another device";
	}
	if (holders.count == 0) {
		return kind->reason(error);
	}
	holder_print(&holders, who);
	(void)snprintf(text, BUSY_TEXT_MAX, "Device or resource busy; %s by %s",
	    how, who);
	return text;
}
