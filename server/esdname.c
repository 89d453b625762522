#include "server/esdname.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "server/log.h"

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif

#define SUBJECT	       "esd"
#define LINE_MAX_BYTES 2048 /* of a line of esd.conf; more is ignored */
#define BLANKS	       " \t\n\v\f\r"

enum kind {
	ALONE,	 /* takes nothing */
	TEXT,	 /* takes the next word */
	NUMBER,	 /* which is a number */
	HELP,	 /* nothing else counts */
	VERSION, /* likewise */
};

/*
 * Every option of the original.  `ours` NULL: taken, and nothing follows from
 * it: there is no 8-bit mixing here, there are no tones, and a directory that
 * isn't safe isn't used.
 */
static const struct row {
	const char *word;
	const char *arg; /* what help calls it */
	enum kind kind;
	long min, max; /* of a NUMBER; one beyond them is ignored */
	const char *ours;
	const char *help;
} rows[] = {
	{ "-d", "DEVICE", TEXT, 0, 0, "--device", "play on this device" },
	{ "-b", NULL, ALONE, 0, 0, NULL,
	    "accepted; nothing is mixed in 8 bits" },
	{ "-r", "RATE", NUMBER, 8000, 384000, "--rate", "rate of the mix" },
	{ "-as", "SECS", NUMBER, -1, 86400, "--autostandby",
	    "release the device after so much silence; -1 never" },
	{ "-unix", NULL, ALONE, 0, 0, "--no-tcp",
	    "listen on Unix sockets only" },
	{ "-tcp", NULL, ALONE, 0, 0, "--tcp",
	    "listen on TCP too (the original: only there)" },
	{ "-public", NULL, ALONE, 0, 0, "--public",
	    "with -tcp: on all addresses" },
	{ "-port", "PORT", NUMBER, 1, 65535, "--port", "TCP port" },
	{ "-bind", "ADDRESS", TEXT, 0, 0, "--bind",
	    "with -tcp: on this address" },
	{ "-promiscuous", NULL, ALONE, 0, 0, "--promiscuous",
	    "let everybody in" },
	{ "-terminate", NULL, ALONE, 0, 0, "--terminate",
	    "end when the last client has gone" },
	{ "-noterminate", NULL, ALONE, 0, 0, "--no-terminate", "do not" },
	{ "-beeps", NULL, ALONE, 0, 0, NULL, "accepted; there are no tones" },
	{ "-nobeeps", NULL, ALONE, 0, 0, NULL, "accepted likewise" },
	{ "-trust", NULL, ALONE, 0, 0, NULL,
	    "accepted; an unsafe directory is not used" },
	{ "-spawnpid", "PID", NUMBER, 2, 4194304, "--spawnpid",
	    "signal this process when ready" },
	{ "-spawnfd", "FD", NUMBER, 0, 1048576, "--spawnfd",
	    "write to this descriptor when ready" },
	{ "-vt", NULL, ALONE, 0, 0, "--log-level=debug", "print traces" },
	{ "-vc", NULL, ALONE, 0, 0, "--log-level=debug", "likewise" },
	{ "-vm", NULL, ALONE, 0, 0, "--log-level=debug", "likewise" },
	{ "-v", NULL, VERSION, 0, 0, NULL, "print the version and exit" },
	{ "--version", NULL, VERSION, 0, 0, NULL, "likewise" },
	{ "-h", NULL, HELP, 0, 0, NULL, "print this and exit" },
	{ "--help", NULL, HELP, 0, 0, NULL, "likewise" },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

bool
esdname_is(const char *argv0)
{
	const char *slash = argv0 != NULL ? strrchr(argv0, '/') : NULL;

	return argv0 != NULL &&
	       strcmp(slash != NULL ? slash + 1 : argv0, "esd") == 0;
}

/* --- options ----------------------------------------------------------- */

static const struct row *
find_row(const char *word)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (strcmp(rows[i].word, word) == 0) {
			return &rows[i];
		}
	}
	return NULL;
}

static bool
is_number(const struct row *row, const char *text)
{
	char *end;

	errno = 0;
	long number = strtol(text, &end, 10);
	return end != text && *end == '\0' && errno == 0 &&
	       number >= row->min && number <= row->max;
}

static void
put(struct esdname *name, const char *word)
{
	/* Nobody writes to them; main()'s argv just isn't const. */
	name->argv[name->words++] = (char *)word;
	name->argv[name->words] = NULL;
}

/* The words of both sources, at most ESDNAME_WORDS_MAX. */
static void
gather(struct esdname *name, char *const argv[], const char *options)
{
	unsigned count = 0;
	char *rest = NULL;

	(void)snprintf(name->options, sizeof(name->options), "%s", options);
	char *word = strtok_r(name->options, BLANKS, &rest);
	while (word != NULL && count < ESDNAME_WORDS_MAX) {
		name->said[count++] = word;
		word = strtok_r(NULL, BLANKS, &rest);
	}
	for (int i = 1; argv[0] != NULL && argv[i] != NULL; i++) {
		if (count == ESDNAME_WORDS_MAX) {
			log_line(LOG_WARN, SUBJECT,
			    "more than %d words; the rest is ignored",
			    ESDNAME_WORDS_MAX);
			break;
		}
		name->said[count++] = argv[i];
	}
	name->said[count] = NULL;
}

