/*
 * Starts a dsp server from inside any program, at any moment, and leaves the
 * program no child: it gets no SIGCHLD and nothing to wait for.
 * Thread: any; async-signal-safe, also between vfork() and exec.
 */
#ifndef START_H
#define START_H

/*
 *   listener  its listening socket, which stays the caller's
 * 0 once it runs, or -errno.
 */
int start_server(int listener);

#endif
