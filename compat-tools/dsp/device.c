#include "compat-tools/dsp/device.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compat-tools/dsp/convert.h"
#include "compat-tools/dsp/device_impl.h"
#include "compat-tools/dsp/oss4.h"
#include "compat-tools/libesd/libesd.h"

/* What the kernel counts for small pieces in a socket, by their bytes. */
#define BOOKKEEPING 2

#define FIRST_RATE   8000 /* what OSS begins with */
#define DEFAULT_NAME "esddsp"

/* --- the descriptor ------------------------------------------------------- */

uint32_t
device_unread(int fd)
{
	int bytes = 0;

	return ioctl(fd, FIONREAD, &bytes) == 0 ? (uint32_t)bytes : 0;
}

/* At most what is there now: somebody may go on writing. */
void
device_discard(int fd)
{
	uint32_t bytes = fd >= 0 ? device_unread(fd) : 0;
	uint8_t waste[4096];

	while (bytes > 0) {
		ssize_t got = recv(fd, waste,
		    bytes < sizeof(waste) ? bytes : sizeof(waste),
		    MSG_DONTWAIT);

		if (got <= 0) {
			return;
		}
		bytes -= (uint32_t)got;
	}
}

/* Hung up, nothing more comes: only read on if there is room for the rest. */
static void
on_data(void *arg, int fd, short events)
{
	struct device *device = arg;

	if ((events & POLLOUT) != 0) {
		inflow_go_on(device);
	}
	if (device->gated && (events & (POLLHUP | POLLERR)) != 0) {
		if (device->out.data != NULL ||
		    (device->trigger & PCM_ENABLE_OUTPUT) == 0) {
			outflow_end(device);
		} else {
			loop_unwatch(device->settings.loop, fd);
		}
		return;
	}
	outflow_pump(device);
}

void
device_watch(struct device *device)
{
	short events = (short)((device->gated ? 0 : POLLIN) |
			       (device->blocked ? POLLOUT : 0));

	if (!device->ended) {
		(void)loop_watch(device->settings.loop, device->settings.fd,
		    events, on_data, device);
	}
}

/* --- a mapped ring -------------------------------------------------------- */

static int
make_ring(struct device *device, struct ring *ring)
{
	struct convert convert;
	int error = ring_make(ring, fragments_bytes(&device->fragments));

	if (error != 0) {
		return error;
	}
	error = convert_init(&convert, device->format.format,
	    device->format.channels);
	if (error == 0) {
		convert_silence(&convert, ring->size / convert.frame_bytes,
		    ring->data);
	}
	return error;
}

