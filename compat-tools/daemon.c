#include "compat-tools/daemon.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "compat-tools/transport.h"

#define RETRY_MS 20 /* between two looks for one that has gone */

#define GUESSED_RATE   44100
#define GUESSED_PERIOD 512

/* What a mix may be said to have: more is nonsense. */
#define MIX_RATE_MAX   1000000
#define MIX_PERIOD_MAX 65536

void
daemon_init(struct daemon *daemon)
{
	*daemon = (struct daemon){ .pause = DAEMON_PAUSE,
		.rate = GUESSED_RATE,
		.period = GUESSED_PERIOD };
	daemon->client.fd = -1;
}

void
daemon_finish(struct daemon *daemon)
{
	client_close(&daemon->client);
}

/* --- connecting ----------------------------------------------------------- */

static void
say(const struct daemon *daemon, const struct client *client)
{
	if (daemon->tell != NULL) {
		daemon->tell(client->why);
	}
}

/* It is not there: gone for orders, too. */
static int
lose(struct daemon *daemon, const struct client *client, int error)
{
	say(daemon, client);
	client_close(&daemon->client);
	daemon->retry_at = transport_now_us() + daemon->pause;
	daemon->pause *= 2;
	if (daemon->pause > DAEMON_PAUSE_MAX) {
		daemon->pause = DAEMON_PAUSE_MAX;
	}
	return error;
}

static int
open_client(const struct daemon *daemon, struct client *client)
{
	int error = client_connect(client, daemon->server, DAEMON_MS);

	if (error == 0 && daemon->refuse != NULL &&
	    daemon->refuse(client->fd)) {
		(void)snprintf(client->why, sizeof(client->why),
		    "the daemon at %s is this very program; name another "
		    "with ESPEAKER, or a card itself",
		    client->place);
		error = -ELOOP;
	}
	if (error == 0) {
		client->swapped = daemon->swapped;
		error = client_shake_hands(client);
	}
	if (error != 0) {
		client_close(client);
	}
	return error;
}

static int
reach(struct daemon *daemon, struct client *client)
{
	int error;

	if (transport_now_us() < daemon->retry_at) {
		return -ENODEV;
	}
	error = open_client(daemon, client);
	if (error != 0) {
		return lose(daemon, client, error);
	}
	daemon->pause = DAEMON_PAUSE;
	return 0;
}

static int
ask_status(struct daemon *daemon)
{
	struct esd_version asked = { ESD_EXTENSION };
	struct esd_status status;
	int error = client_call(&daemon->client, ESD_STATUS, &asked,
	    (struct client_reply[]){ { .record = &status }, { 0 }, { 0 } });

	if (error == 0 && status.rate > 0 && status.rate <= MIX_RATE_MAX &&
	    status.period > 0 && status.period <= MIX_PERIOD_MAX) {
		daemon->rate = (uint32_t)status.rate;
		daemon->period = (uint32_t)status.period;
	}
	return error;
}

int
daemon_connect(struct daemon *daemon)
{
	int error;

	if (daemon->client.fd >= 0) {
		return 0;
	}
	error = reach(daemon, &daemon->client);
	if (error != 0) {
		return error;
	}
	error = client_extended(&daemon->client);
	if (error > 0) {
		daemon->extended = true;
		error = ask_status(daemon);
	}
	return error < 0 ? lose(daemon, &daemon->client, error) : 0;
}

/* One order; where the connection had broken since the last, on a new one. */
static int
order(struct daemon *daemon, enum esd_opcode opcode, const void *in, void *out)
{
	struct client_reply reply = { .record = out };

	for (int tries = 0; tries < 2; tries++) {
		int error = daemon_connect(daemon);

		if (error != 0) {
			return error;
		}
		error = client_call(&daemon->client, opcode, in, &reply);
		if (error == 0) {
			return 0;
		}
		say(daemon, &daemon->client);
		client_close(&daemon->client);
		if (error != -ECONNRESET) {
			return error;
		}
	}
	return -ECONNRESET;
}

/* --- streams -------------------------------------------------------------- */

int
daemon_play(struct daemon *daemon, const char *name, int32_t wire,
    uint32_t rate, uint32_t buffer_ms, struct client *stream,
    struct esd_granted *granted)
{
	struct esd_tracked asked = { .format = wire | ESD_PLAY,
		.rate = (int32_t)rate,
		.buffer_ms = (int32_t)buffer_ms };
	int error = daemon_connect(daemon);

