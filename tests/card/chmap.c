#include "tests/card/chmap.h"

#include <stdlib.h>
#include <string.h>

#define MAPS_MAX 8

/* The map at *text, to be freed, and what follows; NULL: no more. */
static snd_pcm_chmap_t *
next_map(const char **text)
{
	char word[128];
	size_t length = *text == NULL ? 0 : strcspn(*text, ";");

	if (length == 0 || length >= sizeof(word)) {
		return NULL;
	}
	memcpy(word, *text, length);
	word[length] = '\0';
	*text += length + ((*text)[length] == ';');
	return snd_pcm_chmap_parse_string(word);
}

snd_pcm_chmap_query_t **
chmap_list(const char *text)
{
	snd_pcm_chmap_query_t **list =
	    calloc(MAPS_MAX + 1, sizeof(snd_pcm_chmap_query_t *));
	snd_pcm_chmap_t *map;

	for (size_t i = 0;
	     list != NULL && i < MAPS_MAX && (map = next_map(&text)) != NULL;
	     i++) {
		size_t bytes = map->channels * sizeof(map->pos[0]);

		list[i] = malloc(sizeof(*list[i]) + bytes);
		if (list[i] != NULL) {
			list[i]->type = SND_CHMAP_TYPE_FIXED;
			list[i]->map.channels = map->channels;
			memcpy(list[i]->map.pos, map->pos, bytes);
		}
		free(map);
	}
	return list;
}

snd_pcm_chmap_t *
chmap_of(const char *text, unsigned channels)
{
	snd_pcm_chmap_t *map;

	while ((map = next_map(&text)) != NULL && map->channels != channels) {
		free(map);
	}
	return map;
}
