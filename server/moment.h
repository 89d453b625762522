/*
 * How far the audio thread was at one moment: what it changes while it feeds
 * the device, seen whole or not at all.  Neither side ever waits.
 */
#ifndef MOMENT_H
#define MOMENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct moment {
	_Atomic uint32_t turn;	 /* odd while the device is being fed */
	_Atomic uint32_t delay;	 /* frames the device had still to play */
	_Atomic uint64_t stamp;	 /* when, CLOCK_MONOTONIC, us */
	_Atomic uint32_t wanted; /* of control: by so many, every period */
};

/* Thread: audio.  Between the two, streams and the device move on. */
void moment_begin(struct moment *moment);

/* True if control wants to be woken for it. */
bool moment_end(struct moment *moment, uint32_t delay);

/* Thread: any.  The device's delay alone, the latest. */
uint32_t moment_delay(const struct moment *moment);

/*
 * Thread: control.  What is loaded between the two, by acquire loads, belongs
 * together if moment_held() then says so.  If not, the audio thread was at
 * work; it wakes whoever wants it when that is over.
 */
uint32_t moment_look(const struct moment *moment, uint32_t *delay,
    uint64_t *stamp);
bool moment_held(const struct moment *moment, uint32_t turn);

/* Thread: control.  To be woken every period; each is undone by its reverse. */
void moment_want(struct moment *moment);
void moment_unwant(struct moment *moment);

#endif
