#include "compat-tools/alsa-plugin/wake.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

int
wake_init(struct wake *wake)
{
	struct epoll_event event = { .events = EPOLLIN };

	*wake = (struct wake){ .fd = -1, .timer = -1, .watched = -1 };
	wake->fd = epoll_create1(EPOLL_CLOEXEC);
	wake->timer =
	    timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (wake->fd < 0 || wake->timer < 0 ||
	    epoll_ctl(wake->fd, EPOLL_CTL_ADD, wake->timer, &event) != 0) {
		return -errno;
	}
	return 0;
}

void
wake_finish(struct wake *wake)
{
	if (wake->timer >= 0) {
		(void)close(wake->timer);
	}
	if (wake->fd >= 0) {
		(void)close(wake->fd);
	}
}

void
wake_watch(struct wake *wake, int fd, bool input, bool output)
{
	struct epoll_event event = { .events = EPOLLRDHUP |
					       (input ? EPOLLIN : 0u) |
					       (output ? EPOLLOUT : 0u) };

	if (fd == wake->watched && event.events == wake->events) {
		return;
	}
	if (wake->watched >= 0 && wake->watched != fd) {
		(void)epoll_ctl(wake->fd, EPOLL_CTL_DEL, wake->watched, NULL);
	}
	if (fd >= 0) {
		(void)epoll_ctl(wake->fd,
		    fd == wake->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
		    &event);
	}
	wake->watched = fd;
	wake->events = event.events;
}

void
wake_at(struct wake *wake, int64_t due)
{
	struct itimerspec when = { 0 };

	if (due != WAKE_NEVER) {
		when.it_value.tv_sec = (time_t)(due / 1000000);
		/* All zero would stop it. */
		when.it_value.tv_nsec = (long)(due % 1000000) * 1000 + 1;
	}
	(void)timerfd_settime(wake->timer, TFD_TIMER_ABSTIME, &when, NULL);
}
