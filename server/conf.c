#include "server/conf.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif

#define KEY_MAX 32 /* bytes, NUL included */

enum kind {
	KIND_INT,
	KIND_BOOL,
	KIND_TEXT,
	KIND_CHOICE,
	KIND_VOLUME,
	KIND_RULES,
	KIND_ONLY
};

struct row {
	const char *key;
	const char *letter; /* NULL: none */
	enum kind kind;
	size_t offset; /* of its field, not for KIND_ONLY */
	int32_t min, max;
	const char *value; /* the default; NULL: none */
	const char *unit;
	const char *words; /* KIND_CHOICE */
	const char *arg;   /* NULL: takes none */
	const char *help;
};

/* clang-format off */
static const struct row rows[] = {
#define INT(field, key, letter, min, max, value, unit, arg, help) \
	{ key, letter, KIND_INT, offsetof(struct conf, field), min, max, \
	  value, unit, NULL, arg, help },
#define BOOL(field, key, letter, value, help) \
	{ key, letter, KIND_BOOL, offsetof(struct conf, field), 0, 0, \
	  value, "", NULL, NULL, help },
#define TEXT(field, key, letter, value, arg, help) \
	{ key, letter, KIND_TEXT, offsetof(struct conf, field), 0, 0, \
	  value, "", NULL, arg, help },
#define CHOICE(field, key, letter, words, value, arg, help) \
	{ key, letter, KIND_CHOICE, offsetof(struct conf, field), 0, 0, \
	  value, "", words, arg, help },
#define VOLUME(field, key, letter, value, arg, help) \
	{ key, letter, KIND_VOLUME, offsetof(struct conf, field), 0, 0, \
	  value, "", NULL, arg, help },
#define RULES(field, key, letter, arg, help) \
	{ key, letter, KIND_RULES, offsetof(struct conf, field), 0, 0, \
	  NULL, "", NULL, arg, help },
#define ONLY(field, key, letter, arg, help) \
	{ key, letter, KIND_ONLY, 0, 0, 0, \
	  NULL, "", NULL, arg, help },
#include "server/conf.def"
};
/* clang-format on */

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* Where something was said, and what to say about it. */
struct place {
	const char *file; /* NULL: the command line */
	unsigned line;
	char *why; /* CONF_WHY_MAX bytes */
};

static int __attribute__((format(printf, 2, 3)))
complain(const struct place *place, const char *format, ...)
{
	va_list arguments;
	int n = 0;

	if (place->file != NULL && place->line > 0) {
		n = snprintf(place->why, CONF_WHY_MAX, "%s:%u: ", place->file,
		    place->line);
	} else if (place->file != NULL) {
		n = snprintf(place->why, CONF_WHY_MAX, "%s: ", place->file);
	}
	va_start(arguments, format);
	if (n >= 0 && n < CONF_WHY_MAX) {
		(void)vsnprintf(place->why + n, CONF_WHY_MAX - (size_t)n,
		    format, arguments);
	}
	va_end(arguments);
	return -EINVAL;
}

/* --- values ------------------------------------------------------------ */

static void *
field_of(struct conf *conf, const struct row *row)
{
	return (char *)conf + row->offset;
}

static int
set_int(struct conf *conf, const struct row *row, const char *text,
    const struct place *place)
{
	char *end;

	errno = 0;
	long number = strtol(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0 || number < row->min ||
	    number > row->max) {
		return complain(place,
		    "%s: '%s' is not a number from %d to %d%s%s", row->key,
		    text, (int)row->min, (int)row->max,
		    row->unit[0] != '\0' ? " " : "", row->unit);
	}
	*(int32_t *)field_of(conf, row) = (int32_t)number;
	return 0;
}

static int
set_bool(struct conf *conf, const struct row *row, const char *text,
    const struct place *place)
{
	static const char *const words[2][4] = {
		{ "no", "false", "off", "0" },
		{ "yes", "true", "on", "1" },
	};

	for (int truth = 0; truth < 2; truth++) {
		for (int i = 0; i < 4; i++) {
			if (strcmp(text, words[truth][i]) == 0) {
				*(bool *)field_of(conf, row) = truth == 1;
				return 0;
			}
		}
	}
	return complain(place, "%s: '%s' is neither yes nor no", row->key,
	    text);
}

static int
set_text(struct conf *conf, const struct row *row, const char *text,
    const struct place *place)
{
	size_t n = strlen(text);

	if (n >= CONF_TEXT_MAX) {
		return complain(place, "%s: longer than %d bytes; shorten it",
		    row->key, CONF_TEXT_MAX - 1);
	}
	memcpy(field_of(conf, row), text, n + 1);
	return 0;
}

