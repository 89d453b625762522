/*
 * What the files of libesddsp.so share.  Each holds functions of libc that
 * look at the descriptor or the path they are given, and are libc's for all
 * but ours.  Nothing is set up when the library is loaded.
 */
#ifndef PRELOAD_H
#define PRELOAD_H

#include "compat-tools/dsp/next.h"

/* The device of enum door_device that a path names; -1: none of ours. */
int preload_device(const char *path);

#endif
