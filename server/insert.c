#include "server/insert.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/engine.h"
#include "server/engine/resampler.h"
#include "server/recorder.h"
#include "server/ring.h"
#include "server/tap.h"

#define BOX_BYTES 8192 /* from the client at once */
#define CHUNK	  1024 /* frames to or from the filter at once */
#define GAPS_MAX  16   /* in what was sent and is not back yet */
#define NOWHERE	  UINT64_MAX

/* A frame in the delay line. */
struct dry {
	uint64_t at; /* in what was sent; NOWHERE: it was not */
	int64_t frame[2];
};

/* A frame that came back. */
struct wet {
	uint64_t at; /* of the frame that it replaces, in what was sent */
	int32_t frame[2];
};

_Static_assert(sizeof(struct wet) == 16, "it must divide the ring");

/* Where what was sent goes on elsewhere: the client had not kept up. */
struct gap {
	uint64_t from; /* the client's frame after it */
	uint64_t at;   /* that frame's place in what was sent */
	uint32_t rate; /* of the master from there on */
};

struct insert {
	/* constant */
	struct sound sound;
	const struct kernel *kernel;
	uint32_t delay; /* master frames */

	/* between the two */
	struct tap send;  /* to control */
	struct ring back; /* struct wet, to audio */

	/* atomic: control writes, audio reads */
	atomic_bool closed;

	/* atomic: audio writes, control reads */
	_Atomic uint64_t bypassed; /* frames */

	/* control */
	struct recorder *recorder;
	uint64_t sent, returned;   /* of the client's frames */
	uint64_t lost;		   /* of the recorder's, that gaps tell of */
	struct gap gaps[GAPS_MAX]; /* oldest first */
	unsigned gap_count;
	uint32_t sent_rate;	     /* of the master, in the last gap */
	uint32_t rate;		     /* likewise, in what comes back */
	int64_t wet_at;		     /* of the next frame; not yet 0: none is */
	struct resampler *resampler; /* NULL: the rates are equal */
	uint8_t box[BOX_BYTES];	     /* from the client */
	size_t box_bytes;

	/* audio */
	struct dry *line; /* `delay` of them, the oldest at line_at */
	uint32_t line_at;
	uint64_t silence; /* frames since something played */
	uint64_t stayed;  /* frames of sound since the client went */
	bool fresh;	  /* came in the midst of sound, this period */
	struct insert *next;
};

/* --- control: making, lending ------------------------------------------ */

static uint32_t
delay_for(uint32_t rate, uint32_t period_ms)
{
	uint32_t ms = INSERT_DELAY_PERIODS * period_ms;

	ms = ms > INSERT_DELAY_MS ? ms : INSERT_DELAY_MS;
	return (uint32_t)((uint64_t)rate * ms / 1000);
}

static int
make_parts(struct insert *insert, uint32_t rate)
{
	int error = tap_init(&insert->send, rate);

	if (error == 0) {
		/* Never more of them are in time than the line holds. */
		error = ring_init(&insert->back,
		    (insert->delay + ENGINE_PERIOD_MAX) * sizeof(struct wet));
	}
	if (error == 0) {
		error = recorder_create(&insert->send, &insert->sound,
		    insert->kernel, &insert->recorder);
	}
	return error;
}

int
insert_create(const struct sound *sound, uint32_t rate, uint32_t period_ms,
    const struct kernel *kernel, struct insert **created)
{
	struct insert *insert = calloc(1, sizeof(*insert));

	if (insert == NULL) {
		return -ENOMEM;
	}
	insert->sound = *sound;
	insert->kernel = kernel;
	insert->delay = delay_for(rate, period_ms);
	insert->silence = insert->delay;
	insert->line = calloc(insert->delay, sizeof(*insert->line));
	if (insert->line == NULL || make_parts(insert, rate) < 0) {
		insert_destroy(insert);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < insert->delay; i++) {
		insert->line[i].at = NOWHERE;
	}
	insert->sent_rate = rate;
	insert->gaps[0] = (struct gap){ .rate = rate };
	insert->gap_count = 1;
	*created = insert;
	return 0;
}

void
insert_destroy(struct insert *insert)
{
	if (insert == NULL) {
		return;
	}
	recorder_destroy(insert->recorder);
	resampler_destroy(insert->resampler);
	tap_finish(&insert->send);
	ring_finish(&insert->back);
	free(insert->line);
	free(insert);
}

