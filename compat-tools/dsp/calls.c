#include "compat-tools/dsp/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compat-tools/dsp/node.h"
#include "compat-tools/dsp/serve.h"
#include "compat-tools/dsp/swap.h"
#include "compat-tools/dsp/target.h"

#define NAME_MAX_BYTES 32 /* longer than any device's path */
#define POLL_PIECE     64 /* of a program's pollfds that are read at once */

/* --- open ----------------------------------------------------------------- */

/* The device that the path at this address names; -1: none of ours. */
static int
device_at(const struct notice *notice, uint64_t address)
{
	char path[NAME_MAX_BYTES];

	if (target_text(notice->thread, address, path, sizeof(path)) != 0) {
		return -1;
	}
	return node_find(path, notice->supervisor->only);
}

/* A reserved number that the program doesn't use; -1: none. */
static int
find_reserved(const struct notice *notice)
{
	const int first = notice->supervisor->reserved;

	for (int number = first; number < first + FILTER_RESERVED_COUNT;
	     number++) {
		int fd = notice_fd(notice, number);

		if (fd == -EBADF) {
			return number;
		}
		if (fd >= 0) {
			(void)close(fd);
		}
	}
	return -1;
}

/* Where there is no such place, its readers are not heard of in time. */
static int
put(const struct notice *notice, int fd, bool reads, bool cloexec)
{
	int number = reads ? find_reserved(notice) : -1;
	int result = notice_put(notice, fd, number, cloexec);

	if (result == -EBADF && number >= 0) { /* beyond the program's limit */
		result = notice_put(notice, fd, -1, cloexec);
	}
	return result;
}

