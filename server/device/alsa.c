/* A sound card through alsa-lib, whose only door in the server this is. */
#include <alsa/asoundlib.h>
#include <errno.h>
#include <stdlib.h>

#include "server/device/alsacard.h"
#include "server/device/device.h"

#define ALSA_PERIODS_MIN 2

struct device {
	snd_pcm_t *pcm;
	snd_pcm_stream_t direction;
	enum device_access access;
	bool can_resume;
	bool started; /* since it was last prepared */
	int fd_count;
	uint32_t period, buffer; /* frames */
	unsigned frame_bytes;
};

/* In the order of enum out_format. */
static const snd_pcm_format_t alsa_formats[OUT_FORMATS] = {
	[OUT_S16_LE] = SND_PCM_FORMAT_S16_LE,
	[OUT_S16_BE] = SND_PCM_FORMAT_S16_BE,
	[OUT_S24_3LE] = SND_PCM_FORMAT_S24_3LE,
	[OUT_S24_3BE] = SND_PCM_FORMAT_S24_3BE,
	[OUT_S24_LE] = SND_PCM_FORMAT_S24_LE,
	[OUT_S24_BE] = SND_PCM_FORMAT_S24_BE,
	[OUT_S32_LE] = SND_PCM_FORMAT_S32_LE,
	[OUT_S32_BE] = SND_PCM_FORMAT_S32_BE,
	[OUT_U8] = SND_PCM_FORMAT_U8,
};

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE(format)	OUT_##format##LE
#define SWAPPED(format) OUT_##format##BE
#else
#define NATIVE(format)	OUT_##format##BE
#define SWAPPED(format) OUT_##format##LE
#endif

/* The widest first, the machine's own byte order before the other. */
static const enum out_format widest[OUT_FORMATS] = {
	NATIVE(S32_),
	NATIVE(S24_),
	NATIVE(S24_3),
	NATIVE(S16_),
	SWAPPED(S32_),
	SWAPPED(S24_),
	SWAPPED(S24_3),
	SWAPPED(S16_),
	OUT_U8,
};

/* Every way to grant a period and a buffer, the nearest to the wish first. */
enum sizing {
	PERIOD_THEN_BUFFER,
	BUFFER_THEN_PERIOD,
	PERIOD_ONLY,
	BUFFER_ONLY,
	ANY_SIZE,
	SIZINGS
};

/*
 * alsa-lib explains failures on standard error; what matters of that comes
 * back as an error and is logged as one line.
 */
static void __attribute__((format(printf, 5, 6))) keep_quiet(const char *file,
    int line, const char *function, int error, const char *format, ...)
{
}

static int
set_access(snd_pcm_t *pcm, snd_pcm_hw_params_t *params, enum device_access want,
    enum device_access *got)
{
	int error = -EINVAL;

	if (want != ACCESS_RW) {
		*got = ACCESS_MMAP;
		error = snd_pcm_hw_params_set_access(pcm, params,
		    SND_PCM_ACCESS_MMAP_INTERLEAVED);
	}
	/* A card that refuses what was asked for grants the other. */
	if (error < 0) {
		*got = ACCESS_RW;
		error = snd_pcm_hw_params_set_access(pcm, params,
		    SND_PCM_ACCESS_RW_INTERLEAVED);
	}
	if (error < 0) {
		*got = ACCESS_MMAP;
		error = snd_pcm_hw_params_set_access(pcm, params,
		    SND_PCM_ACCESS_MMAP_INTERLEAVED);
	}
	return error;
}

/* Takes that format if it goes with that rate; 0: with any. */
static bool
try_format(snd_pcm_t *pcm, snd_pcm_hw_params_t *params, enum out_format format,
    uint32_t rate)
{
	snd_pcm_hw_params_t *trial;

	snd_pcm_hw_params_alloca(&trial);
	snd_pcm_hw_params_copy(trial, params);
	if (snd_pcm_hw_params_set_format(pcm, trial, alsa_formats[format]) <
	    0) {
		return false;
	}
	if (rate > 0 && snd_pcm_hw_params_test_rate(pcm, trial, rate, 0) < 0) {
		return false;
	}
	snd_pcm_hw_params_copy(params, trial);
	return true;
}

/*
 * The wanted format, else the widest.  Some cards have wide samples at some
 * rates only; then the rate counts for more, since it costs a resampler.
 */
