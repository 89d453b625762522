/*
 * Starting the audio thread, and asking for its priority.
 */
#ifndef THREAD_H
#define THREAD_H

#include <pthread.h>

/*
 * Starts a thread that no signal is delivered to: they are for the control
 * thread.  0 or -errno.
 */
int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

/*
 * Asks for SCHED_FIFO for the calling thread, but not for those that it
 * starts, as a device's plugin may.  0 or -errno.
 */
int thread_ask_realtime(int priority);

#endif
