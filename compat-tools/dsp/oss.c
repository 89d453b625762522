#include "compat-tools/dsp/oss.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <string.h>

#include "compat-tools/dsp/convert.h"
#include "compat-tools/dsp/handlers.h"
#include "compat-tools/dsp/oss4.h"

/* --- the table ------------------------------------------------------------ */

#define N  _IOC_NONE
#define R  _IOC_READ
#define W  _IOC_WRITE
#define RW (_IOC_READ | _IOC_WRITE)

static const struct oss_row rows[] = {
#define CALL(name, type, number, direction, bytes, handler, help)              \
	{ name, type, number, direction, bytes, handler, help },
#include "compat-tools/dsp/oss.def"
};

#undef N
#undef R
#undef W
#undef RW

const struct oss_row *
oss_rows(size_t *count)
{
	*count = sizeof(rows) / sizeof(rows[0]);
	return rows;
}

/* Size apart: it depends on the word width of who asks. */
const struct oss_row *
oss_row(uint32_t number)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].type == _IOC_TYPE(number) &&
		    rows[i].number == _IOC_NR(number) &&
		    rows[i].direction == _IOC_DIR(number)) {
			return &rows[i];
		}
	}
	return NULL;
}

/*
 * Mixer calls may be made on any device, those of sound on none that is but a
 * mixer.
 */
int
oss_ioctl(const struct oss_call *call)
{
	const struct oss_row *row = oss_row(call->number);
	int result;

	if (row == NULL || call->bytes < row->bytes ||
	    (row->type == 'P' && device_kind(call->device) == DOOR_MIXER)) {
		return -EINVAL;
	}
	result = row->handler(call);
	if (row->type == 'P' && (fcntl(call->fd, F_GETFL) & O_NONBLOCK) != 0) {
		device_hurries(call->device, call->fd);
	}
	return result;
}

int32_t
oss_get(const struct oss_call *call)
{
	int32_t value;

	memcpy(&value, call->data, sizeof(value));
	return value;
}

int
oss_put(const struct oss_call *call, int32_t value)
{
	return oss_put_record(call, &value, sizeof(value));
}

int
oss_put_record(const struct oss_call *call, const void *record, size_t bytes)
{
	memcpy(call->data, record, bytes < call->bytes ? bytes : call->bytes);
	return 0;
}

/* --- where there is nothing to do ----------------------------------------- */

int
on_nothing(const struct oss_call *call)
{
	(void)call;
	return 0;
}

int
on_refused(const struct oss_call *call)
{
	(void)call;
	return -EINVAL;
}

int
on_zero(const struct oss_call *call)
{
	return oss_put(call, 0);
}

int
on_one(const struct oss_call *call)
{
	return oss_put(call, 1);
}

int
on_only_zero(const struct oss_call *call)
{
	return oss_get(call) == 0 ? 0 : -EINVAL;
}

int
on_recvol(const struct oss_call *call)
{
	return oss_put(call, 100 << 8 | 100);
}

int
on_bind(const struct oss_call *call)
{
	return oss_put(call, DSP_BIND_FRONT);
}

int
on_version(const struct oss_call *call)
{
	return oss_put(call, SOUND_VERSION);
}

int
on_get_order(const struct oss_call *call)
{
	uint64_t order = OSS_CHANNEL_ORDER;

	return oss_put_record(call, &order, sizeof(order));
}

int
on_set_order(const struct oss_call *call)
{
	uint64_t order;

	memcpy(&order, call->data, sizeof(order));
	return order == OSS_CHANNEL_ORDER ? 0 : -EINVAL;
}

/* --- the format ----------------------------------------------------------- */

int
on_speed(const struct oss_call *call)
{
	int32_t rate = oss_get(call);

	if (rate != 0) {
		device_set_rate(call->device, call->fd,
		    rate > 0 ? (uint32_t)rate : 1);
	}
	return on_read_rate(call);
}

int
on_read_rate(const struct oss_call *call)
{
	return oss_put(call, (int32_t)device_format(call->device)->rate);
}

int
on_stereo(const struct oss_call *call)
{
	int32_t stereo = oss_get(call) != 0;

	device_set_channels(call->device, call->fd, stereo ? 2 : 1);
	return oss_put(call, stereo);
}

int
on_channels(const struct oss_call *call)
{
	int32_t channels = oss_get(call);

	if (channels != 0) {
		device_set_channels(call->device, call->fd,
		    channels > 0 ? (uint32_t)channels : 1);
	}
	return on_read_channels(call);
}

int
on_read_channels(const struct oss_call *call)
{
	return oss_put(call, (int32_t)device_format(call->device)->channels);
}

int
on_setfmt(const struct oss_call *call)
{
	int32_t format = oss_get(call);

	if (format != AFMT_QUERY) {
		device_set_format(call->device, call->fd, (uint32_t)format);
	}
	return on_read_bits(call);
}

int
on_read_bits(const struct oss_call *call)
{
	return oss_put(call, (int32_t)device_format(call->device)->format);
}

int
on_getfmts(const struct oss_call *call)
{
	return oss_put(call, (int32_t)convert_formats());
}

/* --- fragments ------------------------------------------------------------ */

int
on_blksize(const struct oss_call *call)
{
	return oss_put(call, (int32_t)device_fragments(call->device)->size);
}

int
on_setfragment(const struct oss_call *call)
{
	uint32_t asked = (uint32_t)oss_get(call);

	/* 0 would mean that nothing was asked. */
	return device_set_fragments(call->device, asked == 0 ? 1 : asked);
}

