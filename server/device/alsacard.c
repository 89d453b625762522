#include "server/device/alsacard.h"

#include <alsa/asoundlib.h>
#include <errno.h>
#include <string.h>

#define DEPTH_MAX 12 /* of definitions within definitions */

static int find_within(snd_config_t *top, snd_config_t *node, unsigned depth);

static void __attribute__((format(printf, 5, 0)))
keep_quiet(const char *file, int line, const char *function, int error,
    const char *format, va_list arguments)
{
}

/* In what that name is defined to be. */
static int
find_defined(snd_config_t *top, const char *base, const char *name,
    unsigned depth)
{
	snd_config_t *definition;
	int card;

	if (snd_config_search_definition(top, base, name, &definition) < 0) {
		return -ENODEV;
	}
	card = find_within(top, definition, depth);
	(void)snd_config_delete(definition);
	return card;
}

/* A card by its number or its name. */
static int
card_of(snd_config_t *node)
{
	const char *name;
	long number;
	int card;

	if (snd_config_get_integer(node, &number) == 0) {
		return number < 0 ? -ENODEV : (int)number;
	}
	if (snd_config_get_string(node, &name) < 0) {
		return -ENODEV;
	}
	card = snd_card_get_index(name);
	return card < 0 ? -ENODEV : card;
}

/* What a key of a definition leads to. */
static int
find_by_key(snd_config_t *top, snd_config_t *node, unsigned depth)
{
	const char *key, *name;

	if (snd_config_get_id(node, &key) < 0 || key == NULL) {
		return -ENODEV;
	}
	if (strcmp(key, "card") == 0) {
		return card_of(node);
	}
	if (snd_config_get_type(node) == SND_CONFIG_TYPE_COMPOUND) {
		return strcmp(key, "capture") == 0
			   ? -ENODEV
			   : find_within(top, node, depth);
	}
	if (snd_config_get_string(node, &name) < 0) {
		return -ENODEV;
	}
	if (strcmp(key, "pcm") == 0) {
		return find_defined(top, "pcm", name, depth);
	}
	return strcmp(key, "slave") == 0
		   ? find_defined(top, "pcm_slave", name, depth)
		   : -ENODEV;
}

static int
find_within(snd_config_t *top, snd_config_t *node, unsigned depth)
{
	snd_config_iterator_t i, next;

	if (depth == DEPTH_MAX ||
	    snd_config_get_type(node) != SND_CONFIG_TYPE_COMPOUND) {
		return -ENODEV;
	}
	snd_config_for_each(i, next, node)
	{
		int card =
		    find_by_key(top, snd_config_iterator_entry(i), depth + 1);

		if (card >= 0) {
			return card;
		}
	}
	return -ENODEV;
}

int
alsacard_find(const char *name)
{
	snd_local_error_handler_t others = snd_lib_error_set_local(keep_quiet);
	snd_config_t *top;
	int card = -ENODEV;

	if (snd_config_update_ref(&top) >= 0) {
		card = find_defined(top, "pcm", name, 0);
		snd_config_unref(top);
	}
	(void)snd_lib_error_set_local(others);
	return card;
}
