#include "server/output.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static void
tell(struct output *output, enum mixer_event_kind kind, unsigned device,
    const struct sink *sink, int error)
{
	struct mixer_event event = {
		.kind = kind,
		.device = device,
		.error = error,
		.count = output->underruns,
		.got = sink->got,
	};

	output->report(output->arg, &event);
}

static void
report(struct output *output, enum mixer_event_kind kind, int error)
{
	tell(output, kind, output->device, &output->card, error);
}

int
output_init(struct output *output, const struct devices *devices,
    const struct device_want *want, struct gate *gate,
    void (*report_event)(void *arg, const struct mixer_event *event),
    void (*wake)(void *arg), void *arg)
{
	int error;

	memset(output, 0, sizeof(*output));
	output->devices = *devices;
	output->want = *want;
	output->gate = gate;
	output->report = report_event;
	output->arg = arg;
	output->rate = want->rate;
	output->now = &output->null;
	hotplug_open(&output->hotplug, HOTPLUG_ROOT);
	error = sink_open(&output->null, "null", want);
	return error < 0 ? error
			 : opener_create(gate, wake, arg, &output->opener);
}

void
output_finish(struct output *output)
{
	if (output->opener != NULL) {
		opener_close(output->opener, &output->card);
		opener_close(output->opener, &output->next);
		opener_destroy(output->opener);
		output->opener = NULL;
	}
	sink_close(&output->null);
	hotplug_close(&output->hotplug);
}

static void
use_card(struct output *output, uint64_t now)
{
	output->now = &output->card;
	output->held_until = 0;
	output->progress = now;
	output->moving = false;
	output->prime = true;
	output->restarts = 0;
	output->trouble = 0;
}

static uint32_t
stall_ms(const struct output *output)
{
	const struct device_got *got = &output->card.got;
	uint32_t least_ms = output->moving ? OUTPUT_STALL_MS : OUTPUT_START_MS;

	return least_ms + (uint32_t)((uint64_t)got->period * 3000 / got->rate);
}

/* How long what the card has will be heard, ms, rounded up. */
static uint32_t
left_ms(const struct output *output)
{
	uint64_t frames = output_delay(output);
	uint32_t rate = output->now->got.rate;

	return (uint32_t)((frames * 1000 + rate - 1) / rate);
}

/* The card gets nothing more, and is left when it has played all. */
static void
begin_leaving(struct output *output, uint64_t now)
{
	output->leave_at = now + left_ms(output) + stall_ms(output);
}

/*
 * What plays follows from what is open and the mixer's rate, whichever way it
 * came to that: the card until it has played what it has, if there is another
 * to come; and nothing while it is on trial, or the engine for its rate on its
 * way.
 */
static void
settle(struct output *output, uint64_t now)
{
	struct sink *card = &output->card;
	struct sink *next = &output->next;

	if (next->device != NULL && output->now != card) {
		opener_close(output->opener, card);
		*card = *next;
		output->device = output->next_device;
		next->device = NULL;
	}
	if (next->device != NULL && next->got.rate == output->rate) {
		begin_leaving(output, now);
		return;
	}
	output->leave_at = 0;
	if (card->device == NULL || output->trial ||
	    card->got.rate != output->rate) {
		output->now = &output->null;
	} else if (output->now != card) {
		use_card(output, now);
	}
}

/* The card has gone: what was to come comes now. */
static void
close_card(struct output *output, enum mixer_event_kind kind, int error,
    uint64_t now)
{
	opener_close(output->opener, &output->card);
	output->now = &output->null;
	output->trial = false;
	if (output->doubtful) {
		return; /* it never quite came back: the round goes on */
	}
	devices_lost(&output->devices, now);
	report(output, kind, error);
	if (output->next.device != NULL) {
		settle(output, now);
		report(output, MIXER_OPENED, 0);
	} else {
		output->doubtful = kind == MIXER_LOST;
	}
}

/* What was to come has gone: the card plays on, once that has its engine. */
static void
close_next(struct output *output, uint64_t now)
{
	if (output->next.device == NULL) {
		return;
	}
	opener_close(output->opener, &output->next);
	output->progress = now;
	settle(output, now);
	report(output, MIXER_OPENED, 0);
}

static void
accept_card(struct output *output)
{
	output->doubtful = false;
	report(output, MIXER_OPENED, 0);
}

/* It takes more than its first buffer. */
static void
prove_card(struct output *output)
{
	devices_proven(&output->devices, output->device);
	if (output->doubtful) {
		accept_card(output);
	}
}

/* "null" among others: it plays anyway, while those are tried again. */
static bool
is_implied(const struct output *output, const char *name)
{
	return output->devices.count > 1 &&
	       device_kind_of(name) == &device_null;
}

