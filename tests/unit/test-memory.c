#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/memory.h"

#define HEADER	"esdmixd volumes 1\n"
#define OTHER	1 /* a user that is not us, where the tests run as root */
#define TOO_BIG 600000

static char parent[64];
static char path[128];	  /* of the file */
static char damaged[160]; /* where it is set aside */
static char lines[128];	  /* what was logged */
static struct memory *memory;
static int changes;

static void
set_up(void)
{
	strcpy(parent, "/tmp/test-memory-XXXXXX");
	cr_assert_not_null(mkdtemp(parent));
	snprintf(path, sizeof(path), "%s/esdmixd/volumes", parent);
	snprintf(damaged, sizeof(damaged), "%s.damaged", path);
	snprintf(lines, sizeof(lines), "%s/log", parent);
	cr_assert_not_null(freopen(lines, "w", stderr));
}

static void
tear_down(void)
{
	char command[128];

	memory_destroy(memory);
	snprintf(command, sizeof(command), "rm -rf %s", parent);
	cr_assert_eq(system(command), 0);
}

TestSuite(memory, .init = set_up, .fini = tear_down);

static void
on_changed(void *arg)
{
	++*(int *)arg;
}

/* As after a restart. */
static void
load(void)
{
	struct memory_settings settings = { .path = path,
		.changed = on_changed,
		.arg = &changes };

	memory_destroy(memory);
	memory = NULL;
	cr_assert_eq(memory_create(&settings, &memory), 0);
}

static void
note(const char *name, int32_t left, int32_t right, bool muted)
{
	int32_t volume[2] = { left, right };

	memory_note(memory, name, volume, muted);
}

static bool
knows(const char *name)
{
	int32_t volume[2];
	bool muted;

	return memory_find(memory, name, volume, &muted);
}

static void
expect(const char *name, int32_t left, int32_t right, bool muted)
{
	int32_t volume[2];
	bool is_muted;

	cr_assert(memory_find(memory, name, volume, &is_muted), "%s", name);
	cr_assert_eq(volume[0], left, "%s: left %d", name, volume[0]);
	cr_assert_eq(volume[1], right, "%s: right %d", name, volume[1]);
	cr_assert_eq(is_muted, muted, "%s", name);
}

static size_t
read_file(const char *from, char *text, size_t size)
{
	FILE *file = fopen(from, "r");

	cr_assert_not_null(file, "%s", from);
	size_t n = fread(text, 1, size - 1, file);
	fclose(file);
	text[n] = '\0';
	return n;
}

static void
expect_file(const char *from, const char *expected)
{
	char text[4096];

	read_file(from, text, sizeof(text));
	cr_assert_str_eq(text, expected);
}

static void
put_bytes(const char *text, size_t bytes)
{
	char directory[128];

	snprintf(directory, sizeof(directory), "%s/esdmixd", parent);
	(void)mkdir(directory, 0700);
	FILE *file = fopen(path, "w");
	cr_assert_not_null(file);
	cr_assert_eq(fwrite(text, 1, bytes, file), bytes);
	fclose(file);
	cr_assert_eq(chmod(path, 0600), 0);
}

static void
put(const char *text)
{
	put_bytes(text, strlen(text));
}

static unsigned
logged(void)
{
	char text[8192];
	unsigned count = 0;

	fflush(stderr);
	size_t n = read_file(lines, text, sizeof(text));
	for (size_t i = 0; i < n; i++) {
		count += text[i] == '\n';
	}
	return count;
}

static unsigned
files_beside(void)
{
	char directory[128];
	unsigned count = 0;

	snprintf(directory, sizeof(directory), "%s/esdmixd", parent);
	DIR *stream = opendir(directory);
	cr_assert_not_null(stream);
	for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
		count += entry->d_name[0] != '.';
	}
	closedir(stream);
	return count;
}

/* --- what is kept ------------------------------------------------------ */

Test(memory, is_back_after_a_restart)
{
	struct stat st;

	umask(0); /* must not matter */
	load();
	note("xmms", 128, 64, false);
	note("new mail", 0, 512, true);
	note("quiet", 256, 256, true);
	memory_save(memory);
	load();
	expect("xmms", 128, 64, false);
	expect("new mail", 0, 512, true);
	expect("quiet", 256, 256, true);
	cr_assert_not(knows("xmm"));
	cr_assert_not(knows("xmmsx"));
	cr_assert_eq(logged(), 0);

	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777U, 0600);
	*strrchr(path, '/') = '\0';
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777U, 0700);
}

