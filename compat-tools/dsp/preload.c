/* libesddsp.so: what makes a descriptor a device, and what is asked of it. */
#include "compat-tools/dsp/preload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "compat-tools/dsp/ask.h"
#include "compat-tools/dsp/node.h"

/* Names that libc exports and no header declares. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c) */
int __open(const char *path, int flags, ...);
int __open64(const char *path, int flags, ...);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int directory, const char *path, int flags);
int __openat64_2(int directory, const char *path, int flags);
int __ioctl_time64(int fd, unsigned long request, ...);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c) */

int
preload_device(const char *path)
{
	return node_find(path, getenv("ESDDSP_DEVICES"));
}

/* 0 or more, or -1 and errno. */
static int
answer(int result)
{
	if (result < 0) {
		errno = -result;
		return -1;
	}
	return result;
}

/* --- open ----------------------------------------------------------------- */

/* Whether the path is a device, which is then opened. */
static bool
opened(const char *path, int flags, int *fd)
{
	int device;

	if (path == NULL || (flags & O_PATH) != 0) {
		return false;
	}
	device = preload_device(path);
	if (device < 0) {
		return false;
	}
	*fd = answer(ask_open((enum door_device)device, flags));
	return true;
}

/* The argument that only those flags bring along. */
#define MODE(flags, mode)                                                      \
	do {                                                                   \
		if (((flags)&O_CREAT) != 0 ||                                  \
		    ((flags)&O_TMPFILE) == O_TMPFILE) {                        \
			va_list rest;                                          \
			va_start(rest, flags);                                 \
			(mode) = va_arg(rest, mode_t);                         \
			va_end(rest);                                          \
		}                                                              \
	} while (0)

#define OPEN(name)                                                             \
	int name(const char *path, int flags, ...)                             \
	{                                                                      \
		static next_function *slot;                                    \
		mode_t mode = 0;                                               \
		int fd;                                                        \
                                                                               \
		if (opened(path, flags, &fd)) {                                \
			return fd;                                             \
		}                                                              \
		MODE(flags, mode);                                             \
		return NEXT(name, slot)(path, flags, mode);                    \
	}

#define OPENAT(name)                                                           \
	int name(int directory, const char *path, int flags, ...)              \
	{                                                                      \
		static next_function *slot;                                    \
		mode_t mode = 0;                                               \
		int fd;                                                        \
                                                                               \
		if (opened(path, flags, &fd)) {                                \
			return fd;                                             \
		}                                                              \
		MODE(flags, mode);                                             \
		return NEXT(name, slot)(directory, path, flags, mode);         \
	}

#define OPEN_2(name)                                                           \
	int name(const char *path, int flags)                                  \
	{                                                                      \
		static next_function *slot;                                    \
		int fd;                                                        \
                                                                               \
		return opened(path, flags, &fd)                                \
			   ? fd                                                \
			   : NEXT(name, slot)(path, flags);                    \
	}

#define OPENAT_2(name)                                                         \
	int name(int directory, const char *path, int flags)                   \
	{                                                                      \
		static next_function *slot;                                    \
		int fd;                                                        \
                                                                               \
		return opened(path, flags, &fd)                                \
			   ? fd                                                \
			   : NEXT(name, slot)(directory, path, flags);         \
	}

#define CREAT(name)                                                            \
	int name(const char *path, mode_t mode)                                \
	{                                                                      \
		static next_function *slot;                                    \
		int fd;                                                        \
                                                                               \
		return opened(path, O_CREAT | O_WRONLY | O_TRUNC, &fd)         \
			   ? fd                                                \
			   : NEXT(name, slot)(path, mode);                     \
	}

OPEN(open)
OPEN(open64)
OPEN(__open)
OPEN(__open64)
OPENAT(openat)
OPENAT(openat64)
OPEN_2(__open_2)
OPEN_2(__open64_2)
OPENAT_2(__openat_2)
OPENAT_2(__openat64_2)
CREAT(creat)
CREAT(creat64)

/* --- fopen ---------------------------------------------------------------- */

