/* tcp.c: what listens where, and what an accepted socket is told. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/tcp.h"

static struct tcp tcp;
static char why[256];

static uint16_t
port_of(int fd)
{
	struct sockaddr_in address = { .sin_family = AF_UNSPEC };
	socklen_t size = sizeof(address);

	cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	return ntohs(address.sin_port);
}

static int
option(int fd, int level, int name)
{
	int value = -1;
	socklen_t size = sizeof(value);

	cr_assert_eq(getsockopt(fd, level, name, &value, &size), 0);
	return value;
}

static int
join(uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)),
	    0);
	return fd;
}

/* Listens on IPv4's loopback address, at a port that the kernel chooses. */
static uint16_t
listen_somewhere(void)
{
	const struct tcp_where where = { .host = "127.0.0.1" };

	cr_assert_eq(tcp_open(&tcp, &where, why, sizeof(why)), 0, "%s", why);
	cr_assert_eq(tcp.count, 1);
	cr_assert_eq(strncmp(tcp.sockets[0].name, "127.0.0.1:", 10), 0);
	return port_of(tcp.sockets[0].fd);
}

/* It blocks, which the daemon's doesn't, until the peer is there. */
static int
accept_one(void)
{
	int fd;

	do {
		fd = accept(tcp.sockets[0].fd, NULL, NULL);
	} while (fd < 0 && errno == EAGAIN);
	cr_assert_geq(fd, 0);
	return fd;
}

Test(tcp, a_dead_peer_is_noticed_in_a_minute)
{
	int far = join(listen_somewhere()), near = accept_one();

	tcp_accepted(near);
	cr_assert_eq(option(near, IPPROTO_TCP, TCP_NODELAY), 1);
	cr_assert_eq(option(near, SOL_SOCKET, SO_KEEPALIVE), 1);
	cr_assert_leq(option(near, IPPROTO_TCP, TCP_KEEPIDLE) +
			  option(near, IPPROTO_TCP, TCP_KEEPINTVL) *
			      option(near, IPPROTO_TCP, TCP_KEEPCNT),
	    60);
	close(near);
	close(far);
	tcp_close(&tcp);
}

/* What the peer sent is read away, so that it gets the answer and no reset. */
Test(tcp, a_refused_peer_reads_the_answer)
{
	char text[1000] = "", answer[8];
	int far = join(listen_somewhere()), near = accept_one();

	cr_assert_eq(write(far, text, sizeof(text)), sizeof(text));
	cr_assert_eq(recv(near, text, 1, MSG_PEEK), 1);
	cr_assert_eq(write(near, "no", 2), 2);
	tcp_drain(near);
	close(near);
	cr_assert_eq(read(far, answer, sizeof(answer)), 2);
	cr_assert_eq(read(far, answer, sizeof(answer)), 0);
	close(far);
	tcp_close(&tcp);
}

Test(tcp, what_cannot_be_is_explained)
{
	struct tcp_where where = { .host = "127.0.0.1" };
	struct tcp other;

	where.port = listen_somewhere();
	cr_assert_eq(tcp_open(&other, &where, why, sizeof(why)), -EADDRINUSE);
	cr_assert_not_null(strstr(why, "take another --port"), "%s", why);
	tcp_close(&tcp);

	where.host = "192.0.2.1"; /* for documentation: nobody's */
	cr_assert_eq(tcp_open(&other, &where, why, sizeof(why)),
	    -EADDRNOTAVAIL);
	cr_assert_not_null(strstr(why, "with --bind"), "%s", why);
}
