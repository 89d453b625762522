#include "server/cookie.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/*
 * Several programs may want the first key at once; who creates the file fills
 * it at once, and the others wait for that.
 */
#define COOKIE_TRIES   50
#define COOKIE_WAIT_NS 10000000L

#define PASSWD_MAX 4096 /* bytes of one entry's texts */

/* Whether `fd` is a file that only we can have written. */
static int
check_file(int fd, const char *path, char *why, size_t why_size)
{
	struct stat st;

	if (fstat(fd, &st) != 0) {
		int error = -errno;
		snprintf(why, why_size, "%s: %s", path, strerror(-error));
		return error;
	}
	if (!S_ISREG(st.st_mode)) {
		snprintf(why, why_size, "%s: not a regular file; move it away",
		    path);
		return -EINVAL;
	}
	if (st.st_uid != geteuid()) {
		snprintf(why, why_size,
		    "%s: belongs to user %u, not to us; move it away", path,
		    (unsigned)st.st_uid);
		return -EPERM;
	}
	if (st.st_mode & (S_IRWXG | S_IRWXO)) {
		snprintf(why, why_size,
		    "%s: open to other users (mode %03o); chmod 600 it", path,
		    (unsigned)st.st_mode & 0777U);
		return -EPERM;
	}
	return 0;
}

int
cookie_read(const char *path, uint8_t key[COOKIE_LEN], char *why,
    size_t why_size)
{
	/* O_NONBLOCK: a FIFO of that name must not hold us up. */
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		int error = -errno;
		snprintf(why, why_size, "%s: %s", path,
		    error == -ELOOP ? "a symbolic link; move it away"
				    : strerror(-error));
		return error;
	}

	int error = check_file(fd, path, why, why_size);
	if (error == 0) {
		ssize_t n = read(fd, key, COOKIE_LEN);
		if (n < 0) {
			error = -errno;
			snprintf(why, why_size, "%s: %s", path,
			    strerror(-error));
		} else if (n < COOKIE_LEN) {
			error = -EAGAIN;
			snprintf(why, why_size,
			    "%s: %zd bytes where a key has %d; remove it and "
			    "a new one is made",
			    path, n, COOKIE_LEN);
		}
	}
	close(fd);
	return error;
}

static int
random_key(uint8_t key[COOKIE_LEN])
{
	ssize_t n;

	do {
		n = getrandom(key, COOKIE_LEN, 0);
	} while (n < 0 && errno == EINTR);
	return n == COOKIE_LEN ? 0 : -EIO;
}

/* 0; -EEXIST: somebody was faster; else -errno. */
static int
make_key(const char *path, char *why, size_t why_size)
{
	uint8_t key[COOKIE_LEN];
	int error = random_key(key);
	if (error < 0) {
		snprintf(why, why_size, "%s: no random bytes to be had", path);
		return error;
	}

	int fd =
	    open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		S_IRUSR | S_IWUSR);
	if (fd < 0) {
		error = -errno;
		snprintf(why, why_size, "cannot make the key file %s: %s", path,
		    strerror(-error));
		return error;
	}
	/* Whatever the umask; and on the disk, or the next start finds it
	 * short. */
	errno = 0;
	if (fchmod(fd, S_IRUSR | S_IWUSR) != 0 ||
	    write(fd, key, COOKIE_LEN) != COOKIE_LEN || fsync(fd) != 0) {
		error = errno != 0 ? -errno : -ENOSPC;
		snprintf(why, why_size, "cannot write the key file %s: %s",
		    path, strerror(-error));
		unlink(path);
	}
	close(fd);
	return error;
}

int
cookie_load(const char *path, uint8_t key[COOKIE_LEN], char *why,
    size_t why_size)
{
	int error = -EAGAIN;

	for (int i = 0; i < COOKIE_TRIES; i++) {
		error = cookie_read(path, key, why, why_size);
		if (error == -ENOENT) {
			error = make_key(path, why, why_size);
			if (error < 0 && error != -EEXIST) {
				return error;
			}
			error = -EAGAIN; /* read what is there now */
		} else if (error == -EAGAIN) {
			struct timespec pause = { .tv_nsec = COOKIE_WAIT_NS };
			nanosleep(&pause, NULL);
		} else {
			return error;
		}
	}
	return error == -EAGAIN ? -EINVAL : error;
}

int
cookie_path(char *path, size_t size)
{
	const char *home = getenv("HOME");
	struct passwd entry;
	struct passwd *found = NULL;
	char texts[PASSWD_MAX];

	if (home == NULL || home[0] == '\0') {
		if (getpwuid_r(geteuid(), &entry, texts, sizeof(texts),
			&found) != 0 ||
		    found == NULL) {
			return -ENOENT;
		}
		home = entry.pw_dir;
	}
	int n = snprintf(path, size, "%s/.esd_auth", home);
	return n >= 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}

bool
cookie_is_equal(const uint8_t *a, const uint8_t *b)
{
	/* volatile: no early way out may be found for it */
	volatile uint8_t different = 0;

	for (size_t i = 0; i < COOKIE_LEN; i++) {
		different |= a[i] ^ b[i];
	}
	return different == 0;
}