	if (error == 0) {
		error = reach(daemon, stream);
	}
	if (error != 0) {
		return error;
	}
	(void)snprintf(asked.name, sizeof(asked.name), "%s", name);
	*granted = (struct esd_granted){ 0 };
	if (daemon->extended) {
		error = client_call(stream, ESD_STREAM_TRACK, &asked,
		    (struct client_reply[]){ { .record = granted } });
	} else {
		error = client_stream(stream, ESD_STREAM_PLAY, asked.format,
		    asked.rate, name);
	}
	if (error != 0) {
		(void)lose(daemon, stream, error);
		client_close(stream);
	}
	return error;
}

int
daemon_record(struct daemon *daemon, const char *name, int32_t wire,
    uint32_t rate, struct client *stream)
{
	int error = reach(daemon, stream);

	if (error != 0) {
		return error;
	}
	error = client_stream(stream, ESD_STREAM_REC, wire | ESD_RECORD,
	    (int32_t)rate, name);
	if (error != 0) {
		(void)lose(daemon, stream, error);
		client_close(stream);
	}
	return error;
}

static bool
is_away(int error)
{
	return error == -ENOENT || error == -ECONNREFUSED ||
	       error == -ECONNRESET || error == -EPIPE;
}

static int
await_return(struct daemon *daemon)
{
	int64_t deadline = transport_deadline(DAEMON_RESTART);
	int error;

	client_close(&daemon->client);
	for (;;) {
		daemon->retry_at = 0;
		error = daemon_connect(daemon);
		if (error == 0 || transport_now() >= deadline) {
			return error;
		}
		(void)poll(NULL, 0, RETRY_MS);
	}
}

int
daemon_find(struct daemon *daemon, bool gone, int (*connect)(void *arg),
    void *arg)
{
	int error = -ECONNRESET;

	daemon->retry_at = 0;
	if (!gone) {
		error = connect(arg);
	}
	if (is_away(error)) {
		error = await_return(daemon);
		if (error == 0) {
			error = connect(arg);
		}
	}
	return error;
}

void
daemon_kill(struct daemon *daemon, int32_t id)
{
	struct esd_id wanted = { id };

	(void)order(daemon, ESD_STREAM_KILL, &wanted, NULL);
}

int
daemon_hold(struct daemon *daemon, int32_t id, bool held)
{
	struct esd_hold wanted = { id, held };
	struct esd_ok done = { 0 };
	int error = daemon_connect(daemon);

	if (error == 0 && !daemon->extended) {
		error = -ENOSYS;
	}
	if (error == 0) {
		error = order(daemon, ESD_STREAM_HOLD, &wanted, &done);
	}
	return error == 0 && done.ok == 0 ? -ECONNRESET : error;
}

uint32_t
daemon_lag(struct daemon *daemon, uint32_t rate)
{
	struct esd_lag lag;

	if (order(daemon, ESD_LATENCY, NULL, &lag) != 0 || lag.frames < 0) {
		return 0;
	}
	return (uint32_t)((uint64_t)lag.frames * rate / ESD_LAG_RATE);
}

/* --- volumes -------------------------------------------------------------- */

int
daemon_master(struct daemon *daemon, int32_t volume[2])
{
	struct esd_master asked = { volume[0], volume[1], -1 };
	struct esd_version version = { ESD_EXTENSION };
	struct esd_status status;
	int error = daemon_connect(daemon);

	if (error != 0 || !daemon->extended) {
		return error != 0 ? error : -ENOSYS;
	}
	if (volume[0] >= 0) {
		struct esd_ok ok;

		return order(daemon, ESD_MASTER_VOLUME, &asked, &ok);
	}
	error = client_call(&daemon->client, ESD_STATUS, &version,
	    (struct client_reply[]){ { .record = &status }, { 0 }, { 0 } });
	if (error != 0) {
		return lose(daemon, &daemon->client, error);
	}
	volume[0] = status.muted != 0 ? 0 : status.left;
	volume[1] = status.muted != 0 ? 0 : status.right;
	return 0;
}

int
daemon_volume(struct daemon *daemon, const char *name, int32_t volume[2])
{
	struct esd_named asked = { .left = volume[0],
		.right = volume[1],
		.muted = volume[0] >= 0 ? 0 : -1 };
	struct esd_master now;
	int error = daemon_connect(daemon);

	if (error != 0 || !daemon->extended) {
		return error != 0 ? error : -ENOSYS;
	}
	(void)snprintf(asked.name, sizeof(asked.name), "%s", name);
	error = order(daemon, ESD_NAME_VOLUME, &asked, &now);
	if (error == 0) {
		volume[0] = now.muted != 0 ? 0 : now.left;
		volume[1] = now.muted != 0 ? 0 : now.right;
	}
	return error;
}
