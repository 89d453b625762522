/* Capture: what alsa-lib asks of a PCM, answered from what has come. */
#include <errno.h>
#include <string.h>

#include "compat-tools/alsa-plugin/pcm.h"

/*
 * snd_pcm_reset() sets both pointers of alsa-lib to 0 and tells nobody.
 *   had  what one of them was before
 */
static void
notice_reset(struct pcm *pcm, uint64_t had)
{
	if (pcm->io.appl_ptr == 0 && pcm->io.hw_ptr == 0 && had > 0) {
		intake_reset(&pcm->intake);
		pcm->at = 0;
		pcm->told = 0;
	}
}

/* Where alsa-lib holds its lock: else it may not have the last pointer yet. */
static struct pcm *
enter_locked(snd_pcm_ioplug_t *io)
{
	struct pcm *pcm = pcm_enter(io);

	notice_reset(pcm, pcm->told);
	return pcm;
}

/* Where the program is: it may have moved forth or back since. */
static void
follow(struct pcm *pcm)
{
	int64_t ahead;
	uint64_t frames;

	notice_reset(pcm, pcm->at % pcm->boundary);
	ahead = pcm_ahead(pcm, pcm->io.appl_ptr, pcm->at % pcm->boundary);
	frames = intake_frames(&pcm->intake);
	if (ahead < 0 && (uint64_t)-ahead > pcm->at) {
		ahead = -(int64_t)pcm->at;
	}
	pcm->at += (uint64_t)ahead;
	if (pcm->at > frames) {
		pcm->at = frames;
	}
}

static uint64_t
avail(const struct pcm *pcm)
{
	return intake_frames(&pcm->intake) - pcm->at;
}

static void
arm(struct pcm *pcm, snd_pcm_state_t state)
{
	bool ready = avail(pcm) >= pcm->avail_min;
	bool runs = state == SND_PCM_STATE_RUNNING;
	bool waits = runs || state == SND_PCM_STATE_PREPARED ||
		     state == SND_PCM_STATE_PAUSED;

	wake_watch(&pcm->wake, pcm->intake.stream.fd,
	    runs && !ready && !pcm->intake.lost, false);
	wake_at(&pcm->wake, ready || !waits ? 0 : WAKE_NEVER);
}

/* --- life ----------------------------------------------------------------- */

static int
record_hw_params(snd_pcm_ioplug_t *io, snd_pcm_hw_params_t *params)
{
	struct pcm *pcm = pcm_enter(io);

	pcm_hw_params(pcm);
	intake_finish(&pcm->intake);
	pcm->intake = (struct intake){ .daemon = &pcm->daemon,
		.name = pcm->name,
		.wire = pcm_wire(pcm),
		.frame_bytes = pcm->frame_bytes,
		.rate = io->rate,
		.buffer = (uint32_t)io->buffer_size };
	pcm->at = 0;
	pcm->told = 0;
	return (int)pcm_leave(pcm, intake_init(&pcm->intake));
}

static int
record_sw_params(snd_pcm_ioplug_t *io, snd_pcm_sw_params_t *params)
{
	struct pcm *pcm = pcm_enter(io);

	pcm_sw_params(pcm, params);
	arm(pcm, io->state);
	return (int)pcm_leave(pcm, 0);
}

static int
record_prepare(snd_pcm_ioplug_t *io)
{
	struct pcm *pcm = pcm_enter(io);

	wake_watch(&pcm->wake, -1, false, false);
	intake_prepare(&pcm->intake);
	pcm->at = 0;
	pcm->told = 0;
	arm(pcm, SND_PCM_STATE_PREPARED);
	return (int)pcm_leave(pcm, 0);
}

static int
record_start(snd_pcm_ioplug_t *io)
{
	struct pcm *pcm = pcm_enter(io);
	int error = intake_start(&pcm->intake);

	if (error < 0) {
		snd_pcm_ioplug_set_state(io, SND_PCM_STATE_DISCONNECTED);
	}
	arm(pcm, error < 0 ? io->state : SND_PCM_STATE_RUNNING);
	return (int)pcm_leave(pcm, error);
}

static int
record_stop(snd_pcm_ioplug_t *io)
{
	struct pcm *pcm = pcm_enter(io);

	wake_watch(&pcm->wake, -1, false, false);
	intake_stop(&pcm->intake);
	arm(pcm, SND_PCM_STATE_SETUP);
	return (int)pcm_leave(pcm, 0);
}

