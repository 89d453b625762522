/*
 * Where aRts clients of every generation look for their server: directories,
 * the references in them, and the socket that those name.
 * Thread: control.  Source: docs/arts.md "How a client finds the daemon".
 */
#ifndef RENDEZVOUS_H
#define RENDEZVOUS_H

#include <stdbool.h>
#include <sys/types.h>

#include "server/listener.h"

#define RENDEZVOUS_DIRECTORIES 3
#define RENDEZVOUS_PATH_MAX    1024 /* bytes, NUL included */
#define RENDEZVOUS_ID_MAX      128  /* likewise, of the server's name */
#define RENDEZVOUS_TEXT_MAX    4096 /* likewise, of a reference */
#define RENDEZVOUS_COOKIE_LEN  32   /* characters */

struct rendezvous_directory {
	char path[RENDEZVOUS_PATH_MAX];
	int fd;
	int lock_fd; /* flock()ed while it is ours */
	bool made_cookie;
};

struct rendezvous {
	char id[RENDEZVOUS_ID_MAX]; /* the server's name, new for each start */
	struct rendezvous_directory directories[RENDEZVOUS_DIRECTORIES];
	unsigned count;
	bool taken; /* by another of us, which has the rest, too */
	struct listener listener;
	char reference[RENDEZVOUS_TEXT_MAX]; /* as published; "": not yet */
	char link[RENDEZVOUS_PATH_MAX];	     /* made by us; "": none */
	char target[RENDEZVOUS_PATH_MAX];    /* of it */
	char home[RENDEZVOUS_PATH_MAX];	     /* made for it; "": it was there */
};

/*
 * Takes the directories of our user, makes what is missing, clears away what a
 * server left that has gone, and listens in the first of them.  One that
 * belongs to another user, is a link, or is another server's is left alone,
 * with one line.  `rendezvous` is zeroed.
 * Returns 0, or -1: there is none to be had, and that has been logged.
 */
int rendezvous_open(struct rendezvous *rendezvous);

/* Writes the reference where clients look; each failure is one line. */
void rendezvous_publish(struct rendezvous *rendezvous, const char *reference);

/*
 * The cookie of that number, of those that are in our directories now; clients
 * replace them.  False: there are not so many.
 */
bool rendezvous_cookie(const struct rendezvous *rendezvous, unsigned index,
    char cookie[RENDEZVOUS_COOKIE_LEN + 1]);

/* Removes what is ours, and only that; one never opened is fine. */
void rendezvous_close(struct rendezvous *rendezvous);

#endif
