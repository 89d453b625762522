/* esdname.c: what the original's options become. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/esdname.h"
#include "server/log.h"

static struct esdname name;

static void
set_up(void)
{
	log_set_level(LOG_ERR); /* what is ignored is reported as a warning */
}

TestSuite(esdname, .init = set_up);

/* The translation of one line of words, which must be `expected`. */
static void
expect(const char *options, const char *line, const char *expected)
{
	char words[512], got[2048] = "";
	char *argv[160] = { words };
	char *rest = NULL;
	int count = 0;

	(void)snprintf(words, sizeof(words), "esd %s", line);
	char *word = strtok_r(words, " ", &rest);
	while (word != NULL && count < 159) {
		argv[count++] = word;
		word = strtok_r(NULL, " ", &rest);
	}
	argv[count] = NULL;
	cr_assert_eq(esdname_translate(&name, argv, options), ESDNAME_RUN);
	cr_expect_str_eq(name.argv[0], "esd");
	for (int i = 1; name.argv[i] != NULL; i++) {
		strcat(got, " ");
		strcat(got, name.argv[i]);
	}
	cr_expect_str_eq(got, expected, "%s: got%s", line, got);
}

Test(esdname, the_name_is_that_of_the_file)
{
	cr_expect(esdname_is("esd"));
	cr_expect(esdname_is("/usr/local/bin/esd"));
	cr_expect_not(esdname_is("esdmixd"));
	cr_expect_not(esdname_is("/opt/esd/esdmixd"));
	cr_expect_not(esdname_is(""));
	cr_expect_not(esdname_is(NULL));
}

Test(esdname, every_option_is_known)
{
	expect("", "", "");
	expect("", "-d hw:1 -r 22050 -as 2",
	    " --device hw:1 --rate 22050 --autostandby 2");
	expect("", "-tcp -public -port 4711 -bind ::1",
	    " --tcp --public --port 4711 --bind ::1");
	expect("", "-unix", " --no-tcp");
	expect("", "-terminate -noterminate", " --terminate --no-terminate");
	expect("", "-promiscuous", " --promiscuous");
	expect("", "-spawnfd 3 -spawnpid 77", " --spawnfd 3 --spawnpid 77");
	expect("", "-vt -vc -vm",
	    " --log-level=debug --log-level=debug --log-level=debug");
	expect("", "-b -beeps -nobeeps -trust", "");
}

Test(esdname, what_makes_no_sense_is_ignored)
{
	expect("", "-x -tcp --loud file", " --tcp");
	expect("", "-r 0 -r fast -r 44100x -tcp", " --tcp");
	expect("", "-as 0 -as nonsense", " --autostandby 0");
	expect("", "-port 0 -port 65536 -port 99999999999999999999", "");
	expect("", "-tcp -d", " --tcp");
	expect("", "-d -tcp", " --device -tcp"); /* as the original took it */
}

Test(esdname, default_options_come_first)
{
	expect(" -tcp\t-r 8000 ", "-r 44100",
	    " --tcp --rate 8000 --rate 44100");
	/* A library that starts us has said all of it. */
	expect("-tcp", "-as 2 -spawnfd 3", " --autostandby 2 --spawnfd 3");
	expect("-tcp", "-spawnpid 77", " --spawnpid 77");
}

Test(esdname, help_and_version_end_it)
{
	char esd[] = "esd", v[] = "-v", h[] = "--help", tcp[] = "-tcp";
	char *version[] = { esd, tcp, v, NULL };
	char *help[] = { esd, h, NULL };

	cr_expect_eq(esdname_translate(&name, version, ""), ESDNAME_VERSION);
	cr_expect_eq(esdname_translate(&name, help, ""), ESDNAME_HELP);
}

Test(esdname, words_are_limited)
{
	char options[ESDNAME_OPTIONS_MAX] = "";
	char esd[] = "esd", tcp[] = "-tcp";
	char *argv[] = { esd, tcp, NULL };

	for (int i = 0; i < ESDNAME_WORDS_MAX; i++) {
		strcat(options, "-unix ");
	}
	cr_expect_eq(esdname_translate(&name, argv, options), ESDNAME_RUN);
	cr_expect_eq(name.words, 1 + ESDNAME_WORDS_MAX);
	cr_expect_str_eq(name.argv[ESDNAME_WORDS_MAX], "--no-tcp");
}

static void
write_conf(const char *text)
{
	static char home[] = "/tmp/test-esdname-XXXXXX";
	char path[64];

	if (strstr(home, "XXXXXX") != NULL) {
		cr_assert_not_null(mkdtemp(home));
		cr_assert_eq(setenv("HOME", home, 1), 0);
		cr_assert_eq(unsetenv("ESD_DEFAULT_OPTIONS"), 0);
	}
	(void)snprintf(path, sizeof(path), "%s/.esd.conf", home);
	if (text == NULL) {
		(void)unlink(path);
		(void)rmdir(home);
		return;
	}
	FILE *file = fopen(path, "w");
	cr_assert_not_null(file);
	cr_assert_geq(fputs(text, file), 0);
	cr_assert_eq(fclose(file), 0);
}

Test(esdname, esd_conf_is_read)
{
	char options[ESDNAME_OPTIONS_MAX];

	write_conf("[esd]\n# default_options=-b\nauto_spawn=1\n"
		   "  Default_Options=-tcp -r 8000=x \n");
	esdname_options(options);
	cr_expect_str_eq(options, "-tcp -r 8000");
	write_conf("default_options =-tcp\n"); /* another key */
	esdname_options(options);
	cr_expect_str_eq(options, "");
	cr_assert_eq(setenv("ESD_DEFAULT_OPTIONS", "-public", 1), 0);
	esdname_options(options);
	cr_expect_str_eq(options, "-public");
	write_conf(NULL);
}

Test(esdname, who_started_us_is_told)
{
	int ends[2];
	char byte = 7;

	for (int ready = 0; ready < 2; ready++) {
		cr_assert_eq(pipe(ends), 0);
		esdname_tell(ends[1], -1, ready == 1);
		cr_expect_eq(read(ends[0], &byte, 1), 1);
		cr_expect_eq(byte, ready);
		cr_expect_eq(read(ends[0], &byte, 1), 0, "it stayed open");
		close(ends[0]);
	}
	esdname_tell(-1, -1, true);
}
