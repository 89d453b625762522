#include "server/loop.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "server/log.h"
#include "server/peer.h"
#include "server/tcp.h"

#define TICK_MS	    250	  /* how late a time limit may be noticed */
#define ACCEPTS_MAX 64	  /* at once, so that those inside get their turn */
#define READS_MAX   16	  /* likewise, of one client out of turn */
#define LINES_BURST 5	  /* log lines peers may provoke at once */
#define LINES_EVERY 10000 /* ms until as many again */

/*
 * Each connection waits in one of these, oldest first, so that the clock need
 * only look at the first of each.
 */
enum queue {
	QUEUE_NEW,     /* shaking hands */
	QUEUE_REQUEST, /* in a request, or taking its last answer */
	QUEUE_IDLE,    /* as long as it likes: playing, or between requests */
	QUEUES
};

struct connection {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_pipe_t pipe;
		uv_tcp_t tcp;
	} uv;
	uv_write_t write;
	size_t sending; /* bytes in `write`, 0: none on their way */

	struct loop *loop;
	struct client *client; /* NULL: closing, only libuv still holds it */
	struct client_peer peer;

	enum queue queue;
	uint64_t since; /* in that queue, ms */
	TAILQ_ENTRY(connection) in_queue;

	bool reading; /* libuv watches the socket for it */
	bool changed; /* in the loop's list of those to look at */
	TAILQ_ENTRY(connection) in_changed;
};

TAILQ_HEAD(connections, connection);

struct listener_watch {
	uv_poll_t poll;
	int fd;
	const struct client_kind *kind; /* of those who come that way */
	void *host;			/* theirs */
	bool paused; /* no descriptors left: until the next tick */
};

struct loop {
	/* constant */
	struct loop_settings settings;

	uv_loop_t uv;
	uv_async_t wake;
	uv_prepare_t prepare; /* before each wait: looks at the changed */
	uv_timer_t tick;      /* only while somebody has a time limit */
	uv_signal_t signals[LOOP_SIGNALS_MAX];
	unsigned signals_count;
	struct listener_watch listeners[LOOP_LISTENERS_MAX];
	unsigned listeners_count;

	uv_timer_t timer; /* loop_timer()'s */
	void (*due)(void *arg);
	uv_work_t work; /* loop_offload()'s; `done` is NULL when it is free */
	void (*offloaded)(void *arg);
	void (*done)(void *arg);

	struct connections queues[QUEUES];
	struct connections changed;
	unsigned clients;
	unsigned strangers; /* of those in QUEUE_NEW, not trusted */
	uint32_t last_number;
	int reserve_fd; /* given up to refuse a client when none is left */
};

static struct log_budget refusals = { LINES_BURST, LINES_EVERY, 0, 0, 0 };
static struct log_budget timeouts = { LINES_BURST, LINES_EVERY, 0, 0, 0 };

/* --- the queues and their clock ---------------------------------------- */

static void
enqueue(struct connection *connection, enum queue queue)
{
	struct loop *loop = connection->loop;

	connection->queue = queue;
	connection->since = uv_now(&loop->uv);
	TAILQ_INSERT_TAIL(&loop->queues[queue], connection, in_queue);
	if (queue == QUEUE_NEW && !connection->peer.trusted) {
		loop->strangers++;
	}
}

static void
dequeue(struct connection *connection)
{
	struct loop *loop = connection->loop;

	TAILQ_REMOVE(&loop->queues[connection->queue], connection, in_queue);
	if (connection->queue == QUEUE_NEW && !connection->peer.trusted) {
		loop->strangers--;
	}
}

static enum queue
queue_of(const struct connection *connection)
{
	const struct client *client = connection->client;

	if (client->kind->is_closing(client)) {
		return QUEUE_REQUEST;
	}
	if (!client->kind->is_admitted(client)) {
		return QUEUE_NEW;
	}
	return client->kind->is_waiting(client) ? QUEUE_REQUEST : QUEUE_IDLE;
}

static void tick(uv_timer_t *timer);

static void
start_clock(struct loop *loop)
{
	if (!uv_is_active((uv_handle_t *)&loop->tick)) {
		(void)uv_timer_start(&loop->tick, tick, TICK_MS, TICK_MS);
	}
}

