#include "server/device/device.h"

#include <string.h>

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
