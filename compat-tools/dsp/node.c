#include "compat-tools/dsp/node.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#include "compat-tools/dsp/door.h"

#define DIRECTORY "/dev/"
#define DIGITS	  2 /* of a device's number, at most */

static const struct {
	const char *name; /* below /dev; a number may follow */
	enum door_device device;
} nodes[] = {
	{ "dsp", DOOR_DSP },
	{ "dspW", DOOR_DSPW },
	{ "adsp", DOOR_DSP },
	{ "audio", DOOR_AUDIO },
	{ "mixer", DOOR_MIXER },
	{ "sound/dsp", DOOR_DSP },
	{ "sound/dspW", DOOR_DSPW },
	{ "sound/adsp", DOOR_DSP },
	{ "sound/audio", DOOR_AUDIO },
	{ "sound/mixer", DOOR_MIXER },
};

/* Whether the rest of a name is a device's number, or nothing. */
static int
is_number(const char *rest)
{
	size_t digits = strspn(rest, "0123456789");

	return digits <= DIGITS && rest[digits] == '\0';
}

/* Whether that name is a word of the list. */
static int
is_listed(const char *name, const char *list)
{
	size_t length = strlen(name);

	while (*list != '\0') {
		size_t word = strcspn(list, ",");
		size_t skip =
		    strncmp(list, DIRECTORY, sizeof(DIRECTORY) - 1) == 0
			? sizeof(DIRECTORY) - 1
			: 0;

		if (word - skip == length &&
		    strncmp(list + skip, name, length) == 0) {
			return 1;
		}
		list += word + (list[word] == ',');
	}
	return 0;
}

int
node_find(const char *path, const char *only)
{
	const char *name;

	if (path == NULL ||
	    strncmp(path, DIRECTORY, sizeof(DIRECTORY) - 1) != 0) {
		return -1;
	}
	name = path + sizeof(DIRECTORY) - 1;
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		size_t length = strlen(nodes[i].name);

		if (strncmp(name, nodes[i].name, length) == 0 &&
		    is_number(name + length)) {
			if (only != NULL && *only != '\0' &&
			    !is_listed(name, only)) {
				return -1;
			}
			return (int)nodes[i].device;
		}
	}
	return -1;
}

int
node_access(int flags)
{
	if ((flags & O_DIRECTORY) != 0) {
		return -ENOTDIR;
	}
	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) {
		return -EEXIST;
	}
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return DOOR_READ;
	case O_WRONLY:
		return DOOR_WRITE;
	default:
		return DOOR_READ | DOOR_WRITE;
	}
}
