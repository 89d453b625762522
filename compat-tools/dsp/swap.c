#include "compat-tools/dsp/swap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compat-tools/dsp/serve.h"
#include "compat-tools/dsp/target.h"

struct swap {
	struct supervisor *supervisor;
	struct swap *next;
	pid_t thread; /* whose mmap() it is */
	int process;  /* its pidfd */
	int number;   /* the program's descriptor */
	int device;   /* what shall be there */
	ino_t ring;   /* what is there meanwhile */
	bool cloexec;
};

static void
destroy(struct swap *swap)
{
	struct swap **link = &swap->supervisor->swaps;

	while (*link != swap) {
		link = &(*link)->next;
	}
	*link = swap->next;
	serve_unwatch(swap->supervisor->serve, swap->process);
	(void)close(swap->process);
	(void)close(swap->device);
	free(swap);
}

/* The program has ended, and nobody else holds the device for it. */
static void
on_end(void *arg, int fd, short events)
{
	destroy(arg);
}

static int
create(const struct notice *notice, int number, int device, ino_t ring)
{
	struct supervisor *supervisor = notice->supervisor;
	struct swap *swap = calloc(1, sizeof(*swap));
	int error = -ENOMEM;

	if (swap == NULL) {
		return -ENOMEM;
	}
	*swap = (struct swap){
		.supervisor = supervisor,
		.thread = notice->thread,
		.process = target_open(notice->thread),
		.number = number,
		.device = fcntl(device, F_DUPFD_CLOEXEC, 0),
		.ring = ring,
		.cloexec = target_is_cloexec(notice->thread, number),
	};
	if (swap->process < 0 || swap->device < 0) {
		error = swap->process < 0 ? swap->process : -errno;
		goto fail;
	}
	error =
	    serve_watch(supervisor->serve, swap->process, POLLIN, on_end, swap);
	if (error != 0) {
		goto fail;
	}
	swap->next = supervisor->swaps;
	supervisor->swaps = swap;
	return 0;
fail:
	if (swap->process >= 0) {
		(void)close(swap->process);
	}
	if (swap->device >= 0) {
		(void)close(swap->device);
	}
	free(swap);
	return error;
}

int
swap_in(const struct notice *notice, int number, int device, int ring)
{
	struct stat status;
	int error;

	if (fstat(ring, &status) != 0) {
		return -errno;
	}
	error = create(notice, number, device, status.st_ino);
	if (error != 0) {
		return error;
	}
	error = notice_put(notice, ring, number,
	    notice->supervisor->swaps->cloexec);
	if (error < 0) {
		destroy(notice->supervisor->swaps);
		return error;
	}
	return 0;
}

/* If the program closed it, or put something else there, so be it. */
static void
put_back(const struct notice *notice, const struct swap *swap)
{
	struct stat status;
	int fd = target_fd(swap->process, swap->number);

	if (fd < 0) {
		return;
	}
	if (fstat(fd, &status) == 0 && status.st_ino == swap->ring) {
		(void)notice_put(notice, swap->device, swap->number,
		    swap->cloexec);
	}
	(void)close(fd);
}

void
swap_back(const struct notice *notice)
{
	for (struct swap *swap = notice->supervisor->swaps; swap != NULL;
	     swap = swap->next) {
		if (swap->thread == notice->thread) {
			put_back(notice, swap);
			destroy(swap);
			return; /* a thread has one mmap() at a time */
		}
	}
}
