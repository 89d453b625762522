/* log.h without output: every line is formatted, and thrown away. */
#include "server/log.h"

#include <stdarg.h>
#include <stdio.h>

static enum log_level least = LOG_DEBUG;

void
log_set_level(enum log_level level)
{
	least = level;
}

enum log_level
log_level(void)
{
	return least;
}

void
log_line(enum log_level level, const char *subject, const char *format, ...)
{
	char line[1024];
	va_list values;

	va_start(values, format);
	(void)snprintf(line, sizeof(line), "%s", subject);
	(void)vsnprintf(line, sizeof(line), format, values);
	va_end(values);
}

void
log_limited(struct log_budget *budget, enum log_level level,
    const char *subject, const char *format, ...)
{
	char line[1024];
	va_list values;

	va_start(values, format);
	(void)snprintf(line, sizeof(line), "%s", subject);
	(void)vsnprintf(line, sizeof(line), format, values);
	va_end(values);
}
