#include "compat-tools/dsp/serve.h"

#include <errno.h>
#include <linux/ioctl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "compat-tools/daemon.h"
#include "compat-tools/dsp/device.h"
#include "compat-tools/dsp/doorway.h"
#include "compat-tools/dsp/loop.h"
#include "compat-tools/dsp/oss.h"

#define DEVICES_MAX 64 /* at once */

struct serve_device {
	struct serve *serve;
	struct device *device;
	struct doorway_name name;   /* of the client end */
	struct serve_call *waiting; /* for the sound to end */
	bool gone;
	struct serve_device *next;
};

struct serve {
	struct loop *loop;
	struct daemon daemon;
	struct doorway *doorway;
	struct serve_device *devices;
	unsigned count;
	bool verbose;
	bool held;
	bool stopped;
	bool left; /* what was opened has been closed, or nobody came */
	struct loop_timer lonely;
};

/* --- its life ------------------------------------------------------------- */

static void
on_lonely(void *arg)
{
	struct serve *serve = arg;

	serve->left = true;
}

static void
complain(const char *sentence)
{
	(void)fprintf(stderr, "esddsp: %s\n", sentence);
}

int
serve_create(int listener, bool verbose, struct serve **created)
{
	struct serve *serve = calloc(1, sizeof(*serve));
	int error;

	if (serve == NULL) {
		return -ENOMEM;
	}
	serve->verbose = verbose;
	serve->lonely = (struct loop_timer){ .fired = on_lonely, .arg = serve };
	daemon_init(&serve->daemon);
	serve->daemon.tell = verbose ? complain : NULL;
	error = loop_create(&serve->loop);
	if (error == 0) {
		error = doorway_create(serve, serve->loop, listener,
		    &serve->doorway);
	}
	if (error != 0) {
		serve_destroy(serve);
		return error;
	}
	loop_set(serve->loop, &serve->lonely,
	    loop_now() + DOOR_LONELY_MS * INT64_C(1000));
	*created = serve;
	return 0;
}

static void
forget(struct serve_device *device)
{
	device_destroy(device->device);
	free(device);
}

void
serve_destroy(struct serve *serve)
{
	if (serve == NULL) {
		return;
	}
	doorway_destroy(serve->doorway);
	while (serve->devices != NULL) {
		struct serve_device *device = serve->devices;

		serve->devices = device->next;
		forget(device);
	}
	daemon_finish(&serve->daemon);
	loop_destroy(serve->loop);
	free(serve);
}

static void
reap(struct serve *serve)
{
	struct serve_device **link = &serve->devices;

	while (*link != NULL) {
		struct serve_device *device = *link;

		if (device->gone) {
			*link = device->next;
			forget(device);
			serve->count--;
			serve->left = serve->count == 0;
		} else {
			link = &device->next;
		}
	}
}

int
serve_run(struct serve *serve)
{
	int error = 0;

	while (error == 0 && !serve->stopped &&
	       (serve->held || serve->count > 0 || !serve->left)) {
		error = loop_turn(serve->loop);
		reap(serve);
	}
	return error;
}

void
serve_stop(struct serve *serve)
{
	serve->stopped = true;
}

void
serve_hold(struct serve *serve, bool held)
{
	serve->held = held;
	serve->left = serve->left || !held; /* who held it, came and went */
}

int
serve_watch(struct serve *serve, int fd, short events, serve_ready *ready,
    void *arg)
{
	return loop_watch(serve->loop, fd, events, ready, arg);
}

void
serve_unwatch(struct serve *serve, int fd)
{
	loop_unwatch(serve->loop, fd);
}

/* --- calls ---------------------------------------------------------------- */

unsigned
serve_bytes_in(uint32_t number)
{
	return (_IOC_DIR(number) & _IOC_WRITE) != 0 ? _IOC_SIZE(number) : 0;
}

unsigned
serve_bytes_out(uint32_t number)
{
	return (_IOC_DIR(number) & _IOC_READ) != 0 ? _IOC_SIZE(number) : 0;
}

static void
say(const struct serve_device *device, const struct serve_call *call,
    int result)
{
	const struct oss_row *row = oss_row(call->number);
	int32_t value = 0;

	if (!device->serve->verbose) {
		return;
	}
	if (_IOC_SIZE(call->number) >= sizeof(value)) {
		memcpy(&value, call->data, sizeof(value));
	}
	(void)fprintf(stderr, "esddsp: %s: %s (0x%08x): %s, %d\n",
	    device_name(device->device), row != NULL ? row->name : "unknown",
	    (unsigned)call->number,
	    result == 0		  ? "done"
	    : result == OSS_LATER ? "waits"
				  : strerror(-result),
	    (int)value);
}

static void
complete(struct serve_device *device, struct serve_call *call, int result)
{
	say(device, call, result);
	call->device = NULL;
	call->done(call, result);
}

