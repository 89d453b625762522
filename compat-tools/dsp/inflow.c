/* From the daemon's capture device to the program, or the ring that it maps. */
#include <errno.h>
#include <sys/socket.h>

#include "compat-tools/dsp/device_impl.h"
#include "compat-tools/dsp/oss4.h"

#define GRAIN_MS 10
#define RECORD	 1024	/* bytes: the kernel's of a piece in a socket */
#define SETTLED	 100000 /* us after the last setting: it may be read */

/* --- what is captured ----------------------------------------------------- */

static void
mark(const struct device *device, int fd, bool on)
{
	int priority = on ? DOOR_MARK : 0;

	if (fd >= 0 && (device->settings.access & DOOR_READ) != 0) {
		(void)setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority,
		    sizeof(priority));
	}
}

/*
 * Bytes that the program is given at once, at least.  The daemon's pieces may
 * be of a few frames, each of which would take a record of the kernel's.
 */
static size_t
grain(const struct device *device)
{
	size_t bytes =
	    (size_t)device->format.rate * device->frame_bytes * GRAIN_MS / 1000;

	if (bytes > device->fragments.size) {
		bytes = device->fragments.size;
	}
	return bytes > device->frame_bytes ? bytes : device->frame_bytes;
}

/* SO_SNDBUF for a buffer of such pieces; the kernel doubles it. */
static int
socket_bytes(const struct device *device)
{
	size_t pieces = fragments_bytes(&device->fragments) / grain(device) + 1;

	return (int)(pieces * (grain(device) + RECORD / 2));
}

static size_t
on_captured(void *arg, const uint8_t *bytes, size_t count)
{
	struct device *device = arg;
	ssize_t sent;

	if (device->in.data != NULL) {
		ring_copy_in(&device->in,
		    capture_frames(device->capture) * device->frame_bytes -
			count,
		    bytes, count);
		return count;
	}
	if (count < grain(device)) {
		return 0;
	}
	sent = send(device->settings.fd, bytes, count,
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0) {
		sent = 0;
	}
	device->blocked = (size_t)sent < count;
	device_watch(device);
	return (size_t)sent;
}

static int
begin_capture(struct device *device)
{
	struct capture_settings settings = { .loop = device->settings.loop,
		.daemon = device->settings.daemon,
		.name = device->name,
		.format = device->format.format,
		.channels = device->format.channels,
		.rate = device->format.rate,
		.buffer = fragments_bytes(&device->fragments),
		.take = on_captured,
		.arg = device };
	int bytes = socket_bytes(device);

	(void)setsockopt(device->settings.fd, SOL_SOCKET, SO_SNDBUF, &bytes,
	    sizeof(bytes));
	return capture_create(&settings, &device->capture);
}

int
device_start_capture(struct device *device, int fd)
{
	int error = 0;

	if ((device->settings.access & DOOR_READ) == 0 ||
	    device->settings.kind == DOOR_MIXER) {
		return -EINVAL;
	}
	if ((device->trigger & PCM_ENABLE_INPUT) == 0) {
		return 0; /* SETTRIGGER will */
	}
	if (device->capture == NULL) {
		error = begin_capture(device);
	}
	if (error == 0) {
		loop_unset(device->settings.loop, &device->settled);
		mark(device, fd, false);
	}
	return error;
}

void
inflow_go_on(struct device *device)
{
	device->blocked = false;
	if (device->capture != NULL) {
		capture_go_on(device->capture);
	}
}

void
inflow_on_settled(void *arg)
{
	(void)device_start_capture(arg, -1);
}

/* Whoever opened it to read alone will, even if he does not say so. */
void
inflow_settle(struct device *device)
{
	if (device->settings.access == DOOR_READ &&
	    device->settings.kind != DOOR_MIXER && device->capture == NULL) {
		loop_set(device->settings.loop, &device->settled,
		    loop_now() + SETTLED);
	}
}

/* --- its end -------------------------------------------------------------- */

void
inflow_end(struct device *device)
{
	loop_unset(device->settings.loop, &device->settled);
	capture_destroy(device->capture);
	device->capture = NULL;
}

void
device_drop_in(struct device *device, int fd)
{
	capture_destroy(device->capture);
	device->capture = NULL;
	device->blocked = false;
	device->told_in = 0;
	if ((device->settings.access & DOOR_READ) != 0) {
		device_discard(fd);
	}
	mark(device, fd, true);
	inflow_settle(device);
}

/* --- where it is ---------------------------------------------------------- */

int
device_in(struct device *device, int fd, struct device_space *space)
{
	uint32_t total = fragments_bytes(&device->fragments);
	int error = device_start_capture(device, fd);

	*space = (struct device_space){ 0 };
	if (error != 0 || device->capture == NULL) {
		return error;
	}
	space->passed = capture_frames(device->capture) * device->frame_bytes;
	space->bytes = device_unread(fd);
	space->waiting = space->bytes + (uint32_t)capture_kept(device->capture);
	space->bytes = space->bytes < total ? space->bytes : total;
	space->offset = (uint32_t)(space->passed % total);
	space->fragments = (uint32_t)(space->passed / device->fragments.size -
				      device->told_in);
	return 0;
}

void
device_told_in(struct device *device, uint32_t fragments)
{
	device->told_in += fragments;
}

void
inflow_recount(struct device *device)
{
	if (device->capture != NULL) {
		device->told_in = capture_frames(device->capture) *
				  device->frame_bytes / device->fragments.size;
	}
}
