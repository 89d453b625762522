/*
 * Sockets to a server: connecting, and moving bytes by a deadline.  No signal
 * is raised, no descriptor is inherited.
 * Functions return -errno where they fail.  Thread: any.
 */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

/* In ms of CLOCK_MONOTONIC; a timeout below 0 is for ever. */
int64_t transport_deadline(int timeout_ms);
int64_t transport_now(void);

/* The same clock in us, for what is heard. */
int64_t transport_now_us(void);

/* 0 once one of poll()'s events, or an error, is there; or -ETIMEDOUT. */
int transport_wait(int fd, short events, int64_t deadline);

/*
 * Connect, in a second for each address, and return a descriptor that blocks.
 *   path    of a Unix socket, less than 108 bytes
 *   host    a name or an address of IPv4 or IPv6
 *   lookup  set to getaddrinfo()'s error (then -EHOSTUNREACH is returned), or 0
 */
int transport_connect_unix(const char *path);
int transport_connect_host(const char *host, uint16_t port, int *lookup);

/*
 * All those bytes, and not a byte more: what follows may be sound that the
 * caller reads.  -ECONNRESET: the other end has closed.
 */
int transport_send(int fd, const void *data, size_t bytes, int64_t deadline);
int transport_read(int fd, void *data, size_t bytes, int64_t deadline);

#endif
