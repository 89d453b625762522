/*
 * When the device is given up, between the two threads: on standby until that
 * ends, and after a silence, or when asked to in one, until the next sound.
 * Times are ms of CLOCK_MONOTONIC.
 */
#ifndef REST_H
#define REST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct rest {
	/* atomic: control writes, audio reads; each stands for itself alone,
	 * so all accesses are relaxed */
	atomic_bool standby;
	_Atomic uint32_t sleep_ms;

	/* atomic: control sets, audio clears */
	atomic_bool suspended; /* to rest until the next sound */

	/* atomic: audio writes, control reads */
	_Atomic uint64_t sounded; /* until when something is heard */
	atomic_bool resting;
};

/* Thread: control. */
void rest_init(struct rest *rest, uint32_t sleep_ms, uint64_t now);

/*
 * Thread: control.  Asks for the device to be given up until the next sound.
 * False: something is heard, or it has been given up already.
 */
bool rest_suspend(struct rest *rest, uint64_t now);

/* Thread: control.  It has been given up. */
bool rest_is_resting(const struct rest *rest);

/* Thread: control.  The silence it takes; 0: it is never given up for that. */
void rest_set_sleep_ms(struct rest *rest, uint32_t ms);
uint32_t rest_sleep_ms(const struct rest *rest);

/* Thread: control.  How long it has been silent; 0: something is heard. */
uint64_t rest_silent_ms(const struct rest *rest, uint64_t now);

/* Thread: audio.  Something is heard until then. */
void rest_sounds(struct rest *rest, uint64_t until);

/*
 * Thread: audio.  Whether the device is to be given up now.
 *   has_sound  some is waiting to be mixed
 */
bool rest_is_due(struct rest *rest, bool has_sound, uint64_t now);

#endif
