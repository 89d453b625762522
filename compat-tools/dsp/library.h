/*
 * Where the preload library is, for programs of each word size.
 * Thread: any; reads the environment.
 */
#ifndef LIBRARY_H
#define LIBRARY_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define LIBRARY_PATH_MAX ((size_t)2 * PATH_MAX)

/*
 * As the environment says, in the build directory if this program was not
 * installed, else where it was installed.
 *   library  its path, with $LIB for the directory of a word size
 *   server   that it is to start; "": the installed one
 */
void library_find(char library[LIBRARY_PATH_MAX],
    char server[LIBRARY_PATH_MAX]);

/* The path for so many bits. */
void library_path(const char *library, int bits, char path[LIBRARY_PATH_MAX]);

/* Whether it is there. */
bool library_is_there(const char *library, int bits);

#endif