static int64_t
open_device(const struct notice *notice, enum door_device device, int flags)
{
	int access = node_access(flags), fd, result;

	if ((flags & O_PATH) != 0) {
		return NOTICE_PASS;
	}
	if (access < 0) {
		return access;
	}
	if (serve_open(notice->supervisor->serve, device, (unsigned)access,
		notice->supervisor->title, &fd) != 0) {
		return -ENODEV;
	}
	if ((flags & O_NONBLOCK) != 0) {
		(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	}
	result = put(notice, fd, (access & DOOR_READ) != 0,
	    (flags & O_CLOEXEC) != 0);
	(void)close(fd);
	return result;
}

static int64_t
on_open(const struct notice *notice)
{
	int device = device_at(notice, notice->arg[0]);

	return device < 0 ? NOTICE_PASS
			  : open_device(notice, (enum door_device)device,
				(int)notice->arg[1]);
}

static int64_t
on_openat(const struct notice *notice)
{
	int device = device_at(notice, notice->arg[1]);

	return device < 0 ? NOTICE_PASS
			  : open_device(notice, (enum door_device)device,
				(int)notice->arg[2]);
}

static int64_t
on_openat2(const struct notice *notice)
{
	int device = device_at(notice, notice->arg[1]);
	struct open_how how = { 0 };

	if (device < 0) {
		return NOTICE_PASS;
	}
	return notice_read(notice, notice->arg[2], &how, sizeof(how)) != 0
		   ? -EFAULT
		   : open_device(notice, (enum door_device)device,
			 (int)how.flags);
}

static int64_t
on_creat(const struct notice *notice)
{
	int device = device_at(notice, notice->arg[0]);

	return device < 0 ? NOTICE_PASS
			  : open_device(notice, (enum door_device)device,
				O_CREAT | O_WRONLY | O_TRUNC);
}

/* --- ioctl ---------------------------------------------------------------- */

/* One that is being answered; the server may take its time. */
struct pending {
	struct serve_call call;
	struct notice notice;
};

static void
on_done(struct serve_call *call, int result)
{
	struct pending *pending = call->arg;
	unsigned bytes = serve_bytes_out(call->number);

	if (result >= 0 && bytes > 0 &&
	    notice_write(&pending->notice, pending->notice.arg[2], call->data,
		bytes) != 0) {
		result = -EFAULT;
	}
	notice_answer(&pending->notice, result);
	free(pending);
}

static int64_t
ask(const struct notice *notice, int fd)
{
	const uint32_t number = (uint32_t)notice->arg[1];
	const unsigned bytes = serve_bytes_in(number);
	struct pending *pending;

	if (bytes > DOOR_BYTES_MAX ||
	    serve_bytes_out(number) > DOOR_BYTES_MAX) {
		return -EINVAL;
	}
	pending = calloc(1, sizeof(*pending));
	if (pending == NULL) {
		return -ENOMEM;
	}
	pending->notice = *notice;
	pending->call.number = number;
	pending->call.done = on_done;
	pending->call.arg = pending;
	if (bytes > 0 && notice_read(notice, notice->arg[2], pending->call.data,
			     bytes) != 0) {
		free(pending);
		return -EFAULT;
	}
	serve_ioctl(notice->supervisor->serve, fd, &pending->call);
	return NOTICE_LATER;
}

/* Does that with a copy of the device whose descriptor this is, if it is. */
static int64_t
with_device(const struct notice *notice, int number,
    int64_t (*act)(const struct notice *notice, int fd))
{
	int fd = notice_fd(notice, number);
	int64_t verdict = NOTICE_PASS;

	if (fd < 0) {
		return NOTICE_PASS;
	}
	if (serve_owns(notice->supervisor->serve, fd)) {
		verdict = act(notice, fd);
	}
	(void)close(fd);
	return verdict;
}

static int64_t
on_ioctl(const struct notice *notice)
{
	return with_device(notice, (int)notice->arg[0], ask);
}

/* --- mmap ----------------------------------------------------------------- */

static int64_t
map(const struct notice *notice, int fd)
{
	const uint64_t *arg = notice->arg;
	unsigned access = ((arg[2] & PROT_READ) != 0 ? DOOR_READ : 0U) |
			  ((arg[2] & PROT_WRITE) != 0 ? DOOR_WRITE : 0U);
	int ring, error;

	/* Of a private ring nobody would hear anything. */
	if (arg[5] != 0 || arg[1] > UINT32_MAX ||
	    (arg[3] & MAP_TYPE) == MAP_PRIVATE) {
		return -EINVAL;
	}
	ring =
	    serve_map(notice->supervisor->serve, fd, (uint32_t)arg[1], access);
	if (ring < 0) {
		return ring;
	}
	error = swap_in(notice, (int)arg[4], fd, ring);
	(void)close(ring);
	return error == 0 ? NOTICE_PASS : error;
}

static int64_t
on_mmap(const struct notice *notice)
{
	return with_device(notice, (int)notice->arg[4], map);
}

/* The first mmap() of 32-bit programs, whose arguments are in memory. */
static int64_t
on_old_mmap(const struct notice *notice)
{
	struct notice same = *notice;
	uint32_t arg[6] = { 0 };

	if (notice_read(notice, notice->arg[0], arg, sizeof(arg)) != 0 ||
	    (arg[3] & MAP_ANONYMOUS) != 0) {
		return NOTICE_PASS;
	}
	for (size_t i = 0; i < 6; i++) {
		same.arg[i] = arg[i];
	}
	return on_mmap(&same);
}

/* --- stat, access --------------------------------------------------------- */

static int64_t
tell_status(const struct notice *notice, enum target_layout layout,
    uint64_t address)
{
	uint8_t status[TARGET_STATUS_MAX];
	int bytes = target_status(layout, status);

	if (bytes < 0) {
		return bytes;
	}
	return notice_write(notice, address, status, (size_t)bytes) == 0
		   ? 0
		   : -EFAULT;
}

/* Of the 32-bit interfaces only the one that programs of this century use. */
static enum target_layout
layout_of(const struct notice *notice)
{
	return notice->wide ? TARGET_STAT : TARGET_STAT64_32;
}

static int64_t
on_stat(const struct notice *notice)
{
	return device_at(notice, notice->arg[0]) < 0
		   ? NOTICE_PASS
		   : tell_status(notice, layout_of(notice), notice->arg[1]);
}

static int64_t
tell_own_status(const struct notice *notice, int fd)
{
	return tell_status(notice, layout_of(notice), notice->arg[1]);
}

static int64_t
on_fstat(const struct notice *notice)
{
	return with_device(notice, (int)notice->arg[0], tell_own_status);
}

/* Whether a path is empty because the descriptor is what is meant. */
static bool
is_empty(const struct notice *notice, uint64_t address, uint64_t flags)
{
	char first = 1;

	return (flags & AT_EMPTY_PATH) != 0 &&
	       notice_read(notice, address, &first, 1) == 0 && first == '\0';
}

static int64_t
tell_status_at(const struct notice *notice, int fd)
{
	return tell_status(notice, layout_of(notice), notice->arg[2]);
}

static int64_t
on_fstatat(const struct notice *notice)
{
	if (is_empty(notice, notice->arg[1], notice->arg[3])) {
		return with_device(notice, (int)notice->arg[0], tell_status_at);
	}
	return device_at(notice, notice->arg[1]) < 0
		   ? NOTICE_PASS
		   : tell_status_at(notice, -1);
}

static int64_t
tell_statx(const struct notice *notice, int fd)
{
	return tell_status(notice, TARGET_STATX, notice->arg[4]);
}

static int64_t
on_statx(const struct notice *notice)
{
	if (is_empty(notice, notice->arg[1], notice->arg[2])) {
		return with_device(notice, (int)notice->arg[0], tell_statx);
	}
	return device_at(notice, notice->arg[1]) < 0 ? NOTICE_PASS
						     : tell_statx(notice, -1);
}

static int64_t
allow(uint64_t mode)
{
	return (mode & X_OK) != 0 ? -EACCES : 0;
}

static int64_t
on_access(const struct notice *notice)
{
	return device_at(notice, notice->arg[0]) < 0 ? NOTICE_PASS
						     : allow(notice->arg[1]);
}

static int64_t
on_faccessat(const struct notice *notice)
{
	return device_at(notice, notice->arg[1]) < 0 ? NOTICE_PASS
						     : allow(notice->arg[2]);
}

/* --- reading -------------------------------------------------------------- */

/* Whether that descriptor is among those that are open for reading. */
static bool
is_reserved(const struct notice *notice, int number)
{
	return number >= notice->supervisor->reserved &&
	       number < notice->supervisor->reserved + FILTER_RESERVED_COUNT;
}

static int64_t
reading(const struct notice *notice, int fd)
{
	(void)serve_reading(notice->supervisor->serve, fd);
	return NOTICE_PASS;
}

/*
 * read(), and dup() too: what happens to the copy, which is not reserved,
 * isn't told.
 */
static int64_t
on_read(const struct notice *notice)
{
	return with_device(notice, (int)notice->arg[0], reading);
}

static int64_t
on_fcntl(const struct notice *notice)
{
	return notice->arg[1] == F_DUPFD || notice->arg[1] == F_DUPFD_CLOEXEC
		   ? on_read(notice)
		   : NOTICE_PASS;
}

static int64_t
on_poll(const struct notice *notice)
{
	struct pollfd list[POLL_PIECE];
	uint64_t address = notice->arg[0];
	uint32_t left = (uint32_t)notice->arg[1];

	while (left > 0) {
		uint32_t count = left < POLL_PIECE ? left : POLL_PIECE;

		if (notice_read(notice, address, list,
			count * sizeof(list[0])) != 0) {
			break;
		}
		for (uint32_t i = 0; i < count; i++) {
			if (is_reserved(notice, list[i].fd) &&
			    (list[i].events & (POLLIN | POLLRDNORM)) != 0) {
				(void)with_device(notice, list[i].fd, reading);
			}
		}
		address += count * sizeof(list[0]);
		left -= count;
	}
	return NOTICE_PASS;
}

/* The reserved ones are one word of 64 bits of a set. */
static int64_t
on_select(const struct notice *notice)
{
	const int first = notice->supervisor->reserved;
	uint64_t word = 0;

	_Static_assert(FILTER_RESERVED_COUNT == 8 * sizeof(word), "one word");
	if ((int)notice->arg[0] <= first || notice->arg[1] == 0 ||
	    notice_read(notice, notice->arg[1] + (uint64_t)first / 8, &word,
		sizeof(word)) != 0) {
		return NOTICE_PASS;
	}
	for (int i = 0; word != 0; i++, word >>= 1) {
		if ((word & 1) != 0 && first + i < (int)notice->arg[0]) {
			(void)with_device(notice, first + i, reading);
		}
	}
	return NOTICE_PASS;
}

static int64_t
on_epoll_ctl(const struct notice *notice)
{
	uint32_t events = 0;

	if (notice->arg[1] == EPOLL_CTL_DEL ||
	    notice_read(notice, notice->arg[3], &events, sizeof(events)) != 0 ||
	    (events & (EPOLLIN | EPOLLRDNORM)) == 0) {
		return NOTICE_PASS;
	}
	return with_device(notice, (int)notice->arg[2], reading);
}

/* --- the table ------------------------------------------------------------ */

/*
 * Only one machine's numbers have names in a header: the 32-bit ones, and by
 * them those of the 64-bit interface that came later, are from the kernel's
 * tables, which never change.
 */
static const struct call {
	struct filter_row row;
	int64_t (*judge)(const struct notice *notice);
} calls[] = {
	{ { SYS_open, 5, FILTER_ALWAYS, 0 }, on_open },
	{ { SYS_openat, 295, FILTER_ALWAYS, 0 }, on_openat },
	{ { SYS_openat2, 437, FILTER_ALWAYS, 0 }, on_openat2 },
	{ { SYS_creat, 8, FILTER_ALWAYS, 0 }, on_creat },
	{ { SYS_ioctl, 54, FILTER_SOUND, 0 }, on_ioctl },
	{ { SYS_mmap, 192, FILTER_FILE, 0 }, on_mmap },
	{ { FILTER_NONE, 90, FILTER_ALWAYS, 0 }, on_old_mmap },
	{ { SYS_stat, 195, FILTER_ALWAYS, 0 }, on_stat },
	{ { SYS_lstat, 196, FILTER_ALWAYS, 0 }, on_stat },
	{ { SYS_fstat, 197, FILTER_ALWAYS, 0 }, on_fstat },
	{ { SYS_newfstatat, 300, FILTER_ALWAYS, 0 }, on_fstatat },
	{ { SYS_statx, 383, FILTER_ALWAYS, 0 }, on_statx },
	{ { SYS_access, 33, FILTER_ALWAYS, 0 }, on_access },
	{ { SYS_faccessat, 307, FILTER_ALWAYS, 0 }, on_faccessat },
	{ { SYS_faccessat2, 439, FILTER_ALWAYS, 0 }, on_faccessat },
	{ { SYS_read, 3, FILTER_RESERVED, 0 }, on_read },
	{ { SYS_readv, 145, FILTER_RESERVED, 0 }, on_read },
	{ { SYS_dup, 41, FILTER_RESERVED, 0 }, on_read },
	{ { SYS_dup2, 63, FILTER_RESERVED, 0 }, on_read },
	{ { SYS_dup3, 330, FILTER_RESERVED, 0 }, on_read },
	{ { SYS_fcntl, 55, FILTER_RESERVED, 0 }, on_fcntl },
	{ { FILTER_NONE, 221, FILTER_RESERVED, 0 }, on_fcntl }, /* fcntl64 */
	{ { SYS_poll, 168, FILTER_ALWAYS, 0 }, on_poll },
	{ { SYS_ppoll, 309, FILTER_ALWAYS, 0 }, on_poll },
	{ { FILTER_NONE, 414, FILTER_ALWAYS, 0 }, on_poll }, /* ppoll_time64 */
	{ { SYS_select, 142, FILTER_ALWAYS, 0 }, on_select },
	{ { SYS_pselect6, 308, FILTER_ALWAYS, 0 }, on_select },
	{ { FILTER_NONE, 413, FILTER_ALWAYS, 0 }, on_select }, /* pselect6 */
	{ { SYS_epoll_ctl, 255, FILTER_RESERVED, 2 }, on_epoll_ctl },
};

size_t
calls_count(void)
{
	return sizeof(calls) / sizeof(calls[0]);
}

const struct filter_row *
calls_row(size_t i)
{
	return &calls[i].row;
}

int64_t
calls_judge(const struct notice *notice)
{
	for (size_t i = 0; i < calls_count(); i++) {
		int number =
		    notice->wide ? calls[i].row.wide : calls[i].row.narrow;

		if (number == notice->number) {
			return calls[i].judge(notice);
		}
	}
	return NOTICE_PASS;
}
