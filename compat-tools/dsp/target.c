#include "compat-tools/dsp/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define STAND_IN "/dev/null"
#define PAGE	 4096 /* no larger than any; texts are read in such pieces */

/* --- memory --------------------------------------------------------------- */

/* Another process' addresses are numbers here, and pointers to the kernel. */
static struct iovec
there(uint64_t address, size_t bytes)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr) */
	return (struct iovec){ (void *)(uintptr_t)address, bytes };
}

int
target_read(pid_t thread, uint64_t address, void *copy, size_t bytes)
{
	struct iovec to = { copy, bytes }, from = there(address, bytes);
	ssize_t got = process_vm_readv(thread, &to, 1, &from, 1, 0);

	if (got < 0) {
		return -errno;
	}
	return (size_t)got == bytes ? 0 : -EFAULT;
}

int
target_write(pid_t thread, uint64_t address, void *copy, size_t bytes)
{
	struct iovec from = { copy, bytes }, to = there(address, bytes);
	ssize_t put = process_vm_writev(thread, &from, 1, &to, 1, 0);

	if (put < 0) {
		return -errno;
	}
	return (size_t)put == bytes ? 0 : -EFAULT;
}

/* What follows the text may be no memory at all: never across a page's end. */
int
target_text(pid_t thread, uint64_t address, char *text, size_t room)
{
	while (room > 0) {
		size_t piece = PAGE - (size_t)(address % PAGE);
		int error;

		if (piece > room) {
			piece = room;
		}
		error = target_read(thread, address, text, piece);
		if (error != 0) {
			return error;
		}
		if (memchr(text, '\0', piece) != NULL) {
			return 0;
		}
		text += piece;
		address += piece;
		room -= piece;
	}
	return -ENAMETOOLONG;
}

/* --- descriptors ---------------------------------------------------------- */

/*
 * The number that follows a word at the beginning of a line in one of the
 * kernel's files about a thread; -1: there is none.
 */
static long
read_number(const char *path, const char *word, int base)
{
	char line[128];
	long number = -1;
	FILE *file = fopen(path, "re");

	if (file == NULL) {
		return -1;
	}
	while (number < 0 && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, word, strlen(word)) == 0) {
			number = strtol(line + strlen(word), NULL, base);
		}
	}
	(void)fclose(file);
	return number;
}

int
target_open(pid_t thread)
{
	/* It is the process' first thread, as a rule. */
	long fd = syscall(SYS_pidfd_open, thread, 0);

	if (fd < 0) {
		char path[64];
		long process;

		(void)snprintf(path, sizeof(path), "/proc/%d/status",
		    (int)thread);
		process = read_number(path, "Tgid:", 10);
		if (process <= 0) {
			return -ESRCH;
		}
		fd = syscall(SYS_pidfd_open, process, 0);
	}
	return fd < 0 ? -errno : (int)fd;
}

int
target_fd(int pidfd, int number)
{
	long fd = syscall(SYS_pidfd_getfd, pidfd, number, 0);

	return fd < 0 ? -errno : (int)fd;
}

bool
target_is_cloexec(pid_t thread, int number)
{
	char path[64];
	long flags;

	(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)thread,
	    number);
	flags = read_number(path, "flags:", 8);
	return flags >= 0 && (flags & O_CLOEXEC) != 0;
}

/* --- struct stat ---------------------------------------------------------- */

/* struct stat64 of the kernel's 32-bit interface, which has no gaps. */
struct __attribute__((packed)) status_32 {
	uint64_t dev;
	uint32_t unused_1;
	uint32_t short_ino;
	uint32_t mode, links, uid, gid;
	uint64_t rdev;
	uint32_t unused_2;
	int64_t size;
	uint32_t block_bytes;
	uint64_t blocks;
	uint32_t access_s, access_ns, modify_s, modify_ns, change_s, change_ns;
	uint64_t ino;
};
_Static_assert(sizeof(struct status_32) == 96, "as the kernel has it");

static void
narrow(const struct stat *from, struct status_32 *to)
{
	*to = (struct status_32){
		.dev = from->st_dev,
		.short_ino = (uint32_t)from->st_ino,
		.mode = from->st_mode,
		.links = (uint32_t)from->st_nlink,
		.uid = from->st_uid,
		.gid = from->st_gid,
		.rdev = from->st_rdev,
		.size = from->st_size,
		.block_bytes = (uint32_t)from->st_blksize,
		.blocks = (uint64_t)from->st_blocks,
		.access_s = (uint32_t)from->st_atim.tv_sec,
		.access_ns = (uint32_t)from->st_atim.tv_nsec,
		.modify_s = (uint32_t)from->st_mtim.tv_sec,
		.modify_ns = (uint32_t)from->st_mtim.tv_nsec,
		.change_s = (uint32_t)from->st_ctim.tv_sec,
		.change_ns = (uint32_t)from->st_ctim.tv_nsec,
		.ino = from->st_ino,
	};
}

/* Of the 64-bit interface, libc's and the kernel's layouts are the same. */
int
target_status(enum target_layout layout, uint8_t status[TARGET_STATUS_MAX])
{
	struct stat wide;
	struct status_32 small;
	struct statx extended;
	const void *from = &wide;
	size_t bytes = sizeof(wide);

	if (stat(STAND_IN, &wide) != 0 ||
	    statx(AT_FDCWD, STAND_IN, 0, STATX_BASIC_STATS, &extended) != 0) {
		return -errno;
	}
	if (layout == TARGET_STAT64_32) {
		narrow(&wide, &small);
		from = &small;
		bytes = sizeof(small);
	} else if (layout == TARGET_STATX) {
		from = &extended;
		bytes = sizeof(extended);
	}
	_Static_assert(sizeof(wide) <= TARGET_STATUS_MAX &&
			   sizeof(extended) <= TARGET_STATUS_MAX,
	    "there is room");
	memcpy(status, from, bytes);
	return (int)bytes;
}
