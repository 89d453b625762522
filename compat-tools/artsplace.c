#include "compat-tools/artsplace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

/* The value of a variable that is neither missing nor empty, or NULL. */
static const char *
value_of(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* --- /tmp/mcop-$LOGNAME ------------------------------------------------- */

static bool
put_name(char *path, const char *name, bool escaped)
{
	size_t used = (size_t)snprintf(path, ARTSPLACE_PATH_MAX, "/tmp/mcop-");

	for (; *name != '\0' && used + 4 < ARTSPLACE_PATH_MAX; name++) {
		bool odd = escaped && strchr(PLAIN, *name) == NULL;

		used += (size_t)snprintf(path + used, ARTSPLACE_PATH_MAX - used,
		    odd ? "=%02X" : "%c", (unsigned char)*name);
	}
	/* Unescaped it might lead anywhere. */
	return *name == '\0' &&
	       strchr(path + strlen("/tmp/mcop-"), '/') == NULL;
}

/* --- KDE's directory ---------------------------------------------------- */

/* KDEHOME, or for root KDEROOTHOME, else ~/.kde; "~" is HOME. */
static bool
put_kde(char *path)
{
	const char *kde = value_of(geteuid() == 0 ? "KDEROOTHOME" : "KDEHOME");
	const char *home = value_of("HOME");
	int length;

	if (kde == NULL) {
		kde = "~/.kde";
	}
	if (kde[0] == '~' && home == NULL) {
		return false;
	}
	length = kde[0] == '~'
		     ? snprintf(path, ARTSPLACE_PATH_MAX, "%s%s", home, kde + 1)
		     : snprintf(path, ARTSPLACE_PATH_MAX, "%s", kde);
	if (length < 1 || length >= ARTSPLACE_PATH_MAX) {
		return false;
	}
	if (path[length - 1] == '/') {
		path[length - 1] = '\0';
	}
	return true;
}

/* Of a link: it must lead to where KDE makes such directories for its user. */
static bool
is_expected(const char *target)
{
	const char *tmp = value_of("KDETMP");
	const struct passwd *user = getpwuid(getuid());
	char expected[ARTSPLACE_PATH_MAX];
	int length;

	if (tmp == NULL) {
		tmp = value_of("TMPDIR");
	}
	length = snprintf(expected, sizeof(expected), "%s/ksocket-%s",
	    tmp != NULL ? tmp : "/tmp", user != NULL ? user->pw_name : "");
	return user != NULL && length < (int)sizeof(expected) &&
	       strncmp(target, expected, (size_t)length) == 0;
}

static bool
put_late(char *path)
{
	char kde[ARTSPLACE_PATH_MAX], host[HOST_NAME_MAX + 1] = "";
	char link[ARTSPLACE_PATH_MAX + sizeof(host) + sizeof("/socket-")];
	ssize_t length;

	if (!put_kde(kde) || gethostname(host, sizeof(host) - 1) != 0) {
		return false;
	}
	(void)snprintf(link, sizeof(link), "%s/socket-%s", kde, host);
	length = readlink(link, path, ARTSPLACE_PATH_MAX - 1);
	if (length >= 0) {
		path[length] = '\0';
		return is_expected(path);
	}
	return snprintf(path, ARTSPLACE_PATH_MAX, "%s", link) <
	       ARTSPLACE_PATH_MAX;
}

unsigned
artsplace_directories(char paths[ARTSPLACE_TRIES][ARTSPLACE_PATH_MAX])
{
	const char *name = getenv("LOGNAME");
	unsigned count = 0;

	if (name == NULL) {
		name = "unknown";
	}
	count += put_name(paths[count], name, true);
	if (name[strspn(name, PLAIN)] != '\0') {
		count += put_name(paths[count], name, false);
	}
	count += put_late(paths[count]);
	return count;
}

/* --- files in it -------------------------------------------------------- */

static int
open_directory(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0) {
		return errno == ELOOP || errno == ENOTDIR ? -EPERM : -errno;
	}
	if (fstat(fd, &st) != 0 || st.st_uid != getuid() ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		(void)close(fd);
		return -EPERM;
	}
	return fd;
}

static int
read_whole(int fd, char *text)
{
	size_t used = 0;
	ssize_t got;

	while ((got = read(fd, text + used, ARTSPLACE_FILE_MAX - used)) > 0) {
		used += (size_t)got;
	}
	if (got < 0) {
		return -errno;
	}
	if (used == ARTSPLACE_FILE_MAX) {
		return -EFBIG;
	}
	text[used] = '\0';
	return 0;
}

int
artsplace_read(const char *directory, const char *name, char *text)
{
	int error = -EINVAL;
	struct stat st;
	int at = open_directory(directory);
	int fd;

	if (at < 0) {
		return at;
	}
	fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		error = -errno;
	} else if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		error = read_whole(fd, text);
	}
	(void)close(at);
	if (fd >= 0) {
		(void)close(fd);
	}
	return error;
}
