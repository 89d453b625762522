/* Where the virtual card's channels sound. */
#ifndef CHMAP_H
#define CHMAP_H

#include <alsa/asoundlib.h>

/*
 * The maps of "FL FR; RL RR FL FR", as snd_pcm_free_chmaps() frees them; NULL
 * where there are none.
 */
snd_pcm_chmap_query_t **chmap_list(const char *text);

/* The one of so many channels, to be freed; NULL where there is none. */
snd_pcm_chmap_t *chmap_of(const char *text, unsigned channels);

#endif
