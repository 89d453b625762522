/*
 * What the files of libasound_module_pcm_esd.so share: pcm.c opens a PCM and
 * says what it can do, pcm_play.c and pcm_record.c are its callbacks.
 *
 * The frames that alsa-lib counts go round at `boundary`; ours do not.
 */
#ifndef PCM_H
#define PCM_H

#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <pthread.h>

#include "compat-tools/alsa-plugin/feed.h"
#include "compat-tools/alsa-plugin/intake.h"
#include "compat-tools/alsa-plugin/wake.h"

struct pcm {
	snd_pcm_ioplug_t io;
	pthread_mutex_t lock; /* see pcm_enter() */
	struct daemon daemon;
	struct wake wake;
	char name[ESD_NAME_MAX]; /* of its stream */
	char *server;		 /* NULL: the usual */
	uint32_t ahead_ms;	 /* of sound that the daemon has at least */

	/* as the program has set them */
	unsigned frame_bytes;
	uint64_t boundary, avail_min; /* frames */
	bool stops;		      /* when it runs dry, or over */

	struct feed feed;     /* playback */
	struct intake intake; /* capture */
	uint64_t at;	      /* capture: the frame that is read next */
	uint64_t told;	      /* capture: the pointer, below boundary */
};

/* Playback, with and without a daemon that can hold streams; capture. */
extern const snd_pcm_ioplug_callback_t pcm_play, pcm_play_on, pcm_record;

/* --- for all three, in pcm.c ---------------------------------------------- */

/*
 * Every callback is between these two: alsa-lib lets go of its own lock around
 * some of them, and programs have one thread that polls and one that asks.
 */
struct pcm *pcm_enter(snd_pcm_ioplug_t *io);
long pcm_leave(struct pcm *pcm, long result); /* the result */

int pcm_descriptors_count(snd_pcm_ioplug_t *io);
int pcm_descriptors(snd_pcm_ioplug_t *io, struct pollfd *fds, unsigned space);
int pcm_hw_free(snd_pcm_ioplug_t *io);
void pcm_hw_params(struct pcm *pcm); /* what all do first */
void pcm_sw_params(struct pcm *pcm, snd_pcm_sw_params_t *params);
int pcm_close(snd_pcm_ioplug_t *io);

/* The daemon's word for the format that is set. */
int32_t pcm_wire(const struct pcm *pcm);

/* Whether alsa-lib has its PCM make sound, or will when it is started. */
bool pcm_is_usable(const struct pcm *pcm);

/* The first byte of a frame, of one channel. */
uint8_t *pcm_sample(const snd_pcm_channel_area_t *area, uint64_t frame);

/* How far `to` is ahead of `from`, which may be behind: below 0. */
int64_t pcm_ahead(const struct pcm *pcm, uint64_t to, uint64_t from);

#endif
