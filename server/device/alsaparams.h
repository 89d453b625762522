/*
 * What is asked of an ALSA PCM, and what it grants.
 */
#ifndef ALSAPARAMS_H
#define ALSAPARAMS_H

#include <alsa/asoundlib.h>
#include <stdbool.h>

#include "server/device/device.h"

/*
 * Chooses, of what a PCM that was just opened can do, what comes nearest to
 * the wish, and installs it.  0 or -errno; -EINVAL: it can do nothing that we
 * can.
 *   can_resume  snd_pcm_resume() is worth a try
 */
int alsaparams_choose(snd_pcm_t *pcm, const struct device_want *want,
    struct device_got *got, bool *can_resume);

#endif
