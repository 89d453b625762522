/*
 * libesddsp.so: devices that this machine doesn't have are there, as character
 * devices that everybody may read and write.  /dev/null is asked in their
 * place, so that every layout of struct stat is libc's affair.
 */
#include "compat-tools/dsp/preload.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compat-tools/dsp/ask.h"

/*
 * Names that libc exports and no header declares: those of programs linked
 * before 2.33, whose first argument is a version, and those of 32-bit programs
 * with 64-bit times.
 */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c) */
int __xstat(int version, const char *path, void *status);
int __xstat64(int version, const char *path, void *status);
int __lxstat(int version, const char *path, void *status);
int __lxstat64(int version, const char *path, void *status);
int __fxstat(int version, int fd, void *status);
int __fxstat64(int version, int fd, void *status);
int __fxstatat(int version, int fd, const char *path, void *status, int flags);
int __fxstatat64(int version, int fd, const char *path, void *status,
    int flags);
int __stat64_time64(const char *path, void *status);
int __lstat64_time64(const char *path, void *status);
int __fstat64_time64(int fd, void *status);
int __fstatat64_time64(int fd, const char *path, void *status, int flags);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c) */

static const char stand_in[] = "/dev/null";

/* What is to be asked about in place of that path. */
static const char *
path_of(const char *path)
{
	return preload_device(path) >= 0 ? stand_in : path;
}

/* The same of calls which mean the descriptor where the path is empty. */
static const char *
path_at(int fd, const char *path, int flags)
{
	if ((flags & AT_EMPTY_PATH) != 0 && path != NULL && path[0] == '\0' &&
	    ask_is_device(fd)) {
		return stand_in;
	}
	return path_of(path);
}

#define STAT(name, type)                                                       \
	int name(const char *path, type *status)                               \
	{                                                                      \
		static next_function *slot;                                    \
                                                                               \
		return NEXT(name, slot)(path_of(path), status);                \
	}

/* by_path  the function that is given a path for it */
#define FSTAT(name, by_path, type)                                             \
	int name(int fd, type *status)                                         \
	{                                                                      \
		static next_function *slot, *other;                            \
                                                                               \
		return ask_is_device(fd)                                       \
			   ? NEXT(by_path, other)(stand_in, status)            \
			   : NEXT(name, slot)(fd, status);                     \
	}

#define FSTATAT(name, type)                                                    \
	int name(int fd, const char *path, type *status, int flags)            \
	{                                                                      \
		static next_function *slot;                                    \
                                                                               \
		return NEXT(name, slot)(fd, path_at(fd, path, flags), status,  \
		    flags);                                                    \
	}

STAT(stat, struct stat)
STAT(stat64, struct stat64)
STAT(lstat, struct stat)
STAT(lstat64, struct stat64)
FSTAT(fstat, stat, struct stat)
FSTAT(fstat64, stat64, struct stat64)
FSTATAT(fstatat, struct stat)
FSTATAT(fstatat64, struct stat64)
STAT(__stat64_time64, void)
STAT(__lstat64_time64, void)
FSTAT(__fstat64_time64, __stat64_time64, void)
FSTATAT(__fstatat64_time64, void)

#define XSTAT(name)                                                            \
	int name(int version, const char *path, void *status)                  \
	{                                                                      \
		static next_function *slot;                                    \
                                                                               \
		return NEXT(name, slot)(version, path_of(path), status);       \
	}

#define FXSTAT(name, by_path)                                                  \
	int name(int version, int fd, void *status)                            \
	{                                                                      \
		static next_function *slot, *other;                            \
                                                                               \
		return ask_is_device(fd)                                       \
			   ? NEXT(by_path, other)(version, stand_in, status)   \
			   : NEXT(name, slot)(version, fd, status);            \
	}

#define FXSTATAT(name)                                                         \
	int name(int version, int fd, const char *path, void *status,          \
	    int flags)                                                         \
	{                                                                      \
		static next_function *slot;                                    \
                                                                               \
		return NEXT(name, slot)(version, fd, path_at(fd, path, flags), \
		    status, flags);                                            \
	}

XSTAT(__xstat)
XSTAT(__xstat64)
XSTAT(__lxstat)
XSTAT(__lxstat64)
FXSTAT(__fxstat, __xstat)
FXSTAT(__fxstat64, __xstat64)
FXSTATAT(__fxstatat)
FXSTATAT(__fxstatat64)

int
statx(int fd, const char *path, int flags, unsigned mask, struct statx *status)
{
	static next_function *slot;

	return NEXT(statx, slot)(fd, path_at(fd, path, flags), flags, mask,
	    status);
}

#define ACCESS(name)                                                           \
	int name(const char *path, int mode)                                   \
	{                                                                      \
		static next_function *slot;                                    \
                                                                               \
		return NEXT(name, slot)(path_of(path), mode);                  \
	}

ACCESS(access)
ACCESS(eaccess)
ACCESS(euidaccess)

int
faccessat(int fd, const char *path, int mode, int flags)
{
	static next_function *slot;

	return NEXT(faccessat, slot)(fd, path_at(fd, path, flags), mode, flags);
}
