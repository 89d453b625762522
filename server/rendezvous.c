#include "server/rendezvous.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "protocols/mcop.h"
#include "server/log.h"

#define SUBJECT	   "arts"
#define LOCK_NAME  "esdmixd.lock"
#define COOKIE	   "secret-cookie"
#define NEW_SUFFIX ".new"
#define FILE_MAX   8191 /* bytes of a reference that a client reads */
#define OPEN_TRIES 10	/* see listener.c */
#define WHY_MAX	   512

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

/* All name one and the same object. */
static const char *const names[] = { "Arts_SoundServerV2", "Arts_SoundServer",
	"Arts_SimpleSoundServer", "Arts_PlayObjectFactory" };

#define NAMES (sizeof(names) / sizeof(names[0]))

static const struct rendezvous_directory closed = { .fd = -1, .lock_fd = -1 };

/* --- files in a directory ---------------------------------------------- */

/* A small file of ours, whole; its length, or -errno. */
static int
read_small(int directory, const char *name, char *text, size_t size)
{
	struct stat st;
	int fd = openat(directory, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		return -errno;
	}
	ssize_t n = -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_uid == geteuid()) {
		n = read(fd, text, size - 1);
	}
	close(fd);
	if (n < 0) {
		return -EINVAL;
	}
	text[n] = '\0';
	return (int)n;
}

/* Appears whole, in the place of what had that name; 0 or -errno. */
static int
write_small(int directory, const char *name, const char *text)
{
	char fresh[64];
	int error = 0;

	(void)snprintf(fresh, sizeof(fresh), "%s" NEW_SUFFIX, name);
	if (unlinkat(directory, fresh, 0) != 0 && errno != ENOENT) {
		return -errno;
	}
	int fd = openat(directory, fresh,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);
	if (fd < 0) {
		return -errno;
	}
	size_t n = strlen(text);
	if (write(fd, text, n) != (ssize_t)n) {
		error = errno != 0 ? -errno : -ENOSPC;
	}
	if (close(fd) != 0 && error == 0) {
		error = -errno;
	}
	if (error == 0 && renameat(directory, fresh, directory, name) != 0) {
		error = -errno;
	}
	if (error < 0) {
		(void)unlinkat(directory, fresh, 0);
	}
	return error;
}

static bool
is_cookie(const char *text, int length)
{
	return length == RENDEZVOUS_COOKIE_LEN &&
	       strlen(text) == RENDEZVOUS_COOKIE_LEN;
}

/* Keeps one that is there: clients may have read it. */
static int
keep_cookie(struct rendezvous_directory *directory)
{
	uint8_t random[RENDEZVOUS_COOKIE_LEN / 2];
	char text[RENDEZVOUS_COOKIE_LEN + 2] = "";

	if (is_cookie(text,
		read_small(directory->fd, COOKIE, text, sizeof(text)))) {
		return 0;
	}
	if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
		return -errno;
	}
	for (size_t i = 0; i < sizeof(random); i++) {
		(void)snprintf(text + 2 * i, 3, "%02x", random[i]);
	}
	directory->made_cookie = true;
	return write_small(directory->fd, COOKIE, text);
}

/* --- what another server left, or still uses ---------------------------- */

/* Removes a socket in this directory, and the lock beside it. */
static void
clear_socket(const struct rendezvous_directory *directory, const char *path)
{
	char name[LISTENER_PATH_MAX + 8];
	size_t n = strlen(directory->path);
	struct stat st;

	if (strncmp(path, directory->path, n) != 0 || path[n] != '/' ||
	    strchr(path + n + 1, '/') != NULL ||
	    fstatat(directory->fd, path + n + 1, &st, AT_SYMLINK_NOFOLLOW) !=
		0 ||
	    !S_ISSOCK(st.st_mode)) {
		return;
	}
	(void)unlinkat(directory->fd, path + n + 1, 0);
	(void)snprintf(name, sizeof(name), "%s.lock", path + n + 1);
	(void)unlinkat(directory->fd, name, 0);
}

