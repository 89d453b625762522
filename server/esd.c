#include "server/esd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/extension.h"
#include "server/insert.h"
#include "server/log.h"
#include "server/recorder.h"

/* Answers to STANDBY_MODE.  A device released for want of sound still counts
 * as running: libao's programs would not find us otherwise. */
enum standby_mode { MODE_STANDBY = 1, MODE_RUNNING = 3 };

#define MIXER_FORMAT (ESD_BITS16 | ESD_STEREO) /* what clients may copy */

static struct service *
service_of(struct session *session)
{
	return session_server(session);
}

static int
on_connect(struct session *session, unsigned step, const void *in, void *out)
{
	const struct esd_auth *auth = in;
	struct esd_raw_ok *verdict = out;

	if (esd_marker_swap(auth->endian) < 0 ||
	    (!session_admits(session, auth) &&
		!service_of(session)->unlocked)) {
		(void)session_refuse(session, "wrong key or endian marker");
		return -EACCES;
	}
	verdict->ok = 1;
	return 0;
}

/*
 * The two answers of a request that only the owner may make: whether the key
 * is right, and whether it was done.  True when it is to be done now.
 */
static bool
answer_owner(struct session *session, unsigned step, const void *in, void *out,
    int *result)
{
	bool owner = session_is_owner(session, in);

	*result = 0;
	if (step == 1) {
		((struct esd_raw_ok *)out)->ok = owner;
		return false;
	}
	if (!owner) {
		(void)session_refuse(session, "wrong key");
		*result = -EACCES;
		return false;
	}
	((struct esd_ok *)out)->ok = 1;
	return true;
}

static int
on_lock(struct session *session, unsigned step, const void *in, void *out)
{
	int result;

	if (answer_owner(session, step, in, out, &result)) {
		service_of(session)->unlocked = false;
	}
	return result;
}

static int
on_unlock(struct session *session, unsigned step, const void *in, void *out)
{
	int result;

	if (answer_owner(session, step, in, out, &result)) {
		service_of(session)->unlocked = true;
		log_line(LOG_WARN, session_name(session),
		    "unlocked: any key is accepted from now on");
	}
	return result;
}

static int
on_standby(struct session *session, unsigned step, const void *in, void *out)
{
	int result;

	if (answer_owner(session, step, in, out, &result)) {
		mixer_set_standby(service_of(session)->mixer, true);
	}
	return result;
}

static int
on_resume(struct session *session, unsigned step, const void *in, void *out)
{
	int result;

	if (answer_owner(session, step, in, out, &result)) {
		mixer_set_standby(service_of(session)->mixer, false);
	}
	return result;
}

static int
on_standby_mode(struct session *session, unsigned step, const void *in,
    void *out)
{
	struct esd_mode *mode = out;

	mode->mode = mixer_is_standby(service_of(session)->mixer)
			 ? MODE_STANDBY
			 : MODE_RUNNING;
	return 0;
}

static int
on_refused(struct session *session, unsigned step, const void *in, void *out)
{
	return session_refuse(session, "not served");
}

int
esd_refuse(const struct session *session, int error)
{
	switch (error) {
	case -EUSERS:
		return session_refuse(session, "too many streams");
	case -ENOSPC:
		return session_refuse(session,
		    "too many different rates at once");
	default:
		return session_refuse(session, "no memory for another stream");
	}
}

int
esd_start(struct session *session, struct stream *stream)
{
	struct service *service = service_of(session);

	session_play(session, stream);
	int error = service_play(service, stream);
	if (error < 0) {
		session_play(session, NULL);
		stream_destroy(stream);
		return esd_refuse(session, error);
	}
	log_line(LOG_DEBUG, session_name(session),
	    "plays as stream %u, latency %u frames at %u Hz", stream->id,
	    mixer_latency(service->mixer, stream), mixer_rate(service->mixer));
	return 0;
}

int
esd_parse(struct session *session, int32_t format, int32_t rate,
    struct sound *sound)
{
	char why[64];

	if (sound_parse(format, rate, session_is_swapped(session), sound) ==
	    0) {
		return 0;
	}
	(void)snprintf(why, sizeof(why), "no stream of format 0x%08x at %d Hz",
	    (unsigned)format, (int)rate);
	return session_refuse(session, why);
}