int
on_subdivide(const struct oss_call *call)
{
	int32_t divide = oss_get(call);

	if (divide == 0) {
		divide = (int32_t)device_fragments(call->device)->divide;
		return oss_put(call, divide == 0 ? 1 : divide);
	}
	if (divide != 1 && divide != 2 && divide != 4) {
		return -EINVAL;
	}
	return device_set_divide(call->device, (uint32_t)divide);
}

int
on_policy(const struct oss_call *call)
{
	int32_t policy = oss_get(call);

	if (policy < 0 || policy > 10) {
		return -EINVAL;
	}
	return device_set_divide(call->device,
	    policy < 5 ? 1u << (5 - policy) : 1);
}

static int
put_space(const struct oss_call *call, const struct device_space *space)
{
	const struct fragments *fragments = device_fragments(call->device);
	audio_buf_info info = {
		.fragments = (int)(space->bytes / fragments->size),
		.fragstotal = (int)fragments->count,
		.fragsize = (int)fragments->size,
		.bytes = (int)space->bytes,
	};

	return oss_put_record(call, &info, sizeof(info));
}

int
on_getospace(const struct oss_call *call)
{
	struct device_space space;
	int error;

	device_asks(call->device);
	error = device_out(call->device, &space);
	return error != 0 ? error : put_space(call, &space);
}

int
on_getispace(const struct oss_call *call)
{
	struct device_space space;
	int error = device_in(call->device, call->fd, &space);

	return error != 0 ? error : put_space(call, &space);
}

/* --- positions ------------------------------------------------------------ */

static int
put_pointer(const struct oss_call *call, const struct device_space *space)
{
	count_info info = {
		.bytes = (int)(space->passed & INT32_MAX),
		.blocks = (int)(space->fragments & INT32_MAX),
		.ptr = (int)space->offset,
	};

	return oss_put_record(call, &info, sizeof(info));
}

int
on_getoptr(const struct oss_call *call)
{
	struct device_space space;
	int error = device_out(call->device, &space);

	if (error != 0) {
		return error;
	}
	device_told_out(call->device, call->fd, space.fragments);
	return put_pointer(call, &space);
}

int
on_getiptr(const struct oss_call *call)
{
	struct device_space space;
	int error = device_in(call->device, call->fd, &space);

	if (error != 0) {
		return error;
	}
	device_told_in(call->device, space.fragments);
	return put_pointer(call, &space);
}

int
on_getodelay(const struct oss_call *call)
{
	struct device_space space;
	int error = device_out(call->device, &space);

	return error != 0 ? error : oss_put(call, (int32_t)space.waiting);
}

static int
put_count(const struct oss_call *call, const struct device_space *space)
{
	unsigned frame = device_frame_bytes(call->device);
	struct oss_count count = {
		.samples = (int64_t)(space->passed / frame),
		.fifo_samples = (int32_t)(space->waiting / frame),
	};

	return oss_put_record(call, &count, sizeof(count));
}

int
on_current_optr(const struct oss_call *call)
{
	struct device_space space;
	int error = device_out(call->device, &space);

	return error != 0 ? error : put_count(call, &space);
}

int
on_current_iptr(const struct oss_call *call)
{
	struct device_space space;
	int error = device_in(call->device, call->fd, &space);

	return error != 0 ? error : put_count(call, &space);
}

int
on_geterror(const struct oss_call *call)
{
	struct oss_errinfo info = { 0 };

	device_faults(call->device, &info.play_underruns, &info.rec_overruns);
	return oss_put_record(call, &info, sizeof(info));
}

/* --- orders --------------------------------------------------------------- */

int
on_reset(const struct oss_call *call)
{
	device_drop_out(call->device);
	device_drop_in(call->device, call->fd);
	return 0;
}

int
on_skip(const struct oss_call *call)
{
	device_drop_out(call->device);
	return 0;
}

int
on_halt_input(const struct oss_call *call)
{
	device_drop_in(call->device, call->fd);
	return 0;
}

int
on_sync(const struct oss_call *call)
{
	return device_drain(call->device) ? 0 : OSS_LATER;
}

int
on_nonblock(const struct oss_call *call)
{
	int flags = fcntl(call->fd, F_GETFL);

	if (flags < 0 || fcntl(call->fd, F_SETFL, flags | O_NONBLOCK) != 0) {
		return -errno;
	}
	return 0;
}

int
on_getcaps(const struct oss_call *call)
{
	return oss_put(call,
	    DSP_CAP_DUPLEX | DSP_CAP_REALTIME | DSP_CAP_TRIGGER | DSP_CAP_MMAP |
		DSP_CAP_MULTI | DSP_CAP_INPUT | DSP_CAP_OUTPUT |
		DSP_CAP_VIRTUAL | DSP_CAP_FREERATE);
}

int
on_duplex(const struct oss_call *call)
{
	return device_access(call->device) == (DOOR_READ | DOOR_WRITE)
		   ? 0
		   : -EINVAL;
}

int
on_gettrigger(const struct oss_call *call)
{
	return oss_put(call, (int32_t)device_trigger(call->device));
}

int
on_settrigger(const struct oss_call *call)
{
	unsigned bits = (unsigned)oss_get(call);

	if ((bits & ~(PCM_ENABLE_INPUT | PCM_ENABLE_OUTPUT)) != 0) {
		return -EINVAL;
	}
	device_set_trigger(call->device, call->fd, bits);
	return 0;
}
