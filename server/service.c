#include "server/service.h"

#include <unistd.h>

static void
tell_changed(struct service *service)
{
	if (service->changed != NULL) {
		service->changed(service->arg);
	}
}

static uint32_t
next_id(struct service *service)
{
	do {
		service->last_id =
		    service->last_id >= INT32_MAX ? 1 : service->last_id + 1;
	} while (mixer_find(service->mixer, service->last_id) != NULL);
	return service->last_id;
}

/* What the settings say of its name, else what it was last given. */
static void
set_first_volume(const struct service *service, struct stream *stream)
{
	int32_t volume[2];
	bool muted = false;

	if (volume_rules_find(service->rules, stream->name, volume) ||
	    memory_find(service->memory, stream->name, volume, &muted)) {
		stream_set_muted(stream, muted);
		stream_set_volume(stream, volume[0], volume[1]);
	}
}

int
service_play(struct service *service, struct stream *stream)
{
	stream->id = next_id(service);
	set_first_volume(service, stream);
	int error = mixer_add(service->mixer, stream);
	if (error < 0) {
		return error;
	}
	status_change(&service->status, ESD_CHANGE_COME, stream->id);
	tell_changed(service);
	return 0;
}

bool
service_obeys(const struct service *service, const struct client_peer *peer)
{
	return !service->shared || peer->uid == 0 ||
	       peer->uid == (int32_t)geteuid();
}

bool
service_lets_end(const struct service *service, const struct client_peer *peer,
    const struct stream *stream)
{
	return service_obeys(service, peer) || peer->uid == stream->uid;
}

void
service_set_volume(struct service *service, struct stream *stream, int32_t left,
    int32_t right)
{
	stream_set_volume(stream, left, right);
	if (stream->clip == NULL) {
		memory_note(service->memory, stream->name, stream->volume,
		    stream->muted);
	}
	status_change(&service->status, ESD_CHANGE_VOLUME, stream->id);
	tell_changed(service);
}

void
service_set_master(struct service *service, int32_t left, int32_t right,
    bool muted)
{
	struct status *status = &service->status;

	status->master[0] = volume_clamp(left);
	status->master[1] = volume_clamp(right);
	status->muted = muted;
	mixer_set_volume(service->mixer, muted ? 0 : status->master[0],
	    muted ? 0 : status->master[1]);
	status_change(status, ESD_CHANGE_MASTER, 0);
	tell_changed(service);
}

static void
bury(struct service *service, struct stream *stream)
{
	if (stream->tracked) {
		moment_unwant(mixer_moment(service->mixer));
	}
	service->players -= stream->clip != NULL;
	status_change(&service->status, ESD_CHANGE_GONE, stream->id);
	stream_destroy(stream);
}

void
service_collect(struct service *service)
{
	struct stream *stream;
	enum mixer_news news;

	while ((stream = mixer_news(service->mixer, &news)) != NULL) {
		struct owner *owner = stream->owner;

		if (owner != NULL && news == MIXER_ROOM) {
			owner->room(owner);
		} else if (owner != NULL) {
			owner->gone(owner);
		}
		if (news == MIXER_GONE) {
			bury(service, stream);
		}
	}
}
