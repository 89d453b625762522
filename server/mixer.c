#include "server/mixer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "server/output.h"

#define EVENTS_MAX  64 /* device events on their way; beyond that they drop */
#define ENGINES_MAX 16 /* on their way, one for each change of the rate */
#define FADE_MS	    50 /* at the end */

/* One rate in use, and the slot of the engine that its bus has. */
struct slot {
	uint32_t rate;	/* frames/s, 0: free */
	uint32_t delay; /* of its filter, master frames */
	unsigned streams;
};

/*
 * What goes over and comes back.  A new engine travels like a stream, so that
 * it arrives before the streams whose buses were made for it.
 */
struct parcel {
	enum { PARCEL_STREAM, PARCEL_ROOM, PARCEL_GONE, PARCEL_ENGINE } kind;
	union {
		struct stream *stream;
		struct engine *engine;
	};
};

struct mixer {
	/* constant */
	struct mixer_settings settings;
	pthread_t thread;
	int wake_fd; /* eventfd: "look" */

	/* control */
	struct stream *streams; /* lent, newest first */
	unsigned count;
	struct slot slots[ENGINE_BUSES_MAX];
	uint32_t rate; /* of the newest engine */
	uint32_t period_ms;

	/* between the two; each has one producer */
	struct ring over;   /* struct parcel, to audio */
	struct ring back;   /* struct parcel, to control */
	struct ring events; /* struct mixer_event, to control */

	/* atomic: control writes, audio reads */
	atomic_bool stop;
	_Atomic uint32_t gain[2]; /* of the master */

	/* atomic: audio writes, control reads */
	_Atomic uint32_t busy;	  /* engine_busy() */
	_Atomic uint32_t latency; /* frames */
	_Atomic uint64_t frames, clipped;
	_Atomic uint32_t underruns;
	_Atomic uint32_t peak[2];

	/* audio */
	struct engine *engine;
	struct output output;
	struct stream *playing; /* by next_playing */
	struct stream *leaving; /* likewise; played their last this time */
	gain_t gain_now[2];
	uint32_t fade; /* periods of fading left, once stopping */
	bool stopping;
	bool has_news;
	uint8_t *buffer; /* one period in the device's format */
};

/* --- audio thread ----------------------------------------------------- */

static uint64_t
clock_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void
tell_event(void *arg, const struct mixer_event *event)
{
	struct mixer *mixer = arg;

	atomic_store_explicit(&mixer->underruns, event->count,
	    memory_order_relaxed);
	(void)ring_put(&mixer->events, event, sizeof(*event));
	mixer->has_news = true;
}

/*
 * False when the ring is full; room for every stream and engine to come back
 * is always kept.
 */
static bool
send_back(struct mixer *mixer, struct parcel parcel)
{
	size_t kept =
	    parcel.kind == PARCEL_ROOM
		? (mixer->settings.streams_max + ENGINES_MAX) * sizeof(parcel)
		: 0;

	if (ring_room(&mixer->back) < kept + sizeof(parcel)) {
		return false;
	}
	(void)ring_put(&mixer->back, &parcel, sizeof(parcel));
	mixer->has_news = true;
	return true;
}

static void
take_stream(struct mixer *mixer, struct stream *stream)
{
	if (stream->bus != NULL) {
		stream->bus =
		    engine_set_bus(mixer->engine, stream->slot, stream->bus);
	}
	stream->next_playing = mixer->playing;
	mixer->playing = stream;
}

static void
take_engine(struct mixer *mixer, struct engine *engine)
{
	struct parcel old = { PARCEL_ENGINE, { .engine = mixer->engine } };

	mixer->engine = engine;
	output_set_rate(&mixer->output, engine_rate(engine), clock_ms());
	(void)send_back(mixer, old);
}

static void
take_parcels(struct mixer *mixer)
{
	struct parcel parcel;

	while (ring_get(&mixer->over, &parcel, sizeof(parcel))) {
		if (parcel.kind == PARCEL_ENGINE) {
			take_engine(mixer, parcel.engine);
		} else {
			take_stream(mixer, parcel.stream);
		}
	}
}

