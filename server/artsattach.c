#include "server/artsattach.h"

#include <stdio.h>
#include <string.h>

#include "server/arts.h"
#include "server/artsstream.h"
#include "server/errand.h"

/* --- what is told and asked ---------------------------------------------- */

static void
put_producer_v2(struct errand *errand, struct mcop_writer *out)
{
	mcop_put_string(out, mcop_interfaces[MCOP_IS_PRODUCER_V2].name);
}

static void
take_rate(struct errand *errand, struct mcop_reader *in)
{
	artsstream_sound(errand->stream)->rate = mcop_get_long(in);
}

static void
take_channels(struct errand *errand, struct mcop_reader *in)
{
	artsstream_sound(errand->stream)->channels = mcop_get_long(in);
}

static void
take_bits(struct errand *errand, struct mcop_reader *in)
{
	artsstream_sound(errand->stream)->bits = mcop_get_long(in);
}

/* Clients before 0.7.0 have no title: their object has no such method. */
static void
take_titled(struct errand *errand, struct mcop_reader *in)
{
	artsstream_sound(errand->stream)->is_titled = mcop_get_boolean(in);
}

static bool
is_titled(const struct errand *errand)
{
	return artsstream_sound(errand->stream)->is_titled;
}

static void
take_title(struct errand *errand, struct mcop_reader *in)
{
	struct artssound *sound = artsstream_sound(errand->stream);

	(void)snprintf(sound->title, sizeof(sound->title), "%s",
	    mcop_get_string(in));
}

/* An object of the client's own, or none. */
static struct remote
get_remote(struct artsclient *client, struct mcop_reader *in)
{
	struct mcop_reference reference;

	mcop_get_reference(in, &reference);
	return (struct remote){ .is_there = artsclient_owns(client, &reference),
		.object = reference.object };
}

static void
take_flow(struct errand *errand, struct mcop_reader *in)
{
	errand->flow = get_remote(errand->client, in);
}

static bool
has_flow(const struct errand *errand)
{
	return errand->flow.is_there;
}

static bool
has_peer(const struct errand *errand)
{
	return artsstream_peer(errand->stream)->is_there;
}

static void
do_open(struct errand *errand, struct mcop_writer *out)
{
	artsstream_open(errand->stream);
}

static void
put_subject(struct errand *errand, struct mcop_writer *out)
{
	struct mcop_reference subject = { .server = errand->client->id,
		.object = errand->subject.object };

	mcop_put_reference(out, &subject);
}

static void
put_stream(struct errand *errand, struct mcop_writer *out)
{
	struct mcop_reference reference = artsclient_reference(errand->client,
	    artsstream_object(errand->stream));

	mcop_put_reference(out, &reference);
}

static void
put_connection(struct errand *errand, struct mcop_writer *out)
{
	put_subject(errand, out);
	mcop_put_string(out, "outdata");
	put_stream(errand, out);
	mcop_put_string(out, "indata");
}

static void
put_receiver(struct errand *errand, struct mcop_writer *out)
{
	put_subject(errand, out);
	mcop_put_string(out, "indata");
	put_stream(errand, out);
}

static void
take_receiver(struct errand *errand, struct mcop_reader *in)
{
	struct remote receiver = get_remote(errand->client, in);

	if (receiver.is_there) {
		artsstream_connect(errand->stream, receiver.object);
	}
}

static void
take_handler(struct errand *errand, struct mcop_reader *in)
{
	int32_t handler = mcop_get_long(in);

	artsstream_set_handler(errand->stream, in->bad ? -1 : handler);
}

/* --- the steps ----------------------------------------------------------- */

/* clang-format off */
#define CALL(target, row, put, take, when)                                     \
	{ ERRAND_CALL, ERRAND_##target, MCOP_##row, put, take, when }
#define LOOK(target, row) { ERRAND_LOOK, ERRAND_##target, MCOP_##row, NULL,    \
	NULL, NULL }
#define DO(function)	{ .kind = ERRAND_DO, .put = function }
#define ANSWER(put_it)	{ .kind = ERRAND_ANSWER, .put = put_it }

/*
 * The stream must be connected before this ends: packets that the client fills
 * earlier never come back to it.  The reference that comes with the request is
 * used, the one that goes back to the client is announced before.
 */
static const struct errand_step attaching[] = {
	CALL(SUBJECT, OBJECT__useRemote, NULL, NULL, NULL),
	CALL(SUBJECT, PRODUCER__get_samplingRate, NULL, take_rate, NULL),
	CALL(SUBJECT, PRODUCER__get_channels, NULL, take_channels, NULL),
	CALL(SUBJECT, PRODUCER__get_bits, NULL, take_bits, NULL),
	CALL(SUBJECT, OBJECT__isCompatibleWith, put_producer_v2, take_titled,
	    NULL),
	CALL(SUBJECT, PRODUCER_V2__get_title, NULL, take_title, is_titled),
	CALL(SUBJECT, OBJECT__get__flowSystem, NULL, take_flow, NULL),
	CALL(FLOW, OBJECT__useRemote, NULL, NULL, NULL),
	DO(do_open),
	CALL(SUBJECT, OBJECT__copyRemote, NULL, NULL, has_flow),
	CALL(FLOW, FLOW_connectObject, put_connection, NULL, NULL),
	CALL(FLOW, OBJECT__releaseRemote, NULL, NULL, NULL),
	ANSWER(NULL),
};

