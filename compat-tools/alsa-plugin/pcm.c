/*
 * The ALSA plugin that makes the daemon a PCM: "type esd".  Nothing of it is
 * seen by the program but the two names that alsa-lib looks up; it prints
 * nothing but by alsa-lib's error handler, starts no thread, raises no signal.
 */
#include "compat-tools/alsa-plugin/pcm.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "compat-tools/alsa-plugin/self.h"
#include "compat-tools/alsa-plugin/settings.h"

#define RATE_MIN 4000
#define RATE_MAX 192000

/*
 * alsa-lib knows limits in bytes alone.  The most is what socket and ring take
 * at any rate, so that it is played while the program sleeps.
 */
#define PERIOD_BYTES_MIN 128
#define PERIOD_BYTES_MAX 65536
#define BUFFER_BYTES_MIN 512
#define BUFFER_BYTES_MAX 131072
#define PERIODS_MIN	 2
#define PERIODS_MAX	 1024

SND_PCM_PLUGIN_DEFINE_FUNC(esd);

/* --- for all callbacks ---------------------------------------------------- */

struct pcm *
pcm_enter(snd_pcm_ioplug_t *io)
{
	struct pcm *pcm = io->private_data;

	(void)pthread_mutex_lock(&pcm->lock);
	return pcm;
}

long
pcm_leave(struct pcm *pcm, long result)
{
	(void)pthread_mutex_unlock(&pcm->lock);
	return result;
}

int
pcm_descriptors_count(snd_pcm_ioplug_t *io)
{
	return 1;
}

int
pcm_descriptors(snd_pcm_ioplug_t *io, struct pollfd *fds, unsigned space)
{
	const struct pcm *pcm = io->private_data;

	if (space < 1) {
		return -EINVAL;
	}
	fds[0] = (struct pollfd){ .fd = pcm->wake.fd, .events = POLLIN };
	return 1;
}

int
pcm_hw_free(snd_pcm_ioplug_t *io)
{
	struct pcm *pcm = pcm_enter(io);

	wake_watch(&pcm->wake, -1, false, false);
	feed_finish(&pcm->feed);
	intake_finish(&pcm->intake);
	return (int)pcm_leave(pcm, 0);
}

void
pcm_hw_params(struct pcm *pcm)
{
	const snd_pcm_ioplug_t *io = &pcm->io;

	wake_watch(&pcm->wake, -1, false, false);
	pcm->frame_bytes = (unsigned)snd_pcm_format_physical_width(io->format) /
			   8 * io->channels;
	pcm->daemon.swapped = snd_pcm_format_cpu_endian(io->format) == 0;
}

void
pcm_sw_params(struct pcm *pcm, snd_pcm_sw_params_t *params)
{
	snd_pcm_uframes_t value;

	(void)snd_pcm_sw_params_get_boundary(params, &value);
	if (value > 0) { /* it is not the program's to set, nor to clear */
		pcm->boundary = value;
	}
	(void)snd_pcm_sw_params_get_avail_min(params, &value);
	pcm->avail_min = value > 0 ? value : 1;
	(void)snd_pcm_sw_params_get_stop_threshold(params, &value);
	pcm->stops = value <= pcm->io.buffer_size;
}

int32_t
pcm_wire(const struct pcm *pcm)
{
	return (pcm->io.format == SND_PCM_FORMAT_U8 ? 0 : ESD_BITS16) |
	       (pcm->io.channels == 1 ? ESD_MONO : ESD_STEREO);
}

bool
pcm_is_usable(const struct pcm *pcm)
{
	return pcm->io.state == SND_PCM_STATE_PREPARED ||
	       pcm->io.state == SND_PCM_STATE_RUNNING ||
	       pcm->io.state == SND_PCM_STATE_PAUSED;
}

uint8_t *
pcm_sample(const snd_pcm_channel_area_t *area, uint64_t frame)
{
	return (uint8_t *)area->addr + (area->first + area->step * frame) / 8;
}

int64_t
pcm_ahead(const struct pcm *pcm, uint64_t to, uint64_t from)
{
	uint64_t ahead = (to + pcm->boundary - from) % pcm->boundary;

	return ahead > pcm->boundary / 2
		   ? (int64_t)ahead - (int64_t)pcm->boundary
		   : (int64_t)ahead;
}

static void
pcm_free(struct pcm *pcm)
{
	feed_finish(&pcm->feed);
	intake_finish(&pcm->intake);
	daemon_finish(&pcm->daemon);
	wake_finish(&pcm->wake);
	free(pcm->server);
	(void)pthread_mutex_destroy(&pcm->lock);
	free(pcm);
}

int
pcm_close(snd_pcm_ioplug_t *io)
{
	pcm_free(io->private_data);
	return 0;
}

/* --- its configuration ---------------------------------------------------- */

static int
configure(struct pcm *pcm, const snd_config_t *conf)
{
	struct settings settings = { .ahead_ms = 0 };
	int error = settings_read(conf, "pcm", &settings);

	if (error < 0) {
		return error;
	}
	(void)snprintf(pcm->name, sizeof(pcm->name), "%s",
	    settings.name != NULL ? settings.name
				  : program_invocation_short_name);
	pcm->ahead_ms = (uint32_t)settings.ahead_ms;
	if (settings.server != NULL) {
		pcm->server = strdup(settings.server);
	}
	return settings.server != NULL && pcm->server == NULL ? -ENOMEM : 0;
}

