/*
 * Where clients find us: listening Unix sockets, made safely.
 * Thread: control, at start and end.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "server/access.h"

#define LISTENER_PATH_MAX 108 /* bytes of sun_path, NUL included */
#define LISTENER_BACKLOG  4096

struct listener {
	char path[LISTENER_PATH_MAX];
	int fd;	     /* listening, non-blocking, close-on-exec */
	int lock_fd; /* flock()ed while we own the path */
	bool made_directory;
	dev_t
	    device; /* of the socket we made, so that close removes no other */
	ino_t inode;
};

/*
 * Listens on a Unix socket.  Its directory is made (0700) if it is missing;
 * one that is there must belong to us (or root) and be writable by us alone,
 * and is never repaired.  A socket nobody answers on is replaced, a live one
 * is not touched.  Only the last directory of the path is made.
 * Returns 0; -EADDRINUSE: another server lives there; else -errno; with one
 * sentence (what, where, the remedy) in `why`.
 */
int listener_open(struct listener *listener, const char *path, char *why,
    size_t why_size);

/*
 * Lets those connect whom `access` admits, instead of our own user alone, and
 * find it in a directory that we made.  0, or -errno with its sentence.
 */
int listener_share(const struct listener *listener, const struct access *access,
    char *why, size_t why_size);

/*
 * Whether somebody answers on a Unix socket: 0, or why not.  -ECONNREFUSED: it
 * is one that was left behind.
 */
int listener_probe(const char *path);

/* Unlinks what listener_open() made and closes. */
void listener_close(struct listener *listener);

#endif
