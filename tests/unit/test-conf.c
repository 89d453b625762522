#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/conf.h"
#include "server/device/device.h"
#include "server/help.h"
#include "server/log.h"

#define WORDS_MAX 16

static char directory[64];
static struct conf_files files;
static struct conf conf;
static char why[CONF_WHY_MAX];

static void
set_up(void)
{
	strcpy(directory, "/tmp/test-conf-XXXXXX");
	cr_assert_not_null(mkdtemp(directory));
	snprintf(files.system, sizeof(files.system), "%s/system", directory);
	snprintf(files.user, sizeof(files.user), "%s/user", directory);
}

static void
tear_down(void)
{
	unlink(files.system);
	unlink(files.user);
	rmdir(directory);
}

TestSuite(conf, .init = set_up, .fini = tear_down);

static void
put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
}

/* Loads with that command line, words separated by '|'. */
static enum conf_verdict
load(const char *line)
{
	static char copy[CONF_TEXT_MAX + 64];
	char *argv[WORDS_MAX] = { (char *)"esdmixd" };
	int argc = 1;
	char *rest = copy;

	snprintf(copy, sizeof(copy), "%s", line);
	why[0] = '\0';
	while (*line != '\0' && rest != NULL && argc < WORDS_MAX - 1) {
		argv[argc++] = strsep(&rest, "|");
	}
	return conf_load(&conf, &files, argv, why);
}

static void
expect_bad_line(const char *text, const char *part)
{
	char place[CONF_TEXT_MAX + 16];

	put(files.user, text);
	cr_assert_eq(load(""), CONF_BAD_FILE, "%s", text);
	cr_assert_not_null(strstr(why, part), "%s: %s", text, why);
	snprintf(place, sizeof(place), "%s:1: ", files.user);
	cr_assert_eq(strncmp(why, place, strlen(place)), 0, "%s", why);
	cr_assert_null(strchr(why, '\n'), "one line");
}

static void
expect_bad_command(const char *line, const char *part)
{
	cr_assert_eq(load(line), CONF_BAD_COMMAND, "%s", line);
	cr_assert_not_null(strstr(why, part), "%s: %s", line, why);
}

Test(conf, defaults)
{
	cr_assert_eq(load(""), CONF_RUN, "%s", why);
	cr_assert_str_eq(conf.device, "hw,default");
	cr_assert(conf_is_usual(&conf, "device"));
	cr_assert(!conf_is_usual(&conf, "rate"), "only texts are told of");
	cr_assert_eq(conf.rate, 48000);
	cr_assert_eq(conf.period, 480);
	cr_assert_eq(conf.periods, 3);
	cr_assert_eq(conf.format, 0);
	cr_assert_eq(conf.clients, 1000);
	cr_assert_eq(conf.master, VOLUME_UNITY);
	cr_assert_eq(conf.rules.count, 0);
	cr_assert_eq(conf.log_level, (int)LOG_INFO);
	cr_assert(conf.legacy_sockets);
}

Test(conf, spellings)
{
	cr_assert_eq(load("-period|64"), CONF_RUN, "%s", why);
	cr_assert_eq(conf.period, 64);
	cr_assert_eq(load("--period|65"), CONF_RUN, "%s", why);
	cr_assert_eq(conf.period, 65);
	cr_assert_eq(load("--period=66"), CONF_RUN, "%s", why);
	cr_assert_eq(conf.period, 66);
	cr_assert_eq(load("-d|null|-r|44100"), CONF_RUN, "%s", why);
	cr_assert_str_eq(conf.device, "null");
	cr_assert(!conf_is_usual(&conf, "device"));
	cr_assert_eq(conf.rate, 44100);
	cr_assert_eq(load("--no-legacy-sockets"), CONF_RUN, "%s", why);
	cr_assert_not(conf.legacy_sockets);
	cr_assert_eq(load("-no-legacy-sockets|-legacy-sockets"), CONF_RUN);
	cr_assert(conf.legacy_sockets);
	cr_assert_eq(load("--legacy-sockets=off"), CONF_RUN, "%s", why);
	cr_assert_not(conf.legacy_sockets);
	cr_assert_eq(load("--master|-6dB"), CONF_RUN, "%s", why);
	cr_assert_eq(conf.master, 128);
	cr_assert_eq(load("-d|file:/a=b.wav"), CONF_RUN, "%s", why);
	cr_assert_str_eq(conf.device, "file:/a=b.wav");
}

