/*
 * The library's connection to the server beside its streams: it tells whether
 * there is a server, and asks it things.
 *
 * It is the ESD side of the daemon that is spoken to, here and by the streams.
 * That is simpler than MCOP, where the server calls its client, and serves
 * programs better: what they write is heard at once, not after four packets;
 * the server needs no answer of a program that is busy with something else; and
 * it says what has been played, to the frame.
 *
 * Thread: any, one at a time.
 */
#ifndef LIBARTSC_SERVER_H
#define LIBARTSC_SERVER_H

#include "compat-tools/client.h"

#define SERVER_ANSWER_MS 2000 /* for a whole exchange */

struct server {
	struct client client;
};

/*
 * Connects to a client's connection of its own; 0 or -errno.  The server is
 * the one of ARTS_SERVER, if that is set: HOST:PORT means that host, but ESD's
 * port there, since the one named is that of MCOP; unix:PATH is a socket of
 * ESD.  Else it is the one that ESD programs find, by ESPEAKER or on this
 * machine.
 */
int server_connect(struct client *client);

int server_open(struct server *server);
void server_close(struct server *server);

struct server_times {
	int32_t latency_ms; /* from the mix to the ear */
	int32_t frames;	    /* that a stream's buffer should hold, at least */
	int32_t rate;	    /* of those, per second; never 0 */
};

/* 0; or -errno, and zero frames at a rate of 1. */
int server_ask_times(struct server *server, struct server_times *times);

/* 1: it releases the device; 0: it doesn't; or -errno. */
int server_suspend(struct server *server);

#endif
