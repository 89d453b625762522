/* holder.c: a real process that has a node open, and a driver's own word. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/holder.h"

static char root[] = "/tmp/esdmixd-holder-XXXXXX";
static struct holders found;
static pid_t child;

static const char *
at(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static void
make_directory(const char *name)
{
	cr_assert(mkdir(at(name), 0700) == 0 || errno == EEXIST, "%s", name);
}

static void
make_file(const char *name, const char *text)
{
	FILE *file = fopen(at(name), "we");

	cr_assert_not_null(file, "%s", name);
	(void)fputs(text, file);
	(void)fclose(file);
}

static void
begin(void)
{
	cr_assert_not_null(mkdtemp(root));
	make_directory("snd");
}

static void
end(void)
{
	char command[64];

	if (child > 0) {
		(void)kill(child, SIGKILL);
		(void)waitpid(child, NULL, 0);
	}
	(void)snprintf(command, sizeof(command), "rm -r '%s'", root);
	cr_assert_eq(system(command), 0);
}

TestSuite(holder, .init = begin, .fini = end);

/* Returns once a process of that name has that file open. */
static void
hold(const char *command, const char *name)
{
	int told[2];
	char byte;

	make_file(name, "");
	cr_assert_eq(pipe2(told, O_CLOEXEC), 0);
	child = fork();
	cr_assert(child >= 0);
	if (child == 0) {
		(void)prctl(PR_SET_NAME, command);
		int held = open(at(name), O_RDWR | O_CLOEXEC);

		if (held < 0 || write(told[1], "", 1) != 1) {
			_exit(1);
		}
		for (;;) {
			(void)pause();
		}
	}
	cr_assert_eq(read(told[0], &byte, 1), 1);
	(void)close(told[0]);
	(void)close(told[1]);
}

static void
find(int card, char way)
{
	holder_find(&found, "/proc", root, card, way);
}

static void
assert_found(const char *command)
{
	char text[HOLDER_TEXT_MAX], expected[HOLDER_TEXT_MAX];

	cr_assert_eq(found.count, 1, "%u found", found.count);
	cr_assert_eq(found.list[0].pid, child);
	cr_assert_eq(found.list[0].uid, geteuid());
	cr_assert_str_eq(found.list[0].command, command);
	holder_print(&found, text);
	(void)snprintf(expected, sizeof(expected), "%s (pid %d)", command,
	    (int)child);
	cr_assert_str_eq(text, expected);
}

Test(holder, a_program_that_plays)
{
	hold("mplayer", "snd/pcmC1D3p");
	find(1, 'p');
	assert_found("mplayer");
	find(1, 0);
	assert_found("mplayer");
	find(-1, 'p');
	assert_found("mplayer");
	cr_assert_eq(found.list[0].card, 1);
	find(1, 'c');
	cr_assert_eq(found.count, 0, "it does not record");
	find(0, 'p');
	cr_assert_eq(found.count, 0, "not from that card");
}

Test(holder, a_mixer_does_not_hold_the_card)
{
	hold("alsamixer", "snd/controlC0");
	find(-1, 0);
	cr_assert_eq(found.count, 0);
}

Test(holder, the_oss_emulation)
{
	hold("xmms", "dsp");
	find(0, 'p');
	assert_found("xmms");
	find(1, 'p');
	cr_assert_eq(found.count, 0);
}

Test(holder, the_oss_emulation_of_another_card)
{
	hold("xmms", "audio1");
	find(1, 'c');
	assert_found("xmms");
	find(0, 'c');
	cr_assert_eq(found.count, 0);
}

Test(holder, nodes_that_only_look_alike)
{
	static const char *const names[] = { "dspx", "snd/pcmC", "snd/pcmC0",
		"snd/pcmC0D0", "snd/pcmC0D0px", "snd/pcmCxD0p", "audio0x" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		hold("other", names[i]);
		find(-1, 0);
		cr_assert_eq(found.count, 0, "%s", names[i]);
		(void)kill(child, SIGKILL);
		(void)waitpid(child, NULL, 0);
		child = 0;
	}
}

Test(holder, a_name_that_drives_a_terminal)
{
	hold("\033[2Jx\n", "snd/pcmC0D0p");
	find(0, 'p');
	assert_found("?[2Jx");
}

Test(holder, not_we_ourselves)
{
	make_file("snd/pcmC0D0p", "");
	int fd = open(at("snd/pcmC0D0p"), O_RDWR | O_CLOEXEC);

	cr_assert(fd >= 0);
	find(0, 'p');
	cr_assert_eq(found.count, 0);
	(void)close(fd);
}

/* A second substream's, opened by a thread of another user's process. */
Test(holder, the_driver_tells_whose_it_is)
{
	char text[HOLDER_TEXT_MAX];

	make_directory("asound");
	make_directory("asound/card2");
	make_directory("asound/card2/pcm1p");
	make_directory("asound/card2/pcm1p/sub0");
	make_directory("asound/card2/pcm1p/sub1");
	make_file("asound/card2/pcm1p/sub0/status", "closed\n");
	make_file("asound/card2/pcm1p/sub1/status",
	    "state: RUNNING\nowner_pid   : 815\ntrigger_time: 0\n");
	make_directory("815");
	make_file("815/status", "Name:\tTgid 17\nTgid:\t811\nPid:\t815\n");
	make_directory("811");
	make_file("811/comm", "pipewire\n");
	holder_find(&found, root, "/dev", 2, 'p');
	cr_assert_eq(found.count, 1);
	cr_assert_eq(found.list[0].pid, 811);
	cr_assert_str_eq(found.list[0].command, "pipewire");
	holder_find(&found, root, "/dev", 2, 'c');
	cr_assert_eq(found.count, 0);
	if (geteuid() == 0) {
		cr_assert_eq(chown(at("811"), 4242, 4242), 0);
		holder_find(&found, root, "/dev", -1, 'p');
		holder_print(&found, text);
		cr_assert_str_eq(text, "pipewire (pid 811, user 4242)");
	}
}

/* Its files cannot be seen, and that is told. */
Test(holder, a_process_that_hides)
{
	make_directory("17");
	make_directory("17/fd");
	cr_assert_eq(chmod(at("17/fd"), 0), 0);
	if (geteuid() == 0) {
		cr_assert_eq(chmod(root, 0755), 0);
		cr_assert_eq(chmod(at("17"), 0755), 0);
		cr_assert_eq(seteuid(65534), 0);
	}
	holder_find(&found, root, "/dev", 0, 'p');
	if (getuid() == 0) {
		cr_assert_eq(seteuid(0), 0);
	}
	cr_assert_eq(found.count, 0);
	cr_assert(found.hidden);
}

Test(holder, no_proc_at_all)
{
	holder_find(&found, at("nowhere"), "/dev", 0, 'p');
	cr_assert_eq(found.count, 0);
	cr_assert(found.hidden);
}
