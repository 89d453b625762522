#include "server/manager.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/tcp.h"

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */

union any_address {
	struct sockaddr any;
	struct sockaddr_un un;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

/* --- sockets ----------------------------------------------------------- */

/* A whole number from the environment; -1: there is none. */
static long
number_of(const char *name)
{
	const char *text = getenv(name);
	char *end;

	if (text == NULL || text[0] == '\0') {
		return -1;
	}
	errno = 0;
	long number = strtol(text, &end, 10);
	return *end == '\0' && errno == 0 && number >= 0 ? number : -1;
}

static int
option_of(int fd, int option)
{
	int value = -1;
	socklen_t size = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value
								      : -1;
}

static bool
is_served(int fd)
{
	int family = option_of(fd, SO_DOMAIN);

	return option_of(fd, SO_ACCEPTCONN) == 1 &&
	       option_of(fd, SO_TYPE) == SOCK_STREAM &&
	       (family == AF_UNIX || family == AF_INET || family == AF_INET6);
}

static void
name_socket(struct manager_socket *given)
{
	union any_address address = { .any.sa_family = AF_UNSPEC };
	socklen_t size = sizeof(address);
	char name[TCP_NAME_MAX];

	(void)getsockname(given->fd, &address.any, &size);
	if (address.any.sa_family == AF_UNIX) {
		/* The kernel ends no path that fills its field. */
		(void)snprintf(given->name, sizeof(given->name), "%.*s",
		    (int)sizeof(address.un.sun_path), address.un.sun_path);
		return;
	}
	tcp_name(&address.any, size, name);
	(void)snprintf(given->name, sizeof(given->name), "%s", name);
}

/*
 * listen() is not called again, though it would set the backlog: whose socket
 * it is, to its clients, is who called that last.
 */
static int
take(struct manager_sockets *given, int fd, char *why, size_t why_size)
{
	struct manager_socket *taken = &given->sockets[given->count];
	int flags = fcntl(fd, F_GETFL);

	if (!is_served(fd)) {
		(void)snprintf(why, why_size,
		    "LISTEN_FDS: descriptor %d is no listening stream socket; "
		    "use ListenStream and Accept=no in the socket's unit",
		    fd);
		return -EINVAL;
	}
	(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	taken->fd = fd;
	name_socket(taken);
	given->count++;
	return 0;
}

int
manager_take(struct manager_sockets *given, char *why, size_t why_size)
{
	long pid = number_of("LISTEN_PID");
	long count = number_of("LISTEN_FDS");
	int error = 0;

	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	given->count = 0;
	if (pid != (long)getpid() || count <= 0) {
		return 0;
	}
	if (count > MANAGER_SOCKETS_MAX) {
		(void)snprintf(why, why_size,
		    "LISTEN_FDS=%ld: more than %d sockets; give fewer in the "
		    "socket's unit",
		    count, MANAGER_SOCKETS_MAX);
		return -EINVAL;
	}
	for (int i = 0; error == 0 && i < (int)count; i++) {
		error = take(given, FIRST_FD + i, why, why_size);
	}
	return error;
}

void
manager_drop(struct manager_sockets *given)
{
	for (unsigned i = 0; i < given->count; i++) {
		(void)close(given->sockets[i].fd);
	}
	given->count = 0;
}

/* --- telling ----------------------------------------------------------- */

int
manager_tell(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int error = 0;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    strlen(path) >= sizeof(address.sun_path)) {
		return 0;
	}
	size_t n = strlen(path);
	memcpy(address.sun_path, path, n);
	if (path[0] == '@') {
		address.sun_path[0] = '\0';
	}
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	socklen_t size =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL,
		(struct sockaddr *)&address, size) < 0) {
		error = -errno;
	}
	(void)close(fd);
	return error;
}