static void
requeue(struct connection *connection)
{
	enum queue queue = queue_of(connection);

	/* In a request, every step is granted its time anew. */
	if (queue == connection->queue && queue != QUEUE_REQUEST) {
		return;
	}
	dequeue(connection);
	enqueue(connection, queue);
	if (queue != QUEUE_IDLE) {
		start_clock(connection->loop);
	}
}

/* --- connections ------------------------------------------------------- */

static void
on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* Not from within a call into its client. */
static void
close_connection(struct connection *connection)
{
	struct loop *loop = connection->loop;
	struct client *client = connection->client;
	uv_os_fd_t fd;

	if (client == NULL) {
		return;
	}
	log_line(LOG_DEBUG, connection->peer.name, "closed");
	if (client->kind->is_closing(client) &&
	    uv_fileno(&connection->uv.handle, &fd) == 0) {
		tcp_drain(fd);
	}
	client->kind->destroy(client);
	connection->client = NULL;
	dequeue(connection);
	if (connection->changed) {
		TAILQ_REMOVE(&loop->changed, connection, in_changed);
	}
	loop->clients--;
	uv_close(&connection->uv.handle, on_closed);
	if (loop->settings.departed != NULL) {
		loop->settings.departed(loop->settings.arg);
	}
}

static void settle(struct connection *connection);

static void
on_written(uv_write_t *request, int status)
{
	struct connection *connection = request->data;
	struct client *client = connection->client;
	size_t sent = connection->sending;

	connection->sending = 0;
	if (client == NULL) {
		return;
	}
	if (status == 0) {
		client->kind->sent(client, sent);
	} else if (!client->kind->unheard(client)) {
		close_connection(connection);
		return;
	}
	settle(connection);
}

/* Leaves the rest of the output to libuv, which waits for the socket. */
static int
send_later(struct connection *connection, uv_buf_t *buffer)
{
	connection->write.data = connection;
	connection->sending = buffer->len;
	int error = uv_write(&connection->write, &connection->uv.stream, buffer,
	    1, on_written);
	if (error < 0) {
		connection->sending = 0;
	}
	return error;
}

/* Sends what the socket takes; 0, or -errno: it is broken. */
static int
send_output(struct connection *connection)
{
	struct client *client = connection->client;

	while (connection->sending == 0) {
		size_t bytes;
		const uint8_t *output = client->kind->output(client, &bytes);
		if (bytes == 0) {
			return 0;
		}
		uv_buf_t buffer = uv_buf_init((char *)output, (unsigned)bytes);
		int sent = uv_try_write(&connection->uv.stream, &buffer, 1);
		if (sent == UV_EAGAIN) {
			return send_later(connection, &buffer);
		}
		if (sent < 0) {
			return client->kind->unheard(client) ? 0 : sent;
		}
		client->kind->sent(client, (size_t)sent);
	}
	return 0;
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	const struct connection *connection = handle->data;
	struct client *client = connection->client;
	uint8_t *span = NULL;
	size_t bytes = client->kind->space(client, &span);

	*buffer = uv_buf_init((char *)span, (unsigned)bytes);
}

static void
stop_reading(struct connection *connection)
{
	(void)uv_read_stop(&connection->uv.stream);
	connection->reading = false;
}

static void
mark_changed(struct connection *connection)
{
	if (!connection->changed) {
		connection->changed = true;
		TAILQ_INSERT_TAIL(&connection->loop->changed, connection,
		    in_changed);
	}
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
	struct connection *connection = stream->data;
	struct client *client = connection->client;

	if (n == UV_ENOBUFS) { /* on_alloc() had no room to give */
		stop_reading(connection);
	} else if (n < 0) {
		close_connection(connection);
	} else if (n > 0) {
		if (client->kind->got(client, (size_t)n) < 0) {
			stop_reading(connection);
			mark_changed(connection);
		} else if (send_output(connection) < 0) {
			close_connection(connection);
			return;
		}
		requeue(connection);
	}
}

/*
 * Reads at once what a client has waiting that was not read for a while: for
 * one that is always ahead, that saves watching its socket altogether.
 * Returns 1: nothing is waiting any more; 0: there may be; -errno: broken.
 */
