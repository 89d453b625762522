#include "compat-tools/dsp/doorway.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "protocols/esd.h"

#define CONNECTIONS_MAX 256 /* beside them, the oldest idle one goes */
#define BACKLOG		64
#define PASSED_MAX	2 /* descriptors that fit in; but one is looked at */

/* One on which requests come. */
struct connection {
	struct doorway *doorway;
	int fd;
	struct doorway_name name; /* of its other end */
	struct door_request request;
	size_t got; /* bytes of the request and what follows */
	int passed; /* the program's descriptor; -1: none came */
	bool busy;  /* the call is on its way */
	struct serve_call call;
	struct connection *next;
};

struct doorway {
	struct serve *serve;
	struct loop *loop;
	int listener;
	struct doorway_name name;
	struct connection *connections;
	unsigned count;
};

/* --- names ---------------------------------------------------------------- */

bool
doorway_same(const struct doorway_name *a, const struct doorway_name *b)
{
	return a->size == b->size &&
	       memcmp(&a->address, &b->address, a->size) == 0;
}

typedef int name_getter(int fd, struct sockaddr *address, socklen_t *size);

static bool
get_name(int fd, name_getter *getter, struct doorway_name *name)
{
	*name = (struct doorway_name){ .size = sizeof(name->address) };
	return getter(fd, (struct sockaddr *)&name->address, &name->size) ==
		   0 &&
	       name->address.sun_family == AF_UNIX &&
	       name->size > offsetof(struct sockaddr_un, sun_path) &&
	       name->size <= sizeof(name->address);
}

bool
doorway_client(const struct doorway *doorway, int fd, struct doorway_name *name)
{
	struct doorway_name peer;

	return get_name(fd, getpeername, &peer) &&
	       doorway_same(&peer, &doorway->name) &&
	       get_name(fd, getsockname, name);
}

static int
listen_anew(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char *text = address.sun_path + 1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint64_t number;
	int written;

	if (fd < 0) {
		return -errno;
	}
	if (getrandom(&number, sizeof(number), 0) != sizeof(number)) {
		(void)close(fd);
		return -EIO;
	}
	written = snprintf(text, sizeof(address.sun_path) - 1,
	    DOOR_PREFIX "%0*llx", DOOR_RANDOM, (unsigned long long)number);
	if (bind(fd, (struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			    (size_t)written)) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		int error = -errno;

		(void)close(fd);
		return error;
	}
	return fd;
}

/* --- answering ------------------------------------------------------------ */

static void
drop(struct connection *connection)
{
	struct doorway *doorway = connection->doorway;
	struct connection **link = &doorway->connections;

	while (*link != connection) {
		link = &(*link)->next;
	}
	*link = connection->next;
	doorway->count--;
	serve_cancel(&connection->call);
	if (connection->fd >= 0) {
		loop_unwatch(doorway->loop, connection->fd);
		(void)close(connection->fd);
	}
	if (connection->passed >= 0) {
		(void)close(connection->passed);
	}
	free(connection);
}

static void
close_passed(struct connection *connection)
{
	if (connection->passed >= 0) {
		(void)close(connection->passed);
		connection->passed = -1;
	}
}

/*
 * An answer is far less than a socket holds: who has no room for it does not
 * read his answers.  False: the connection is to be dropped.
 *   memory  to go along, or -1
 */
static bool
answer(int fd, int result, const uint8_t *data, uint32_t bytes, int memory)
{
	struct door_answer head = { .result = result, .bytes = bytes };
	struct iovec parts[2] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = (void *)data, .iov_len = bytes },
	};
	union {
		struct cmsghdr header;
		uint8_t space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	if (memory >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.space);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &memory, sizeof(memory));
	}
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	       (ssize_t)(sizeof(head) + bytes);
}

static void
on_done(struct serve_call *call, int result)
{
	struct connection *connection = call->arg;
	uint32_t bytes = result == 0 ? serve_bytes_out(call->number) : 0;

	connection->busy = false;
	connection->got = 0;
	close_passed(connection);
	if (!answer(connection->fd, result, call->data, bytes, -1)) {
		/* The loop finds it closed and drops it. */
		(void)shutdown(connection->fd, SHUT_RDWR);
	}
}

/* --- requests ------------------------------------------------------------- */

static bool
is_ours(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       peer.uid == geteuid();
}