Test(conf, help_and_version)
{
	cr_assert_eq(load("-h"), CONF_HELP);
	cr_assert_eq(load("--help"), CONF_HELP);
	cr_assert_eq(load("-v"), CONF_VERSION);
	put(files.user, "nonsense\n"); /* must not keep help from helping */
	cr_assert_eq(load("--help"), CONF_HELP);
}

/* Words that stand for numbers elsewhere stay in step with them. */
Test(conf, words_match_their_enums)
{
	char word[16];

	for (int format = 0; format < OUT_FORMATS; format++) {
		cr_assert_str_eq(
		    conf_word("format", format + 1, word, sizeof(word)),
		    out_format_name((enum out_format)format));
	}
	cr_assert_null(
	    conf_word("format", OUT_FORMATS + 1, word, sizeof(word)));
	cr_assert_eq(load("--access|rw|--log-level|debug"), CONF_RUN);
	cr_assert_eq(conf.access, (int)ACCESS_RW);
	cr_assert_eq(conf.log_level, (int)LOG_DEBUG);
	cr_assert_null(conf_word("nothing", 0, word, sizeof(word)));
}

/* Every row's limits, both sides. */
Test(conf, ranges)
{
#define INT(field, key, letter, min, max, value, unit, arg, help)              \
	do {                                                                   \
		char line[80];                                                 \
		snprintf(line, sizeof(line), "--" key "=%d", min);             \
		cr_assert_eq(load(line), CONF_RUN, "%s: %s", line, why);       \
		cr_assert_eq(conf.field, min);                                 \
		snprintf(line, sizeof(line), "--" key "=%d", max);             \
		cr_assert_eq(load(line), CONF_RUN, "%s: %s", line, why);       \
		cr_assert_eq(conf.field, max);                                 \
		snprintf(line, sizeof(line), "--" key "=%lld", min - 1LL);     \
		expect_bad_command(line, key);                                 \
		snprintf(line, sizeof(line), "--" key "=%lld", max + 1LL);     \
		expect_bad_command(line, key);                                 \
		expect_bad_command("--" key "=", key);                         \
		expect_bad_command("--" key "=1x", key);                       \
		expect_bad_command("--" key "=99999999999999999999", key);     \
	} while (0);
#include "server/conf.def"
}

Test(conf, later_beats_earlier)
{
	char line[CONF_TEXT_MAX + 64];

	put(files.system, "period = 100\nperiods = 5\nrate = 8000\n");
	put(files.user, "period = 200\nperiods = 6\n");
	cr_assert_eq(load("--period|300"), CONF_RUN, "%s", why);
	cr_assert_eq(conf.period, 300);
	cr_assert_eq(conf.periods, 6);
	cr_assert_eq(conf.rate, 8000);

	snprintf(line, sizeof(line), "--rate=9000|--config|%s", files.user);
	cr_assert_eq(load(line), CONF_RUN, "%s", why);
	cr_assert_eq(conf.period, 200);
	cr_assert_eq(conf.rate, 9000, "not the system's file");
}

Test(conf, later_rules_go_first)
{
	int32_t volume[2];

	put(files.system, "volume = * 10%\nvolume = c 5%\n");
	put(files.user, "volume = a 50%\nvolume = a 60%\n");
	cr_assert_eq(load("--volume|b 100%"), CONF_RUN, "%s", why);
	cr_assert_eq(conf.rules.count, 5);
	cr_assert(volume_rules_find(&conf.rules, "a", volume));
	cr_assert_eq(volume[0], 128);
	cr_assert(volume_rules_find(&conf.rules, "b", volume));
	cr_assert_eq(volume[0], 256);
	cr_assert(volume_rules_find(&conf.rules, "c", volume));
	cr_assert_eq(volume[0], 26);
}

Test(conf, lines)
{
	put(files.user, "# a comment\n"
			"\n"
			"  device\t=  \"hw:0,0 # no comment\"  # a comment\n"
			"socket=/a#b\n"
			"volume = \"My Player *\" 50% # a comment\n"
			"legacy-sockets = no\r\n"
			"period = 64"); /* no newline */
	cr_assert_eq(load(""), CONF_RUN, "%s", why);
	cr_assert_str_eq(conf.device, "hw:0,0 # no comment");
	cr_assert_str_eq(conf.socket, "/a#b");
	cr_assert_str_eq(conf.rules.rules[0].pattern, "My Player *");
	cr_assert_not(conf.legacy_sockets);
	cr_assert_eq(conf.period, 64);
}

