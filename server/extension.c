#include "server/extension.h"

#include <stdio.h>
#include <string.h>

#define UNCHANGED (-1) /* in a request: leave that field */

static struct service *
service_of(const struct session *session)
{
	return session_server(session);
}

static uint64_t
in_us(uint64_t frames, uint32_t rate)
{
	return frames * 1000000 / rate;
}

/* --- positions ---------------------------------------------------------- */

static int
start_tracked(struct session *session, const struct esd_tracked *request,
    struct esd_granted *granted)
{
	struct mixer *mixer = service_of(session)->mixer;
	uint32_t period_ms = mixer_period_ms(mixer);
	struct sound sound;
	struct stream *stream;
	int error = esd_parse(session, request->format, request->rate, &sound);

	if (error < 0) {
		return error;
	}
	if (request->buffer_ms < 0 || request->buffer_ms > ESD_BUFFER_MS_MAX) {
		return session_refuse(session, "no such buffer");
	}
	error = request->buffer_ms == 0
		    ? stream_create(&sound, request->name, period_ms, &stream)
		    : stream_create_sized(&sound, request->name,
			  (uint32_t)request->buffer_ms, period_ms, &stream);
	if (error < 0) {
		return esd_refuse(session, error);
	}
	stream->tracked = true;
	error = esd_start(session, stream);
	if (error < 0) {
		return error;
	}
	moment_want(mixer_moment(mixer)); /* until service_collect() frees it */
	granted->id = (int32_t)stream->id;
	granted->frames =
	    (int32_t)(stream->ring.size / stream->sound.frame_bytes);
	granted->rate = (int32_t)mixer_rate(mixer);
	return 0;
}

/* What the mixer did with the stream up to one moment; false: at work now. */
static bool
look(struct mixer *mixer, const struct stream *stream,
    struct esd_position *position)
{
	const struct moment *moment = mixer_moment(mixer);
	uint64_t stamp, played;
	uint32_t delay;
	uint32_t turn = moment_look(moment, &delay, &stamp);

	/* Acquire: see moment_look(). */
	played = atomic_load_explicit(&stream->played, memory_order_acquire);
	position->underruns = (int32_t)atomic_load_explicit(&stream->underruns,
	    memory_order_acquire);
	position->queued = (int32_t)stream_queued(stream);
	if (!moment_held(moment, turn)) {
		return false;
	}
	position->played_high = esd_high(played);
	position->played_low = esd_low(played);
	delay += mixer_rates(mixer)->slots[stream->slot].delay;
	position->delay =
	    (int32_t)((uint64_t)delay * stream->sound.rate / mixer_rate(mixer));
	position->stamp_high = esd_high(stamp);
	position->stamp_low = esd_low(stamp);
	return true;
}

/* Both only grow: so does their sum, and is another whenever either is. */
static int
tell_position(struct session *session, struct esd_position *position)
{
	const struct stream *stream = session_stream(session);
	uint64_t *told = session_told(session);
	uint64_t sum;

	if (stream == NULL ||
	    !look(service_of(session)->mixer, stream, position)) {
		return 1;
	}
	sum = esd_join(position->played_high, position->played_low) +
	      (uint32_t)position->underruns;
	if (sum == *told) {
		return 1;
	}
	*told = sum;
	return 0;
}

int
on_stream_track(struct session *session, unsigned step, const void *in,
    void *out)
{
	switch (step) {
	case 1:
		return start_tracked(session, in, out);
	case 2:
		return out == NULL ? 0 : tell_position(session, out);
	default:
		return 0;
	}
}

/* --- status ------------------------------------------------------------- */

static void
fill_granted(const struct device_got *got, struct esd_status *out)
{
	if (got->rate == 0) {
		return; /* no device yet */
	}
	out->period = (int32_t)got->period;
	out->buffer = (int32_t)got->buffer;
	out->channels = (int32_t)got->channels;
	(void)snprintf(out->format, sizeof(out->format), "%s",
	    out_format_name(got->format));
	(void)snprintf(out->access, sizeof(out->access), "%s",
	    device_access_name(got->access));
}

