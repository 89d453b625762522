#include "server/mixer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "server/clock.h"
#include "server/input.h"
#include "server/insert.h"
#include "server/master.h"
#include "server/output.h"
#include "server/thread.h"

#define EVENTS_MAX  64 /* device events on their way; beyond that they drop */
#define ENGINES_MAX 16 /* on their way, one for each change of the rate */
#define OTHERS_MAX  (ENGINES_MAX + MIXER_INSERTS_MAX)
#define FADE_MS	    50 /* at the end */

/*
 * What goes over and comes back.  A new engine travels like a stream, so that
 * it arrives before the streams whose buses were made for it.
 */
struct parcel {
	enum {
		PARCEL_STREAM,
		PARCEL_ROOM,
		PARCEL_GONE,
		PARCEL_ENGINE,
		PARCEL_INSERT
	} kind;
	union {
		struct stream *stream;
		struct engine *engine;
		struct insert *insert;
	};
};

struct mixer {
	/* constant */
	struct mixer_settings settings;
	pthread_t thread;
	int wake_fd; /* eventfd: "look" */

	/* control */
	struct stream *streams; /* lent, newest first */
	struct rates rates;
	unsigned count;	  /* of streams */
	unsigned inserts; /* lent */
	uint32_t period_ms;

	/* between the two */
	struct tap monitor, capture;
	struct master master;
	struct rest rest;

	/* likewise; each has one producer */
	struct ring over;   /* struct parcel, to audio */
	struct ring back;   /* struct parcel, to control */
	struct ring events; /* struct mixer_event, to control */

	/* atomic: control writes, audio reads */
	atomic_bool stop;

	/* atomic: audio writes, control reads */
	_Atomic uint32_t busy; /* engine_busy() */
	struct moment moment;
	_Atomic uint64_t frames, clipped;
	_Atomic uint32_t underruns;

	/* audio */
	struct engine *engine;
	struct output output;
	struct input input;
	struct stream *playing; /* by next_playing */
	struct stream *leaving; /* likewise; played their last this time */
	struct insert_chain chain;
	bool has_news;	 /* for control */
	uint8_t *buffer; /* one period in the device's format */
};

/* Thread: any, the openers' too. */
static void
wake_audio(void *arg)
{
	struct mixer *mixer = arg;
	uint64_t one = 1;

	(void)!write(mixer->wake_fd, &one, sizeof(one));
}

/* --- audio thread ----------------------------------------------------- */

