/*
 * What the parts of `answers` share.  Each asks a device of OSS and prints
 * what it was told, one line a question; what depends on the time is printed
 * as "ok" if it lies in the range that OSS allows, else as it is.
 */
#ifndef ANSWERS_H
#define ANSWERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/soundcard.h>

enum {
	FRAGMENT = 1024, /* bytes */
	FRAGMENTS = 4,
	BUFFER = FRAGMENTS * FRAGMENT,
	FRAME = 4, /* bytes of a 16-bit stereo frame */
	RATE = 44100,
	PATIENCE_MS = 5000,
	PATIENCE_BYTES = RATE * FRAME * 30 /* what may be recorded meanwhile */
};

/* An open device, 16-bit stereo at RATE: FRAGMENTS of FRAGMENT, or LONG of them
 * for what must not be lost while another program has the processor. */
enum { LONG = 64 };
int device_open(int flags);
int device_open_long(int flags);

/* One question: "what: value", or "what: EINVAL" and the like. */
void ask(int fd, const char *what, unsigned long request, int value);

/* The value alone; what ioctl() said if that is below 0. */
int told(int fd, unsigned long request, int value);

/* "what: RESULT", a number or the name of errno. */
void result(const char *what, long long value);

/* "what: ok", or the value if it is not within them. */
void range(const char *what, int value, int least, int most);

void space(int fd, const char *what);
struct count_info played(int fd);
int64_t milliseconds(void); /* of CLOCK_MONOTONIC */
void pause_ms(int ms);

/* Part of the program, by topic. */
void ask_settings(void);  /* formats, channels, rates, fragments */
void ask_playing(void);	  /* space, delay, positions, triggers, mmap */
void ask_recording(void); /* and both at once */
void ask_mixer(void);
void ask_descriptors(const char *self); /* open, dup, fork, exec, poll */
/* What the program does when the last runs it again. */
int inherited(int fd);

#endif
