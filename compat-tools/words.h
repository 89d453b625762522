/*
 * Words for what a daemon tells: for the tools that show it.
 * Thread: any, but words_user(), which one may use at a time.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stddef.h>

#include "protocols/esd.h"

#define WORDS_ESCAPED_MAX (6 * ESD_NAME_MAX + 1)

/*
 * A name from anybody, for a terminal or for JSON: control characters and what
 * is no UTF-8 are shown as \x1B or \u001b.
 *   out  of WORDS_ESCAPED_MAX, for a name of ESD_NAME_MAX
 */
void words_escape(const char *text, bool json, char *out);

/* The user's name, else the number; "-" where that is below 0. */
void words_user(int32_t uid, char *out, size_t size);

/* "16-bit stereo", of the format word. */
void words_format(int32_t format, char *out, size_t size);

/* "1:02:03" */
void words_time(uint64_t seconds, char *out, size_t size);

/* "open", "asleep" or "lost", of the device. */
const char *words_state(int32_t state);

#endif
