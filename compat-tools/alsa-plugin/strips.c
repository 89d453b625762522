#include "compat-tools/alsa-plugin/strips.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compat-tools/text.h"

void
strips_name(const char *from, char name[STRIPS_NAME_MAX])
{
	size_t length = 0;

	if (*from == '\0') {
		from = "Stream";
	}
	while (*from != '\0') {
		size_t shown = text_shown(from);
		size_t bytes = shown > 0 ? shown : 1;

		if (length + bytes >= STRIPS_NAME_MAX) {
			break;
		}
		memcpy(name + length, shown > 0 ? from : "?", bytes);
		length += bytes;
		from += bytes;
	}
	name[length] = '\0';
}

/* --- changes -------------------------------------------------------------- */

static bool
same(const struct strip *a, const struct strip *b)
{
	return a->id == b->id && strcmp(a->name, b->name) == 0;
}

static const struct strip *
find_same(const struct strip *list, size_t count, const struct strip *strip)
{
	for (size_t i = 0; i < count; i++) {
		if (!list[i].gone && same(&list[i], strip)) {
			return &list[i];
		}
	}
	return NULL;
}

/* Of a part whose coming nobody has been told, the going is no news. */
static void
strip_go(struct strip *strip)
{
	strip->gone = true;
	for (int part = 0; part < STRIPS_PARTS; part++) {
		strip->untold[part] =
		    (strip->untold[part] & STRIPS_CAME) != 0 ? 0 : STRIPS_WENT;
	}
}

static void
note_value(struct strip *strip, enum strips_part part)
{
	if ((strip->untold[part] & STRIPS_CAME) == 0) {
		strip->untold[part] |= STRIPS_VALUE;
	}
}

static void
strip_change(struct strip *strip, const struct strip *now)
{
	if (strip->volume[0] != now->volume[0] ||
	    strip->volume[1] != now->volume[1]) {
		memcpy(strip->volume, now->volume, sizeof(strip->volume));
		note_value(strip, STRIPS_VOLUME);
	}
	if (strip->muted != now->muted) {
		strip->muted = now->muted;
		note_value(strip, STRIPS_SWITCH);
	}
}

static bool
is_over(const struct strip *strip)
{
	return strip->gone && strip->untold[STRIPS_VOLUME] == 0 &&
	       strip->untold[STRIPS_SWITCH] == 0;
}

static void
remove_over(struct strips *strips)
{
	size_t kept = 0;

	for (size_t i = 0; i < strips->count; i++) {
		if (!is_over(&strips->list[i])) {
			strips->list[kept++] = strips->list[i];
		}
	}
	strips->count = kept;
}

/*
 * The lowest that no strip of that name has: one that has gone has its own
 * until that is told.
 *   used  as many as there are strips, all false; left so
 */
static unsigned
free_index(const struct strips *strips, const char *name, bool *used)
{
	unsigned index = 0;

	for (size_t i = 0; i < strips->count; i++) {
		const struct strip *strip = &strips->list[i];

		if (strip->index < strips->count &&
		    strcmp(strip->name, name) == 0) {
			used[strip->index] = true;
		}
	}
	while (index < strips->count && used[index]) {
		index++;
	}
	memset(used, false, strips->count);
	return index;
}

static void
strip_come(struct strips *strips, const struct strip *now, bool *used)
{
	unsigned index = free_index(strips, now->name, used);
	struct strip *strip = &strips->list[strips->count++];

	*strip = *now;
	strip->index = index;
	strip->gone = false;
	strip->untold[STRIPS_VOLUME] = STRIPS_CAME;
	strip->untold[STRIPS_SWITCH] = STRIPS_CAME;
}

int
strips_update(struct strips *strips, const struct strip *now, size_t count)
{
	size_t most = strips->count + count + 1; /* none may be asked for 0 */
	struct strip *list = realloc(strips->list, most * sizeof(*list));
	bool *used = calloc(most, sizeof(*used));

	if (list != NULL) {
		strips->list = list;
	}
	if (list == NULL || used == NULL) {
		free(used);
		return -ENOMEM;
	}
	for (size_t i = 0; i < strips->count; i++) {
		const struct strip *next = find_same(now, count, &list[i]);

		if (list[i].gone) {
			continue;
		}
		if (next != NULL) {
			strip_change(&list[i], next);
		} else {
			strip_go(&list[i]);
		}
	}
	remove_over(strips);
	for (size_t i = 0; i < count; i++) {
		if (find_same(list, strips->count, &now[i]) == NULL) {
			strip_come(strips, &now[i], used);
		}
	}
	free(used);
	return 0;
}

/* --- the list ------------------------------------------------------------- */

size_t
strips_count(const struct strips *strips)
{
	size_t count = 0;

	for (size_t i = 0; i < strips->count; i++) {
		count += !strips->list[i].gone;
	}
	return count;
}

struct strip *
strips_at(const struct strips *strips, size_t place)
{
	for (size_t i = 0; i < strips->count; i++) {
		if (!strips->list[i].gone && place-- == 0) {
			return &strips->list[i];
		}
	}
	return NULL;
}

struct strip *
strips_find(const struct strips *strips, const char *name, unsigned index)
{
	for (size_t i = 0; i < strips->count; i++) {
		struct strip *strip = &strips->list[i];

		if (!strip->gone && strip->index == index &&
		    strcmp(strip->name, name) == 0) {
			return strip;
		}
	}
	return NULL;
}

struct strip *
strips_untold(const struct strips *strips)
{
	for (size_t i = 0; i < strips->count; i++) {
		struct strip *strip = &strips->list[i];

		if ((strip->untold[STRIPS_VOLUME] |
			strip->untold[STRIPS_SWITCH]) != 0) {
			return strip;
		}
	}
	return NULL;
}

unsigned
strips_tell(struct strips *strips, struct strip *strip, enum strips_part part)
{
	unsigned news = strip->untold[part];

	strip->untold[part] = 0;
	if (is_over(strip)) {
		remove_over(strips);
	}
	return news;
}

void
strips_tell_all(struct strips *strips)
{
	for (size_t i = 0; i < strips->count; i++) {
		memset(strips->list[i].untold, 0,
		    sizeof(strips->list[i].untold));
	}
	remove_over(strips);
}

void
strips_free(struct strips *strips)
{
	free(strips->list);
	*strips = (struct strips){ NULL, 0 };
}
