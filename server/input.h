/*
 * What the audio thread captures from: open while somebody listens to its tap,
 * and silence, in real time, while the device cannot be had.
 * Thread: audio.
 */
#ifndef INPUT_H
#define INPUT_H

#include "server/output.h"
#include "server/tap.h"

#define INPUT_RETRY_MS 1000 /* between two tries of a device */

struct input {
	/* constant */
	char name[DEVICE_NAME_MAX];
	struct device_want want;
	struct tap *tap;
	void (*report)(void *arg, const struct mixer_event *event);
	void *arg;
	uint8_t *raw;	 /* ENGINE_PERIOD_MAX frames of the device */
	int64_t *frames; /* the same, stereo, at the master's scale */

	struct sink card, null;
	struct sink *now;  /* one of the two; NULL: nobody listens */
	uint64_t retry_at; /* ms */
	int failed;	   /* the error last reported, 0: none */
};

/* Opens nothing yet; 0 or -ENOMEM. */
int input_init(struct input *input, const char *name,
    const struct device_want *want, struct tap *tap,
    void (*report)(void *arg, const struct mixer_event *event), void *arg);
void input_finish(struct input *input);

/* Opens what is wanted, closes what is not.  May take as long as an open. */
void input_tend(struct input *input, uint64_t now);

/* What to poll: fills fds (DEVICE_FDS_MAX of them), returns how many. */
int input_fds(struct input *input, struct pollfd *fds);

/* Moves what has come into the tap; true if there was anything. */
bool input_take(struct input *input, uint64_t now);

#endif
