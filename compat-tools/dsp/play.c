#include "compat-tools/dsp/play.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "compat-tools/track.h"

#define TICK	 10000	 /* us between two looks where no record comes */
#define PATIENCE 3000000 /* us more than the sound takes, for its end */
#define PIECE	 4096	 /* frames converted at a time */

struct play {
	struct play_settings settings;
	struct convert convert;
	struct track track;

	/* What is converted and not sent: `used` bytes from `begin`. */
	uint8_t *queue;
	size_t size, begin, used;

	uint64_t taken;
	bool held;
	bool full; /* the socket; POLLOUT is waited for */

	struct loop_timer tick;
	bool finishing;
	int64_t give_up; /* us */
	void (*gone)(void *arg);
	void *gone_arg;
};

static void forward(struct play *play);
static void watch(struct play *play);

/* --- its life ------------------------------------------------------------- */

static void
unwatch(struct play *play)
{
	if (play->track.stream.fd >= 0) {
		loop_unwatch(play->settings.loop, play->track.stream.fd);
	}
	play->full = false;
}

static void
forget(struct play *play)
{
	unwatch(play);
	track_close(&play->track);
	loop_unset(play->settings.loop, &play->tick);
	free(play->queue);
	free(play);
}

void
play_destroy(struct play *play)
{
	if (play == NULL) {
		return;
	}
	if (play_heard(play) < track_sent(&play->track)) {
		unwatch(play);
		track_kill(&play->track);
	}
	forget(play);
}

/*
 * It ends when all has been mixed, so that what comes next follows at once.
 * The daemon plays what it was sent whether we wait or not.
 */
static void
end(struct play *play)
{
	if ((play->used == 0 && play_mixed(play) == track_sent(&play->track)) ||
	    (!play->held && loop_now() > play->give_up)) {
		void (*gone)(void *arg) = play->gone;
		void *arg = play->gone_arg;

		forget(play);
		if (gone != NULL) {
			gone(arg);
		}
	}
}

static void
on_tick(void *arg)
{
	struct play *play = arg;

	forward(play);
	if (play->finishing) {
		end(play);
	} else if (play->settings.moved != NULL) {
		play->settings.moved(play->settings.arg);
	}
}

int
play_create(const struct play_settings *settings, struct play **created)
{
	struct play *play = calloc(1, sizeof(*play));
	int error;

	if (play == NULL) {
		return -ENOMEM;
	}
	play->settings = *settings;
	play->tick = (struct loop_timer){ .fired = on_tick, .arg = play };
	error =
	    convert_init(&play->convert, settings->format, settings->channels);
	if (error != 0) {
		free(play);
		return error;
	}
	play->track = (struct track){ .daemon = settings->daemon,
		.name = settings->name,
		.wire = play->convert.wire,
		.frame_bytes = play->convert.wire_bytes };
	track_init(&play->track, settings->rate);
	*created = play;
	return 0;
}

static void
set_patience(struct play *play)
{
	int64_t left =
	    position_us(&play->track.position, play->taken - play_heard(play));

	play->give_up = loop_now() + left + PATIENCE;
}

void
play_finish(struct play *play, void (*gone)(void *arg), void *arg)
{
	play->finishing = true;
	play->gone = gone;
	play->gone_arg = arg;
	play->settings.moved = NULL;
	play->held = false;
	set_patience(play);
	/* Not from here: the caller may still look at it. */
	loop_set(play->settings.loop, &play->tick, loop_now());
}

/* --- the queue ------------------------------------------------------------ */

static int
reserve(struct play *play, size_t bytes)
{
	size_t size = play->size < PIECE ? PIECE : play->size;
	uint8_t *queue;

	if (play->begin > 0) {
		memmove(play->queue, play->queue + play->begin, play->used);
		play->begin = 0;
	}
	while (size < play->used + bytes) {
		size *= 2;
	}
	if (size == play->size) {
		return 0;
	}
	queue = realloc(play->queue, size);
	if (queue == NULL) {
		return -ENOMEM;
	}
	play->queue = queue;
	play->size = size;
	return 0;
}