Test(memory, the_file)
{
	load();
	note("first", 1, 2, true);
	note("second", 300, 400, false);
	note("third", 5, 6, false);
	note("first", 10, 20, false);
	memory_save(memory);
	expect_file(path, HEADER "300 400 0 second\n5 6 0 third\n"
				 "10 20 0 first\n");
	cr_assert_eq(files_beside(), 1, "no draft is left");
}

Test(memory, any_byte_may_be_in_a_name)
{
	char name[128];

	load();
	for (int byte = 1; byte < 256; byte++) {
		snprintf(name, sizeof(name), "%cx%c", byte, byte);
		note(name, byte, 0, false);
	}
	memset(name, '\xff', 127);
	name[127] = '\0';
	note(name, 77, 78, true);
	memory_save(memory);
	load();
	expect(name, 77, 78, true);
	for (int byte = 1; byte < 256; byte++) {
		snprintf(name, sizeof(name), "%cx%c", byte, byte);
		expect(name, byte, 0, false);
	}
	cr_assert_eq(logged(), 0);
}

Test(memory, escapes)
{
	load();
	note(" a\\b\n\"\xc3\xa4~\x7f ", 1, 2, false);
	memory_save(memory);
	expect_file(path, HEADER "1 2 0  a\\x5cb\\x0a\"\\xc3\\xa4~\\x7f \n");
}

Test(memory, unity_and_no_name_are_not_kept)
{
	load();
	note("", 1, 2, false);
	note("a", 256, 256, false);
	cr_assert_eq(changes, 0);
	cr_assert_not(knows(""));
	cr_assert_not(knows("a"));
	note("a", 1, 256, false);
	note("b", 256, 1, false);
	note("a", 256, 256, false);
	cr_assert_not(knows("a"));
	expect("b", 256, 1, false);
}

Test(memory, forgets_when_told)
{
	load();
	note("a", 1, 2, false);
	memory_save(memory);
	cr_assert_not(memory_forget(memory, "b"));
	cr_assert(memory_forget(memory, "a"));
	cr_assert_not(memory_forget(memory, "a"));
	cr_assert_not(knows("a"));
	memory_save(memory);
	expect_file(path, HEADER);
}

Test(memory, none_at_all)
{
	int32_t volume[2] = { 3, 4 };
	bool muted;

	cr_assert_not(memory_find(NULL, "a", volume, &muted));
	memory_note(NULL, "a", volume, true);
	cr_assert_not(memory_forget(NULL, "a"));
	memory_save(NULL);
}

Test(memory, the_least_recently_used_goes)
{
	char name[32];

	load();
	for (int i = 0; i < MEMORY_ENTRIES_MAX; i++) {
		snprintf(name, sizeof(name), "%d", i);
		note(name, i % 200, 1, false);
	}
	expect("0", 0, 1, false); /* by which it is used */
	note("one more", 1, 1, false);
	cr_assert_not(knows("1"));
	expect("0", 0, 1, false);
	expect("2", 2, 1, false);
	memory_save(memory);
	load();
	note("and one", 1, 1, false);
	cr_assert_not(knows("3"), "the order is kept too");
	expect("0", 0, 1, false);
	expect("2", 2, 1, false);
	expect("4", 4, 1, false);
}

Test(memory, the_longest_file_is_read)
{
	char name[128];

	load();
	memset(name, '\x80', 127);
	name[127] = '\0';
	for (int i = 0; i < MEMORY_ENTRIES_MAX; i++) {
		name[0] = (char)(128 + i % 100);
		name[1] = (char)(128 + i / 100);
		note(name, 511, 512, true);
	}
	memory_save(memory);
	load();
	cr_assert_eq(logged(), 0);
	for (int i = 0; i < MEMORY_ENTRIES_MAX; i++) {
		name[0] = (char)(128 + i % 100);
		name[1] = (char)(128 + i / 100);
		expect(name, 511, 512, true);
	}
}

/* --- when it is written ------------------------------------------------ */

Test(memory, tells_of_changes_once_until_the_save)
{
	load();
	note("a", 1, 2, false);
	note("b", 1, 2, false);
	cr_assert_eq(changes, 1);
	memory_save(memory);
	note("b", 1, 2, false);
	(void)knows("a");
	cr_assert_eq(changes, 1, "nothing changed");
	note("b", 1, 2, true);
	cr_assert_eq(changes, 2);
}

Test(memory, writes_only_changes)
{
	struct stat st;

	load();
	memory_save(memory);
	cr_assert_eq(stat(path, &st), -1);
	note("a", 1, 2, false);
	memory_save(memory);
	cr_assert_eq(unlink(path), 0);
	memory_save(memory);
	cr_assert_eq(stat(path, &st), -1);
}