static int
read_ahead(struct connection *connection)
{
	struct client *client = connection->client;
	uv_os_fd_t fd;
	uint8_t *span;
	size_t bytes;

	if (uv_fileno(&connection->uv.handle, &fd) < 0) {
		return -EBADF;
	}
	for (int i = 0; i < READS_MAX; i++) {
		bytes = client->kind->space(client, &span);
		if (bytes == 0) {
			return 0;
		}
		ssize_t n = recv(fd, span, bytes, MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			return -errno;
		}
		if (n == 0) {
			return -ECONNRESET;
		}
		if (n < 0) {
			return 1;
		}
		if (client->kind->got(client, (size_t)n) < 0 ||
		    (size_t)n < bytes) {
			return 1;
		}
	}
	return 0;
}

/* Sends and reads as far as it goes, then waits for what is missing. */
static void
settle(struct connection *connection)
{
	struct client *client = connection->client;
	uint8_t *span;

	assert(client != NULL); /* else it is in no list any more */
	int error = send_output(connection);

	if (error == 0 && !connection->reading &&
	    !client->kind->is_closing(client)) {
		error = read_ahead(connection) < 0 ? -ECONNRESET : 0;
		if (error == 0) {
			error = send_output(connection);
		}
	}
	if (error < 0 ||
	    (client->kind->is_closing(client) && connection->sending == 0)) {
		close_connection(connection);
		return;
	}
	if (!connection->reading && client->kind->space(client, &span) > 0) {
		connection->reading = uv_read_start(&connection->uv.stream,
					  on_alloc, on_read) == 0;
	}
	requeue(connection);
}

void
loop_changed(struct client *client)
{
	struct connection *connection = client->connection;

	/* It may be in the midst of a call: it is looked at after that. */
	mark_changed(connection);
}

static void
on_prepare(uv_prepare_t *prepare)
{
	struct loop *loop = prepare->data;
	struct connection *connection;

	while ((connection = TAILQ_FIRST(&loop->changed)) != NULL) {
		settle(connection);
		/* Settled, it needs no second look, whatever it changed. */
		if (connection->client != NULL) {
			TAILQ_REMOVE(&loop->changed, connection, in_changed);
			connection->changed = false;
		}
	}
}

/* --- accepting --------------------------------------------------------- */

