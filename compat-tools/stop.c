#include "compat-tools/stop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static volatile sig_atomic_t asked;

static void
on_signal(int signal)
{
	asked = 1;
}

void
stop_catch(void)
{
	/* Not restarted: a write() that is stuck ends with EINTR. */
	struct sigaction action = { .sa_handler = on_signal,
		.sa_flags = (int)SA_RESETHAND };

	(void)sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < SIGNALS; i++) {
		struct sigaction old;

		/* One that is ignored, as by nohup(1), stays so. */
		if (sigaction(signals[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN) {
			(void)sigaction(signals[i], &action, NULL);
		}
	}
}

bool
stop_is_asked(void)
{
	return asked != 0;
}

int
stop_poll(int fd, short events, int timeout_ms)
{
	struct pollfd poller = { .fd = fd, .events = events };
	struct timespec timeout = { timeout_ms / 1000,
		timeout_ms % 1000 * 1000000L };
	sigset_t blocked, before;
	int ready = -1;
	int error = EINTR;

	/* Blocked from the look at the flag until ppoll() waits. */
	(void)sigemptyset(&blocked);
	for (size_t i = 0; i < SIGNALS; i++) {
		(void)sigaddset(&blocked, signals[i]);
	}
	(void)sigprocmask(SIG_BLOCK, &blocked, &before);
	if (!stop_is_asked()) {
		ready = ppoll(&poller, 1, timeout_ms < 0 ? NULL : &timeout,
		    &before);
		error = errno;
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (ready < 0 && error == EINTR && !stop_is_asked()) {
		return 0; /* some other signal: look again */
	}
	return ready < 0 ? -error : ready;
}
