/* The keys of the virtual card's configuration: what the card can do. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <alsa/asoundlib.h>

#define LIST_MAX 32

struct list {
	unsigned values[LIST_MAX];
	unsigned count;
};

struct limits {
	long min, max;
};

struct settings {
	const char *dir;
	struct list rates, formats, channels, accesses; /* empty: usual ones */
	struct limits period_bytes, buffer_bytes, periods;
	long card;	   /* the number it goes by; nothing of ours needs it */
	long resume;	   /* 0: can't resume, has to be prepared */
	long record;	   /* 0: keeps no played.raw */
	long substreams;   /* programs at once, as a card that mixes has them */
	const char *chmap; /* where its channels sound, a map for each number
			      of them: "FL FR; RL RR FL FR"; NULL: not told */
};

/* Refuses keys that it doesn't know; 0 or -errno. */
int settings_read(snd_config_t *conf, struct settings *settings);

#endif
