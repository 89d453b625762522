/*
 * The OSS API: what each ioctl() of it answers.  Knows nothing of how a
 * program comes to ask: requests are a number and bytes.  Thread: the loop's.
 */
#ifndef DSP_OSS_H
#define DSP_OSS_H

#include <stddef.h>
#include <stdint.h>

#include "compat-tools/dsp/device.h"

#define OSS_LATER 1 /* once the device is drained */

/* One request, for its handler. */
struct oss_call {
	struct device *device;
	int fd;		 /* the program's descriptor, or a copy of it */
	uint32_t number; /* as for ioctl() */
	void *data;	 /* the argument, in and out; may be unaligned */
	size_t bytes;	 /* of it: _IOC_SIZE, which word widths differ in */
};

/*
 *   data  at least _IOC_SIZE of number; zeros where the program gives nothing
 * 0, OSS_LATER, or -errno: -EINVAL for what OSS does not know.
 */
int oss_ioctl(const struct oss_call *call);

/* One row of the API: oss.def. */
struct oss_row {
	const char *name;
	unsigned type; /* 'P', 'M' or 'X' */
	unsigned number;
	unsigned direction; /* _IOC_NONE, _IOC_READ, _IOC_WRITE or both */
	unsigned bytes;	    /* of the argument, at least */
	int (*handler)(const struct oss_call *call);
	const char *help;
};

const struct oss_row *oss_row(uint32_t number); /* NULL: unknown */
const struct oss_row *oss_rows(size_t *count);

/* For handlers.  -EINVAL where the argument has no room for it. */
int32_t oss_get(const struct oss_call *call);
int oss_put(const struct oss_call *call, int32_t value);

/* As much of the record as the argument has room for. */
int oss_put_record(const struct oss_call *call, const void *record,
    size_t bytes);

#endif