static void
fill_status(struct session *session, struct esd_status *out)
{
	struct service *service = service_of(session);
	const struct status *status = &service->status;
	struct mixer *mixer = service->mixer;
	struct mixer_stats stats = mixer_stats(mixer);
	const struct stream *stream;
	const struct clip *clip = NULL;

	out->rate = (int32_t)mixer_rate(mixer);
	fill_granted(&status->got, out);
	out->state = (int32_t)status->state;
	out->delay_us =
	    (int32_t)in_us(mixer_latency(mixer, NULL), mixer_rate(mixer));
	out->underruns = (int32_t)stats.underruns;
	out->clipped_high = esd_high(stats.clipped);
	out->clipped_low = esd_low(stats.clipped);
	out->left = status->master[0];
	out->right = status->master[1];
	out->muted = status->muted;
	out->peak_left = (int32_t)stats.peak.left;
	out->peak_right = (int32_t)stats.peak.right;
	out->clients = (int32_t)session_host(session)->clients->count;
	for (stream = mixer_streams(mixer); stream != NULL;
	     stream = stream->next) {
		out->streams++;
	}
	while ((clip = clips_next(&service->clips, clip)) != NULL) {
		out->samples++;
	}
	out->realtime = status->realtime;
	out->card = status->card;
	out->error = status->error;
	if (status->version != NULL) {
		(void)snprintf(out->version, sizeof(out->version), "%s",
		    status->version);
	}
	memcpy(out->device, status->device, sizeof(out->device));
}

static void
fill_peer(const struct stream *stream, struct esd_playing *out)
{
	out->pid = -1;
	out->uid = stream->uid;
	(void)snprintf(out->protocol, sizeof(out->protocol), "%s",
	    stream->protocol);
	if (stream->owner != NULL) {
		const struct client_peer *peer = stream->owner->peer;

		out->pid = peer->pid;
		(void)snprintf(out->peer, sizeof(out->peer), "%s", peer->name);
	}
}

static void
fill_playing(struct mixer *mixer, struct stream *stream,
    struct esd_playing *out)
{
	uint64_t played =
	    atomic_load_explicit(&stream->played, memory_order_relaxed);

	out->id = (int32_t)stream->id;
	out->format = stream->sound.format;
	out->rate = (int32_t)stream->sound.rate;
	out->left = stream->volume[0];
	out->right = stream->volume[1];
	out->muted = stream->muted;
	out->peak_left = (int32_t)atomic_exchange_explicit(&stream->peak[0], 0,
	    memory_order_relaxed);
	out->peak_right = (int32_t)atomic_exchange_explicit(&stream->peak[1], 0,
	    memory_order_relaxed);
	out->played_high = esd_high(played);
	out->played_low = esd_low(played);
	out->underruns = (int32_t)atomic_load_explicit(&stream->underruns,
	    memory_order_relaxed);
	out->latency_us =
	    (int32_t)(in_us(stream_queued(stream), stream->sound.rate) +
		      in_us(mixer_latency(mixer, stream), mixer_rate(mixer)));
	memcpy(out->name, stream->name, sizeof(out->name));
	fill_peer(stream, out);
}

static int
list_playing(struct session *session, struct esd_playing *out)
{
	struct mixer *mixer = service_of(session)->mixer;
	void **cursor = session_cursor(session);
	struct stream *stream = *cursor;

	stream = stream == NULL ? mixer_streams(mixer) : stream->next;
	if (stream == NULL) {
		return 1;
	}
	*cursor = stream;
	fill_playing(mixer, stream, out);
	return 0;
}

static int
list_bus(struct session *session, struct esd_bus *out)
{
	struct mixer *mixer = service_of(session)->mixer;
	void **cursor = session_cursor(session);
	const struct rate *rate = rates_next(mixer_rates(mixer), *cursor);

	if (rate == NULL) {
		return 1;
	}
	*cursor = (void *)rate;
	out->rate = (int32_t)rate->rate;
	out->streams = (int32_t)rate->streams;
	out->delay_us = (int32_t)in_us(rate->delay, mixer_rate(mixer));
	return 0;
}

int
on_status(struct session *session, unsigned step, const void *in, void *out)
{
	switch (step) {
	case 1:
		fill_status(session, out);
		return 0;
	case 2:
		return list_playing(session, out);
	default:
		return list_bus(session, out);
	}
}

/* --- orders ------------------------------------------------------------- */

static int32_t
either(int32_t asked, int32_t now)
{
	return asked == UNCHANGED ? now : asked;
}

int
on_stream_volume(struct session *session, unsigned step, const void *in,
    void *out)
{
	const struct esd_volume *asked = in;
	struct stream *stream =
	    mixer_find(service_of(session)->mixer, (uint32_t)asked->id);

	if (stream != NULL) {
		stream_set_muted(stream, either(asked->muted, stream->muted));
		service_set_volume(service_of(session), stream,
		    either(asked->left, stream->volume[0]),
		    either(asked->right, stream->volume[1]));
		((struct esd_ok *)out)->ok = 1;
	}
	return 0;
}

