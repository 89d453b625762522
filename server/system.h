/*
 * The daemon among the users of its machine: as whom it runs, and whom it lets
 * in.
 * Thread: control, at start.
 */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stddef.h>

#include "server/access.h"
#include "server/conf.h"

/*
 * Root that is to serve all users becomes the settings' user for good, once it
 * has made what only root can: the socket's directory, that user's home, and
 * limits that allow real-time priority and locked memory.  HOME is that user's
 * then; one who is a mere number, without an entry in the password file, keeps
 * the HOME there is.
 * Anybody else stays who he is.
 * 0, or -1 with one sentence in `why`.
 */
int system_become(const struct conf *conf, char *why, size_t why_size);

/* Whom the settings let in.  0, or -1 with one sentence in `why`. */
int system_access(const struct conf *conf, struct access *access, char *why,
    size_t why_size);

#endif
