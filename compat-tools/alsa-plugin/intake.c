#include "compat-tools/alsa-plugin/intake.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define WASTE 4096 /* bytes thrown away at a time */

int
intake_init(struct intake *intake)
{
	intake->stream.fd = -1;
	intake->ring = malloc((size_t)intake->buffer * intake->frame_bytes);
	return intake->ring == NULL ? -ENOMEM : 0;
}

void
intake_finish(struct intake *intake)
{
	if (intake->ring != NULL) {
		intake_stop(intake);
		free(intake->ring);
		intake->ring = NULL;
	}
}

void
intake_stop(struct intake *intake)
{
	client_close(&intake->stream);
}

void
intake_prepare(struct intake *intake)
{
	intake_stop(intake);
	intake->got = 0;
	intake->cut = 0;
	intake->paused = false;
	intake->over = false;
	intake->lost = false;
}

static int
connect_stream(void *arg)
{
	struct intake *intake = arg;

	return daemon_record(intake->daemon, intake->name, intake->wire,
	    intake->rate, &intake->stream);
}

int
intake_start(struct intake *intake)
{
	int error =
	    daemon_find(intake->daemon, intake->broken, connect_stream, intake);

	intake->broken = error != 0;
	return error == 0 ? 0 : -ENODEV;
}

static int
lose(struct intake *intake)
{
	intake->lost = true;
	intake->broken = true;
	return -EPIPE;
}

/* 0: nothing more for now; -errno: gone. */
static ssize_t
receive(const struct intake *intake, void *bytes, size_t count)
{
	ssize_t got = recv(intake->stream.fd, bytes, count, MSG_DONTWAIT);

	if (got > 0) {
		return got;
	}
	return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -EPIPE;
}

/* Throws away what has come, but no more than that, if `most` is less. */
static int
waste(struct intake *intake, size_t most)
{
	uint8_t bytes[WASTE];
	ssize_t got = 1;

	while (most > 0 && got > 0) {
		got = receive(intake, bytes, most < WASTE ? most : WASTE);
		if (got > 0) {
			intake->cut += (size_t)got;
			most -= (size_t)got;
		}
	}
	intake->cut %= intake->frame_bytes;
	return got < 0 ? (int)got : 0;
}

static void
waste_all(struct intake *intake)
{
	if (intake->stream.fd >= 0 && !intake->lost &&
	    waste(intake, SIZE_MAX) < 0) {
		(void)lose(intake);
	}
}

/* The part that has come of a frame goes, and the rest of it will. */
static void
cut(struct intake *intake)
{
	size_t part = (size_t)(intake->got % intake->frame_bytes);

	intake->got -= part;
	intake->cut += part;
}

void
intake_reset(struct intake *intake)
{
	cut(intake);
	intake->got = 0;
	intake->over = false;
	waste_all(intake);
}

void
intake_pause(struct intake *intake, bool paused)
{
	if (paused) {
		cut(intake);
	}
	waste_all(intake);
	intake->paused = paused;
}

/* What fits in before the end of the ring, or of the room. */
static size_t
span(const struct intake *intake, uint64_t from, size_t *at)
{
	size_t size = (size_t)intake->buffer * intake->frame_bytes;
	size_t used = (size_t)(intake->got - from * intake->frame_bytes);
	size_t room = used < size ? size - used : 0;

	*at = (size_t)(intake->got % size);
	return room < size - *at ? room : size - *at;
}

static int
fill(struct intake *intake, uint64_t from)
{
	size_t at;
	size_t room;
	int waiting = 0;

	if (intake->cut > 0) {
		int error = waste(intake, intake->frame_bytes - intake->cut);

		if (error != 0 || intake->cut > 0) {
			return error;
		}
	}
	while ((room = span(intake, from, &at)) > 0) {
		ssize_t got = receive(intake, intake->ring + at, room);

		if (got <= 0) {
			return (int)got;
		}
		intake->got += (uint64_t)got;
	}
	intake->over = ioctl(intake->stream.fd, FIONREAD, &waiting) == 0 &&
		       waiting >= (int)intake->frame_bytes;
	return 0;
}

int
intake_look(struct intake *intake, uint64_t from)
{
	int error = 0;

	if (intake->stream.fd >= 0 && !intake->lost) {
		error = intake->paused ? waste(intake, SIZE_MAX)
				       : fill(intake, from);
	}
	return error < 0 || intake->lost ? lose(intake) : 0;
}

uint64_t
intake_frames(const struct intake *intake)
{
	return intake->got / intake->frame_bytes;
}

const uint8_t *
intake_at(const struct intake *intake, uint64_t frame, size_t *n)
{
	uint64_t at = frame % intake->buffer;

	if (*n > intake->buffer - at) {
		*n = (size_t)(intake->buffer - at);
	}
	return intake->ring + at * intake->frame_bytes;
}