void
insert_close(struct insert *insert)
{
	/* Release: who sees it may give the insert back to be freed. */
	atomic_store_explicit(&insert->closed, true, memory_order_release);
}

static bool
is_closed(const struct insert *insert)
{
	return atomic_load_explicit(&insert->closed, memory_order_acquire);
}

uint32_t
insert_delay(const struct insert *insert)
{
	return insert->delay;
}

uint64_t
insert_bypassed(const struct insert *insert)
{
	return atomic_load_explicit(&insert->bypassed, memory_order_relaxed);
}

/* --- control: to the client -------------------------------------------- */

/* The client is behind by more than can be back in time. */
static bool
is_behind(const struct insert *insert)
{
	uint64_t behind =
	    tap_head(&insert->send) - recorder_at(insert->recorder);
	uint32_t most = TAP_FRAMES / 2;

	return behind > (insert->delay < most ? insert->delay : most);
}

/* False: too many gaps already; it gets no more until it has caught up. */
static bool
leave_gap(struct insert *insert, uint32_t rate)
{
	if (insert->gap_count == GAPS_MAX) {
		return false;
	}
	recorder_skip(insert->recorder);
	insert->lost = recorder_lost(insert->recorder);
	insert->sent_rate = rate;
	insert->gaps[insert->gap_count] =
	    (struct gap){ insert->sent, recorder_at(insert->recorder), rate };
	insert->gap_count++;
	return true;
}

int
insert_pull(struct insert *insert, uint8_t *out, size_t max)
{
	uint32_t rate =
	    atomic_load_explicit(&insert->send.rate, memory_order_relaxed);
	int bytes;

	if ((rate != insert->sent_rate || is_behind(insert) ||
		recorder_lost(insert->recorder) != insert->lost) &&
	    !leave_gap(insert, rate)) {
		return 0;
	}
	bytes = recorder_pull(insert->recorder, out, max);
	if (bytes > 0) {
		insert->sent += (unsigned)bytes / insert->sound.frame_bytes;
	}
	return bytes;
}

/* --- control: from the client ------------------------------------------ */

size_t
insert_space(struct insert *insert, uint8_t **span)
{
	*span = insert->box + insert->box_bytes;
	return BOX_BYTES - insert->box_bytes;
}

static int
follow_rate(struct insert *insert, uint32_t rate)
{
	if (rate == insert->rate) {
		return 0;
	}
	resampler_destroy(insert->resampler);
	insert->resampler = NULL;
	insert->rate = rate;
	if (rate != insert->sound.rate) {
		insert->resampler = resampler_create(insert->sound.rate, rate,
		    CHUNK, insert->kernel);
		if (insert->resampler == NULL) {
			return -ENOMEM;
		}
	}
	return 0;
}

/*
 * Master frames that the sound is late by, from resampling it there and back:
 * half a filter each time.
 */
static int64_t
resampling_delay(const struct insert *insert)
{
	int64_t there = recorder_tail(insert->recorder), back;

	if (insert->resampler == NULL) {
		return 0;
	}
	back = (int64_t)resampler_tail(insert->resampler) * insert->rate /
	       insert->sound.rate;
	return (there + back) / 2;
}

/* What comes back now was sent after the oldest gap. */
static int
cross_gap(struct insert *insert)
{
	struct gap gap = insert->gaps[0];
	int error = follow_rate(insert, gap.rate);

	insert->gap_count--;
	memmove(insert->gaps, insert->gaps + 1,
	    insert->gap_count * sizeof(gap));
	insert->wet_at = (int64_t)gap.at - resampling_delay(insert);
	return error;
}

/* To samples of the bus's scale, which hold every client's exactly. */
static void
read_samples(const struct insert *insert, const uint8_t *from, uint32_t n,
    sample_t *samples)
{
	struct ramp one = ramp_make(GAIN_UNITY, GAIN_UNITY, 1);
	struct ramp unity[2] = { one, one };
	struct pcm pcm = { from, insert->sound.kind };
	int32_t hi[CHUNK * 2] = { 0 }, lo[CHUNK * 2] = { 0 };
	struct peak peak = { 0, 0 };

	insert->kernel->add(&pcm, unity, hi, lo, n, &peak);
	for (uint32_t i = 0; i < 2 * n; i++) {
		samples[i] = (hi[i] * (1 << SUM_LOW_BITS) + lo[i]) >>
			     (GAIN_BITS - SAMPLE_BITS);
	}
}

