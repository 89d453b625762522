/*
 * Which device to try, and when to try again.  No thread, no clock, no device:
 * times are handed in, in ms.
 */
#ifndef DEVICES_H
#define DEVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "server/device/device.h"

#define DEVICES_MAX 8 /* names in a chain */

#define DEVICES_RETRY_FIRST 100	 /* ms */
#define DEVICES_RETRY_LAST  1600 /* ms, the longest wait between two tries */

/* The same for those that are preferred to one that is open. */
#define DEVICES_PREFER_FIRST 1000
#define DEVICES_PREFER_LAST  16000

struct devices {
	char names[DEVICES_MAX][DEVICE_NAME_MAX];
	unsigned count;
	unsigned next;	   /* index to try next */
	uint32_t wait_ms;  /* before the next round */
	uint64_t retry_at; /* when that round begins, ms */

	/* The same of rounds through those before the one that is open. */
	unsigned better_next;
	uint32_t better_wait_ms;
	uint64_t better_at; /* 0: to be reckoned from the next question on */
};

/*
 * Splits "hw:0,0,default,file:/x.wav" into its names.  A comma separates two
 * names unless what follows is a number or KEY=VALUE, which belong to the
 * name before ("hw:0,0", "hw:CARD=PCH,DEV=0").
 * Returns 0; -E2BIG: too many names or one too long; -EINVAL: an empty name.
 */
int devices_parse(struct devices *devices, const char *chain);

/*
 * The index of the device to try now, or -1 when it isn't time yet.
 * Each call moves on to the next name; after the last the round ends and the
 * next begins wait_ms later, doubling.
 */
int devices_try(struct devices *devices, uint64_t now);

/*
 * The index of a device before `open`, which plays, to try now; -1: not yet.
 * Waits before each round, at first DEVICES_PREFER_FIRST, then doubling.
 */
int devices_try_better(struct devices *devices, unsigned open, uint64_t now);

/* One has come, or been let go of: such a round begins now. */
void devices_hint(struct devices *devices, uint64_t now);

/*
 * The open one takes sound: where it is the first, the next that plays in its
 * place is left after the shortest wait again.  One that opens and then takes
 * nothing is so returned to more and more rarely.
 */
void devices_proven(struct devices *devices, unsigned index);

/* One was lost, or has come: begin a round now, then back off. */
void devices_lost(struct devices *devices, uint64_t now);

#endif
