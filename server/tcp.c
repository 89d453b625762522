#include "server/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096

/* A silent peer is asked after IDLE seconds, and given up after a minute. */
#define KEEP_IDLE     30
#define KEEP_INTERVAL 10
#define KEEP_COUNT    3

#define DRAIN_READS 32 /* of a page, then the peer is given up */

void
tcp_name(const struct sockaddr *address, socklen_t size,
    char name[TCP_NAME_MAX])
{
	char host[NI_MAXHOST] = "?";
	char port[NI_MAXSERV] = "?";
	bool is_v6 = address->sa_family == AF_INET6;

	(void)getnameinfo(address, size, host, sizeof(host), port, sizeof(port),
	    NI_NUMERICHOST | NI_NUMERICSERV);
	(void)snprintf(name, TCP_NAME_MAX, "%s%.45s%s:%.5s", is_v6 ? "[" : "",
	    host, is_v6 ? "]" : "", port);
}

static void
set(int fd, int level, int option, int value)
{
	/* What a kernel doesn't know we do without. */
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

/* A listening socket, or -errno. */
static int
listen_at(const struct addrinfo *info)
{
	int fd = socket(info->ai_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		return -errno;
	}
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (info->ai_family == AF_INET6) {
		/* IPv4 has a socket of its own, and mapped addresses none. */
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	}
	if (bind(fd, info->ai_addr, info->ai_addrlen) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

/* This machine has no such family, or no such address. */
static bool
is_lacking(int error)
{
	return error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL;
}

static void
explain(int error, const char *name, char *why, size_t why_size)
{
	const char *remedy = "";

	switch (error) {
	case -EADDRINUSE:
		remedy = "; stop what listens there, or take another --port";
		break;
	case -EACCES:
		remedy = "; take a --port from 1024 up";
		break;
	case -EADDRNOTAVAIL:
		remedy = "; give an address of this machine with --bind";
		break;
	default:
		break;
	}
	(void)snprintf(why, why_size, "TCP %s: %s%s", name, strerror(-error),
	    remedy);
}

static int
resolve(const struct tcp_where *where, struct addrinfo **list, char *why,
    size_t why_size)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV };
	const char *host = where->host[0] != '\0' ? where->host : NULL;
	char port[8];

	if (where->everywhere) {
		hints.ai_flags |= AI_PASSIVE;
	}
	(void)snprintf(port, sizeof(port), "%u", (unsigned)where->port);
	int error = getaddrinfo(host, port, &hints, list);
	if (error != 0) {
		(void)snprintf(why, why_size,
		    "TCP %s: %s; give an address of this machine with --bind",
		    host != NULL ? host : "port", gai_strerror(error));
		return -EADDRNOTAVAIL;
	}
	return 0;
}

int
tcp_open(struct tcp *tcp, const struct tcp_where *where, char *why,
    size_t why_size)
{
	struct addrinfo *list;

	tcp->count = 0;
	int error = resolve(where, &list, why, why_size);
	if (error < 0) {
		return error;
	}
	error = 0;
	for (const struct addrinfo *info = list;
	     info != NULL && tcp->count < TCP_SOCKETS_MAX;
	     info = info->ai_next) {
		struct tcp_socket *one = &tcp->sockets[tcp->count];
		int fd = listen_at(info);

		tcp_name(info->ai_addr, info->ai_addrlen, one->name);
		if (fd >= 0) {
			one->fd = fd;
			tcp->count++;
			continue;
		}
		error = fd;
		explain(error, one->name, why, why_size);
		if (!is_lacking(error)) {
			break;
		}
	}
	freeaddrinfo(list);
	if (tcp->count > 0 && is_lacking(error)) {
		error = 0;
	}
	if (error < 0) {
		tcp_close(tcp);
	}
	return error;
}

void
tcp_close(struct tcp *tcp)
{
	for (unsigned i = 0; i < tcp->count; i++) {
		close(tcp->sockets[i].fd);
	}
	tcp->count = 0;
}

void
tcp_accepted(int fd)
{
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE);
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL);
	set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT);
}

void
tcp_drain(int fd)
{
	char rest[4096];
	int reads = 0;

	(void)shutdown(fd, SHUT_WR);
	while (reads < DRAIN_READS &&
	       recv(fd, rest, sizeof(rest), MSG_DONTWAIT) > 0) {
		reads++;
	}
}
