/*
 * One device that is open: its settings, and the sound that passes between the
 * program's descriptor, or the ring that it maps, and the daemon.
 *
 * What is played and what is recorded have the same format, channels, rate and
 * fragments.  The daemon's streams begin with the first byte that is written
 * or asked for, in the format that is set by then.
 *
 * Thread: the loop's.  Errors: -errno.
 */
#ifndef DSP_DEVICE_H
#define DSP_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compat-tools/daemon.h"
#include "compat-tools/dsp/door.h"
#include "compat-tools/dsp/fragment.h"
#include "compat-tools/dsp/loop.h"

struct device;

struct device_settings {
	struct loop *loop;
	struct daemon *daemon;
	enum door_device kind;
	unsigned access;  /* DOOR_READ, DOOR_WRITE */
	const char *name; /* of its streams; "": one of our choice */
	int fd;		  /* the server's end: the device's from now on */

	/* All that was written is out: see device_drain(). */
	void (*drained)(void *arg);
	/* Every copy of the program's descriptor is closed, all is played: to
	 * be destroyed, not before this returns. */
	void (*gone)(void *arg);
	void *arg;
};

/*
 * -ENODEV: no daemon answers.  The descriptor is closed where this fails.
 */
int device_create(const struct device_settings *settings,
    struct device **created);
void device_destroy(struct device *device); /* NULL is fine */

/*
 * Where they take `fd`, that is the program's own descriptor, or -1.
 *
 * --- settings: what is not possible is replaced by the nearest ------------
 */

struct device_format {
	uint32_t format; /* AFMT_... */
	uint32_t channels;
	uint32_t rate; /* frames/s */
};

enum door_device device_kind(const struct device *device);
unsigned device_access(const struct device *device);
const char *device_name(const struct device *device);
struct daemon *device_daemon(const struct device *device);
const struct device_format *device_format(const struct device *device);
unsigned device_frame_bytes(const struct device *device);

/* Where it changes what is under way, that is played out, or started anew. */
void device_set_format(struct device *device, int fd, uint32_t format);
void device_set_channels(struct device *device, int fd, uint32_t channels);
void device_set_rate(struct device *device, int fd, uint32_t rate);

/* Of a buffer; -EINVAL while a ring is mapped. */
const struct fragments *device_fragments(const struct device *device);
int device_set_fragments(struct device *device, uint32_t asked);
int device_set_divide(struct device *device, uint32_t divide);

/* PCM_ENABLE_... */
unsigned device_trigger(const struct device *device);
void device_set_trigger(struct device *device, int fd, unsigned bits);

/* Streams to come are given this, as ESD counts. */
void device_set_volume(struct device *device, const int32_t volume[2]);

/* --- state ---------------------------------------------------------------- */

struct device_space {
	uint32_t bytes;	    /* to write or read without waiting */
	uint64_t passed;    /* bytes, heard or captured since the start */
	uint32_t fragments; /* of passed, since they were last asked for */
	uint32_t offset;    /* of the pointer in the buffer, bytes */
	uint32_t waiting;   /* bytes: written and not heard, or not read */
};

/* It reads what has been written first.  -EINVAL: not open that way. */
int device_out(struct device *device, struct device_space *space);
/* Starts capture. */
int device_in(struct device *device, int fd, struct device_space *space);

/*
 * So many fragments were told, and are not told again.  A device that is
 * mapped then cannot be written, as poll() has it, before the next has passed.
 */
void device_told_out(struct device *device, int fd, uint32_t fragments);
void device_told_in(struct device *device, uint32_t fragments);

/* Times that sound ran dry, and over, since this was last asked. */
void device_faults(struct device *device, int32_t *under, int32_t *over);

/* Volumes that were set through it: for mixers that look for changes. */
void device_changed(struct device *device);
int32_t device_changes(const struct device *device);

/* The program asks how much it may write: it need not be held back. */
void device_asks(struct device *device);

/* fd is O_NONBLOCK: what may be written must go in at once, whether or not we
 * come to read it.  To be called again after each call. */
void device_hurries(struct device *device, int fd);

/* --- orders --------------------------------------------------------------- */

/*
 * Is about to be read.
 *   fd  the program's descriptor, whose DOOR_MARK is taken off
 */
int device_start_capture(struct device *device, int fd);

/* True: nothing to wait for; else drained() is called once it is so. */
bool device_drain(struct device *device);

/* Throws away what is not heard, or not read, and stops. */
void device_drop_out(struct device *device);
void device_drop_in(struct device *device, int fd);

/* As the door's DOOR_MAP: a memfd, the caller's, or -errno. */
int device_map(struct device *device, uint32_t length, unsigned access);

/* Whether fd is one of those. */
bool device_is_mapped(const struct device *device, int fd);

#endif