static int
record_pause(snd_pcm_ioplug_t *io, int enable)
{
	struct pcm *pcm = pcm_enter(io);

	intake_pause(&pcm->intake, enable != 0);
	arm(pcm, enable != 0 ? SND_PCM_STATE_PAUSED : SND_PCM_STATE_RUNNING);
	return (int)pcm_leave(pcm, 0);
}

/* --- frames --------------------------------------------------------------- */

static snd_pcm_sframes_t
pointer(struct pcm *pcm)
{
	if (pcm->io.state == SND_PCM_STATE_XRUN) {
		return -EPIPE;
	}
	follow(pcm);
	if (intake_look(&pcm->intake, pcm->at) < 0 && pcm_is_usable(pcm)) {
		return -EPIPE;
	}
	if (pcm->intake.over && pcm->stops &&
	    pcm->io.state == SND_PCM_STATE_RUNNING) {
		return -EPIPE;
	}
	arm(pcm, pcm->io.state);
	return (snd_pcm_sframes_t)(intake_frames(&pcm->intake) % pcm->boundary);
}

static snd_pcm_sframes_t
record_pointer(snd_pcm_ioplug_t *io)
{
	struct pcm *pcm = enter_locked(io);
	snd_pcm_sframes_t frames = pointer(pcm);

	if (frames >= 0) {
		pcm->told = (uint64_t)frames;
	}
	return pcm_leave(pcm, frames);
}

static int
record_delay(snd_pcm_ioplug_t *io, snd_pcm_sframes_t *delay)
{
	struct pcm *pcm = enter_locked(io);
	snd_pcm_sframes_t frames = pointer(pcm);

	*delay = (snd_pcm_sframes_t)avail(pcm);
	return (int)pcm_leave(pcm, frames < 0 ? frames : 0);
}

static void
scatter(const struct pcm *pcm, const uint8_t *in, size_t n,
    const snd_pcm_channel_area_t *areas, uint64_t offset)
{
	unsigned channels = pcm->io.channels;
	size_t bytes = pcm->frame_bytes / channels;

	for (size_t i = 0; i < n; i++) {
		for (unsigned c = 0; c < channels; c++) {
			memcpy(pcm_sample(&areas[c], offset + i), in, bytes);
			in += bytes;
		}
	}
}

/* May be asked for the same frames again, when a program maps them. */
static snd_pcm_sframes_t
record_transfer(snd_pcm_ioplug_t *io, const snd_pcm_channel_area_t *areas,
    snd_pcm_uframes_t offset, snd_pcm_uframes_t size)
{
	struct pcm *pcm = enter_locked(io);
	size_t done = 0;
	size_t most;

	follow(pcm);
	most = avail(pcm) < size ? (size_t)avail(pcm) : size;
	while (done < most) {
		size_t n = most - done;
		const uint8_t *in = intake_at(&pcm->intake, pcm->at + done, &n);

		scatter(pcm, in, n, areas, offset + done);
		done += n;
	}
	return pcm_leave(pcm, (long)done);
}

static int
record_revents(snd_pcm_ioplug_t *io, struct pollfd *fds, unsigned count,
    unsigned short *revents)
{
	struct pcm *pcm = pcm_enter(io);

	if (pointer(pcm) < 0 && pcm_is_usable(pcm)) {
		snd_pcm_ioplug_set_state(io, SND_PCM_STATE_XRUN);
	}
	arm(pcm, io->state);
	if (!pcm_is_usable(pcm)) {
		*revents = POLLIN | POLLERR;
	} else {
		*revents = avail(pcm) >= pcm->avail_min ? POLLIN : 0;
	}
	return (int)pcm_leave(pcm, 0);
}

const snd_pcm_ioplug_callback_t pcm_record = {
	.start = record_start,
	.stop = record_stop,
	.pointer = record_pointer,
	.transfer = record_transfer,
	.close = pcm_close,
	.hw_params = record_hw_params,
	.hw_free = pcm_hw_free,
	.sw_params = record_sw_params,
	.prepare = record_prepare,
	.pause = record_pause,
	.poll_descriptors_count = pcm_descriptors_count,
	.poll_descriptors = pcm_descriptors,
	.poll_revents = record_revents,
	.delay = record_delay,
};
