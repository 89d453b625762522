/*
 * What the files of libesddsp.so share.  Each holds functions of libc that
 * look at the descriptor or the path they are given, and are libc's for all
 * but ours.  Nothing is set up when the library is loaded.
 */
#ifndef PRELOAD_H
#define PRELOAD_H

#include <stddef.h>

/* libesddsp.sym names all that is exported. */
#pragma GCC visibility push(hidden)

typedef void preload_function(void);

/*
 * The function of that name which would have been called without us.
 *   slot  of the caller's, NULL to begin with: what was found the first time
 */
preload_function *preload_next(preload_function **slot, const char *name);
#define NEXT(name, slot) ((__typeof__(&(name)))preload_next(&(slot), #name))

/* The device of enum door_device that a path names; -1: none of ours. */
int preload_device(const char *path);

#pragma GCC visibility pop

#endif