static void
refuse(struct loop *loop, const struct client_kind *kind, int fd,
    const char *why)
{
	log_limited(&refusals, LOG_WARN, "clients",
	    "one refused: %s; now %u connected", why, loop->clients);
	(void)send(fd, kind->refusal, kind->refusal_bytes,
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	tcp_drain(fd);
	close(fd);
}

/* Gives the descriptor to libuv, for good once this returned 0. */
static int
adopt(struct connection *connection, int fd, int family)
{
	uv_loop_t *uv = &connection->loop->uv;

	if (family == AF_UNIX) {
		(void)uv_pipe_init(uv, &connection->uv.pipe, 0);
		connection->uv.handle.data = connection;
		return uv_pipe_open(&connection->uv.pipe, fd);
	}
	(void)uv_tcp_init(uv, &connection->uv.tcp);
	connection->uv.handle.data = connection;
	tcp_accepted(fd);
	return uv_tcp_open(&connection->uv.tcp, fd);
}

static void
open_connection(struct loop *loop, const struct listener_watch *watch, int fd)
{
	struct client_peer peer;
	int family =
	    peer_of(fd, ++loop->last_number, &loop->settings.access, &peer);

	struct connection *connection = NULL;
	const char *why = "out of memory";

	if (loop->clients >= loop->settings.clients_max) {
		why = "as many as `clients' allows";
	} else if (!peer.trusted &&
		   loop->strangers >= loop->settings.strangers_max) {
		why = "as many as `unauthenticated' allows";
	} else {
		connection = calloc(1, sizeof(*connection));
	}
	if (connection == NULL) {
		refuse(loop, watch->kind, fd, why);
		return;
	}
	connection->loop = loop;
	connection->peer = peer;
	if (adopt(connection, fd, family) < 0) {
		refuse(loop, watch->kind, fd, "not a socket we can serve");
		uv_close(&connection->uv.handle, on_closed);
		return;
	}
	connection->client =
	    watch->kind->create(watch->host, &peer, connection);
	loop->clients++;
	enqueue(connection, QUEUE_NEW);
	start_clock(loop);
	log_line(LOG_DEBUG, peer.name, "connected");
	connection->reading =
	    uv_read_start(&connection->uv.stream, on_alloc, on_read) == 0;
	mark_changed(connection); /* some kinds speak first */
}

static int
open_reserve(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/*
 * No descriptor is left: one is kept for this, so that the client hears of it
 * instead of waiting, and we do not spin on it.
 */
static int
refuse_one(struct loop *loop, const struct listener_watch *watch)
{
	if (loop->reserve_fd >= 0) {
		close(loop->reserve_fd);
	}
	int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int error = fd < 0 ? -errno : 0;
	if (fd >= 0) {
		refuse(loop, watch->kind, fd,
		    "no descriptor left; raise ulimit -n");
	}
	loop->reserve_fd = open_reserve();
	return error;
}

static void
pause_listener(struct loop *loop, struct listener_watch *watch)
{
	watch->paused = true;
	(void)uv_poll_stop(&watch->poll);
	start_clock(loop);
}

static void
on_connection(uv_poll_t *poll, int status, int events)
{
	struct listener_watch *watch = poll->data;
	struct loop *loop = poll->loop->data;
	int error = 0;

	for (int i = 0; error == 0 && i < ACCEPTS_MAX; i++) {
		int fd = accept4(watch->fd, NULL, NULL,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			open_connection(loop, watch, fd);
		} else if (errno == EMFILE || errno == ENFILE) {
			error = refuse_one(loop, watch);
		} else if (errno != EINTR && errno != ECONNABORTED) {
			error = -errno;
		}
	}
	if (error < 0 && error != -EAGAIN) {
		log_limited(&refusals, LOG_WARN, "clients",
		    "cannot be accepted: %s", strerror(-error));
		pause_listener(loop, watch);
	}
}

int
loop_listen(struct loop *loop, int fd, const struct client_kind *kind,
    void *host)
{
	if (loop->listeners_count == LOOP_LISTENERS_MAX) {
		return -ENOSPC;
	}
	struct listener_watch *watch = &loop->listeners[loop->listeners_count];
	int error = uv_poll_init(&loop->uv, &watch->poll, fd);
	if (error < 0) {
		return error;
	}
	loop->listeners_count++;
	watch->fd = fd;
	watch->kind = kind;
	watch->host = host;
	watch->poll.data = watch;
	return uv_poll_start(&watch->poll, UV_READABLE, on_connection);
}

/* --- time limits ------------------------------------------------------- */

/* Closes those who have been in the queue too long; true: some are left. */
static bool
expire(struct loop *loop, enum queue queue, uint32_t limit_ms, const char *what)
{
	uint64_t now = uv_now(&loop->uv);
	struct connection *connection;

	while ((connection = TAILQ_FIRST(&loop->queues[queue])) != NULL) {
		if (now - connection->since < limit_ms) {
			return true;
		}
		log_limited(&timeouts, LOG_INFO, connection->peer.name,
		    "%s not finished in %u ms; closed", what,
		    (unsigned)limit_ms);
		close_connection(connection);
	}
	return false;
}

static void
tick(uv_timer_t *timer)
{
	struct loop *loop = timer->data;
	bool again =
	    expire(loop, QUEUE_NEW, loop->settings.auth_ms, "handshake");
	again |=
	    expire(loop, QUEUE_REQUEST, loop->settings.request_ms, "request");

	for (unsigned i = 0; i < loop->listeners_count; i++) {
		struct listener_watch *watch = &loop->listeners[i];

		if (watch->paused) {
			watch->paused = false;
			(void)uv_poll_start(&watch->poll, UV_READABLE,
			    on_connection);
		}
	}
	if (!again) {
		(void)uv_timer_stop(timer);
	}
}

/* --- the loop itself --------------------------------------------------- */

static void
on_wake(uv_async_t *async)
{
	struct loop *loop = async->data;

	loop->settings.woken(loop->settings.arg);
}

void
loop_wake(void *loop)
{
	(void)uv_async_send(&((struct loop *)loop)->wake);
}

static void
on_timer(uv_timer_t *timer)
{
	struct loop *loop = timer->data;

	loop->due(loop->settings.arg);
}

void
loop_timer(struct loop *loop, uint32_t ms, void (*due)(void *arg))
{
	/* libuv counts from when the loop last woke, in whole milliseconds. */
	uv_update_time(&loop->uv);
	loop->due = due;
	(void)uv_timer_start(&loop->timer, on_timer, (uint64_t)ms + 1, 0);
}

static void
on_work(uv_work_t *work)
{
	const struct loop *loop = work->data;

	loop->offloaded(loop->settings.arg);
}

static void
on_worked(uv_work_t *work, int status)
{
	struct loop *loop = work->data;
	void (*done)(void *arg) = loop->done;

	loop->done = NULL;
	done(loop->settings.arg);
}

int
loop_offload(struct loop *loop, void (*work)(void *arg),
    void (*done)(void *arg))
{
	if (loop->done != NULL) {
		return -EBUSY;
	}
	loop->offloaded = work;
	loop->done = done;
	loop->work.data = loop;
	return uv_queue_work(&loop->uv, &loop->work, on_work, on_worked);
}

static void
on_signal(uv_signal_t *handle, int signal)
{
	struct loop *loop = handle->data;

	loop->settings.signalled(loop->settings.arg, signal);
}

int
loop_signal(struct loop *loop, int signal)
{
	if (loop->signals_count == LOOP_SIGNALS_MAX) {
		return -ENOSPC;
	}
	uv_signal_t *handle = &loop->signals[loop->signals_count];
	int error = uv_signal_init(&loop->uv, handle);
	if (error < 0) {
		return error;
	}
	loop->signals_count++;
	handle->data = loop;
	return uv_signal_start(handle, on_signal, signal);
}

/* What every loop has running; only the first of these can fail. */
static int
start_handles(struct loop *loop)
{
	int error = uv_async_init(&loop->uv, &loop->wake, on_wake);
	if (error < 0) {
		return error;
	}
	(void)uv_timer_init(&loop->uv, &loop->tick);
	(void)uv_timer_init(&loop->uv, &loop->timer);
	(void)uv_prepare_init(&loop->uv, &loop->prepare);
	(void)uv_prepare_start(&loop->prepare, on_prepare);
	loop->uv.data = loop;
	loop->wake.data = loop;
	loop->tick.data = loop;
	loop->timer.data = loop;
	loop->prepare.data = loop;
	return 0;
}

int
loop_create(const struct loop_settings *settings, struct loop **created)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	if (loop == NULL) {
		return -ENOMEM;
	}
	loop->settings = *settings;
	for (int i = 0; i < QUEUES; i++) {
		TAILQ_INIT(&loop->queues[i]);
	}
	TAILQ_INIT(&loop->changed);
	int error = uv_loop_init(&loop->uv);
	if (error < 0) {
		goto fail_loop;
	}
	error = start_handles(loop);
	if (error < 0) {
		goto fail_handles;
	}
	loop->reserve_fd = open_reserve();
	/* What loop_offload() is for needs one thread, not four. */
	(void)setenv("UV_THREADPOOL_SIZE", "1", 0);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN); /* a file too long is a full disk */
	*created = loop;
	return 0;

fail_handles:
	(void)uv_loop_close(&loop->uv);
fail_loop:
	free(loop);
	return error;
}

