/*
 * output.c: what plays, told from what is reported, while two cards come, go,
 * and are asked for.  The cards are this test's, opened at once; its control
 * has an engine made for each rate that is reported, and sends it when told to.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "server/output.h"

#define PERIOD 480
#define BUFFER 1440
#define TURN   10 /* ms */

struct device {
	bool busy, open, mute; /* mute: takes its first buffer, and no more */
	int room;	       /* frames */
	uint32_t only;	       /* its only rate, 0: any */
	uint32_t asked_rate;   /* at the last opening */
};

static struct device cards[2], nothing = { .room = BUFFER };
static struct output output;
static uint64_t instant;
static int opening;	 /* index, -1: none */
static uint32_t asked;	 /* by others, a bit a card */
static uint32_t engine;	 /* the rate of the last one made */
static int told[8];	 /* events by kind */
static unsigned playing; /* the device of the last MIXER_OPENED */

/* --- devices ----------------------------------------------------------- */

static int
no_fds(struct device *device, struct pollfd *fds)
{
	return 0;
}

static int
room_of(struct device *device, struct pollfd *fds, int count)
{
	return device->room;
}

static int
take_frames(struct device *device, const void *frames, uint32_t n)
{
	if (device->mute) {
		device->room -= (int)n;
	}
	return 0;
}

static int
no_delay(struct device *device)
{
	return 0;
}

const struct device_kind device_null = { .prefix = "null",
	.fds = no_fds,
	.room = room_of,
	.write = take_frames,
	.delay = no_delay };
const struct device_kind device_file = { .prefix = "file:",
	.fds = no_fds,
	.room = room_of,
	.write = take_frames,
	.delay = no_delay };
const struct device_kind device_alsa = { .prefix = "",
	.fds = no_fds,
	.room = room_of,
	.write = take_frames,
	.delay = no_delay };

const struct device_kind *
device_kind_of(const char *name)
{
	return strcmp(name, "null") == 0       ? &device_null
	       : strncmp(name, "file", 4) == 0 ? &device_file
					       : &device_alsa;
}

int
sink_open(struct sink *sink, const char *name, const struct device_want *want)
{
	sink->kind = &device_null;
	sink->device = &nothing;
	sink->got = (struct device_got){ .rate = want->rate,
		.period = PERIOD,
		.buffer = BUFFER,
		.channels = 2 };
	return 0;
}

void
sink_close(struct sink *sink)
{
	sink->device = NULL;
}

bool
sink_is_on(const struct sink *sink, uint32_t which)
{
	return sink->device != NULL && (which & UINT32_C(1) << sink->card) != 0;
}

int
sink_write(struct sink *sink, void *frames, uint32_t n)
{
	return sink->kind->write(sink->device, frames, n);
}

/* --- the opener: card 0 is "a", card 1 "b" or a file ------------------- */

int
opener_create(struct gate *gate, void (*wake)(void *arg), void *arg,
    struct opener **created)
{
	*created = NULL;
	return 0;
}

void
opener_destroy(struct opener *opener)
{
}

void
opener_open(struct opener *opener, const char *name,
    const struct device_want *want, uint64_t now)
{
	opening = name[0] == 'a' ? 0 : 1;
	cards[opening].asked_rate = want->rate;
}

bool
opener_is_opening(const struct opener *opener)
{
	return opening >= 0;
}

bool
opener_take(struct opener *opener, struct sink *sink, int *error, uint64_t now)
{
	struct device *card = &cards[opening < 0 ? 0 : opening];

	if (opening < 0) {
		return false;
	}
	*sink = (struct sink){ .kind = device_kind_of(
				   output.devices.names[opening]) };
	*error = card->busy || card->open ? -EBUSY : 0;
	if (*error == 0) {
		card->open = true;
		card->room = BUFFER;
		sink->device = card;
		sink->card = opening;
		sink->got.rate = card->only > 0 ? card->only : card->asked_rate;
		sink->got.period = PERIOD;
		sink->got.buffer = BUFFER;
		sink->got.channels = 2;
	}
	opening = -1;
	return true;
}

void
opener_close(struct opener *opener, struct sink *sink)
{
	if (sink->device != NULL) {
		sink->device->open = false;
		sink->device = NULL;
	}
}

/* --- what else it looks at --------------------------------------------- */

uint32_t
gate_asked(struct gate *gate, enum gate_way way)
{
	uint32_t bits = asked;

	asked = 0;
	return bits;
}

bool
gate_is_freed(struct gate *gate)
{
	return false;
}

void
hotplug_open(struct hotplug *hotplug, const char *root)
{
}

void
hotplug_close(struct hotplug *hotplug)
{
}

bool
hotplug_happened(struct hotplug *hotplug)
{
	return false;
}

/* --- the turns --------------------------------------------------------- */

static void
report(void *arg, const struct mixer_event *event)
{
	told[event->kind]++;
	if (event->kind == MIXER_OPENED) {
		playing = event->device;
		engine = event->got.rate;
	}
}