static void
tell_event(void *arg, const struct mixer_event *event)
{
	struct mixer *mixer = arg;
	size_t kept = EVENTS_MAX / 2 * sizeof(*event);

	if (event->kind == MIXER_UNDERRUN) {
		atomic_store_explicit(&mixer->underruns, event->count,
		    memory_order_relaxed);
	}
	/* Those that may come in crowds leave room for those that matter. */
	if (event->kind != MIXER_UNDERRUN && event->kind != MIXER_TROUBLE) {
		kept = 0;
	}
	if (ring_room(&mixer->events) >= kept + sizeof(*event)) {
		(void)ring_put(&mixer->events, event, sizeof(*event));
	}
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
		? (mixer->settings.streams_max + OTHERS_MAX) * sizeof(parcel)
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
		} else if (parcel.kind == PARCEL_INSERT) {
			insert_chain_add(&mixer->chain, parcel.insert);
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

/* True if something played. */
static bool
mix_streams(struct mixer *mixer)
{
	struct stream **at = &mixer->playing;
	bool sound = false;

	while (*at != NULL) {
		struct stream *stream = *at;

		sound |= stream_mix(stream, mixer->engine) > 0;
		if (stream_is_over(stream)) {
			*at = stream->next_playing;
			stream->next_playing = mixer->leaving;
			mixer->leaving = stream;
		} else {
			offer_room(mixer, stream);
			at = &stream->next_playing;
		}
	}
	return sound;
}

/* True if something plays that has not come through yet, too. */
static bool
run_inserts(struct mixer *mixer, uint32_t n, bool sound)
{
	sound = insert_chain_run(&mixer->chain, engine_rate(mixer->engine),
	    engine_master(mixer->engine), n, sound, !mixer_is_standby(mixer));
	mixer->has_news |= sound && mixer->chain.first != NULL;
	return sound;
}

/* Monitors hear the mix while something plays, filters' tails included. */
static void
note_sound(struct mixer *mixer, uint32_t n, uint64_t now)
{
	struct tap *tap = &mixer->monitor;
	uint64_t ahead = output_delay(&mixer->output) + 2 * (uint64_t)n;

	rest_sounds(&mixer->rest,
	    now + ahead * 1000 / engine_rate(mixer->engine) + 1);
	if (atomic_load_explicit(&tap->wanted, memory_order_relaxed) &&
	    !mixer_is_standby(mixer)) {
		tap_write(tap, engine_rate(mixer->engine),
		    engine_master(mixer->engine), n);
		mixer->has_news = true;
	}
}

static void
mix_period(struct mixer *mixer, uint32_t n, uint64_t now)
{
	const struct device_got *got = output_got(&mixer->output);
	struct ramp gain[2];
	uint32_t clipped;
	bool has_tail = engine_busy(mixer->engine) != 0;

	engine_begin(mixer->engine, n);
	bool sound = mix_streams(mixer) || has_tail;
	master_ramp(&mixer->master, n, sound, gain);
	engine_finish(mixer->engine, gain);
	if (run_inserts(mixer, n, sound)) {
		note_sound(mixer, n, now);
	}
	clipped = engine_format(mixer->engine, got->format, got->channels,
	    mixer->buffer);
	master_raise_peak(&mixer->master, engine_peak(mixer->engine));
	atomic_fetch_add_explicit(&mixer->frames, n, memory_order_relaxed);
	atomic_fetch_add_explicit(&mixer->clipped, clipped,
	    memory_order_relaxed);
}

static void
let_go(struct mixer *mixer)
{
	struct parcel parcel = { .kind = PARCEL_INSERT };
	struct stream *stream;

	while ((stream = mixer->leaving) != NULL) {
		mixer->leaving = stream->next_playing;
		(void)send_back(mixer,
		    (struct parcel){ PARCEL_GONE, { stream } });
	}
	while ((parcel.insert = insert_chain_left(&mixer->chain)) != NULL) {
		(void)send_back(mixer, parcel);
	}
}

/* Mixes and writes all whole periods that the device takes. */
static void
feed_output(struct mixer *mixer, struct pollfd *fds, int count)
{
	uint64_t now = clock_ms();
	const struct sink *sink = mixer->output.now;
	uint32_t room = output_room(&mixer->output, fds, count, now);
	uint32_t period = output_got(&mixer->output)->period;

	moment_begin(&mixer->moment);
	/* The room is that of the device asked; an error may change it. */
	while (room >= period && mixer->output.now == sink) {
		mix_period(mixer, period, now);
		output_write(&mixer->output, mixer->buffer, period, now);
		room -= period;
	}
	mixer->has_news |= moment_end(&mixer->moment,
	    output_delay(&mixer->output) + insert_chain_delay(&mixer->chain));
	/* Release, and before streams go: a slot whose streams are all back
	 * and that is not busy here has been silent since. */
	atomic_store_explicit(&mixer->busy, engine_busy(mixer->engine),
	    memory_order_release);
	let_go(mixer);
}

static bool
has_sound(const struct mixer *mixer)
{
	const struct stream *stream = mixer->playing;

	while (stream != NULL && !stream_is_ready(stream)) {
		stream = stream->next_playing;
	}
	return stream != NULL;
}

/*
 * Releases the device when that is due; takes it again before anything is
 * mixed, so that nothing of the first sound is lost.
 */
static void
tend_rest(struct mixer *mixer, uint64_t now)
{
	bool due = rest_is_due(&mixer->rest, has_sound(mixer), now);

	output_release(&mixer->output, due, now);
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
	struct pollfd fds[2 * DEVICE_FDS_MAX + 1];
	const struct sink *sink = mixer->output.now;
	uint64_t look;
	int timeout;
	int count = output_fds(&mixer->output, fds, clock_ms(), &timeout);
	int last = count + input_fds(&mixer->input, fds + count);

	fds[last].fd = mixer->wake_fd;
	fds[last].events = POLLIN;
	fds[last].revents = 0;
	if (poll(fds, (nfds_t)last + 1, timeout) < 0) {
		return; /* a signal */
	}
	if ((fds[last].revents & POLLIN) != 0) {
		(void)!read(mixer->wake_fd, &look, sizeof(look));
	}
	take_parcels(mixer);
	tend_rest(mixer, clock_ms());
	if (mixer->output.now == sink) {
		feed_output(mixer, fds, count);
	}
	output_tend(&mixer->output, clock_ms());
	mixer->has_news |= input_take(&mixer->input, clock_ms());
	input_tend(&mixer->input, clock_ms());
	wake_control(mixer);
}

/* Fades what plays, then lets the device play what it has. */
static void
run_out(struct mixer *mixer)
{
	uint64_t deadline = clock_ms() + mixer->settings.drain_ms;
	const struct device_got *got = output_got(&mixer->output);

	master_fade_out(&mixer->master,
	    FADE_MS * got->rate / 1000 / got->period + 1);
	while ((mixer->master.fade > 0 ||
		   insert_chain_is_ringing(&mixer->chain)) &&
	       clock_ms() < deadline) {
		run_once(mixer);
	}
	output_play_out(&mixer->output, clock_ms(), deadline);
}

static void
ask_realtime(struct mixer *mixer)
{
	int priority = mixer->settings.realtime_priority;
	struct mixer_event event = { .kind = MIXER_REALTIME };

	event.error = priority == 0 ? 0 : thread_ask_realtime(priority);
	if (event.error < 0) {
		tell_event(mixer, &event);
	}
}

static void *
audio_main(void *arg)
{
	struct mixer *mixer = arg;

	ask_realtime(mixer);
	output_begin(&mixer->output, clock_ms());
	wake_control(mixer);
	while (!atomic_load_explicit(&mixer->stop, memory_order_relaxed)) {
		run_once(mixer);
	}
	run_out(mixer);
	output_finish(&mixer->output);
	input_finish(&mixer->input);
	return NULL;
}

/* --- control thread --------------------------------------------------- */

static void
free_mixer(struct mixer *mixer)
{
	struct parcel parcel;

	while (ring_get(&mixer->over, &parcel, sizeof(parcel)) ||
	       ring_get(&mixer->back, &parcel, sizeof(parcel))) {
		if (parcel.kind == PARCEL_ENGINE) {
			engine_destroy(parcel.engine);
		} else if (parcel.kind == PARCEL_INSERT) {
			insert_destroy(parcel.insert);
		}
	}
	insert_chain_finish(&mixer->chain);
	engine_destroy(mixer->engine);
	ring_finish(&mixer->over);
	ring_finish(&mixer->back);
	ring_finish(&mixer->events);
	tap_finish(&mixer->monitor);
	tap_finish(&mixer->capture);
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
	size_t all = (max + OTHERS_MAX) * sizeof(struct parcel);
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

	if (error == 0) {
		error = tap_init(&mixer->monitor, mixer->rates.master);
	}
	if (error == 0) {
		error = tap_init(&mixer->capture, mixer->rates.master);
	}
	if (error < 0) {
		return error;
	}
	mixer->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (mixer->wake_fd < 0) {
		return -errno;
	}
	mixer->engine = engine_create(mixer->rates.master);
	mixer->buffer = malloc(
	    (size_t)ENGINE_PERIOD_MAX * ENGINE_CHANNELS_MAX * OUT_BYTES_MAX);
	if (mixer->engine == NULL || mixer->buffer == NULL) {
		return -ENOMEM;
	}
	error = input_init(&mixer->input, mixer->settings.capture,
	    &mixer->settings.want, &mixer->capture, mixer->settings.gate,
	    tell_event, wake_audio, mixer);
	if (error < 0) {
		return error;
	}
	return output_init(&mixer->output, &mixer->settings.devices,
	    &mixer->settings.want, mixer->settings.gate, tell_event, wake_audio,
	    mixer);
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
	mixer->output.hotplug.fd = -1;
	mixer->rates.kernel = settings->kernel;
	mixer->rates.master = settings->want.rate;
	mixer->period_ms = device_period(&settings->want, settings->want.rate) *
			       1000 / settings->want.rate +
			   1;
	master_init(&mixer->master);
	rest_init(&mixer->rest, settings->sleep_ms, clock_ms());
	error = make_parts(mixer);
	if (error == 0) {
		error = thread_start(&mixer->thread, audio_main, mixer);
	}
	if (error < 0) {
		output_finish(&mixer->output);
		input_finish(&mixer->input);
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

/* False when the ring is full: too many engines under way. */
static bool
send_over(struct mixer *mixer, struct parcel parcel)
{
	return ring_put(&mixer->over, &parcel, sizeof(parcel));
}

int
mixer_add(struct mixer *mixer, struct stream *stream)
{
	/* Acquire: see feed_output(). */
	uint32_t busy =
	    atomic_load_explicit(&mixer->busy, memory_order_acquire);
	int slot;

	if (mixer->count >= mixer->settings.streams_max) {
		return -EUSERS;
	}
	slot =
	    rates_take(&mixer->rates, stream->sound.rate, busy, &stream->bus);
	if (slot < 0) {
		return slot;
	}
	mixer->count++;
	stream->slot = (unsigned)slot;
	stream->next = mixer->streams;
	mixer->streams = stream;
	(void)send_over(mixer,
	    (struct parcel){ PARCEL_STREAM, { .stream = stream } });
	return 0;
}

int
mixer_insert(struct mixer *mixer, struct insert *insert)
{
	if (mixer->inserts == MIXER_INSERTS_MAX) {
		return -EUSERS;
	}
	mixer->inserts++;
	(void)send_over(mixer,
	    (struct parcel){ PARCEL_INSERT, { .insert = insert } });
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
	rates_release(&mixer->rates, stream->slot);
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
		if (parcel.kind == PARCEL_INSERT) {
			insert_destroy(parcel.insert);
			mixer->inserts--;
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

/* The device granted another rate: make the audio thread an engine for it. */
static int
change_rate(struct mixer *mixer, uint32_t rate)
{
	struct rates before = mixer->rates;
	struct parcel parcel = { .kind = PARCEL_ENGINE };

	parcel.engine = rates_change(&mixer->rates, rate);
	if (parcel.engine == NULL) {
		return -ENOMEM;
	}
	if (!send_over(mixer, parcel)) {
		engine_destroy(parcel.engine);
		mixer->rates = before;
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
	if (event->got.rate != mixer->rates.master) {
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

	while (stream != NULL && (stream->id != id || stream->clip != NULL)) {
		stream = stream->next;
	}
	return stream;
}

void
mixer_set_volume(struct mixer *mixer, int32_t left, int32_t right)
{
	master_set_volume(&mixer->master, left, right);
}

void
mixer_set_standby(struct mixer *mixer, bool standby)
{
	atomic_store_explicit(&mixer->rest.standby, standby,
	    memory_order_relaxed);
	wake_audio(mixer);
}

bool
mixer_is_standby(const struct mixer *mixer)
{
	return atomic_load_explicit(&mixer->rest.standby, memory_order_relaxed);
}

bool
mixer_suspend(struct mixer *mixer)
{
	bool suspended = rest_suspend(&mixer->rest, clock_ms());

	wake_audio(mixer);
	return suspended;
}

uint64_t
mixer_silent_ms(const struct mixer *mixer)
{
	return rest_silent_ms(&mixer->rest, clock_ms());
}

struct rest *
mixer_rest(struct mixer *mixer)
{
	return &mixer->rest;
}

struct tap *
mixer_monitor(struct mixer *mixer)
{
	return &mixer->monitor;
}

struct tap *
mixer_capture(struct mixer *mixer)
{
	return &mixer->capture;
}

struct moment *
mixer_moment(struct mixer *mixer)
{
	return &mixer->moment;
}

const struct kernel *
mixer_kernel(const struct mixer *mixer)
{
	return mixer->settings.kernel;
}

uint32_t
mixer_rate(const struct mixer *mixer)
{
	return mixer->rates.master;
}

uint32_t
mixer_period_ms(const struct mixer *mixer)
{
	return mixer->period_ms;
}

const struct rates *
mixer_rates(const struct mixer *mixer)
{
	return &mixer->rates;
}

uint32_t
mixer_latency(const struct mixer *mixer, const struct stream *stream)
{
	uint32_t device = moment_delay(&mixer->moment);

	return stream == NULL ? device
			      : device + mixer->rates.slots[stream->slot].delay;
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
	stats.peak = master_take_peak(&mixer->master);
	return stats;
}
