/*
 * Where clients on the network find us: listening TCP sockets, one for each
 * address.
 * Thread: control.
 */
#ifndef TCP_H
#define TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define TCP_SOCKETS_MAX 4  /* addresses that one name may have */
#define TCP_NAME_MAX	64 /* of an address and port, NUL included */

struct tcp_where {
	const char *host; /* a name or an address; "": see everywhere */
	bool everywhere;  /* all interfaces, else this machine alone */
	uint16_t port;
};

struct tcp_socket {
	int fd;			 /* listening, non-blocking, close-on-exec */
	char name[TCP_NAME_MAX]; /* "127.0.0.1:16001", "[::1]:16001" */
};

struct tcp {
	struct tcp_socket sockets[TCP_SOCKETS_MAX];
	unsigned count;
};

/*
 * Listens on every address of `where`, of both families: a client tries the
 * one its resolver names first, and often no other.  An address that this
 * machine lacks is passed over while another is left.
 * Returns 0, or -errno with one sentence in `why`.  May wait for a resolver.
 */
int tcp_open(struct tcp *tcp, const struct tcp_where *where, char *why,
    size_t why_size);
void tcp_close(struct tcp *tcp);

/* An IP address and its port in numbers, "?:?" where they cannot be told. */
void tcp_name(const struct sockaddr *address, socklen_t size,
    char name[TCP_NAME_MAX]);

/*
 * An accepted socket: small answers leave at once, and a peer that has gone
 * without a word is noticed after a minute.
 */
void tcp_accepted(int fd);

/*
 * Before a refused peer's socket is closed, of any family: nothing more is
 * sent, and what the peer has sent meanwhile is read away, within a limit.  To
 * close on unread bytes is to reset, and a reset may overtake the last answer.
 */
void tcp_drain(int fd);

#endif
