/* Playback: what alsa-lib asks of a PCM, answered from the daemon's word. */
#include <errno.h>
#include <string.h>

#include "compat-tools/alsa-plugin/pcm.h"
#include "compat-tools/transport.h"

#define LATE_US	 20000 /* until a daemon that is late is looked after again */
#define SOON_US	 1000  /* the least between two looks */
#define DRAIN_MS 10000 /* more than the sound takes, for its end */

/* --- waking --------------------------------------------------------------- */

static int64_t
missing(struct pcm *pcm)
{
	uint64_t avail =
	    pcm->io.buffer_size - (pcm->feed.taken - feed_gone(&pcm->feed));

	return (int64_t)pcm->avail_min - (int64_t)avail;
}

/* In us from now; 0: there is something to do; WAKE_NEVER: while it stands. */
static int64_t
wait_us(struct pcm *pcm, snd_pcm_state_t state)
{
	const struct position *position = &pcm->feed.track.position;
	int64_t frames;

	switch (state) {
	case SND_PCM_STATE_PREPARED:
	case SND_PCM_STATE_PAUSED:
		return missing(pcm) > 0 ? WAKE_NEVER : 0;
	case SND_PCM_STATE_RUNNING:
		frames = missing(pcm);
		break;
	case SND_PCM_STATE_DRAINING:
		frames = (int64_t)(pcm->feed.taken - feed_heard(&pcm->feed));
		break;
	default:
		return 0;
	}
	if (frames <= 0) {
		return 0;
	}
	return position_us(position, (uint64_t)frames) + SOON_US;
}

/*
 * To be called where anything has changed.  The clock tells when there will be
 * room; what it can't tell, that the last frame is mixed, comes as a record.
 */
static void
arm(struct pcm *pcm, snd_pcm_state_t state)
{
	struct feed *feed = &pcm->feed;
	int64_t us = wait_us(pcm, state);
	bool last = feed->running && us > 0 && us != WAKE_NEVER &&
		    track_mixed(&feed->track) + 1 == track_sent(&feed->track);

	if (last && us < LATE_US) {
		us = LATE_US;
	}
	wake_watch(&pcm->wake, feed->track.stream.fd, last, feed->used > 0);
	wake_at(&pcm->wake, us == 0	       ? 0
			    : us == WAKE_NEVER ? WAKE_NEVER
					       : transport_now_us() + us);
}

/* --- life ----------------------------------------------------------------- */

static uint32_t
frames_of(const struct pcm *pcm, uint64_t n, uint32_t rate)
{
	return (uint32_t)((n * pcm->io.rate + rate - 1) / rate);
}

/*
 * The daemon takes a period at once: with less than two of them ahead it would
 * run dry while the program writes in time.
 */
static int
play_hw_params(snd_pcm_ioplug_t *io, snd_pcm_hw_params_t *params)
{
	struct pcm *pcm = pcm_enter(io);
	uint32_t ahead =
	    frames_of(pcm, 2 * (uint64_t)pcm->daemon.period, pcm->daemon.rate);
	uint32_t wish = frames_of(pcm, pcm->ahead_ms, 1000);
	struct track track = { .daemon = &pcm->daemon,
		.name = pcm->name,
		.wire = pcm_wire(pcm) };

	pcm_hw_params(pcm);
	feed_finish(&pcm->feed);
	track.frame_bytes = pcm->frame_bytes;
	return (int)pcm_leave(pcm,
	    feed_init(&pcm->feed, &track, io->rate, (uint32_t)io->buffer_size,
		ahead > wish ? ahead : wish));
}

static int
play_sw_params(snd_pcm_ioplug_t *io, snd_pcm_sw_params_t *params)
{
	struct pcm *pcm = pcm_enter(io);

	pcm_sw_params(pcm, params);
	arm(pcm, io->state);
	return (int)pcm_leave(pcm, 0);
}

static int
play_prepare(snd_pcm_ioplug_t *io)
{
	struct pcm *pcm = pcm_enter(io);

	wake_watch(&pcm->wake, -1, false, false);
	feed_prepare(&pcm->feed);
	arm(pcm, SND_PCM_STATE_PREPARED);
	return (int)pcm_leave(pcm, 0);
}

/* A program that doesn't look at this error would write on, for ever. */
static int
start(struct pcm *pcm)
{
	int error;

	wake_watch(&pcm->wake, -1, false, false); /* it may be another, then */
	error = feed_start(&pcm->feed);
	if (error < 0) {
		snd_pcm_ioplug_set_state(&pcm->io, SND_PCM_STATE_DISCONNECTED);
	}
	return error;
}

