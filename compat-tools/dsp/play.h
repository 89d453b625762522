/*
 * Sound on its way from a device to the daemon: converted, queued, sent as the
 * daemon takes it, and followed until it is heard.
 *
 * A daemon that goes away is looked for again; meanwhile sound is played into
 * nothing, at its own pace.
 *
 * Frames are counted since play_create().  Thread: the loop's.
 */
#ifndef DSP_PLAY_H
#define DSP_PLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compat-tools/daemon.h"
#include "compat-tools/dsp/convert.h"
#include "compat-tools/dsp/loop.h"

struct play;

struct play_settings {
	struct loop *loop;
	struct daemon *daemon;
	const char *name; /* stays where it is */
	uint32_t format;  /* AFMT_... */
	unsigned channels;
	uint32_t rate;		  /* frames/s */
	uint32_t buffer;	  /* frames, for play_room() */
	const int32_t *volume;	  /* a pair, for each stream; -1: as it comes */
	void (*moved)(void *arg); /* more may have been played */
	void *arg;
};

/* 0, -EINVAL: no such format; -ENOMEM.  The daemon is not asked yet. */
int play_create(const struct play_settings *settings, struct play **created);

/* At once, with what is yet to be played; NULL is fine. */
void play_destroy(struct play *play);

/* How many frames it should hold that are not mixed yet. */
void play_set_buffer(struct play *play, uint32_t frames);

/* Frames that fit in now: buffer less what is not mixed; at most `limit`. */
size_t play_room(struct play *play);

/* Takes n frames in the program's format, however many. 0 or -ENOMEM. */
int play_take(struct play *play, const uint8_t *in, size_t n);

/* While held nothing is sent. */
void play_hold(struct play *play, bool held);

/*
 * Plays what it has, then calls gone(arg), and is no more.  NULL: nobody is
 * told; settings' moved is not called any longer.
 */
void play_finish(struct play *play, void (*gone)(void *arg), void *arg);

/* Frames taken, mixed and heard so far. */
uint64_t play_taken(const struct play *play);
uint64_t play_mixed(struct play *play);
uint64_t play_heard(struct play *play);

unsigned play_underruns(const struct play *play);

#endif
