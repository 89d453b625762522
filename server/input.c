#include "server/input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/format.h"

int
input_init(struct input *input, const char *name,
    const struct device_want *want, struct tap *tap,
    void (*report)(void *arg, const struct mixer_event *event), void *arg)
{
	memset(input, 0, sizeof(*input));
	(void)snprintf(input->name, sizeof(input->name), "%s", name);
	input->want = *want;
	input->tap = tap;
	input->report = report;
	input->arg = arg;
	input->raw = malloc(
	    (size_t)ENGINE_PERIOD_MAX * ENGINE_CHANNELS_MAX * OUT_BYTES_MAX);
	input->frames =
	    calloc((size_t)ENGINE_PERIOD_MAX * 2, sizeof(*input->frames));
	return input->raw == NULL || input->frames == NULL ? -ENOMEM : 0;
}

void
input_finish(struct input *input)
{
	sink_close(&input->card);
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

static void
open_card(struct input *input, uint64_t now)
{
	int error = sink_listen(&input->card, input->name, &input->want);

	if (error < 0) {
		input->retry_at = now + INPUT_RETRY_MS;
		tell_failure(input, error);
		return;
	}
	input->failed = 0;
	input->now = &input->card;
	sink_close(&input->null);
	tell(input, MIXER_LISTENING, 0);
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
	sink_close(&input->card);
	input->now = NULL;
	input->retry_at = now;
	tell_failure(input, error);
}

void
input_tend(struct input *input, uint64_t now)
{
	/* Relaxed: looked at again every period. */
	if (!atomic_load_explicit(&input->tap->wanted, memory_order_relaxed)) {
		sink_close(&input->card);
		sink_close(&input->null);
		input->now = NULL;
		input->retry_at = 0;
		input->failed = 0;
		return;
	}
	if (input->now != &input->card && now >= input->retry_at) {
		open_card(input, now);
	}
	if (input->now == NULL) {
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
	if (sink != NULL && (n = sink->kind->read(sink->device, input->raw,
				 ENGINE_PERIOD_MAX)) > 0) {
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