Test(memory, a_change_during_a_write_is_written_next)
{
	load();
	note("a", 1, 2, false);
	cr_assert(memory_prepare(memory));
	note("b", 3, 4, false);
	cr_assert_eq(changes, 2);
	cr_assert_not(memory_prepare(memory), "one write at a time");
	memory_write(memory);
	memory_written(memory);
	cr_assert_eq(changes, 3, "what came too early is asked for again");
	expect_file(path, HEADER "1 2 0 a\n");
	memory_save(memory);
	expect_file(path, HEADER "1 2 0 a\n3 4 0 b\n");
}

/* Both ways a write ends early: the disk is full; the power fails. */
Test(memory, half_a_write_leaves_the_old_file)
{
	struct rlimit limit = { 20, RLIM_INFINITY };
	struct rlimit before;
	int status;

	load();
	note("old", 1, 2, false);
	memory_save(memory);
	note("new", 3, 4, false);
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit.rlim_max = before.rlim_max;

	pid_t child = fork();
	if (child == 0) {
		struct rlimit core = { 0, 0 };

		(void)setrlimit(RLIMIT_CORE, &core);
		(void)setrlimit(RLIMIT_FSIZE, &limit);
		(void)signal(SIGXFSZ, SIG_DFL);
		memory_save(memory);
		_exit(0);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
	expect_file(path, HEADER "1 2 0 old\n");
	cr_assert_eq(files_beside(), 2, "it was in the midst of it");

	(void)signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_assert(memory_prepare(memory));
	memory_write(memory);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	memory_written(memory); /* the log is a file too */
	expect_file(path, HEADER "1 2 0 old\n");
	cr_assert_eq(files_beside(), 1, "neither draft is left");
	cr_assert_eq(logged(), 1);

	note("new", 5, 6, false);
	memory_save(memory);
	expect_file(path, HEADER "1 2 0 old\n5 6 0 new\n");
}

Test(memory, where_nothing_can_be_written)
{
	snprintf(path, sizeof(path), "/proc/esdmixd/volumes");
	load();
	for (int i = 0; i < 3; i++) {
		note("a", i, 2, false);
		memory_save(memory);
		cr_assert_eq(changes, i + 1, "it will be tried again");
	}
	cr_assert_eq(logged(), 1);
	expect("a", 2, 2, false);
}

/* --- damage ------------------------------------------------------------ */

static void
expect_set_aside(const char *why)
{
	struct stat st;
	unsigned before = logged();

	load();
	cr_assert_eq(logged(), before + 1, "%s", why);
	cr_assert_not(knows("good"), "%s", why);
	cr_assert_eq(stat(path, &st), -1, "%s", why);
	cr_assert_eq(stat(damaged, &st), 0, "%s", why);
	note("afresh", 1, 2, false);
	memory_save(memory);
	load();
	expect("afresh", 1, 2, false);
	cr_assert_eq(logged(), before + 1, "%s", why);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(unlink(damaged), 0);
}

Test(memory, damaged_lines)
{
	static const char *const bad[] = { "", "1 2 0\n", "1 2 0 \n",
		"1 2 2 a\n", "1 2 a\n", "513 2 0 a\n", "1 513 0 a\n",
		"-1 2 0 a\n", "0001 2 0 a\n", "1  2 0 a\n", " 1 2 0 a\n",
		"1\t2 0 a\n", "1 2 0 a", "\n", "1 2 0 a\\\n", "1 2 0 \\x4\n",
		"1 2 0 \\x4g\n", "1 2 0 \\xAB\n", "1 2 0 \\y41\n",
		"1 2 0 \\x00\n", "1 2 0 a\tb\n", "1 2 0 \x80\n", "1 2 0 a\r\n",
		"3 4 0 good\n", "\x01" };
	char text[256];

	for (size_t i = 1; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), HEADER "1 2 0 good\n%s", bad[i]);
		put(text);
		expect_set_aside(bad[i]);
	}
	snprintf(text, sizeof(text), HEADER "1 2 0 good\n1 2 0 %0128d\n", 0);
	put(text);
	expect_set_aside("a name too long");
	put_bytes(HEADER "1 2 0 good\n1 2 0 a\0b\n",
	    sizeof(HEADER "1 2 0 good\n1 2 0 a.b\n") - 1);
	expect_set_aside("a NUL");
}