/* --- opening -------------------------------------------------------------- */

static void
complain(const char *sentence)
{
	SNDERR("%s", sentence);
}

/* -ENOENT would mean to programs that there is no such PCM. */
static int
find_daemon(struct pcm *pcm)
{
	int error;

	pcm->daemon.server = pcm->server;
	pcm->daemon.refuse = self_serves;
	pcm->daemon.tell = complain;
	error = daemon_connect(&pcm->daemon);
	pcm->daemon.tell = NULL;
	return error == -ENOENT ? -ECONNREFUSED : error;
}

static int
restrict_lists(snd_pcm_ioplug_t *io)
{
	static const unsigned accesses[] = { SND_PCM_ACCESS_MMAP_INTERLEAVED,
		SND_PCM_ACCESS_MMAP_NONINTERLEAVED,
		SND_PCM_ACCESS_RW_INTERLEAVED,
		SND_PCM_ACCESS_RW_NONINTERLEAVED };
	static const unsigned formats[] = { SND_PCM_FORMAT_U8,
		SND_PCM_FORMAT_S16_LE, SND_PCM_FORMAT_S16_BE };
	int error = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_ACCESS,
	    sizeof(accesses) / sizeof(accesses[0]), accesses);

	if (error == 0) {
		error =
		    snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_FORMAT,
			sizeof(formats) / sizeof(formats[0]), formats);
	}
	return error;
}

static int
restrict_ranges(snd_pcm_ioplug_t *io)
{
	static const struct {
		int what;
		unsigned min, max;
	} ranges[] = {
		{ SND_PCM_IOPLUG_HW_CHANNELS, 1, 2 },
		{ SND_PCM_IOPLUG_HW_RATE, RATE_MIN, RATE_MAX },
		{ SND_PCM_IOPLUG_HW_PERIOD_BYTES, PERIOD_BYTES_MIN,
		    PERIOD_BYTES_MAX },
		{ SND_PCM_IOPLUG_HW_BUFFER_BYTES, BUFFER_BYTES_MIN,
		    BUFFER_BYTES_MAX },
		{ SND_PCM_IOPLUG_HW_PERIODS, PERIODS_MIN, PERIODS_MAX },
	};
	int error = 0;

	for (size_t i = 0; error == 0 && i < sizeof(ranges) / sizeof(ranges[0]);
	     i++) {
		error = snd_pcm_ioplug_set_param_minmax(io, ranges[i].what,
		    ranges[i].min, ranges[i].max);
	}
	return error;
}

static int
create(struct pcm *pcm, const snd_config_t *conf, const char *name,
    snd_pcm_stream_t stream, int mode)
{
	int error;

	if ((error = wake_init(&pcm->wake)) < 0 ||
	    (error = configure(pcm, conf)) < 0 ||
	    (error = find_daemon(pcm)) < 0) {
		return error;
	}
	pcm->io.version = SND_PCM_IOPLUG_VERSION;
	pcm->io.name = "esdmixd";
	pcm->io.flags =
	    SND_PCM_IOPLUG_FLAG_MONOTONIC | SND_PCM_IOPLUG_FLAG_BOUNDARY_WA;
	pcm->io.private_data = pcm;
	pcm->io.nonblock = (mode & SND_PCM_NONBLOCK) != 0;
	if (stream == SND_PCM_STREAM_CAPTURE) {
		pcm->io.callback = &pcm_record;
	} else {
		pcm->io.callback =
		    pcm->daemon.extended ? &pcm_play : &pcm_play_on;
	}
	return snd_pcm_ioplug_create(&pcm->io, name, stream, mode);
}

SND_PCM_PLUGIN_DEFINE_FUNC(esd)
{
	struct pcm *pcm = calloc(1, sizeof(*pcm));
	int error;

	if (pcm == NULL) {
		return -ENOMEM;
	}
	(void)pthread_mutex_init(&pcm->lock, NULL);
	daemon_init(&pcm->daemon);
	/* Programs ask where it is before they have said of what. */
	pcm->boundary = LONG_MAX;
	pcm->feed.track.stream.fd = -1;
	pcm->intake.stream.fd = -1;
	pcm->intake.frame_bytes = 1;
	error = create(pcm, conf, name, stream, mode);
	if (error < 0) {
		pcm_free(pcm);
		return error;
	}
	if ((error = restrict_lists(&pcm->io)) < 0 ||
	    (error = restrict_ranges(&pcm->io)) < 0) {
		(void)snd_pcm_ioplug_delete(&pcm->io); /* pcm_close() */
		return error;
	}
	*pcmp = pcm->io.pcm;
	return 0;
}

/* SND_PCM_PLUGIN_SYMBOL() without its second semicolon. */
SND_DLSYM_BUILD_VERSION(SND_PCM_PLUGIN_ENTRY(esd), SND_PCM_DLSYM_VERSION)
