#include "server/thread.h"

#include <sched.h>
#include <signal.h>

int
thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg)
{
	sigset_t all, before;
	int error;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	error = -pthread_create(thread, NULL, run, arg);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

int
thread_ask_realtime(int priority)
{
	struct sched_param param = { .sched_priority = priority };

	return -pthread_setschedparam(pthread_self(),
	    SCHED_FIFO | SCHED_RESET_ON_FORK, &param);
}
