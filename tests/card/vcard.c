/*
 * A sound card for tests: an ALSA plugin that consumes frames at its rate as
 * a card's DMA engine does, and writes down which it played and when.
 *
 * Its pointer is computed from the clock whenever anybody asks; the frames it
 * has passed since are then taken out of the ring.  It wakes its program when
 * it crosses the border of a period.  See card.h for the directory, and
 * settings.h for the keys of its configuration.
 */
#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/card/chmap.h"
#include "tests/card/dma.h"
#include "tests/card/settings.h"

#define WATCH_FLAGS (IN_NONBLOCK | IN_CLOEXEC)

/*
 * One that was used, or -1: closing it would wait for every processor, which
 * takes long on a busy machine and is none of the card's business.  Streams may
 * be opened and closed by several threads.
 */
static atomic_int spare_watch = -1;

SND_PCM_PLUGIN_DEFINE_FUNC(vcard);

static int
vcard_start(snd_pcm_ioplug_t *io)
{
	struct vcard *card = io->private_data;
	uint64_t now = now_ns();

	look(card);
	if (card->dead) {
		return -ENODEV;
	}
	card->moving = true;
	move_on(card, now);
	event(card, now, "start", "%s", "");
	arm(card);
	return 0;
}

static int
vcard_stop(snd_pcm_ioplug_t *io)
{
	struct vcard *card = io->private_data;
	uint64_t now = now_ns();

	look(card);
	card->moving = false;
	event(card, now, "stop", "%s", "");
	return 0;
}

static snd_pcm_sframes_t
vcard_pointer(snd_pcm_ioplug_t *io)
{
	struct vcard *card = io->private_data;

	look(card);
	if (io->state == SND_PCM_STATE_XRUN) {
		return -EPIPE;
	}
	return (snd_pcm_sframes_t)(card->position % card->boundary);
}

/* As the kernel answers it. */
static int
vcard_delay(snd_pcm_ioplug_t *io, snd_pcm_sframes_t *delay)
{
	struct vcard *card = io->private_data;

	look(card);
	*delay = (snd_pcm_sframes_t)queued(card);
	if (card->dead) {
		return -ENODEV;
	}
	switch (io->state) {
	case SND_PCM_STATE_XRUN:
		return -EPIPE;
	case SND_PCM_STATE_SUSPENDED:
		return -ESTRPIPE;
	default:
		return 0;
	}
}

/* The ramp: a frame's number, low half left, high half right. */
static uint32_t
ramp_value(uint64_t frame, unsigned channel)
{
	uint32_t half = (uint32_t)(frame >> (channel % 2 == 0 ? 0 : 16));

	return (half & 0xffff) << 16;
}

static void
put_sample(uint8_t *at, snd_pcm_format_t format, uint32_t value)
{
	unsigned bytes = (unsigned)snd_pcm_format_physical_width(format) / 8;
	unsigned width = (unsigned)snd_pcm_format_width(format);
	uint32_t sample = (uint32_t)((int32_t)value >> (32 - width));

	for (unsigned i = 0; i < bytes; i++) {
		unsigned byte =
		    snd_pcm_format_big_endian(format) == 1 ? bytes - 1 - i : i;

		at[byte] = (uint8_t)(sample >> (8 * i));
	}
}

static uint8_t *
sample_at(const snd_pcm_channel_area_t *area, snd_pcm_uframes_t frame)
{
	return (uint8_t *)area->addr +
	       (area->first + area->step * (uint64_t)frame) / 8;
}

static void
deliver(struct vcard *card, const snd_pcm_channel_area_t *areas,
    snd_pcm_uframes_t offset, snd_pcm_uframes_t size)
{
	uint64_t first = card->capture_base + card->io.appl_ptr;

	for (snd_pcm_uframes_t i = 0; i < size; i++) {
		for (unsigned c = 0; c < card->io.channels; c++) {
			put_sample(sample_at(&areas[c], offset + i),
			    card->io.format, ramp_value(first + i, c));
		}
	}
}