/* The connection becomes the device's, and is one no longer. */
static void
open_device(struct connection *connection)
{
	const struct door_request *request = &connection->request;
	char name[ESD_NAME_MAX] = "";
	struct serve_opening opening = { .kind = request->number,
		.access = request->flags,
		.name = name,
		.client = connection->name,
		.fd = connection->fd };
	int copy;
	int error;

	if (!is_ours(connection->fd) || connection->name.size == 0 ||
	    request->number >= DOOR_DEVICES ||
	    (request->flags & ~(DOOR_READ | DOOR_WRITE)) != 0 ||
	    request->bytes >= sizeof(name)) {
		(void)answer(connection->fd, -EINVAL, NULL, 0, -1);
		drop(connection);
		return;
	}
	memcpy(name, connection->call.data, request->bytes);
	copy = fcntl(connection->fd, F_DUPFD_CLOEXEC, 0);
	loop_unwatch(connection->doorway->loop, connection->fd);
	connection->fd = -1;
	error = serve_add(connection->doorway->serve, &opening);
	if (copy >= 0) {
		(void)answer(copy, error, NULL, 0, -1);
		(void)close(copy);
	}
	drop(connection);
}

static bool
map_device(struct connection *connection)
{
	const struct door_request *request = &connection->request;
	int memory = serve_map(connection->doorway->serve, connection->passed,
	    request->number, request->flags);
	bool sent =
	    answer(connection->fd, memory < 0 ? memory : 0, NULL, 0, memory);

	if (memory >= 0) {
		(void)close(memory);
	}
	return sent;
}

static void
ask(struct connection *connection)
{
	connection->call.number = connection->request.number;
	connection->call.done = on_done;
	connection->call.arg = connection;
	connection->busy = true;
	serve_ioctl(connection->doorway->serve, connection->passed,
	    &connection->call);
	/* Else the program's own close would wait for the answer. */
	close_passed(connection);
}

/* One that is whole. */
static void
handle(struct connection *connection)
{
	const struct door_request *request = &connection->request;
	bool keep = true;
	int result;

	switch (request->kind) {
	case DOOR_OPEN:
		open_device(connection);
		return;
	case DOOR_IOCTL:
		ask(connection);
		return;
	case DOOR_MAP:
		keep = map_device(connection);
		break;
	default:
		result = serve_reading(connection->doorway->serve,
		    connection->passed);
		keep = answer(connection->fd, result, NULL, 0, -1);
		break;
	}
	connection->got = 0;
	close_passed(connection);
	if (!keep) {
		drop(connection);
	}
}

/* What the head of a request must say, before what follows is taken. */
static bool
is_sound(const struct connection *connection)
{
	const struct door_request *request = &connection->request;
	uint32_t bytes =
	    request->kind == DOOR_IOCTL ? serve_bytes_in(request->number) : 0;

	if (request->magic != DOOR_MAGIC || request->kind >= DOOR_KINDS ||
	    request->bytes > DOOR_BYTES_MAX) {
		return false;
	}
	return request->kind == DOOR_OPEN ||
	       (connection->passed >= 0 && request->bytes == bytes);
}

/* --- reading -------------------------------------------------------------- */

/* The first that comes is kept, others closed. */
static void
take_passed(struct connection *connection, struct msghdr *message)
{
	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
	     header = CMSG_NXTHDR(message, header)) {
		size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (header->cmsg_level != SOL_SOCKET ||
		    header->cmsg_type != SCM_RIGHTS) {
			continue;
		}
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + i * sizeof(fd),
			    sizeof(fd));
			if (connection->passed < 0) {
				connection->passed = fd;
			} else {
				(void)close(fd);
			}
		}
	}
}

/* Never a byte beyond the request: after OPEN they are sound. */
static ssize_t
read_some(struct connection *connection)
{
	size_t head = sizeof(connection->request);
	size_t at = connection->got;
	union {
		struct cmsghdr header;
		uint8_t space[CMSG_SPACE(PASSED_MAX * sizeof(int))];
	} control;
	struct iovec part = {
		.iov_base = (uint8_t *)&connection->request + at,
		.iov_len = head - at,
	};
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space) };
	ssize_t got;

	if (at >= head) {
		part.iov_base = connection->call.data + at - head;
		part.iov_len = head + connection->request.bytes - at;
	}
	got =
	    recvmsg(connection->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (got >= 0) {
		take_passed(connection, &message);
		connection->got += (size_t)got;
	}
	return got;
}

static void
on_connection(void *arg, int fd, short events)
{
	struct connection *connection = arg;
	size_t head = sizeof(connection->request);
	ssize_t got;

	(void)fd;
	(void)events;
	if (connection->busy) {
		/* It ends, or does not wait for its answer. */
		drop(connection);
		return;
	}
	do {
		got = read_some(connection);
		if (got == 0 || (got < 0 && errno != EAGAIN)) {
			drop(connection);
			return;
		}
		if (connection->got == head && !is_sound(connection)) {
			(void)answer(connection->fd, -EINVAL, NULL, 0, -1);
			drop(connection);
			return;
		}
	} while (got > 0 && connection->got < head + connection->request.bytes);
	if (got > 0) {
		handle(connection);
	}
}

/* --- listening ------------------------------------------------------------ */

/*
 * Anybody on this machine may connect, and say nothing.  Who has something to
 * ask does so at once: so the oldest that is not being answered makes room.
 */
