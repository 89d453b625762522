#include "compat-tools/libartsc/line.h"

#include <errno.h>
#include <limits.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "compat-tools/libartsc/server.h"
#include "compat-tools/transport.h"

#define OLD_RECORDS 64	 /* read at once: not the latest ones */
#define FRESH_MS    50	 /* for one that is */
#define LEAVE_MS    1000 /* for a network to take what is on its way */
#define LOOK_MS	    5	 /* between two looks at that */

int64_t
line_bytes_per_second(const struct line_sound *sound)
{
	int64_t samples = (int64_t)sound->rate * sound->channels;

	if (samples <= 0 || samples > INT32_MAX || sound->bits <= 0 ||
	    sound->bits > INT32_MAX / samples) {
		return 0;
	}
	return samples * sound->bits / 8;
}

/* The format word, or -ENOTSUP. */
static int32_t
format_of(const struct line_sound *sound)
{
	if ((sound->bits != 8 && sound->bits != 16) ||
	    (sound->channels != 1 && sound->channels != 2) ||
	    sound->rate < ESD_RATE_MIN || sound->rate > ESD_RATE_MAX) {
		return -ENOTSUP;
	}
	return (sound->bits == 16 ? ESD_BITS16 : 0) |
	       (sound->channels == 2 ? ESD_STEREO : ESD_MONO);
}

/* --- opening ------------------------------------------------------------ */

void
line_init(struct line *line, bool recording)
{
	*line = (struct line){ .recording = recording };
	client_adopt(&line->client, -1, SERVER_ANSWER_MS);
}

bool
line_is_open(const struct line *line)
{
	return line->client.fd >= 0;
}

/*
 * Its buffer at the server holds ESD_BUFFER_MS_MAX at most; for more than that,
 * so much of the rest as the system allows is kept in the socket.
 */
static void
widen_socket(const struct line *line)
{
	int bytes = 0;
	socklen_t size = sizeof(bytes);

	(void)getsockopt(line->client.fd, SOL_SOCKET, SO_SNDBUF, &bytes, &size);
	if (bytes / 2 < line->size_bytes) { /* the system doubles it */
		bytes = line->size_bytes;
		(void)setsockopt(line->client.fd, SOL_SOCKET, SO_SNDBUF, &bytes,
		    sizeof(bytes));
	}
}

static int
open_tracked(struct line *line, int32_t format, int32_t rate, const char *name)
{
	struct esd_tracked tracked = { .format = format, .rate = rate };
	struct esd_granted granted;
	int64_t ms = line->size_bytes * INT64_C(1000) / line->bytes_per_second;
	int error;

	/* A millisecond more for what was cut off. */
	tracked.buffer_ms =
	    ms < ESD_BUFFER_MS_MAX ? (int32_t)ms + 1 : ESD_BUFFER_MS_MAX;
	(void)snprintf(tracked.name, sizeof(tracked.name), "%s", name);
	error = client_call(&line->client, ESD_STREAM_TRACK, &tracked,
	    (struct client_reply[]){ { .record = &granted } });
	if (error == 0) {
		line->tracked = true;
		widen_socket(line);
	}
	return error;
}

static int
request_stream(struct line *line, int32_t format, int32_t rate,
    const char *name)
{
	int extended;

	if (line->recording) {
		return client_stream(&line->client, ESD_STREAM_REC,
		    format | ESD_RECORD, rate, name);
	}
	format |= ESD_PLAY;
	extended = client_extended(&line->client);
	if (extended < 0) {
		return extended;
	}
	line->counted_ms = transport_now();
	return extended ? open_tracked(line, format, rate, name)
			: client_stream(&line->client, ESD_STREAM_PLAY, format,
			      rate, name);
}

int
line_open(struct line *line, const struct line_sound *sound, const char *name,
    int32_t size_bytes)
{
	int32_t format = format_of(sound);
	int error;

	if (format < 0) {
		return format;
	}
	line->frame_bytes = esd_frame_bytes(format);
	line->bytes_per_second = line_bytes_per_second(sound);
	line->size_bytes = size_bytes;
	error = server_connect(&line->client);
	if (error == 0) {
		error = request_stream(line, format, sound->rate, name);
	}
	if (error < 0) {
		client_close(&line->client);
	}
	return error;
}

/* --- what has been played ----------------------------------------------- */

static int
read_position(struct line *line, int wait_ms)
{
	struct esd_position position;
	int error =
	    client_told(&line->client, ESD_STREAM_TRACK, &position, wait_ms);

	if (error == 0) {
		line->played_bytes =
		    esd_join(position.played_high, position.played_low) *
		    line->frame_bytes;
	}
	return error;
}

/*
 * The socket keeps the oldest records of one who has not looked for long, and
 * the server sends the latest once those have been read.
 */
static int
catch_up(struct line *line)
{
	unsigned records = 0;
	int error = 0;

	while ((error = read_position(line, 0)) == 0) {
		records++;
	}
	if (error == -ETIMEDOUT && records >= OLD_RECORDS) {
		error = read_position(line, FRESH_MS);
	}
	return error == -ETIMEDOUT ? 0 : error;
}

