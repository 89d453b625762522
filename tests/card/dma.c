#include "tests/card/dma.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS UINT64_C(1000000000)

#define EVENT_MAX 512 /* bytes */

uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS + (uint64_t)now.tv_nsec;
}

static uint64_t
frames_in(uint64_t ns, uint32_t rate)
{
	return ns / NS * rate + ns % NS * rate / NS;
}

static uint64_t
ns_of(uint64_t frames, uint32_t rate)
{
	return frames / rate * NS + (frames % rate * NS + rate - 1) / rate;
}

bool
is_playback(const struct vcard *card)
{
	return card->io.stream == SND_PCM_STREAM_PLAYBACK;
}

const char *
stream_name(const struct vcard *card)
{
	return is_playback(card) ? "playback" : "capture";
}

/* The test reads what was written; it couldn't do anything about an error. */
static void
put(int fd, const void *bytes, size_t count)
{
	const uint8_t *at = bytes;

	while (count > 0) {
		ssize_t done = write(fd, at, count);

		if (done < 0 && errno == EINTR) {
			continue;
		}
		if (done <= 0) {
			return;
		}
		at += done;
		count -= (size_t)done;
	}
}

void
event(struct vcard *card, uint64_t ns, const char *name, const char *format,
    ...)
{
	char line[EVENT_MAX];
	va_list args;
	int length = snprintf(line, sizeof(line), "%llu %s %llu stream=%s ",
	    (unsigned long long)ns, name,
	    (unsigned long long)card->control->frames, stream_name(card));

	va_start(args, format);
	length += vsnprintf(line + length, sizeof(line) - (size_t)length,
	    format, args);
	va_end(args);
	if ((size_t)length > sizeof(line) - 1) {
		length = sizeof(line) - 1;
	}
	line[length] = '\n';
	put(card->events, line, (size_t)length + 1);
}

uint64_t
queued(const struct vcard *card)
{
	uint64_t at = card->position % card->boundary;
	uint64_t application = card->io.appl_ptr + card->taken;
	uint64_t ahead =
	    is_playback(card) ? application - at : at - application;

	return ahead > card->boundary ? ahead + card->boundary : ahead;
}

uint64_t
available(const struct vcard *card)
{
	uint64_t buffer = card->io.buffer_size;

	if (!is_playback(card)) {
		return queued(card);
	}
	return queued(card) < buffer ? buffer - queued(card) : 0;
}

static void
note_clock(struct vcard *card, uint64_t ns)
{
	struct card_clock note = { .ns = ns, .frames = card->control->frames };

	if (is_playback(card)) {
		put(card->clock, &note, sizeof(note));
	}
}

static void
record_frames(struct vcard *card, uint64_t count)
{
	uint64_t buffer = card->io.buffer_size;
	uint64_t at = card->position % buffer;

	while (card->record && count > 0) {
		uint64_t n = buffer - at < count ? buffer - at : count;

		put(card->played, card->ring + at * card->frame_bytes,
		    n * card->frame_bytes);
		count -= n;
		at = 0;
	}
}

static void
pass(struct vcard *card, uint64_t count)
{
	if (count == 0) {
		return;
	}
	if (is_playback(card)) {
		record_frames(card, count);
		if (card->substream == 0) {
			card->control->frames += count;
		}
	}
	card->position += count;
	note_clock(card, card->begun + ns_of(card->position, card->io.rate));
}

static void
run_dry(struct vcard *card, uint64_t ns)
{
	card->moving = false;
	if (card->io.state == SND_PCM_STATE_DRAINING) {
		return; /* alsa-lib sees that it is empty and stops it */
	}
	snd_pcm_ioplug_set_state(&card->io, SND_PCM_STATE_XRUN);
	event(card, ns, "xrun", "%s", "");
}