/* Both accesses give interleaved frames: into the ring as they are. */
static void
take(struct vcard *card, const snd_pcm_channel_area_t *areas,
    snd_pcm_uframes_t offset, snd_pcm_uframes_t size)
{
	const uint8_t *from = sample_at(&areas[0], offset);
	uint64_t buffer = card->io.buffer_size;
	uint64_t at = card->io.appl_ptr % buffer;
	uint64_t n = buffer - at < size ? buffer - at : size;

	memcpy(card->ring + at * card->frame_bytes, from,
	    n * card->frame_bytes);
	memcpy(card->ring, from + n * card->frame_bytes,
	    (size - n) * card->frame_bytes);
}

static snd_pcm_sframes_t
vcard_transfer(snd_pcm_ioplug_t *io, const snd_pcm_channel_area_t *areas,
    snd_pcm_uframes_t offset, snd_pcm_uframes_t size)
{
	struct vcard *card = io->private_data;

	if (card->dead) {
		return -ENODEV;
	}
	if (is_playback(card)) {
		take(card, areas, offset, size);
		/* alsa-lib moves its pointer after this. */
		card->taken = size;
		arm(card);
		card->taken = 0;
	} else {
		deliver(card, areas, offset, size);
	}
	return (snd_pcm_sframes_t)size;
}

static int
vcard_hw_params(snd_pcm_ioplug_t *io, snd_pcm_hw_params_t *params)
{
	struct vcard *card = io->private_data;
	unsigned width = (unsigned)snd_pcm_format_physical_width(io->format);

	if (card->control->unplugs != card->unplugs) {
		return -ENODEV;
	}
	card->frame_bytes = width / 8 * io->channels;
	free(card->ring);
	card->ring = calloc(io->buffer_size, card->frame_bytes);
	if (card->ring == NULL) {
		return -ENOMEM;
	}
	event(card, now_ns(), "params",
	    "rate=%u format=%s channels=%u period=%lu buffer=%lu access=%s",
	    io->rate, snd_pcm_format_name(io->format), io->channels,
	    io->period_size, io->buffer_size,
	    io->access == SND_PCM_ACCESS_MMAP_INTERLEAVED ? "mmap" : "rw");
	return 0;
}

static int
vcard_sw_params(snd_pcm_ioplug_t *io, snd_pcm_sw_params_t *params)
{
	struct vcard *card = io->private_data;
	snd_pcm_uframes_t value;

	snd_pcm_sw_params_get_boundary(params, &value);
	card->boundary = value;
	snd_pcm_sw_params_get_avail_min(params, &value);
	card->avail_min = value;
	snd_pcm_sw_params_get_stop_threshold(params, &value);
	card->stops = value <= io->buffer_size;
	return 0;
}

static int
vcard_prepare(snd_pcm_ioplug_t *io)
{
	struct vcard *card = io->private_data;
	uint64_t now = now_ns();

	check_plug(card, now);
	if (card->dead) {
		return -ENODEV;
	}
	if (io->state == SND_PCM_STATE_SUSPENDED &&
	    now < card->control->suspended_until) {
		return -EAGAIN;
	}
	card->moving = false;
	card->capture_base += card->position;
	card->position = 0;
	card->suspends = card->control->suspends;
	event(card, now, "prepare", "%s", "");
	return 0;
}

static int
vcard_resume(snd_pcm_ioplug_t *io)
{
	struct vcard *card = io->private_data;
	uint64_t now = now_ns();

	if (io->state != SND_PCM_STATE_SUSPENDED ||
	    now < card->control->suspended_until) {
		return -EAGAIN; /* which alsa-lib keeps to itself */
	}
	card->moving = card->was_moving;
	snd_pcm_ioplug_set_state(io,
	    card->moving ? SND_PCM_STATE_RUNNING : SND_PCM_STATE_PREPARED);
	if (card->moving) {
		move_on(card, now);
	}
	event(card, now, "resume", "%s", "");
	arm(card);
	return 0;
}

static int
vcard_descriptors_count(snd_pcm_ioplug_t *io)
{
	return 2;
}