Test(conf, bad_lines)
{
	char text[CONF_LINE_MAX + CONF_TEXT_MAX];

	expect_bad_line("perid = 64", "is period meant?");
	expect_bad_line("unauthentcated = 64", "is unauthenticated meant?");
	expect_bad_line("frobnicate = 64", "--help");
	expect_bad_line("period", "no '='");
	expect_bad_line("= 5", "unknown");
	expect_bad_line("period = 1e3", "from 16 to 8192 frames");
	expect_bad_line("access = dma", "auto|mmap|rw");
	expect_bad_line("legacy-sockets = maybe", "yes nor no");
	expect_bad_line("master = 201%", "200%");
	expect_bad_line("volume = xmms", "PATTERN VOLUME");
	expect_bad_line("device = \"hw", "quote");
	expect_bad_line("config = /etc/passwd", "command line");
	expect_bad_line("no-legacy-sockets = yes", "unknown");

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	expect_bad_line(text, "longer than");
	memcpy(text, "socket = ", 9);
	text[9 + CONF_TEXT_MAX] = '\0';
	expect_bad_line(text, "longer than");
	text[9 + CONF_TEXT_MAX - 1] = '\0';
	put(files.user, text);
	cr_assert_eq(load(""), CONF_RUN, "%s", why);
}

Test(conf, bad_files)
{
	char line[160];

	snprintf(line, sizeof(line), "--config=%s/none", directory);
	cr_assert_eq(load(line), CONF_BAD_FILE);
	cr_assert_not_null(strstr(why, "none: cannot be opened: No such"));
	snprintf(line, sizeof(line), "--config=%s", directory);
	cr_assert_eq(load(line), CONF_BAD_FILE);
	cr_assert_not_null(strstr(why, "Is a directory"), "%s", why);
	cr_assert_eq(mkdir(files.user, 0700), 0);
	cr_assert_eq(load(""), CONF_BAD_FILE);
	rmdir(files.user);
}

Test(conf, too_many_rules)
{
	FILE *file = fopen(files.system, "w");

	for (int i = 0; i < VOLUME_RULES_MAX; i++) {
		fputs("volume = a 50%\n", file);
	}
	fclose(file);
	cr_assert_eq(load(""), CONF_RUN, "%s", why);
	expect_bad_command("--volume=b 50%", "64 rules");
	put(files.user, "volume = b 50%\n");
	cr_assert_eq(load(""), CONF_BAD_FILE);
}

Test(conf, bad_commands)
{
	expect_bad_command("foo", "not an option");
	expect_bad_command("-", "not an option");
	expect_bad_command("--", "not an option");
	expect_bad_command("--perod=5", "is --period meant?");
	expect_bad_command("-perod", "is -period meant?");
	expect_bad_command("--period", "needs a FRAMES");
	expect_bad_command("--no-period", "unknown");
}

Test(conf, usual_files)
{
	struct conf_files usual;

	setenv("XDG_CONFIG_HOME", "/x", 1);
	setenv("HOME", "/h", 1);
	conf_usual_files(&usual);
	cr_assert_str_eq(usual.user, "/x/esdmixd/esdmixd.conf");
	setenv("XDG_CONFIG_HOME", "relative", 1);
	conf_usual_files(&usual);
	cr_assert_str_eq(usual.user, "/h/.config/esdmixd/esdmixd.conf");
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("HOME");
	conf_usual_files(&usual);
	cr_assert_str_eq(usual.user, "");
}

/* What --help and the manual say names every key, and fits the screen. */
Test(conf, help_is_whole)
{
	void (*const print[])(
	    FILE *) = { help_print, help_print_options, help_print_keys };

	for (int i = 0; i < 3; i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);

		print[i](out);
		fclose(out);
#define INT(field, key, letter, min, max, value, unit, arg, help)              \
	cr_assert_not_null(strstr(text, key));
#define BOOL(field, key, letter, value, help)                                  \
	cr_assert_not_null(strstr(text, key));
#define TEXT(field, key, letter, value, arg, help)                             \
	cr_assert_not_null(strstr(text, key));
#include "server/conf.def"
		for (char *line = strtok(text, "\n"); line != NULL;
		     line = strtok(NULL, "\n")) {
			cr_assert_lt(strlen(line), 80, "%s", line);
		}
		free(text);
	}
}
