#include "compat-tools/libartsc/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The host of HOST:PORT; what has no port, or is no host, stays. */
static int
take_host(const char *text, char host[ADDRESS_HOST_MAX])
{
	size_t length = strlen(text);
	const char *colon = strrchr(text, ':');

	if (colon != NULL && strncmp(text, "unix:", strlen("unix:")) != 0 &&
	    (text[0] == '[' ? colon[-1] == ']' : strchr(text, ':') == colon)) {
		length = (size_t)(colon - text);
	}
	if (length >= ADDRESS_HOST_MAX) {
		return -ENAMETOOLONG;
	}
	memcpy(host, text, length);
	host[length] = '\0';
	return 0;
}

int
server_connect(struct client *client)
{
	const char *named = getenv("ARTS_SERVER");
	char host[ADDRESS_HOST_MAX];
	int error = 0;

	client_adopt(client, -1, SERVER_ANSWER_MS);
	if (named != NULL && named[0] != '\0') {
		error = take_host(named, host);
		named = host;
	} else {
		named = NULL;
	}
	if (error == 0) {
		error = client_connect(client, named, SERVER_ANSWER_MS);
	}
	if (error == 0) {
		/* Sound is little-endian with aRts, whatever the machine. */
		client->swapped = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
		error = client_shake_hands(client);
	}
	if (error < 0) {
		client_close(client);
	}
	return error;
}

int
server_open(struct server *server)
{
	return server_connect(&server->client);
}

void
server_close(struct server *server)
{
	client_close(&server->client);
}

/* --- questions ---------------------------------------------------------- */

static int
ask_status(struct client *client, struct server_times *times)
{
	struct esd_version version = { 0 };
	struct esd_status status = { 0 };
	int error = client_call(client, ESD_STATUS, &version,
	    (struct client_reply[]){ { .record = &status }, { 0 }, { 0 } });

	if (error == 0 && status.rate > 0) {
		times->latency_ms = status.delay_us / 1000;
		times->frames =
		    status.buffer > 0 ? status.buffer : 2 * status.period;
		times->rate = status.rate;
	}
	return error;
}

/* All that a server without the extension tells. */
static int
ask_latency(struct client *client, struct server_times *times)
{
	struct esd_lag lag = { 0 };
	int error = client_call(client, ESD_LATENCY, NULL,
	    (struct client_reply[]){ { .record = &lag } });

	if (error == 0 && lag.frames > 0 && lag.frames < INT32_MAX / 1000) {
		times->latency_ms = lag.frames * 1000 / ESD_LAG_RATE;
		times->frames = lag.frames;
		times->rate = ESD_LAG_RATE;
	}
	return error;
}

static int
ask_times(struct client *client, void *times)
{
	int extended = client_extended(client);

	if (extended < 0) {
		return extended;
	}
	return extended ? ask_status(client, times)
			: ask_latency(client, times);
}

static int
ask_to_suspend(struct client *client, void *done)
{
	struct esd_version version = { 0 };
	int extended = client_extended(client);

	if (extended <= 0) {
		return extended; /* STANDBY would be no wish, but an order */
	}
	return client_call(client, ESD_SUSPEND, &version,
	    (struct client_reply[]){ { .record = done } });
}

/* Once more where it fails: the server may have been started anew. */
static int
ask(struct server *server, int (*question)(struct client *client, void *answer),
    void *answer)
{
	int error = -ENOTCONN;

	if (server->client.fd >= 0) {
		error = question(&server->client, answer);
	}
	if (error < 0) {
		server_close(server);
		error = server_open(server);
		if (error == 0) {
			error = question(&server->client, answer);
		}
	}
	return error;
}

int
server_ask_times(struct server *server, struct server_times *times)
{
	*times = (struct server_times){ .rate = 1 };
	return ask(server, ask_times, times);
}

int
server_suspend(struct server *server)
{
	struct esd_ok done = { 0 };
	int error = ask(server, ask_to_suspend, &done);

	return error < 0 ? error : done.ok != 0;
}
