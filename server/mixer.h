/*
 * The audio thread, and the control thread's handle on it.
 *
 * Between the two stand three rings: streams to add; streams that have room or
 * are gone, coming back; and device events.  Nobody waits for an answer.
 */
#ifndef MIXER_H
#define MIXER_H

#include "server/devices.h"
#include "server/event.h"
#include "server/gate.h"
#include "server/moment.h"
#include "server/rates.h"
#include "server/rest.h"
#include "server/stream.h"
#include "server/tap.h"

struct mixer;
struct insert;

#define MIXER_INSERTS_MAX 8 /* filters at once */

struct mixer_settings {
	struct devices devices;
	struct device_want want;
	const char *capture; /* device, opened while somebody records */
	struct gate *gate;   /* that cards go through, or NULL */
	const struct kernel *kernel;
	unsigned streams_max;	 /* admitted at once, <= BUS_STREAMS_MAX */
	int realtime_priority;	 /* SCHED_FIFO; 0: don't ask */
	uint32_t sleep_ms;	 /* of silence, then the device is released
				    until the next sound; 0: never */
	uint32_t drain_ms;	 /* to fade out and drain at the end, at most */
	void (*wake)(void *arg); /* from the audio thread: mixer_...() has
				    something; may coalesce */
	void *wake_arg;
};

/* All below, thread: control. */

/* Starts the audio thread; 0 or -errno. */
int mixer_create(const struct mixer_settings *settings, struct mixer **created);

/*
 * Fades out what plays, then stops the thread and closes the device.  Frees
 * every stream that was lent.
 */
void mixer_destroy(struct mixer *mixer);

/*
 * Lends a stream to the audio thread.  0; -EUSERS: too many streams; -ENOSPC:
 * too many different rates; -ENOMEM.  On error the caller keeps the stream.
 */
int mixer_add(struct mixer *mixer, struct stream *stream);

/*
 * Lends an insert to the audio thread, which gives it back to be freed once its
 * client has gone (insert_close).  0, or -EUSERS: too many; then it stays the
 * caller's.
 */
int mixer_insert(struct mixer *mixer, struct insert *insert);

enum mixer_news {
	MIXER_ROOM, /* its full ring has drained to half */
	MIXER_GONE  /* it has finished; the caller frees it */
};

/*
 * The next stream the audio thread has news of, or NULL.  One ring carries
 * both kinds, so that nothing is said of a stream after it is gone.
 */
struct stream *mixer_news(struct mixer *mixer, enum mixer_news *news);

/* Takes the oldest event; false if there is none. */
bool mixer_event(struct mixer *mixer, struct mixer_event *event);

/* The streams lent, newest first, linked by `next`. */
struct stream *mixer_streams(const struct mixer *mixer);

/* The client's stream of that id, never a clip's player; or NULL. */
struct stream *mixer_find(const struct mixer *mixer, uint32_t id);

/* The master's volume, aimed at like a stream's; 0 .. VOLUME_MAX. */
void mixer_set_volume(struct mixer *mixer, int32_t left, int32_t right);

/*
 * On standby the device is released, and streams are played into null, at
 * their own pace, until it ends.
 */
void mixer_set_standby(struct mixer *mixer, bool standby);
bool mixer_is_standby(const struct mixer *mixer);

/*
 * Releases the device until the next sound.  False: something is heard, or it
 * has been released already.
 */
bool mixer_suspend(struct mixer *mixer);

/* How long nothing has been heard; 0: something is. */
uint64_t mixer_silent_ms(const struct mixer *mixer);

/* Whether it is released, and after what silence. */
struct rest *mixer_rest(struct mixer *mixer);

/*
 * What may be listened to: the mix, while something plays, and the capture
 * device, which is open while its tap has readers.
 */
struct tap *mixer_monitor(struct mixer *mixer);
struct tap *mixer_capture(struct mixer *mixer);

/* How far it is with feeding the device. */
struct moment *mixer_moment(struct mixer *mixer);

const struct kernel *mixer_kernel(const struct mixer *mixer);
uint32_t mixer_rate(const struct mixer *mixer);	     /* frames/s */
uint32_t mixer_period_ms(const struct mixer *mixer); /* rounded up */

/* The rates of what is lent, and the filters between them and its own. */
const struct rates *mixer_rates(const struct mixer *mixer);

/*
 * From the mix to the ear, in master frames: what the device has still to
 * play, and the filter of that stream's bus; the device alone for NULL.
 */
uint32_t mixer_latency(const struct mixer *mixer, const struct stream *stream);

struct mixer_stats {
	uint64_t frames;    /* mixed since the start */
	uint64_t clipped;   /* samples */
	uint32_t underruns; /* of the device */
	struct peak peak;   /* of the master, since last asked */
};

struct mixer_stats mixer_stats(struct mixer *mixer);

#endif
