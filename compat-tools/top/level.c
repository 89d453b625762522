#include "compat-tools/top/level.h"

#include <math.h>

#define FULL_SCALE 32768.0

int
level_of(int32_t peak)
{
	long tenths;

	if (peak <= 0) {
		return LEVEL_FLOOR;
	}
	tenths = lround(200 * log10(peak / FULL_SCALE));
	return tenths < LEVEL_FLOOR ? LEVEL_FLOOR : (int)tenths;
}

void
level_init(struct level *level, int64_t now)
{
	*level =
	    (struct level){ LEVEL_FLOOR, LEVEL_FLOOR, LEVEL_FLOOR, now, now };
}

/* To where it has fallen since it was told of its peak. */
static int
fallen(const struct level *level, int64_t now)
{
	int64_t ms = now - level->at - LEVEL_STAY_MS;
	int64_t fall = ms > 0 ? ms * LEVEL_FALL / 1000 : 0;

	return level->peak - fall < LEVEL_FLOOR ? LEVEL_FLOOR
						: (int)(level->peak - fall);
}

void
level_take(struct level *level, int32_t peak, int64_t now)
{
	int heard = level_of(peak);

	level->now = fallen(level, now);
	if (heard >= level->now) {
		level->now = heard;
		level->peak = heard;
		level->at = now;
	}
	if (level->now >= level->hold || now - level->held >= LEVEL_HOLD_MS) {
		level->hold = level->now;
		level->held = now;
	}
}
