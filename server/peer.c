#include "server/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

static int
family_of(int fd)
{
	int family = AF_UNSPEC;
	socklen_t size = sizeof(family);

	(void)getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
	return family;
}

static void
name_unix(int fd, uint32_t number, const struct access *access,
    struct client_peer *peer)
{
	struct ucred peer_is;
	socklen_t size = sizeof(peer_is);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer_is, &size) != 0) {
		(void)snprintf(peer->name, sizeof(peer->name),
		    "c%u of unknown user", (unsigned)number);
		return;
	}
	peer->trusted = access_admits(access, fd, &peer_is);
	peer->pid = (int32_t)peer_is.pid;
	peer->uid = (int32_t)peer_is.uid;
	(void)snprintf(peer->name, sizeof(peer->name), "c%u pid %d uid %u",
	    (unsigned)number, (int)peer_is.pid, (unsigned)peer_is.uid);
}

static void
name_inet(int fd, uint32_t number, struct client_peer *peer)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	} address = { .any.sa_family = AF_UNSPEC };
	socklen_t size = sizeof(address);
	char text[INET6_ADDRSTRLEN] = "?";
	unsigned port = 0;

	(void)getpeername(fd, &address.any, &size);
	if (address.any.sa_family == AF_INET) {
		(void)inet_ntop(AF_INET, &address.in4.sin_addr, text,
		    sizeof(text));
		port = ntohs(address.in4.sin_port);
	} else if (address.any.sa_family == AF_INET6) {
		(void)inet_ntop(AF_INET6, &address.in6.sin6_addr, text,
		    sizeof(text));
		port = ntohs(address.in6.sin6_port);
	}
	(void)snprintf(peer->name, sizeof(peer->name), "c%u %s port %u",
	    (unsigned)number, text, port);
}

int
peer_of(int fd, uint32_t number, const struct access *access,
    struct client_peer *peer)
{
	int family = family_of(fd);

	peer->trusted = false;
	peer->pid = -1;
	peer->uid = -1;
	peer->remote = family != AF_UNIX;
	if (family == AF_UNIX) {
		name_unix(fd, number, access, peer);
	} else {
		name_inet(fd, number, peer);
	}
	return family;
}