static int
set_format(snd_pcm_t *pcm, snd_pcm_hw_params_t *params,
    const struct device_want *want, enum out_format *got)
{
	const uint32_t rates[] = { want->rate, 0 };

	if (want->format >= 0) {
		*got = (enum out_format)want->format;
		if (try_format(pcm, params, *got, 0)) {
			return 0;
		}
	}
	for (unsigned r = 0; r < 2; r++) {
		for (unsigned i = 0; i < OUT_FORMATS; i++) {
			*got = widest[i];
			if (try_format(pcm, params, *got, rates[r])) {
				return 0;
			}
		}
	}
	return -EINVAL;
}

/* Two channels, else the next more, for they keep the sides apart. */
static int
set_channels(snd_pcm_t *pcm, snd_pcm_hw_params_t *params, unsigned *got)
{
	for (*got = 2; *got <= ENGINE_CHANNELS_MAX; (*got)++) {
		if (snd_pcm_hw_params_set_channels(pcm, params, *got) == 0) {
			return 0;
		}
	}
	*got = 1;
	return snd_pcm_hw_params_set_channels(pcm, params, *got);
}

/*
 * The nearest rate; snd_pcm_hw_params_set_rate_near() overlooks the lower ones
 * of a card that has a list of them (alsa-lib 1.2.8).
 */
static int
nearest_rate(snd_pcm_t *pcm, snd_pcm_hw_params_t *params, uint32_t *rate)
{
	snd_pcm_hw_params_t *above, *below;
	unsigned low = *rate, high = *rate;
	int direction = 0;

	snd_pcm_hw_params_alloca(&above);
	snd_pcm_hw_params_alloca(&below);
	snd_pcm_hw_params_copy(above, params);
	snd_pcm_hw_params_copy(below, params);

	int no_higher =
	    snd_pcm_hw_params_set_rate_min(pcm, above, &high, &direction);
	direction = 0;
	int no_lower =
	    snd_pcm_hw_params_set_rate_max(pcm, below, &low, &direction);
	if (no_higher < 0 && no_lower < 0) {
		return no_higher;
	}
	if (no_higher < 0 || (no_lower == 0 && *rate - low < high - *rate)) {
		snd_pcm_hw_params_copy(params, below);
		return snd_pcm_hw_params_set_rate_last(pcm, params, rate,
		    &direction);
	}
	snd_pcm_hw_params_copy(params, above);
	return snd_pcm_hw_params_set_rate_first(pcm, params, rate, &direction);
}

static int
set_rate(snd_pcm_t *pcm, snd_pcm_hw_params_t *params, uint32_t *rate)
{
	unsigned min = DEVICE_RATE_MIN, max = DEVICE_RATE_MAX;
	int min_direction = 0, max_direction = 0;
	int error;

	/* Resampling is ours, and better. */
	snd_pcm_hw_params_set_rate_resample(pcm, params, 0);
	error = snd_pcm_hw_params_set_rate_minmax(pcm, params, &min,
	    &min_direction, &max, &max_direction);
	return error < 0 ? error : nearest_rate(pcm, params, rate);
}

static int
set_period(snd_pcm_t *pcm, snd_pcm_hw_params_t *params, uint32_t frames)
{
	snd_pcm_uframes_t period = frames;
	int direction = 0;

	return snd_pcm_hw_params_set_period_size_near(pcm, params, &period,
	    &direction);
}

static int
set_buffer(snd_pcm_t *pcm, snd_pcm_hw_params_t *params, uint32_t frames)
{
	snd_pcm_uframes_t buffer = frames;

	return snd_pcm_hw_params_set_buffer_size_near(pcm, params, &buffer);
}

/* Installs the parameters with their sizes chosen in that order. */
static int
try_sizes(snd_pcm_t *pcm, snd_pcm_hw_params_t *params, enum sizing sizing,
    const struct device_want *want)
{
	uint32_t buffer = want->period * want->periods;
	int error = 0;

	if (sizing == PERIOD_THEN_BUFFER || sizing == PERIOD_ONLY) {
		error = set_period(pcm, params, want->period);
	}
	if (error == 0 && sizing != PERIOD_ONLY && sizing != ANY_SIZE) {
		error = set_buffer(pcm, params, buffer);
	}
	if (error == 0 && sizing == BUFFER_THEN_PERIOD) {
		error = set_period(pcm, params, want->period);
	}
	return error < 0 ? error : snd_pcm_hw_params(pcm, params);
}