void
loop_run(struct loop *loop)
{
	(void)uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void
loop_stop(struct loop *loop)
{
	uv_stop(&loop->uv);
}

void
loop_close(struct loop *loop)
{
	struct connection *connection;

	for (unsigned i = 0; i < loop->listeners_count; i++) {
		uv_close((uv_handle_t *)&loop->listeners[i].poll, NULL);
	}
	for (int i = 0; i < QUEUES; i++) {
		while ((connection = TAILQ_FIRST(&loop->queues[i])) != NULL) {
			close_connection(connection);
		}
	}
	(void)uv_timer_stop(&loop->tick);
	(void)uv_run(&loop->uv, UV_RUN_NOWAIT); /* frees what was closed */
	loop->listeners_count = 0;
}

void
loop_destroy(struct loop *loop)
{
	if (loop == NULL) {
		return;
	}
	for (unsigned i = 0; i < loop->signals_count; i++) {
		uv_close((uv_handle_t *)&loop->signals[i], NULL);
	}
	uv_close((uv_handle_t *)&loop->wake, NULL);
	uv_close((uv_handle_t *)&loop->tick, NULL);
	uv_close((uv_handle_t *)&loop->timer, NULL);
	uv_close((uv_handle_t *)&loop->prepare, NULL);
	(void)uv_run(&loop->uv, UV_RUN_DEFAULT);
	(void)uv_loop_close(&loop->uv);
	if (loop->reserve_fd >= 0) {
		close(loop->reserve_fd);
	}
	free(loop);
}

unsigned
loop_clients(const struct loop *loop)
{
	return loop->clients;
}
