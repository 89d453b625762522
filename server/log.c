#include "server/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE_MAX 1024 /* bytes; what is longer is cut */

static enum log_level threshold = LOG_INFO;

static const char *const level_names[] = { "err", "warn", "info", "debug" };

void
log_set_level(enum log_level level)
{
	threshold = level;
}

enum log_level
log_level(void)
{
	return threshold;
}

static size_t
clamp_length(int written, size_t size)
{
	if (written < 0) {
		return 0;
	}
	return (size_t)written < size ? (size_t)written : size - 1;
}

/* A peer's text can neither forge a second line nor drive a terminal. */
static void
blot_controls(char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];

		if (byte < 0x20 || byte == 0x7f) {
			text[i] = '?';
		}
	}
}

static void __attribute__((format(printf, 4, 0)))
print_line(enum log_level level, const char *subject, uint32_t dropped,
    const char *format, va_list arguments)
{
	char line[LOG_LINE_MAX];
	size_t size = sizeof(line) - 1; /* one byte is the newline's */

	size_t n = clamp_length(
	    snprintf(line, size, "%s: %s: ", level_names[level], subject),
	    size);
	n += clamp_length(vsnprintf(line + n, size - n, format, arguments),
	    size - n);
	if (dropped > 0) {
		n += clamp_length(snprintf(line + n, size - n,
				      " (%u more like this left out)", dropped),
		    size - n);
	}
	blot_controls(line, n);
	line[n++] = '\n';

	/* One write, so that lines of several processes do not mix. */
	ssize_t written = write(STDERR_FILENO, line, n);
	(void)written; /* there is nowhere to complain */
}

void
log_line(enum log_level level, const char *subject, const char *format, ...)
{
	if (level > threshold) {
		return;
	}
	va_list arguments;
	va_start(arguments, format);
	print_line(level, subject, 0, format, arguments);
	va_end(arguments);
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool
budget_spend(struct log_budget *budget, uint64_t now, uint32_t *dropped)
{
	bool elapsed = now >= budget->refill_at;

	*dropped = budget->dropped;
	if (elapsed && budget->dropped == 0) {
		budget->spent = 0; /* it has been quiet */
	}
	if (budget->spent >= budget->burst && !elapsed) {
		budget->dropped++;
		return false;
	}
	budget->spent++;
	budget->dropped = 0;
	budget->refill_at = now + budget->every_ms;
	return true;
}

void
log_limited(struct log_budget *budget, enum log_level level,
    const char *subject, const char *format, ...)
{
	uint32_t dropped;

	if (level > threshold || !budget_spend(budget, now_ms(), &dropped)) {
		return;
	}
	va_list arguments;
	va_start(arguments, format);
	print_line(level, subject, dropped, format, arguments);
	va_end(arguments);
}