/* Its reader stopped on a full ring: half of it is worth waking it for. */
static void
offer_room(struct mixer *mixer, struct stream *stream)
{
	if (!atomic_load_explicit(&stream->thirsty, memory_order_relaxed) ||
	    ring_used(&stream->ring) > stream->ring.size / 2) {
		return;
	}
	/* Before the news, so that a reader who stops again is not missed. */
	atomic_store_explicit(&stream->thirsty, false, memory_order_relaxed);
	if (!send_back(mixer, (struct parcel){ PARCEL_ROOM, { stream } })) {
		atomic_store_explicit(&stream->thirsty, true,
		    memory_order_relaxed);
	}
}

static void
mix_streams(struct mixer *mixer)
{
	struct stream **at = &mixer->playing;

	while (*at != NULL) {
		struct stream *stream = *at;

		(void)stream_mix(stream, mixer->engine);
		if (stream_is_over(stream)) {
			*at = stream->next_playing;
			stream->next_playing = mixer->leaving;
			mixer->leaving = stream;
		} else {
			offer_room(mixer, stream);
			at = &stream->next_playing;
		}
	}
}

static void
raise_peaks(struct mixer *mixer)
{
	struct peak peak = engine_peak(mixer->engine);
	uint32_t value[2] = { peak.left, peak.right };

	/* Relaxed: a meter stands for nothing but itself. */
	for (int side = 0; side < 2; side++) {
		if (value[side] > atomic_load_explicit(&mixer->peak[side],
				      memory_order_relaxed)) {
			atomic_store_explicit(&mixer->peak[side], value[side],
			    memory_order_relaxed);
		}
	}
}

/* The master's gain for this period: towards its aim, or on the way out. */
static void
take_master(struct mixer *mixer, uint32_t n, bool was_silent,
    struct ramp gain[2])
{
	for (int side = 0; side < 2; side++) {
		gain_t now = mixer->gain_now[side];
		gain_t aim = (gain_t)atomic_load_explicit(&mixer->gain[side],
		    memory_order_relaxed);

		if (was_silent && !mixer->stopping) {
			now = aim; /* as a stream that begins */
		}
		if (mixer->stopping) {
			aim = mixer->fade == 0
				  ? 0
				  : now - now / (gain_t)mixer->fade;
		}
		gain[side] = ramp_make(now, aim, n);
		mixer->gain_now[side] = aim;
	}
	if (mixer->fade > 0) {
		mixer->fade--;
	}
}

static void
mix_period(struct mixer *mixer, uint32_t n)
{
	const struct device_got *got = output_got(&mixer->output);
	bool was_silent = engine_busy(mixer->engine) == 0;
	struct ramp gain[2];
	uint32_t clipped;

	engine_begin(mixer->engine, n);
	mix_streams(mixer);
	take_master(mixer, n, was_silent, gain);
	engine_finish(mixer->engine, gain);
	clipped = engine_format(mixer->engine, got->format, got->channels,
	    mixer->buffer);
	raise_peaks(mixer);
	atomic_fetch_add_explicit(&mixer->frames, n, memory_order_relaxed);
	atomic_fetch_add_explicit(&mixer->clipped, clipped,
	    memory_order_relaxed);
}

static void
let_go(struct mixer *mixer)
{
	struct stream *stream;

	while ((stream = mixer->leaving) != NULL) {
		mixer->leaving = stream->next_playing;
		(void)send_back(mixer,
		    (struct parcel){ PARCEL_GONE, { stream } });
	}
}

/* Mixes and writes all whole periods that the device takes. */
static void
feed_output(struct mixer *mixer, struct pollfd *fds, int count)
{
	uint64_t now = clock_ms();
	uint32_t room = output_room(&mixer->output, fds, count, now);
	uint32_t period = output_got(&mixer->output)->period;

	/* An error in a write changes the output, and with it the period. */
	while (room >= period && output_got(&mixer->output)->period == period) {
		mix_period(mixer, period);
		output_write(&mixer->output, mixer->buffer, period, now);
		room -= period;
	}
	atomic_store_explicit(&mixer->latency, output_delay(&mixer->output),
	    memory_order_relaxed);
	/* Release, and before streams go: a slot whose streams are all back
	 * and that is not busy here has been silent since. */
	atomic_store_explicit(&mixer->busy, engine_busy(mixer->engine),
	    memory_order_release);
	let_go(mixer);
}

static void
wake_control(struct mixer *mixer)
{
	if (mixer->has_news) {
		mixer->has_news = false;
		mixer->settings.wake(mixer->settings.wake_arg);
	}
}