static int
set_choice(struct conf *conf, const struct row *row, const char *text,
    const struct place *place)
{
	size_t wanted = strlen(text);
	int32_t index = 0;

	for (const char *word = row->words;; index++) {
		size_t n = strcspn(word, "|");

		if (n == wanted && strncmp(word, text, n) == 0) {
			*(int32_t *)field_of(conf, row) = index;
			return 0;
		}
		if (word[n] == '\0') {
			return complain(place, "%s: '%s' is none of %s",
			    row->key, text, row->words);
		}
		word += n + 1;
	}
}

static int
set_volume(struct conf *conf, const struct row *row, const char *text,
    const struct place *place)
{
	if (volume_parse(text, field_of(conf, row)) < 0) {
		return complain(place,
		    "%s: '%s' is no volume from 0 to 200%%; write 50%%, -6dB "
		    "or mute",
		    row->key, text);
	}
	return 0;
}

static int
set_rule(struct conf *conf, const struct row *row, const char *text,
    const struct place *place)
{
	switch (volume_rules_add(field_of(conf, row), text)) {
	case 0:
		return 0;
	case -ENOSPC:
		return complain(place, "%s: more than %d rules; drop some",
		    row->key, VOLUME_RULES_MAX);
	default:
		return complain(place,
		    "%s: '%s' is no rule; write PATTERN VOLUME, as in "
		    "xmms* 50%%",
		    row->key, text);
	}
}

static int
set_value(struct conf *conf, const struct row *row, const char *text,
    const struct place *place)
{
	switch (row->kind) {
	case KIND_INT:
		return set_int(conf, row, text, place);
	case KIND_BOOL:
		return set_bool(conf, row, text, place);
	case KIND_TEXT:
		return set_text(conf, row, text, place);
	case KIND_CHOICE:
		return set_choice(conf, row, text, place);
	case KIND_VOLUME:
		return set_volume(conf, row, text, place);
	case KIND_RULES:
		return set_rule(conf, row, text, place);
	default:
		return complain(place, "%s: only on the command line",
		    row->key);
	}
}

/* --- keys -------------------------------------------------------------- */

static const struct row *
find_row(const char *key)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (strcmp(rows[i].key, key) == 0) {
			return &rows[i];
		}
	}
	return NULL;
}

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Letters to change, add or drop to make one key of the other. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned row[KEY_MAX];
	size_t n = strlen(b);

	if (n >= KEY_MAX || strlen(a) >= KEY_MAX) {
		return KEY_MAX;
	}
	for (unsigned j = 0; j <= n; j++) {
		row[j] = j;
	}
	for (unsigned i = 1; a[i - 1] != '\0'; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			unsigned above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1,
			    diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[n];
}

/* The key that was meant, if one comes near. */
static const char *
nearest_key(const char *key)
{
	unsigned best = (unsigned)strlen(key) / 3 + 1;
	const char *nearest = NULL;

	for (size_t i = 0; i < ROWS; i++) {
		unsigned d = distance(key, rows[i].key);

		if (d <= best && (nearest == NULL || d < best)) {
			best = d;
			nearest = rows[i].key;
		}
	}
	return nearest;
}

static int
unknown_key(const char *dashes, const char *key, const struct place *place)
{
	const char *nearest = nearest_key(key);

	if (nearest != NULL) {
		return complain(place, "%s%s: unknown; is %s%s meant?", dashes,
		    key, dashes, nearest);
	}
	return complain(place, "%s%s: unknown; see esdmixd --help", dashes,
	    key);
}

/* --- files ------------------------------------------------------------- */

static char *
trim(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && isspace((unsigned char)text[n - 1])) {
		n--;
	}
	text[n] = '\0';
	while (isspace((unsigned char)*text)) {
		text++;
	}
	return text;
}

/* Cuts a comment off; -EINVAL where a quote is left open. */
static int
cut_comment(char *line)
{
	bool quoted = false;

	for (char *at = line; *at != '\0'; at++) {
		if (*at == '"') {
			quoted = !quoted;
		} else if (*at == '#' && !quoted &&
			   (at == line || isspace((unsigned char)at[-1]))) {
			*at = '\0';
			return 0;
		}
	}
	return quoted ? -EINVAL : 0;
}