static int32_t
saturate(int64_t sample)
{
	if (sample > INT32_MAX) {
		return INT32_MAX;
	}
	return sample < INT32_MIN ? INT32_MIN : (int32_t)sample;
}

/* What is too late already has no place; what is not always has room. */
static void
give_back(struct insert *insert, const int64_t *master, uint32_t n)
{
	uint64_t head = tap_head(&insert->send);

	for (uint32_t i = 0; i < n; i++) {
		struct wet wet = { (uint64_t)insert->wet_at,
			{ saturate(master[2 * (size_t)i]),
			    saturate(master[2 * (size_t)i + 1]) } };

		if (insert->wet_at >= 0 && wet.at + insert->delay >= head) {
			(void)ring_put(&insert->back, &wet, sizeof(wet));
		}
		insert->wet_at++;
	}
}

/* Makes what n of the client's frames suffice for; returns those used up. */
static uint32_t
convert(struct insert *insert, const uint8_t *from, uint32_t n)
{
	sample_t samples[CHUNK * 2] = { 0 };
	int64_t master[CHUNK * 2] = { 0 };
	uint32_t used = n < CHUNK ? n : CHUNK;
	uint32_t made = used;

	if (insert->resampler != NULL) {
		made = resampler_ready(insert->resampler, used, CHUNK);
		used = resampler_need(insert->resampler, made);
	}
	read_samples(insert, from, used, samples);
	if (insert->resampler != NULL) {
		resampler_run(insert->resampler, samples, master, made);
	} else {
		for (uint32_t i = 0; i < 2 * made; i++) {
			master[i] = (int64_t)samples[i] *
				    (1 << (MASTER_BITS - SAMPLE_BITS));
		}
	}
	give_back(insert, master, made);
	return used;
}

/* Takes n whole frames of the box as far as they go; the frames or -errno. */
static int
take_frames(struct insert *insert, uint32_t n)
{
	uint32_t taken = 0;

	for (;;) {
		uint64_t until_gap = UINT64_MAX;
		uint32_t piece = n - taken;
		uint32_t used;

		if (insert->gap_count > 0) {
			until_gap = insert->gaps[0].from - insert->returned;
		}
		if (until_gap == 0) {
			if (cross_gap(insert) < 0) {
				return -ENOMEM;
			}
			continue;
		}
		piece = piece < until_gap ? piece : (uint32_t)until_gap;
		used = convert(insert,
		    insert->box + (size_t)taken * insert->sound.frame_bytes,
		    piece);
		if (used == 0 && piece < until_gap) {
			return (int)taken;
		}
		/* Before a gap, less than one of our frames is nothing. */
		used = used == 0 ? piece : used;
		taken += used;
		insert->returned += used;
	}
}

static void
drop_box(struct insert *insert, size_t at, size_t bytes)
{
	insert->box_bytes -= bytes;
	memmove(insert->box + at, insert->box + at + bytes,
	    insert->box_bytes - at);
}

int
insert_got(struct insert *insert, size_t bytes)
{
	size_t frame = insert->sound.frame_bytes;
	uint64_t owed = insert->sent - insert->returned;
	size_t frames;
	int taken;

	insert->box_bytes += bytes;
	frames = insert->box_bytes / frame;
	if (frames > owed) {
		drop_box(insert, (size_t)owed * frame,
		    (frames - (size_t)owed) * frame);
		frames = (size_t)owed;
	}
	if (frames == 0) {
		return 0;
	}
	taken = take_frames(insert, (uint32_t)frames);
	if (taken < 0) {
		return taken;
	}
	drop_box(insert, 0, (size_t)taken * frame);
	return 0;
}

/* --- audio ------------------------------------------------------------- */

void
insert_chain_add(struct insert_chain *chain, struct insert *insert)
{
	insert->next = chain->first;
	chain->first = insert;
	/* In the midst of sound it fades from now to then. */
	insert->fresh = chain->sounding;
}

/* What came back for that place; false if it isn't there, or was late. */
static bool
take_wet(struct insert *insert, uint64_t at, int64_t frame[2])
{
	const uint8_t *span;
	struct wet wet;

	while (ring_read_span(&insert->back, &span) >= sizeof(wet)) {
		memcpy(&wet, span, sizeof(wet));
		if (wet.at > at) {
			return false;
		}
		ring_consumed(&insert->back, sizeof(wet));
		if (wet.at == at) {
			frame[0] = wet.frame[0];
			frame[1] = wet.frame[1];
			return true;
		}
	}
	return false;
}