/* Who is told may ask again at once. */
static void
complete_all(struct serve_device *device)
{
	struct serve_call *call = device->waiting;

	device->waiting = NULL;
	while (call != NULL) {
		struct serve_call *next = call->next;

		complete(device, call, 0);
		call = next;
	}
}

/* A ring stands for its device, too: a program may have but that (swap.h). */
static struct serve_device *
find(const struct serve *serve, int fd)
{
	struct doorway_name name;
	bool is_client = doorway_client(serve->doorway, fd, &name);
	struct serve_device *device = serve->devices;

	while (device != NULL &&
	       (device->gone ||
		   !(is_client ? doorway_same(&device->name, &name)
			       : device_is_mapped(device->device, fd)))) {
		device = device->next;
	}
	return device;
}

void
serve_ioctl(struct serve *serve, int fd, struct serve_call *call)
{
	struct serve_device *device = find(serve, fd);
	unsigned in = serve_bytes_in(call->number);
	struct oss_call request = { .fd = fd,
		.number = call->number,
		.data = call->data,
		.bytes = _IOC_SIZE(call->number) };
	int result;

	call->device = NULL;
	if (device == NULL || request.bytes > sizeof(call->data)) {
		call->done(call, device == NULL ? -EBADF : -EINVAL);
		return;
	}
	if (request.bytes > in) {
		memset(call->data + in, 0, request.bytes - in);
	}
	request.device = device->device;
	result = oss_ioctl(&request);
	if (result != OSS_LATER) {
		complete(device, call, result);
		return;
	}
	say(device, call, result);
	call->device = device;
	call->next = device->waiting;
	device->waiting = call;
}

void
serve_cancel(struct serve_call *call)
{
	struct serve_call **link;

	if (call->device == NULL) {
		return;
	}
	link = &call->device->waiting;
	while (*link != call) {
		link = &(*link)->next;
	}
	*link = call->next;
	call->device = NULL;
}

int
serve_map(struct serve *serve, int fd, uint32_t length, unsigned access)
{
	struct serve_device *device = find(serve, fd);
	int memory;

	if (device == NULL) {
		return -EBADF;
	}
	memory = device_map(device->device, length, access);
	if (serve->verbose) {
		(void)fprintf(stderr, "esddsp: %s: mmap of %u bytes: %s\n",
		    device_name(device->device), (unsigned)length,
		    memory >= 0 ? "done" : strerror(-memory));
	}
	return memory;
}

int
serve_reading(struct serve *serve, int fd)
{
	struct serve_device *device = find(serve, fd);

	return device == NULL ? -EBADF
			      : device_start_capture(device->device, fd);
}

bool
serve_owns(const struct serve *serve, int fd)
{
	return find(serve, fd) != NULL;
}

/* --- devices -------------------------------------------------------------- */

static void
on_drained(void *arg)
{
	complete_all(arg);
}

static void
on_gone(void *arg)
{
	struct serve_device *device = arg;

	complete_all(device);
	device->gone = true;
	if (device->serve->verbose) {
		(void)fprintf(stderr, "esddsp: %s: closed\n",
		    device_name(device->device));
	}
}

int
serve_add(struct serve *serve, const struct serve_opening *opening)
{
	struct device_settings settings = { .loop = serve->loop,
		.daemon = &serve->daemon,
		.kind = opening->kind,
		.access = opening->access,
		.name = opening->name,
		.fd = opening->fd,
		.drained = on_drained,
		.gone = on_gone };
	struct serve_device *device = calloc(1, sizeof(*device));
	int error;

	if (device == NULL || serve->count == DEVICES_MAX) {
		free(device);
		(void)close(opening->fd);
		return device == NULL ? -ENOMEM : -EBUSY;
	}
	settings.arg = device;
	device->serve = serve;
	device->name = opening->client;
	error = device_create(&settings, &device->device);
	if (error != 0) {
		free(device);
		serve->left = serve->count == 0; /* nobody asks twice */
		return error;
	}
	device->next = serve->devices;
	serve->devices = device;
	serve->count++;
	if (serve->verbose) {
		(void)fprintf(stderr, "esddsp: %s: opened\n",
		    device_name(device->device));
	}
	return 0;
}

int
serve_open(struct serve *serve, enum door_device device, unsigned access,
    const char *name, int *fd)
{
	struct serve_opening opening = { .kind = device,
		.access = access,
		.name = name != NULL ? name : "" };
	int error =
	    doorway_pair(serve->doorway, &opening.client, fd, &opening.fd);

	if (error == 0) {
		error = serve_add(serve, &opening);
		if (error != 0) {
			(void)close(*fd);
		}
	}
	if (error == 0) {
		doorway_prepare(*fd, access);
	}
	return error;
}
