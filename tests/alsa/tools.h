/*
 * What the test programs share.  Their frames have numbers, from 1 on: low half
 * left, high half right, 16 bits, stereo, 44100 Hz.
 */
#ifndef TOOLS_H
#define TOOLS_H

#include <alsa/asoundlib.h>
#include <stdint.h>

#define RATE  44100
#define PIECE 2048 /* frames at a time, at most */

/* Says what is done from now on; ten seconds of it are a hang, the end. */
void begin(const char *what);

void __attribute__((noreturn, format(printf, 1, 2)))
fail(const char *format, ...);

/*
 * A busy machine let the program write too late, where that is not what the
 * test is about: the end, with a status of its own, so that it can be run
 * again.
 */
#define LATE 75
void __attribute__((noreturn)) late(void);

/* Fails where alsa-lib did; an underrun is late(); else what it said. */
long must(long result);

/* Writes the numbers from `first` on into n frames. */
void number(int16_t frames[][2], uint32_t first, uint32_t n);

#endif
