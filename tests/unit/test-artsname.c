/* artsname.c: what the options of aRts' server become. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "server/artsname.h"
#include "server/log.h"

static struct artsname name;

static void
set_up(void)
{
	log_set_level(LOG_ERR); /* what is ignored is reported as a warning */
}

TestSuite(artsname, .init = set_up);

static enum artsname_verdict
translate(const char *line)
{
	static char words[1024];
	static char *argv[256];
	char *rest = NULL;
	int count = 0;

	(void)snprintf(words, sizeof(words), "/usr/bin/artsd %s", line);
	char *word = strtok_r(words, " ", &rest);
	while (word != NULL && count < 255) {
		argv[count++] = word;
		word = strtok_r(NULL, " ", &rest);
	}
	argv[count] = NULL;
	return artsname_translate(&name, argv);
}

static void
expect(const char *line, const char *expected)
{
	char got[4096] = "";

	cr_assert_eq(translate(line), ARTSNAME_RUN);
	cr_expect_str_eq(name.argv[0], "/usr/bin/artsd");
	for (int i = 1; name.argv[i] != NULL; i++) {
		strcat(got, " ");
		strcat(got, name.argv[i]);
	}
	cr_expect_str_eq(got, expected, "%s: got%s", line, got);
}

Test(artsname, the_name_is_that_of_the_file)
{
	cr_expect(artsname_is("artsd"));
	cr_expect(artsname_is("/opt/kde/bin/artsd"));
	cr_expect_not(artsname_is("esdmixd"));
	cr_expect_not(artsname_is("/opt/artsd/esd"));
	cr_expect_not(artsname_is(NULL));
}

Test(artsname, every_option_is_known)
{
	expect("", "");
	expect("-r 44100 -b 16 -F 10 -S 4096",
	    " --rate 44100 --format S16_LE --periods 10 --period 1024");
	expect("-b 8 -b 24 -b 32",
	    " --format U8 --format S24_LE --format S32_LE");
	expect("-D hw:1 -a null", " --device hw:1 --device null");
	expect("-a alsa -a oss", "");
	expect("-s 60 -s 0", " --autostandby 60 --autostandby -1");
	expect("-n", " --arts-tcp --public");
	expect("-p 5099 -u", " --arts-tcp --public --arts-port 5099 "
			     "--promiscuous");
	expect("-N -w 3", " --arts-buffers=5 --arts-buffers 3");
	expect("-l 3 -l 2 -l 1 -l 0",
	    " --log-level err --log-level warn --log-level info "
	    "--log-level debug");
	expect("-d -f -m artsmessage", "");
}

Test(artsname, as_words_may_be_written)
{
	expect("-nur44100", " --arts-tcp --public --promiscuous --rate 44100");
	expect("-F10 file -S4096", " --periods 10 --period 1024");
}

Test(artsname, as_kde_starts_it)
{
	expect("-F 10 -S 4096 -a alsa -s 60 -m artsmessage -c drkonqi -l 3 -f",
	    " --periods 10 --period 1024 --autostandby 60 --log-level err");
}

Test(artsname, what_makes_no_sense_is_ignored)
{
	expect("-x --loud -n", " --arts-tcp --public");
	expect("-r 0 -r fast -r 44100x -F 1 -S 3 -p 0 -p 65536 -l 4 -l -1", "");
	expect("-D /dev/dsp", "");
	expect("-u -r", " --promiscuous");
}

Test(artsname, words_without_number)
{
	char line[1024] = "";

	for (int i = 0; i < 200; i++) {
		strcat(line, "-nu ");
	}
	cr_assert_eq(translate(line), ARTSNAME_RUN);
	cr_assert(name.words <= ARTSNAME_WORDS_MAX);
	cr_assert_null(name.argv[name.words]);
	cr_assert_eq(translate("-r 44100 -h -u"), ARTSNAME_HELP);
	cr_assert_eq(translate("-A"), ARTSNAME_METHODS);
	cr_assert_eq(translate("-v"), ARTSNAME_VERSION);
}
