/* From the program, or the ring that it maps, to the daemon. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "compat-tools/dsp/device_impl.h"
#include "compat-tools/dsp/oss4.h"

#define TURNS_MAX 64   /* pieces before others get their turn */
#define STOPPER	  1024 /* bytes, of which a socket's poll() takes notice */

/*
 * Bytes that the kernel holds between a program that writes all it can and us.
 * Unless the program asks for its space, so much less is held here, so that
 * both together are what it believes to be the buffer.
 */
#define SLACK 4096

/* The same of one that does not wait: how long it may be at other things
 * before it writes again. */
#define HURRY_MS 100

static void on_moved(void *arg);
static void on_left(void *arg);

/* --- the stream ----------------------------------------------------------- */

static uint32_t
least_frames(const struct device *device)
{
	const struct daemon *daemon = device->settings.daemon;

	return (uint32_t)((uint64_t)daemon->period * device->format.rate /
			  daemon->rate) +
	       1;
}

uint32_t
outflow_slack(const struct device *device)
{
	uint64_t bytes = (uint64_t)device->format.rate * device->frame_bytes *
			 HURRY_MS / 1000;

	return device->hurries && bytes > SLACK ? (uint32_t)bytes : SLACK;
}

/* Frames between a byte that is taken and the mixer. */
static uint32_t
buffer_frames(const struct device *device)
{
	uint32_t bytes = fragments_bytes(&device->fragments);
	uint32_t least = 2 * least_frames(device);

	if (!device->asks) {
		uint32_t slack = outflow_slack(device);

		bytes -= bytes / 2 < slack ? bytes / 2 : slack;
	}
	bytes /= device->frame_bytes;
	return bytes > least ? bytes : least;
}

void
outflow_hold(struct device *device)
{
	bool waits = !turn_has_come(&device->turn);

	if (device->old != NULL) {
		play_hold(device->old, waits);
	}
	if (device->play != NULL) {
		play_hold(device->play,
		    waits || (device->trigger & PCM_ENABLE_OUTPUT) == 0);
	}
}

static int
begin_play(struct device *device)
{
	struct play_settings settings = { .loop = device->settings.loop,
		.daemon = device->settings.daemon,
		.name = device->name,
		.format = device->format.format,
		.channels = device->format.channels,
		.rate = device->format.rate,
		.buffer = buffer_frames(device),
		.volume = device->volume,
		.moved = on_moved,
		.arg = device };
	int error;

	if (device->play != NULL) {
		return 0;
	}
	error = play_create(&settings, &device->play);
	if (error == 0) {
		outflow_hold(device);
	}
	return error;
}

/* What cannot be taken for want of memory is lost. */
static void
take(struct device *device, size_t bytes)
{
	size_t all = device->part + bytes;
	size_t n = all / device->frame_bytes;

	if (begin_play(device) == 0) {
		(void)play_take(device->play, device->piece, n);
	}
	device->part = all % device->frame_bytes;
	memmove(device->piece, device->piece + n * device->frame_bytes,
	    device->part);
}

/* --- reading the program -------------------------------------------------- */

/* Sound that nobody wants: for a mixer, for a ring, for want of access. */
static bool
is_unwanted(const struct device *device)
{
	return device->settings.kind == DOOR_MIXER ||
	       device->out.data != NULL ||
	       (device->settings.access & DOOR_WRITE) == 0;
}

/* Bytes that fit in; 0: not now. */
static size_t
room(struct device *device)
{
	size_t frames = buffer_frames(device);
	size_t bytes;

	if (is_unwanted(device)) {
		return device->stopped ? 0 : SIZE_MAX;
	}
	if (device->old != NULL) {
		return 0;
	}
	if (device->play != NULL) {
		play_set_buffer(device->play, (uint32_t)frames);
		frames = play_room(device->play);
	}
	bytes = frames * device->frame_bytes;
	return bytes > device->part ? bytes - device->part : 0;
}

/* Reads at most so many bytes; false: there were none, or the end. */
static bool
read_piece(struct device *device, size_t most)
{
	size_t size = sizeof(device->piece) - device->part;
	ssize_t got = recv(device->settings.fd, device->piece + device->part,
	    most < size ? most : size, MSG_DONTWAIT);

	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
		outflow_end(device);
	} else if (got > 0 && !is_unwanted(device)) {
		take(device, (size_t)got);
	}
	return got > 0;
}

/* Reads what the program has written, as far as it fits in. */
static void
read_program(struct device *device)
{
	size_t turns = 0;
	size_t most = 0;

	while (!device->ended && turns++ < TURNS_MAX &&
	       (most = room(device)) > 0 && read_piece(device, most)) {
	}
	device->gated = most == 0;
	device_watch(device);
}