/* The path of a "unix:" address, which ends at a ':'; or NULL. */
static const char *
unix_path(const char *address, char path[LISTENER_PATH_MAX])
{
	static const char prefix[] = "unix:";

	if (strncmp(address, prefix, sizeof(prefix) - 1) != 0) {
		return NULL;
	}
	address += sizeof(prefix) - 1;
	size_t n = strcspn(address, ":\n");
	if (n >= LISTENER_PATH_MAX) {
		return NULL;
	}
	memcpy(path, address, n);
	path[n] = '\0';
	return path;
}

/* 0; -EADDRINUSE: somebody lives there. */
static int
probe(const struct rendezvous_directory *directory,
    const struct mcop_reference *reference)
{
	char buffer[LISTENER_PATH_MAX];

	for (uint32_t i = 0; i < reference->count; i++) {
		const char *path = unix_path(reference->addresses[i], buffer);
		int error = path == NULL ? -ENOENT : listener_probe(path);

		if (error == 0) {
			return -EADDRINUSE;
		}
		if (error == -ECONNREFUSED) {
			clear_socket(directory, path);
		}
	}
	return 0;
}

static int
clear_stale(const struct rendezvous_directory *directory)
{
	char text[FILE_MAX + 1];
	uint8_t bytes[FILE_MAX / 2];
	struct mcop_reference reference;

	for (size_t i = 0; i < NAMES; i++) {
		int n = read_small(directory->fd, names[i], text, sizeof(text));

		if (n == -ENOENT) {
			continue;
		}
		if (n > 0 &&
		    mcop_parse_reference(text, bytes, sizeof(bytes),
			&reference) &&
		    probe(directory, &reference) < 0) {
			return -EADDRINUSE;
		}
		if (unlinkat(directory->fd, names[i], 0) != 0) {
			return -errno;
		}
	}
	return 0;
}

/* --- directories ------------------------------------------------------- */

static int
refuse(const char *path, const char *why)
{
	log_line(LOG_WARN, SUBJECT,
	    "%s: %s; aRts programs are not served there", path, why);
	return -1;
}

/*
 * 0 or -1.  -EAGAIN: it was removed meanwhile; -EBUSY: another of us has it.
 */
static int
take_lock(struct rendezvous_directory *directory)
{
	struct stat ours, theirs;
	int fd = openat(directory->fd, LOCK_NAME,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);

	if (fd < 0) {
		return errno == ENOENT
			   ? -EAGAIN
			   : refuse(directory->path, strerror(errno));
	}
	int error = 0;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		bool busy = errno == EWOULDBLOCK;

		error = refuse(directory->path,
		    busy ? "another esdmixd is there already"
			 : strerror(errno));
		error = busy ? -EBUSY : error;
	} else if (fstat(fd, &ours) != 0 ||
		   fstatat(directory->fd, LOCK_NAME, &theirs,
		       AT_SYMLINK_NOFOLLOW) != 0 ||
		   ours.st_ino != theirs.st_ino ||
		   ours.st_dev != theirs.st_dev) {
		error = -EAGAIN;
	}
	if (error < 0) {
		close(fd);
		return error;
	}
	directory->lock_fd = fd;
	return 0;
}

/* A client checks the same, and ends where it doesn't hold. */
static int
check(const struct rendezvous_directory *directory)
{
	char why[WHY_MAX];
	struct stat st;

	if (fstat(directory->fd, &st) != 0) {
		return refuse(directory->path, strerror(errno));
	}
	if (st.st_uid != geteuid()) {
		(void)snprintf(why, sizeof(why),
		    "belongs to user %u, not to us; have it removed",
		    (unsigned)st.st_uid);
		return refuse(directory->path, why);
	}
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		(void)snprintf(why, sizeof(why),
		    "others may look into it (mode %04o); chmod it to 0700",
		    (unsigned)st.st_mode & 07777u);
		return refuse(directory->path, why);
	}
	return 0;
}

