#include "compat-tools/dsp/play.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "compat-tools/dsp/position.h"

#define TICK	  10000	  /* us between two looks where no record comes */
#define PATIENCE  3000000 /* us more than the sound takes, for its end */
#define PIECE	  4096	  /* frames converted at a time */
#define SENT_ONCE 65536	  /* bytes */

struct play {
	struct play_settings settings;
	struct convert convert;
	struct position position;

	/* What is converted and not sent: `used` bytes from `begin`. */
	uint8_t *queue;
	size_t size, begin, used;

	struct client stream;	    /* fd -1: none */
	struct esd_granted granted; /* id 0: tells no positions */
	uint64_t base;		    /* frames sent before this connection */
	unsigned underruns;	    /* of those, before this connection */
	unsigned told_underruns;    /* since */
	bool lost;		    /* there was a connection */
	size_t cut; /* bytes sent of a frame that is not sent whole */

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
disconnect(struct play *play)
{
	if (play->stream.fd >= 0) {
		loop_unwatch(play->settings.loop, play->stream.fd);
		client_close(&play->stream);
	}
	play->full = false;
}

static void
forget(struct play *play)
{
	disconnect(play);
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
	if (play->stream.fd >= 0 && play->granted.id > 0 &&
	    play_heard(play) < play->position.sent) {
		daemon_kill(play->settings.daemon, play->granted.id);
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
	if ((play->used == 0 && play_mixed(play) == play->position.sent) ||
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
	play->stream.fd = -1;
	play->tick = (struct loop_timer){ .fired = on_tick, .arg = play };
	position_start(&play->position, settings->rate, true, 0);
	error =
	    convert_init(&play->convert, settings->format, settings->channels);
	if (error != 0) {
		free(play);
		return error;
	}
	*created = play;
	return 0;
}

static void
set_patience(struct play *play)
{
	int64_t left =
	    position_us(&play->position, play->taken - play_heard(play));

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
	unsigned frame = play->convert.wire_bytes;
	size_t whole = (play->cut + bytes) / frame;

	play->cut = (play->cut + bytes) % frame;
	play->begin += bytes;
	play->used -= bytes;
	if (play->used == 0) {
		play->begin = 0;
	}
	position_sent(&play->position, whole, loop_now());
}

/* --- the daemon ----------------------------------------------------------- */

/* What was sent there and never came back counts as played in time. */
static void
lose(struct play *play)
{
	disconnect(play);
	play->lost = true;
	play->underruns += play->told_underruns;
	play->told_underruns = 0;
	if (play->cut > 0) {
		consume(play, play->convert.wire_bytes - play->cut);
	}
	position_turn(&play->position, false, 0, loop_now());
}

static void
on_record(struct play *play, const struct esd_position *record)
{
	uint64_t mixed = esd_join(record->played_high, record->played_low);
	int64_t stamp =
	    (int64_t)esd_join(record->stamp_high, record->stamp_low);

	/* The clock of another machine says nothing here. */
	if (stamp > loop_now() || stamp < loop_now() - PATIENCE) {
		stamp = loop_now();
	}
	play->told_underruns = (unsigned)record->underruns;
	position_record(&play->position, play->base + mixed,
	    record->delay > 0 ? (uint32_t)record->delay : 0, stamp);
}

static void
on_stream(void *arg, int fd, short events)
{
	struct play *play = arg;
	struct esd_position record;
	int error = -ETIMEDOUT;

	if (play->granted.id > 0 && (events & ~POLLOUT) != 0) {
		do {
			error = client_told(&play->stream, ESD_STREAM_TRACK,
			    &record, 0);
			if (error == 0) {
				on_record(play, &record);
			}
		} while (error == 0);
	} else if ((events & ~POLLOUT) != 0) {
		error = -ECONNRESET;
	}
	if ((events & POLLOUT) != 0) {
		play->full = false;
	}
	if (error != -ETIMEDOUT) {
		lose(play);
	}
	on_tick(play);
}

static void
watch(struct play *play)
{
	short events = play->full ? POLLIN | POLLOUT : POLLIN;

	if (play->stream.fd >= 0) {
		(void)loop_watch(play->settings.loop, play->stream.fd, events,
		    on_stream, play);
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
	bool tracked;

	if (daemon_play(settings->daemon, settings->name, play->convert.wire,
		settings->rate,
		ms < ESD_BUFFER_MS_MAX ? (uint32_t)ms : ESD_BUFFER_MS_MAX,
		&play->stream, &play->granted) != 0) {
		if (!play->lost) {
			lose(play);
		}
		return;
	}
	tracked = play->granted.id > 0;
	if (play->lost || !tracked) {
		position_turn(&play->position, tracked,
		    tracked ? 0 : daemon_lag(settings->daemon, settings->rate),
		    loop_now());
	}
	play->lost = false;
	play->base = play->position.sent;
	set_volume(play);
	watch(play);
}

/* --- sending -------------------------------------------------------------- */

/* Bytes that the daemon's ring should be given now. */
static size_t
allowed(struct play *play)
{
	uint64_t away = play->position.sent - play_mixed(play);
	uint64_t most = play->settings.buffer;

	if (play->granted.id > 0 && (uint64_t)play->granted.frames < most) {
		most = (uint64_t)play->granted.frames;
	}
	if (away >= most) {
		return 0;
	}
	most = (most - away) * play->convert.wire_bytes - play->cut;
	return play->used < most ? play->used : (size_t)most;
}

/* False: no more for now. */
static bool
send_some(struct play *play, size_t bytes)
{
	ssize_t sent;

	if (play->stream.fd < 0) {
		consume(play, bytes);
		return true;
	}
	if (play->full) {
		return false;
	}
	sent = send(play->stream.fd, play->queue + play->begin,
	    bytes < SENT_ONCE ? bytes : SENT_ONCE, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent >= 0) {
		consume(play, (size_t)sent);
		return true;
	}
	if (errno == EAGAIN) {
		play->full = true;
		watch(play);
		return false;
	}
	if (errno != EINTR) {
		lose(play);
	}
	return true;
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
	if (play->stream.fd < 0 && play->used > 0) {
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
	return position_mixed(&play->position, loop_now());
}

uint64_t
play_heard(struct play *play)
{
	return position_heard(&play->position, loop_now());
}

unsigned
play_underruns(const struct play *play)
{
	return play->underruns + play->told_underruns;
}