static int
vcard_descriptors(snd_pcm_ioplug_t *io, struct pollfd *fds, unsigned space)
{
	struct vcard *card = io->private_data;

	if (space < 2) {
		return -EINVAL;
	}
	fds[0] = (struct pollfd){ .fd = card->timer, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = card->watch, .events = POLLIN };
	look(card);
	return 2;
}

static int
vcard_revents(snd_pcm_ioplug_t *io, struct pollfd *fds, unsigned count,
    unsigned short *revents)
{
	struct vcard *card = io->private_data;
	unsigned short ready = is_playback(card) ? POLLOUT : POLLIN;
	char notes[sizeof(struct inotify_event) * 16];

	while (read(card->watch, notes, sizeof(notes)) > 0) {
		continue;
	}
	look(card);
	*revents = 0;
	if (card->dead) {
		*revents = POLLERR | POLLNVAL;
	} else if (!is_active(card)) {
		*revents = ready | POLLERR;
	} else if (io->state == SND_PCM_STATE_DRAINING) {
		*revents = queued(card) == 0 ? ready : 0;
	} else if (available(card) >= card->avail_min && !card->stalled) {
		*revents = ready;
	}
	return 0;
}

static void
close_watch(struct vcard *card)
{
	int none = -1;

	if (card->watch >= 0 && card->watched >= 0) {
		inotify_rm_watch(card->watch, card->watched);
		if (atomic_compare_exchange_strong(&spare_watch, &none,
			card->watch)) {
			return;
		}
	}
	if (card->watch >= 0) {
		close(card->watch);
	}
}

static void
vcard_free(struct vcard *card)
{
	const int fds[] = { card->lock, card->timer, card->played, card->clock,
		card->events };

	close_watch(card);

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (fds[i] >= 0) {
			close(fds[i]);
		}
	}
	if (card->control != NULL) {
		munmap((void *)card->control, sizeof(*card->control));
	}
	free(card->ring);
	free(card->chmap);
	free(card->dir);
	free(card);
}

static void
take_time(const struct vcard *card)
{
	uint64_t ms = card->control->slow_ms;
	struct timespec pause = { (time_t)(ms / 1000),
		(long)(ms % 1000) * 1000000 };

	(void)nanosleep(&pause, NULL);
}

static int
vcard_close(snd_pcm_ioplug_t *io)
{
	struct vcard *card = io->private_data;

	take_time(card);
	event(card, now_ns(), "close", "%s", "");
	vcard_free(card);
	return 0;
}

static snd_pcm_chmap_query_t **
vcard_query_chmaps(snd_pcm_ioplug_t *io)
{
	struct vcard *card = io->private_data;

	return chmap_list(card->chmap);
}

static snd_pcm_chmap_t *
vcard_get_chmap(snd_pcm_ioplug_t *io)
{
	struct vcard *card = io->private_data;

	return chmap_of(card->chmap, io->channels);
}

static const snd_pcm_ioplug_callback_t resuming = {
	.start = vcard_start,
	.stop = vcard_stop,
	.pointer = vcard_pointer,
	.transfer = vcard_transfer,
	.close = vcard_close,
	.hw_params = vcard_hw_params,
	.sw_params = vcard_sw_params,
	.prepare = vcard_prepare,
	.resume = vcard_resume,
	.poll_descriptors_count = vcard_descriptors_count,
	.poll_descriptors = vcard_descriptors,
	.poll_revents = vcard_revents,
	.delay = vcard_delay,
	.query_chmaps = vcard_query_chmaps,
	.get_chmap = vcard_get_chmap,
};

static const snd_pcm_ioplug_callback_t not_resuming = {
	.start = vcard_start,
	.stop = vcard_stop,
	.pointer = vcard_pointer,
	.transfer = vcard_transfer,
	.close = vcard_close,
	.hw_params = vcard_hw_params,
	.sw_params = vcard_sw_params,
	.prepare = vcard_prepare,
	.poll_descriptors_count = vcard_descriptors_count,
	.poll_descriptors = vcard_descriptors,
	.poll_revents = vcard_revents,
	.delay = vcard_delay,
	.query_chmaps = vcard_query_chmaps,
	.get_chmap = vcard_get_chmap,
};