int
on_master_volume(struct session *session, unsigned step, const void *in,
    void *out)
{
	const struct esd_master *asked = in;
	struct service *service = service_of(session);
	const struct status *status = &service->status;

	service_set_master(service, either(asked->left, status->master[0]),
	    either(asked->right, status->master[1]),
	    either(asked->muted, status->muted));
	((struct esd_ok *)out)->ok = 1;
	return 0;
}

static bool
may_end(const struct session *session, const struct stream *stream)
{
	return service_lets_end(service_of(session), session_peer(session),
	    stream);
}

int
on_stream_kill(struct session *session, unsigned step, const void *in,
    void *out)
{
	const struct esd_id *wanted = in;
	struct stream *stream =
	    mixer_find(service_of(session)->mixer, (uint32_t)wanted->id);

	if (stream != NULL && may_end(session, stream)) {
		atomic_store_explicit(&stream->killed, true,
		    memory_order_relaxed);
		((struct esd_ok *)out)->ok = 1;
	}
	return 0;
}

int
on_stream_hold(struct session *session, unsigned step, const void *in,
    void *out)
{
	const struct esd_hold *asked = in;
	struct stream *stream =
	    mixer_find(service_of(session)->mixer, (uint32_t)asked->id);

	/* A clip's player has ended from its beginning on: it would go. */
	if (stream != NULL && stream->clip == NULL &&
	    may_end(session, stream)) {
		atomic_store_explicit(&stream->held, asked->held != 0,
		    memory_order_relaxed);
		((struct esd_ok *)out)->ok = 1;
	}
	return 0;
}

int
on_watch(struct session *session, unsigned step, const void *in, void *out)
{
	if (out == NULL) {
		return 0;
	}
	return status_next(&service_of(session)->status, session_told(session),
		   out)
		   ? 0
		   : 1;
}

int
on_forget(struct session *session, unsigned step, const void *in, void *out)
{
	const struct esd_name *wanted = in;

	((struct esd_ok *)out)->ok =
	    memory_forget(service_of(session)->memory, wanted->name);
	return 0;
}

/* What streams of that name have, or would have: the newest one's. */
static void
find_name(const struct service *service, const char *name,
    struct esd_master *now)
{
	const struct stream *stream = mixer_streams(service->mixer);
	int32_t volume[2] = { ESD_VOLUME_BASE, ESD_VOLUME_BASE };
	bool muted = false;

	while (stream != NULL &&
	       (stream->clip != NULL || strcmp(stream->name, name) != 0)) {
		stream = stream->next;
	}
	if (stream != NULL) {
		volume[0] = stream->volume[0];
		volume[1] = stream->volume[1];
		muted = stream->muted;
	} else if (!volume_rules_find(service->rules, name, volume)) {
		(void)memory_find(service->memory, name, volume, &muted);
	}
	*now = (struct esd_master){ volume[0], volume[1], muted };
}

int
on_name_volume(struct session *session, unsigned step, const void *in,
    void *out)
{
	const struct esd_named *asked = in;
	struct service *service = service_of(session);
	struct esd_master *now = out;
	int32_t volume[2];

	find_name(service, asked->name, now);
	if (asked->name[0] == '\0' ||
	    (asked->left == UNCHANGED && asked->right == UNCHANGED &&
		asked->muted == UNCHANGED)) {
		return 0;
	}
	volume[0] = volume_clamp(either(asked->left, now->left));
	volume[1] = volume_clamp(either(asked->right, now->right));
	*now = (struct esd_master){ volume[0], volume[1],
		either(asked->muted, now->muted) != 0 };
	memory_note(service->memory, asked->name, volume, now->muted != 0);
	for (struct stream *stream = mixer_streams(service->mixer);
	     stream != NULL; stream = stream->next) {
		if (stream->clip == NULL &&
		    strcmp(stream->name, asked->name) == 0) {
			stream_set_muted(stream, now->muted != 0);
			service_set_volume(service, stream, volume[0],
			    volume[1]);
		}
	}
	return 0;
}

int
on_suspend(struct session *session, unsigned step, const void *in, void *out)
{
	struct service *service = service_of(session);

	((struct esd_ok *)out)->ok =
	    service_obeys(service, session_peer(session)) &&
	    mixer_suspend(service->mixer);
	return 0;
}
