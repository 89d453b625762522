/*
 * Where programs of an aRts server's user find it: the directories in which it
 * leaves its references, for each generation of aRts.
 * Thread: main; reads the environment.
 */
#ifndef ARTSPLACE_H
#define ARTSPLACE_H

#include <stddef.h>

#define ARTSPLACE_PATH_MAX 1024 /* bytes, NUL included */
#define ARTSPLACE_TRIES	   3
#define ARTSPLACE_FILE_MAX 8192 /* bytes of a file; none is that long */

/*
 * The directories, in the order in which they are to be tried:
 * /tmp/mcop-$LOGNAME, with what is odd in the name written as =XX, or as it is;
 * and what socket-HOSTNAME in KDE's directory is, or leads to.
 * Returns how many.
 */
unsigned artsplace_directories(char paths[ARTSPLACE_TRIES][ARTSPLACE_PATH_MAX]);

/*
 * Reads a file in one of them into `text` of ARTSPLACE_FILE_MAX bytes, ended by
 * a NUL.  0; -EPERM: the directory may be somebody else's; or -errno.
 */
int artsplace_read(const char *directory, const char *name, char *text);

#endif
