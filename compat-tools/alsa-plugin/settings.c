#include "compat-tools/alsa-plugin/settings.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct place {
	const char *plugin, *key;
};

static int
refuse(const struct place *place, const char *what)
{
	SNDERR("%s type esd: %s: %s", place->plugin, place->key, what);
	return -EINVAL;
}

/* An empty one is none. */
static int
read_text(const struct place *place, const snd_config_t *node,
    const char **text)
{
	const char *said;

	if (snd_config_get_string(node, &said) < 0) {
		return refuse(place, "must be a text");
	}
	*text = said != NULL && *said != '\0' ? said : NULL;
	return 0;
}

static int
read_ahead(const struct place *place, const snd_config_t *node, long *ms)
{
	if (snd_config_get_integer(node, ms) < 0 || *ms < 0 ||
	    *ms > SETTINGS_AHEAD_MAX) {
		return refuse(place, "must be a number of ms, 0 to 1000");
	}
	return 0;
}

/* Those that alsa-lib reads itself. */
static bool
is_common(const char *key)
{
	return strcmp(key, "type") == 0 || strcmp(key, "comment") == 0 ||
	       strcmp(key, "hint") == 0;
}

static int
read_key(const struct place *place, const snd_config_t *node,
    struct settings *settings)
{
	bool ahead = settings->ahead_ms >= 0;

	if (is_common(place->key)) {
		return 0;
	}
	if (strcmp(place->key, "server") == 0) {
		return read_text(place, node, &settings->server);
	}
	if (strcmp(place->key, "name") == 0) {
		return read_text(place, node, &settings->name);
	}
	if (ahead && strcmp(place->key, "ahead") == 0) {
		return read_ahead(place, node, &settings->ahead_ms);
	}
	return refuse(place,
	    ahead ? "no such key; there are server, name and ahead"
		  : "no such key; there are server and name");
}

int
settings_read(const snd_config_t *conf, const char *plugin,
    struct settings *settings)
{
	snd_config_iterator_t at, next;

	snd_config_for_each(at, next, conf)
	{
		const snd_config_t *node = snd_config_iterator_entry(at);
		struct place place = { plugin, "" };
		int error = snd_config_get_id(node, &place.key);

		if (error == 0) {
			error = read_key(&place, node, settings);
		}
		if (error < 0) {
			return error;
		}
	}
	return 0;
}
