/*
 * The dsp server: a loop, the devices that are open, and its own door (door.h)
 * on a listening socket.  Other doors may be added in the same process: they
 * watch their descriptors in this loop and hand over requests here.
 *
 * Thread: one, the loop's.  Errors: -errno.  Nothing is printed unless
 * `verbose`, and then on standard error.
 */
#ifndef SERVE_H
#define SERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "compat-tools/dsp/door.h"

struct serve;

/*
 *   listener  a socket that listens at a door.h name; serve_destroy() closes
 *             it.  -1: one is made, at a name of random digits
 *   verbose   tell each request and its answer
 */
int serve_create(int listener, bool verbose, struct serve **created);
void serve_destroy(struct serve *serve); /* NULL is fine */

/*
 * Runs until serve_stop(), or, unless held, until nothing is open any more
 * and all has been played.  0 or -errno.
 */
int serve_run(struct serve *serve);
void serve_stop(struct serve *serve); /* serve_run() returns soon */
void serve_hold(struct serve *serve, bool held);

/* --- other descriptors in the loop -------------------------------------- */

/*
 * Calls ready() whenever poll() would report one of `events` (POLLIN,
 * POLLOUT), or an error, for fd, which stays the caller's.  Watching it again
 * changes events; ready() may watch and unwatch any.
 */
typedef void serve_ready(void *arg, int fd, short events);
int serve_watch(struct serve *serve, int fd, short events, serve_ready *ready,
    void *arg);
void serve_unwatch(struct serve *serve, int fd); /* before it is closed */

/* --- devices ------------------------------------------------------------ */

/*
 * Opens a device as DOOR_OPEN does, whatever the door.  May take most of a
 * second if the daemon does.
 *   device  of enum door_device      access  DOOR_READ, DOOR_WRITE
 *   name    of its streams, NULL or "": one of our choice
 *   fd      the client end, for the program: close-on-exec, blocking,
 *           DOOR_MARK set if it is open for reading.  Once every copy of it
 *           is closed, what was written is played and the device goes
 */
int serve_open(struct serve *serve, enum door_device device, unsigned access,
    const char *name, int *fd);

/*
 * Whether fd is the client end of a device here.  Those that follow ask this
 * themselves, and answer -EBADF.
 */
bool serve_owns(const struct serve *serve, int fd);

/*
 * One ioctl() on its way.  The caller's memory, and in use until done() has
 * been called, once, perhaps before serve_ioctl() returns; or until
 * serve_cancel().
 */
struct serve_call {
	uint32_t number;	      /* as for ioctl() */
	uint8_t data[DOOR_BYTES_MAX]; /* the argument, serve_bytes_in() of it;
					 afterwards serve_bytes_out() */
	void (*done)(struct serve_call *call, int result); /* 0 or -errno */
	void *arg;					   /* the caller's */

	struct serve_device *device; /* serve's own; NULL: not on its way */
	struct serve_call *next;
};

/* Bytes of the argument that the program gives, and that it gets. */
unsigned serve_bytes_in(uint32_t number);
unsigned serve_bytes_out(uint32_t number);

/*
 *   fd  the program's descriptor, or any copy of it: O_NONBLOCK and DOOR_MARK
 *       are set on it.  It stays the caller's and is not needed afterwards
 */
void serve_ioctl(struct serve *serve, int fd, struct serve_call *call);
void serve_cancel(struct serve_call *call); /* one that is done is fine */

/*
 * A memfd of the ring that the program maps in place of fd: the caller closes
 * it.  Or -errno: -EINVAL, longer than the ring; -EACCES, not open that way.
 *   access  of the mapping; DOOR_WRITE, with or without DOOR_READ: what is
 *           played, DOOR_READ alone: what is recorded
 */
int serve_map(struct serve *serve, int fd, uint32_t length, unsigned access);

/* The program is about to read fd, or to poll it for input. 0 or -errno. */
int serve_reading(struct serve *serve, int fd);

#endif
