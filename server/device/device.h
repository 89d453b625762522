/*
 * A device to play into or to capture from, as the audio thread sees it.
 *
 * The thread polls the device's descriptors, asks how many frames it takes and
 * writes that many; nothing else blocks.  All errors are -errno:
 *   -EPIPE     underrun; device_recover() starts again
 *   -ESTRPIPE  suspended; device_recover() until it no longer says -EAGAIN
 *   -ENOSPC    (files) nothing was kept, the device goes on
 *   any other  the device is lost: close it
 * Thread: audio.  open and close may take their time, and allocate.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include <poll.h>
#include <stdint.h>

#include "server/engine/engine.h"

#define DEVICE_FDS_MAX	  8
#define DEVICE_NAME_MAX	  256  /* bytes, NUL included */
#define DEVICE_RATE_MIN	  8000 /* frames/s */
#define DEVICE_RATE_MAX	  384000
#define DEVICE_PERIOD_MIN 16 /* frames */

enum device_access { ACCESS_AUTO, ACCESS_MMAP, ACCESS_RW };

/* What is asked for; a device grants what comes nearest. */
struct device_want {
	uint32_t rate;	  /* frames/s */
	uint32_t period;  /* frames */
	uint32_t periods; /* in the buffer */
	int format;	  /* enum out_format, or -1: the widest it takes */
	enum device_access access;

	/* Where not 0, each counts instead of those before it. */
	uint32_t period_us; /* of a period */
	uint32_t buffer;    /* frames, instead of periods */
	uint32_t buffer_us; /* of it */
};

/* The sizes that are asked for at that rate, in frames. */
uint32_t device_period(const struct device_want *want, uint32_t rate);
uint32_t device_buffer(const struct device_want *want, uint32_t rate);

/* What was granted. */
struct device_got {
	uint32_t rate;
	uint32_t period; /* at most ENGINE_PERIOD_MAX */
	uint32_t buffer; /* frames */
	unsigned channels;
	enum out_format format;
	enum device_access access; /* never ACCESS_AUTO */
	unsigned front[2];	   /* the channels that are left and right;
				      where there is one, not used */
};

/* "mmap" or "rw". */
const char *device_access_name(enum device_access access);

struct device; /* each kind has its own */

struct device_kind {
	const char *prefix; /* of its names: "null", "file:"; "" takes any */

	int (*open)(const char *name, const struct device_want *want,
	    struct device **device, struct device_got *got);
	void (*close)(struct device *device);

	/* Fills at most DEVICE_FDS_MAX descriptors, returns how many. */
	int (*fds)(struct device *device, struct pollfd *fds);

	/*
	 * Frames that can be written now, after poll() filled fds' revents
	 * (or without, at the start: revents all zero).
	 */
	int (*room)(struct device *device, struct pollfd *fds, int count);

	/* Writes n frames, at most what room() said; 0 or -errno. */
	int (*write)(struct device *device, const void *frames, uint32_t n);

	/* After -EPIPE or -ESTRPIPE: 0 running again, -EAGAIN not yet. */
	int (*recover)(struct device *device, int error);

	/* Frames written but not yet heard, or -errno. */
	int (*delay)(struct device *device);

	/*
	 * Capture: opens the other direction, whose got.format and channels
	 * tell what read() gives.  NULL where the kind has none.
	 */
	int (*listen)(const char *name, const struct device_want *want,
	    struct device **device, struct device_got *got);

	/* Reads at most n frames that have come; their number, or -errno. */
	int (*read)(struct device *device, void *frames, uint32_t n);

	/*
	 * The number of the sound card that the name plays on, or -ENODEV.
	 * NULL where the kind has none.  Thread: any but audio.
	 */
	int (*card)(const char *name);

	/* An error's text, static; never NULL.  Thread: any. */
	const char *(*reason)(int error);
};

extern const struct device_kind device_alsa, device_null, device_file;

/* The kind that opens that name; never NULL. */
const struct device_kind *device_kind_of(const char *name);

#endif
