#include "tests/oss/answers.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Exactly so many bytes, or fewer at the end. */
static ssize_t
read_all(int fd, void *to, size_t size)
{
	size_t have = 0;

	while (have < size) {
		ssize_t more = read(fd, (char *)to + have, size - have);

		if (more <= 0) {
			break;
		}
		have += (size_t)more;
	}
	return (ssize_t)have;
}

/*
 * The card records its frame numbers: how many are not above the one before.
 * (A busy machine may lose some.)
 */
static int
astray(const uint32_t *frames, int count)
{
	int sum = 0;

	for (int i = 1; i < count; i++) {
		sum += frames[i] <= frames[i - 1];
	}
	return sum;
}

static void
ask_capture(int flags, const char *what)
{
	uint32_t frames[2 * BUFFER / FRAME];
	int fd = device_open_long(flags), size = sizeof(frames);
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	audio_buf_info info = { 0 };
	count_info count = { 0 };

	printf("-- recording, %s\n", what);
	result("GETISPACE", ioctl(fd, SNDCTL_DSP_GETISPACE, &info));
	result("fragsize", info.fragsize);
	result("fragstotal", info.fragstotal);
	result("poll", poll(&ready, 1, PATIENCE_MS));
	result("POLLIN", (ready.revents & POLLIN) != 0);
	result("read", read_all(fd, frames, sizeof(frames)));
	result("frames astray", astray(frames, sizeof(frames) / FRAME));
	result("GETIPTR", ioctl(fd, SNDCTL_DSP_GETIPTR, &count));
	range("bytes", count.bytes, size, PATIENCE_BYTES);
	result("GETISPACE", ioctl(fd, SNDCTL_DSP_GETISPACE, &info));
	range("bytes", info.bytes, 0, PATIENCE_BYTES);
	close(fd);
}

static void
ask_wrong_way(void)
{
	int fd = device_open(O_WRONLY);
	audio_buf_info info;

	printf("-- the wrong way\n");
	result("GETISPACE", ioctl(fd, SNDCTL_DSP_GETISPACE, &info));
	close(fd);
	fd = device_open(O_RDONLY);
	result("GETOSPACE", ioctl(fd, SNDCTL_DSP_GETOSPACE, &info));
	close(fd);
}

static void
ask_nothing_there(void)
{
	char byte;
	int fd = device_open(O_RDONLY | O_NONBLOCK);

	printf("-- nothing recorded yet\n");
	result("read", read(fd, &byte, 1));
	close(fd);
}

static void
ask_duplex(void)
{
	uint32_t frames[BUFFER / FRAME];
	char sound[BUFFER] = { 0 };
	int fd = device_open_long(O_RDWR);

	printf("-- both ways\n");
	result("SETDUPLEX", ioctl(fd, SNDCTL_DSP_SETDUPLEX));
	for (int i = 0; i < 3; i++) {
		result("write", write(fd, sound, sizeof(sound)));
		result("read", read_all(fd, frames, sizeof(frames)));
		result("frames astray", astray(frames, BUFFER / FRAME));
	}
	result("SYNC", ioctl(fd, SNDCTL_DSP_SYNC));
	result("bytes", played(fd).bytes);
	close(fd);
}

void
ask_recording(void)
{
	ask_capture(O_RDONLY, "read only");
	ask_capture(O_RDWR, "read and write");
	ask_nothing_there();
	ask_wrong_way();
	ask_duplex();
}
