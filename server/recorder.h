/*
 * One client that listens to a tap, in its own format and at its own rate.
 * Thread: control.
 */
#ifndef RECORDER_H
#define RECORDER_H

#include "server/sound.h"
#include "server/tap.h"

struct recorder;

/* Begins now.  0 or -ENOMEM. */
int recorder_create(struct tap *tap, const struct sound *sound,
    const struct kernel *kernel, struct recorder **created);
void recorder_destroy(struct recorder *recorder); /* NULL is fine */

/*
 * Writes whole frames of the client's format, at most `max` bytes; returns
 * the bytes, 0 when there is nothing new.  -ENOMEM: the tap's rate changed and
 * no filter could be made for it.
 */
int recorder_pull(struct recorder *recorder, uint8_t *out, size_t max);

/* Frames of the tap that it came too late for. */
uint64_t recorder_lost(const struct recorder *recorder);

/* The frame of the tap that comes next. */
uint64_t recorder_at(const struct recorder *recorder);

/* Goes on with what will be written from now on. */
void recorder_skip(struct recorder *recorder);

/* resampler_tail(), in frames of the tap; 0 where the rates are equal. */
uint32_t recorder_tail(const struct recorder *recorder);

#endif
