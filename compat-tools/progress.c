#include "compat-tools/progress.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define EVERY_MS   100
#define BAR	   20	/* characters between the brackets */
#define METER_DB   60.0 /* from its left end to full scale */
#define COLUMNS	   80	/* where the terminal doesn't tell */
#define FULL_SCALE 32768.0

static bool drawn; /* something stands on the line */

static int64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool
has_terminal(void)
{
	static int known = -1;

	if (known < 0) {
		const char *term = getenv("TERM");

		known = isatty(STDERR_FILENO) != 0 && term != NULL &&
			strcmp(term, "dumb") != 0;
	}
	return known != 0;
}

bool
progress_is_due(void)
{
	static int64_t next;
	int64_t now;

	if (!has_terminal()) {
		return false;
	}
	now = now_ms();
	if (now < next) {
		return false;
	}
	next = now + EVERY_MS;
	return true;
}

static size_t
columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
		return COLUMNS;
	}
	return size.ws_col;
}

/* Cuts before a character that would not fit; bytes count as columns. */
static void
make_fit(char *line, size_t most)
{
	for (char *c = line; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == '\x7f') {
			*c = '?';
		}
	}
	if (strlen(line) <= most) {
		return;
	}
	while (most > 0 && ((unsigned char)line[most] & 0xC0) == 0x80) {
		most--;
	}
	line[most] = '\0';
}

void
progress_draw(const char *format, ...)
{
	char line[512];
	va_list args;

	if (!has_terminal()) {
		return;
	}
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	/* The last column stays free: some terminals would go on below. */
	make_fit(line, columns() - 1);
	(void)fprintf(stderr, "\r%s\033[K", line);
	(void)fflush(stderr);
	drawn = true;
}

void
progress_clear(void)
{
	if (drawn) {
		(void)fputs("\r\033[K", stderr);
	}
	drawn = false;
}

void
progress_end(void)
{
	if (drawn) {
		(void)fputc('\n', stderr);
	}
	drawn = false;
}

const char *
progress_time(char *text, int64_t frames, int32_t rate)
{
	long long seconds = rate > 0 ? frames / rate : 0;
	int some = (int)(seconds % 60);
	int minutes = (int)(seconds / 60 % 60);

	if (seconds < 3600) {
		(void)snprintf(text, PROGRESS_TIME_MAX, "%d:%02d", minutes,
		    some);
	} else {
		(void)snprintf(text, PROGRESS_TIME_MAX, "%lld:%02d:%02d",
		    seconds / 3600, minutes, some);
	}
	return text;
}

const char *
progress_bar(char *text, int64_t done, int64_t all)
{
	char bar[BAR + 1];
	int filled = 0;

	if (all > 0) {
		filled = done < all ? (int)(done * BAR / all) : BAR;
	}
	memset(bar, ' ', BAR);
	memset(bar, '=', (size_t)filled);
	if (filled < BAR) {
		bar[filled] = '>';
	}
	bar[BAR] = '\0';
	(void)snprintf(text, PROGRESS_METER_MAX, "[%s]", bar);
	return text;
}

const char *
progress_meter(char *text, int32_t peak)
{
	char bar[BAR + 1];
	double level;
	int filled;

	if (peak <= 0) {
		(void)snprintf(text, PROGRESS_METER_MAX, "[%*s]  -inf dB", BAR,
		    "");
		return text;
	}
	level = 20 * log10(peak / FULL_SCALE);
	filled = (int)((level + METER_DB) / METER_DB * BAR + 0.5);
	memset(bar, ' ', BAR);
	memset(bar, '#', filled < 0 ? 0 : (size_t)filled);
	bar[BAR] = '\0';
	(void)snprintf(text, PROGRESS_METER_MAX, "[%s] %5.1f dB", bar, level);
	return text;
}