static int
play_start(snd_pcm_ioplug_t *io)
{
	struct pcm *pcm = pcm_enter(io);
	int error = -EPIPE;

	if (pcm->feed.taken > 0 || !pcm->stops) {
		error = start(pcm);
		arm(pcm, error < 0 ? io->state : SND_PCM_STATE_RUNNING);
	}
	return (int)pcm_leave(pcm, error);
}

static int
play_stop(snd_pcm_ioplug_t *io)
{
	struct pcm *pcm = pcm_enter(io);

	wake_watch(&pcm->wake, -1, false, false);
	feed_stop(&pcm->feed);
	arm(pcm, SND_PCM_STATE_SETUP);
	return (int)pcm_leave(pcm, 0);
}

static int
play_pause(snd_pcm_ioplug_t *io, int enable)
{
	struct pcm *pcm = pcm_enter(io);
	int error = feed_hold(&pcm->feed, enable != 0);

	if (error == 0) {
		arm(pcm,
		    enable != 0 ? SND_PCM_STATE_PAUSED : SND_PCM_STATE_RUNNING);
	}
	return (int)pcm_leave(pcm, error);
}

/* 0: all is heard; -EAGAIN: not yet. */
static int
look_for_end(struct pcm *pcm)
{
	if (feed_look(&pcm->feed) < 0) {
		return -ENODEV;
	}
	arm(pcm, SND_PCM_STATE_DRAINING);
	return feed_is_silent(&pcm->feed) ? 0 : -EAGAIN;
}

static int
drain(struct pcm *pcm)
{
	struct feed *feed = &pcm->feed;
	int64_t deadline = transport_deadline(
	    (int)(pcm->io.buffer_size * 1000 / pcm->io.rate) + DRAIN_MS);
	int error;

	if (!feed->running && !feed->lost && feed->taken > 0) {
		error = start(pcm);
		if (error < 0) {
			return error;
		}
	}
	while ((error = look_for_end(pcm)) == -EAGAIN && !pcm->io.nonblock) {
		if (transport_now() >= deadline) {
			return -EIO;
		}
		/* A program's other threads may look, or drop it, meanwhile. */
		(void)pcm_leave(pcm, 0);
		(void)transport_wait(pcm->wake.fd, POLLIN,
		    transport_deadline(LATE_US / 1000));
		(void)pcm_enter(&pcm->io);
		if (pcm->io.state != SND_PCM_STATE_DRAINING) {
			/* What came after a drop is not to be dropped. */
			return pcm->io.state == SND_PCM_STATE_SETUP ? 0
								    : -EBADFD;
		}
	}
	return error;
}

static int
play_drain(snd_pcm_ioplug_t *io)
{
	struct pcm *pcm = pcm_enter(io);

	return (int)pcm_leave(pcm, drain(pcm));
}

/* --- frames --------------------------------------------------------------- */

/* snd_pcm_reset() sets both to 0, and nobody tells; what is queued goes. */
static void
notice_reset(struct pcm *pcm)
{
	if (pcm->io.appl_ptr == 0 && pcm->io.hw_ptr == 0 &&
	    pcm->feed.taken > 0) {
		wake_watch(&pcm->wake, -1, false, false);
		feed_prepare(&pcm->feed);
	}
}

/* Frames that have left the buffer; -EPIPE: it has run dry, or worse. */
static snd_pcm_sframes_t
pointer(struct pcm *pcm)
{
	struct feed *feed = &pcm->feed;
	snd_pcm_state_t state = pcm->io.state;
	uint64_t gone;

	if (state == SND_PCM_STATE_XRUN) {
		return -EPIPE;
	}
	if (feed_look(feed) < 0 &&
	    (pcm_is_usable(pcm) || state == SND_PCM_STATE_DRAINING)) {
		return -EPIPE;
	}
	gone = feed->told;
	/* All of it is gone when it is heard: alsa-lib stops us then. */
	if (state != SND_PCM_STATE_DRAINING || feed_is_silent(feed) ||
	    !feed_is_dry(feed)) {
		gone = feed_gone(feed);
	}
	if (state == SND_PCM_STATE_RUNNING && pcm->stops && feed_is_dry(feed)) {
		return -EPIPE;
	}
	arm(pcm, state);
	return (snd_pcm_sframes_t)(gone % pcm->boundary);
}

static snd_pcm_sframes_t
play_pointer(snd_pcm_ioplug_t *io)
{
	struct pcm *pcm = pcm_enter(io);

	notice_reset(pcm);
	return pcm_leave(pcm, pointer(pcm));
}

static int
play_delay(snd_pcm_ioplug_t *io, snd_pcm_sframes_t *delay)
{
	struct pcm *pcm = pcm_enter(io);
	snd_pcm_sframes_t gone;

	notice_reset(pcm);
	gone = pointer(pcm);
	*delay = (snd_pcm_sframes_t)(pcm->feed.taken - feed_heard(&pcm->feed));
	return (int)pcm_leave(pcm, gone < 0 ? gone : 0);
}