static int
open_in(const char *dir, const char *name, int flags)
{
	char path[PATH_MAX];
	int length = snprintf(path, sizeof(path), "%s/%s", dir, name);

	if (length < 0 || (size_t)length >= sizeof(path)) {
		return -ENAMETOOLONG;
	}

	int fd = open(path, flags | O_CREAT | O_CLOEXEC, 0666);
	return fd < 0 ? -errno : fd;
}

/* False: no watch on that file is to be had. */
static bool
open_watch(struct vcard *card)
{
	char path[PATH_MAX];

	card->watch = atomic_exchange(&spare_watch, -1);
	if (card->watch < 0) {
		card->watch = inotify_init1(WATCH_FLAGS);
	}
	snprintf(path, sizeof(path), "%s/control", card->dir);
	card->watched = card->watch < 0
			    ? -1
			    : inotify_add_watch(card->watch, path, IN_MODIFY);
	return card->watched >= 0;
}

static int
map_control(struct vcard *card)
{
	size_t size = sizeof(*card->control);
	int fd = open_in(card->dir, "control", O_RDWR);
	void *at;

	if (fd < 0) {
		return fd;
	}
	if (ftruncate(fd, (off_t)size) < 0) {
		close(fd);
		return -EIO;
	}
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at == MAP_FAILED) {
		return -ENOMEM;
	}
	card->control = at;
	return 0;
}

/* The lock of the first that is free, else of the last; taken by claim(). */
static int
open_substream(struct vcard *card)
{
	char name[32];
	int fd = open_in(card->dir, stream_name(card), O_RDWR);

	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 &&
	       card->substream + 1 < card->substreams) {
		close(fd);
		snprintf(name, sizeof(name), "%s.%u", stream_name(card),
		    ++card->substream);
		fd = open_in(card->dir, name, O_RDWR);
	}
	return fd;
}

static int
open_directory(struct vcard *card)
{
	int error = map_control(card);

	if (error < 0) {
		return error;
	}
	card->events = open_in(card->dir, "events", O_WRONLY | O_APPEND);
	card->played = open_in(card->dir, "played.raw", O_WRONLY | O_APPEND);
	card->clock = open_in(card->dir, "clock", O_WRONLY | O_APPEND);
	card->lock = open_substream(card);
	bool watched = open_watch(card);
	card->timer =
	    timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (card->events < 0 || card->played < 0 || card->clock < 0 ||
	    card->lock < 0 || !watched || card->timer < 0) {
		return -EIO;
	}
	return 0;
}

/* As a kernel card would: gone, or taken by another program. */
static int
claim(struct vcard *card)
{
	card->unplugs = card->control->unplugs;
	card->suspends = card->control->suspends;
	card->xruns = card->control->xruns;
	if (card->control->unplugged != 0) {
		return -ENODEV;
	}
	if (card->control->refusal != 0) {
		return -(int)card->control->refusal;
	}
	return flock(card->lock, LOCK_EX | LOCK_NB) < 0 ? -EBUSY : 0;
}

static int
restrict_list(struct vcard *card, int type, const struct list *list,
    const struct list *usual)
{
	const struct list *from = list->count > 0 ? list : usual;

	return snd_pcm_ioplug_set_param_list(&card->io, type, from->count,
	    from->values);
}

static int
restrict_range(struct vcard *card, int type, const struct limits *limits)
{
	return snd_pcm_ioplug_set_param_minmax(&card->io, type,
	    (unsigned)limits->min, (unsigned)limits->max);
}

