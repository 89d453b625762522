#include "tests/card/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A string key: words with blanks between, each turned into a number. */
static int
read_list(snd_config_t *node, int (*number)(const char *), struct list *list)
{
	const char *at;

	if (snd_config_get_string(node, &at) < 0) {
		return -EINVAL;
	}
	for (;;) {
		char word[32];
		size_t length;

		at += strspn(at, " ");
		length = strcspn(at, " ");
		if (length == 0) {
			return 0;
		}
		if (length >= sizeof(word) || list->count == LIST_MAX) {
			return -EINVAL;
		}
		memcpy(word, at, length);
		word[length] = '\0';
		at += length;

		int value = number(word);
		if (value < 0) {
			return -EINVAL;
		}
		list->values[list->count++] = (unsigned)value;
	}
}

static int
format_number(const char *word)
{
	return (int)snd_pcm_format_value(word);
}

static int
access_number(const char *word)
{
	if (strcmp(word, "mmap") == 0) {
		return SND_PCM_ACCESS_MMAP_INTERLEAVED;
	}
	return strcmp(word, "rw") == 0 ? SND_PCM_ACCESS_RW_INTERLEAVED : -1;
}

static int
plain_number(const char *word)
{
	return (int)strtol(word, NULL, 10);
}

static int
read_key(struct settings *settings, const char *key, snd_config_t *node)
{
	const struct {
		const char *key;
		int (*number)(const char *);
		struct list *list;
	} lists[] = {
		{ "rates", plain_number, &settings->rates },
		{ "formats", format_number, &settings->formats },
		{ "channels", plain_number, &settings->channels },
		{ "access", access_number, &settings->accesses },
	};
	const struct {
		const char *key;
		long *value;
	} numbers[] = {
		{ "period_bytes_min", &settings->period_bytes.min },
		{ "period_bytes_max", &settings->period_bytes.max },
		{ "buffer_bytes_min", &settings->buffer_bytes.min },
		{ "buffer_bytes_max", &settings->buffer_bytes.max },
		{ "periods_min", &settings->periods.min },
		{ "periods_max", &settings->periods.max },
		{ "card", &settings->card },
		{ "resume", &settings->resume },
		{ "record", &settings->record },
		{ "substreams", &settings->substreams },
	};

	if (strcmp(key, "type") == 0) {
		return 0;
	}
	if (strcmp(key, "dir") == 0) {
		return snd_config_get_string(node, &settings->dir);
	}
	if (strcmp(key, "chmap") == 0) {
		return snd_config_get_string(node, &settings->chmap);
	}
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (strcmp(key, lists[i].key) == 0) {
			return read_list(node, lists[i].number, lists[i].list);
		}
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strcmp(key, numbers[i].key) == 0) {
			return snd_config_get_integer(node, numbers[i].value);
		}
	}
	return -EINVAL;
}

int
settings_read(snd_config_t *conf, struct settings *settings)
{
	snd_config_iterator_t i, next;

	snd_config_for_each(i, next, conf)
	{
		snd_config_t *node = snd_config_iterator_entry(i);
		const char *key;

		if (snd_config_get_id(node, &key) < 0) {
			continue;
		}
		if (read_key(settings, key, node) < 0) {
			SNDERR("vcard: cannot understand %s", key);
			return -EINVAL;
		}
	}
	return settings->dir == NULL ? -EINVAL : 0;
}
