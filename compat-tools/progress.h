/*
 * One line on the terminal, drawn again and again while something goes on.
 * It goes to standard error, and nowhere if that is no terminal.
 * Thread: main.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRESS_TIME_MAX  32
#define PROGRESS_METER_MAX 48

/* Whether it is time to draw: on a terminal, ten times a second. */
bool progress_is_due(void);

/*
 * Draws the line, cut to the terminal's width; what could command the terminal
 * comes out as '?'.
 */
void progress_draw(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Takes the line away, so that a message can be said. */
void progress_clear(void);

/* Leaves the line as it is and goes to the next one. */
void progress_end(void);

/* "3:05" or "1:02:03" in a buffer of PROGRESS_TIME_MAX. */
const char *progress_time(char *text, int64_t frames, int32_t rate);

/* "[=====>    ]", done of all, in a buffer of PROGRESS_METER_MAX. */
const char *progress_bar(char *text, int64_t done, int64_t all);

/*
 * "[######    ] -12.3 dB" for a peak of 0 .. 32768, which is full scale, in a
 * buffer of PROGRESS_METER_MAX.
 */
const char *progress_meter(char *text, int32_t peak);

#endif
