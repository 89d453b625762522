#include "tests/oss/answers.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What the fortified open() becomes where its flags are no constant. */
int open_2(const char *path, int flags) __asm__("__open_2");
int open64_2(const char *path, int flags) __asm__("__open64_2");

static char silence[BUFFER];

static void
answers(const char *what, int fd)
{
	result(what, fd < 0 ? fd : told(fd, SNDCTL_DSP_SPEED, RATE));
	if (fd >= 0) {
		close(fd);
	}
}

static void
ask_opens(void)
{
	FILE *file = fopen("/dev/dsp", "wb");

	printf("-- ways to open\n");
	answers("open", open("/dev/dsp", O_WRONLY));
	answers("open64", open64("/dev/dsp", O_WRONLY));
	answers("openat", openat(AT_FDCWD, "/dev/dsp", O_WRONLY));
	answers("openat64", openat64(AT_FDCWD, "/dev/dsp", O_WRONLY));
	answers("creat", creat("/dev/dsp", 0666));
	answers("__open_2", open_2("/dev/dsp", O_WRONLY));
	answers("__open64_2", open64_2("/dev/dsp", O_WRONLY));
	result("fopen", file ? told(fileno(file), SNDCTL_DSP_SPEED, RATE) : -1);
	if (file != NULL) {
		result("fwrite", (long long)fwrite(silence, 1, FRAGMENT, file));
		result("fclose", fclose(file));
	}
}

static void
ask_copies(void)
{
	int fd = device_open(O_WRONLY | O_CLOEXEC);
	int copy = dup(fd), high = fcntl(fd, F_DUPFD_CLOEXEC, 100);

	printf("-- copies\n");
	result("FD_CLOEXEC", fcntl(fd, F_GETFD));
	result("copy", fcntl(copy, F_GETFD));
	close(fd);
	result("dup", told(copy, SNDCTL_DSP_SPEED, RATE));
	result("write", write(copy, silence, FRAGMENT));
	result("F_DUPFD", told(high, SOUND_PCM_READ_CHANNELS, 0));
	result("dup2", dup2(high, 99));
	close(copy);
	close(high);
	result("write", write(99, silence, FRAGMENT));
	result("SYNC", ioctl(99, SNDCTL_DSP_SYNC));
	result("bytes", played(99).bytes);
	close(99);
	result("a closed one", ioctl(99, SNDCTL_DSP_SPEED, &(int){ RATE }));
}

int
inherited(int fd)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	result("after exec", told(fd, SOUND_PCM_READ_RATE, 0));
	result("write", write(fd, silence, FRAGMENT));
	ask(fd, "bits", SOUND_PCM_READ_BITS, 0);
	return 0;
}

static void
ask_children(const char *self)
{
	int fd = device_open(O_WRONLY), status = 0;
	char number[16];
	pid_t child;

	printf("-- children\n");
	snprintf(number, sizeof(number), "%d", fd);
	child = fork();
	if (child == 0) {
		result("after fork", told(fd, SOUND_PCM_READ_RATE, 0));
		result("write", write(fd, silence, FRAGMENT));
		execl(self, self, "inherited", number, (char *)NULL);
		_exit(1);
	}
	result("the child", waitpid(child, &status, 0) == child);
	result("ended with", status);
	result("write", write(fd, silence, FRAGMENT));
	result("SYNC", ioctl(fd, SNDCTL_DSP_SYNC));
	result("bytes of three", played(fd).bytes);
	close(fd);
	result("other children", waitpid(-1, NULL, WNOHANG));
}

static void
ask_readiness(void)
{
	int fd = device_open(O_RDWR), set = epoll_create1(EPOLL_CLOEXEC);
	struct iovec parts[2] = { { silence, FRAGMENT }, { silence, 512 } };
	struct epoll_event event = { .events = EPOLLIN };
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	struct timespec patience = { .tv_sec = PATIENCE_MS / 1000 };
	fd_set readable;

	printf("-- readiness\n");
	result("poll", poll(&ready, 1, 0));
	result("POLLOUT", (ready.revents & POLLOUT) != 0);
	result("writev", writev(fd, parts, 2));
	FD_ZERO(&readable);
	FD_SET(fd, &readable);
	result("select",
	    select(fd + 1, &readable, NULL, NULL,
		&(struct timeval){ .tv_sec = PATIENCE_MS / 1000 }));
	result("readable", FD_ISSET(fd, &readable) != 0);
	ready.events = POLLIN;
	result("ppoll", ppoll(&ready, 1, &patience, NULL));
	result("epoll_ctl", epoll_ctl(set, EPOLL_CTL_ADD, fd, &event));
	result("epoll_wait", epoll_wait(set, &event, 1, PATIENCE_MS));
	result("EPOLLIN", (event.events & EPOLLIN) != 0);
	result("FIONREAD", ioctl(fd, FIONREAD, &(int){ 0 }));
	close(set);
	close(fd);
}

void
ask_descriptors(const char *self)
{
	ask_opens();
	ask_copies();
	ask_children(self);
	ask_readiness();
}