Test(memory, damaged_as_a_whole)
{
	static const char *const bad[] = { "",
		"esdmixd volumes 2\n1 2 0 good\n", "esdmixd volumes 1",
		"esdmixd volumes 1 \n", "1 2 0 good\n" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put(bad[i]);
		expect_set_aside(bad[i]);
	}
}

Test(memory, too_long)
{
	char *text = malloc(TOO_BIG);
	size_t n = (size_t)sprintf(text, HEADER);

	for (int i = 0; i <= MEMORY_ENTRIES_MAX; i++) {
		n += (size_t)sprintf(text + n, "1 2 0 %d\n", i);
	}
	put_bytes(text, n);
	expect_set_aside("too many entries");
	memset(text, 'x', TOO_BIG);
	put_bytes(text, TOO_BIG);
	expect_set_aside("too many bytes");
	free(text);
}

Test(memory, not_ours)
{
	put(HEADER "1 2 0 good\n");
	cr_assert_eq(chmod(path, 0620), 0);
	expect_set_aside("others may write");
	if (geteuid() == 0) {
		put(HEADER "1 2 0 good\n");
		cr_assert_eq(chown(path, OTHER, OTHER), 0);
		expect_set_aside("another user's");
	}
}

static void
expect_left_alone(const char *why)
{
	struct stat before, after;
	unsigned said = logged();

	cr_assert_eq(lstat(path, &before), 0);
	load();
	cr_assert_not(knows("good"), "%s", why);
	note("afresh", 1, 2, false);
	memory_save(memory);
	expect("afresh", 1, 2, false);
	cr_assert_eq(logged(), said + 1, "%s", why);
	cr_assert_eq(lstat(path, &after), 0, "%s", why);
	cr_assert_eq(before.st_ino, after.st_ino, "%s", why);
}

Test(memory, what_is_no_file_is_left_alone)
{
	char target[128];
	struct stat st;

	put(HEADER "1 2 0 good\n");
	snprintf(target, sizeof(target), "%s/target", parent);
	cr_assert_eq(rename(path, target), 0);
	cr_assert_eq(symlink(target, path), 0);
	expect_left_alone("a link");
	expect_file(target, HEADER "1 2 0 good\n");
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(mkfifo(path, 0600), 0);
	expect_left_alone("a FIFO");
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(mkdir(path, 0700), 0);
	expect_left_alone("a directory");
	cr_assert_eq(stat(damaged, &st), -1);
}

Test(memory, a_directory_that_is_not_ours_alone)
{
	char directory[128], elsewhere[128];

	put(HEADER "1 2 0 good\n");
	snprintf(directory, sizeof(directory), "%s/esdmixd", parent);
	cr_assert_eq(chmod(directory, 0770), 0);
	expect_left_alone("others may write there");
	cr_assert_eq(chmod(directory, 0700), 0);
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", parent);
	cr_assert_eq(rename(directory, elsewhere), 0);
	cr_assert_eq(symlink(elsewhere, directory), 0);
	expect_left_alone("a link");
}

/* --- where it is ------------------------------------------------------- */

Test(memory, where)
{
	char found[64];

	setenv("XDG_STATE_HOME", "/x", 1);
	setenv("HOME", "/h", 1);
	cr_assert_eq(memory_path("", found, sizeof(found)), 0);
	cr_assert_str_eq(found, "/x/esdmixd/volumes");
	setenv("XDG_STATE_HOME", "relative", 1);
	cr_assert_eq(memory_path("", found, sizeof(found)), 0);
	cr_assert_str_eq(found, "/h/.local/state/esdmixd/volumes");
	unsetenv("XDG_STATE_HOME");
	cr_assert_eq(memory_path("", found, 16), -ENAMETOOLONG);
	unsetenv("HOME");
	cr_assert_eq(memory_path("", found, sizeof(found)), -ENOENT);
	cr_assert_eq(memory_path("there", found, sizeof(found)), 0);
	cr_assert_str_eq(found, "there");
}

Test(memory, a_file_without_a_directory)
{
	put(""); /* makes the directory */
	cr_assert_eq(unlink(path), 0);
	*strrchr(path, '/') = '\0';
	cr_assert_eq(chdir(path), 0);
	strcpy(path, "volumes");
	load();
	note("a", 1, 2, false);
	memory_save(memory);
	load();
	expect("a", 1, 2, false);
	snprintf(path, sizeof(path), "%s/a/b/v", parent);
	load();
	note("a", 3, 4, false);
	memory_save(memory);
	load();
	expect("a", 3, 4, false);
	cr_assert_eq(logged(), 0);
}