static int
open_directory(struct rendezvous_directory *directory)
{
	if (mkdir(directory->path, S_IRWXU) != 0 && errno != EEXIST) {
		return refuse(directory->path, strerror(errno));
	}
	directory->fd = open(directory->path,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory->fd < 0) {
		return errno == ENOENT ? -EAGAIN
				       : refuse(directory->path,
					     errno == ENOTDIR || errno == ELOOP
						 ? "a link, or no directory; "
						   "remove it"
						 : strerror(errno));
	}
	int error = check(directory);
	return error < 0 ? error : take_lock(directory);
}

static void
close_directory(struct rendezvous_directory *directory)
{
	if (directory->lock_fd >= 0) {
		(void)unlinkat(directory->fd, LOCK_NAME, 0);
		(void)rmdir(directory->path); /* stays if it is of use */
		close(directory->lock_fd);
	}
	if (directory->fd >= 0) {
		close(directory->fd);
	}
	*directory = closed;
}

/* What is in it must be ours, or nobody's any more. */
static int
prepare(struct rendezvous_directory *directory)
{
	int error = clear_stale(directory);

	if (error == -EADDRINUSE) {
		return refuse(directory->path,
		    "another sound server answers there; stop it first");
	}
	if (error == 0) {
		error = keep_cookie(directory);
	}
	return error < 0 ? refuse(directory->path, strerror(-error)) : 0;
}

/*
 * Adds it, unless it cannot be had or we have it.  Where another of us has one,
 * it has them all: programs would else find the one here, the other there.
 */
static void
add(struct rendezvous *rendezvous, const char *path)
{
	struct rendezvous_directory *directory =
	    &rendezvous->directories[rendezvous->count];
	int error = rendezvous->taken ? -EBUSY : -EAGAIN;

	for (unsigned i = 0; i < rendezvous->count; i++) {
		if (strcmp(rendezvous->directories[i].path, path) == 0) {
			return;
		}
	}
	for (int i = 0; error == -EAGAIN && i < OPEN_TRIES; i++) {
		*directory = closed;
		(void)snprintf(directory->path, sizeof(directory->path), "%s",
		    path);
		error = open_directory(directory);
		if (error == 0) {
			error = prepare(directory);
		}
		if (error < 0) {
			close_directory(directory);
		}
	}
	rendezvous->taken = error == -EBUSY;
	rendezvous->count += error == 0;
}

/* --- their names ------------------------------------------------------- */

/* By $LOGNAME: as it is for the first clients, escaped for later ones. */
static void
add_by_login(struct rendezvous *rendezvous)
{
	static const char prefix[] = "/tmp/mcop-";
	const char *login = getenv("LOGNAME");
	char path[RENDEZVOUS_PATH_MAX];
	size_t n = sizeof(prefix) - 1;

	if (login == NULL) {
		login = "unknown";
	}
	if (strlen(login) > 64) {
		log_line(LOG_WARN, SUBJECT,
		    "LOGNAME is too long for a directory's name");
		return;
	}
	memcpy(path, prefix, sizeof(prefix));
	for (const char *c = login; *c != '\0'; c++) {
		bool plain = strchr(PLAIN "_", *c) != NULL;

		n += (size_t)snprintf(path + n, sizeof(path) - n,
		    plain ? "%c" : "=%02X", (unsigned char)*c);
	}
	add(rendezvous, path);
	if (strcmp(path + sizeof(prefix) - 1, login) != 0 &&
	    strchr(login, '/') == NULL) {
		(void)snprintf(path, sizeof(path), "%s%s", prefix, login);
		add(rendezvous, path);
	}
}