/* As the audio thread does; the engine stays on its way. */
static void
turn(void)
{
	static uint8_t frames[PERIOD * 4];
	const struct sink *sink = output.now;
	uint32_t room;

	instant += TURN;
	room = output_room(&output, NULL, 0, instant);
	for (; room >= PERIOD && output.now == sink; room -= PERIOD) {
		output_write(&output, frames, PERIOD, instant);
	}
	output_tend(&output, instant);
}

static void
engine_comes(void)
{
	if (engine != output.rate) {
		output_set_rate(&output, engine, instant);
	}
}

static void
run(unsigned ms)
{
	for (uint64_t end = instant + ms; instant < end;) {
		turn();
		engine_comes();
	}
}

/* Card 0, which is preferred, is busy, and card 1 plays. */
static void
begin(const char *chain, uint32_t first, uint32_t second)
{
	const struct device_want want = { .rate = 48000,
		.period = PERIOD,
		.periods = 3 };
	struct devices devices;

	cards[0] = (struct device){ .only = first, .busy = true };
	cards[1] = (struct device){ .only = second };
	opening = -1;
	instant = 1000;
	cr_assert_eq(devices_parse(&devices, chain), 0);
	cr_assert_eq(
	    output_init(&output, &devices, &want, NULL, report, NULL, NULL), 0);
	output_begin(&output, instant);
	run(100);
	cr_assert(output.now == &output.card && output.device == 1);
}

/* Card 0 is free, and was opened; its engine is on its way. */
static void
open_next(void)
{
	cards[0].busy = false;
	for (int i = 0; i < 300 && output.next.device == NULL; i++) {
		turn();
	}
	cr_assert_not_null(output.next.device);
	cr_assert_eq(playing, 0);
}

static void
others_want(unsigned card)
{
	cards[card].busy = true;
	asked = UINT32_C(1) << card;
	output_tend(&output, instant);
}

static void
expect_playing(unsigned device)
{
	cr_expect_eq(playing, device, "%u was told last", playing);
	cr_expect(output.now == &output.card, "nothing plays");
	cr_expect_eq(output.device, device);
	cr_expect_eq(output.card.got.rate, output.rate, "%u Hz, the mix %u",
	    output.card.got.rate, output.rate);
	cr_expect_null(output.next.device);
	cr_expect_eq(output.leave_at, 0);
}

Test(output, goes_over_to_the_preferred)
{
	begin("a,b", 48000, 44100);
	open_next();
	run(1000);
	expect_playing(0);
	cr_expect(!cards[1].open);
}

Test(output, the_next_is_asked_for_while_the_card_is_being_left)
{
	begin("a,b", 48000, 44100);
	open_next();
	engine_comes();
	cr_assert_neq(output.leave_at, 0);
	others_want(0);
	cr_expect(!cards[0].open);
	cr_expect_eq(told[MIXER_YIELDED], 1);
	run(1000);
	expect_playing(1);
}

Test(output, the_next_is_asked_for_before_its_engine_comes)
{
	begin("a,b", 48000, 44100);
	open_next();
	others_want(0);
	output_set_rate(&output, 48000,
	    instant); /* the one that was on its way */
	run(1000);
	expect_playing(1);
}

Test(output, the_card_is_asked_for_before_the_engine_of_the_next_comes)
{
	begin("a,b", 48000, 44100);
	open_next();
	others_want(1);
	run(1000);
	expect_playing(0);
	cr_expect(!cards[1].open);
}

Test(output, both_are_asked_for)
{
	begin("a,b", 48000, 48000);
	open_next();
	others_want(0);
	others_want(1);
	run(1000);
	cr_expect(
	    output.now == &output.null && !cards[0].open && !cards[1].open);
	cards[1].busy = false;
	run(3000);
	expect_playing(1);
}

Test(output, one_that_takes_no_sound_is_returned_to_more_and_more_rarely)
{
	begin("a,b", 48000, 48000);
	cards[0].busy = false;
	cards[0].mute = true;
	run(60000);
	cr_expect_leq(told[MIXER_LOST], 6, "lost %d times", told[MIXER_LOST]);
	cr_expect_geq(told[MIXER_LOST], 4);
	cards[0].mute = false;
	run(40000);
	expect_playing(0);
}

Test(output, a_file_on_standby_lets_the_next_go)
{
	begin("a,file:b", 48000, 44100);
	open_next();
	engine_comes();
	output_release(&output, true, instant);
	cr_expect(!cards[0].open);
	run(3000);
	expect_playing(1);
	output_release(&output, false, instant);
	run(20000);
	expect_playing(0);
}

Test(output, every_card_is_asked_for_the_configured_rate)
{
	begin("a,b", 0, 44100);
	cr_assert_eq(output.rate, 44100);
	open_next();
	cr_expect_eq(cards[0].asked_rate, 48000);
	run(1000);
	expect_playing(0);
	cr_expect_eq(output.rate, 48000);
}