/* Lets the pointer follow the clock, as far as there are frames. */
static void
advance(struct vcard *card, uint64_t now)
{
	if (!card->moving || card->stalled) {
		return;
	}

	uint64_t target = frames_in(now - card->begun, card->io.rate);
	uint64_t most = is_playback(card) ? queued(card)
					  : card->io.buffer_size - queued(card);
	uint64_t step = target > card->position ? target - card->position : 0;
	bool bounded = card->stops || card->io.state == SND_PCM_STATE_DRAINING;

	if (bounded && step >= most) {
		pass(card, most);
		run_dry(card,
		    card->begun + ns_of(card->position, card->io.rate));
	} else {
		pass(card, step);
	}
}

void
move_on(struct vcard *card, uint64_t now)
{
	card->begun = now - ns_of(card->position, card->io.rate);
	note_clock(card, now);
}

bool
is_active(const struct vcard *card)
{
	switch (card->io.state) {
	case SND_PCM_STATE_PREPARED:
	case SND_PCM_STATE_RUNNING:
	case SND_PCM_STATE_DRAINING:
		return true;
	default:
		return false;
	}
}

void
check_plug(struct vcard *card, uint64_t now)
{
	if (card->dead || card->unplugs == card->control->unplugs) {
		return;
	}
	advance(card, now);
	card->dead = true;
	card->moving = false;
	snd_pcm_ioplug_set_state(&card->io, SND_PCM_STATE_DISCONNECTED);
	event(card, now, "unplugged", "%s", "");
}

static void
check_suspend(struct vcard *card, uint64_t now)
{
	if (card->suspends == card->control->suspends || card->dead) {
		return;
	}
	card->suspends = card->control->suspends;
	if (!is_active(card)) {
		return;
	}
	advance(card, now);
	card->was_moving = card->moving;
	card->moving = false;
	snd_pcm_ioplug_set_state(&card->io, SND_PCM_STATE_SUSPENDED);
	event(card, now, "suspend", "%s", "");
}

static void
check_stall(struct vcard *card, uint64_t now)
{
	uint64_t until = card->control->stalled_until;
	bool stalled = until > now;

	if (stalled == card->stalled) {
		return;
	}
	advance(card, now);
	card->stalled = stalled;
	if (card->moving) {
		move_on(card, now);
	}
	event(card, now, stalled ? "stall" : "unstall", "%s", "");
}

static void
check_xrun(struct vcard *card, uint64_t now)
{
	if (card->xruns == card->control->xruns || card->dead) {
		return;
	}
	card->xruns = card->control->xruns;
	advance(card, now);
	if (card->moving && card->io.state == SND_PCM_STATE_RUNNING) {
		run_dry(card, now);
	}
}

/* When something will have changed for the program, in ns; 0: never. */
static uint64_t
next_wake(const struct vcard *card)
{
	uint64_t until = card->control->stalled_until;

	if (card->dead || !is_active(card)) {
		return 1;
	}
	if (card->stalled) {
		return until == CARD_FOREVER ? 0 : until;
	}

	bool draining = card->io.state == SND_PCM_STATE_DRAINING;
	uint64_t enough = draining ? card->io.buffer_size : card->avail_min;
	uint64_t period = card->io.period_size;
	uint64_t now = available(card);
	if (now >= enough) {
		return 1;
	}
	if (!card->moving) {
		return 0;
	}

	uint64_t target = card->position + enough - now;
	if (!draining) {
		target = (target + period - 1) / period * period;
	}
	return card->begun + ns_of(target, card->io.rate);
}

/* Setting the timer also makes it unreadable, until it goes off again. */
void
arm(struct vcard *card)
{
	uint64_t due = next_wake(card);
	struct itimerspec at = { .it_value = { .tv_sec = (time_t)(due / NS),
				     .tv_nsec = (long)(due % NS) } };

	if (due != card->due) {
		timerfd_settime(card->timer, TFD_TIMER_ABSTIME, &at, NULL);
		card->due = due;
	}
}

void
look(struct vcard *card)
{
	uint64_t now = now_ns();

	check_plug(card, now);
	check_stall(card, now);
	check_suspend(card, now);
	check_xrun(card, now);
	advance(card, now);
	arm(card);
}