static int
on_stream_play(struct session *session, unsigned step, const void *in,
    void *out)
{
	struct service *service = service_of(session);
	const struct esd_stream *request = in;
	struct sound sound;
	struct stream *stream;
	int error = esd_parse(session, request->format, request->rate, &sound);

	if (error < 0) {
		return error;
	}
	uint32_t period_ms = mixer_period_ms(service->mixer);
	error = session_peer(session)->remote
		    ? stream_create_sized(&sound, request->name,
			  STREAM_REMOTE_MS, period_ms, &stream)
		    : stream_create(&sound, request->name, period_ms, &stream);
	if (error < 0) {
		return esd_refuse(session, error);
	}
	return esd_start(session, stream);
}

static int
listen_to(struct session *session, struct tap *tap, const void *in)
{
	struct recorder *recorder;
	struct sound sound;
	const struct esd_stream *request = in;
	int error = esd_parse(session, request->format, request->rate, &sound);

	if (error < 0) {
		return error;
	}
	error = recorder_create(tap, &sound,
	    mixer_kernel(service_of(session)->mixer), &recorder);
	if (error < 0) {
		return esd_refuse(session, error);
	}
	session_listen(session, recorder);
	return 0;
}

static int
on_stream_filt(struct session *session, unsigned step, const void *in,
    void *out)
{
	const struct esd_stream *request = in;
	struct mixer *mixer = service_of(session)->mixer;
	struct insert *insert;
	struct sound sound;
	int error;

	if (!service_obeys(service_of(session), session_peer(session))) {
		return session_refuse(session,
		    "only root and the daemon's user filter what all hear");
	}
	error = esd_parse(session, request->format, request->rate, &sound);
	if (error < 0) {
		return error;
	}
	error = insert_create(&sound, mixer_rate(mixer), mixer_period_ms(mixer),
	    mixer_kernel(mixer), &insert);
	if (error < 0) {
		return esd_refuse(session, error);
	}
	error = mixer_insert(mixer, insert);
	if (error < 0) {
		insert_destroy(insert);
		return session_refuse(session, "too many filters");
	}
	log_line(LOG_DEBUG, session_name(session),
	    "filters the mix, %u frames later at %u Hz", insert_delay(insert),
	    mixer_rate(mixer));
	session_filter(session, insert);
	return 0;
}

static int
on_stream_mon(struct session *session, unsigned step, const void *in, void *out)
{
	return listen_to(session, mixer_monitor(service_of(session)->mixer),
	    in);
}

static int
on_stream_rec(struct session *session, unsigned step, const void *in, void *out)
{
	struct mixer *mixer = service_of(session)->mixer;

	if (mixer_is_standby(mixer)) {
		return session_refuse(session, "on standby");
	}
	return listen_to(session, mixer_capture(mixer), in);
}

static int
on_sample_cache(struct session *session, unsigned step, const void *in,
    void *out)
{
	struct service *service = service_of(session);
	struct esd_id *answer = out;
	struct clip *clip;
	int error;

	if (session_clip(session) == NULL) {
		error = clips_reserve(&service->clips, in,
		    session_is_swapped(session), &clip);
		if (error < 0) {
			return session_refuse(session,
			    error == -EINVAL ? "no such format, rate or length"
					     : "too many bytes are cached");
		}
		session_upload(session, clip);
	}
	answer->id = (int32_t)session_clip(session)->id;
	return 0;
}

static int
on_sample_getid(struct session *session, unsigned step, const void *in,
    void *out)
{
	const struct esd_name *wanted = in;
	const struct clip *clip =
	    clips_find_name(&service_of(session)->clips, wanted->name);
	struct esd_id *answer = out;

	answer->id = clip == NULL ? -1 : (int32_t)clip->id;
	return 0;
}

/* The clip that a request names; its id is the answer, 0 if there is none. */
static struct clip *
answer_clip(struct session *session, const void *in, void *out)
{
	const struct esd_id *wanted = in;
	struct clip *clip = clips_find(&service_of(session)->clips, wanted->id);

	((struct esd_id *)out)->id = clip == NULL ? 0 : wanted->id;
	return clip;
}

static int
on_sample_free(struct session *session, unsigned step, const void *in,
    void *out)
{
	struct clip *clip = answer_clip(session, in, out);

	if (clip != NULL) {
		clip_free(clip);
	}
	return 0;
}

static int
play_clip(struct session *session, const void *in, void *out, bool looping)
{
	struct service *service = service_of(session);
	struct clip *clip = answer_clip(session, in, out);
	struct stream *stream = NULL;

	if (clip == NULL) {
		return 0;
	}
	if (service->players >= service->players_max ||
	    stream_create_clip(clip, looping, &stream) < 0 ||
	    mixer_add(service->mixer, stream) < 0) {
		stream_destroy(stream);
		((struct esd_id *)out)->id = 0;
		return 0;
	}
	service->players++;
	return 0;
}

