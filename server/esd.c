#include "server/esd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/log.h"

#define MIXER_FORMAT (ESD_BITS16 | ESD_STEREO) /* what clients may copy */

static struct esd_service *
service_of(struct session *session)
{
	return session_server(session);
}

static int
on_connect(struct session *session, unsigned step, const void *in, void *out)
{
	struct esd_raw_ok *verdict = out;

	if (!session_admits(session, in)) {
		(void)session_refuse(session, "wrong key or endian marker");
		return -EACCES;
	}
	verdict->ok = 1;
	return 0;
}

static int
on_refused(struct session *session, unsigned step, const void *in, void *out)
{
	return session_refuse(session, "not served");
}

static uint32_t
next_id(struct esd_service *service)
{
	do {
		service->last_id =
		    service->last_id >= INT32_MAX ? 1 : service->last_id + 1;
	} while (mixer_find(service->mixer, service->last_id) != NULL);
	return service->last_id;
}

static const char *
why_not(int error)
{
	switch (error) {
	case -EUSERS:
		return "too many streams";
	case -ENOSPC:
		return "too many different rates at once";
	default:
		return "no memory for another stream";
	}
}

/* Lends it to the mixer; on error it is gone. */
static int
start_stream(struct session *session, struct stream *stream)
{
	struct esd_service *service = service_of(session);
	int32_t volume[2];
	int error;

	stream->id = next_id(service);
	if (volume_rules_find(service->rules, stream->name, volume)) {
		stream_set_volume(stream, volume[0], volume[1]);
	}
	error = mixer_add(service->mixer, stream);
	if (error < 0) {
		stream_destroy(stream);
		return session_refuse(session, why_not(error));
	}
	session_play(session, stream);
	log_line(LOG_DEBUG, session_name(session),
	    "plays as stream %u, latency %u frames at %u Hz", stream->id,
	    mixer_latency(service->mixer, stream), mixer_rate(service->mixer));
	return 0;
}

static int
on_stream_play(struct session *session, unsigned step, const void *in,
    void *out)
{
	struct esd_service *service = service_of(session);
	const struct esd_stream *request = in;
	struct stream_spec spec = { request->format, request->rate,
		session_is_swapped(session), request->name };
	struct stream *stream;
	char why[64];
	int error =
	    stream_create(&spec, mixer_period_ms(service->mixer), &stream);

	if (error == -EINVAL) {
		(void)snprintf(why, sizeof(why),
		    "no stream of format 0x%08x at %d Hz",
		    (unsigned)request->format, (int)request->rate);
		return session_refuse(session, why);
	}
	if (error < 0) {
		return session_refuse(session, why_not(error));
	}
	return start_stream(session, stream);
}

static void
fill_server(struct session *session, struct esd_server *out)
{
	out->version = 0;
	out->rate = (int32_t)mixer_rate(service_of(session)->mixer);
	out->format = MIXER_FORMAT;
}

static int
on_server_info(struct session *session, unsigned step, const void *in,
    void *out)
{
	fill_server(session, out);
	return 0;
}

static int
list_player(struct session *session, struct esd_player *out)
{
	void **cursor = session_cursor(session);
	const struct stream *stream = *cursor;

	stream = stream == NULL ? mixer_streams(service_of(session)->mixer)
				: stream->next;
	if (stream == NULL) {
		return 1;
	}
	*cursor = (void *)stream;
	out->id = (int32_t)stream->id;
	memcpy(out->name, stream->name, sizeof(out->name));
	out->rate = (int32_t)stream->rate;
	out->left = stream->volume[0];
	out->right = stream->volume[1];
	out->format = stream->format;
	return 0;
}

static int
on_all_info(struct session *session, unsigned step, const void *in, void *out)
{
	switch (step) {
	case 1:
		fill_server(session, out);
		return 0;
	case 2:
		return list_player(session, out);
	default:
		return 1; /* nothing is cached */
	}
}

static int
on_stream_pan(struct session *session, unsigned step, const void *in, void *out)
{
	const struct esd_pan *pan = in;
	struct esd_ok *answer = out;
	struct stream *stream =
	    mixer_find(service_of(session)->mixer, (uint32_t)pan->id);

	if (stream != NULL) {
		stream_set_volume(stream, pan->left, pan->right);
		answer->ok = 1;
	}
	return 0;
}

/*
 * What the device has still to play.  A library adds 8192 frames of its own,
 * which is what our ring holds of a 44.1 kHz 16-bit stereo stream; its users
 * so see the whole way of a stream that keeps the ring full.
 */
static int
on_latency(struct session *session, unsigned step, const void *in, void *out)
{
	const struct mixer *mixer = service_of(session)->mixer;
	struct esd_lag *lag = out;

	lag->frames = (int32_t)((uint64_t)mixer_latency(mixer, NULL) *
				ESD_LAG_RATE / mixer_rate(mixer));
	return 0;
}

session_handler *const esd_handlers[ESD_OPS] = {
#define OP(number, name, handler, when, conversation, help) [number] = handler,
#include "protocols/esd.def"
};

void
esd_collect(struct esd_service *service)
{
	struct stream *stream;
	enum mixer_news news;

	while ((stream = mixer_news(service->mixer, &news)) != NULL) {
		if (stream->session != NULL) {
			if (news == MIXER_ROOM) {
				session_room(stream->session);
			} else {
				session_gone(stream->session);
			}
		}
		if (news == MIXER_GONE) {
			stream_destroy(stream);
		}
	}
}