int
device_map(struct device *device, uint32_t length, unsigned access)
{
	bool writes = (access & DOOR_WRITE) != 0;
	struct ring *ring = writes ? &device->out : &device->in;
	int error = 0;
	int fd;

	if (device->settings.kind == DOOR_MIXER) {
		return -ENODEV;
	}
	if ((device->settings.access & (writes ? DOOR_WRITE : DOOR_READ)) ==
	    0) {
		return -EACCES;
	}
	if (ring->data == NULL) {
		error = make_ring(device, ring);
	}
	if (error != 0) {
		return error;
	}
	if (length == 0 || length > ring->mapped) {
		return -EINVAL;
	}
	fd = fcntl(ring->fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

bool
device_is_mapped(const struct device *device, int fd)
{
	return ring_is(&device->out, fd) || ring_is(&device->in, fd);
}

/* --- settings ------------------------------------------------------------- */

/* What has passed so far counts as told, in fragments of any size. */
static void
choose(struct device *device)
{
	fragments_choose(&device->fragments,
	    (uint64_t)device->format.rate * device->frame_bytes);
	outflow_recount(device);
	inflow_recount(device);
}

static void
change(struct device *device, int fd, struct device_format format)
{
	bool captured = device->capture != NULL;

	if (memcmp(&format, &device->format, sizeof(format)) == 0) {
		inflow_settle(device);
		return;
	}
	if (device->old != NULL) {
		/* Nothing was read since the format before this one. */
		device->part = 0;
	} else {
		outflow_retire(device);
	}
	if (captured) {
		device_drop_in(device, fd);
	}
	device->format = format;
	device->frame_bytes =
	    convert_sample_bytes(format.format) * format.channels;
	if (device->out.data == NULL && device->in.data == NULL) {
		choose(device);
	}
	inflow_settle(device);
	if (captured) {
		(void)device_start_capture(device, fd);
	}
}

void
device_set_format(struct device *device, int fd, uint32_t format)
{
	struct device_format wanted = device->format;

	wanted.format = convert_sample_bytes(format) > 0 ? format : AFMT_S16_NE;
	change(device, fd, wanted);
}

void
device_set_channels(struct device *device, int fd, uint32_t channels)
{
	struct device_format wanted = device->format;

	wanted.channels = channels < 1 ? 1
			  : channels > CONVERT_CHANNELS_MAX
			      ? CONVERT_CHANNELS_MAX
			      : channels;
	change(device, fd, wanted);
}

void
device_set_rate(struct device *device, int fd, uint32_t rate)
{
	struct device_format wanted = device->format;

	wanted.rate = rate < ESD_RATE_MIN   ? ESD_RATE_MIN
		      : rate > ESD_RATE_MAX ? ESD_RATE_MAX
					    : rate;
	change(device, fd, wanted);
}

static int
cut(struct device *device, uint32_t asked, uint32_t divide)
{
	if (device->out.data != NULL || device->in.data != NULL) {
		return -EINVAL;
	}
	device->fragments.asked = asked;
	device->fragments.divide = divide;
	choose(device);
	return 0;
}

int
device_set_fragments(struct device *device, uint32_t asked)
{
	return cut(device, asked, 0);
}

int
device_set_divide(struct device *device, uint32_t divide)
{
	return cut(device, 0, divide);
}

void
device_set_trigger(struct device *device, int fd, unsigned bits)
{
	unsigned on = bits & ~device->trigger;
	unsigned off = device->trigger & ~bits;

	device->trigger = bits;
	if ((off & PCM_ENABLE_OUTPUT) != 0) {
		device_drop_out(device);
	}
	if ((off & PCM_ENABLE_INPUT) != 0) {
		device_drop_in(device, fd);
	}
	if ((on & PCM_ENABLE_OUTPUT) != 0) {
		outflow_hold(device);
	}
	if ((bits & PCM_ENABLE_OUTPUT) != 0) {
		outflow_start(device);
	}
	if ((bits & PCM_ENABLE_INPUT) != 0) {
		(void)device_start_capture(device, fd);
	}
}

/* --- what it is ----------------------------------------------------------- */

void
device_faults(struct device *device, int32_t *under, int32_t *over)
{
	unsigned ran_dry =
	    device->play == NULL ? 0 : play_underruns(device->play);
	unsigned ran_over =
	    device->capture == NULL ? 0 : capture_overruns(device->capture);

	/* A stream that begins anew counts from 0. */
	*under =
	    (int32_t)(ran_dry > device->under ? ran_dry - device->under : 0);
	*over =
	    (int32_t)(ran_over > device->over ? ran_over - device->over : 0);
	device->under = ran_dry;
	device->over = ran_over;
}

void
device_changed(struct device *device)
{
	device->changes++;
}

int32_t
device_changes(const struct device *device)
{
	return device->changes;
}

void
device_asks(struct device *device)
{
	device->asks = true;
}

void
device_hurries(struct device *device, int fd)
{
	uint32_t all = fragments_bytes(&device->fragments);
	uint32_t some;
	int bytes;

	device->hurries = true;
	some = outflow_slack(device);
	some = some < all ? some : all;
	bytes = (int)(device->asks ? all * BOOKKEEPING : some);
	if (device->out.data == NULL) {
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes,
		    sizeof(bytes));
	}
}

void
device_set_volume(struct device *device, const int32_t volume[2])
{
	device->volume[0] = volume[0];
	device->volume[1] = volume[1];
}

enum door_device
device_kind(const struct device *device)
{
	return device->settings.kind;
}

unsigned
device_access(const struct device *device)
{
	return device->settings.access;
}

const char *
device_name(const struct device *device)
{
	return device->name;
}

struct daemon *
device_daemon(const struct device *device)
{
	return device->settings.daemon;
}

const struct device_format *
device_format(const struct device *device)
{
	return &device->format;
}

unsigned
device_frame_bytes(const struct device *device)
{
	return device->frame_bytes;
}

const struct fragments *
device_fragments(const struct device *device)
{
	return &device->fragments;
}

unsigned
device_trigger(const struct device *device)
{
	unsigned access = device->settings.access;

	return device->trigger &
	       (((access & DOOR_READ) != 0 ? PCM_ENABLE_INPUT : 0) |
		   ((access & DOOR_WRITE) != 0 ? PCM_ENABLE_OUTPUT : 0));
}

/* --- its life ------------------------------------------------------------- */

static uint32_t
first_format(enum door_device kind)
{
	switch (kind) {
	case DOOR_AUDIO:
		return AFMT_MU_LAW;
	case DOOR_DSPW:
		return AFMT_S16_NE;
	default:
		return AFMT_U8;
	}
}

/* Also where nobody has read that yet. */
static bool
has_ended(void *arg)
{
	struct device *device = arg;
	struct pollfd end = { .fd = device->settings.fd };

	return device->ended ||
	       (poll(&end, 1, 0) > 0 && (end.revents & POLLHUP) != 0);
}

static void
on_turn(void *arg)
{
	outflow_hold(arg);
}

static void
begin_turn(struct device *device)
{
	device->turn = (struct turn){ .loop = device->settings.loop,
		.ended = has_ended,
		.came = on_turn,
		.arg = device,
		.listener = -1,
		.before = -1,
		.after = -1 };
	if ((device->settings.access & DOOR_WRITE) != 0 &&
	    device->settings.kind != DOOR_MIXER) {
		turn_begin(&device->turn, device->name);
	}
}

static bool
is_local(void)
{
	struct address address;

	return address_parse(NULL, &address) == 0 &&
	       address.kind == ADDRESS_LOCAL;
}

/* Starts one of this machine that is not there, if esd.conf lets us. */
static int
open_daemon(struct daemon *daemon)
{
	int error = daemon_connect(daemon);

	if (error != 0 && is_local() && libesd_spawn()) {
		daemon->retry_at = 0;
		error = daemon_connect(daemon);
	}
	return error;
}

int
device_create(const struct device_settings *settings, struct device **created)
{
	struct device *device;

	if (open_daemon(settings->daemon) != 0) {
		(void)close(settings->fd);
		return -ENODEV;
	}
	device = calloc(1, sizeof(*device));
	if (device == NULL) {
		(void)close(settings->fd);
		return -ENOMEM;
	}
	device->settings = *settings;
	(void)snprintf(device->name, sizeof(device->name), "%s",
	    settings->name[0] != '\0' ? settings->name : DEFAULT_NAME);
	device->settings.name = device->name;
	device->format = (struct device_format){ first_format(settings->kind),
		1, FIRST_RATE };
	device->frame_bytes = convert_sample_bytes(device->format.format);
	device->trigger = PCM_ENABLE_INPUT | PCM_ENABLE_OUTPUT;
	device->volume[0] = -1;
	device->volume[1] = -1;
	device->passing =
	    (struct loop_timer){ .fired = outflow_on_passing, .arg = device };
	device->settled =
	    (struct loop_timer){ .fired = inflow_on_settled, .arg = device };
	fragments_choose(&device->fragments,
	    (uint64_t)FIRST_RATE * device->frame_bytes);
	begin_turn(device);
	device_watch(device);
	inflow_settle(device);
	*created = device;
	return 0;
}

void
device_destroy(struct device *device)
{
	if (device == NULL) {
		return;
	}
	loop_unwatch(device->settings.loop, device->settings.fd);
	loop_unset(device->settings.loop, &device->settled);
	loop_unset(device->settings.loop, &device->passing);
	play_destroy(device->play);
	play_destroy(device->old);
	turn_end(&device->turn);
	capture_destroy(device->capture);
	ring_drop(&device->out);
	ring_drop(&device->in);
	(void)close(device->settings.fd);
	free(device);
}
