#include "server/sink.h"

#include <errno.h>
#include <stddef.h>

int
sink_open(struct sink *sink, const char *name, const struct device_want *want)
{
	int error;

	sink->kind = device_kind_of(name);
	error = sink->kind->open(name, want, &sink->device, &sink->got);
	if (error < 0) {
		sink->device = NULL;
	}
	return error;
}

int
sink_listen(struct sink *sink, const char *name, const struct device_want *want)
{
	int error = -ENODEV;

	sink->kind = device_kind_of(name);
	if (sink->kind->listen != NULL) {
		error =
		    sink->kind->listen(name, want, &sink->device, &sink->got);
	}
	if (error < 0) {
		sink->device = NULL;
	}
	return error;
}

void
sink_close(struct sink *sink)
{
	if (sink->device != NULL) {
		sink->kind->close(sink->device);
		sink->device = NULL;
	}
}
