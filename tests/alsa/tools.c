#include "tests/alsa/tools.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HANG 10 /* seconds */

static const char *doing = "nothing";

static void
on_alarm(int signal_number)
{
	static const char text[] = " hangs\n";

	(void)!write(STDERR_FILENO, doing, strlen(doing));
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(2);
}

void
begin(const char *what)
{
	doing = what;
	(void)signal(SIGALRM, on_alarm);
	(void)alarm(HANG);
}

void
fail(const char *format, ...)
{
	va_list args;

	(void)fflush(stdout);
	(void)fprintf(stderr, "%s: ", doing);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
	exit(1);
}

void
late(void)
{
	exit(LATE);
}

long
must(long result)
{
	if (result == -EPIPE) {
		late();
	}
	if (result < 0) {
		fail("%s", snd_strerror((int)result));
	}
	return result;
}

void
number(int16_t frames[][2], uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		frames[i][0] = (int16_t)((first + i) & 0xffff);
		frames[i][1] = (int16_t)((first + i) >> 16);
	}
}
