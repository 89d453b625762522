/*
 * Asks everything that OSS programs ask, and prints the answers.  The same
 * program is built for either word size and statically, and has to print the
 * same: answers.txt, which follows from the OSS programmer's guide.
 */
#include "tests/oss/answers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

int
told(int fd, unsigned long request, int value)
{
	int status = ioctl(fd, request, &value);

	return status < 0 ? status : value;
}

static void
error_print(const char *what)
{
	printf("%s: %s\n", what, strerrorname_np(errno));
}

void
ask(int fd, const char *what, unsigned long request, int value)
{
	if (ioctl(fd, request, &value) < 0) {
		error_print(what);
	} else {
		printf("%s: %#x\n", what, (unsigned)value);
	}
}

void
result(const char *what, long long value)
{
	if (value < 0) {
		error_print(what);
	} else {
		printf("%s: %lld\n", what, value);
	}
}

void
range(const char *what, int value, int least, int most)
{
	if (value >= least && value <= most) {
		printf("%s: ok\n", what);
	} else {
		printf("%s: %d, not %d to %d\n", what, value, least, most);
	}
}

void
space(int fd, const char *what)
{
	audio_buf_info info;

	if (ioctl(fd, SNDCTL_DSP_GETOSPACE, &info) < 0) {
		error_print(what);
	} else {
		printf("%s: %d of %d fragments of %d bytes, %d bytes\n", what,
		    info.fragments, info.fragstotal, info.fragsize, info.bytes);
	}
}

struct count_info
played(int fd)
{
	count_info info = { 0 };

	if (ioctl(fd, SNDCTL_DSP_GETOPTR, &info) < 0) {
		error_print("GETOPTR");
	}
	return info;
}

int64_t
milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
pause_ms(int ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000L }, NULL);
}

static int
open_fragments(int flags, int count)
{
	int fd = open("/dev/dsp", flags);

	if (fd < 0) {
		perror("/dev/dsp");
		exit(1);
	}
	/* 2^10 bytes a fragment */
	told(fd, SNDCTL_DSP_SETFRAGMENT, count << 16 | 10);
	told(fd, SNDCTL_DSP_SETFMT, AFMT_S16_LE);
	told(fd, SNDCTL_DSP_CHANNELS, 2);
	told(fd, SNDCTL_DSP_SPEED, RATE);
	return fd;
}

int
device_open(int flags)
{
	return open_fragments(flags, FRAGMENTS);
}

int
device_open_long(int flags)
{
	return open_fragments(flags, LONG);
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "inherited") == 0) {
		return inherited((int)strtol(argv[2], NULL, 10));
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	ask_settings();
	ask_playing();
	ask_recording();
	ask_mixer();
	ask_descriptors(argv[0]);
	return 0;
}