static void
make_room(struct doorway *doorway)
{
	struct connection *oldest = NULL;

	for (struct connection *connection = doorway->connections;
	     connection != NULL; connection = connection->next) {
		if (!connection->busy) {
			oldest = connection; /* the newest are first */
		}
	}
	if (oldest != NULL) {
		drop(oldest);
	}
}

static int
add_connection(struct doorway *doorway, int fd, const struct doorway_name *name)
{
	struct connection *connection;

	if (doorway->count == CONNECTIONS_MAX) {
		make_room(doorway);
	}
	if (doorway->count == CONNECTIONS_MAX) {
		return -EMFILE;
	}
	connection = calloc(1, sizeof(*connection));
	if (connection == NULL) {
		return -ENOMEM;
	}
	connection->doorway = doorway;
	connection->fd = fd;
	connection->name = *name;
	connection->passed = -1;
	if (loop_watch(doorway->loop, fd, POLLIN, on_connection, connection) !=
	    0) {
		free(connection);
		return -ENOMEM;
	}
	connection->next = doorway->connections;
	doorway->connections = connection;
	doorway->count++;
	return 0;
}

/* The next that connected, and its name; -1: none now. */
static int
take_next(struct doorway *doorway, struct doorway_name *name)
{
	int fd;

	*name = (struct doorway_name){ .size = sizeof(name->address) };
	fd = accept4(doorway->listener, (struct sockaddr *)&name->address,
	    &name->size, SOCK_CLOEXEC);
	if (fd >= 0 && (name->size <= offsetof(struct sockaddr_un, sun_path) ||
			   name->size > sizeof(name->address))) {
		name->size = 0;
	}
	return fd;
}

static void
on_listener(void *arg, int listener, short events)
{
	struct doorway *doorway = arg;
	struct doorway_name name;

	for (int turns = 0; turns < BACKLOG; turns++) {
		int fd = take_next(doorway, &name);

		if (fd < 0) {
			return;
		}
		if (add_connection(doorway, fd, &name) != 0) {
			(void)close(fd);
		}
	}
}

int
doorway_create(struct serve *serve, struct loop *loop, int listener,
    struct doorway **created)
{
	struct doorway *doorway = calloc(1, sizeof(*doorway));
	int error = 0;

	if (listener < 0) {
		listener = listen_anew();
	}
	if (doorway == NULL || listener < 0) {
		error = listener < 0 ? listener : -ENOMEM;
	} else {
		doorway->serve = serve;
		doorway->loop = loop;
		doorway->listener = listener;
		if (fcntl(listener, F_SETFL, O_NONBLOCK) != 0) {
			error = -errno;
		} else if (!get_name(listener, getsockname, &doorway->name)) {
			error = -EINVAL;
		} else {
			error = loop_watch(loop, listener, POLLIN, on_listener,
			    doorway);
		}
	}
	if (error != 0) {
		free(doorway);
		if (listener >= 0) {
			(void)close(listener);
		}
		return error;
	}
	*created = doorway;
	return 0;
}

void
doorway_destroy(struct doorway *doorway)
{
	if (doorway == NULL) {
		return;
	}
	for (struct connection *connection = doorway->connections, *next;
	     connection != NULL; connection = next) {
		next = connection->next;
		drop(connection);
	}
	loop_unwatch(doorway->loop, doorway->listener);
	(void)close(doorway->listener);
	free(doorway);
}

/* --- from within ---------------------------------------------------------- */

static int
connect_here(const struct doorway *doorway, struct doorway_name *name)
{
	const struct sockaddr_un any = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error;

	if (fd < 0) {
		return -errno;
	}
	if (bind(fd, (const struct sockaddr *)&any, sizeof(any.sun_family)) ==
		0 &&
	    connect(fd, (const struct sockaddr *)&doorway->name.address,
		doorway->name.size) == 0 &&
	    get_name(fd, getsockname, name) && fcntl(fd, F_SETFL, 0) == 0) {
		return fd;
	}
	error = errno != 0 ? -errno : -EIO;
	(void)close(fd);
	return error;
}

int
doorway_pair(struct doorway *doorway, struct doorway_name *name, int *client,
    int *server)
{
	struct doorway_name other;
	int fd = connect_here(doorway, name);

	if (fd < 0) {
		return fd;
	}
	/* Others may have come before. */
	while ((*server = take_next(doorway, &other)) >= 0) {
		if (doorway_same(&other, name)) {
			*client = fd;
			return 0;
		}
		if (add_connection(doorway, *server, &other) != 0) {
			(void)close(*server);
		}
	}
	(void)close(fd);
	return -EIO;
}

void
doorway_prepare(int client, unsigned access)
{
	int bytes = DOOR_SNDBUF;
	int priority = DOOR_MARK;

	(void)setsockopt(client, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	if ((access & DOOR_READ) != 0) {
		(void)setsockopt(client, SOL_SOCKET, SO_PRIORITY, &priority,
		    sizeof(priority));
	}
}
