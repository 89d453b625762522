/*
 * SIGINT, SIGTERM and SIGHUP as a wish to end in good order.
 * Thread: main.
 */
#ifndef STOP_H
#define STOP_H

#include <stdbool.h>

/* From now on they only ask; the second one kills. */
void stop_catch(void);

bool stop_is_asked(void);

/*
 * Waits like poll() for one descriptor, -1 for none: 1 ready, 0 timed out,
 * -EINTR asked to stop (before or meanwhile), or -errno.
 */
int stop_poll(int fd, short events, int timeout_ms);

#endif
