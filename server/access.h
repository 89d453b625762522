/*
 * Whom of this machine's users the daemon lets in without the key, by a Unix
 * socket: root and its own user always, a group's members or everybody if the
 * settings say so.
 * Thread: control.
 */
#ifndef ACCESS_H
#define ACCESS_H

#include <stdbool.h>
#include <sys/types.h>

struct ucred;

enum access_who { ACCESS_OWN, ACCESS_GROUP, ACCESS_ALL };

struct access {
	enum access_who who;
	gid_t group; /* whose members may come, and whose the sockets are */
};

/* Permissions of a socket that those can connect to, and nobody else. */
mode_t access_mode(const struct access *access);

/*
 * Whether the peer of a connected Unix socket is let in.  Its groups are those
 * it had when it connected.
 */
bool access_admits(const struct access *access, int fd,
    const struct ucred *peer);

#endif
