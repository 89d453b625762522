/* Who is at the other end of a socket. */
#ifndef PEER_H
#define PEER_H

#include "server/access.h"
#include "server/client.h"

/*
 * Names the peer of a connected socket, client `number`, for log lines; trusts
 * one on a Unix socket whom `access` admits, and nobody on TCP.
 * Returns the socket's family, AF_UNIX, AF_INET ...
 */
int peer_of(int fd, uint32_t number, const struct access *access,
    struct client_peer *peer);

#endif
