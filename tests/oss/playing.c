#include "tests/oss/answers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static const char silence[RATE * FRAME / 2];

/* OSS 4's, which Linux' header lacks. */
struct oss_count {
	long long samples;
	int fifo_samples;
	int filler[32];
};
#define CURRENT_OPTR _IOR('P', 36, struct oss_count)
#define GETPLAYVOL   _IOR('P', 24, int)
#define SETPLAYVOL   _IOWR('P', 24, int)
#define COOKEDMODE   _IOW('P', 30, int)
#define POLICY	     _IOW('P', 45, int)

static void
ask_positions(void)
{
	int fd = device_open(O_WRONLY);
	count_info info;
	struct oss_count count = { 0 };

	printf("-- a buffer is played\n");
	space(fd, "GETOSPACE");
	result("GETODELAY", told(fd, SNDCTL_DSP_GETODELAY, 0));
	result("GETTRIGGER", told(fd, SNDCTL_DSP_GETTRIGGER, 0));
	result("write", write(fd, silence, BUFFER));
	/* What is in the daemon and the card may come on top. */
	range("GETODELAY", told(fd, SNDCTL_DSP_GETODELAY, 0), 1, RATE * FRAME);
	result("SYNC", ioctl(fd, SNDCTL_DSP_SYNC));
	result("GETODELAY", told(fd, SNDCTL_DSP_GETODELAY, 0));
	space(fd, "GETOSPACE");
	info = played(fd);
	result("bytes", info.bytes);
	result("blocks", info.blocks);
	result("ptr", info.ptr);
	info = played(fd);
	result("blocks since", info.blocks);
	result("CURRENT_OPTR", ioctl(fd, CURRENT_OPTR, &count));
	result("samples", count.samples);
	result("fifo_samples", count.fifo_samples);
	result("half a fragment", write(fd, silence, FRAGMENT / 2));
	result("POST", ioctl(fd, SNDCTL_DSP_POST));
	result("SYNC", ioctl(fd, SNDCTL_DSP_SYNC));
	/* A driver may have filled it up. */
	range("bytes", played(fd).bytes, BUFFER + FRAGMENT / 2,
	    BUFFER + FRAGMENT);
	close(fd);
}

static void
ask_reset(void)
{
	int fd = device_open(O_WRONLY);
	int64_t began;

	printf("-- RESET\n");
	result("write", write(fd, silence, BUFFER));
	began = milliseconds();
	result("RESET", ioctl(fd, SNDCTL_DSP_RESET));
	range("it took, ms", (int)(milliseconds() - began), 0, 500);
	result("GETODELAY", told(fd, SNDCTL_DSP_GETODELAY, 0));
	space(fd, "GETOSPACE");
	result("bytes", played(fd).bytes);
	result("ptr", played(fd).ptr);
	result("write", write(fd, silence, FRAGMENT));
	result("SYNC", ioctl(fd, SNDCTL_DSP_SYNC));
	result("bytes", played(fd).bytes);
	result("SETFMT", told(fd, SNDCTL_DSP_SETFMT, AFMT_U8));
	result("SPEED", told(fd, SNDCTL_DSP_SPEED, 8000));
	result("write", write(fd, silence, 400));
	result("SYNC", ioctl(fd, SNDCTL_DSP_SYNC));
	close(fd);
}

/* Writes until it would block; bytes. */
static int
fill(int fd)
{
	int sum = 0;

	for (;;) {
		ssize_t size = write(fd, silence, FRAGMENT);

		if (size < 0) {
			result("a full device", errno == EAGAIN ? 0 : size);
			return sum;
		}
		sum += (int)size;
	}
}

