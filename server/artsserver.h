/*
 * aRts in the daemon: where its clients find it, its sockets, and the programs
 * that play files for them.
 * Thread: control.
 */
#ifndef ARTSSERVER_H
#define ARTSSERVER_H

#include "server/arts.h"
#include "server/children.h"
#include "server/conf.h"
#include "server/loop.h"
#include "server/rendezvous.h"
#include "server/tcp.h"

#define ARTSSERVER_ADDRESSES 2 /* the socket, and TCP */

struct artsserver_settings {
	const struct conf *conf;
	struct service *service;
	struct clients *clients;
	struct loop *loop;
	const char *version;
	const char *socket; /* where our own player finds us; NULL: nowhere */
};

struct artsserver {
	struct artsserver_settings settings;
	struct rendezvous rendezvous;
	struct tcp tcp;
	char addresses[ARTSSERVER_ADDRESSES][MCOP_ADDRESS_MAX];
	struct arts arts;
	struct children children;
};

/*
 * Listens, if the settings say so; `server` is zeroed.  Where there is no place
 * to be found, the daemon goes on without, which has been logged.
 * Returns 0, or -1: what was asked for by name is not to be had, and said so.
 */
int artsserver_open(struct artsserver *server,
    const struct artsserver_settings *settings);

/* After the loop and the mixer have gone. */
void artsserver_close(struct artsserver *server);

#endif