static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* $KDEHOME, where late clients keep a link; false: there is no home. */
static bool
kde_home(const struct passwd *user, char home[RENDEZVOUS_PATH_MAX])
{
	const char *said = variable(getuid() == 0 ? "KDEROOTHOME" : "KDEHOME");
	const char *self = getuid() == 0 ? user->pw_dir : variable("HOME");
	int n;

	if (said == NULL) {
		said = "~/.kde";
	}
	if (said[0] == '~' && self == NULL) {
		return false;
	}
	n = snprintf(home, RENDEZVOUS_PATH_MAX, "%s%s",
	    said[0] == '~' ? self : "", said[0] == '~' ? said + 1 : said);
	if (n <= 0 || n >= RENDEZVOUS_PATH_MAX || home[0] != '/') {
		return false;
	}
	if (n > 1 && home[n - 1] == '/') {
		home[n - 1] = '\0';
	}
	return true;
}

static void
make_link(struct rendezvous *rendezvous, const char *home, const char *link,
    const char *target)
{
	if (mkdir(home, S_IRWXU) == 0) {
		(void)snprintf(rendezvous->home, sizeof(rendezvous->home), "%s",
		    home);
	}
	if (symlink(target, link) != 0) {
		log_line(LOG_INFO, SUBJECT,
		    "%s: %s; late aRts programs will not find us", link,
		    strerror(errno));
		return;
	}
	(void)snprintf(rendezvous->link, sizeof(rendezvous->link), "%s", link);
	(void)snprintf(rendezvous->target, sizeof(rendezvous->target), "%s",
	    target);
}

/*
 * Where the link leads, if a client would go there too: false if not.
 *   usual  what it would have to begin with
 */
static bool
follow(const char *link, const char *usual, char target[RENDEZVOUS_PATH_MAX])
{
	ssize_t n = readlink(link, target, RENDEZVOUS_PATH_MAX - 1);

	if (n <= 0) {
		return false;
	}
	target[n] = '\0';
	return strncmp(target, usual, strlen(usual)) == 0 &&
	       strstr(target, "/..") == NULL;
}

/* For late clients: by a link in $KDEHOME. */
static void
add_by_link(struct rendezvous *rendezvous)
{
	const struct passwd *user = getpwuid(getuid());
	const char *place = variable("KDETMP");
	char home[RENDEZVOUS_PATH_MAX], host[256] = "";
	char link[RENDEZVOUS_PATH_MAX], usual[RENDEZVOUS_PATH_MAX];
	char target[RENDEZVOUS_PATH_MAX];
	struct stat st;

	if (user == NULL || !kde_home(user, home) ||
	    gethostname(host, sizeof(host) - 1) != 0) {
		return;
	}
	place = place != NULL ? place : variable("TMPDIR");
	(void)snprintf(usual, sizeof(usual), "%s/ksocket-%s",
	    place != NULL ? place : "/tmp", user->pw_name);
	if (snprintf(link, sizeof(link), "%s/socket-%s", home, host) >=
	    RENDEZVOUS_PATH_MAX) {
		return;
	}
	if (rendezvous->taken) {
		return;
	}
	if (lstat(link, &st) != 0) {
		make_link(rendezvous, home, link, usual);
		add(rendezvous, usual);
	} else if (S_ISDIR(st.st_mode)) {
		add(rendezvous, link);
	} else if (follow(link, usual, target)) {
		add(rendezvous, target);
	} else {
		(void)refuse(link, "leads elsewhere; remove it");
	}
}

/* --- the socket -------------------------------------------------------- */

static void
name_server(struct rendezvous *rendezvous)
{
	char host[64] = "";

	if (gethostname(host, sizeof(host) - 1) != 0 || host[0] == '\0') {
		memcpy(host, "localhost", sizeof("localhost"));
	}
	(void)snprintf(rendezvous->id, sizeof(rendezvous->id), "%s-%x-%llx",
	    host, (unsigned)getpid(), (unsigned long long)time(NULL));
}

