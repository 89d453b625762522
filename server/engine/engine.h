/*
 * One period at a time: streams into buses, buses into the master, the master
 * into the device's format.  No thread, clock or device in here.
 *
 *   engine_begin(); for each stream engine_add(); engine_finish();
 *   engine_format()
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>

#include "server/engine/bus.h"

#define ENGINE_BUSES_MAX    32	 /* different stream rates at once */
#define ENGINE_PERIOD_MAX   8192 /* frames */
#define ENGINE_CHANNELS_MAX 8
#define OUT_BYTES_MAX	    4 /* of one sample */

enum out_format {
	OUT_S16_LE,
	OUT_S16_BE,
	OUT_S24_3LE, /* three bytes */
	OUT_S24_3BE,
	OUT_S24_LE, /* low three bytes of four, sign-extended */
	OUT_S24_BE,
	OUT_S32_LE,
	OUT_S32_BE,
	OUT_U8, /* silence is 0x80 */
	OUT_FORMATS
};

/* Bytes of one sample of that format: 1 to 4. */
unsigned out_format_bytes(enum out_format format);

/* "S16_LE", as ALSA spells them; NULL where there is no such format. */
const char *out_format_name(enum out_format format);

struct engine;

/* Thread: control.  NULL where memory runs out. */
struct engine *engine_create(uint32_t rate);
void engine_destroy(struct engine *engine); /* and its buses; NULL is fine */

uint32_t engine_rate(const struct engine *engine); /* frames/s */

/*
 * Puts a bus into a slot (0 .. ENGINE_BUSES_MAX - 1) between two periods and
 * returns the one that was there, or NULL.  The caller frees what comes back.
 */
struct bus *engine_set_bus(struct engine *engine, unsigned slot,
    struct bus *bus);

/* One bit a slot: its bus is playing or ringing out. */
uint32_t engine_busy(const struct engine *engine);

/* Below, thread: audio. */

/* Begins a period of n frames, 1 .. ENGINE_PERIOD_MAX. */
void engine_begin(struct engine *engine, uint32_t n);

/* Frames this period takes from each stream on that slot's bus. */
uint32_t engine_frames(const struct engine *engine, unsigned slot);

/* bus_add() on that slot. */
void engine_add(struct engine *engine, unsigned slot, const struct pcm *in,
    const struct ramp gain[2], uint32_t at, uint32_t n, struct peak *peak);

/*
 * Sums the buses and applies the master volume, one ramp for each side over
 * the period's frames.
 */
void engine_finish(struct engine *engine, const struct ramp gain[2]);

/*
 * The finished period: n x 2 samples, fraction bits MASTER_BITS, not yet
 * saturated.  May be changed before engine_format().
 */
int64_t *engine_master(struct engine *engine);

/*
 * Saturates the finished period into the device's format.
 *   channels  1 (both sides summed at half) to ENGINE_CHANNELS_MAX (the front
 *             pair carries the sound, the others are silent)
 *   out       n x channels samples
 * Dithers where bits are dropped; a signal that has none there stays as it is.
 * Returns how many samples were clipped.
 */
uint32_t engine_format(struct engine *engine, enum out_format format,
    unsigned channels, void *out);

/* The finished period's greatest magnitude, in s16 steps, unclipped. */
struct peak engine_peak(const struct engine *engine);

#endif
