#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/listener.h"

static char base[64];
static char directory[80];
static char path[100];
static char lock[110];
static char why[512];

static void
set_up(void)
{
	strcpy(base, "/tmp/test-listener-XXXXXX");
	cr_assert_not_null(mkdtemp(base));
	snprintf(directory, sizeof(directory), "%s/d", base);
	snprintf(path, sizeof(path), "%s/socket", directory);
	snprintf(lock, sizeof(lock), "%s.lock", path);
	why[0] = '\0';
}

static void
tear_down(void)
{
	unlink(path);
	unlink(lock);
	unlink(directory);
	rmdir(directory);
	rmdir(base);
}

TestSuite(listener, .init = set_up, .fini = tear_down);

static int
open_at(struct listener *listener, const char *at)
{
	return listener_open(listener, at, why, sizeof(why));
}

static int
open_it(struct listener *listener)
{
	return open_at(listener, path);
}

static bool
exists(const char *at)
{
	struct stat st;

	return lstat(at, &st) == 0;
}

static int
connect_to(const char *at)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, at, strlen(at) + 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		close(fd);
		return -errno;
	}
	return fd;
}

/* A socket as a server without locks would make it. */
static int
bind_plain(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, path, strlen(path) + 1);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

Test(listener, makes_what_is_missing_and_removes_it)
{
	struct listener listener;
	struct stat st;

	umask(0);
	cr_assert_eq(open_it(&listener), 0, "%s", why);
	cr_assert_eq(stat(directory, &st), 0);
	cr_assert_eq(st.st_mode & 07777U, 0700);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 07777U, 0600);
	cr_assert(fcntl(listener.fd, F_GETFD) & FD_CLOEXEC);
	cr_assert(fcntl(listener.lock_fd, F_GETFD) & FD_CLOEXEC);
	cr_assert(fcntl(listener.fd, F_GETFL) & O_NONBLOCK);
	int client = connect_to(path);
	cr_assert_geq(client, 0);
	int served = accept(listener.fd, NULL, NULL);
	cr_assert_geq(served, 0);
	listener_close(&listener);
	cr_assert_not(exists(directory));
}

Test(listener, a_tight_umask_keeps_it_usable)
{
	struct listener listener;
	struct stat st;

	cr_assert_eq(mkdir(directory, 0700), 0);
	mode_t before = umask(0277);
	cr_assert_eq(open_it(&listener), 0, "%s", why);
	cr_assert_eq(umask(before), 0277, "it is put back");
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 07777U, 0600);
	listener_close(&listener);
	cr_assert(exists(directory), "it was there before");
}