/* Waits for the device or for control's "look", then feeds the device. */
static void
run_once(struct mixer *mixer)
{
	struct pollfd fds[DEVICE_FDS_MAX + 1];
	const struct engine *engine = mixer->engine;
	uint64_t look;
	int timeout;
	int count = output_fds(&mixer->output, fds, clock_ms(), &timeout);

	fds[count].fd = mixer->wake_fd;
	fds[count].events = POLLIN;
	fds[count].revents = 0;
	if (poll(fds, (nfds_t)count + 1, timeout) < 0) {
		return; /* a signal */
	}
	if ((fds[count].revents & POLLIN) != 0) {
		(void)!read(mixer->wake_fd, &look, sizeof(look));
	}
	take_parcels(mixer);
	if (mixer->engine == engine) {
		/* A new engine may have brought another device into play,
		 * which these descriptors are not of. */
		feed_output(mixer, fds, count);
	}
	output_tend(&mixer->output, clock_ms());
	wake_control(mixer);
}

/* Fades what plays, then lets the device play what it has. */
static void
run_out(struct mixer *mixer)
{
	uint64_t deadline = clock_ms() + mixer->settings.drain_ms;
	const struct device_got *got = output_got(&mixer->output);
	uint32_t frames;

	mixer->stopping = true;
	mixer->fade = FADE_MS * got->rate / 1000 / got->period + 1;
	while (mixer->fade > 0 && clock_ms() < deadline) {
		run_once(mixer);
	}
	frames = output_delay(&mixer->output);
	if (frames > 0 && clock_ms() < deadline) {
		uint64_t left = deadline - clock_ms();
		uint64_t need = (uint64_t)frames * 1000 / got->rate + 1;
		uint64_t ms = need < left ? need : left;
		struct timespec pause = { (time_t)(ms / 1000),
			(long)(ms % 1000) * 1000000 };

		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
}

static void
ask_realtime(struct mixer *mixer)
{
	struct sched_param param = { .sched_priority =
					 mixer->settings.realtime_priority };
	struct mixer_event event = { .kind = MIXER_REALTIME };

	if (param.sched_priority == 0) {
		return;
	}
	event.error =
	    -pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
	if (event.error < 0) {
		tell_event(mixer, &event);
	}
}

static void *
audio_main(void *arg)
{
	struct mixer *mixer = arg;

	ask_realtime(mixer);
	output_tend(&mixer->output, clock_ms());
	wake_control(mixer);
	while (!atomic_load_explicit(&mixer->stop, memory_order_relaxed)) {
		run_once(mixer);
	}
	run_out(mixer);
	output_finish(&mixer->output);
	return NULL;
}

/* --- control thread --------------------------------------------------- */

static void
wake_audio(struct mixer *mixer)
{
	uint64_t one = 1;

	(void)!write(mixer->wake_fd, &one, sizeof(one));
}

static void
free_mixer(struct mixer *mixer)
{
	struct parcel parcel;

	while (ring_get(&mixer->over, &parcel, sizeof(parcel)) ||
	       ring_get(&mixer->back, &parcel, sizeof(parcel))) {
		if (parcel.kind == PARCEL_ENGINE) {
			engine_destroy(parcel.engine);
		}
	}
	engine_destroy(mixer->engine);
	ring_finish(&mixer->over);
	ring_finish(&mixer->back);
	ring_finish(&mixer->events);
	free(mixer->buffer);
	if (mixer->wake_fd >= 0) {
		(void)close(mixer->wake_fd);
	}
	free(mixer);
}

/* A slot for every admitted stream in each ring, so that none can fill. */
static int
make_rings(struct mixer *mixer)
{
	size_t max = mixer->settings.streams_max;
	size_t all = (max + ENGINES_MAX) * sizeof(struct parcel);
	int error = ring_init(&mixer->over, all);

	if (error == 0) {
		error =
		    ring_init(&mixer->back, all + max * sizeof(struct parcel));
	}
	if (error == 0) {
		error = ring_init(&mixer->events,
		    EVENTS_MAX * sizeof(struct mixer_event));
	}
	return error;
}

static int
make_parts(struct mixer *mixer)
{
	int error = make_rings(mixer);

	if (error < 0) {
		return error;
	}
	mixer->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (mixer->wake_fd < 0) {
		return -errno;
	}
	mixer->engine = engine_create(mixer->rate);
	mixer->buffer = malloc((size_t)ENGINE_PERIOD_MAX * ENGINE_CHANNELS_MAX *
	    OUT_BYTES_MAX);
	if (mixer->engine == NULL || mixer->buffer == NULL) {
		return -ENOMEM;
	}
	return output_init(&mixer->output, &mixer->settings.devices,
	    &mixer->settings.want, tell_event, mixer);
}

int
mixer_create(const struct mixer_settings *settings, struct mixer **created)
{
	struct mixer *mixer = calloc(1, sizeof(*mixer));
	int error;

	if (mixer == NULL) {
		return -ENOMEM;
	}
	mixer->settings = *settings;
	mixer->wake_fd = -1;
	mixer->rate = settings->want.rate;
	mixer->period_ms =
	    settings->want.period * 1000 / settings->want.rate + 1;
	mixer->gain_now[0] = GAIN_UNITY;
	mixer->gain_now[1] = GAIN_UNITY;
	mixer_set_volume(mixer, ESD_VOLUME_BASE, ESD_VOLUME_BASE);
	error = make_parts(mixer);
	if (error == 0) {
		error =
		    -pthread_create(&mixer->thread, NULL, audio_main, mixer);
	}
	if (error < 0) {
		output_finish(&mixer->output);
		free_mixer(mixer);
		return error;
	}
	*created = mixer;
	return 0;
}

void
mixer_destroy(struct mixer *mixer)
{
	struct stream *stream;

	if (mixer == NULL) {
		return;
	}
	atomic_store_explicit(&mixer->stop, true, memory_order_relaxed);
	wake_audio(mixer);
	(void)pthread_join(mixer->thread, NULL);
	while ((stream = mixer->streams) != NULL) {
		mixer->streams = stream->next;
		stream_destroy(stream);
	}
	free_mixer(mixer);
}

/* The slot of that rate, or a free one, or -ENOSPC. */
static int
find_slot(const struct mixer *mixer, uint32_t rate)
{
	/* Acquire: see feed_output(). */
	uint32_t busy =
	    atomic_load_explicit(&mixer->busy, memory_order_acquire);
	int free_slot = -ENOSPC;

	for (unsigned i = 0; i < ENGINE_BUSES_MAX; i++) {
		const struct slot *slot = &mixer->slots[i];

		if (slot->rate == rate) {
			return (int)i;
		}
		if (slot->streams == 0 && (busy & 1u << i) == 0 &&
		    (free_slot < 0 || slot->rate == 0)) {
			free_slot = (int)i;
		}
	}
	return free_slot;
}

static struct bus *
make_bus(struct mixer *mixer, unsigned slot, uint32_t rate)
{
	struct bus *bus = bus_create(rate, mixer->rate, ENGINE_PERIOD_MAX,
	    mixer->settings.kernel);

	if (bus != NULL) {
		mixer->slots[slot].rate = rate;
		mixer->slots[slot].delay = bus_delay(bus);
	}
	return bus;
}

/* False when the ring is full: too many engines under way. */
static bool
send_over(struct mixer *mixer, struct parcel parcel)
{
	return ring_put(&mixer->over, &parcel, sizeof(parcel));
}

int
mixer_add(struct mixer *mixer, struct stream *stream)
{
	int slot;

	if (mixer->count >= mixer->settings.streams_max) {
		return -EUSERS;
	}
	slot = find_slot(mixer, stream->rate);
	if (slot < 0) {
		return slot;
	}
	if (mixer->slots[slot].rate != stream->rate) {
		stream->bus = make_bus(mixer, (unsigned)slot, stream->rate);
		if (stream->bus == NULL) {
			return -ENOMEM;
		}
	}
	mixer->slots[slot].streams++;
	mixer->count++;
	stream->slot = (unsigned)slot;
	stream->next = mixer->streams;
	mixer->streams = stream;
	(void)send_over(mixer,
	    (struct parcel){ PARCEL_STREAM, { .stream = stream } });
	return 0;
}

static void
take_back(struct mixer *mixer, struct stream *stream)
{
	struct stream **at = &mixer->streams;

	while (*at != stream) {
		at = &(*at)->next;
	}
	*at = stream->next;
	mixer->slots[stream->slot].streams--;
	mixer->count--;
}

struct stream *
mixer_news(struct mixer *mixer, enum mixer_news *news)
{
	struct parcel parcel;

	while (ring_get(&mixer->back, &parcel, sizeof(parcel))) {
		if (parcel.kind == PARCEL_ENGINE) {
			engine_destroy(parcel.engine);
			continue;
		}
		*news = parcel.kind == PARCEL_GONE ? MIXER_GONE : MIXER_ROOM;
		if (*news == MIXER_GONE) {
			take_back(mixer, parcel.stream);
		}
		return parcel.stream;
	}
	return NULL;
}

/* The engine for a new rate, with a bus for every rate in use. */
static struct engine *
make_engine(struct mixer *mixer)
{
	struct engine *engine = engine_create(mixer->rate);

	for (unsigned i = 0; engine != NULL && i < ENGINE_BUSES_MAX; i++) {
		struct bus *bus;

		if (mixer->slots[i].rate == 0) {
			continue;
		}
		bus = make_bus(mixer, i, mixer->slots[i].rate);
		if (bus == NULL) {
			engine_destroy(engine);
			return NULL;
		}
		(void)engine_set_bus(engine, i, bus);
	}
	return engine;
}

/* The device granted another rate: make the audio thread an engine for it. */
static int
change_rate(struct mixer *mixer, uint32_t rate)
{
	uint32_t old_rate = mixer->rate;
	struct parcel parcel = { .kind = PARCEL_ENGINE };

	mixer->rate = rate;
	parcel.engine = make_engine(mixer);
	if (parcel.engine == NULL || !send_over(mixer, parcel)) {
		engine_destroy(parcel.engine);
		mixer->rate = old_rate;
		return -ENOMEM;
	}
	wake_audio(mixer);
	return 0;
}

bool
mixer_event(struct mixer *mixer, struct mixer_event *event)
{
	if (!ring_get(&mixer->events, event, sizeof(*event))) {
		return false;
	}
	if (event->kind != MIXER_OPENED) {
		return true;
	}
	mixer->period_ms =
	    (uint32_t)((uint64_t)event->got.period * 1000 / event->got.rate) +
	    1;
	if (event->got.rate != mixer->rate) {
		event->error = change_rate(mixer, event->got.rate);
	}
	return true;
}

struct stream *
mixer_streams(const struct mixer *mixer)
{
	return mixer->streams;
}

struct stream *
mixer_find(const struct mixer *mixer, uint32_t id)
{
	struct stream *stream = mixer->streams;

	while (stream != NULL && stream->id != id) {
		stream = stream->next;
	}
	return stream;
}

void
mixer_set_volume(struct mixer *mixer, int32_t left, int32_t right)
{
	/* Relaxed: a gain stands for nothing but itself. */
	atomic_store_explicit(&mixer->gain[0], (uint32_t)stream_gain(left),
	    memory_order_relaxed);
	atomic_store_explicit(&mixer->gain[1], (uint32_t)stream_gain(right),
	    memory_order_relaxed);
}

uint32_t
mixer_rate(const struct mixer *mixer)
{
	return mixer->rate;
}

uint32_t
mixer_period_ms(const struct mixer *mixer)
{
	return mixer->period_ms;
}

uint32_t
mixer_latency(const struct mixer *mixer, const struct stream *stream)
{
	uint32_t device =
	    atomic_load_explicit(&mixer->latency, memory_order_relaxed);

	return stream == NULL ? device
			      : device + mixer->slots[stream->slot].delay;
}

struct mixer_stats
mixer_stats(struct mixer *mixer)
{
	struct mixer_stats stats;

	/* Relaxed: counters that nothing depends on. */
	stats.frames =
	    atomic_load_explicit(&mixer->frames, memory_order_relaxed);
	stats.clipped =
	    atomic_load_explicit(&mixer->clipped, memory_order_relaxed);
	stats.underruns =
	    atomic_load_explicit(&mixer->underruns, memory_order_relaxed);
	stats.peak.left =
	    atomic_exchange_explicit(&mixer->peak[0], 0, memory_order_relaxed);
	stats.peak.right =
	    atomic_exchange_explicit(&mixer->peak[1], 0, memory_order_relaxed);
	return stats;
}
