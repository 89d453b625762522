/*
 * libesddsp.so: whoever is about to wait for recorded sound is known before,
 * because nothing is recorded until then.  All else about these calls is the
 * kernel's.
 */
#include "compat-tools/dsp/preload.h"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "compat-tools/dsp/ask.h"

/*
 * Names that libc exports and no header declares: the checked variants, and
 * those of 32-bit programs with 64-bit times.
 */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c) */
ssize_t __read(int fd, void *data, size_t bytes);
ssize_t __read_chk(int fd, void *data, size_t bytes, size_t room);
int __poll(struct pollfd *list, nfds_t count, int timeout_ms);
int __poll_chk(struct pollfd *list, nfds_t count, int timeout_ms, size_t room);
int __ppoll_chk(struct pollfd *list, nfds_t count, const struct timespec *wait,
    const sigset_t *mask, size_t room);
int __ppoll64(struct pollfd *list, nfds_t count, const void *wait,
    const sigset_t *mask);
int __ppoll64_chk(struct pollfd *list, nfds_t count, const void *wait,
    const sigset_t *mask, size_t room);
int __select(int count, fd_set *in, fd_set *out, fd_set *other,
    struct timeval *wait);
int __select64(int count, fd_set *in, fd_set *out, fd_set *other, void *wait);
int __pselect64(int count, fd_set *in, fd_set *out, fd_set *other,
    const void *wait, const sigset_t *mask);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c) */

static void
reading_of(const struct pollfd *list, nfds_t count)
{
	for (nfds_t i = 0; i < count; i++) {
		if ((list[i].events & (POLLIN | POLLRDNORM)) != 0) {
			ask_reading(list[i].fd);
		}
	}
}

/* Programs have sets of more than FD_SETSIZE, so their length is `count`. */
static void
reading_in(int count, const fd_set *in)
{
	const unsigned long *words = (const unsigned long *)(const void *)in;
	const int bits = 8 * (int)sizeof(*words);

	for (int fd = 0; in != NULL && fd < count; fd++) {
		if ((words[fd / bits] >> fd % bits & 1) != 0) {
			ask_reading(fd);
		}
	}
}

#define READ(name)                                                             \
	ssize_t name(int fd, void *data, size_t bytes)                         \
	{                                                                      \
		static next_function *slot;                                    \
                                                                               \
		ask_reading(fd);                                               \
		return NEXT(name, slot)(fd, data, bytes);                      \
	}

READ(read)
READ(__read)

ssize_t
__read_chk(int fd, void *data, size_t bytes, size_t room)
{
	static next_function *slot;

	ask_reading(fd);
	return NEXT(__read_chk, slot)(fd, data, bytes, room);
}

ssize_t
readv(int fd, const struct iovec *pieces, int count)
{
	static next_function *slot;

	ask_reading(fd);
	return NEXT(readv, slot)(fd, pieces, count);
}

#define POLL(name)                                                             \
	int name(struct pollfd *list, nfds_t count, int timeout_ms)            \
	{                                                                      \
		static next_function *slot;                                    \
                                                                               \
		reading_of(list, count);                                       \
		return NEXT(name, slot)(list, count, timeout_ms);              \
	}

POLL(poll)
POLL(__poll)

int
__poll_chk(struct pollfd *list, nfds_t count, int timeout_ms, size_t room)
{
	static next_function *slot;

	reading_of(list, count);
	return NEXT(__poll_chk, slot)(list, count, timeout_ms, room);
}

#define PPOLL(name, time)                                                      \
	int name(struct pollfd *list, nfds_t count, const time *wait,          \
	    const sigset_t *mask)                                              \
	{                                                                      \
		static next_function *slot;                                    \
                                                                               \
		reading_of(list, count);                                       \
		return NEXT(name, slot)(list, count, wait, mask);              \
	}

#define PPOLL_CHK(name, time)                                                  \
	int name(struct pollfd *list, nfds_t count, const time *wait,          \
	    const sigset_t *mask, size_t room)                                 \
	{                                                                      \
		static next_function *slot;                                    \
                                                                               \
		reading_of(list, count);                                       \
		return NEXT(name, slot)(list, count, wait, mask, room);        \
	}

PPOLL(ppoll, struct timespec)
PPOLL(__ppoll64, void)
PPOLL_CHK(__ppoll_chk, struct timespec)
PPOLL_CHK(__ppoll64_chk, void)

#define SELECT(name, time)                                                     \
	int name(int count, fd_set *in, fd_set *out, fd_set *other,            \
	    time *wait)                                                        \
	{                                                                      \
		static next_function *slot;                                    \
                                                                               \
		reading_in(count, in);                                         \
		return NEXT(name, slot)(count, in, out, other, wait);          \
	}

#define PSELECT(name, time)                                                    \
	int name(int count, fd_set *in, fd_set *out, fd_set *other,            \
	    const time *wait, const sigset_t *mask)                            \
	{                                                                      \
		static next_function *slot;                                    \
                                                                               \
		reading_in(count, in);                                         \
		return NEXT(name, slot)(count, in, out, other, wait, mask);    \
	}

SELECT(select, struct timeval)
SELECT(__select, struct timeval)
SELECT(__select64, void)
PSELECT(pselect, struct timespec)
PSELECT(__pselect64, void)

/* What is waited for later is told here, before. */
int
epoll_ctl(int epoll, int what, int fd, struct epoll_event *event)
{
	static next_function *slot;

	if (what != EPOLL_CTL_DEL && event != NULL &&
	    (event->events & (EPOLLIN | EPOLLRDNORM)) != 0) {
		ask_reading(fd);
	}
	return NEXT(epoll_ctl, slot)(epoll, what, fd, event);
}
