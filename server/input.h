/*
 * What the audio thread captures from: open while somebody listens to its tap,
 * and silence, in real time, while the device cannot be had.  The opener's
 * thread opens and closes it.
 * Thread: audio.
 */
#ifndef INPUT_H
#define INPUT_H

#include "server/event.h"
#include "server/opener.h"
#include "server/tap.h"

#define INPUT_RETRY_MS 1000 /* between two tries of a device */
#define INPUT_HOLD_MS  1000 /* for the first of them, then it is silence */

struct input {
	/* constant */
	char name[DEVICE_NAME_MAX];
	struct device_want want;
	struct tap *tap;
	void (*report)(void *arg, const struct mixer_event *event);
	void *arg;
	uint8_t *raw;	 /* ENGINE_PERIOD_MAX frames of the device */
	int64_t *frames; /* the same, stereo, at the master's scale */

	struct gate *gate; /* NULL: none */
	struct opener *opener;
	struct sink card, null;
	struct sink *now;   /* one of the two, or NULL: nothing comes */
	uint64_t silent_at; /* ms; then null goes on where nothing comes */
	uint64_t retry_at;  /* ms */
	uint32_t asked;	    /* cards to be closed, see gate.h */
	int failed;	    /* the error last reported, 0: none */
};

/*
 * Opens nothing yet; 0 or -errno.
 *   gate    which cards go through, or NULL; stays the caller's
 *   report  takes each event; must not block
 *   wake    called on the opener's thread when input_tend() has something
 */
int input_init(struct input *input, const char *name,
    const struct device_want *want, struct tap *tap, struct gate *gate,
    void (*report)(void *arg, const struct mixer_event *event),
    void (*wake)(void *arg), void *arg);
void input_finish(struct input *input);

/* Has opened what is wanted, closed what is not, and takes what has been. */
void input_tend(struct input *input, uint64_t now);

/* What to poll: fills fds (DEVICE_FDS_MAX of them), returns how many. */
int input_fds(struct input *input, struct pollfd *fds);

/* Moves what has come into the tap; true if there was anything. */
bool input_take(struct input *input, uint64_t now);

#endif
