#include "server/clips.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/volume.h"

void
clips_init(struct clips *clips, uint64_t bytes_max)
{
	memset(clips, 0, sizeof(*clips));
	clips->bytes_max = bytes_max;
}

static void
destroy(struct clip *clip)
{
	struct clips *clips = clip->clips;
	struct clip **at = &clips->first;

	while (*at != clip) {
		at = &(*at)->next;
	}
	*at = clip->next;
	clips->count--;
	clips->bytes -= clip->bytes;
	free(clip->data);
	free(clip);
}

void
clips_finish(struct clips *clips)
{
	while (clips->first != NULL) {
		destroy(clips->first);
	}
}

int
clips_reserve(struct clips *clips, const struct esd_sample *request, bool swap,
    struct clip **reserved)
{
	struct sound sound;
	struct clip *clip;

	if (request->length < 0 ||
	    sound_parse(request->format, request->rate, swap, &sound) < 0) {
		return -EINVAL;
	}
	if (clips->count >= CLIPS_MAX || clips->last_id >= INT32_MAX ||
	    (uint64_t)request->length > clips->bytes_max - clips->bytes) {
		return -EFBIG;
	}
	clip = calloc(1, sizeof(*clip));
	if (clip == NULL) {
		return -ENOMEM;
	}
	clip->data = malloc((size_t)request->length + 1); /* may be empty */
	if (clip->data == NULL) {
		free(clip);
		return -ENOMEM;
	}
	clip->id = ++clips->last_id;
	clip->sound = sound;
	memcpy(clip->name, request->name, sizeof(clip->name));
	clip->bytes = (uint32_t)request->length;
	clip->volume[0] = ESD_VOLUME_BASE;
	clip->volume[1] = ESD_VOLUME_BASE;
	clip->clips = clips;
	clip->next = clips->first;
	clips->first = clip;
	clips->count++;
	clips->bytes += clip->bytes;
	*reserved = clip;
	return 0;
}

void
clip_complete(struct clip *clip)
{
	clip->whole = true;
}

void
clip_abandon(struct clip *clip)
{
	destroy(clip);
}

struct clip *
clips_next(const struct clips *clips, const struct clip *clip)
{
	struct clip *next = clip == NULL ? clips->first : clip->next;

	while (next != NULL && !next->whole) {
		next = next->next;
	}
	return next;
}

struct clip *
clips_find(const struct clips *clips, int32_t id)
{
	struct clip *clip = clips_next(clips, NULL);

	while (clip != NULL && (int64_t)clip->id != id) {
		clip = clips_next(clips, clip);
	}
	return clip;
}

struct clip *
clips_find_name(const struct clips *clips, const char *name)
{
	struct clip *clip = clips_next(clips, NULL);

	while (clip != NULL && strcmp(clip->name, name) != 0) {
		clip = clips_next(clips, clip);
	}
	return clip;
}

void
clip_hold(struct clip *clip)
{
	clip->holders++;
}

void
clip_release(struct clip *clip)
{
	clip->holders--;
	if (clip->unwanted && clip->holders == 0) {
		destroy(clip);
	}
}

void
clip_free(struct clip *clip)
{
	clip->unwanted = true;
	if (clip->holders == 0) {
		destroy(clip);
	}
}

void
clip_set_volume(struct clip *clip, int32_t left, int32_t right)
{
	clip->volume[0] = volume_clamp(left);
	clip->volume[1] = volume_clamp(right);
}
