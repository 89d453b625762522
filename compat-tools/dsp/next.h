/*
 * The functions of libc that libesddsp.so stands in front of, or whatever else
 * is preloaded after it.
 * Thread: any; async-signal-safe, but for the first call of each name.
 */
#ifndef NEXT_H
#define NEXT_H

typedef void next_function(void);

/*
 * The function of that name which would have been called without us.
 *   slot  of the caller's, NULL to begin with: what was found the first time
 */
next_function *next_find(next_function **slot, const char *name);
#define NEXT(name, slot) ((__typeof__(&(name)))next_find(&(slot), #name))

#endif
