#include "server/input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/format.h"

int
input_init(struct input *input, const char *name,
    const struct device_want *want, struct tap *tap, struct gate *gate,
    void (*report)(void *arg, const struct mixer_event *event),
    void (*wake)(void *arg), void *arg)
{
	memset(input, 0, sizeof(*input));
	(void)snprintf(input->name, sizeof(input->name), "%s", name);
	input->want = *want;
	input->tap = tap;
	input->gate = gate;
	input->report = report;
	input->arg = arg;
	input->raw = malloc(
	    (size_t)ENGINE_PERIOD_MAX * ENGINE_CHANNELS_MAX * OUT_BYTES_MAX);
	input->frames =
	    calloc((size_t)ENGINE_PERIOD_MAX * 2, sizeof(*input->frames));
	if (input->raw == NULL || input->frames == NULL) {
		return -ENOMEM;
	}
	return opener_create(gate, wake, arg, &input->opener);
}

void
input_finish(struct input *input)
{
	if (input->opener != NULL) {
		opener_close(input->opener, &input->card);
		opener_destroy(input->opener);
		input->opener = NULL;
	}
	sink_close(&input->null);
	free(input->raw);
	free(input->frames);
}

static void
tell(struct input *input, enum mixer_event_kind kind, int error)
{
	struct mixer_event event = {
		.kind = kind,
		.error = error,
		.got = input->card.got,
	};

	input->report(input->arg, &event);
}

/* A device that fails again for the same reason is not worth telling. */
static void
tell_failure(struct input *input, int error)
{
	if (error != input->failed) {
		tell(input, MIXER_DEAF, error);
	}
	input->failed = error;
}

static bool
is_wanted(const struct input *input)
{
	/* Relaxed: looked at again every period. */
	return atomic_load_explicit(&input->tap->wanted, memory_order_relaxed);
}

static void
take_card(struct input *input, const struct sink *card)
{
	input->card = *card;
	input->failed = 0;
	input->now = &input->card;
	sink_close(&input->null);
	tell(input, MIXER_LISTENING, 0);
}

static void
take_outcome(struct input *input, uint64_t now)
{
	struct sink card;
	int error;

	if (!opener_take(input->opener, &card, &error, now)) {
		return;
	}
	if (!is_wanted(input)) {
		opener_close(input->opener, &card);
	} else if (error < 0) {
		input->retry_at = now + INPUT_RETRY_MS;
		tell_failure(input, error);
	} else {
		take_card(input, &card);
	}
}

static void
open_null(struct input *input)
{
	if (sink_listen(&input->null, "null", &input->want) == 0) {
		input->now = &input->null;
	}
}

static void
lose_card(struct input *input, int error, uint64_t now)
{
	opener_close(input->opener, &input->card);
	input->now = NULL;
	input->retry_at = now;
	tell_failure(input, error);
}

static void
stop(struct input *input)
{
	opener_close(input->opener, &input->card);
	sink_close(&input->null);
	input->now = NULL;
	input->retry_at = 0;
	input->failed = 0;
}

/* Closes what others have asked for. */
static void
yield(struct input *input, uint64_t now)
{
	input->asked |= gate_asked(input->gate, GATE_CAPTURE);
	if (sink_is_on(&input->card, input->asked)) {
		lose_card(input, -EBUSY, now + INPUT_RETRY_MS);
	}
	if (!opener_is_opening(input->opener)) {
		input->asked = 0;
	}
}

void
input_tend(struct input *input, uint64_t now)
{
	take_outcome(input, now);
	yield(input, now);
	if (!is_wanted(input)) {
		stop(input);
		return;
	}
	if (input->now != &input->card && now >= input->retry_at &&
	    !opener_is_opening(input->opener)) {
		opener_listen(input->opener, input->name, &input->want, now);
		input->silent_at = now + INPUT_HOLD_MS;
	}
	if (input->now == NULL &&
	    (now >= input->silent_at || !opener_is_opening(input->opener))) {
		open_null(input);
	}
}

int
input_fds(struct input *input, struct pollfd *fds)
{
	const struct sink *sink = input->now;

	return sink == NULL ? 0 : sink->kind->fds(sink->device, fds);
}

static int
recover(struct input *input, int error)
{
	struct sink *sink = input->now;

	return error == -EPIPE ? sink->kind->recover(sink->device, error)
			       : error;
}

bool
input_take(struct input *input, uint64_t now)
{
	struct sink *sink = input->now;
	bool any = false;
	int n = 0;

	/* Once for each wake-up: some devices always have more. */
	if (sink != NULL &&
	    (n = sink_read(sink, input->raw, ENGINE_PERIOD_MAX)) > 0) {
		format_parse(sink->got.format, sink->got.channels, input->raw,
		    (uint32_t)n, input->frames);
		tap_write(input->tap, sink->got.rate, input->frames,
		    (uint32_t)n);
		any = true;
	}
	if (n < 0) {
		int error = recover(input, n);

		if (error < 0) {
			lose_card(input, error, now);
		}
	}
	return any;
}