static int
set_sizes(snd_pcm_t *pcm, snd_pcm_hw_params_t *params,
    const struct device_want *want)
{
	snd_pcm_hw_params_t *trial;
	unsigned periods = ALSA_PERIODS_MIN;
	snd_pcm_uframes_t most = ENGINE_PERIOD_MAX, least = DEVICE_PERIOD_MIN;
	int direction = 0;
	int error = -EINVAL;

	/* Wishes: a card that can't fulfil one leaves params as they were. */
	snd_pcm_hw_params_set_periods_min(pcm, params, &periods, &direction);
	direction = 0;
	snd_pcm_hw_params_set_period_size_max(pcm, params, &most, &direction);
	direction = 0;
	snd_pcm_hw_params_set_period_size_min(pcm, params, &least, &direction);
	snd_pcm_hw_params_set_periods_integer(pcm, params);

	snd_pcm_hw_params_alloca(&trial);
	for (int sizing = 0; sizing < SIZINGS; sizing++) {
		snd_pcm_hw_params_copy(trial, params);
		error = try_sizes(pcm, trial, (enum sizing)sizing, want);
		if (error != -EINVAL) {
			break;
		}
	}
	if (error == 0) {
		snd_pcm_hw_params_copy(params, trial);
	}
	return error;
}

static int
set_hardware(struct device *alsa, const struct device_want *want,
    struct device_got *got)
{
	snd_pcm_hw_params_t *params;
	snd_pcm_uframes_t period, buffer;
	int direction = 0;
	int error;

	snd_pcm_hw_params_alloca(&params);
	error = snd_pcm_hw_params_any(alsa->pcm, params);
	if (error < 0) {
		return error;
	}
	got->rate = want->rate;
	if ((error = set_access(alsa->pcm, params, want->access,
		 &got->access)) < 0 ||
	    (error = set_format(alsa->pcm, params, want, &got->format)) < 0 ||
	    (error = set_channels(alsa->pcm, params, &got->channels)) < 0 ||
	    (error = set_rate(alsa->pcm, params, &got->rate)) < 0 ||
	    (error = set_sizes(alsa->pcm, params, want)) < 0 ||
	    (error = snd_pcm_hw_params_get_period_size(params, &period,
		 &direction)) < 0 ||
	    (error = snd_pcm_hw_params_get_buffer_size(params, &buffer)) < 0) {
		return error;
	}
	if (buffer > INT32_MAX) {
		return -EINVAL;
	}
	/* Half a buffer at most, for a card that has one period only. */
	if (period > buffer / 2) {
		period = buffer / 2;
	}
	got->buffer = (uint32_t)buffer;
	got->period =
	    (uint32_t)(period < ENGINE_PERIOD_MAX ? period : ENGINE_PERIOD_MAX);
	if (got->period == 0) {
		return -EINVAL;
	}
	alsa->can_resume = snd_pcm_hw_params_can_resume(params) == 1;
	return 0;
}

/* We start it ourselves; it stops, and says so, when it has run dry. */
static int
set_software(struct device *alsa)
{
	snd_pcm_sw_params_t *params;
	snd_pcm_uframes_t never;
	int error;

	snd_pcm_sw_params_alloca(&params);
	if ((error = snd_pcm_sw_params_current(alsa->pcm, params)) < 0 ||
	    (error = snd_pcm_sw_params_get_boundary(params, &never)) < 0 ||
	    (error = snd_pcm_sw_params_set_start_threshold(alsa->pcm, params,
		 never)) < 0 ||
	    (error = snd_pcm_sw_params_set_stop_threshold(alsa->pcm, params,
		 alsa->buffer)) < 0 ||
	    (error = snd_pcm_sw_params_set_avail_min(alsa->pcm, params,
		 alsa->period)) < 0) {
		return error;
	}
	return snd_pcm_sw_params(alsa->pcm, params);
}