/* As much silence as it takes, which also starts it. */
static int
fill_card(struct output *output)
{
	struct sink *card = &output->card;
	unsigned frame_bytes =
	    card->got.channels * out_format_bytes(card->got.format);
	uint8_t silence[4096];
	uint32_t most = (uint32_t)sizeof(silence) / frame_bytes;
	int room = card->kind->room(card->device, NULL, 0);
	int error = room < 0 ? room : 0;

	memset(silence, card->got.format == OUT_U8 ? 0x80 : 0, sizeof(silence));
	while (error == 0 && room > 0) {
		uint32_t n = (uint32_t)room < most ? (uint32_t)room : most;

		error = sink_write(card, silence, n);
		room -= (int)n;
	}
	return error;
}

/*
 * One that came back may not move yet, and sound that waits for it would keep
 * its clients waiting.
 */
static void
begin_trial(struct output *output, uint64_t now)
{
	int error = fill_card(output);

	output->trial = true;
	output->progress = now;
	if (error < 0) {
		close_card(output, MIXER_LOST, error, now);
	}
}

/* It moves when it has room again, or has run dry. */
static void
watch_trial(struct output *output, uint64_t now)
{
	struct sink *card = &output->card;
	int room = card->kind->room(card->device, NULL, 0);

	if (room == -EPIPE && card->kind->recover(card->device, room) == 0) {
		room = (int)card->got.period;
	}
	if (room >= (int)card->got.period) {
		output->trial = false;
		settle(output, now);
		output->moving = true;
		accept_card(output);
	} else if (room < 0 || now - output->progress > OUTPUT_TRIAL_MS) {
		close_card(output, MIXER_LOST, -ETIMEDOUT, now);
	}
}

static void
take_card(struct output *output, const struct sink *card, uint64_t now)
{
	output->card = *card;
	output->device = output->trying;
	if (card->got.rate == output->rate && output->doubtful &&
	    card->kind == &device_alsa) {
		begin_trial(output, now);
		return;
	}
	settle(output, now);
	/* For another rate an engine is made once this is told. */
	if (!output->doubtful || output->now != &output->card) {
		accept_card(output);
	}
}

static void
take_next(struct output *output, const struct sink *card, uint64_t now)
{
	output->next = *card;
	output->next_device = output->trying;
	tell(output, MIXER_OPENED, output->next_device, card, 0);
	settle(output, now);
}

static void
take_outcome(struct output *output, uint64_t now)
{
	struct sink card;
	int error;

	if (!opener_take(output->opener, &card, &error, now)) {
		return;
	}
	if (output->released) {
		opener_close(output->opener, &card);
	} else if (error == 0 && output->card.device != NULL) {
		take_next(output, &card, now);
	} else if (error == 0) {
		take_card(output, &card, now);
	} else if (output->card.device == NULL) {
		tell(output, MIXER_FAILED, output->trying, &card, error);
	}
}

static void
open_index(struct output *output, int index, uint64_t now)
{
	const char *name = output->devices.names[index];

	output->trying = (unsigned)index;
	opener_open(output->opener, name, &output->want, now);
}

/* While a later name plays: one before it, if that is due. */
static void
open_better(struct output *output, uint64_t now)
{
	int index;

	if (output->doubtful || output->next.device != NULL) {
		return;
	}
	index = devices_try_better(&output->devices, output->device, now);
	if (index >= 0 && !is_implied(output, output->devices.names[index])) {
		open_index(output, index, now);
	}
}

/* The next of a round through the chain, which ends at the first that opens. */
static void
open_next(struct output *output, uint64_t now)
{
	int index;

	do {
		index = devices_try(&output->devices, now);
	} while (
	    index >= 0 && is_implied(output, output->devices.names[index]));
	if (index < 0) {
		output->held_until = 0; /* there is nothing to wait for */
		return;
	}
	open_index(output, index, now);
}

/* Closes what others have asked for, and goes on with what is left. */
static void
yield(struct output *output, uint64_t now)
{
	output->asked |= gate_asked(output->gate, GATE_PLAY);
	if (sink_is_on(&output->next, output->asked)) {
		tell(output, MIXER_YIELDED, output->next_device, &output->next,
		    0);
		close_next(output, now);
	}
	if (sink_is_on(&output->card, output->asked)) {
		output->doubtful = false;
		close_card(output, MIXER_YIELDED, 0, now);
	}
	if (!opener_is_opening(output->opener)) {
		output->asked = 0;
	}
}

static void
see_hotplug(struct output *output, uint64_t now)
{
	if (output->card.device != NULL) {
		devices_hint(&output->devices, now);
	} else {
		devices_lost(&output->devices, now);
	}
}

void
output_tend(struct output *output, uint64_t now)
{
	take_outcome(output, now);
	yield(output, now);
	if (output->trial) {
		watch_trial(output, now);
	}
	if (output->released || opener_is_opening(output->opener) ||
	    (output->card.device != NULL && output->device == 0)) {
		return;
	}
	bool came = hotplug_happened(&output->hotplug);
	bool freed = gate_is_freed(output->gate);

	if (came || freed) {
		see_hotplug(output, now);
	}
	if (output->card.device != NULL) {
		open_better(output, now);
	} else {
		open_next(output, now);
	}
}

