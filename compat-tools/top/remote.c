#include "compat-tools/top/remote.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "compat-tools/orders.h"
#include "compat-tools/words.h"

int
remote_open(struct remote *remote, const char *server)
{
	remote->server = server;
	remote->retry = 0;
	return client_open(&remote->client, server, CLIENT_TIMEOUT);
}

void
remote_close(struct remote *remote)
{
	client_close(&remote->client);
}

/* After any error the connection is out of step. */
static void
lose(struct remote *remote, struct board *board, int64_t now)
{
	client_close(&remote->client);
	remote->retry = now + REMOTE_RETRY_MS;
	board_lose(board, remote->client.why, now);
}

/* What the board has no memory for is no fault of the daemon's. */
static int
ask(struct remote *remote, struct board *board, int64_t now)
{
	struct streams streams;
	int error = streams_fetch(&remote->client, &streams);

	if (error == 0 && board_update(board, &streams, now) != 0) {
		board_say(board, now, "there is no memory for so many streams");
	}
	streams_free(&streams);
	return error;
}

int
remote_ask(struct remote *remote, struct board *board, int64_t now)
{
	int error = 0;

	if (remote->client.fd < 0) {
		if (now < remote->retry) {
			board_lose(board, remote->client.why, now);
			return -ENOTCONN;
		}
		error = client_open(&remote->client, remote->server, REMOTE_MS);
	}
	if (error == 0) {
		error = ask(remote, board, now);
		remote->client.timeout_ms = REMOTE_MS;
	}
	if (error != 0) {
		lose(remote, board, now);
	}
	return error;
}

/* --- orders: 1, 0 where there is nothing of the kind, or -errno ----------- */

static int
order_master(struct client *client, const struct order *order)
{
	struct esd_master asked = { order->left, order->right, order->muted };

	return orders_master(client, &asked);
}

static int
order_volume(struct client *client, const struct order *order)
{
	struct esd_volume asked = { order->id, order->left, order->right,
		order->muted };

	return streams_set(client, &asked);
}

static int
order_kill(struct client *client, const struct order *order)
{
	return orders_kill(client, order->id);
}

static int
order_remember(struct client *client, const struct order *order)
{
	struct esd_named asked = { .left = order->left,
		.right = order->right,
		.muted = order->muted };

	memcpy(asked.name, order->name, sizeof(asked.name));
	return orders_remember(client, &asked);
}

static int
order_forget(struct client *client, const struct order *order)
{
	return orders_forget(client, order->name);
}

/* What is done for each kind, and what is said of it; NULL: nothing. */
static const struct {
	int (*carry_out)(struct client *client, const struct order *order);
	const char *done, *none; /* before the stream's name */
} orders[] = {
	[ORDER_VOLUME] = { order_volume, NULL, "it has gone" },
	[ORDER_MASTER] = { order_master, NULL, NULL },
	[ORDER_KILL] = { order_kill, "killed",
	    "it has gone, or is another user's" },
	[ORDER_REMEMBER] = { order_remember,
	    "this volume is remembered, and set for all of the name", NULL },
	[ORDER_FORGET] = { order_forget, "its volume is forgotten",
	    "no volume is remembered of it" },
};

void
remote_order(struct remote *remote, struct board *board,
    const struct order *order, int64_t now)
{
	char name[WORDS_ESCAPED_MAX];
	const char *said;
	int done;

	if (order->kind >= sizeof(orders) / sizeof(*orders) ||
	    orders[order->kind].carry_out == NULL || remote->client.fd < 0) {
		return;
	}
	done = orders[order->kind].carry_out(&remote->client, order);
	if (done < 0) {
		lose(remote, board, now);
		return;
	}
	said = done > 0 ? orders[order->kind].done : orders[order->kind].none;
	if (said != NULL) {
		words_escape(order->name, false, name);
		board_say(board, now, "%s: %s", said, name);
	}
}
