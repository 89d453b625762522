/*
 * One device, of whatever kind, and what it granted.
 * Thread: one at a time; opening and closing may take their time.
 */
#ifndef SINK_H
#define SINK_H

#include <stdbool.h>

#include "server/device/device.h"

struct sink {
	const struct device_kind *kind;
	struct device *device; /* NULL: closed */
	struct device_got got;
	int card; /* reserved for it, see gate.h; -1: none */
};

/* Opens a name's kind of device for playing, or for capture; 0 or -errno. */
int sink_open(struct sink *sink, const char *name,
    const struct device_want *want);
int sink_listen(struct sink *sink, const char *name,
    const struct device_want *want);
void sink_close(struct sink *sink); /* one that isn't open is fine */

/* Whether it is open on one of those cards, a bit each, from the lowest. */
bool sink_is_on(const struct sink *sink, uint32_t cards);

/*
 * Writes and reads n frames as the device's kind does, but with the front pair
 * as the first two channels.  Thread: audio.
 */
int sink_write(struct sink *sink, void *frames, uint32_t n);
int sink_read(struct sink *sink, void *frames, uint32_t n);

#endif
