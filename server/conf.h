/*
 * The settings: what conf.def lists, read from files and the command line;
 * help.h prints it.
 * Thread: control, at start.
 */
#ifndef CONF_H
#define CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/volume.h"

#define CONF_TEXT_MAX 1024 /* bytes of a text, NUL included */
#define CONF_LINE_MAX 2048 /* bytes of a line in a file, NUL included */
#define CONF_WHY_MAX  (CONF_LINE_MAX + 512)

struct conf {
#define INT(field, key, letter, min, max, value, unit, arg, help) int32_t field;
#define BOOL(field, key, letter, value, help)			  bool field;
#define TEXT(field, key, letter, value, arg, help)		  char field[CONF_TEXT_MAX];
#define CHOICE(field, key, letter, words, value, arg, help)	  int32_t field;
#define VOLUME(field, key, letter, value, arg, help)		  int32_t field;
#define RULES(field, key, letter, arg, help)			  struct volume_rules field;
#include "server/conf.def"
};

enum conf_verdict {
	CONF_RUN,	 /* the settings are complete */
	CONF_HELP,	 /* --help */
	CONF_VERSION,	 /* --version */
	CONF_BAD_FILE,	 /* exit with status 1, after saying why */
	CONF_BAD_COMMAND /* likewise, 2 */
};

/* The usual files; a missing one is as good as an empty one. */
struct conf_files {
	char system[CONF_TEXT_MAX]; /* "": none */
	char user[CONF_TEXT_MAX];
};

/* SYSCONFDIR/esdmixd.conf, and esdmixd/esdmixd.conf in the user's own. */
void conf_usual_files(struct conf_files *files);

/*
 * Defaults, then the system's file, the user's file (or --config's instead of
 * both), then the command line: the later beats the earlier.
 *   argv  ended by NULL, begins with the program's name
 *   why   one line, "FILE:LINE: what, remedy", where the verdict is CONF_BAD_*
 */
enum conf_verdict conf_load(struct conf *conf, const struct conf_files *files,
    char *const argv[], char why[CONF_WHY_MAX]);

/* Whether that TEXT is as when nobody says otherwise. */
bool conf_is_usual(const struct conf *conf, const char *key);

/* The word that a CHOICE row's index stands for; NULL: there is none. */
const char *conf_word(const char *key, int32_t index, char *word,
    size_t word_size);

#endif
