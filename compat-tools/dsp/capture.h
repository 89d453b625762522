/*
 * Sound from the daemon's capture device on its way to a device: converted,
 * then written to the program's descriptor or into a mapped ring.
 *
 * Who does not read in time loses the oldest of what does not fit.  While there
 * is no daemon there is silence, at its own pace.
 * Frames are counted since capture_create().  Thread: the loop's.
 */
#ifndef DSP_CAPTURE_H
#define DSP_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "compat-tools/daemon.h"
#include "compat-tools/dsp/convert.h"
#include "compat-tools/dsp/loop.h"

struct capture;

struct capture_settings {
	struct loop *loop;
	struct daemon *daemon;
	const char *name; /* stays where it is */
	uint32_t format;  /* AFMT_... */
	unsigned channels;
	uint32_t rate;	 /* frames/s */
	uint32_t buffer; /* bytes to keep here for a program that is late */

	/*
	 * Takes bytes, all of whole frames, and says how many; less than all:
	 * call capture_go_on() once it can take more.
	 */
	size_t (*take)(void *arg, const uint8_t *bytes, size_t count);
	void *arg;
};

/*
 * 0, -EINVAL or -ENOMEM.  The daemon is asked from the loop.
 */
int capture_create(const struct capture_settings *settings,
    struct capture **created);
void capture_destroy(struct capture *capture); /* NULL is fine */

void capture_go_on(struct capture *capture);

uint64_t capture_frames(const struct capture *capture); /* captured so far */
size_t capture_kept(const struct capture *capture);	/* bytes not taken */
unsigned capture_overruns(const struct capture *capture);

#endif