static int
open_pcm(struct device *alsa, const char *name, int mode,
    const struct device_want *want, struct device_got *got)
{
	int error = snd_pcm_open(&alsa->pcm, name, alsa->direction,
	    SND_PCM_NONBLOCK | SND_PCM_NO_AUTO_RESAMPLE | mode);

	if (error < 0) {
		return error;
	}
	error = set_hardware(alsa, want, got);
	if (error < 0) {
		goto fail;
	}
	alsa->access = got->access;
	alsa->period = got->period;
	alsa->buffer = got->buffer;
	alsa->frame_bytes = got->channels * out_format_bytes(got->format);
	if ((error = set_software(alsa)) < 0 ||
	    (error = snd_pcm_prepare(alsa->pcm)) < 0) {
		goto fail;
	}
	alsa->fd_count = snd_pcm_poll_descriptors_count(alsa->pcm);
	if (alsa->fd_count > 0 && alsa->fd_count <= DEVICE_FDS_MAX) {
		return 0;
	}
	error = -EIO; /* nothing to wait for */
fail:
	snd_pcm_close(alsa->pcm);
	return error;
}

static int
open_direction(snd_pcm_stream_t direction, const char *name,
    const struct device_want *want, struct device **device,
    struct device_got *got)
{
	struct device *alsa = calloc(1, sizeof(*alsa));

	if (alsa == NULL) {
		return -ENOMEM;
	}
	alsa->direction = direction;
	snd_lib_error_set_handler(keep_quiet);

	/* Formats and channels are ours too, unless the card has none of ours.
	 */
	int error = open_pcm(alsa, name,
	    SND_PCM_NO_AUTO_FORMAT | SND_PCM_NO_AUTO_CHANNELS, want, got);
	if (error == -EINVAL) {
		error = open_pcm(alsa, name, 0, want, got);
	}
	if (error < 0) {
		free(alsa);
		return error;
	}
	*device = alsa;
	return 0;
}

static void
alsa_close(struct device *alsa)
{
	/* Closing would wait for what is queued, on some plugins. */
	snd_pcm_drop(alsa->pcm);
	snd_pcm_close(alsa->pcm);
	free(alsa);
}

static int
alsa_open(const char *name, const struct device_want *want,
    struct device **device, struct device_got *got)
{
	return open_direction(SND_PCM_STREAM_PLAYBACK, name, want, device, got);
}

static int
alsa_listen(const char *name, const struct device_want *want,
    struct device **device, struct device_got *got)
{
	int error =
	    open_direction(SND_PCM_STREAM_CAPTURE, name, want, device, got);

	if (error < 0) {
		return error;
	}
	error = snd_pcm_start((*device)->pcm);
	if (error < 0) {
		alsa_close(*device);
	}
	return error;
}

/* What its state says is wrong with the card; 0: nothing. */
static int
state_error(const struct device *alsa)
{
	switch (snd_pcm_state(alsa->pcm)) {
	case SND_PCM_STATE_PREPARED:
	case SND_PCM_STATE_RUNNING:
		return 0;
	case SND_PCM_STATE_XRUN:
		return -EPIPE;
	case SND_PCM_STATE_SUSPENDED:
		return -ESTRPIPE;
	default:
		return -ENODEV;
	}
}

/* The device's own errors into those of device.h. */
static int
translate(const struct device *alsa, long error)
{
	int state;

	switch (error) {
	case -EPIPE:
	case -ESTRPIPE:
		return (int)error;
	case -EBADFD:
		state = state_error(alsa);
		return state < 0 ? state : -EIO;
	case -ENOSPC: /* means files */
	case -EAGAIN: /* means "not yet" */
	case -EINTR:
		return -EIO;
	default:
		return (int)error;
	}
}

static int
alsa_fds(struct device *alsa, struct pollfd *fds)
{
	int count =
	    snd_pcm_poll_descriptors(alsa->pcm, fds, (unsigned)alsa->fd_count);

	return count < 0 ? 0 : count;
}

static int
alsa_room(struct device *alsa, struct pollfd *fds, int count)
{
	unsigned short events = 0;

	if (count > 0) {
		int error = snd_pcm_poll_descriptors_revents(alsa->pcm, fds,
		    (unsigned)count, &events);

		if (error < 0) {
			return translate(alsa, error);
		}
	}

	snd_pcm_sframes_t room = snd_pcm_avail_update(alsa->pcm);
	if (room < 0) {
		return translate(alsa, room);
	}

	/* A card that has gone or sleeps may still tell its old room. */
	int error = state_error(alsa);
	if (error < 0) {
		return error;
	}
	if ((events & (POLLERR | POLLNVAL | POLLHUP)) != 0) {
		return -EIO;
	}
	return room < alsa->buffer ? (int)room : (int)alsa->buffer;
}

