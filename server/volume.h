/*
 * Volumes as people write them, and rules that give a stream its volume by
 * name.  Thread: control.
 */
#ifndef VOLUME_H
#define VOLUME_H

#include <stdbool.h>
#include <stdint.h>

#define VOLUME_UNITY	 256 /* as ESD counts: 256 is unity */
#define VOLUME_MAX	 512 /* twice unity */
#define VOLUME_RULES_MAX 64
#define VOLUME_NAME_MAX	 128 /* bytes of a pattern, NUL included */

/* To 0 .. VOLUME_MAX: clients ask for anything. */
int32_t volume_clamp(int32_t volume);

/*
 * "50%", "-6dB", "-6.5 dB", "128" (of 256), "mute"; 0 or -EINVAL.
 * The result is 0 .. VOLUME_MAX.
 */
int volume_parse(const char *text, int32_t *volume);

struct volume_rule {
	char pattern[VOLUME_NAME_MAX]; /* as fnmatch(3) */
	int32_t volume[2];	       /* left, right */
};

struct volume_rules {
	struct volume_rule rules[VOLUME_RULES_MAX];
	unsigned count;
};

/*
 * Adds "PATTERN VOLUME" or "PATTERN LEFT RIGHT"; a pattern with blanks stands
 * in double quotes.  0, -EINVAL, or -ENOSPC.
 */
int volume_rules_add(struct volume_rules *rules, const char *text);

/* The first rule whose pattern matches; false if none does. */
bool volume_rules_find(const struct volume_rules *rules, const char *name,
    int32_t volume[2]);

#endif
