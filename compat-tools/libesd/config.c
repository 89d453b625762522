/*
 * esd.conf: whether and how to start a server.  Later wins: what is built in,
 * the system's file, the user's, the environment.
 */
#include "compat-tools/libesd/libesd.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/cookie.h"

#define LINE_BYTES LIBESD_OPTIONS_MAX /* the longest line, newline and NUL */

int esd_no_spawn = 0;
int esd_spawn_wait_ms = 100;
char esd_spawn_options[LIBESD_OPTIONS_MAX] = "-terminate -nobeeps -as 2";
char esd_default_options[LIBESD_OPTIONS_MAX] = "";

/* --- keys ----------------------------------------------------------------- */

static int
take_auto_spawn(const char *value)
{
	static const char *const words[] = { "false", "no", "0", "true", "yes",
		"1" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(value, words[i]) == 0) {
			esd_no_spawn = i < 3;
			return 0;
		}
	}
	return -EINVAL;
}

static int
take_spawn_wait_ms(const char *value)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(value, &end, 0);
	if (end == value || *end != '\0' || errno != 0 || number < 0 ||
	    number > INT_MAX) {
		return -EINVAL;
	}
	esd_spawn_wait_ms = (int)number;
	return 0;
}

static int
take_options(char options[LIBESD_OPTIONS_MAX], const char *value)
{
	size_t length = strlen(value);

	if (length >= LIBESD_OPTIONS_MAX - 1) {
		return -EINVAL;
	}
	memcpy(options, value, length + 1);
	return 0;
}

static int
take_spawn_options(const char *value)
{
	return take_options(esd_spawn_options, value);
}

static int
take_default_options(const char *value)
{
	return take_options(esd_default_options, value);
}

static const struct {
	const char *name;
	int (*take)(const char *value);
} keys[] = {
	{ "auto_spawn", take_auto_spawn },
	{ "spawn_options", take_spawn_options },
	{ "spawn_wait_ms", take_spawn_wait_ms },
	{ "default_options", take_default_options },
};

static int
take(const char *name, const char *value)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcasecmp(name, keys[i].name) == 0) {
			return keys[i].take(value);
		}
	}
	return -ENOENT;
}

/* --- files ---------------------------------------------------------------- */

static char *
trim(char *text)
{
	size_t length;

	while (isspace((unsigned char)*text)) {
		text++;
	}
	length = strlen(text);
	while (length > 0 && isspace((unsigned char)text[length - 1])) {
		length--;
	}
	text[length] = '\0';
	return text;
}

/* Blanks around the '=' belong to key and value; a second '=' ends the value.
 */
static const char *
read_line(char *line)
{
	char *key = trim(line);
	char *value = strchr(key, '=');
	char *second;

	if (key[0] == '\0' || key[0] == '#' || key[0] == '[') {
		return NULL;
	}
	if (value == NULL) {
		return "not KEY=VALUE";
	}
	*value++ = '\0';
	second = strchr(value, '=');
	if (second != NULL) {
		*second = '\0';
	}
	switch (take(key, value)) {
	case 0:
		return NULL;
	case -ENOENT:
		return "no such key";
	default:
		return "no such value for this key";
	}
}

/* What doesn't fit is dropped to the end of its line. */
static bool
is_cut(FILE *file, const char *line)
{
	int c;

	if (strchr(line, '\n') != NULL || strlen(line) < LINE_BYTES - 1) {
		return false;
	}
	do {
		c = getc(file);
	} while (c != '\n' && c != EOF);
	return true;
}

static void
read_file(const char *path)
{
	char line[LINE_BYTES];
	unsigned number = 0;
	FILE *file = fopen(path, "re");

	if (file == NULL) {
		return; /* none is the usual case */
	}
	while (fgets(line, sizeof(line), file) != NULL) {
		const char *fault =
		    is_cut(file, line) ? "too long a line" : read_line(line);

		number++;
		if (fault != NULL) {
			(void)fprintf(stderr,
			    "libesd: %s:%u: %s; it is ignored\n", path, number,
			    fault);
		}
	}
	(void)fclose(file);
}

/* It is beside the key. */
static void
read_own_file(void)
{
	char path[PATH_MAX];
	char *slash;

	if (cookie_path(path, sizeof(path) - sizeof("/.esd.conf")) != 0) {
		return;
	}
	slash = strrchr(path, '/');
	memcpy(slash, "/.esd.conf", sizeof("/.esd.conf"));
	read_file(path);
}

static void
read_environment(void)
{
	const char *spawn_options = getenv("ESD_SPAWN_OPTIONS");
	const char *default_options = getenv("ESD_DEFAULT_OPTIONS");

	if (getenv("ESD_NO_SPAWN") != NULL) {
		esd_no_spawn = 1;
	}
	if (spawn_options != NULL) {
		(void)take_spawn_options(spawn_options);
	}
	if (default_options != NULL) {
		(void)take_default_options(default_options);
	}
}

static void
read_all(void)
{
	read_file(ESD_SYSCONFDIR "/esd.conf");
	read_own_file();
	read_environment();
}

void
esd_config_read(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, read_all);
}
