#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/cookie.h"

static char directory[64];
static char path[128];
static char why[256];

static void
set_up(void)
{
	strcpy(directory, "/tmp/test-cookie-XXXXXX");
	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/.esd_auth", directory);
	why[0] = '\0';
}

static void
tear_down(void)
{
	unlink(path);
	rmdir(directory);
}

TestSuite(cookie, .init = set_up, .fini = tear_down);

static int
load(uint8_t key[COOKIE_LEN])
{
	return cookie_load(path, key, why, sizeof(why));
}

static void
make_file(const char *content, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, content, strlen(content)),
	    (ssize_t)strlen(content));
	cr_assert_eq(fchmod(fd, mode), 0);
	close(fd);
}

Test(cookie, makes_a_key_and_finds_it_again)
{
	static const uint8_t zeros[COOKIE_LEN];
	uint8_t first[COOKIE_LEN] = { 0 };
	uint8_t again[COOKIE_LEN] = { 0 };
	struct stat st;

	umask(0); /* must not matter */
	cr_assert_eq(load(first), 0, "%s", why);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777U, 0600);
	cr_assert_eq(st.st_size, COOKIE_LEN);
	cr_assert_neq(memcmp(first, zeros, COOKIE_LEN), 0);
	cr_assert_eq(load(again), 0, "%s", why);
	cr_assert_arr_eq(first, again, COOKIE_LEN);
}

Test(cookie, more_than_a_key_is_ignored)
{
	uint8_t key[COOKIE_LEN];

	make_file("0123456789abcdefXYZ", 0600);
	cr_assert_eq(load(key), 0, "%s", why);
	cr_assert_arr_eq(key, "0123456789abcdef", COOKIE_LEN);
}

Test(cookie, refuses_what_others_can_read_or_write)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0666 };
	uint8_t key[COOKIE_LEN];

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		make_file("0123456789abcdef", modes[i]);
		cr_assert_eq(load(key), -EPERM);
		cr_assert_not_null(strstr(why, path));
		cr_assert_not_null(strstr(why, "chmod"));
	}
}

Test(cookie, refuses_a_link_and_leaves_it)
{
	uint8_t key[COOKIE_LEN];
	char target[160];
	struct stat st;

	snprintf(target, sizeof(target), "%s/target", directory);
	cr_assert_eq(symlink(target, path), 0);
	cr_assert_eq(load(key), -ELOOP);
	cr_assert_not_null(strstr(why, "link"));
	cr_assert_eq(stat(target, &st), -1, "nothing was made behind it");
}

Test(cookie, refuses_what_is_not_a_file)
{
	uint8_t key[COOKIE_LEN];

	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_assert_eq(load(key), -EINVAL); /* and does not hang */
	unlink(path);
	cr_assert_eq(mkdir(path, 0700), 0);
	cr_assert_eq(load(key), -EINVAL);
	rmdir(path);
}

Test(cookie, refuses_a_short_file)
{
	uint8_t key[COOKIE_LEN];

	make_file("0123456789abcde", 0600);
	cr_assert_lt(load(key), 0);
	cr_assert_not_null(strstr(why, "15 bytes"));
}

Test(cookie, says_where_it_cannot_be_made)
{
	uint8_t key[COOKIE_LEN];
	char nowhere[160];

	snprintf(nowhere, sizeof(nowhere), "%s/none/.esd_auth", directory);
	cr_assert_eq(cookie_load(nowhere, key, why, sizeof(why)), -ENOENT);
	cr_assert_not_null(strstr(why, nowhere));
}

#define RACERS 8
#define RACES  25

/* Starts the racers at once; each writes its key into `result`. */
static void
start_racers(int result)
{
	int start[2];

	cr_assert_eq(pipe(start), 0);
	for (int i = 0; i < RACERS; i++) {
		if (fork() == 0) {
			uint8_t key[COOKIE_LEN] = { 0 };
			char go;

			close(start[1]);
			(void)!read(start[0], &go, 1);
			load(key);
			(void)!write(result, key, sizeof(key));
			_exit(0);
		}
	}
	close(start[0]);
	close(start[1]);
}

/* All who race for the first key get the same one. */
Test(cookie, racers_agree)
{
	uint8_t first[COOKIE_LEN], key[COOKIE_LEN];
	int result[2];

	cr_assert_eq(pipe(result), 0);
	for (int race = 0; race < RACES; race++) {
		unlink(path);
		start_racers(result[1]);
		for (int i = 0; i < RACERS; i++) {
			cr_assert_eq(read(result[0], key, COOKIE_LEN),
			    COOKIE_LEN);
			if (i == 0) {
				memcpy(first, key, COOKIE_LEN);
			}
			cr_assert_arr_eq(key, first, COOKIE_LEN);
		}
		while (wait(NULL) > 0) {
		}
		cr_assert_eq(load(key), 0);
		cr_assert_arr_eq(key, first, COOKIE_LEN);
	}
}

Test(cookie, path_is_below_home)
{
	char found[128];

	setenv("HOME", "/home/somebody", 1);
	cr_assert_eq(cookie_path(found, sizeof(found)), 0);
	cr_assert_str_eq(found, "/home/somebody/.esd_auth");
	cr_assert_eq(cookie_path(found, 10), -ENAMETOOLONG);
	unsetenv("HOME");
	cr_assert_eq(cookie_path(found, sizeof(found)), 0);
	cr_assert_eq(found[0], '/'); /* from the password file */
}

Test(cookie, equality_sees_every_byte)
{
	uint8_t a[COOKIE_LEN], b[COOKIE_LEN];

	memset(a, 0x5a, sizeof(a));
	for (int i = 0; i < COOKIE_LEN; i++) {
		memcpy(b, a, sizeof(a));
		cr_assert(cookie_is_equal(a, b));
		b[i] ^= 0x80;
		cr_assert_not(cookie_is_equal(a, b), "byte %d", i);
	}
}
