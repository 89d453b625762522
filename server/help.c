#include "server/help.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define HELP_COLUMN  27 /* where the text begins */
#define HELP_WIDTH   79
#define MANUAL_WIDTH 60 /* a line ends at the first blank after that */

/* A row of conf.def as it is shown. */
struct row {
	const char *key;
	const char *letter; /* NULL: none */
	const char *arg;    /* NULL: none */
	const char *words;  /* NULL: no choice of words */
	const char *value;  /* the default; NULL: none */
	const char *range;  /* "16 to 8192 frames"; NULL: none */
	bool is_bool;
	bool is_only; /* on the command line */
	const char *help;
};

#define RANGE(min, max, unit)                                                  \
	(sizeof(unit) > 1 ? #min " to " #max " " unit : #min " to " #max)

/* clang-format off */
static const struct row rows[] = {
#define INT(field, key, letter, min, max, value, unit, arg, help) \
	{ key, letter, arg, NULL, value, RANGE(min, max, unit), \
	  false, false, help },
#define BOOL(field, key, letter, value, help) \
	{ key, letter, NULL, NULL, value, NULL, true, false, help },
#define TEXT(field, key, letter, value, arg, help) \
	{ key, letter, arg, NULL, value, NULL, false, false, help },
#define CHOICE(field, key, letter, words, value, arg, help) \
	{ key, letter, arg, words, value, NULL, false, false, help },
#define VOLUME(field, key, letter, value, arg, help) \
	{ key, letter, arg, NULL, value, NULL, false, false, help },
#define RULES(field, key, letter, arg, help) \
	{ key, letter, arg, NULL, NULL, NULL, false, false, help },
#define ONLY(field, key, letter, arg, help) \
	{ key, letter, arg, NULL, NULL, NULL, false, true, help },
#include "server/conf.def"
};
/* clang-format on */

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static bool
has_default(const struct row *row)
{
	return row->value != NULL && row->value[0] != '\0';
}

/* --- --help ------------------------------------------------------------ */

/* Prints a word where it fits, else on the next line; returns the column. */
static int
put_word(FILE *out, int column, const char *word, int length)
{
	if (column + 1 + length > HELP_WIDTH) {
		fprintf(out, "\n%*s", HELP_COLUMN - 1, "");
		column = HELP_COLUMN - 1;
	}
	fprintf(out, " %.*s", length, word);
	return column + 1 + length;
}

static int
put_text(FILE *out, int column, const char *text)
{
	while (*text != '\0') {
		int length = (int)strcspn(text, " ");

		column = put_word(out, column, text, length);
		text += length;
		text += strspn(text, " ");
	}
	return column;
}

/* "auto|mmap|rw" as "(auto, mmap, rw)". */
static int
put_choices(FILE *out, int column, const char *words)
{
	char text[160];
	size_t n = 0;

	text[n++] = '(';
	for (; *words != '\0' && n < sizeof(text) - 4; words++) {
		if (*words == '|') {
			text[n++] = ',';
			text[n++] = ' ';
		} else {
			text[n++] = *words;
		}
	}
	text[n++] = ')';
	text[n] = '\0';
	return put_text(out, column, text);
}

static void
put_row(FILE *out, const struct row *row)
{
	char facts[160] = "";
	int column =
	    fprintf(out, "  %s%s%s--%s%s%s%s", row->letter != NULL ? "-" : "",
		row->letter != NULL ? row->letter : "",
		row->letter != NULL ? ", " : "    ",
		row->is_bool ? "[no-]" : "", row->key,
		row->arg != NULL ? " " : "", row->arg != NULL ? row->arg : "");

	if (column >= HELP_COLUMN) {
		fputc('\n', out);
		column = 0;
	}
	column += fprintf(out, "%*s", HELP_COLUMN - 1 - column, "");
	column = put_text(out, column, row->help);
	if (row->words != NULL) {
		column = put_choices(out, column, row->words);
	} else if (row->range != NULL) {
		(void)snprintf(facts, sizeof(facts), "(%s)", row->range);
	}
	column = put_text(out, column, facts);
	if (has_default(row)) {
		(void)snprintf(facts, sizeof(facts), "[%s]", row->value);
		put_text(out, column, facts);
	}
	fputc('\n', out);
}

void
help_print(FILE *out)
{
	fputs("Usage: esdmixd [OPTION]...\n"
	      "Plays the sound of many programs at once through one card.\n\n",
	    out);
	for (size_t i = 0; i < ROWS; i++) {
		put_row(out, &rows[i]);
	}
	fputs("\nOne dash does as well as two, -period 64 as --period=64.  "
	      "Each option is also\na key of esdmixd.conf(5).\n",
	    out);
}

/* --- the manual -------------------------------------------------------- */

/* As a sentence of roff input; its lines stay short for whoever reads them. */
static void
put_sentence(FILE *out, const char *text)
{
	int column = 0;

	fputc(toupper((unsigned char)*text), out);
	while (*++text != '\0') {
		bool end_line = *text == ' ' && column >= MANUAL_WIDTH;

		fputc(end_line ? '\n' : *text, out);
		column = end_line ? 0 : column + 1;
	}
	fputs(".\n", out);
}

/* "auto|mmap|rw" as a list in prose. */
static void
put_words(FILE *out, const char *words)
{
	fputs("One of\n", out);
	while (*words != '\0') {
		int length = (int)strcspn(words, "|");
		bool last = words[length] == '\0';

		fprintf(out, ".Cm %.*s %s\n", length, words, last ? "." : ",");
		words += length + (last ? 0 : 1);
	}
}

static void
put_explanation(FILE *out, const struct row *row)
{
	put_sentence(out, row->help);
	if (row->words != NULL) {
		put_words(out, row->words);
	}
	if (row->range != NULL) {
		fprintf(out, "From %s.\n", row->range);
	}
	if (has_default(row)) {
		fprintf(out, "The default is\n.Li %s .\n", row->value);
	}
}

void
help_print_options(FILE *out)
{
	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];
		const char *ar = row->arg != NULL ? " Ar " : "";
		const char *arg = row->arg != NULL ? row->arg : "";

		fputs(".It ", out);
		if (row->letter != NULL) {
			fprintf(out, "Fl %s%s%s , ", row->letter, ar, arg);
		}
		fprintf(out, "Fl -%s%s%s", row->key, ar, arg);
		if (row->is_bool) {
			fprintf(out, " , Fl -no-%s", row->key);
		}
		fputc('\n', out);
		put_explanation(out, row);
	}
	fputs(".El\n", out);
}

void
help_print_keys(FILE *out)
{
	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];

		if (row->is_only) {
			continue;
		}
		if (row->is_bool) {
			fprintf(out, ".It Cm %s = Cm yes | no\n", row->key);
		} else {
			fprintf(out, ".It Cm %s = Ar %s\n", row->key, row->arg);
		}
		put_explanation(out, row);
	}
	fputs(".El\n", out);
}
