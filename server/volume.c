#include "server/volume.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VOLUME_TEXT_MAX 32 /* bytes of one volume, NUL included */

/* 0, or -EINVAL for a unit that is none. */
static int
scale(double number, const char *unit, double *volume)
{
	while (isblank((unsigned char)*unit)) {
		unit++;
	}
	if (*unit == '\0') {
		*volume = number;
	} else if (strcmp(unit, "%") == 0) {
		*volume = number * VOLUME_UNITY / 100;
	} else if (strcasecmp(unit, "dB") == 0) {
		*volume = VOLUME_UNITY * pow(10, number / 20);
	} else {
		return -EINVAL;
	}
	return 0;
}

int
volume_parse(const char *text, int32_t *volume)
{
	if (strcasecmp(text, "mute") == 0) {
		*volume = 0;
		return 0;
	}
	/* strtod() would also take hexadecimal numbers and "nan". */
	size_t digits = strspn(text, "+-.0123456789");
	char *unit;
	double number = strtod(text, &unit);
	double scaled;

	if (digits == 0 || unit != text + digits ||
	    scale(number, unit, &scaled) < 0) {
		return -EINVAL;
	}
	if (!(scaled >= 0 && scaled < VOLUME_MAX + 0.5)) {
		return -EINVAL;
	}
	*volume = (int32_t)lround(scaled);
	return 0;
}

static const char *
skip_blanks(const char *text)
{
	while (isblank((unsigned char)*text)) {
		text++;
	}
	return text;
}

/* Takes the pattern off the front; NULL if there is none or it is too long. */
static const char *
take_pattern(const char *text, char pattern[VOLUME_NAME_MAX])
{
	text = skip_blanks(text);
	bool quoted = *text == '"';
	if (quoted) {
		text++;
	}
	size_t n = strcspn(text, quoted ? "\"" : " \t");
	if (n == 0 || n >= VOLUME_NAME_MAX || (quoted && text[n] != '"')) {
		return NULL;
	}
	memcpy(pattern, text, n);
	pattern[n] = '\0';
	return skip_blanks(text + n + (quoted ? 1 : 0));
}

/* "VOLUME", or "LEFT RIGHT"; a volume may have a blank before its unit. */
static int
parse_pair(const char *text, int32_t volume[2])
{
	char copy[2 * VOLUME_TEXT_MAX];

	if (volume_parse(text, &volume[0]) == 0) {
		volume[1] = volume[0];
		return 0;
	}
	if (strlen(text) >= sizeof(copy)) {
		return -EINVAL;
	}
	memcpy(copy, text, strlen(text) + 1);
	for (char *blank = copy; (blank = strpbrk(blank, " \t")); blank++) {
		char kept = *blank;

		*blank = '\0';
		if (volume_parse(copy, &volume[0]) == 0 &&
		    volume_parse(skip_blanks(blank + 1), &volume[1]) == 0) {
			return 0;
		}
		*blank = kept;
	}
	return -EINVAL;
}

int
volume_rules_add(struct volume_rules *rules, const char *text)
{
	struct volume_rule rule;
	char volumes[2 * VOLUME_TEXT_MAX];

	memset(&rule, 0, sizeof(rule));
	text = take_pattern(text, rule.pattern);
	if (text == NULL) {
		return -EINVAL;
	}
	size_t n = strlen(text);
	while (n > 0 && isblank((unsigned char)text[n - 1])) {
		n--;
	}
	if (n >= sizeof(volumes)) {
		return -EINVAL;
	}
	memcpy(volumes, text, n);
	volumes[n] = '\0';
	if (parse_pair(volumes, rule.volume) < 0) {
		return -EINVAL;
	}
	if (rules->count == VOLUME_RULES_MAX) {
		return -ENOSPC;
	}
	rules->rules[rules->count++] = rule;
	return 0;
}

bool
volume_rules_find(const struct volume_rules *rules, const char *name,
    int32_t volume[2])
{
	for (unsigned i = 0; i < rules->count; i++) {
		const struct volume_rule *rule = &rules->rules[i];

		if (fnmatch(rule->pattern, name, 0) == 0) {
			volume[0] = rule->volume[0];
			volume[1] = rule->volume[1];
			return true;
		}
	}
	return false;
}

int32_t
volume_clamp(int32_t volume)
{
	if (volume < 0) {
		return 0;
	}
	return volume > VOLUME_MAX ? VOLUME_MAX : volume;
}
