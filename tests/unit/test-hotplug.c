/* hotplug.c, in a directory of the test's own. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/device/hotplug.h"

static char root[] = "/tmp/esdmixd-hotplug-XXXXXX";
static struct hotplug hotplug;

static const char *
at(const char *name)
{
	static char path[64];

	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static void
make_file(const char *name)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	cr_assert(fd >= 0);
	(void)close(fd);
}

static void
begin(void)
{
	cr_assert_not_null(mkdtemp(root));
}

static void
end(void)
{
	hotplug_close(&hotplug);
	(void)unlink(at("snd/pcmC0D0p"));
	(void)rmdir(at("snd"));
	(void)unlink(at("other"));
	(void)rmdir(root);
}

TestSuite(hotplug, .init = begin, .fini = end);

Test(hotplug, a_node_that_comes_and_is_granted)
{
	cr_assert_eq(mkdir(at("snd"), 0700), 0);
	hotplug_open(&hotplug, root);
	cr_assert(!hotplug_happened(&hotplug));
	make_file("snd/pcmC0D0p");
	cr_assert(hotplug_happened(&hotplug));
	cr_assert(!hotplug_happened(&hotplug), "told once");
	cr_assert_eq(chmod(at("snd/pcmC0D0p"), 0660), 0);
	cr_assert(hotplug_happened(&hotplug));
}

Test(hotplug, the_first_card_of_a_machine)
{
	hotplug_open(&hotplug, root);
	make_file("other");
	cr_assert(!hotplug_happened(&hotplug), "another's node");
	cr_assert_eq(mkdir(at("snd"), 0700), 0);
	cr_assert(hotplug_happened(&hotplug));
	make_file("snd/pcmC0D0p");
	cr_assert(hotplug_happened(&hotplug), "watched since it came");
}

Test(hotplug, opening_and_removing_are_no_news)
{
	cr_assert_eq(mkdir(at("snd"), 0700), 0);
	make_file("snd/pcmC0D0p");
	hotplug_open(&hotplug, root);
	(void)close(open(at("snd/pcmC0D0p"), O_RDWR | O_CLOEXEC));
	cr_assert(!hotplug_happened(&hotplug));
	cr_assert_eq(unlink(at("snd/pcmC0D0p")), 0);
	/* Its last link is an attribute, so this may be told: once. */
	(void)hotplug_happened(&hotplug);
	cr_assert(!hotplug_happened(&hotplug));
}

Test(hotplug, none_to_watch)
{
	hotplug_open(&hotplug, "/nonexistent");
	cr_assert(!hotplug_happened(&hotplug));
	hotplug_close(&hotplug);
	cr_assert(!hotplug_happened(&hotplug));
}