int
play_take(struct play *play, const uint8_t *in, size_t n)
{
	size_t bytes = n * play->convert.wire_bytes;

	if (play->begin + play->used + bytes > play->size) {
		int error = reserve(play, bytes);

		if (error != 0) {
			return error;
		}
	}
	convert_play(&play->convert, in, n,
	    play->queue + play->begin + play->used);
	play->used += bytes;
	play->taken += n;
	forward(play);
	return 0;
}

static void
consume(struct play *play, size_t bytes)
{
	play->begin += bytes;
	play->used -= bytes;
	if (play->used == 0) {
		play->begin = 0;
	}
}

/* --- the daemon ----------------------------------------------------------- */

static void
lose(struct play *play)
{
	unwatch(play);
	consume(play, track_lose(&play->track));
}

static void
on_stream(void *arg, int fd, short events)
{
	struct play *play = arg;

	if ((events & POLLOUT) != 0) {
		play->full = false;
	}
	if (track_look(&play->track) != 0) {
		lose(play);
	}
	on_tick(play);
}

static void
watch(struct play *play)
{
	short events = play->full ? POLLIN | POLLOUT : POLLIN;

	if (play->track.stream.fd >= 0) {
		(void)loop_watch(play->settings.loop, play->track.stream.fd,
		    events, on_stream, play);
	}
}

/* A daemon that remembers no volumes is told again. */
static void
set_volume(const struct play *play)
{
	int32_t volume[2] = { play->settings.volume[0],
		play->settings.volume[1] };

	if (volume[0] >= 0) {
		(void)daemon_volume(play->settings.daemon, play->settings.name,
		    volume);
	}
}

static void
connect_stream(struct play *play)
{
	const struct play_settings *settings = &play->settings;
	uint64_t ms = ((uint64_t)settings->buffer * 1000 + settings->rate - 1) /
		      settings->rate;

	if (track_connect(&play->track,
		ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX) != 0) {
		if (!play->track.lost) {
			lose(play);
		}
		return;
	}
	set_volume(play);
	watch(play);
}

/* --- sending -------------------------------------------------------------- */

/* Bytes that the daemon's ring should be given now. */
static size_t
allowed(struct play *play)
{
	uint64_t most = track_room(&play->track, play->settings.buffer);

	most = most * play->convert.wire_bytes;
	most -= most > 0 ? play->track.cut : 0;
	return play->used < most ? play->used : (size_t)most;
}

/* False: no more for now. */
static bool
send_some(struct play *play, size_t bytes)
{
	ssize_t sent;

	if (play->track.stream.fd < 0) {
		track_pass(&play->track, bytes);
		consume(play, bytes);
		return true;
	}
	if (play->full) {
		return false;
	}
	sent = track_send(&play->track, play->queue + play->begin, bytes);
	if (sent < 0) {
		lose(play);
	} else if (sent > 0) {
		consume(play, (size_t)sent);
	} else {
		play->full = true;
		watch(play);
	}
	return sent != 0;
}

/*
 * No record comes once all is mixed, none from a daemon that is gone or old,
 * none while the queue waits for the card to move: then the clock calls.
 */
static void
set_tick(struct play *play)
{
	if (play->finishing || play->used > 0 ||
	    play_heard(play) < play->taken) {
		loop_set(play->settings.loop, &play->tick, loop_now() + TICK);
	}
}

static void
forward(struct play *play)
{
	size_t bytes;

	if (play->held) {
		return;
	}
	if (play->track.stream.fd < 0 && play->used > 0) {
		connect_stream(play);
	}
	while ((bytes = allowed(play)) > 0 && send_some(play, bytes)) {
	}
	set_tick(play);
}

void
play_hold(struct play *play, bool held)
{
	if (play->held && !held) {
		set_patience(play);
	}
	play->held = held;
	forward(play);
}

/* --- where it is ---------------------------------------------------------- */

void
play_set_buffer(struct play *play, uint32_t frames)
{
	play->settings.buffer = frames;
}

size_t
play_room(struct play *play)
{
	uint64_t away = play->taken - play_mixed(play);

	return away < play->settings.buffer ? play->settings.buffer - away : 0;
}

uint64_t
play_taken(const struct play *play)
{
	return play->taken;
}

uint64_t
play_mixed(struct play *play)
{
	return track_mixed(&play->track);
}

uint64_t
play_heard(struct play *play)
{
	return track_heard(&play->track);
}

unsigned
play_underruns(const struct play *play)
{
	return track_underruns(&play->track);
}
