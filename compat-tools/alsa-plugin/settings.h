/*
 * What alsa-lib's configuration says of a plugin of ours: the keys of an entry
 * of "type esd".  Thread: any.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <alsa/asoundlib.h>

#define SETTINGS_AHEAD_MAX 1000 /* ms */

struct settings {
	const char *server; /* as address_parse() takes it; NULL: the usual */
	const char *name;   /* of streams; NULL: this program's */
	long ahead_ms;	    /* of sound; -1: the plugin has no such key */
};

/*
 *   conf      the entry, of which the texts are as long as it lasts
 *   plugin    "pcm" or "ctl", for the sentence that an error is told with
 *   settings  filled in with what is so without a key
 * 0 or -EINVAL.
 */
int settings_read(const snd_config_t *conf, const char *plugin,
    struct settings *settings);

#endif
