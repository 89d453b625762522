#include "server/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LOCK_PATH_MAX (LISTENER_PATH_MAX + 5)

/*
 * A server that goes removes its files and directory while we look at them:
 * then we look again, at most that often.
 */
#define OPEN_TRIES 10

_Static_assert(LISTENER_PATH_MAX == sizeof(((struct sockaddr_un *)0)->sun_path),
    "a path fits its address");

static int
fail(int error, const char *path, const char *what, char *why, size_t why_size)
{
	snprintf(why, why_size, "%s: %s%s%s", path, what != NULL ? what : "",
	    what != NULL ? ": " : "", strerror(-error));
	return error;
}

static void
lock_path(const struct listener *listener, char path[LOCK_PATH_MAX])
{
	snprintf(path, LOCK_PATH_MAX, "%s.lock", listener->path);
}

/* The directory of a path; "." where it names none. */
static void
directory_of(const char *path, char directory[LISTENER_PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL) {
		memcpy(directory, ".", sizeof("."));
		return;
	}
	size_t n = slash == path ? 1 : (size_t)(slash - path);
	memcpy(directory, path, n);
	directory[n] = '\0';
}

/* Nobody but us may be able to put files there, or to exchange ours. */
static int
check_directory(const char *directory, char *why, size_t why_size)
{
	struct stat st;

	if (lstat(directory, &st) != 0) {
		return fail(-errno, directory, NULL, why, why_size);
	}
	if (!S_ISDIR(st.st_mode)) {
		snprintf(why, why_size,
		    "%s: not a directory (links are not followed); move it "
		    "away or use another",
		    directory);
		return -ENOTDIR;
	}
	if (st.st_uid != geteuid() && st.st_uid != 0) {
		snprintf(why, why_size,
		    "%s: belongs to user %u, not to us; use a directory of "
		    "our own",
		    directory, (unsigned)st.st_uid);
		return -EPERM;
	}
	if (st.st_mode & (S_IWGRP | S_IWOTH)) {
		snprintf(why, why_size,
		    "%s: others can write there (mode %04o); use a directory "
		    "that only we can write",
		    directory, (unsigned)st.st_mode & 07777U);
		return -EPERM;
	}
	return 0;
}

static int
make_directory(struct listener *listener, char *why, size_t why_size)
{
	char directory[LISTENER_PATH_MAX];

	directory_of(listener->path, directory);
	if (mkdir(directory, S_IRWXU) == 0) {
		listener->made_directory = true;
	} else if (errno != EEXIST) {
		int error = -errno;

		snprintf(why, why_size,
		    "%s: cannot be made: %s; make it, or use another path",
		    directory, strerror(-error));
		return error;
	}
	return check_directory(directory, why, why_size);
}

static int
say_live(const struct listener *listener, char *why, size_t why_size)
{
	snprintf(why, why_size,
	    "%s: another server answers there; stop it first", listener->path);
	return -EADDRINUSE;
}

/*
 * Takes the lock beside the socket.  -EAGAIN: its owner removed it meanwhile,
 * so that what we locked is not what the next one will lock.
 */
static int
take_lock(struct listener *listener, char *why, size_t why_size)
{
	char path[LOCK_PATH_MAX];
	struct stat ours, theirs;

	lock_path(listener, path);
	int fd =
	    open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
		S_IRUSR | S_IWUSR);
	if (fd < 0) {
		return errno == ENOENT ? -EAGAIN
				       : fail(-errno, path, "cannot be opened",
					     why, why_size);
	}
	int error = 0;
	if (fstat(fd, &ours) != 0 || !S_ISREG(ours.st_mode)) {
		snprintf(why, why_size, "%s: not a file; move it away", path);
		error = -EEXIST;
	} else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		error =
		    errno == EWOULDBLOCK
			? say_live(listener, why, why_size)
			: fail(-errno, path, "cannot be locked", why, why_size);
	} else if (lstat(path, &theirs) != 0 || ours.st_ino != theirs.st_ino ||
		   ours.st_dev != theirs.st_dev) {
		error = -EAGAIN;
	}
	if (error < 0) {
		close(fd);
		return error;
	}
	listener->lock_fd = fd;
	return 0;
}

static struct sockaddr_un
address_of(const struct listener *listener)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memcpy(address.sun_path, listener->path, sizeof(address.sun_path));
	return address;
}

static int
open_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		return -errno;
	}
	return fd;
}

int
listener_probe(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		return -ENAMETOOLONG;
	}
	memcpy(address.sun_path, path, strlen(path));
	fd = open_socket();

	if (fd < 0) {
		return fd;
	}
	int error = 0;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 &&
	    errno != EAGAIN) { /* a full backlog is somebody's */
		error = -errno;
	}
	close(fd);
	return error;
}

