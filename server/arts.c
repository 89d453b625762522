#include "server/arts.h"

#include <stdio.h>
#include <string.h>

#include "server/artsattach.h"
#include "server/artsstream.h"
#include "server/log.h"
#include "server/rest.h"

#define MULTIPLIER_MAX 16
#define SECONDS_MAX    86400
#define BUFFER_MS_MIN  20    /* of a stream, whatever the device's */
#define LINES_BURST    5     /* log lines peers may provoke at once */
#define LINES_EVERY    10000 /* ms until as many again */

static struct log_budget complaints = { LINES_BURST, LINES_EVERY, 0, 0, 0 };

static struct service *
service_of(const struct arts_request *request)
{
	return request->client->arts->service;
}

static void
put_object(struct arts_request *request, uint32_t object)
{
	struct mcop_reference reference =
	    artsclient_reference(request->client, object);

	mcop_put_reference(request->out, &reference);
}

/* --- answers that need no thought ---------------------------------------- */

/* Also for methods whose arguments change nothing here. */
static enum arts_verdict
on_nothing(struct arts_request *request)
{
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_false(struct arts_request *request)
{
	mcop_put_boolean(request->out, false);
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_true(struct arts_request *request)
{
	mcop_put_boolean(request->out, true);
	return ARTS_ANSWERED;
}

/* A number, an enum's first value, or a sequence of nothing. */
static enum arts_verdict
on_zero(struct arts_request *request)
{
	mcop_put_long(request->out, 0);
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_null(struct arts_request *request)
{
	mcop_put_reference(request->out, &mcop_null);
	return ARTS_ANSWERED;
}

/* --- every object ----------------------------------------------------------
 */

static enum arts_verdict
on_lookup_method(struct arts_request *request)
{
	struct mcop_wanted wanted;

	mcop_get_method(request->in, &wanted);
	mcop_put_long(request->out, mcop_find(request->tag, &wanted));
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_interface_name(struct arts_request *request)
{
	mcop_put_string(request->out, mcop_interfaces[request->tag].name);
	return ARTS_ANSWERED;
}

/* Descriptions without contents: no client is known to ask. */
static void
put_empty(struct arts_request *request, bool is_named, unsigned sequences)
{
	(void)mcop_get_string(request->in);
	if (is_named) {
		mcop_put_string(request->out, "");
	}
	while (sequences-- > 0) {
		mcop_put_long(request->out, 0);
	}
}

static enum arts_verdict
on_query_interface(struct arts_request *request)
{
	put_empty(request, true, 5);
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_query_type(struct arts_request *request)
{
	put_empty(request, true, 2);
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_query_enum(struct arts_request *request)
{
	put_empty(request, true, 2);
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_to_string(struct arts_request *request)
{
	struct mcop_reference reference =
	    artsclient_reference(request->client, request->object);
	char text[MCOP_TEXT_MAX];

	(void)mcop_print_reference(&reference, text, sizeof(text));
	mcop_put_string(request->out, text);
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_is_compatible(struct arts_request *request)
{
	const char *name = mcop_get_string(request->in);

	mcop_put_boolean(request->out, mcop_is_compatible(request->tag, name));
	return ARTS_ANSWERED;
}

/* What travels without being used keeps nothing alive here. */
static enum arts_verdict
on_copy_remote(struct arts_request *request)
{
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_use_remote(struct arts_request *request)
{
	if (request->stream != NULL) {
		artsstream_use(request->stream);
	}
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_release_remote(struct arts_request *request)
{
	if (request->stream != NULL) {
		artsstream_release(request->stream);
	}
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_get_flow_system(struct arts_request *request)
{
	put_object(request, ARTS_FLOW);
	return ARTS_ANSWERED;
}

/* --- streams ---------------------------------------------------------------
 */

static enum arts_verdict
on_processed(struct arts_request *request)
{
	artsstream_processed(request->stream);
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_get_handler(struct arts_request *request)
{
	mcop_put_long(request->out, MCOP_RECEIVER_receive);
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_receive(struct arts_request *request)
{
	uint32_t count;
	const uint8_t *bytes = mcop_get_bytes(request->in, &count);

	if (request->in->bad) {
		return ARTS_REFUSED;
	}
	if (!artsstream_receive(request->stream, bytes, count)) {
		artsclient_refuse(request->client,
		    "more sound than a client may be ahead");
		return ARTS_REFUSED;
	}
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_query_flags(struct arts_request *request)
{
	struct mcop_reference node;

	mcop_get_reference(request->in, &node);
	const char *port = mcop_get_string(request->in);
	mcop_put_long(request->out,
	    strcmp(port, "indata") == 0 ? MCOP_PORT_IN : 0);
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_sink_rate(struct arts_request *request)
{
	mcop_put_long(request->out, artsstream_sound(request->stream)->rate);
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_sink_channels(struct arts_request *request)
{
	mcop_put_long(request->out,
	    artsstream_sound(request->stream)->channels);
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_sink_bits(struct arts_request *request)
{
	mcop_put_long(request->out, artsstream_sound(request->stream)->bits);
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_sink_running(struct arts_request *request)
{
	mcop_put_boolean(request->out,
	    artsstream_stream(request->stream) != NULL);
	return ARTS_ANSWERED;
}

/* --- volumes ---------------------------------------------------------------
 */

static float
scale_of(int32_t volume)
{
	return (float)volume / VOLUME_UNITY;
}

/* Any number may come, and what is no number is silence. */
static int32_t
volume_of(float scale)
{
	if (!(scale > 0)) {
		return 0;
	}
	return scale >= (float)VOLUME_MAX / VOLUME_UNITY
		   ? VOLUME_MAX
		   : (int32_t)(scale * VOLUME_UNITY + 0.5F);
}

static enum arts_verdict
on_get_scale(struct arts_request *request)
{
	const struct status *status = &service_of(request)->status;
	const struct stream *stream = artsstream_stream(request->stream);
	int32_t volume = VOLUME_UNITY;

	if (stream != NULL) {
		volume = stream->volume[0];
	} else if (request->object == ARTS_MASTER_VOLUME) {
		volume = status->muted ? 0 : status->master[0];
	} else if (request->object == ARTS_OWN_VOLUME) {
		volume = request->client->volume;
	}
	mcop_put_float(request->out, scale_of(volume));
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_set_scale(struct arts_request *request)
{
	struct service *service = service_of(request);
	struct stream *stream = artsstream_stream(request->stream);
	int32_t volume = volume_of(mcop_get_float(request->in));

	if (request->in->bad) {
		return ARTS_REFUSED;
	}
	if (stream != NULL) {
		service_set_volume(service, stream, volume, volume);
	} else if (request->object == ARTS_MASTER_VOLUME) {
		service_set_master(service, volume, volume, false);
	} else if (request->object == ARTS_OWN_VOLUME) {
		artsstream_set_volumes(request->client, volume);
	}
	return ARTS_ANSWERED;
}

/* How many effects have been put there; they change nothing. */
static enum arts_verdict
on_insert(struct arts_request *request)
{
	mcop_put_long(request->out, ++request->client->arts->inserted);
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_create_object(struct arts_request *request)
{
	const char *name = mcop_get_string(request->in);

	if (strcmp(name, mcop_interfaces[MCOP_IS_VOLUME].name) == 0) {
		put_object(request, ARTS_OWN_VOLUME);
	} else {
		mcop_put_reference(request->out, &mcop_null);
	}
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_get_stack(struct arts_request *request)
{
	put_object(request, ARTS_STACK);
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_get_out_volume(struct arts_request *request)
{
	put_object(request, ARTS_MASTER_VOLUME);
	return ARTS_ANSWERED;
}

/* --- the server ------------------------------------------------------------
 */

static enum arts_verdict
on_get_variable(struct arts_request *request)
{
	static const char prefix[] = "Arts_";
	struct mcop_reference server =
	    artsclient_reference(request->client, ARTS_SERVER);
	const char *name = mcop_get_string(request->in);
	char text[MCOP_TEXT_MAX] = "";

	if (strcmp(name, "secret-cookie") == 0) {
		/* One that is of the right length, and none of anybody's. */
		memset(text, '0', MCOP_SEED_LEN);
		text[MCOP_SEED_LEN] = '\0';
	} else if (strncmp(name, prefix, sizeof(prefix) - 1) == 0) {
		(void)mcop_print_reference(&server, text, sizeof(text));
	}
	mcop_put_string(request->out, text);
	return ARTS_ANSWERED;
}

/* Of the device's buffer; until one is open, of the period we know. */
static float
buffer_ms(const struct service *service)
{
	const struct status *status = &service->status;

	return status->got.buffer == 0
		   ? 2.0F * (float)mixer_period_ms(service->mixer)
		   : (float)status->got.buffer * 1000.0F /
			 (float)mixer_rate(service->mixer);
}

static enum arts_verdict
on_get_server_time(struct arts_request *request)
{
	mcop_put_float(request->out, buffer_ms(service_of(request)));
	return ARTS_ANSWERED;
}

/* Less would not bridge the time from one acknowledgement to the next. */
static enum arts_verdict
on_get_stream_time(struct arts_request *request)
{
	float ms = buffer_ms(service_of(request));

	ms = ms > BUFFER_MS_MIN ? ms : BUFFER_MS_MIN;
	mcop_put_float(request->out,
	    ms * (float)request->client->arts->multiplier);
	return ARTS_ANSWERED;
}

/* A stranger who was let in for the asking plays and records, no more. */
static bool
may(const struct arts_request *request, const char *what)
{
	const struct artsclient *client = request->client;

	if (!client->known) {
		log_limited(&complaints, LOG_WARN, client->client.peer.name,
		    "aRts: a stranger may not %s; ignored", what);
	}
	return client->known;
}

static enum arts_verdict
on_play(struct arts_request *request)
{
	const struct arts *arts = request->client->arts;
	const char *path = mcop_get_string(request->in);

	if (request->in->bad) {
		return ARTS_REFUSED;
	}
	mcop_put_long(request->out, may(request, "play our files") &&
					path[0] == '/' &&
					arts->play(arts->arg, path));
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_suspend_now(struct arts_request *request)
{
	mcop_put_boolean(request->out,
	    mixer_suspend(service_of(request)->mixer));
	return ARTS_ANSWERED;
}

/* SDL's programs play only where this is so, and we need no silence to mix. */
static enum arts_verdict
on_suspended(struct arts_request *request)
{
	mcop_put_boolean(request->out, true);
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_terminate(struct arts_request *request)
{
	const struct arts *arts = request->client->arts;
	bool ends = may(request, "end us");

	mcop_put_boolean(request->out, ends);
	if (ends) {
		log_line(LOG_INFO, request->client->client.peer.name,
		    "aRts: asks us to stop");
		arts->terminate(arts->arg);
	}
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_get_suspend_time(struct arts_request *request)
{
	struct mixer *mixer = service_of(request)->mixer;
	const struct rest *rest = mixer_rest(mixer);
	uint64_t silent_ms = mixer_silent_ms(mixer);
	uint64_t sleep_ms = rest_sleep_ms(rest);
	int32_t seconds;

	if (rest_is_resting(rest)) {
		seconds = 0;
	} else if (silent_ms == 0) {
		seconds = -1;
	} else if (sleep_ms == 0) {
		seconds = -2;
	} else {
		seconds = silent_ms < sleep_ms
			      ? (int32_t)((sleep_ms - silent_ms) / 1000) + 1
			      : 1;
	}
	mcop_put_long(request->out, seconds);
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_get_auto_suspend(struct arts_request *request)
{
	const struct rest *rest = mixer_rest(service_of(request)->mixer);

	mcop_put_long(request->out, (int32_t)(rest_sleep_ms(rest) / 1000));
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_set_auto_suspend(struct arts_request *request)
{
	struct rest *rest = mixer_rest(service_of(request)->mixer);
	int32_t seconds = mcop_get_long(request->in);

	if (!request->in->bad && seconds >= 0 && seconds <= SECONDS_MAX) {
		rest_set_sleep_ms(rest, (uint32_t)seconds * 1000);
	}
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_get_realtime(struct arts_request *request)
{
	enum { IS_REALTIME = 0, IS_NOT = 3 };

	mcop_put_long(request->out,
	    service_of(request)->status.realtime == 1 ? IS_REALTIME : IS_NOT);
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_get_multiplier(struct arts_request *request)
{
	mcop_put_long(request->out, request->client->arts->multiplier);
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_set_multiplier(struct arts_request *request)
{
	int32_t multiplier = mcop_get_long(request->in);

	if (!request->in->bad && multiplier >= 1) {
		request->client->arts->multiplier =
		    multiplier < MULTIPLIER_MAX ? multiplier : MULTIPLIER_MAX;
	}
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_get_method(struct arts_request *request)
{
	mcop_put_string(request->out, "esdmixd");
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_get_rate(struct arts_request *request)
{
	mcop_put_long(request->out,
	    (int32_t)mixer_rate(service_of(request)->mixer));
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_get_channels(struct arts_request *request)
{
	mcop_put_long(request->out, 2);
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_get_bits(struct arts_request *request)
{
	mcop_put_long(request->out, 16);
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_get_device(struct arts_request *request)
{
	mcop_put_string(request->out, service_of(request)->status.device);
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_get_fragments(struct arts_request *request)
{
	const struct status *status = &service_of(request)->status;

	mcop_put_long(request->out,
	    status->got.period == 0
		? 0
		: (int32_t)(status->got.buffer / status->got.period));
	return ARTS_ANSWERED;
}

/* In bytes of 16-bit stereo, as the rest of this is told. */
static enum arts_verdict
on_get_fragment_size(struct arts_request *request)
{
	mcop_put_long(request->out,
	    (int32_t)(service_of(request)->status.got.period * 4));
	return ARTS_ANSWERED;
}

static enum arts_verdict
on_get_version(struct arts_request *request)
{
	mcop_put_string(request->out, request->client->arts->version);
	return ARTS_ANSWERED;
}

arts_handler *const arts_handlers[MCOP_METHODS] = {
#define METHOD(tag, name, result, parameters, handler)                         \
	[MCOP_##tag##_##name] = handler,
#define ONEWAY(tag, name, parameters, handler) [MCOP_##tag##_##name] = handler,
#include "protocols/mcop.def"
};

void
arts_serve(struct arts *arts)
{
	artsstream_serve_all(arts);
}

void
arts_finish(struct arts *arts)
{
	artsstream_finish_all(arts);
}
