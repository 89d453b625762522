/*
 * The moving part of the virtual card: its pointer, its commands, its timer,
 * and its diary.
 */
#ifndef DMA_H
#define DMA_H

#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/card/card.h"

struct vcard {
	snd_pcm_ioplug_t io;
	char *dir;
	volatile struct card_control *control;
	int lock, timer, watch, played, clock, events;
	int watched; /* by `watch`: the control file */
	bool record;
	long substreams; /* it has; this is the one of that number: */
	unsigned substream;
	char *chmap; /* see settings.h */

	uint8_t *ring;
	unsigned frame_bytes;
	uint64_t boundary;
	uint64_t avail_min;
	uint64_t taken; /* frames just written, not in appl_ptr yet */
	bool stops;	/* when it runs dry */

	bool moving;	 /* the pointer follows the clock */
	bool was_moving; /* before it was suspended */
	bool stalled;
	bool dead;	       /* has been unplugged while open */
	uint64_t begun;	       /* ns, when frame 0 was due */
	uint64_t position;     /* frames passed since it was prepared */
	uint64_t capture_base; /* the ramp's value at position 0 */
	uint64_t due;	       /* ns, what the timer is set to */
	uint64_t unplugs, suspends, xruns; /* commands seen */
};

uint64_t now_ns(void);

bool is_playback(const struct vcard *card);
const char *stream_name(const struct vcard *card);

/* Prepared, running or draining. */
bool is_active(const struct vcard *card);

/* Frames of the ring that belong to the card: to be played, or recorded. */
uint64_t queued(const struct vcard *card);

/* Frames of the ring that belong to the program. */
uint64_t available(const struct vcard *card);

/* A line for `events`. */
void event(struct vcard *card, uint64_t ns, const char *name,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The pointer goes on from where it is. */
void move_on(struct vcard *card, uint64_t now);

/* Ends what is open if the card has been unplugged since. */
void check_plug(struct vcard *card, uint64_t now);

/* Obeys commands, lets the pointer follow the clock, sets the timer. */
void look(struct vcard *card);
void arm(struct vcard *card);

#endif