/* Quotes around the whole are not part of it; those within are a rule's. */
static char *
unquote(char *text)
{
	size_t n = strlen(text);

	if (n >= 2 && text[0] == '"' && strchr(text + 1, '"') == text + n - 1) {
		text[n - 1] = '\0';
		return text + 1;
	}
	return text;
}

static int
read_line(struct conf *conf, char *line, const struct place *place)
{
	if (cut_comment(line) < 0) {
		return complain(place, "a quote is left open; close it");
	}
	char *key = trim(line);
	if (*key == '\0') {
		return 0;
	}
	char *equals = strchr(key, '=');
	if (equals == NULL) {
		return complain(place, "'%s' has no '='; write KEY = VALUE",
		    key);
	}
	*equals = '\0';
	key = trim(key);
	char *value = unquote(trim(equals + 1));

	const struct row *row = find_row(key);
	if (row == NULL) {
		return unknown_key("", key, place);
	}
	return set_value(conf, row, value, place);
}

static int
read_lines(struct conf *conf, FILE *file, struct place *place)
{
	char line[CONF_LINE_MAX];

	while (fgets(line, sizeof(line), file) != NULL) {
		place->line++;
		if (strchr(line, '\n') == NULL && !feof(file)) {
			return complain(place, "longer than %d bytes; split it",
			    CONF_LINE_MAX - 2);
		}
		int error = read_line(conf, line, place);
		if (error < 0) {
			return error;
		}
	}
	if (ferror(file)) {
		place->line = 0;
		return complain(place, "cannot be read: %s", strerror(errno));
	}
	return 0;
}

/* The first rule that matches counts, so a later source's go first. */
static int
merge_rules(struct volume_rules *rules, const struct volume_rules *earlier,
    const struct place *place)
{
	if (rules->count + earlier->count > VOLUME_RULES_MAX) {
		return complain(place, "volume: more than %d rules; drop some",
		    VOLUME_RULES_MAX);
	}
	memcpy(&rules->rules[rules->count], earlier->rules,
	    earlier->count * sizeof(earlier->rules[0]));
	rules->count += earlier->count;
	return 0;
}

static int
read_file(struct conf *conf, const char *path, bool may_lack,
    const struct place *command)
{
	struct place place = { path, 0, command->why };
	struct volume_rules earlier = conf->rules;

	if (path[0] == '\0') {
		return 0;
	}
	FILE *file = fopen(path, "re");
	if (file == NULL) {
		if (may_lack && (errno == ENOENT || errno == ENOTDIR)) {
			return 0;
		}
		return complain(&place, "cannot be opened: %s",
		    strerror(errno));
	}
	conf->rules.count = 0;
	int error = read_lines(conf, file, &place);
	(void)fclose(file);
	return error < 0 ? error : merge_rules(&conf->rules, &earlier, &place);
}

void
conf_usual_files(struct conf_files *files)
{
	const char *base = getenv("XDG_CONFIG_HOME");
	const char *below = "";

	if (base == NULL || base[0] != '/') {
		base = getenv("HOME");
		below = "/.config";
	}
	(void)snprintf(files->system, sizeof(files->system), "%s/esdmixd.conf",
	    SYSCONFDIR);
	files->user[0] = '\0';
	if (base != NULL && base[0] == '/') {
		(void)snprintf(files->user, sizeof(files->user),
		    "%s%s/esdmixd/esdmixd.conf", base, below);
	}
}

/* --- the command line -------------------------------------------------- */

/* What it says besides settings. */
struct command {
	const char *config;
	bool help, version;
};

/* One option, taken apart. */
struct option {
	char key[CONF_TEXT_MAX]; /* without dashes and value */
	const char *value;	 /* after '=', or NULL */
	const char *dashes;
};

static int
take_apart(const char *word, struct option *option, const struct place *place)
{
	if (word[0] != '-' || word[1] == '\0' || strcmp(word, "--") == 0) {
		return complain(place,
		    "'%s': not an option; see esdmixd --help", word);
	}
	option->dashes = word[1] == '-' ? "--" : "-";
	word += strlen(option->dashes);
	size_t n = strcspn(word, "=");
	if (n >= sizeof(option->key)) {
		return complain(place, "an option is too long");
	}
	memcpy(option->key, word, n);
	option->key[n] = '\0';
	option->value = word[n] == '=' ? word + n + 1 : NULL;
	return 0;
}

