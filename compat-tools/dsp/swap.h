/*
 * How a program maps a device's ring without knowing it.  Only the program
 * itself can map anything, from one of its own descriptors: so the memfd of
 * the ring takes the device's place among them for the time of its mmap(), and
 * goes again at the next call that its thread is heard of.  Until then, and for
 * good in a child that is forked meanwhile, other calls find the ring there.
 * Thread: the supervisor's one.
 */
#ifndef SWAP_H
#define SWAP_H

#include "compat-tools/dsp/notice.h"

/*
 * Puts the ring in the place of a device; mmap() may then go on.
 *   number  the program's descriptor of the device
 *   device  a copy of it    ring  of serve_map(); both stay the caller's
 * 0 or -errno.
 */
int swap_in(const struct notice *notice, int number, int device, int ring);

/* To be called at every notice: its thread's mmap(), if any, is over. */
void swap_back(const struct notice *notice);

#endif