/* Gathers what may lie anywhere. */
static void
gather(const struct pcm *pcm, const snd_pcm_channel_area_t *areas,
    uint64_t offset, size_t n, uint8_t *out)
{
	unsigned channels = pcm->io.channels;
	size_t bytes = pcm->frame_bytes / channels;

	if (areas[0].step == 8 * pcm->frame_bytes &&
	    (channels == 1 ||
		pcm_sample(&areas[1], 0) == pcm_sample(&areas[0], 0) + bytes)) {
		memcpy(out, pcm_sample(&areas[0], offset),
		    n * pcm->frame_bytes);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		for (unsigned c = 0; c < channels; c++) {
			memcpy(out, pcm_sample(&areas[c], offset + i), bytes);
			out += bytes;
		}
	}
}

/* A program that skips frames has silence there. */
static int
skip(struct pcm *pcm, size_t frames)
{
	size_t n = frames;
	uint8_t *room = feed_room(&pcm->feed, &n);

	(void)snd_pcm_format_set_silence(pcm->io.format, room,
	    (unsigned)(n * pcm->io.channels));
	feed_take(&pcm->feed, n);
	return n < frames ? -EPIPE : 0;
}

/*
 * What a program rewinds over and writes again has been sent, once it runs: it
 * is played as it was.
 */
static snd_pcm_sframes_t
transfer(struct pcm *pcm, const snd_pcm_channel_area_t *areas, uint64_t offset,
    size_t size)
{
	struct feed *feed = &pcm->feed;
	int64_t ahead =
	    pcm_ahead(pcm, pcm->io.appl_ptr, feed->taken % pcm->boundary);
	size_t again = ahead < 0 ? (size_t)-ahead : 0;
	size_t n;
	uint8_t *room;

	if (ahead > 0 && skip(pcm, (size_t)ahead) < 0) {
		return -EPIPE;
	}
	again -= feed_untake(feed, again);
	if (again >= size) {
		return (snd_pcm_sframes_t)size;
	}
	n = size - again;
	room = feed_room(feed, &n);
	gather(pcm, areas, offset + again, n, room);
	feed_take(feed, n);
	if (pcm->io.state == SND_PCM_STATE_RUNNING && !feed->running &&
	    !feed->lost && start(pcm) < 0) {
		return -ENODEV; /* it was reset, see notice_reset() */
	}
	(void)feed_look(feed); /* the pointer tells what is wrong */
	arm(pcm, pcm->io.state);
	return (snd_pcm_sframes_t)(again + n);
}

static snd_pcm_sframes_t
play_transfer(snd_pcm_ioplug_t *io, const snd_pcm_channel_area_t *areas,
    snd_pcm_uframes_t offset, snd_pcm_uframes_t size)
{
	struct pcm *pcm = pcm_enter(io);

	notice_reset(pcm);
	return pcm_leave(pcm, transfer(pcm, areas, offset, size));
}

static int
play_revents(snd_pcm_ioplug_t *io, struct pollfd *fds, unsigned count,
    unsigned short *revents)
{
	struct pcm *pcm = pcm_enter(io);

	if (pointer(pcm) < 0 && pcm_is_usable(pcm)) {
		snd_pcm_ioplug_set_state(io, SND_PCM_STATE_XRUN);
	}
	arm(pcm, io->state);
	if (io->state == SND_PCM_STATE_DRAINING) {
		*revents =
		    feed_is_silent(&pcm->feed) || pcm->feed.lost ? POLLOUT : 0;
	} else if (!pcm_is_usable(pcm)) {
		*revents = POLLOUT | POLLERR;
	} else {
		*revents = missing(pcm) <= 0 ? POLLOUT : 0;
	}
	return (int)pcm_leave(pcm, 0);
}

#define PLAY_CALLBACKS                                                         \
	.start = play_start, .stop = play_stop, .pointer = play_pointer,       \
	.transfer = play_transfer, .close = pcm_close,                         \
	.hw_params = play_hw_params, .hw_free = pcm_hw_free,                   \
	.sw_params = play_sw_params, .prepare = play_prepare,                  \
	.drain = play_drain, .poll_descriptors_count = pcm_descriptors_count,  \
	.poll_descriptors = pcm_descriptors, .poll_revents = play_revents,     \
	.delay = play_delay

const snd_pcm_ioplug_callback_t pcm_play = { PLAY_CALLBACKS,
	.pause = play_pause };
const snd_pcm_ioplug_callback_t pcm_play_on = { PLAY_CALLBACKS };
