#include "server/devices.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* "0" and "DEV=0" are arguments of the name before, "default" is a name. */
static bool
is_argument(const char *word)
{
	size_t digits = strspn(word, "0123456789");

	/* A quote ends the argument in "plug:'hw:0,0'". */
	if (digits > 0 && strchr(",'\"", word[digits]) != NULL) {
		return true;
	}
	while (isalnum((unsigned char)*word) || *word == '_') {
		word++;
	}
	return *word == '=';
}

/* The length of the name that begins there, its arguments included. */
static size_t
name_length(const char *chain)
{
	size_t length = strcspn(chain, ",");

	while (chain[length] == ',' && is_argument(chain + length + 1)) {
		length += 1 + strcspn(chain + length + 1, ",");
	}
	return length;
}

static void
begin_better(struct devices *devices, uint64_t at)
{
	devices->better_next = 0;
	devices->better_wait_ms = DEVICES_PREFER_FIRST;
	devices->better_at = at;
}

static void
begin(struct devices *devices, uint64_t at)
{
	devices->better_next = 0;
	devices->better_at = 0;
	devices->next = 0;
	devices->wait_ms = DEVICES_RETRY_FIRST;
	devices->retry_at = at;
}

int
devices_parse(struct devices *devices, const char *chain)
{
	*devices = (struct devices){ .better_wait_ms = DEVICES_PREFER_FIRST };
	begin(devices, 0);
	for (;;) {
		size_t length = name_length(chain);

		if (length == 0) {
			return -EINVAL;
		}
		if (length >= DEVICE_NAME_MAX ||
		    devices->count == DEVICES_MAX) {
			return -E2BIG;
		}
		memcpy(devices->names[devices->count++], chain, length);
		if (chain[length] == '\0') {
			return 0;
		}
		chain += length + 1;
	}
}

int
devices_try(struct devices *devices, uint64_t now)
{
	if (devices->next == 0 && now < devices->retry_at) {
		return -1;
	}

	unsigned index = devices->next++;
	if (devices->next == devices->count) {
		devices->next = 0;
		devices->retry_at = now + devices->wait_ms;
		devices->wait_ms *= 2;
		if (devices->wait_ms > DEVICES_RETRY_LAST) {
			devices->wait_ms = DEVICES_RETRY_LAST;
		}
	}
	return (int)index;
}

int
devices_try_better(struct devices *devices, unsigned open, uint64_t now)
{
	if (open == 0) {
		return -1;
	}
	if (devices->better_at == 0) {
		devices->better_at = now + devices->better_wait_ms;
	}
	if (devices->better_next == 0 && now < devices->better_at) {
		return -1;
	}

	unsigned index = devices->better_next++;
	if (devices->better_next >= open) {
		devices->better_next = 0;
		devices->better_wait_ms *= 2;
		if (devices->better_wait_ms > DEVICES_PREFER_LAST) {
			devices->better_wait_ms = DEVICES_PREFER_LAST;
		}
		devices->better_at = now + devices->better_wait_ms;
	}
	return (int)index;
}

void
devices_hint(struct devices *devices, uint64_t now)
{
	begin_better(devices, now);
}

void
devices_proven(struct devices *devices, unsigned index)
{
	if (index == 0) {
		begin_better(devices, 0);
	}
}

void
devices_lost(struct devices *devices, uint64_t now)
{
	begin(devices, now);
}
