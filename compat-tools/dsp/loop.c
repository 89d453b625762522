#include "compat-tools/dsp/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "compat-tools/transport.h"

struct watch {
	loop_ready *ready;
	void *arg;
};

struct loop {
	/* One of each a descriptor; both have room for `size`. */
	struct pollfd *fds;
	struct watch *watches;
	size_t count, size;
	bool changed; /* since poll(): the rest of its news waits a turn */
	struct loop_timer *timers; /* the next first */
};

int
loop_create(struct loop **created)
{
	*created = calloc(1, sizeof(**created));
	return *created == NULL ? -ENOMEM : 0;
}

void
loop_destroy(struct loop *loop)
{
	if (loop != NULL) {
		free(loop->fds);
		free(loop->watches);
		free(loop);
	}
}

int64_t
loop_now(void)
{
	return transport_now_us();
}

/* --- descriptors ---------------------------------------------------------- */

static size_t
find(const struct loop *loop, int fd)
{
	size_t at = 0;

	while (at < loop->count && loop->fds[at].fd != fd) {
		at++;
	}
	return at;
}

static int
grow(struct loop *loop)
{
	size_t size = loop->size == 0 ? 16 : 2 * loop->size;
	struct pollfd *fds = realloc(loop->fds, size * sizeof(*fds));
	struct watch *watches;

	if (fds == NULL) {
		return -ENOMEM;
	}
	loop->fds = fds;
	watches = realloc(loop->watches, size * sizeof(*watches));
	if (watches == NULL) {
		return -ENOMEM;
	}
	loop->watches = watches;
	loop->size = size;
	return 0;
}

int
loop_watch(struct loop *loop, int fd, short events, loop_ready *ready,
    void *arg)
{
	size_t at = find(loop, fd);

	if (at == loop->count) {
		if (loop->count == loop->size && grow(loop) != 0) {
			return -ENOMEM;
		}
		loop->count++;
		loop->fds[at] = (struct pollfd){ .fd = fd };
	}
	loop->fds[at].events = events;
	loop->fds[at].revents =
	    (short)(loop->fds[at].revents & (events | POLLERR | POLLHUP));
	loop->watches[at] = (struct watch){ ready, arg };
	return 0;
}

void
loop_unwatch(struct loop *loop, int fd)
{
	size_t at = find(loop, fd);

	if (at < loop->count) {
		loop->count--;
		loop->fds[at] = loop->fds[loop->count];
		loop->watches[at] = loop->watches[loop->count];
		loop->changed = true;
	}
}

/* --- timers --------------------------------------------------------------- */

void
loop_unset(struct loop *loop, struct loop_timer *timer)
{
	struct loop_timer **link = &loop->timers;

	while (*link != NULL && *link != timer) {
		link = &(*link)->next;
	}
	if (*link != NULL) {
		*link = timer->next;
	}
}

void
loop_set(struct loop *loop, struct loop_timer *timer, int64_t due)
{
	struct loop_timer **link = &loop->timers;

	loop_unset(loop, timer);
	if (due == LOOP_NEVER) {
		return;
	}
	timer->due = due;
	while (*link != NULL && (*link)->due <= due) {
		link = &(*link)->next;
	}
	timer->next = *link;
	*link = timer;
}

/* --- a turn --------------------------------------------------------------- */

static void
fire(struct loop *loop)
{
	int64_t now = loop_now();

	while (loop->timers != NULL && loop->timers->due <= now) {
		struct loop_timer *timer = loop->timers;

		loop->timers = timer->next;
		timer->fired(timer->arg);
	}
}

/*
 * Who is called may watch and unwatch anybody.  What was last moves into the
 * place of one that is unwatched: its news is left to the next poll().
 */
static void
call(struct loop *loop)
{
	loop->changed = false;
	for (size_t at = 0; at < loop->count && !loop->changed; at++) {
		struct watch watch = loop->watches[at];
		short events = loop->fds[at].revents;

		if (events != 0) {
			loop->fds[at].revents = 0;
			watch.ready(watch.arg, loop->fds[at].fd, events);
		}
	}
}

int
loop_turn(struct loop *loop)
{
	struct timespec wait = { 0 };
	int ready;

	if (loop->timers != NULL) {
		int64_t left = loop->timers->due - loop_now();

		if (left > 0) {
			wait.tv_sec = left / 1000000;
			wait.tv_nsec = left % 1000000 * 1000;
		}
	}
	ready = ppoll(loop->fds, (nfds_t)loop->count,
	    loop->timers != NULL ? &wait : NULL, NULL);
	if (ready < 0 && errno != EINTR) {
		return -errno;
	}
	if (ready > 0) {
		call(loop);
	}
	fire(loop);
	return 0;
}