/* Starts it once no further period fits. */
static int
start_if_primed(struct device *alsa)
{
	snd_pcm_sframes_t room = snd_pcm_avail_update(alsa->pcm);

	if (room < 0) {
		return (int)room;
	}
	if (room >= alsa->period) {
		return 0;
	}

	int error = snd_pcm_start(alsa->pcm);
	alsa->started = error == 0;
	return error;
}

static int
alsa_write(struct device *alsa, const void *frames, uint32_t n)
{
	const uint8_t *at = frames;

	while (n > 0) {
		snd_pcm_sframes_t done =
		    alsa->access == ACCESS_MMAP
			? snd_pcm_mmap_writei(alsa->pcm, at, n)
			: snd_pcm_writei(alsa->pcm, at, n);

		if (done == -EINTR) {
			continue;
		}
		if (done <= 0) {
			/* Room that was promised and isn't there: -EIO. */
			return translate(alsa, done < 0 ? done : -EAGAIN);
		}
		at += (size_t)done * alsa->frame_bytes;
		n -= (uint32_t)done;
	}
	if (!alsa->started) {
		int error = start_if_primed(alsa);

		return error < 0 ? translate(alsa, error) : 0;
	}
	return 0;
}

static int
alsa_read(struct device *alsa, void *frames, uint32_t n)
{
	snd_pcm_sframes_t done = snd_pcm_avail_update(alsa->pcm);
	int error = done < 0 ? 0 : state_error(alsa);

	if (error < 0) {
		return error; /* gone or asleep, it may still tell a room */
	}
	if (done > 0) {
		uint32_t max = done < n ? (uint32_t)done : n;

		done = alsa->access == ACCESS_MMAP
			   ? snd_pcm_mmap_readi(alsa->pcm, frames, max)
			   : snd_pcm_readi(alsa->pcm, frames, max);
	}
	if (done == -EAGAIN || done == -EINTR) {
		return 0;
	}
	return done < 0 ? translate(alsa, done) : (int)done;
}

/* Where it woke up playing, what was queued still plays. */
static int
resume(struct device *alsa)
{
	int error = snd_pcm_resume(alsa->pcm);

	/* Plugins answer 0 whatever happened; the state tells. */
	if (error == 0 && snd_pcm_state(alsa->pcm) == SND_PCM_STATE_SUSPENDED) {
		return -EAGAIN;
	}
	if (error == 0 && snd_pcm_state(alsa->pcm) != SND_PCM_STATE_RUNNING) {
		return -ENOSYS; /* to be prepared again */
	}
	return error;
}

static int
alsa_recover(struct device *alsa, int error)
{
	if (error == -ESTRPIPE && alsa->can_resume) {
		error = resume(alsa);
		if (error == 0 || error == -EAGAIN) {
			return error;
		}
	}
	alsa->started = false;
	error = snd_pcm_prepare(alsa->pcm);
	if (error == 0 && alsa->direction == SND_PCM_STREAM_CAPTURE) {
		error = snd_pcm_start(alsa->pcm);
	}
	return error == -EAGAIN ? -EAGAIN : translate(alsa, error);
}

static int
alsa_delay(struct device *alsa)
{
	snd_pcm_sframes_t delay = 0;
	int error = snd_pcm_delay(alsa->pcm, &delay);

	if (error < 0) {
		return translate(alsa, error);
	}
	return delay > 0 ? (int)delay : 0;
}

/* With the remedy, where there usually is one. */
static const char *
alsa_reason(int error)
{
	switch (error) {
	case -EACCES:
	case -EPERM:
		return "Permission denied; its user must be in the group "
		       "audio, or logged in at this machine";
	case -EBUSY:
		return "Device or resource busy; another program has it";
	case -ENOENT:
		return "No such device; aplay -L lists those there are";
	case -ELOOP:
		return "it leads back to this daemon, by ALSA's esd plugin; "
		       "name the card itself, as in -d hw:0, or take esd out "
		       "of ALSA's default";
	default:
		return snd_strerror(error);
	}
}

const struct device_kind device_alsa = {
	.prefix = "",
	.open = alsa_open,
	.close = alsa_close,
	.fds = alsa_fds,
	.room = alsa_room,
	.write = alsa_write,
	.recover = alsa_recover,
	.delay = alsa_delay,
	.listen = alsa_listen,
	.read = alsa_read,
	.card = alsacard_find,
	.reason = alsa_reason,
};
