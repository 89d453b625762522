/* Takes sound in real time and keeps nothing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/device/device.h"
#include "server/device/pace.h"

struct device {
	struct pace pace;
	size_t frame_bytes;
};

static int
null_open(const char *name, const struct device_want *want,
    struct device **device, struct device_got *got)
{
	struct device *null = calloc(1, sizeof(*null));

	if (null == NULL) {
		return -ENOMEM;
	}
	pace_grant(want, got);
	got->channels = 2;
	got->format =
	    want->format >= 0 ? (enum out_format)want->format : OUT_S16_LE;
	got->access = ACCESS_RW;
	null->frame_bytes =
	    (size_t)got->channels * out_format_bytes(got->format);

	int error = pace_open(&null->pace, got);
	if (error < 0) {
		free(null);
		return error;
	}
	*device = null;
	return 0;
}

static void
null_close(struct device *null)
{
	pace_close(&null->pace);
	free(null);
}

static int
null_fds(struct device *null, struct pollfd *fds)
{
	return pace_fds(&null->pace, fds);
}

static int
null_room(struct device *null, struct pollfd *fds, int count)
{
	return (int)pace_room(&null->pace, pace_now());
}

static int
null_write(struct device *null, const void *frames, uint32_t n)
{
	pace_wrote(&null->pace, n, pace_now());
	return 0;
}

static int
null_recover(struct device *null, int error)
{
	return 0; /* neither underruns nor sleeps */
}

static int
null_delay(struct device *null)
{
	return (int)pace_delay(&null->pace, pace_now());
}

/* Silence, as fast as it would have come. */
static int
null_read(struct device *null, void *frames, uint32_t n)
{
	uint64_t now = pace_now();
	uint32_t room = pace_room(&null->pace, now);

	n = room < n ? room : n;
	memset(frames, 0, n * null->frame_bytes);
	pace_wrote(&null->pace, n, now);
	return (int)n;
}

static const char *
null_reason(int error)
{
	const char *text = strerrordesc_np(-error);

	return text != NULL ? text : "unknown error";
}

const struct device_kind device_null = {
	.prefix = "null",
	.open = null_open,
	.close = null_close,
	.fds = null_fds,
	.room = null_room,
	.write = null_write,
	.recover = null_recover,
	.delay = null_delay,
	.listen = null_open,
	.read = null_read,
	.reason = null_reason,
};
