/*
 * What the audio thread plays into: the card while there is one, else nothing,
 * in real time, while the card is tried again by the opener's thread.
 * Thread: audio.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "server/device/hotplug.h"
#include "server/devices.h"
#include "server/event.h"
#include "server/opener.h"

#define OUTPUT_STALL_MS 150  /* beyond three periods without progress: lost */
#define OUTPUT_START_MS 1000 /* likewise, until it has begun to move */
#define OUTPUT_TRIAL_MS 2000 /* likewise, after it was lost */
#define OUTPUT_RESTARTS 10   /* in a row, and it takes nothing: lost */
#define OUTPUT_HOLD_MS	1000 /* that sound waits for a card to be opened */

struct output {
	/* constant */
	struct device_want want;
	void (*report)(void *arg, const struct mixer_event *event);
	void *arg;

	struct gate *gate; /* NULL: none */
	struct opener *opener;
	struct devices devices;
	struct hotplug hotplug; /* begins a round of those at once */
	unsigned trying;	/* index of the name that is being opened */
	unsigned device;	/* ... of the card's name */
	struct sink card;	/* open, but unused while its rate isn't ours */
	unsigned next_device;	/* ... of the one below */
	struct sink next;	/* preferred to the card, which it replaces when
				   that has played what it has */
	uint64_t leave_at;	/* ms; then at the latest; 0: not under way */
	struct sink null;	/* always open */
	struct sink *now;	/* card or null: what plays */
	uint32_t rate;		/* the mixer's, frames/s */
	uint64_t held_until;	/* ms; nothing is played before, for a card that
				   is being opened may have it all */
	uint64_t progress;	/* when the card last took something, ms */
	uint32_t underruns;
	int trouble;	   /* the error last reported, 0: none */
	uint32_t asked;	   /* cards to be closed, see gate.h */
	bool released;	   /* no device is wanted */
	bool doubtful;	   /* the last was lost, and none has taken any since */
	bool trial;	   /* the card has silence to play, and is used when it
			      has been seen to: clients play into null meanwhile */
	unsigned restarts; /* since it last took something */
	bool moving;	   /* it has taken more than its buffer */
	bool prime;	   /* ask for room without waiting first */
};

/*
 * Opens the null device at want.rate.  0 or -errno.
 *   gate    which cards go through, or NULL; stays the caller's
 *   report  takes each event; must not block
 *   wake    called on the opener's thread when output_tend() has something
 */
int output_init(struct output *output, const struct devices *devices,
    const struct device_want *want, struct gate *gate,
    void (*report)(void *arg, const struct mixer_event *event),
    void (*wake)(void *arg), void *arg);
void output_finish(struct output *output);

/* Has the first card opened; what is to be played waits for that. */
void output_begin(struct output *output, uint64_t now);

/*
 * Has opened what is due, and takes what has been.  While a later name of the
 * chain plays, those before it are tried too; one that can be opened is gone
 * over to without a frame that is lost or heard twice.
 */
void output_tend(struct output *output, uint64_t now);

/*
 * Closes the card and tries none, or takes one again, for which what is to be
 * played waits.  May be said often.
 */
void output_release(struct output *output, bool released, uint64_t now);

/* The mixer now runs at that rate: a card that waits for it may play. */
void output_set_rate(struct output *output, uint32_t rate, uint64_t now);

/*
 * What to poll: fills fds (DEVICE_FDS_MAX of them), returns how many, and for
 * how long at most, in ms, -1 for ever.
 */
int output_fds(struct output *output, struct pollfd *fds, uint64_t now,
    int *timeout);

/* Frames that may be written; only whole periods are of use. */
uint32_t output_room(struct output *output, struct pollfd *fds, int count,
    uint64_t now);

/* Writes n frames in the format of output_got(), and may move them about. */
void output_write(struct output *output, void *frames, uint32_t n,
    uint64_t now);

const struct device_got *output_got(const struct output *output);

/* Frames written but not yet heard. */
uint32_t output_delay(const struct output *output);

/* Waits until they are heard, not beyond the deadline (ms, like now). */
void output_play_out(const struct output *output, uint64_t now,
    uint64_t deadline);

#endif