static bool
is_spawned(char *const argv[])
{
	for (int i = 1; argv[0] != NULL && argv[i] != NULL; i++) {
		if (strcmp(argv[i], "-spawnfd") == 0 ||
		    strcmp(argv[i], "-spawnpid") == 0) {
			return true;
		}
	}
	return false;
}

/* Takes one option; returns how many words it was. */
static int
take(struct esdname *name, const struct row *row, const char *const said[])
{
	if (row->kind == ALONE) {
		if (row->ours != NULL) {
			put(name, row->ours);
		}
		return 1;
	}
	if (said[1] == NULL) {
		log_line(LOG_WARN, SUBJECT, "%s: needs a %s after it; ignored",
		    row->word, row->arg);
		return 1;
	}
	if (row->kind == NUMBER && !is_number(row, said[1])) {
		log_line(LOG_WARN, SUBJECT,
		    "%s: '%s' is not a number from %ld to %ld; ignored",
		    row->word, said[1], row->min, row->max);
		return 2;
	}
	put(name, row->ours);
	put(name, said[1]);
	return 2;
}

enum esdname_verdict
esdname_translate(struct esdname *name, char *const argv[], const char *options)
{
	gather(name, argv, is_spawned(argv) ? "" : options);
	name->words = 0;
	put(name, argv[0] != NULL ? argv[0] : "esd");

	const char *const *said = name->said;
	while (*said != NULL) {
		const struct row *row = find_row(*said);

		if (row == NULL) {
			log_line(LOG_WARN, SUBJECT,
			    "%s: unknown option; ignored", *said);
			said++;
		} else if (row->kind == HELP) {
			return ESDNAME_HELP;
		} else if (row->kind == VERSION) {
			return ESDNAME_VERSION;
		} else {
			said += take(name, row, said);
		}
	}
	return ESDNAME_RUN;
}

/* --- esd.conf ---------------------------------------------------------- */

static void
take_options(char options[ESDNAME_OPTIONS_MAX], const char *value)
{
	/* Cut, it would mean something else. */
	if (strlen(value) < ESDNAME_OPTIONS_MAX - 1) {
		(void)snprintf(options, ESDNAME_OPTIONS_MAX, "%s", value);
	}
}

/* A second '=' ends the value; there are no blanks around the first. */
static void
read_line(char *line, char options[ESDNAME_OPTIONS_MAX])
{
	static const char key[] = "default_options=";
	size_t n = strlen(line);

	while (n > 0 && isspace((unsigned char)line[n - 1])) {
		line[--n] = '\0';
	}
	line += strspn(line, BLANKS);
	if (strncasecmp(line, key, sizeof(key) - 1) != 0) {
		return;
	}
	line += sizeof(key) - 1;
	line[strcspn(line, "=")] = '\0';
	take_options(options, line);
}

static void
read_file(const char *path, char options[ESDNAME_OPTIONS_MAX])
{
	char line[LINE_MAX_BYTES];
	bool continued = false;
	FILE *file = fopen(path, "re");

	if (file == NULL) {
		return; /* none is the usual case */
	}
	while (fgets(line, sizeof(line), file) != NULL) {
		bool is_whole = strchr(line, '\n') != NULL || feof(file);

		if (is_whole && !continued) {
			read_line(line, options);
		}
		continued = !is_whole;
	}
	(void)fclose(file);
}

void
esdname_options(char options[ESDNAME_OPTIONS_MAX])
{
	const char *home = getenv("HOME");
	const char *said = getenv("ESD_DEFAULT_OPTIONS");
	char path[4096];

	options[0] = '\0';
	read_file(SYSCONFDIR "/esd.conf", options);
	if (home != NULL && home[0] == '/') {
		int n = snprintf(path, sizeof(path), "%s/.esd.conf", home);

		if (n > 0 && (size_t)n < sizeof(path)) {
			read_file(path, options);
		}
	}
	if (said != NULL) {
		take_options(options, said);
	}
}

/* --- what it prints, and whom it tells --------------------------------- */

void
esdname_help(FILE *out)
{
	(void)fprintf(out,
	    "usage: esd [OPTION]...\n"
	    "This is esdmixd under the original server's name, with its "
	    "options:\n");
	for (size_t i = 0; i < ROWS; i++) {
		(void)fprintf(out, "  %-13s %-8s %s\n", rows[i].word,
		    rows[i].arg != NULL ? rows[i].arg : "", rows[i].help);
	}
	(void)fprintf(out, "For more, see esdmixd --help.\n");
}

/* Scripts compare the number. */
void
esdname_version(FILE *out)
{
	(void)fprintf(out, "Esound version 0.2.41\n");
}

void
esdname_tell(int fd, pid_t pid, bool ready)
{
	char byte = ready ? 1 : 0;

	if (fd >= 0) {
		if (write(fd, &byte, 1) != 1) {
			log_line(LOG_WARN, SUBJECT,
			    "cannot tell descriptor %d: %s", fd,
			    strerror(errno));
		}
		close(fd);
	}
	if (pid > 1 && kill(pid, ready ? SIGUSR1 : SIGALRM) != 0) {
		log_line(LOG_WARN, SUBJECT, "cannot tell process %d: %s",
		    (int)pid, strerror(errno));
	}
}