static int
restrict_card(struct vcard *card, const struct settings *settings)
{
	static const struct list rates = { { 8000, 11025, 16000, 22050, 32000,
					       44100, 48000, 88200, 96000,
					       176400, 192000 },
		11 };
	static const struct list formats = {
		{ SND_PCM_FORMAT_S16_LE, SND_PCM_FORMAT_S16_BE,
		    SND_PCM_FORMAT_S24_3LE, SND_PCM_FORMAT_S24_3BE,
		    SND_PCM_FORMAT_S24_LE, SND_PCM_FORMAT_S24_BE,
		    SND_PCM_FORMAT_S32_LE, SND_PCM_FORMAT_S32_BE },
		8
	};
	static const struct list channels = { { 1, 2, 3, 4, 5, 6, 7, 8 }, 8 };
	static const struct list accesses = {
		{ SND_PCM_ACCESS_MMAP_INTERLEAVED,
		    SND_PCM_ACCESS_RW_INTERLEAVED },
		2
	};
	int error = 0;

	if ((error = restrict_list(card, SND_PCM_IOPLUG_HW_ACCESS,
		 &settings->accesses, &accesses)) < 0 ||
	    (error = restrict_list(card, SND_PCM_IOPLUG_HW_FORMAT,
		 &settings->formats, &formats)) < 0 ||
	    (error = restrict_list(card, SND_PCM_IOPLUG_HW_CHANNELS,
		 &settings->channels, &channels)) < 0 ||
	    (error = restrict_list(card, SND_PCM_IOPLUG_HW_RATE,
		 &settings->rates, &rates)) < 0 ||
	    (error = restrict_range(card, SND_PCM_IOPLUG_HW_PERIOD_BYTES,
		 &settings->period_bytes)) < 0 ||
	    (error = restrict_range(card, SND_PCM_IOPLUG_HW_BUFFER_BYTES,
		 &settings->buffer_bytes)) < 0) {
		return error;
	}
	return restrict_range(card, SND_PCM_IOPLUG_HW_PERIODS,
	    &settings->periods);
}

static int
create(const struct settings *settings, const char *name,
    snd_pcm_stream_t stream, int mode, struct vcard *card)
{
	int error;

	card->dir = strdup(settings->dir);
	if (card->dir == NULL) {
		return -ENOMEM;
	}
	card->chmap = settings->chmap != NULL ? strdup(settings->chmap) : NULL;
	card->substreams = settings->substreams;
	card->io.stream = stream;
	if ((error = open_directory(card)) < 0) {
		return error;
	}
	card->record = settings->record != 0 && card->substream == 0;
	take_time(card);
	error = claim(card);
	event(card, now_ns(), error < 0 ? "refused" : "open", "%s",
	    error < 0 ? strerrorname_np(-error) : "");
	if (error < 0) {
		return error;
	}
	card->io.version = SND_PCM_IOPLUG_VERSION;
	card->io.name = "virtual card";
	card->io.flags =
	    SND_PCM_IOPLUG_FLAG_MONOTONIC | SND_PCM_IOPLUG_FLAG_BOUNDARY_WA;
	card->io.callback = settings->resume != 0 ? &resuming : &not_resuming;
	card->io.private_data = card;
	return snd_pcm_ioplug_create(&card->io, name, stream, mode);
}

SND_PCM_PLUGIN_DEFINE_FUNC(vcard)
{
	struct settings settings = {
		.period_bytes = { 64, 65536 },
		.buffer_bytes = { 128, 262144 },
		.periods = { 2, 1024 },
		.resume = 1,
		.record = 1,
		.substreams = 1,
	};
	struct vcard *card;
	int error = settings_read(conf, &settings);

	if (error < 0) {
		return error;
	}
	card = calloc(1, sizeof(*card));
	if (card == NULL) {
		return -ENOMEM;
	}
	card->lock = card->timer = card->watch = -1;
	card->played = card->clock = card->events = -1;
	error = create(&settings, name, stream, mode, card);
	if (error < 0) {
		vcard_free(card);
		return error;
	}
	error = restrict_card(card, &settings);
	if (error < 0) {
		snd_pcm_ioplug_delete(&card->io); /* calls vcard_close() */
		return error;
	}
	*pcmp = card->io.pcm;
	return 0;
}

/* SND_PCM_PLUGIN_SYMBOL() without its second semicolon. */
SND_DLSYM_BUILD_VERSION(SND_PCM_PLUGIN_ENTRY(vcard), SND_PCM_DLSYM_VERSION)