/* By the clock, where the server doesn't tell. */
static void
reckon(struct line *line)
{
	int64_t now = transport_now();
	uint64_t since = (uint64_t)(now - line->counted_ms) *
			 (uint64_t)line->bytes_per_second / 1000;

	if (line->played_bytes + since >= line->written_bytes) {
		/* It has run dry: from here on anew. */
		line->played_bytes = line->written_bytes;
		line->counted_ms = now;
	} else if (since > 0) {
		line->played_bytes += since;
		line->counted_ms = now;
	}
}

/* Bytes that it takes before some more has been played, or -errno. */
static int
room(struct line *line)
{
	uint64_t ahead;

	if (line->tracked) {
		int error = catch_up(line);

		if (error < 0) {
			return error;
		}
	} else {
		reckon(line);
	}
	ahead = line->written_bytes - line->played_bytes;
	return ahead < (uint64_t)line->size_bytes
		   ? line->size_bytes - (int)ahead
		   : 0;
}

/* --- moving sound ------------------------------------------------------- */

static int
lose(struct line *line)
{
	line->gone = true;
	return -EPIPE;
}

/* Its hanging up counts as well. */
static void
await(const struct line *line, short events)
{
	struct pollfd poller = { .fd = line->client.fd, .events = events };

	(void)poll(&poller, 1, -1);
}

/* Bytes sent, 0: the socket is full; or -errno. */
static int
send_some(struct line *line, const uint8_t *data, int bytes)
{
	ssize_t sent = send(line->client.fd, data, (size_t)bytes,
	    MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent < 0) {
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	}
	line->written_bytes += (uint64_t)sent;
	return (int)sent;
}

static int
least(int a, int b)
{
	return a < b ? a : b;
}

int
line_write(struct line *line, const void *data, int bytes, bool wait)
{
	int done = 0;

	while (!line->gone && done < bytes) {
		/* Who waits for an old server does it at the full socket. */
		int most = wait && !line->tracked ? bytes : room(line);
		int piece = least(most, bytes - done);
		int sent = piece > 0 ? send_some(line,
					   (const uint8_t *)data + done, piece)
				     : 0;

		if (most < 0 || sent < 0) {
			(void)lose(line);
		} else if (sent > 0) {
			done += sent;
		} else if (wait) {
			/* The socket has room, or a position comes. */
			await(line, piece > 0 ? POLLOUT : POLLIN);
		} else {
			break;
		}
	}
	return done > 0 || !line->gone ? done : -EPIPE;
}

int
line_read(struct line *line, void *data, int bytes, bool wait)
{
	int done = 0;

	while (!line->gone && done < bytes) {
		ssize_t got = recv(line->client.fd, (uint8_t *)data + done,
		    (size_t)(bytes - done), MSG_DONTWAIT);

		if (got > 0) {
			done += (int)got;
		} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
			(void)lose(line);
		} else if (wait) {
			await(line, POLLIN);
		} else {
			break;
		}
	}
	return done > 0 || !line->gone ? done : -EPIPE;
}

/* Bytes that have been recorded and are here. */
static int
waiting(struct line *line)
{
	uint8_t byte;
	int bytes = 0;

	(void)ioctl(line->client.fd, FIONREAD, &bytes);
	if (bytes == 0 && recv(line->client.fd, &byte, sizeof(byte),
			      MSG_PEEK | MSG_DONTWAIT) == 0) {
		return lose(line);
	}
	return bytes;
}

static bool
is_writable(const struct line *line)
{
	struct pollfd poller = { .fd = line->client.fd, .events = POLLOUT };

	return poll(&poller, 1, 0) > 0;
}

int
line_space(struct line *line)
{
	int most;

	if (line->gone) {
		return -EPIPE;
	}
	if (line->recording) {
		return waiting(line);
	}
	most = room(line);
	if (most < 0) {
		return lose(line);
	}
	return line->tracked || is_writable(line) ? most : 0;
}

/* --- closing ------------------------------------------------------------ */

/*
 * TCP drops what is on its way where something is left unread, as positions
 * are; so it is given a moment.  A Unix socket has handed over everything.
 */
static void
see_off(struct line *line)
{
	int64_t deadline = transport_now() + LEAVE_MS;
	int family = AF_UNIX;
	socklen_t size = sizeof(family);
	int bytes = 0;

	(void)getsockopt(line->client.fd, SOL_SOCKET, SO_DOMAIN, &family,
	    &size);
	while (family != AF_UNIX && transport_now() < deadline &&
	       ioctl(line->client.fd, SIOCOUTQ, &bytes) == 0 && bytes > 0) {
		(void)poll(NULL, 0, LOOK_MS);
	}
}

void
line_close(struct line *line)
{
	if (line_is_open(line)) {
		(void)shutdown(line->client.fd, SHUT_WR);
		if (line->tracked && !line->gone) {
			see_off(line);
		}
		client_close(&line->client);
	}
}
