/*
 * What a meter shows of the peaks that it is told: it rises at once, stays as
 * long as a daemon with long periods may have nothing new to tell, and falls
 * slowly; the highest is held for a while.  Thread: any.
 */
#ifndef LEVEL_H
#define LEVEL_H

#include <stdint.h>

#define LEVEL_FLOOR   (-600) /* tenths of dB below full scale: silence */
#define LEVEL_STAY_MS 250
#define LEVEL_FALL    200 /* tenths of dB in a second */
#define LEVEL_HOLD_MS 1500

struct level {
	int now, hold; /* tenths of dB, LEVEL_FLOOR to a little above 0 */
	int peak;      /* from which it falls */
	int64_t at;    /* when it was told of that, ms */
	int64_t held;  /* when it was told of what it holds, ms */
};

/* Of a magnitude, 32768 being full scale. */
int level_of(int32_t peak);

void level_init(struct level *level, int64_t now);

/* The greatest magnitude since the last time; 0 or less: none. */
void level_take(struct level *level, int32_t peak, int64_t now);

#endif