/* Puts a frame in and takes the oldest one out; true if that was bypassed. */
static bool
pass_frame(struct insert *insert, uint64_t at, int64_t frame[2])
{
	struct dry *line = &insert->line[insert->line_at];
	struct dry oldest = *line;
	bool bypassed =
	    oldest.at != NOWHERE && !take_wet(insert, oldest.at, oldest.frame);

	*line = (struct dry){ at, { frame[0], frame[1] } };
	insert->line_at = (insert->line_at + 1) % insert->delay;
	frame[0] = oldest.frame[0];
	frame[1] = oldest.frame[1];
	return bypassed;
}

/*
 * In the midst of sound an insert's coming is a pause as long as its delay, and
 * its going a leap: both are cross-faded.  Returns how much of the sound goes
 * past it, of n parts.
 */
static uint32_t
part_past(const struct insert *insert, bool leaves, uint32_t i, uint32_t n)
{
	if (insert->fresh) {
		return n - i;
	}
	return leaves ? i : 0;
}

static void
pass_period(struct insert *insert, uint32_t rate, int64_t *master, uint32_t n,
    bool send, bool leaves)
{
	uint32_t bypassed = 0;

	for (uint32_t i = 0; i < n; i++, master += 2) {
		int64_t part = part_past(insert, leaves, i, n);
		int64_t past[2] = { master[0] * part / n,
			master[1] * part / n };
		uint64_t at = send ? tap_head(&insert->send) : NOWHERE;

		master[0] -= past[0];
		master[1] -= past[1];
		if (send) {
			tap_write(&insert->send, rate, master, 1);
		}
		bypassed += pass_frame(insert, at, master);
		master[0] += past[0] - master[0] * part / n;
		master[1] += past[1] - master[1] * part / n;
	}
	if (bypassed > 0) {
		atomic_fetch_add_explicit(&insert->bypassed, bypassed,
		    memory_order_relaxed);
	}
}

static bool
is_ringing(const struct insert *insert)
{
	return insert->silence < insert->delay;
}

/* An insert whose client has gone leaves when that takes nothing away. */
static bool
is_leaving(struct insert *insert, uint32_t rate, uint32_t n)
{
	if (!is_closed(insert)) {
		return false;
	}
	insert->stayed += n;
	return !is_ringing(insert) ||
	       insert->stayed > (uint64_t)rate * INSERT_STAY_MS / 1000;
}

bool
insert_chain_run(struct insert_chain *chain, uint32_t rate, int64_t *master,
    uint32_t n, bool sound, bool send)
{
	struct insert **at = &chain->first;

	while (*at != NULL) {
		struct insert *insert = *at;
		bool leaves = is_leaving(insert, rate, n);
		bool ringing = is_ringing(insert);

		if (ringing || (sound && !leaves)) {
			pass_period(insert, rate, master, n,
			    sound && send && !is_closed(insert), leaves);
		}
		insert->fresh = false;
		insert->silence = sound ? 0 : insert->silence + n;
		if (leaves) {
			*at = insert->next;
			insert->next = chain->leaving;
			chain->leaving = insert;
		} else {
			at = &insert->next;
		}
		sound |= ringing;
	}
	chain->sounding = sound;
	return sound;
}

bool
insert_chain_is_ringing(const struct insert_chain *chain)
{
	const struct insert *insert = chain->first;

	while (insert != NULL && !is_ringing(insert)) {
		insert = insert->next;
	}
	return insert != NULL;
}

uint32_t
insert_chain_delay(const struct insert_chain *chain)
{
	uint32_t frames = 0;

	for (const struct insert *i = chain->first; i != NULL; i = i->next) {
		frames += i->delay;
	}
	return frames;
}

struct insert *
insert_chain_left(struct insert_chain *chain)
{
	struct insert *insert = chain->leaving;

	if (insert != NULL) {
		chain->leaving = insert->next;
	}
	return insert;
}

void
insert_chain_finish(struct insert_chain *chain)
{
	struct insert **lists[2] = { &chain->first, &chain->leaving };
	struct insert *insert;

	for (int i = 0; i < 2; i++) {
		while ((insert = *lists[i]) != NULL) {
			*lists[i] = insert->next;
			insert_destroy(insert);
		}
	}
}
