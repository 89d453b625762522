/*
 * All the sockets: those that a service manager hands over, and those that the
 * settings ask for, Unix sockets where programs look, and TCP.
 * Thread: control, at start and end.
 */
#ifndef SOCKETS_H
#define SOCKETS_H

#include "server/access.h"
#include "server/conf.h"
#include "server/listener.h"
#include "server/manager.h"
#include "server/tcp.h"

#define SOCKETS_UNIX_MAX 4
#define SOCKETS_LIST_MAX                                                       \
	(SOCKETS_UNIX_MAX * (LISTENER_PATH_MAX + 2) +                          \
	    TCP_SOCKETS_MAX * (TCP_NAME_MAX + 2) +                             \
	    MANAGER_SOCKETS_MAX * (MANAGER_NAME_MAX + 2))

struct sockets {
	struct listener local[SOCKETS_UNIX_MAX];
	unsigned local_count;
	struct tcp tcp;
	struct manager_sockets given;
};

/*
 * Takes those that a service manager hands over and opens the others, for
 * those whom `access` admits; `sockets` is zeroed.  0, or -1: one that is not
 * to be had without isn't there, and that has been logged; close what is open.
 */
int sockets_open(struct sockets *sockets, const struct conf *conf,
    const struct access *access);
void sockets_close(struct sockets *sockets);

/*
 * The descriptor of the one at `index`, or -1 after the last; `name` is where
 * clients find it.
 */
int sockets_get(const struct sockets *sockets, unsigned index,
    const char **name);

/* The path of a Unix socket, for programs that we start; NULL: there is none.
 */
const char *sockets_path(const struct sockets *sockets);

/* Where clients find us: "PATH, PATH, ADDRESS:PORT". */
void sockets_list(const struct sockets *sockets, char list[SOCKETS_LIST_MAX]);

#endif