static void
ask_nonblocking(void)
{
	int fd = device_open(O_WRONLY);
	struct pollfd full = { .fd = fd, .events = POLLOUT };
	int64_t began;
	int short_writes = 0;

	printf("-- NONBLOCK\n");
	result("NONBLOCK", ioctl(fd, SNDCTL_DSP_NONBLOCK));
	result("O_NONBLOCK", (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	range("taken", fill(fd), BUFFER, 6 * BUFFER);
	range("GETODELAY", told(fd, SNDCTL_DSP_GETODELAY, 0), FRAGMENT,
	    RATE * FRAME);
	for (int i = 0; i < 20; i++) {
		audio_buf_info info;

		if (poll(&full, 1, PATIENCE_MS) != 1 ||
		    ioctl(fd, SNDCTL_DSP_GETOSPACE, &info) < 0) {
			result("poll", -1);
			break;
		}
		short_writes +=
		    info.bytes > 0 &&
		    write(fd, silence, (size_t)info.bytes) != info.bytes;
	}
	result("writes that found less room than told", short_writes);
	result("blocking again",
	    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK));
	began = milliseconds();
	result("half a second", write(fd, silence, sizeof(silence)));
	range("took, ms", (int)(milliseconds() - began), 250, 3000);
	result("RESET", ioctl(fd, SNDCTL_DSP_RESET));
	close(fd);
}

static void
ask_trigger(void)
{
	int fd = device_open(O_WRONLY);

	printf("-- trigger\n");
	result("SETTRIGGER 0", told(fd, SNDCTL_DSP_SETTRIGGER, 0));
	result("GETTRIGGER", told(fd, SNDCTL_DSP_GETTRIGGER, 0));
	result("write", write(fd, silence, BUFFER));
	pause_ms(50);
	result("bytes", played(fd).bytes);
	result("SETTRIGGER",
	    told(fd, SNDCTL_DSP_SETTRIGGER, PCM_ENABLE_OUTPUT));
	result("GETTRIGGER", told(fd, SNDCTL_DSP_GETTRIGGER, 0));
	result("SYNC", ioctl(fd, SNDCTL_DSP_SYNC));
	result("bytes", played(fd).bytes);
	close(fd);
}

static void
ask_oss4(void)
{
	int fd = device_open(O_WRONLY);

	printf("-- OSS 4\n");
	result("COOKEDMODE", told(fd, COOKEDMODE, 1));
	result("POLICY", told(fd, POLICY, 5));
	ask(fd, "GETPLAYVOL", GETPLAYVOL, 0);
	ask(fd, "SETPLAYVOL", SETPLAYVOL, 0x3232);
	ask(fd, "GETPLAYVOL", GETPLAYVOL, 0);
	ask(fd, "SETPLAYVOL", SETPLAYVOL, 0x6464);
	close(fd);
}

/* The ring is played round and round; the pointer is where. */
static void
follow(int fd)
{
	uint32_t before = 0, blocks = 0;
	int backwards = 0, astray = 0;
	int64_t began = milliseconds();

	while (before < 4 * BUFFER && milliseconds() < began + PATIENCE_MS) {
		count_info info = played(fd);

		backwards += (uint32_t)info.bytes < before;
		astray += info.ptr != info.bytes % BUFFER;
		blocks += (uint32_t)info.blocks;
		before = (uint32_t)info.bytes;
		pause_ms(1);
	}
	range("bytes", (int)before, 4 * BUFFER, 64 * BUFFER);
	result("steps backwards", backwards);
	result("pointers astray", astray);
	result("blocks", blocks == before / FRAGMENT);
	/* 4 * BUFFER of 16-bit stereo are 93 ms. */
	range("took, ms", (int)(milliseconds() - began), 60, 2000);
}

static void
ask_mapped(void)
{
	int fd = device_open(O_RDWR);
	char *ring =
	    mmap(NULL, BUFFER, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	printf("-- mmap\n");
	result("mmap", ring == MAP_FAILED ? -1 : 0);
	if (ring == MAP_FAILED) {
		return;
	}
	result("SETTRIGGER 0", told(fd, SNDCTL_DSP_SETTRIGGER, 0));
	result("bytes", played(fd).bytes);
	for (int i = 0; i < BUFFER; i++) {
		ring[i] = 0;
	}
	result("SETTRIGGER",
	    told(fd, SNDCTL_DSP_SETTRIGGER, PCM_ENABLE_OUTPUT));
	follow(fd);
	result("SETTRIGGER 0", told(fd, SNDCTL_DSP_SETTRIGGER, 0));
	result("munmap", munmap(ring, BUFFER));
	result("close", close(fd));
}

void
ask_playing(void)
{
	ask_positions();
	ask_reset();
	ask_nonblocking();
	ask_trigger();
	ask_oss4();
	ask_mapped();
}