/* In the first directory whose path is short enough. */
static int
open_socket(struct rendezvous *rendezvous)
{
	char path[RENDEZVOUS_PATH_MAX + RENDEZVOUS_ID_MAX + 1];
	char why[WHY_MAX];

	for (unsigned i = 0; i < rendezvous->count; i++) {
		char *name = path + snprintf(path, sizeof(path), "%s/",
					rendezvous->directories[i].path);

		(void)snprintf(name, RENDEZVOUS_ID_MAX, "%s", rendezvous->id);
		for (; *name != '\0'; name++) {
			if (strchr(PLAIN, *name) == NULL) {
				*name = '_';
			}
		}
		if (listener_open(&rendezvous->listener, path, why,
			sizeof(why)) == 0) {
			return 0;
		}
		log_line(LOG_WARN, SUBJECT, "%s", why);
	}
	return -1;
}

int
rendezvous_open(struct rendezvous *rendezvous)
{
	rendezvous->listener.fd = rendezvous->listener.lock_fd = -1;
	name_server(rendezvous);
	add_by_login(rendezvous);
	add_by_link(rendezvous);
	if (open_socket(rendezvous) < 0) {
		log_line(LOG_WARN, SUBJECT,
		    "no directory to be found in: aRts programs are not "
		    "served");
		return -1;
	}
	return 0;
}

void
rendezvous_publish(struct rendezvous *rendezvous, const char *reference)
{
	(void)snprintf(rendezvous->reference, sizeof(rendezvous->reference),
	    "%s", reference);
	for (unsigned i = 0; i < rendezvous->count; i++) {
		const struct rendezvous_directory *directory =
		    &rendezvous->directories[i];

		for (size_t j = 0; j < NAMES; j++) {
			int error =
			    write_small(directory->fd, names[j], reference);

			if (error < 0) {
				log_line(LOG_WARN, SUBJECT, "%s/%s: %s",
				    directory->path, names[j],
				    strerror(-error));
				break;
			}
		}
	}
}

bool
rendezvous_cookie(const struct rendezvous *rendezvous, unsigned index,
    char cookie[RENDEZVOUS_COOKIE_LEN + 1])
{
	char text[RENDEZVOUS_COOKIE_LEN + 2] = "";

	for (unsigned i = 0; i < rendezvous->count; i++) {
		int n = read_small(rendezvous->directories[i].fd, COOKIE, text,
		    sizeof(text));

		if (is_cookie(text, n) && index-- == 0) {
			memcpy(cookie, text, RENDEZVOUS_COOKIE_LEN + 1);
			return true;
		}
	}
	return false;
}

static void
remove_files(const struct rendezvous *rendezvous,
    const struct rendezvous_directory *directory)
{
	char text[FILE_MAX + 1];

	for (size_t i = 0; i < NAMES; i++) {
		if (read_small(directory->fd, names[i], text, sizeof(text)) >
			0 &&
		    strcmp(text, rendezvous->reference) == 0) {
			(void)unlinkat(directory->fd, names[i], 0);
		}
	}
	if (directory->made_cookie) {
		(void)unlinkat(directory->fd, COOKIE, 0);
	}
}

/* Unless it leads elsewhere by now: then somebody else has made it. */
static void
remove_link(const struct rendezvous *rendezvous)
{
	char target[RENDEZVOUS_PATH_MAX];
	ssize_t n = readlink(rendezvous->link, target, sizeof(target) - 1);

	if (n > 0) {
		target[n] = '\0';
		if (strcmp(target, rendezvous->target) == 0) {
			(void)unlink(rendezvous->link);
		}
	}
}

void
rendezvous_close(struct rendezvous *rendezvous)
{
	if (rendezvous->id[0] == '\0') {
		return; /* never opened */
	}
	for (unsigned i = 0; i < rendezvous->count; i++) {
		remove_files(rendezvous, &rendezvous->directories[i]);
	}
	listener_close(&rendezvous->listener);
	while (rendezvous->count > 0) {
		close_directory(&rendezvous->directories[--rendezvous->count]);
	}
	if (rendezvous->link[0] != '\0') {
		remove_link(rendezvous);
	}
	if (rendezvous->home[0] != '\0') {
		(void)rmdir(rendezvous->home);
	}
}