/* All that there is now, for it is of the format that was. */
static void
read_rest(struct device *device)
{
	size_t left = device_unread(device->settings.fd);

	while (!device->ended && left > 0) {
		size_t piece =
		    left < DEVICE_PIECE / 2 ? left : DEVICE_PIECE / 2;

		if (!read_piece(device, piece)) {
			break;
		}
		left -= piece;
	}
}

/* --- a mapped ring -------------------------------------------------------- */

/* How far the ring is copied before it is mixed: frames. */
static uint32_t
lead(const struct device *device)
{
	uint32_t fragment = device->fragments.size / device->frame_bytes;
	uint32_t least = least_frames(device) * 3 / 2;
	uint32_t most = device->out.size / device->frame_bytes / 2;

	fragment = fragment > least ? fragment : least;
	return fragment < most ? fragment : most;
}

/* The copy follows the mixer; where it stands is what GETOPTR tells. */
static void
roll(struct device *device)
{
	uint64_t at, n;

	if (!device->rolling || device->old != NULL ||
	    begin_play(device) != 0) {
		return;
	}
	play_set_buffer(device->play, 2 * lead(device));
	at = play_taken(device->play);
	n = play_mixed(device->play) + lead(device);
	n = n > at ? n - at : 0;
	while (n > 0) {
		size_t most = DEVICE_PIECE / device->frame_bytes;

		most = n < most ? (size_t)n : most;
		ring_copy_out(&device->out, at * device->frame_bytes,
		    device->piece, most * device->frame_bytes);
		if (play_take(device->play, device->piece, most) != 0) {
			return;
		}
		at += most;
		n -= most;
	}
}

void
outflow_start(struct device *device)
{
	if (device->out.data != NULL &&
	    (device->trigger & PCM_ENABLE_OUTPUT) != 0) {
		device->rolling = true;
	}
	roll(device);
}

/* Frames until a fragment has passed that was not told; 0: one has. */
static uint64_t
until_passed(const struct device *device)
{
	uint64_t next = (device->told_out + 1) * device->fragments.size;
	uint64_t at = device->play == NULL
			  ? 0
			  : play_taken(device->play) * device->frame_bytes;

	return next <= at ? 0
			  : (next - at + device->frame_bytes - 1) /
				device->frame_bytes;
}

void
outflow_on_passing(void *arg)
{
	struct device *device = arg;
	uint64_t frames;

	roll(device);
	frames = device->rolling ? until_passed(device) : 0;
	if (frames > 0) {
		loop_set(device->settings.loop, &device->passing,
		    loop_now() +
			(int64_t)(frames * 1000000 / device->format.rate) + 1);
		return;
	}
	device->stopped = false;
	read_program(device);
}

/*
 * The kernel lets the program write while we read what it has written: so
 * something is written in its stead, and read once the fragment has passed.
 */
