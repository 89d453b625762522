#include "server/artsname.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/log.h"

#define SUBJECT	     "artsd"
#define FRAME_BYTES  4L /* as the original counts a fragment: 16-bit stereo */
#define PERIOD_MIN   16
#define PERIOD_MAX   8192
#define LETTERS_MAX  64
#define HELP_COLUMNS 11

enum value {
	NONE,	  /* takes nothing */
	IGNORED,  /* takes a word, of which nothing follows */
	METHOD,	  /* a word; only "null" means something here */
	DEVICE,	  /* a word; a device file is not what we open */
	NUMBER,	  /* as it is */
	FRAGMENT, /* bytes; ours are frames */
	SECONDS,  /* 0 is never */
	BITS,	  /* a sample's */
	LEVEL,	  /* of log lines, 3 the quietest */
};

/* `ours` NULL: accepted, and nothing follows from it. */
static const struct row {
	int letter;
	enum value value;
	const char *arg; /* what help calls it */
	long min, max;	 /* of a number; one beyond them is ignored */
	const char *ours, *also;
	const char *help;
} rows[] = {
	{ 'r', NUMBER, "RATE", 8000, 384000, "--rate", NULL,
	    "rate of the mix" },
	{ 'b', BITS, "BITS", 8, 32, "--format", NULL,
	    "of the device's samples; 8, 16, 24 or 32" },
	{ 'a', METHOD, "METHOD", 0, 0, "--device", NULL,
	    "null plays into nothing; the device tells all else" },
	{ 'D', DEVICE, "DEVICE", 0, 0, "--device", NULL,
	    "ALSA device to play on" },
	{ 'F', NUMBER, "COUNT", 2, 64, "--periods", NULL,
	    "fragments in the device's buffer" },
	{ 'S', FRAGMENT, "BYTES", PERIOD_MIN *FRAME_BYTES,
	    PERIOD_MAX *FRAME_BYTES, "--period", NULL,
	    "of a fragment, as 16-bit stereo" },
	{ 's', SECONDS, "SECONDS", 0, 86400, "--autostandby", NULL,
	    "release the device after so much silence; 0 never" },
	{ 'n', NONE, NULL, 0, 0, "--arts-tcp", "--public",
	    "listen on TCP too, on all addresses" },
	{ 'p', NUMBER, "PORT", 1, 65535, "--arts-port", NULL,
	    "on this port; implies -n" },
	{ 'u', NONE, NULL, 0, 0, "--promiscuous", NULL,
	    "let in whoever can connect" },
	{ 'N', NONE, NULL, 0, 0, "--arts-buffers=5", NULL,
	    "five times the buffer of a stream" },
	{ 'w', NUMBER, "COUNT", 1, 16, "--arts-buffers", NULL,
	    "so many times" },
	{ 'l', LEVEL, "LEVEL", 0, 3, "--log-level", NULL,
	    "3 errors only, 2 warnings, 1 more, 0 all" },
	{ 'd', NONE, NULL, 0, 0, NULL, NULL,
	    "accepted; recording needs no asking" },
	{ 'f', NONE, NULL, 0, 0, NULL, NULL,
	    "accepted; a device that fails is waited for" },
	{ 'm', IGNORED, "PROGRAM", 0, 0, NULL, NULL,
	    "accepted; messages go to standard error" },
	{ 'c', IGNORED, "COMMAND", 0, 0, NULL, NULL, "accepted likewise" },
	{ 'A', NONE, NULL, 0, 0, NULL, NULL,
	    "list the audio methods and exit" },
	{ 'v', NONE, NULL, 0, 0, NULL, NULL, "print the version and exit" },
	{ 'h', NONE, NULL, 0, 0, NULL, NULL, "print this and exit" },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

bool
artsname_is(const char *argv0)
{
	const char *slash = argv0 != NULL ? strrchr(argv0, '/') : NULL;

	return argv0 != NULL &&
	       strcmp(slash != NULL ? slash + 1 : argv0, "artsd") == 0;
}

static const struct row *
find_row(int letter)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i].letter == letter) {
			return &rows[i];
		}
	}
	return NULL;
}

static void
put(struct artsname *name, const char *word)
{
	if (word != NULL && name->words < ARTSNAME_WORDS_MAX) {
		/* Nobody writes to them; main()'s argv just isn't const. */
		name->argv[name->words++] = (char *)word;
		name->argv[name->words] = NULL;
	}
}

static void
put_pair(struct artsname *name, const char *option, const char *value)
{
	if (name->words + 2 <= ARTSNAME_WORDS_MAX) {
		put(name, option);
		put(name, value);
	}
}

static void
put_number(struct artsname *name, const char *option, long number)
{
	if (name->words + 2 <= ARTSNAME_WORDS_MAX) {
		/* Its place is that of its word: none is written twice. */
		char *text = name->values[name->words + 1];

		(void)snprintf(text, sizeof(name->values[0]), "%ld", number);
		put_pair(name, option, text);
	}
}

