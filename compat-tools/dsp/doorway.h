/*
 * The server's own door: a listening socket, and the connections on which
 * programs open devices and ask about them (door.h).  Whatever comes in is
 * checked here.  Thread: the loop's.
 */
#ifndef DSP_DOORWAY_H
#define DSP_DOORWAY_H

#include <sys/socket.h>
#include <sys/un.h>

#include "compat-tools/dsp/loop.h"
#include "compat-tools/dsp/serve.h"

struct doorway;

/* The name of a socket. */
struct doorway_name {
	struct sockaddr_un address;
	socklen_t size; /* bytes of it; 0: none */
};

/* What is asked of serve.c where a device is opened. */
struct serve_opening {
	enum door_device kind;
	unsigned access;
	const char *name;	    /* of the streams, or "" */
	struct doorway_name client; /* of the client end */
	int fd;			    /* the server's end: taken, come what may */
};

int serve_add(struct serve *serve, const struct serve_opening *opening);

/*
 *   listener  -1: one is made; it is the doorway's from now on, or closed
 * 0 or -errno.
 */
int doorway_create(struct serve *serve, struct loop *loop, int listener,
    struct doorway **created);
void doorway_destroy(struct doorway *doorway); /* NULL is fine */

bool doorway_same(const struct doorway_name *a, const struct doorway_name *b);

/* Whether fd is a client end of ours, and its name. */
bool doorway_client(const struct doorway *doorway, int fd,
    struct doorway_name *name);

/* Both ends of a new data connection, as if a program had connected. */
int doorway_pair(struct doorway *doorway, struct doorway_name *name,
    int *client, int *server);

/* What a client end has beyond that. */
void doorway_prepare(int client, unsigned access);

#endif
