/*
 * The service manager that may have started us: the sockets it hands over, by
 * the protocol of sd_listen_fds(3), and what it wants to be told, by that of
 * sd_notify(3).
 * Thread: control, at start and end.
 */
#ifndef MANAGER_H
#define MANAGER_H

#include <stdbool.h>
#include <stddef.h>

#define MANAGER_SOCKETS_MAX 8
#define MANAGER_NAME_MAX    108 /* bytes, NUL included; a Unix socket's path */

struct manager_socket {
	int fd; /* listening, non-blocking, close-on-exec */
	char name[MANAGER_NAME_MAX]; /* its path, or "ADDRESS:PORT" */
};

struct manager_sockets {
	struct manager_socket sockets[MANAGER_SOCKETS_MAX];
	unsigned count;
};

/*
 * Takes over the sockets that were handed to us and forgets the environment
 * they came by, so that it is asked only once.  They stay the manager's: their
 * files are not ours to remove.
 * 0, or -EINVAL with one sentence in `why`.
 */
int manager_take(struct manager_sockets *given, char *why, size_t why_size);

/* Closes them. */
void manager_drop(struct manager_sockets *given);

/*
 * Tells it "READY=1" or another assignment, if it wants to be told.  0, also
 * where it does not, or -errno.
 */
int manager_tell(const char *state);

#endif
