#include "compat-tools/track.h"

#include <errno.h>
#include <sys/socket.h>

#include "compat-tools/transport.h"

#define SEND_ONCE 65536	  /* bytes */
#define CLOCK_OFF 3000000 /* us that a record of this machine may be old */

void
track_init(struct track *track, uint32_t rate)
{
	track->stream.fd = -1;
	position_start(&track->position, rate, true, 0);
}

/* --- the connection ------------------------------------------------------- */

int
track_connect(struct track *track, uint32_t buffer_ms)
{
	uint32_t rate = track->position.rate;
	int error = daemon_play(track->daemon, track->name, track->wire, rate,
	    buffer_ms < ESD_BUFFER_MS_MAX ? buffer_ms : ESD_BUFFER_MS_MAX,
	    &track->stream, &track->granted);
	bool tracked = track->granted.id > 0;

	if (error != 0) {
		return error;
	}
	if (track->lost || !tracked) {
		position_turn(&track->position, tracked,
		    tracked ? 0 : daemon_lag(track->daemon, rate),
		    transport_now_us());
	}
	track->lost = false;
	track->base = track->position.sent;
	return 0;
}

void
track_close(struct track *track)
{
	client_close(&track->stream);
}

void
track_kill(struct track *track)
{
	if (track->stream.fd >= 0 && track->granted.id > 0) {
		daemon_kill(track->daemon, track->granted.id);
	}
	track_close(track);
}

size_t
track_lose(struct track *track)
{
	size_t rest = track->cut > 0 ? track->frame_bytes - track->cut : 0;

	track_close(track);
	track->lost = true;
	track->underruns += track->told_underruns;
	track->told_underruns = 0;
	track_pass(track, rest);
	position_turn(&track->position, false, 0, transport_now_us());
	return rest;
}

static void
take_record(struct track *track, const struct esd_position *record)
{
	uint64_t mixed = esd_join(record->played_high, record->played_low);
	int64_t stamp =
	    (int64_t)esd_join(record->stamp_high, record->stamp_low);
	int64_t now = transport_now_us();

	/* The clock of another machine says nothing here. */
	if (stamp > now || stamp < now - CLOCK_OFF) {
		stamp = now;
	}
	track->told_underruns = (unsigned)record->underruns;
	position_record(&track->position, track->base + mixed,
	    record->delay > 0 ? (uint32_t)record->delay : 0, stamp);
}

/* A server that tells nothing says so much by closing. */
static int
look_untold(const struct track *track)
{
	char byte;
	ssize_t got = recv(track->stream.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	if (got >= 0) {
		return -ECONNRESET;
	}
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

int
track_look(struct track *track)
{
	struct esd_position record;
	int most = track->granted.id > 0 ? TRACK_RECORDS : 0;
	int error = most > 0 ? 0 : look_untold(track);

	for (int i = 0; i < most && error == 0; i++) {
		error =
		    client_told(&track->stream, ESD_STREAM_TRACK, &record, 0);
		if (error == 0) {
			take_record(track, &record);
		}
	}
	return error == -ETIMEDOUT ? 0 : error;
}

/* --- what is sent --------------------------------------------------------- */

void
track_pass(struct track *track, size_t bytes)
{
	size_t all = track->cut + bytes;

	track->cut = all % track->frame_bytes;
	position_sent(&track->position, all / track->frame_bytes,
	    transport_now_us());
}

ssize_t
track_send(struct track *track, const uint8_t *bytes, size_t count)
{
	ssize_t sent;

	do {
		sent = send(track->stream.fd, bytes,
		    count < SEND_ONCE ? count : SEND_ONCE,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0) {
		return errno == EAGAIN ? 0 : -errno;
	}
	track_pass(track, (size_t)sent);
	return sent;
}

/* --- where it is ---------------------------------------------------------- */

uint64_t
track_room(struct track *track, uint64_t buffer)
{
	uint64_t away = track_sent(track) - track_mixed(track);

	if (track->granted.id > 0 && (uint64_t)track->granted.frames < buffer) {
		buffer = (uint64_t)track->granted.frames;
	}
	return away < buffer ? buffer - away : 0;
}

uint64_t
track_sent(const struct track *track)
{
	return track->position.sent;
}

uint64_t
track_mixed(struct track *track)
{
	return position_mixed(&track->position, transport_now_us());
}

uint64_t
track_heard(struct track *track)
{
	return position_heard(&track->position, transport_now_us());
}

unsigned
track_underruns(const struct track *track)
{
	return track->underruns + track->told_underruns;
}
