/*
 * The mixer of OSS 3.  VOLUME is the daemon's master, PCM what the streams of
 * this device's name are played with; 100 is unity.
 */
#include <errno.h>
#include <string.h>

#include "compat-tools/dsp/handlers.h"
#include "compat-tools/dsp/oss4.h"
#include "protocols/esd.h"

#define FULL 100

static int32_t
from_percent(unsigned percent)
{
	if (percent > FULL) {
		percent = FULL;
	}
	return (int32_t)((percent * ESD_VOLUME_BASE + FULL / 2) / FULL);
}

static unsigned
to_percent(int32_t volume)
{
	if (volume >= ESD_VOLUME_BASE) {
		return FULL;
	}
	return volume <= 0 ? 0
			   : ((unsigned)volume * FULL + ESD_VOLUME_BASE / 2) /
				 ESD_VOLUME_BASE;
}

static void
get_pair(const struct oss_call *call, int32_t volume[2])
{
	unsigned pair = (unsigned)oss_get(call);

	volume[0] = from_percent(pair & 0xff);
	volume[1] = from_percent(pair >> 8 & 0xff);
}

static int
put_pair(const struct oss_call *call, const int32_t volume[2])
{
	return oss_put(call,
	    (int32_t)(to_percent(volume[1]) << 8 | to_percent(volume[0])));
}

/* A server that has no such volume plays at unity. */
static int
settle(const struct oss_call *call, int error, int32_t volume[2])
{
	if (error == -ENOSYS) {
		volume[0] = volume[1] = ESD_VOLUME_BASE;
	} else if (error != 0) {
		return -EIO;
	}
	return put_pair(call, volume);
}

int
on_devmask(const struct oss_call *call)
{
	return oss_put(call, SOUND_MASK_VOLUME | SOUND_MASK_PCM);
}

int
on_read_master(const struct oss_call *call)
{
	int32_t volume[2] = { -1, -1 };
	int error = daemon_master(device_daemon(call->device), volume);

	return settle(call, error, volume);
}

int
on_write_master(const struct oss_call *call)
{
	int32_t volume[2];
	int error;

	get_pair(call, volume);
	error = daemon_master(device_daemon(call->device), volume);
	device_changed(call->device);
	return settle(call, error, volume);
}

int
on_getplayvol(const struct oss_call *call)
{
	int32_t volume[2] = { -1, -1 };
	int error = daemon_volume(device_daemon(call->device),
	    device_name(call->device), volume);

	return settle(call, error, volume);
}

int
on_setplayvol(const struct oss_call *call)
{
	int32_t volume[2];
	int error;

	get_pair(call, volume);
	error = daemon_volume(device_daemon(call->device),
	    device_name(call->device), volume);
	if (error == 0) {
		device_set_volume(call->device, volume);
	}
	device_changed(call->device);
	return settle(call, error, volume);
}
