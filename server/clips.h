/*
 * Cached sounds, which ESD calls samples: uploaded once, then immutable, and
 * played any number of times.
 *
 * A clip is freed by clips_free() once nothing plays it; until then it can be
 * found and played again.  Thread: control; the audio thread reads the bytes
 * of a clip that a stream holds.
 */
#ifndef CLIPS_H
#define CLIPS_H

#include <stddef.h>

#include "server/sound.h"

#define CLIPS_MAX 4096 /* at once */

struct clips;

struct clip {
	/* constant, once it is whole */
	uint32_t id; /* > 0, not reused */
	struct sound sound;
	char name[ESD_NAME_MAX];
	uint32_t bytes;
	uint8_t *data; /* `bytes` of them */

	/* control */
	struct clips *clips;
	struct clip *next; /* newer to older */
	int32_t volume[2]; /* that its plays begin with */
	unsigned holders;  /* streams that play it */
	bool whole;	   /* all bytes have come */
	bool unwanted;	   /* goes with its last holder */
};

struct clips {
	struct clip *first; /* the newest */
	unsigned count;
	uint64_t bytes;	    /* of all of them */
	uint64_t bytes_max; /* constant */
	uint32_t last_id;
};

void clips_init(struct clips *clips, uint64_t bytes_max);
void clips_finish(struct clips *clips);

/*
 * Reserves a clip, which nobody finds before clip_complete().
 * 0; -EINVAL: no such format, rate or length; -EFBIG: too many bytes or clips
 * in all; -ENOMEM.
 */
int clips_reserve(struct clips *clips, const struct esd_sample *request,
    bool swap, struct clip **reserved);
void clip_complete(struct clip *clip);
void clip_abandon(struct clip *clip); /* one that isn't whole */

struct clip *clips_find(const struct clips *clips, int32_t id);
struct clip *clips_find_name(const struct clips *clips, const char *name);

/* The newest whole clip for NULL, then the next older one. */
struct clip *clips_next(const struct clips *clips, const struct clip *clip);

/* For plays to come; clamped like a stream's. */
void clip_set_volume(struct clip *clip, int32_t left, int32_t right);

/* For those who play it. */
void clip_hold(struct clip *clip);
void clip_release(struct clip *clip);

/* Frees it, now or when its last holder lets go. */
void clip_free(struct clip *clip);

#endif