/* Removes a socket that nobody answers on, and only that. */
static int
clear_stale(const struct listener *listener, char *why, size_t why_size)
{
	struct stat st;

	if (lstat(listener->path, &st) != 0) {
		return errno == ENOENT
			   ? 0
			   : fail(-errno, listener->path, NULL, why, why_size);
	}
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(why, why_size,
		    "%s: not a socket; move it away or use another path",
		    listener->path);
		return -EEXIST;
	}
	/* A server that holds no lock (an original one) may live there. */
	int error = listener_probe(listener->path);
	if (error == 0) {
		return say_live(listener, why, why_size);
	}
	if (error == -ENOENT) {
		return 0;
	}
	if (error != -ECONNREFUSED) {
		return fail(error, listener->path, "cannot tell who owns it",
		    why, why_size);
	}
	if (unlink(listener->path) != 0 && errno != ENOENT) {
		return fail(-errno, listener->path, "stale, but stays", why,
		    why_size);
	}
	return 0;
}

static int
bind_socket(struct listener *listener, char *why, size_t why_size)
{
	struct sockaddr_un address = address_of(listener);
	struct stat st;
	int fd = open_socket();

	if (fd < 0) {
		return fail(fd, listener->path, "no socket", why, why_size);
	}
	/* Mode 0600 from the first moment on, whatever the umask was. */
	mode_t mask = umask(S_IXUSR | S_IRWXG | S_IRWXO);
	int bound = bind(fd, (struct sockaddr *)&address, sizeof(address));
	int error = bound != 0 ? -errno : 0;
	umask(mask);
	if (error < 0) {
		close(fd);
		return fail(error, listener->path, "cannot be bound", why,
		    why_size);
	}
	if (listen(fd, LISTENER_BACKLOG) != 0 ||
	    lstat(listener->path, &st) != 0) {
		error = fail(-errno, listener->path, "cannot listen", why,
		    why_size);
		unlink(listener->path);
		close(fd);
		return error;
	}
	listener->device = st.st_dev;
	listener->inode = st.st_ino;
	listener->fd = fd;
	return 0;
}

/* One try; -EAGAIN: a server that goes took something away under us. */
static int
try_open(struct listener *listener, char *why, size_t why_size)
{
	int error = make_directory(listener, why, why_size);
	if (error == -ENOENT) {
		return -EAGAIN;
	}
	if (error == 0) {
		error = take_lock(listener, why, why_size);
	}
	if (error == 0) {
		error = clear_stale(listener, why, why_size);
	}
	if (error == 0) {
		error = bind_socket(listener, why, why_size);
	}
	if (error < 0) {
		listener_close(listener);
	}
	return error;
}

int
listener_open(struct listener *listener, const char *path, char *why,
    size_t why_size)
{
	size_t n = strlen(path);

	memset(listener, 0, sizeof(*listener));
	listener->fd = listener->lock_fd = -1;
	if (n >= LISTENER_PATH_MAX) {
		snprintf(why, why_size,
		    "%s: a socket's path has at most %d bytes; use a shorter "
		    "one",
		    path, LISTENER_PATH_MAX - 1);
		return -ENAMETOOLONG;
	}
	if (n == 0 || path[n - 1] == '/') {
		snprintf(why, why_size,
		    "'%s': names no socket; add a file name", path);
		return -EINVAL;
	}
	memcpy(listener->path, path, n + 1);

	snprintf(why, why_size,
	    "%s: another server starts or stops there; try again", path);
	int error = -EAGAIN;
	for (int i = 0; error == -EAGAIN && i < OPEN_TRIES; i++) {
		error = try_open(listener, why, why_size);
	}
	return error;
}

int
listener_share(const struct listener *listener, const struct access *access,
    char *why, size_t why_size)
{
	const mode_t seen = S_IRWXU | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH;
	char directory[LISTENER_PATH_MAX];

	if (access->who == ACCESS_OWN) {
		return 0;
	}
	if (access->who == ACCESS_GROUP &&
	    lchown(listener->path, (uid_t)-1, access->group) != 0) {
		int error = -errno;

		snprintf(why, why_size,
		    "%s: cannot be given to group %u: %s; start esdmixd as a "
		    "member of it, or use another socket-group",
		    listener->path, (unsigned)access->group, strerror(-error));
		return error;
	}
	directory_of(listener->path, directory);
	if (chmod(listener->path, access_mode(access)) != 0 ||
	    (listener->made_directory && chmod(directory, seen) != 0)) {
		return fail(-errno, listener->path,
		    "cannot be opened to others", why, why_size);
	}
	return 0;
}

static void
remove_socket(const struct listener *listener)
{
	struct stat st;

	if (listener->fd >= 0 && lstat(listener->path, &st) == 0 &&
	    st.st_dev == listener->device && st.st_ino == listener->inode) {
		unlink(listener->path);
	}
}

void
listener_close(struct listener *listener)
{
	char path[LOCK_PATH_MAX];

	/* The lock goes last, so that nobody finds half of us. */
	remove_socket(listener);
	if (listener->fd >= 0) {
		close(listener->fd);
	}
	if (listener->lock_fd >= 0) {
		lock_path(listener, path);
		unlink(path);
	}
	if (listener->made_directory) {
		directory_of(listener->path, path);
		rmdir(path); /* stays if somebody else uses it */
	}
	if (listener->lock_fd >= 0) {
		close(listener->lock_fd);
	}
	listener->fd = listener->lock_fd = -1;
	listener->made_directory = false;
}
