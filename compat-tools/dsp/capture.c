#include "compat-tools/dsp/capture.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define TICK   10000 /* us between two pieces of silence */
#define SECOND 1000000
#define PIECE  8192 /* bytes read at a time; whole frames of any format */

struct capture {
	struct capture_settings settings;
	struct convert convert;
	struct client stream; /* fd -1: none */

	uint8_t wire[PIECE]; /* of the daemon; `part` of a frame, not whole */
	size_t part;
	uint8_t *kept; /* converted; `used` bytes from `begin` */
	size_t size, begin, used;

	uint64_t frames; /* captured */
	uint64_t taken;	 /* bytes */
	unsigned overruns;
	bool late; /* the program */

	struct loop_timer tick;
	int64_t silent_at; /* us: up to here there was sound or silence */
};

static void on_stream(void *arg, int fd, short events);

/* --- what is kept --------------------------------------------------------- */

static void
give(struct capture *capture)
{
	size_t taken;

	if (capture->used == 0) {
		return;
	}
	taken = capture->settings.take(capture->settings.arg,
	    capture->kept + capture->begin, capture->used);
	capture->taken += taken;
	capture->begin += taken;
	capture->used -= taken;
	if (capture->used == 0) {
		capture->begin = 0;
		capture->late = false;
	}
}

/* Room for n frames behind what is kept; NULL: no memory, they are lost. */
static uint8_t *
room(struct capture *capture, size_t n)
{
	size_t bytes = n * capture->convert.frame_bytes;
	size_t size = capture->used + bytes;
	uint8_t *kept;

	if (capture->begin > 0) {
		memmove(capture->kept, capture->kept + capture->begin,
		    capture->used);
		capture->begin = 0;
	}
	if (size > capture->size) {
		kept = realloc(capture->kept, size);
		if (kept == NULL) {
			capture->overruns++;
			return NULL;
		}
		capture->kept = kept;
		capture->size = size;
	}
	return capture->kept + capture->used;
}

/*
 * What is kept beyond the buffer goes, the oldest first; but a frame of which
 * the program has a part stays.
 */
static void
drop_oldest(struct capture *capture)
{
	size_t frame = capture->convert.frame_bytes;
	size_t rest = (frame - capture->taken % frame) % frame;
	uint8_t *from = capture->kept + capture->begin + rest;
	size_t excess;

	if (capture->used <= capture->settings.buffer + rest) {
		return;
	}
	excess = capture->used - capture->settings.buffer - rest;
	excess = (excess + frame - 1) / frame * frame;
	if (excess > capture->used - rest) {
		return;
	}
	capture->used -= excess;
	memmove(from, from + excess, capture->used - rest);
	capture->overruns += !capture->late;
	capture->late = true;
}

static void
add(struct capture *capture, size_t n)
{
	capture->used += n * capture->convert.frame_bytes;
	capture->frames += n;
	give(capture);
	drop_oldest(capture);
}

/* --- silence -------------------------------------------------------------- */

static void
be_silent(struct capture *capture)
{
	int64_t passed = loop_now() - capture->silent_at;
	size_t n = (size_t)((uint64_t)passed * capture->settings.rate / SECOND);
	size_t most = PIECE / capture->convert.frame_bytes;
	uint8_t *out;

	n = n < most ? n : most;
	capture->silent_at +=
	    (int64_t)((uint64_t)n * SECOND / capture->settings.rate);
	out = room(capture, n);
	if (out != NULL) {
		convert_silence(&capture->convert, n, out);
		add(capture, n);
	}
}

static void
on_tick(void *arg)
{
	struct capture *capture = arg;
	const struct capture_settings *settings = &capture->settings;

	if (daemon_record(settings->daemon, settings->name,
		capture->convert.wire, settings->rate, &capture->stream) == 0) {
		capture->part = 0;
		(void)loop_watch(settings->loop, capture->stream.fd, POLLIN,
		    on_stream, capture);
		return;
	}
	loop_set(settings->loop, &capture->tick, loop_now() + TICK);
	be_silent(capture);
}

static void
disconnect(struct capture *capture)
{
	if (capture->stream.fd >= 0) {
		loop_unwatch(capture->settings.loop, capture->stream.fd);
		client_close(&capture->stream);
	}
}

/* --- the daemon ----------------------------------------------------------- */

static void
take_in(struct capture *capture, size_t bytes)
{
	unsigned frame = capture->convert.wire_bytes;
	size_t all = capture->part + bytes;
	size_t n = all / frame;
	uint8_t *out = room(capture, n);

	if (out != NULL) {
		convert_record(&capture->convert, capture->wire, n, out);
		add(capture, n);
	}
	capture->part = all % frame;
	memmove(capture->wire, capture->wire + n * frame, capture->part);
	capture->silent_at = loop_now();
}

static void
on_stream(void *arg, int fd, short events)
{
	struct capture *capture = arg;
	ssize_t got = recv(fd, capture->wire + capture->part,
	    sizeof(capture->wire) - capture->part, MSG_DONTWAIT);

	if (got > 0) {
		take_in(capture, (size_t)got);
	} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		disconnect(capture);
		loop_set(capture->settings.loop, &capture->tick,
		    loop_now() + TICK);
	}
}

/* --- for the device ------------------------------------------------------- */

int
capture_create(const struct capture_settings *settings,
    struct capture **created)
{
	struct capture *capture = calloc(1, sizeof(*capture));
	int error;

	if (capture == NULL) {
		return -ENOMEM;
	}
	capture->settings = *settings;
	capture->stream.fd = -1;
	capture->tick = (struct loop_timer){ .fired = on_tick, .arg = capture };
	capture->silent_at = loop_now();
	error = convert_init(&capture->convert, settings->format,
	    settings->channels);
	if (error != 0) {
		free(capture);
		return error;
	}
	loop_set(settings->loop, &capture->tick, loop_now());
	*created = capture;
	return 0;
}

void
capture_destroy(struct capture *capture)
{
	if (capture != NULL) {
		disconnect(capture);
		loop_unset(capture->settings.loop, &capture->tick);
		free(capture->kept);
		free(capture);
	}
}

void
capture_go_on(struct capture *capture)
{
	give(capture);
}

uint64_t
capture_frames(const struct capture *capture)
{
	return capture->frames;
}

size_t
capture_kept(const struct capture *capture)
{
	return capture->used;
}

unsigned
capture_overruns(const struct capture *capture)
{
	return capture->overruns;
}
