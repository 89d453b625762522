#include "server/errand.h"

#include <stdlib.h>

#include "server/artsstream.h"

int32_t
remote_number(const struct remote *remote, enum mcop_row row)
{
	for (unsigned i = 0; i < remote->count; i++) {
		if (remote->methods[i].row == row) {
			return remote->methods[i].number;
		}
	}
	return -1;
}

static bool
is_known(const struct remote *remote, enum mcop_row row)
{
	unsigned i = 0;

	while (i < remote->count && remote->methods[i].row != row) {
		i++;
	}
	return i < remote->count;
}

static void
learn(struct remote *remote, enum mcop_row row, int32_t number)
{
	/* No errand calls more methods of one object than there is room for. */
	if (remote->count < REMOTE_METHODS_MAX) {
		remote->methods[remote->count].row = row;
		remote->methods[remote->count++].number = number;
	}
}

static struct remote *
target_of(struct errand *errand)
{
	switch (errand->step->target) {
	case ERRAND_SUBJECT:
		return &errand->subject;
	case ERRAND_FLOW:
		return &errand->flow;
	default:
		return artsstream_peer(errand->stream);
	}
}

static uint32_t
next_request(struct artsclient *client)
{
	return ++client->last_request;
}

static void
send_lookup(struct errand *errand, const struct remote *remote)
{
	uint8_t bytes[ARTS_MESSAGE_MAX];
	struct mcop_writer out;

	errand->looking = true;
	errand->request = next_request(errand->client);
	mcop_begin_call(&out, bytes, sizeof(bytes), remote->object,
	    MCOP_OBJECT__lookupMethod, errand->request);
	mcop_put_method(&out, &mcop_methods[errand->step->row]);
	artsclient_send(errand->client, &out);
}

static void
send_call(struct errand *errand, const struct remote *remote)
{
	uint8_t bytes[ARTS_MESSAGE_MAX];
	struct mcop_writer out;

	errand->request = next_request(errand->client);
	mcop_begin_call(&out, bytes, sizeof(bytes), remote->object,
	    (uint32_t)remote_number(remote, errand->step->row),
	    errand->request);
	if (errand->step->put != NULL) {
		errand->step->put(errand, &out);
	}
	artsclient_send(errand->client, &out);
}

static void
take(struct errand *errand, struct mcop_reader *in)
{
	if (errand->step->take != NULL) {
		errand->step->take(errand, in);
	}
}

/* True: the client has been asked.  False: there is nothing to ask it. */
static bool
ask(struct errand *errand)
{
	const struct remote *remote = target_of(errand);
	enum mcop_row row = errand->step->row;

	if (!remote->is_there) {
		return false;
	}
	if (!is_known(remote, row)) {
		send_lookup(errand, remote);
		return true;
	}
	if (errand->step->kind == ERRAND_LOOK) {
		return false;
	}
	if (remote_number(remote, row) < 0) {
		struct mcop_reader empty;

		mcop_read(&empty, "", 0);
		take(errand, &empty);
		return false;
	}
	send_call(errand, remote);
	return true;
}

static void
end(struct errand *errand)
{
	struct artsstream *stream = errand->stream;

	LIST_REMOVE(errand, in_client);
	errand->client->errand_count--;
	free(errand);
	if (stream != NULL) {
		artsstream_errand_ended(stream);
	}
}

static void
answer(struct errand *errand)
{
	uint8_t bytes[ARTS_MESSAGE_MAX];
	struct mcop_writer out;

	mcop_begin_return(&out, bytes, sizeof(bytes), errand->answers);
	if (errand->step->put != NULL) {
		errand->step->put(errand, &out);
	}
	artsclient_send(errand->client, &out);
	end(errand);
}

/* Goes on until the client is to answer, or has been answered. */
static void
go_on(struct errand *errand)
{
	for (;; errand->step++) {
		const struct errand_step *step = errand->step;

		if (step->when != NULL && !step->when(errand)) {
			continue;
		}
		if (step->kind == ERRAND_ANSWER) {
			answer(errand);
			return;
		}
		if (step->kind == ERRAND_DO) {
			step->put(errand, NULL);
		} else if (ask(errand)) {
			return;
		}
	}
}

enum arts_verdict
errand_begin(struct artsclient *client, const struct errand_step *steps,
    struct artsstream *stream, uint32_t subject, uint32_t answers)
{
	struct errand *errand = NULL;

	if (client->errand_count < ARTS_ERRANDS_MAX) {
		errand = calloc(1, sizeof(*errand));
	}
	if (errand == NULL) {
		artsclient_refuse(client, "too many requests at once");
		return ARTS_REFUSED;
	}
	errand->client = client;
	errand->stream = stream;
	errand->step = steps;
	errand->subject.is_there = true;
	errand->subject.object = subject;
	errand->answers = answers;
	LIST_INSERT_HEAD(&client->errands, errand, in_client);
	client->errand_count++;
	if (stream != NULL) {
		artsstream_errand_begun(stream);
	}
	go_on(errand);
	return ARTS_LATER;
}

bool
errand_returned(struct artsclient *client, uint32_t request,
    struct mcop_reader *in)
{
	struct errand *errand = LIST_FIRST(&client->errands);

	while (errand != NULL && errand->request != request) {
		errand = LIST_NEXT(errand, in_client);
	}
	if (errand == NULL) {
		return false;
	}
	if (errand->looking) {
		int32_t number = mcop_get_long(in);

		errand->looking = false;
		/* The first numbers belong to methods that are never asked for;
		 * of a bad answer 0 was read. */
		learn(target_of(errand), errand->step->row,
		    number > MCOP_OBJECT__queryEnum ? number : -1);
	} else {
		take(errand, in);
		errand->step++;
	}
	/* What an object says of itself may be short; it harms nobody. */
	in->bad = false;
	go_on(errand);
	return true;
}

void
errand_drop_all(struct artsclient *client)
{
	struct errand *errand, *next;

	for (errand = LIST_FIRST(&client->errands); errand != NULL;
	     errand = next) {
		next = LIST_NEXT(errand, in_client);
		end(errand);
	}
}