static int
on_sample_play(struct session *session, unsigned step, const void *in,
    void *out)
{
	return play_clip(session, in, out, false);
}

static int
on_sample_loop(struct session *session, unsigned step, const void *in,
    void *out)
{
	return play_clip(session, in, out, true);
}

/* The newest player of the clip, or the next older one. */
static struct stream *
next_player(struct session *session, const struct clip *clip,
    struct stream *after)
{
	struct stream *stream = after == NULL
				    ? mixer_streams(service_of(session)->mixer)
				    : after->next;

	while (stream != NULL && stream->clip != clip) {
		stream = stream->next;
	}
	return stream;
}

static int
on_sample_stop(struct session *session, unsigned step, const void *in,
    void *out)
{
	const struct clip *clip = answer_clip(session, in, out);
	struct stream *stream =
	    clip == NULL ? NULL : next_player(session, clip, NULL);

	if (stream != NULL) {
		stream->stopped = true;
		/* Relaxed: nothing is told but this. */
		atomic_store_explicit(&stream->looping, false,
		    memory_order_relaxed);
	}
	return 0;
}

static int
on_sample_kill(struct session *session, unsigned step, const void *in,
    void *out)
{
	const struct clip *clip = answer_clip(session, in, out);
	struct stream *stream = NULL;

	while (clip != NULL &&
	       (stream = next_player(session, clip, stream)) != NULL) {
		atomic_store_explicit(&stream->killed, true,
		    memory_order_relaxed);
	}
	return 0;
}

static int
on_sample_pan(struct session *session, unsigned step, const void *in, void *out)
{
	const struct esd_pan *pan = in;
	struct clip *clip = clips_find(&service_of(session)->clips, pan->id);

	if (clip != NULL) {
		clip_set_volume(clip, pan->left, pan->right);
		((struct esd_ok *)out)->ok = 1;
	}
	return 0;
}

static void
fill_server(struct session *session, const struct esd_version *in,
    struct esd_server *out)
{
	/* Old clients ask for 0 and old servers answer 0, whatever is asked. */
	out->version = in->version >= ESD_EXTENSION ? ESD_EXTENSION : 0;
	out->rate = (int32_t)mixer_rate(service_of(session)->mixer);
	out->format = MIXER_FORMAT;
}

static int
on_server_info(struct session *session, unsigned step, const void *in,
    void *out)
{
	fill_server(session, in, out);
	return 0;
}

/* A clip's player is told from a stream by its mode and function bits. */
static int32_t
player_format(const struct stream *stream)
{
	int32_t function = ESD_PLAY;

	if (stream->clip == NULL) {
		return stream->sound.format;
	}
	if (stream->stopped) {
		function = 0;
	} else if (atomic_load_explicit(&stream->looping,
		       memory_order_relaxed)) {
		function = ESD_LOOP;
	}
	return (stream->sound.format & (ESD_MASK_BITS | ESD_MASK_CHAN)) |
	       ESD_SAMPLE | function;
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
	out->rate = (int32_t)stream->sound.rate;
	out->left = stream->volume[0];
	out->right = stream->volume[1];
	out->format = player_format(stream);
	return 0;
}

static int
list_cached(struct session *session, struct esd_cached *out)
{
	void **cursor = session_cursor(session);
	struct clip *clip = clips_next(&service_of(session)->clips, *cursor);

	if (clip == NULL) {
		return 1;
	}
	*cursor = clip;
	out->id = (int32_t)clip->id;
	memcpy(out->name, clip->name, sizeof(out->name));
	out->rate = (int32_t)clip->sound.rate;
	out->left = clip->volume[0];
	out->right = clip->volume[1];
	out->format = clip->sound.format;
	out->length = (int32_t)clip->bytes;
	return 0;
}

static int
on_all_info(struct session *session, unsigned step, const void *in, void *out)
{
	switch (step) {
	case 1:
		fill_server(session, in, out);
		return 0;
	case 2:
		return list_player(session, out);
	default:
		return list_cached(session, out);
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
		service_set_volume(service_of(session), stream, pan->left,
		    pan->right);
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
#define OP(number, name, handler, when, conversation, help)                    \
	[ESD_ROW_##name] = handler,
#include "protocols/esd.def"
};