Test(listener, two_in_one_process_and_in_two)
{
	struct listener first, second;
	int status;

	cr_assert_eq(open_it(&first), 0, "%s", why);
	cr_assert_eq(open_it(&second), -EADDRINUSE);
	cr_assert_not_null(strstr(why, path));
	pid_t child = fork();
	if (child == 0) {
		_exit(open_it(&second) == -EADDRINUSE ? 0 : 1);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
	cr_assert_geq(connect_to(path), 0, "the first still lives");
	listener_close(&first);
}

/* One that has the lock may be about to bind: it counts as live. */
Test(listener, a_lock_is_respected)
{
	struct listener listener;

	cr_assert_eq(mkdir(directory, 0700), 0);
	int fd = open(lock, O_RDWR | O_CREAT, 0600);
	cr_assert_eq(flock(fd, LOCK_EX), 0);
	cr_assert_eq(open_it(&listener), -EADDRINUSE);
	cr_assert(exists(lock), "not ours to remove");
	close(fd);
	cr_assert_eq(open_it(&listener), 0, "%s", why);
	listener_close(&listener);
}

Test(listener, a_killed_server_is_replaced)
{
	struct listener listener;
	int status;
	pid_t child = fork();

	if (child == 0) {
		_exit(open_it(&listener) == 0 ? 0 : 1); /* closes nothing */
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
	cr_assert(exists(path));
	cr_assert(exists(lock));
	cr_assert_eq(connect_to(path), -ECONNREFUSED);
	cr_assert_eq(open_it(&listener), 0, "%s", why);
	cr_assert_geq(connect_to(path), 0);
	listener_close(&listener);
	cr_assert_not(exists(path));
	cr_assert_not(exists(lock));
}

Test(listener, a_live_server_without_a_lock_is_left_alone)
{
	struct listener listener;

	cr_assert_eq(mkdir(directory, 0700), 0);
	int fd = bind_plain();
	cr_assert_eq(listen(fd, 1), 0);
	cr_assert_eq(open_it(&listener), -EADDRINUSE);
	cr_assert_geq(connect_to(path), 0);
	cr_assert_not(exists(lock), "nothing of ours stays");
}

Test(listener, a_full_backlog_is_alive)
{
	struct listener listener;
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	cr_assert_eq(mkdir(directory, 0700), 0);
	int fd = bind_plain();
	cr_assert_eq(listen(fd, 0), 0);
	memcpy(address.sun_path, path, strlen(path) + 1);
	for (int full = 0; full == 0;) {
		int client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		full = connect(client, (struct sockaddr *)&address,
		    sizeof(address));
	}
	cr_assert_eq(errno, EAGAIN);
	cr_assert_eq(open_it(&listener), -EADDRINUSE);
}

Test(listener, a_stale_socket_is_replaced)
{
	struct listener listener;

	cr_assert_eq(mkdir(directory, 0700), 0);
	close(bind_plain());
	cr_assert_eq(open_it(&listener), 0, "%s", why);
	listener_close(&listener);
}

Test(listener, close_removes_no_other_socket)
{
	struct listener listener;

	cr_assert_eq(open_it(&listener), 0, "%s", why);
	unlink(path);
	close(bind_plain()); /* somebody else's */
	listener_close(&listener);
	cr_assert(exists(path));
	cr_assert(exists(directory));
}

Test(listener, refuses_directories_others_can_write)
{
	static const mode_t modes[] = { 0770, 0707, 01777 };
	struct listener listener;
	struct stat st;

	cr_assert_eq(mkdir(directory, 0700), 0);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		cr_assert_eq(chmod(directory, modes[i]), 0);
		cr_assert_eq(open_it(&listener), -EPERM);
		cr_assert_not_null(strstr(why, directory));
		cr_assert_eq(stat(directory, &st), 0);
		cr_assert_eq(st.st_mode & 07777U, modes[i], "not repaired");
		cr_assert_not(exists(lock));
	}
}

Test(listener, refuses_links)
{
	struct listener listener;
	char target[128];

	cr_assert_eq(symlink(base, directory), 0);
	cr_assert_eq(open_it(&listener), -ENOTDIR);
	unlink(directory);

	cr_assert_eq(mkdir(directory, 0700), 0);
	snprintf(target, sizeof(target), "%s/target", directory);
	cr_assert_eq(symlink(target, lock), 0);
	cr_assert_eq(open_it(&listener), -ELOOP);
	cr_assert_not(exists(target));
	unlink(lock);

	cr_assert_eq(symlink(target, path), 0);
	cr_assert_eq(open_it(&listener), -EEXIST);
	cr_assert(exists(path), "not ours to remove");
}

Test(listener, refuses_a_file_in_its_place)
{
	struct listener listener;

	cr_assert_eq(mkdir(directory, 0700), 0);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	cr_assert_eq(open_it(&listener), -EEXIST);
	cr_assert_not_null(strstr(why, "not a socket"));
	cr_assert(exists(path));
}

Test(listener, makes_one_directory_only)
{
	struct listener listener;
	char deep[100];

	snprintf(deep, sizeof(deep), "%s/x/socket", directory);
	cr_assert_lt(open_at(&listener, deep), 0);
	cr_assert_not(exists(directory));
}

Test(listener, refuses_names_that_are_none)
{
	struct listener listener;
	char longest[LISTENER_PATH_MAX + 1];

	cr_assert_eq(open_at(&listener, ""), -EINVAL);
	cr_assert_eq(open_at(&listener, "/tmp/"), -EINVAL);
	memset(longest, 'a', sizeof(longest));
	longest[LISTENER_PATH_MAX] = '\0';
	cr_assert_eq(open_at(&listener, longest), -ENAMETOOLONG);
}
