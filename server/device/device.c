#include "server/device/device.h"

#include <string.h>

static uint32_t
in_frames(uint32_t us, uint32_t rate)
{
	return (uint32_t)(((uint64_t)us * rate + 500000) / 1000000);
}

uint32_t
device_period(const struct device_want *want, uint32_t rate)
{
	uint32_t period = want->period_us > 0 ? in_frames(want->period_us, rate)
					      : want->period;

	if (period < DEVICE_PERIOD_MIN) {
		return DEVICE_PERIOD_MIN;
	}
	return period < ENGINE_PERIOD_MAX ? period : ENGINE_PERIOD_MAX;
}

uint32_t
device_buffer(const struct device_want *want, uint32_t rate)
{
	uint32_t period = device_period(want, rate);
	uint32_t buffer = want->buffer_us > 0 ? in_frames(want->buffer_us, rate)
			  : want->buffer > 0  ? want->buffer
					      : period * want->periods;

	return buffer > 2 * period ? buffer : 2 * period;
}

const char *
device_access_name(enum device_access access)
{
	return access == ACCESS_MMAP ? "mmap" : "rw";
}

const struct device_kind *
device_kind_of(const char *name)
{
	/* alsa takes any name, so it comes last. */
	static const struct device_kind *const kinds[] = { &device_null,
		&device_file };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *prefix = kinds[i]->prefix;
		size_t length = strlen(prefix);

		/* "null" is a whole name, "file:" the beginning of one. */
		if (strncmp(name, prefix, length) == 0 &&
		    (prefix[length - 1] == ':' || name[length] == '\0')) {
			return kinds[i];
		}
	}
	return &device_alsa;
}
