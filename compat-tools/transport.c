#include "compat-tools/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CONNECT_MS 1000 /* for each address */
#define BACKLOG_MS 5	/* between two knocks at a full backlog */
#define PORT_TEXT  6	/* "65535" and its NUL */

/* --- waiting -------------------------------------------------------------- */

int64_t
transport_now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
transport_now(void)
{
	return transport_now_us() / 1000;
}

int64_t
transport_deadline(int timeout_ms)
{
	return timeout_ms < 0 ? INT64_MAX : transport_now() + timeout_ms;
}

int
transport_wait(int fd, short events, int64_t deadline)
{
	struct pollfd poller = { .fd = fd, .events = events };

	for (;;) {
		int wait_ms = -1;
		int ready;

		if (deadline != INT64_MAX) {
			int64_t left = deadline - transport_now();

			wait_ms = left > 0 ? (int)left : 0;
		}
		ready = poll(&poller, 1, wait_ms);
		if (ready > 0) {
			return 0;
		}
		if (ready == 0) {
			return -ETIMEDOUT;
		}
		if (errno != EINTR) {
			return -errno;
		}
	}
}

/* --- connecting ----------------------------------------------------------- */

/*
 * Ready is not connected: a refused connection is readable and writable, too.
 */
static int
finish_connect(int fd, int64_t deadline)
{
	int error = 0;
	socklen_t size = sizeof(error);
	int result = transport_wait(fd, POLLOUT, deadline);

	if (result != 0) {
		return result;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
		return -errno;
	}
	return -error;
}

static int
connect_until(int fd, const struct sockaddr *address, socklen_t size,
    int64_t deadline)
{
	while (connect(fd, address, size) != 0) {
		if (errno == EINPROGRESS || errno == EINTR) {
			return finish_connect(fd, deadline);
		}
		if (errno != EAGAIN) {
			return -errno;
		}
		/* A Unix socket's full backlog can't be waited for. */
		if (transport_now() >= deadline) {
			return -ETIMEDOUT;
		}
		(void)poll(NULL, 0, BACKLOG_MS);
	}
	return 0;
}

/* Connects to one address; returns the descriptor or -errno. */
static int
connect_to(const struct sockaddr *address, socklen_t size)
{
	int fd = socket(address->sa_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;
	int error;

	if (fd < 0) {
		return -errno;
	}
	error =
	    connect_until(fd, address, size, transport_deadline(CONNECT_MS));
	if (error == 0 && fcntl(fd, F_SETFL, 0) != 0) {
		error = -errno;
	}
	if (error != 0) {
		(void)close(fd);
		return error;
	}
	if (address->sa_family != AF_UNIX) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
	return fd;
}

int
transport_connect_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path)) {
		return -ENAMETOOLONG;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	return connect_to((struct sockaddr *)&address, sizeof(address));
}

int
transport_connect_host(const char *host, uint16_t port, int *lookup)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV };
	struct addrinfo *list;
	char service[PORT_TEXT];
	int fd = -EHOSTUNREACH;

	(void)snprintf(service, sizeof(service), "%u", (unsigned)port);
	*lookup = getaddrinfo(host, service, &hints, &list);
	if (*lookup != 0) {
		return fd;
	}
	for (struct addrinfo *one = list; one != NULL; one = one->ai_next) {
		fd = connect_to(one->ai_addr, one->ai_addrlen);
		if (fd >= 0) {
			break;
		}
	}
	freeaddrinfo(list);
	return fd;
}

/* --- moving bytes --------------------------------------------------------- */

int
transport_send(int fd, const void *data, size_t bytes, int64_t deadline)
{
	const uint8_t *at = data;

	while (bytes > 0) {
		ssize_t sent = send(fd, at, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent >= 0) {
			at += sent;
			bytes -= (size_t)sent;
		} else if (errno == EAGAIN) {
			int error = transport_wait(fd, POLLOUT, deadline);

			if (error != 0) {
				return error;
			}
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

int
transport_read(int fd, void *data, size_t bytes, int64_t deadline)
{
	uint8_t *at = data;

	while (bytes > 0) {
		ssize_t got = recv(fd, at, bytes, MSG_DONTWAIT);

		if (got > 0) {
			at += got;
			bytes -= (size_t)got;
		} else if (got == 0) {
			return -ECONNRESET;
		} else if (errno == EAGAIN) {
			int error = transport_wait(fd, POLLIN, deadline);

			if (error != 0) {
				return error;
			}
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}