static bool
read_number(const struct row *row, const char *text, long *number)
{
	char *end;

	errno = 0;
	*number = strtol(text, &end, 10);
	if (end != text && *end == '\0' && errno == 0 && *number >= row->min &&
	    *number <= row->max) {
		return true;
	}
	log_line(LOG_WARN, SUBJECT,
	    "-%c: '%s' is not a number from %ld to %ld; ignored", row->letter,
	    text, row->min, row->max);
	return false;
}

static const char *
format_of(long bits)
{
	switch (bits) {
	case 8:
		return "U8";
	case 16:
		return "S16_LE";
	case 24:
		return "S24_LE";
	case 32:
		return "S32_LE";
	default:
		return NULL;
	}
}

static void
take_bits(struct artsname *name, const struct row *row, long bits)
{
	const char *format = format_of(bits);

	if (format != NULL) {
		put_pair(name, row->ours, format);
	} else {
		log_line(LOG_WARN, SUBJECT,
		    "-%c: %ld is not 8, 16, 24 or 32; ignored", row->letter,
		    bits);
	}
}

static void
take_number(struct artsname *name, const struct row *row, const char *text)
{
	static const char *const levels[] = { "debug", "info", "warn", "err" };
	long number;

	if (!read_number(row, text, &number)) {
		return;
	}
	switch (row->value) {
	case FRAGMENT:
		put_number(name, row->ours, number / FRAME_BYTES);
		break;
	case SECONDS:
		put_number(name, row->ours, number == 0 ? -1 : number);
		break;
	case BITS:
		take_bits(name, row, number);
		break;
	case LEVEL:
		put_pair(name, row->ours, levels[number]);
		break;
	default:
		if (row->letter == 'p') {
			put(name, "--arts-tcp");
			put(name, "--public");
		}
		put_number(name, row->ours, number);
		break;
	}
}

static void
take(struct artsname *name, const struct row *row, const char *text)
{
	switch (row->value) {
	case NONE:
		put(name, row->ours);
		put(name, row->also);
		break;
	case IGNORED:
		break;
	case METHOD:
		if (strcmp(text, "null") == 0) {
			put_pair(name, row->ours, text);
		}
		break;
	case DEVICE:
		if (strncmp(text, "/dev/", 5) == 0) {
			log_line(LOG_WARN, SUBJECT,
			    "-D: %s is a device file; ignored, name an ALSA "
			    "device",
			    text);
		} else {
			put_pair(name, row->ours, text);
		}
		break;
	default:
		take_number(name, row, text);
		break;
	}
}

/* As getopt() wants it. */
static void
letters(char text[LETTERS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < ROWS; i++) {
		text[n++] = (char)rows[i].letter;
		if (rows[i].value != NONE) {
			text[n++] = ':';
		}
	}
	text[n] = '\0';
}

_Static_assert(2 * ROWS < LETTERS_MAX, "all letters fit");

enum artsname_verdict
artsname_translate(struct artsname *name, char *argv[])
{
	char known[LETTERS_MAX];
	int argc = 0;
	int letter;

	while (argv[argc] != NULL) {
		argc++;
	}
	name->words = 0;
	put(name, argc > 0 ? argv[0] : "artsd");
	letters(known);
	opterr = 0;
	optind = 1;
	while ((letter = getopt(argc, argv, known)) != -1) {
		const struct row *row = find_row(letter);

		if (row == NULL) {
			continue; /* unknown, or its word is missing */
		}
		switch (letter) {
		case 'h':
			return ARTSNAME_HELP;
		case 'A':
			return ARTSNAME_METHODS;
		case 'v':
			return ARTSNAME_VERSION;
		default:
			take(name, row, optarg);
			break;
		}
	}
	return ARTSNAME_RUN;
}

void
artsname_help(FILE *out)
{
	(void)fprintf(out,
	    "usage: artsd [OPTION]...\n"
	    "This is esdmixd under the name of aRts' server, with its "
	    "options:\n");
	for (size_t i = 0; i < ROWS; i++) {
		(void)fprintf(out, "  -%c %-*s %s\n", rows[i].letter,
		    HELP_COLUMNS, rows[i].arg != NULL ? rows[i].arg : "",
		    rows[i].help);
	}
	(void)fprintf(out, "For more, see esdmixd --help.\n");
}

void
artsname_methods(FILE *out)
{
	(void)fprintf(out, "possible choices for the audio i/o method:\n"
			   "  alsa   the device named by -D\n"
			   "  null   nothing is heard\n");
}

/* Of the last aRts; programs compare it. */
void
artsname_version(FILE *out)
{
	(void)fprintf(out, "artsd 1.5.10\n");
}
