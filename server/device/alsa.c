/* A sound card through alsa-lib, whose only door in the server this is. */
#include <alsa/asoundlib.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/device/alsacard.h"
#include "server/device/alsaparams.h"
#include "server/device/device.h"
#include "server/device/hush.h"

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

/*
 * alsa-lib explains failures on standard error; what matters of that comes
 * back as an error and is logged as one line.
 */
static void __attribute__((format(printf, 5, 6))) keep_quiet(const char *file,
    int line, const char *function, int error, const char *format, ...)
{
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
	error = alsaparams_choose(alsa->pcm, want, got, &alsa->can_resume);
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

/* JACK has floating point only: ALSA's own converter goes in between. */
static int
open_plug(struct device *alsa, const char *name, const struct device_want *want,
    struct device_got *got)
{
	char plugged[DEVICE_NAME_MAX + sizeof("plug:''")];

	if (strchr(name, '\'') != NULL) {
		return -EINVAL; /* one such name has no place in another */
	}
	(void)snprintf(plugged, sizeof(plugged), "plug:'%s'", name);
	int error = open_pcm(alsa, plugged, 0, want, got);

	return error == -ENOENT ? -EINVAL : error; /* there is no plug */
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

	/* Formats and channels are ours too, unless it has none of ours. */
	hush_begin(name);
	int error = open_pcm(alsa, name,
	    SND_PCM_NO_AUTO_FORMAT | SND_PCM_NO_AUTO_CHANNELS, want, got);
	if (error == -EINVAL) {
		error = open_pcm(alsa, name, 0, want, got);
	}
	if (error == -EINVAL) {
		error = open_plug(alsa, name, want, got);
	}
	hush_end();
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

/* A plugin takes note of what has become readable here, or it stays so. */
static void
heed_descriptors(struct device *alsa)
{
	struct pollfd fds[DEVICE_FDS_MAX];
	int count = alsa_fds(alsa, fds);
	unsigned short events;

	if (poll(fds, (nfds_t)count, 0) > 0) {
		(void)snd_pcm_poll_descriptors_revents(alsa->pcm, fds,
		    (unsigned)count, &events);
	}
}

static int
alsa_read(struct device *alsa, void *frames, uint32_t n)
{
	snd_pcm_sframes_t done;
	int error;

	heed_descriptors(alsa);
	done = snd_pcm_avail_update(alsa->pcm);
	error = done < 0 ? 0 : state_error(alsa);

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
		return "No such device, or the server behind it is not "
		       "running; aplay -L lists those there are";
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
