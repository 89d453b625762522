#include "server/sink.h"

#include <errno.h>
#include <stddef.h>

#include "server/engine/format.h"

static const unsigned first[2] = { 0, 1 };

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

bool
sink_is_on(const struct sink *sink, uint32_t cards)
{
	return sink->device != NULL && sink->card >= 0 &&
	       (cards & UINT32_C(1) << sink->card) != 0;
}

static bool
is_elsewhere(const struct device_got *got)
{
	return got->channels > 1 &&
	       (got->front[0] != first[0] || got->front[1] != first[1]);
}

int
sink_write(struct sink *sink, void *frames, uint32_t n)
{
	const struct device_got *got = &sink->got;

	if (is_elsewhere(got)) {
		format_move(got->format, got->channels, first, got->front,
		    frames, n);
	}
	return sink->kind->write(sink->device, frames, n);
}

int
sink_read(struct sink *sink, void *frames, uint32_t n)
{
	const struct device_got *got = &sink->got;
	int done = sink->kind->read(sink->device, frames, n);

	if (done > 0 && is_elsewhere(got)) {
		format_move(got->format, got->channels, got->front, first,
		    frames, (uint32_t)done);
	}
	return done;
}