/* What open() is given for that mode; -1: no such mode. */
static int
flags_of(const char *mode)
{
	int flags;

	switch (mode[0]) {
	case 'r':
		flags = O_RDONLY;
		break;
	case 'w':
	case 'a':
		flags = O_WRONLY;
		break;
	default:
		return -1;
	}
	if (strchr(mode, '+') != NULL) {
		flags = O_RDWR;
	}
	return strchr(mode, 'e') != NULL ? flags | O_CLOEXEC : flags;
}

static FILE *
open_file(const char *path, const char *mode)
{
	int flags = flags_of(mode), fd;
	FILE *file;

	if (flags < 0) {
		errno = EINVAL;
		return NULL;
	}
	if (!opened(path, flags, &fd) || fd < 0) {
		return NULL;
	}
	file = fdopen(fd, mode);
	if (file == NULL) {
		int error = errno;

		(void)close(fd);
		errno = error;
	}
	return file;
}

#define FOPEN(name)                                                            \
	FILE *name(const char *path, const char *mode)                         \
	{                                                                      \
		static next_function *slot;                                    \
                                                                               \
		return preload_device(path) >= 0                               \
			   ? open_file(path, mode)                             \
			   : NEXT(name, slot)(path, mode);                     \
	}

FOPEN(fopen)
FOPEN(fopen64)

/* --- ioctl ---------------------------------------------------------------- */

/* OSS has these types for sound; any other request is libc's at once. */
static bool
is_sound(unsigned long request)
{
	switch (_IOC_TYPE(request)) {
	case 'P':
	case 'M':
	case 'X':
		return true;
	default:
		return false;
	}
}

#define IOCTL(name)                                                            \
	int name(int fd, unsigned long request, ...)                           \
	{                                                                      \
		static next_function *slot;                                    \
		va_list rest;                                                  \
		void *argument;                                                \
                                                                               \
		va_start(rest, request);                                       \
		argument = va_arg(rest, void *);                               \
		va_end(rest);                                                  \
		return is_sound(request) && ask_is_device(fd)                  \
			   ? answer(                                           \
				 ask_ioctl(fd, (uint32_t)request, argument))   \
			   : NEXT(name, slot)(fd, request, argument);          \
	}

IOCTL(ioctl)
IOCTL(__ioctl_time64)

/* --- mmap ----------------------------------------------------------------- */

/*
 * Whether it is a device's ring that is to be mapped: fd is then the memfd to
 * map in its place, and to be closed, or -1 and errno.  Nobody means a private
 * copy of a ring.
 */
static bool
found_ring(size_t length, int prot, int *flags, int *fd, bool at_start)
{
	unsigned access = ((prot & PROT_READ) != 0 ? DOOR_READ : 0U) |
			  ((prot & PROT_WRITE) != 0 ? DOOR_WRITE : 0U);

	if (*fd < 0 || (*flags & MAP_ANONYMOUS) != 0 || !ask_is_device(*fd)) {
		return false;
	}
	*fd = answer(!at_start || length > UINT32_MAX
			 ? -EINVAL
			 : ask_map(*fd, (uint32_t)length, access));
	*flags = (*flags & ~MAP_TYPE) | MAP_SHARED;
	return true;
}

#define MMAP(name, offset_type)                                                \
	void *name(void *address, size_t length, int prot, int flags, int fd,  \
	    offset_type offset)                                                \
	{                                                                      \
		static next_function *slot;                                    \
		void *mapped;                                                  \
                                                                               \
		if (!found_ring(length, prot, &flags, &fd, offset == 0)) {     \
			return NEXT(name, slot)(address, length, prot, flags,  \
			    fd, offset);                                       \
		}                                                              \
		if (fd < 0) {                                                  \
			return MAP_FAILED;                                     \
		}                                                              \
		mapped = NEXT(name, slot)(address, length, prot, flags, fd,    \
		    offset);                                                   \
		(void)close(fd);                                               \
		return mapped;                                                 \
	}

MMAP(mmap, off_t)
MMAP(mmap64, off64_t)