/* By key, letter, or "no-" and the key of a BOOL, which sets its value. */
static const struct row *
find_option(struct option *option)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];

		if (strcmp(row->key, option->key) == 0 ||
		    (row->letter != NULL &&
			strcmp(row->letter, option->key) == 0)) {
			return row;
		}
	}
	if (strncmp(option->key, "no-", 3) == 0 && option->value == NULL) {
		const struct row *row = find_row(option->key + 3);

		if (row != NULL && row->kind == KIND_BOOL) {
			option->value = "no";
			return row;
		}
	}
	return NULL;
}

static void
note_command(struct command *command, const struct row *row, const char *value)
{
	if (strcmp(row->key, "config") == 0) {
		command->config = value;
	} else if (strcmp(row->key, "help") == 0) {
		command->help = true;
	} else {
		command->version = true;
	}
}

/* What is said for that row: after '=', by itself, or in the next word. */
static const char *
value_of(const struct option *option, const struct row *row, const char *next)
{
	if (option->value != NULL) {
		return option->value;
	}
	if (row->kind == KIND_BOOL) {
		return "yes";
	}
	return row->arg != NULL ? next : "";
}

/* Takes one option; returns how many words it was, or -EINVAL. */
static int
read_option(struct conf *conf, char *const words[], struct command *command,
    const struct place *place)
{
	struct option option = { .value = NULL };
	int error = take_apart(words[0], &option, place);
	if (error < 0) {
		return error;
	}
	const struct row *row = find_option(&option);
	if (row == NULL) {
		return unknown_key(option.dashes, option.key, place);
	}
	const char *value = value_of(&option, row, words[1]);
	if (value == NULL) {
		return complain(place, "%s%s: needs a %s after it",
		    option.dashes, option.key, row->arg);
	}
	if (row->kind == KIND_ONLY) {
		note_command(command, row, value);
	} else {
		error = set_value(conf, row, value, place);
	}
	if (error < 0) {
		return error;
	}
	return value == words[1] ? 2 : 1;
}

static int
read_command(struct conf *conf, char *const words[], struct command *command,
    const struct place *place)
{
	int taken = 1; /* the program's name */

	while (taken > 0 && *words != NULL) {
		words += taken;
		if (*words != NULL) {
			taken = read_option(conf, words, command, place);
		}
	}
	return taken < 0 ? taken : 0;
}

static int
set_defaults(struct conf *conf, const struct place *place)
{
	memset(conf, 0, sizeof(*conf));
	for (size_t i = 0; i < ROWS; i++) {
		int error = rows[i].value == NULL ? 0
						  : set_value(conf, &rows[i],
							rows[i].value, place);
		if (error < 0) {
			return error;
		}
	}
	return 0;
}

enum conf_verdict
conf_load(struct conf *conf, const struct conf_files *files, char *const argv[],
    char why[CONF_WHY_MAX])
{
	struct command command = { NULL, false, false };
	struct place place = { .file = NULL };

	place.why = why;

	/* Once for what it says about files, and once, last, for the rest. */
	if (set_defaults(conf, &place) < 0 ||
	    read_command(conf, argv, &command, &place) < 0) {
		return CONF_BAD_COMMAND;
	}
	if (command.help) {
		return CONF_HELP;
	}
	if (command.version) {
		return CONF_VERSION;
	}
	(void)set_defaults(conf, &place);
	if (command.config != NULL) {
		if (read_file(conf, command.config, false, &place) < 0) {
			return CONF_BAD_FILE;
		}
	} else if (read_file(conf, files->system, true, &place) < 0 ||
		   read_file(conf, files->user, true, &place) < 0) {
		return CONF_BAD_FILE;
	}
	struct volume_rules earlier = conf->rules;
	conf->rules.count = 0;
	if (read_command(conf, argv, &command, &place) < 0 ||
	    merge_rules(&conf->rules, &earlier, &place) < 0) {
		return CONF_BAD_COMMAND;
	}
	return CONF_RUN;
}

bool
conf_is_usual(const struct conf *conf, const char *key)
{
	const struct row *row = find_row(key);

	return row != NULL && row->kind == KIND_TEXT &&
	       strcmp((const char *)conf + row->offset, row->value) == 0;
}

const char *
conf_word(const char *key, int32_t index, char *word, size_t word_size)
{
	const struct row *row = find_row(key);
	const char *at = row != NULL ? row->words : NULL;

	while (at != NULL && index-- > 0) {
		at = strchr(at, '|');
		at = at != NULL ? at + 1 : NULL;
	}
	if (at == NULL) {
		return NULL;
	}
	(void)snprintf(word, word_size, "%.*s", (int)strcspn(at, "|"), at);
	return word;
}
