/*
 * The strips of the mixer that alsamixer shows: the master, a program's own,
 * one for each stream; and what of their changes has yet to be told.  Knows
 * neither ALSA nor a daemon.  Thread: any, one at a time for each list.
 */
#ifndef STRIPS_H
#define STRIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes, NUL included: what " Playback Volume" leaves of ALSA's 44. */
#define STRIPS_NAME_MAX 28

/* Each is an element of its own to ALSA. */
enum strips_part { STRIPS_VOLUME, STRIPS_SWITCH, STRIPS_PARTS };

/* Bits. */
enum strips_news { STRIPS_CAME = 1, STRIPS_WENT = 2, STRIPS_VALUE = 4 };

/* In the place of a stream's id. */
enum { STRIPS_MASTER = 0, STRIPS_OWN = -1 };

struct strip {
	int32_t id;
	char name[STRIPS_NAME_MAX];
	unsigned index;	   /* among those of that name, as long as it lasts */
	int32_t volume[2]; /* as the daemon counts: 256 is unity */
	bool muted;
	bool gone; /* and that has yet to be told */
	unsigned untold[STRIPS_PARTS];
};

struct strips {
	struct strip *list; /* in the order in which they came */
	size_t count;
};

/* A strip's name made of a stream's: shown anywhere, never empty, cut. */
void strips_name(const char *from, char name[STRIPS_NAME_MAX]);

/*
 * Makes the strips those there are now, of which id, name, volume and muted
 * are taken.  Strips that stay keep their order and index.  0, or -ENOMEM and
 * all is as it was.
 */
int strips_update(struct strips *strips, const struct strip *now, size_t count);

/* Those that have not gone: how many, and the one at a place, or NULL. */
size_t strips_count(const struct strips *strips);
struct strip *strips_at(const struct strips *strips, size_t place);

/* The one that has not gone of that name and index, or NULL. */
struct strip *strips_find(const struct strips *strips, const char *name,
    unsigned index);

/* One of which something is untold, or NULL. */
struct strip *strips_untold(const struct strips *strips);

/* The news of a part, told by that; the strip may be no more after it. */
unsigned strips_tell(struct strips *strips, struct strip *strip,
    enum strips_part part);

/* All is told: whoever wants to know has read the list. */
void strips_tell_all(struct strips *strips);

void strips_free(struct strips *strips);

#endif