static void
stop_program(struct device *device, int fd)
{
	static const uint8_t stopper[STOPPER];
	int bytes = DOOR_SNDBUF;

	if (!device->rolling || device->stopped) {
		return;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	if (send(fd, stopper, sizeof(stopper), MSG_DONTWAIT | MSG_NOSIGNAL) >
	    0) {
		device->stopped = true;
		outflow_on_passing(device);
	}
}

/* --- draining ------------------------------------------------------------- */

static bool
is_drained(struct device *device)
{
	if (device->out.data != NULL) {
		return true;
	}
	if (device->old != NULL || device_unread(device->settings.fd) > 0) {
		return false;
	}
	return device->play == NULL ||
	       play_heard(device->play) == play_taken(device->play);
}

static void
tell_drained(struct device *device)
{
	if (device->waited && is_drained(device)) {
		device->waited = false;
		device->settings.drained(device->settings.arg);
	}
}

void
outflow_pump(struct device *device)
{
	read_program(device);
	if (!device->ended) {
		roll(device);
		tell_drained(device);
	}
}

static void
on_moved(void *arg)
{
	outflow_pump(arg);
}

bool
device_drain(struct device *device)
{
	if (device->settings.kind == DOOR_MIXER) {
		return true;
	}
	if ((device->trigger & PCM_ENABLE_OUTPUT) == 0) {
		device_set_trigger(device, -1,
		    device->trigger | PCM_ENABLE_OUTPUT);
	}
	read_program(device);
	device->waited = !device->ended && !is_drained(device);
	return !device->waited;
}

/* --- its end -------------------------------------------------------------- */

static void
on_left(void *arg)
{
	struct device *device = arg;

	device->old = NULL;
	if (device->ended) {
		device->settings.gone(device->settings.arg);
	} else {
		outflow_pump(device);
	}
}

/*
 * Every copy of the program's descriptor is closed.  What it has written, or
 * its ring's pointer has passed, is played.
 */
void
outflow_end(struct device *device)
{
	struct play *play = device->play;

	device->ended = true;
	loop_unwatch(device->settings.loop, device->settings.fd);
	inflow_end(device);
	if (device->old != NULL) {
		return;
	}
	device->play = NULL;
	if (play != NULL && (device->trigger & PCM_ENABLE_OUTPUT) != 0) {
		device->old = play;
		device->old_frame = device->frame_bytes;
		play_finish(play, on_left, device);
		outflow_hold(device);
		return;
	}
	play_destroy(play);
	device->settings.gone(device->settings.arg);
}

/* All that was written so far is sound of the format that was. */
void
outflow_retire(struct device *device)
{
	struct play *play;

	read_rest(device);
	play = device->play;
	device->part = 0;
	if (play == NULL) {
		return;
	}
	device->before += play_taken(play) * device->frame_bytes;
	device->play = NULL;
	if (device->out.data != NULL) {
		device->before = 0; /* its pointer begins anew */
		device->told_out = 0;
		play_destroy(play);
	} else if (play_heard(play) == play_taken(play)) {
		play_destroy(play);
	} else {
		device->old = play;
		device->old_frame = device->frame_bytes;
		play_finish(play, on_left, device);
		outflow_hold(device);
	}
}

void
device_drop_out(struct device *device)
{
	device_discard(device->settings.fd);
	play_destroy(device->play);
	device->play = NULL;
	device->part = 0;
	device->before = 0;
	device->told_out = 0;
	device->rolling = false;
	device->stopped = false;
	outflow_pump(device);
}

/* --- where it is ---------------------------------------------------------- */

/* Bytes of the last format that are yet to be heard. */
static uint64_t
old_bytes(struct device *device)
{
	return device->old == NULL
		   ? 0
		   : (play_taken(device->old) - play_heard(device->old)) *
			 device->old_frame;
}

/* Bytes heard, in all formats. */
static uint64_t
heard_bytes(struct device *device)
{
	uint64_t bytes = device->before - old_bytes(device);

	if (device->play != NULL) {
		bytes += play_heard(device->play) * device->frame_bytes;
	}
	return bytes;
}

static void
fill_written(struct device *device, struct device_space *space)
{
	uint32_t total = fragments_bytes(&device->fragments);
	uint64_t most = (uint64_t)buffer_frames(device) * device->frame_bytes;
	uint64_t waiting = device_unread(device->settings.fd) + device->part;
	uint64_t used = waiting;

	assert(total > 0);
	if (device->play != NULL) {
		uint64_t taken = play_taken(device->play);

		used +=
		    (taken - play_mixed(device->play)) * device->frame_bytes;
		waiting +=
		    (taken - play_heard(device->play)) * device->frame_bytes;
	}
	most = most > used ? most - used : 0;
	space->bytes = most < total ? (uint32_t)most : total;
	if (device->old != NULL) {
		space->bytes = 0;
	}
	space->passed = heard_bytes(device);
	space->waiting = (uint32_t)(waiting + old_bytes(device));
	space->offset = (uint32_t)(space->passed % total);
}

static void
fill_mapped(struct device *device, struct device_space *space)
{
	outflow_start(device);
	space->bytes = device->out.size;
	if (device->play != NULL) {
		uint64_t taken = play_taken(device->play);

		space->passed = taken * device->frame_bytes;
		space->waiting = (uint32_t)((taken - play_heard(device->play)) *
					    device->frame_bytes);
		space->bytes -= lead(device) * device->frame_bytes;
	}
	space->offset = (uint32_t)(space->passed % device->out.size);
}

int
device_out(struct device *device, struct device_space *space)
{
	*space = (struct device_space){ 0 };
	if ((device->settings.access & DOOR_WRITE) == 0) {
		return -EINVAL;
	}
	read_program(device);
	if (device->out.data != NULL) {
		fill_mapped(device, space);
	} else {
		fill_written(device, space);
	}
	space->fragments = (uint32_t)(space->passed / device->fragments.size -
				      device->told_out);
	return 0;
}

void
outflow_recount(struct device *device)
{
	device->told_out = heard_bytes(device) / device->fragments.size;
}

void
device_told_out(struct device *device, int fd, uint32_t fragments)
{
	device->told_out += fragments;
	if (device->out.data != NULL) {
		stop_program(device, fd);
	}
}
