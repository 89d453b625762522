/*
 * The program's side of door.h: opens devices, and asks the server of a
 * descriptor.  Runs inside any program, at any moment: allocates nothing, keeps
 * nothing, leaves errno alone.  Results below 0 are -errno.
 * Thread: any; async-signal-safe, also between vfork() and exec.
 */
#ifndef ASK_H
#define ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "compat-tools/dsp/door.h"

/*
 * Starts a server and opens its device.
 *   flags  of open()
 * The descriptor is the lowest that is free, as open() promises; -ENODEV:
 * there is no server, or no daemon behind it, found out within DOOR_OPEN_MS.
 */
int ask_open(enum door_device device, int flags);

/* Whether it is the descriptor of a device. */
bool ask_is_device(int fd);

/*
 *   argument  what the program gave to ioctl(); not looked at unless the
 *             request says that it points to something
 * -EFAULT if it points nowhere; -EINTR if a signal ended the waiting for
 * SNDCTL_DSP_SYNC.
 */
int ask_ioctl(int fd, uint32_t request, void *argument);

/* The memfd to be mapped in place of fd.  access: DOOR_READ, DOOR_WRITE. */
int ask_map(int fd, uint32_t length, unsigned access);

/* To be called before fd is read or polled for input; any descriptor is fine.
 */
void ask_reading(int fd);

#endif
