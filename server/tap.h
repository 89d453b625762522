/*
 * Sound that many may listen to: one writer who never waits, any number of
 * readers who lose the oldest frames when they are slow.
 *
 * Frames are stereo, int32 at full scale.  A reader copies first and checks
 * then that the writer has not been there meanwhile.
 */
#ifndef TAP_H
#define TAP_H

#include <stdatomic.h>
#include <stdint.h>

#define TAP_FRAMES 32768 /* 0.68 s at 48 kHz */

struct tap {
	/* control */
	unsigned readers;

	/* atomic: control writes, audio reads */
	atomic_bool wanted; /* there are readers */

	/* atomic: audio writes, control reads */
	_Atomic uint32_t rate;	/* frames/s */
	_Atomic uint64_t begun; /* frames written, the ones under way too */
	_Atomic uint64_t done;	/* frames written */
	_Atomic int32_t (*frames)[2];
};

/* 0 or -ENOMEM.  Thread: control, like all but tap_write(). */
int tap_init(struct tap *tap, uint32_t rate);
void tap_finish(struct tap *tap);

/* A reader comes or goes. */
void tap_open(struct tap *tap);
void tap_close(struct tap *tap);

/* Thread: audio.  Adds n frames of the master's scale, saturated. */
void tap_write(struct tap *tap, uint32_t rate, const int64_t *master,
    uint32_t n);

/* Where a new reader begins. */
uint64_t tap_head(const struct tap *tap);

/*
 * Copies at most `max` frames from *at on, and moves it.  Frames that are gone
 * already are skipped and added to *lost.  Returns how many were copied.
 */
uint32_t tap_read(const struct tap *tap, uint64_t *at, int32_t (*out)[2],
    uint32_t max, uint64_t *lost);

#endif
