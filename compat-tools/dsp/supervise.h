/*
 * The way for programs that take no library: the kernel tells a supervisor of
 * their system calls (seccomp user notification).
 */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include <stdbool.h>

/*
 * Starts a supervisor, which is no child of ours, and puts this process under
 * it: to be followed by exec.  What this process starts is under it as well,
 * and gains no rights by any program.
 *   title    of the program's streams, or NULL
 *   only     for node_find(), or NULL
 *   verbose  the supervisor's, on standard error
 *   why      a sentence that says why not
 * 0 or -errno.
 */
int supervise(const char *title, const char *only, bool verbose,
    const char **why);

#endif
