/*
 * The event loop: accepts clients, moves bytes between their sockets and what
 * serves them, and holds them to the limits.  The only file that knows libuv.
 * Thread: control, but for loop_wake().
 */
#ifndef LOOP_H
#define LOOP_H

#include <stdint.h>

#include "server/access.h"
#include "server/client.h"

#define LOOP_LISTENERS_MAX 24
#define LOOP_SIGNALS_MAX   5

struct loop;

struct loop_settings {
	unsigned clients_max;	  /* connections at once; more are refused */
	unsigned strangers_max;	  /* of those, not yet authenticated; peers whom
				     `access` admits do not count */
	struct access access;	  /* by Unix sockets */
	uint32_t auth_ms;	  /* to finish the handshake */
	uint32_t request_ms;	  /* to finish a request, or take its answer */
	void (*woken)(void *arg); /* after loop_wake() */
	void (*departed)(void *arg); /* a client; NULL: not to be told */
	void (*signalled)(void *arg, int signal);
	void *arg;
};

/* 0 or -errno.  SIGPIPE and SIGXFSZ are ignored from here on. */
int loop_create(const struct loop_settings *settings, struct loop **created);

/*
 * Accepts clients of that kind and host on a listening, non-blocking stream
 * socket of any family, which stays the caller's; it may be closed after
 * loop_close().
 * 0; -ENOSPC: too many listeners; else -errno.
 */
int loop_listen(struct loop *loop, int fd, const struct client_kind *kind,
    void *host);

/*
 * Calls due(), once, with settings.arg; a second call before that puts off the
 * first.
 */
void loop_timer(struct loop *loop, uint32_t ms, void (*due)(void *arg));

/*
 * Calls work() on another thread, where it may wait for a disk, then done() on
 * this one, both with settings.arg; loop_destroy() waits for them.
 * 0; -EBUSY: another is at work.
 */
int loop_offload(struct loop *loop, void (*work)(void *arg),
    void (*done)(void *arg));

/* Hands that signal to signalled(); 0 or -errno. */
int loop_signal(struct loop *loop, int signal);

/* Runs until loop_stop(), which any of the callbacks may call. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Stops accepting and destroys all clients; loop_wake() stays harmless. */
void loop_close(struct loop *loop);

/* After loop_close(), and once nobody can call loop_wake() any more. */
void loop_destroy(struct loop *loop);

/* Thread: any.  woken() follows soon; several calls may make one. */
void loop_wake(void *loop);

/* For struct clients. */
void loop_changed(struct client *client);

unsigned loop_clients(const struct loop *loop); /* connected now */

#endif