void
output_begin(struct output *output, uint64_t now)
{
	output->held_until = now + OUTPUT_HOLD_MS;
	output_tend(output, now);
}

void
output_release(struct output *output, bool released, uint64_t now)
{
	if (output->released == released) {
		return;
	}
	output->released = released;
	if (output->card.device != NULL && output->card.kind == &device_file) {
		close_next(output, now);
		return; /* nobody else wants it, and opening begins it anew */
	}
	if (released) {
		opener_close(output->opener, &output->next);
		opener_close(output->opener, &output->card);
		output->trial = false;
		settle(output, now);
		output->held_until = 0;
		report(output, MIXER_RELEASED, 0);
	} else {
		devices_lost(&output->devices, now);
		output_begin(output, now);
	}
}

void
output_set_rate(struct output *output, uint32_t rate, uint64_t now)
{
	struct device_want want = output->want;
	struct sink null;

	output->rate = rate;
	want.rate = rate;
	/* Where this fails the old one's pace is better than none. */
	if (sink_open(&null, "null", &want) == 0) {
		sink_close(&output->null);
		output->null = null;
	}
	settle(output, now);
}

int
output_fds(struct output *output, struct pollfd *fds, uint64_t now,
    int *timeout)
{
	struct sink *sink = output->now;
	uint64_t deadline;

	if (now < output->held_until) {
		*timeout = (int)(output->held_until - now);
		return 0;
	}
	if (output->leave_at > 0) {
		deadline = now + left_ms(output) + 1;
		if (deadline > output->leave_at) {
			deadline = output->leave_at;
		}
		*timeout = deadline > now ? (int)(deadline - now) : 0;
		return 0;
	}
	*timeout = -1;
	if (sink == &output->card) {
		deadline = output->progress + stall_ms(output) + 1;
		*timeout = deadline > now ? (int)(deadline - now) : 0;
	}
	if (output->prime) {
		*timeout = 0;
	}
	return sink->kind->fds(sink->device, fds);
}

static void
handle_error(struct output *output, int error, uint64_t now)
{
	struct sink *sink = output->now;

	if (error == -ENOSPC) {
		if (output->trouble != error) {
			report(output, MIXER_TROUBLE, error);
		}
		output->trouble = error;
		return;
	}
	if (sink != &output->card) {
		return; /* the null device has no errors that matter */
	}
	if (error == -EPIPE) {
		output->underruns++;
		report(output, MIXER_UNDERRUN, error);
	}
	if ((error == -EPIPE || error == -ESTRPIPE) &&
	    output->restarts++ < OUTPUT_RESTARTS) {
		if (sink->kind->recover(sink->device, error) == 0) {
			output->prime = true;
			output->progress = now;
			return;
		}
	}
	close_card(output, MIXER_LOST, error, now);
}

uint32_t
output_room(struct output *output, struct pollfd *fds, int count, uint64_t now)
{
	struct sink *sink = output->now;
	bool first = output->prime; /* it is empty: room proves nothing */
	int room;

	if (now < output->held_until) {
		return 0;
	}
	if (output->leave_at > 0) {
		if (output_delay(output) == 0 || now >= output->leave_at) {
			output->now = &output->null;
			settle(output, now);
		}
		return 0;
	}
	room = sink->kind->room(sink->device, fds, count);
	output->prime = false;
	if (room < 0) {
		handle_error(output, room, now);
		return 0;
	}
	if ((uint32_t)room < sink->got.period) {
		/* `now` is from before room() was asked: it is the device that
		 * was late, not we. */
		if (sink == &output->card &&
		    now - output->progress > stall_ms(output)) {
			close_card(output, MIXER_LOST, -ETIMEDOUT, now);
			return 0;
		}
	} else if (sink == &output->card) {
		output->progress = now;
		if (!first) {
			output->moving = true;
			output->restarts = 0;
			prove_card(output);
		}
	}
	return (uint32_t)room;
}

void
output_write(struct output *output, void *frames, uint32_t n, uint64_t now)
{
	struct sink *sink = output->now;
	int error = sink_write(sink, frames, n);

	if (error < 0) {
		handle_error(output, error, now);
	} else {
		output->trouble = 0;
	}
}

const struct device_got *
output_got(const struct output *output)
{
	return &output->now->got;
}

uint32_t
output_delay(const struct output *output)
{
	const struct sink *sink = output->now;
	int delay = sink->kind->delay(sink->device);

	return delay > 0 ? (uint32_t)delay : 0;
}

void
output_play_out(const struct output *output, uint64_t now, uint64_t deadline)
{
	uint64_t ms =
	    (uint64_t)output_delay(output) * 1000 / output_got(output)->rate +
	    1;

	if (output_delay(output) == 0 || now >= deadline) {
		return;
	}
	ms = ms < deadline - now ? ms : deadline - now;
	struct timespec pause = { (time_t)(ms / 1000),
		(long)(ms % 1000) * 1000000 };

	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
}
