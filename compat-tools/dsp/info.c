/* What OSS programs may ask of the machine: one device, one mixer, one card. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "compat-tools/dsp/convert.h"
#include "compat-tools/dsp/handlers.h"
#include "compat-tools/dsp/oss4.h"
#include "config.h"

#define PRODUCT	     "esdmixd"
#define LONG_NAME    "esdmixd sound daemon"
#define VERSION_4    0x040003 /* of OSS, whose records these are */
#define DEFAULT_TEXT "default"

_Static_assert(sizeof(struct oss_sysinfo) <= DOOR_BYTES_MAX, "a record");
_Static_assert(sizeof(struct oss_audioinfo) <= DOOR_BYTES_MAX, "a record");
_Static_assert(sizeof(struct oss_mixerinfo) <= DOOR_BYTES_MAX, "a record");
_Static_assert(sizeof(struct oss_cardinfo) <= DOOR_BYTES_MAX, "a record");
_Static_assert(sizeof(struct oss_enuminfo) <= DOOR_BYTES_MAX, "a record");

/* The first field says which one is asked about; -1: this one. */
static bool
is_ours(const struct oss_call *call)
{
	int32_t number = oss_get(call);

	return number == 0 || number == -1;
}

int
on_names(const struct oss_call *call)
{
	struct oss_enuminfo info = { .nvalues = 1, .strings = DEFAULT_TEXT };

	return oss_put_record(call, &info, sizeof(info));
}

int
on_mixer_info(const struct oss_call *call)
{
	mixer_info info = { .id = PRODUCT,
		.name = LONG_NAME,
		.modify_counter = device_changes(call->device) };

	return oss_put_record(call, &info, sizeof(info));
}

int
on_sysinfo(const struct oss_call *call)
{
	struct oss_sysinfo info = { .product = PRODUCT,
		.version = PACKAGE_VERSION,
		.versionnum = VERSION_4,
		.numaudios = 1,
		.nummixers = 1,
		.numcards = 1,
		.numaudioengines = 1,
		.license = "MIT" };

	return oss_put_record(call, &info, sizeof(info));
}

int
on_audioinfo(const struct oss_call *call)
{
	struct oss_audioinfo info = { .name = LONG_NAME,
		.busy = (int32_t)device_access(call->device),
		.pid = -1,
		.iformats = (int32_t)convert_formats(),
		.oformats = (int32_t)convert_formats(),
		.enabled = 1,
		.min_rate = ESD_RATE_MIN,
		.max_rate = ESD_RATE_MAX,
		.min_channels = 1,
		.max_channels = CONVERT_CHANNELS_MAX,
		.binding = DSP_BIND_FRONT,
		.label = PRODUCT,
		.latency = -1,
		.devnode = "/dev/dsp" };
	const struct oss_call caps = { .device = call->device,
		.data = &info.caps,
		.bytes = sizeof(info.caps) };

	if (!is_ours(call)) {
		return -EINVAL;
	}
	(void)on_getcaps(&caps);
	(void)snprintf(info.cmd, sizeof(info.cmd), "%s",
	    device_name(call->device));
	return oss_put_record(call, &info, sizeof(info));
}

int
on_mixerinfo(const struct oss_call *call)
{
	struct oss_mixerinfo info = { .id = PRODUCT,
		.name = LONG_NAME,
		.modify_counter = device_changes(call->device),
		.enabled = 1,
		.devnode = "/dev/mixer" };

	return is_ours(call) ? oss_put_record(call, &info, sizeof(info))
			     : -EINVAL;
}

int
on_cardinfo(const struct oss_call *call)
{
	struct oss_cardinfo info = { .shortname = PRODUCT,
		.longname = LONG_NAME };

	return is_ours(call) ? oss_put_record(call, &info, sizeof(info))
			     : -EINVAL;
}