/* Meanwhile the client calls our flow system: its sender needs us to use it. */
static const struct errand_step receiving[] = {
	CALL(PEER, OBJECT__useRemote, NULL, NULL, NULL),
	LOOK(PEER, SENDER_processed),
	ANSWER(put_stream),
};

static const struct errand_step attaching_recorder[] = {
	CALL(SUBJECT, OBJECT__useRemote, NULL, NULL, NULL),
	CALL(SUBJECT, RECORDER__get_samplingRate, NULL, take_rate, NULL),
	CALL(SUBJECT, RECORDER__get_channels, NULL, take_channels, NULL),
	CALL(SUBJECT, RECORDER__get_bits, NULL, take_bits, NULL),
	CALL(SUBJECT, RECORDER__get_title, NULL, take_title, NULL),
	CALL(SUBJECT, OBJECT__get__flowSystem, NULL, take_flow, NULL),
	CALL(FLOW, OBJECT__useRemote, NULL, NULL, NULL),
	CALL(SUBJECT, OBJECT__copyRemote, NULL, NULL, has_flow),
	CALL(FLOW, FLOW_createReceiver, put_receiver, take_receiver, NULL),
	CALL(PEER, OBJECT__useRemote, NULL, NULL, NULL),
	CALL(PEER, RECEIVER__get_receiveHandlerID, NULL, take_handler, NULL),
	CALL(FLOW, OBJECT__releaseRemote, NULL, NULL, NULL),
	DO(do_open),
	ANSWER(NULL),
};

/* The reference of this request, and that of the one which attached it. */
static const struct errand_step detaching[] = {
	CALL(SUBJECT, OBJECT__useRemote, NULL, NULL, NULL),
	CALL(SUBJECT, OBJECT__releaseRemote, NULL, NULL, NULL),
	CALL(SUBJECT, OBJECT__releaseRemote, NULL, NULL, NULL),
	ANSWER(NULL),
};

/* What we do not know, or not any more. */
static const struct errand_step returning[] = {
	CALL(SUBJECT, OBJECT__useRemote, NULL, NULL, NULL),
	CALL(SUBJECT, OBJECT__releaseRemote, NULL, NULL, NULL),
	ANSWER(NULL),
};

static const struct errand_step disconnecting[] = {
	CALL(PEER, SENDER_disconnect, NULL, NULL, has_peer),
	CALL(PEER, OBJECT__releaseRemote, NULL, NULL, has_peer),
	ANSWER(NULL),
};
/* clang-format on */

/* --- the requests -------------------------------------------------------- */

static enum arts_verdict
attach(struct arts_request *request, bool records,
    const struct errand_step *steps)
{
	struct artsclient *client = request->client;
	struct remote subject = get_remote(client, request->in);
	struct artsstream *stream;

	if (request->in->bad) {
		return ARTS_REFUSED;
	}
	if (!subject.is_there) {
		return ARTS_ANSWERED; /* null, or another process's */
	}
	stream = artsstream_create(client, subject.object, records);
	return stream == NULL ? ARTS_REFUSED
			      : errand_begin(client, steps, stream,
				    subject.object, request->id);
}

enum arts_verdict
on_attach(struct arts_request *request)
{
	return attach(request, false, attaching);
}

enum arts_verdict
on_attach_recorder(struct arts_request *request)
{
	return attach(request, true, attaching_recorder);
}

enum arts_verdict
on_detach(struct arts_request *request)
{
	struct artsclient *client = request->client;
	struct remote subject = get_remote(client, request->in);
	struct artsstream *stream;
	const struct errand_step *steps = returning;

	if (request->in->bad) {
		return ARTS_REFUSED;
	}
	if (!subject.is_there) {
		return ARTS_ANSWERED;
	}
	stream = artsstream_find_subject(client, subject.object);
	if (stream != NULL) {
		artsstream_detach(stream);
		steps = detaching;
	}
	return errand_begin(client, steps, stream, subject.object, request->id);
}

enum arts_verdict
on_create_receiver(struct arts_request *request)
{
	struct artsclient *client = request->client;
	struct mcop_reference dest;
	struct artsstream *stream = NULL;

	mcop_get_reference(request->in, &dest);
	(void)mcop_get_string(request->in); /* there is one port */
	struct remote sender = get_remote(client, request->in);
	if (request->in->bad) {
		return ARTS_REFUSED;
	}
	if (strcmp(dest.server, client->arts->self.server) == 0) {
		stream = artsstream_find(client, dest.object);
	}
	if (stream == NULL || !sender.is_there || artsstream_records(stream) ||
	    artsstream_peer(stream)->is_there) {
		mcop_put_reference(request->out, &mcop_null);
		return ARTS_ANSWERED;
	}
	artsstream_connect(stream, sender.object);
	return errand_begin(client, receiving, stream, sender.object,
	    request->id);
}

enum arts_verdict
on_disconnect(struct arts_request *request)
{
	if (!artsstream_disconnect(request->stream)) {
		return ARTS_ANSWERED; /* it was before */
	}
	return errand_begin(request->client, disconnecting, request->stream, 0,
	    request->id);
}
