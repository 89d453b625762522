#include "compat-tools/position.h"

#define SECOND INT64_C(1000000) /* us */
#define AHEAD  (POSITION_AHEAD_MS * (SECOND / 1000))

uint64_t
position_frames(const struct position *position, int64_t us)
{
	return us <= 0 ? 0 : (uint64_t)us * position->rate / (uint64_t)SECOND;
}

int64_t
position_us(const struct position *position, uint64_t frames)
{
	return (int64_t)(frames * (uint64_t)SECOND / position->rate);
}

void
position_start(struct position *position, uint32_t rate, bool tracked,
    uint32_t lag)
{
	*position =
	    (struct position){ .rate = rate, .tracked = tracked, .lag = lag };
}

/*
 * The mixer takes a period at once, where the clock goes on evenly: that the
 * last frame has been taken is known from a record alone.
 */
static uint64_t
most_mixed(const struct position *position)
{
	return position->tracked && position->mixed < position->sent
		   ? position->sent - 1
		   : position->sent;
}

uint64_t
position_mixed(struct position *position, int64_t now)
{
	uint64_t mixed = position->mixed;

	if (position->running && !position->held) {
		int64_t passed = now - position->mixed_at;

		if (position->tracked && passed > AHEAD) {
			passed = AHEAD;
		}
		mixed += position_frames(position, passed);
	}
	if (mixed > most_mixed(position)) {
		mixed = most_mixed(position);
	}
	if (mixed > position->mixed_told) {
		position->mixed_told = mixed;
	}
	return position->mixed_told;
}

/* What is mixed is not heard before, nor are frames that were not sent. */
uint64_t
position_heard(struct position *position, int64_t now)
{
	uint64_t mixed = position_mixed(position, now);
	int64_t heard = position->heard;

	if (position->audible) {
		heard += (int64_t)position_frames(position,
		    now - position->heard_at);
	}
	if (heard > (int64_t)mixed) {
		heard = (int64_t)mixed;
	}
	if (heard > (int64_t)position->heard_told) {
		position->heard_told = (uint64_t)heard;
	}
	return position->heard_told;
}

/*
 * The first after a pause: the clock of an untracked stream starts anew; of a
 * tracked one nothing is known until the next record.
 */
static void
begin(struct position *position, int64_t now)
{
	position->mixed = position->sent;
	position->mixed_at = now;
	position->running = !position->tracked;
	if (!position->tracked) {
		position->heard = (int64_t)position->sent - position->lag;
		position->heard_at = now;
		position->audible = true;
	}
}

void
position_sent(struct position *position, uint64_t frames, int64_t now)
{
	if (frames > 0 && position_mixed(position, now) == position->sent) {
		begin(position, now);
	}
	position->sent += frames;
}

void
position_record(struct position *position, uint64_t mixed, uint32_t delay,
    int64_t stamp)
{
	position->mixed = mixed;
	position->mixed_at = stamp;
	position->running = true;
	position->heard = (int64_t)mixed - delay;
	position->heard_at = stamp;
	position->audible = true;
}

void
position_hold(struct position *position, bool held)
{
	position->held = held;
	position->running = false;
}

void
position_turn(struct position *position, bool tracked, uint32_t lag,
    int64_t now)
{
	uint64_t mixed = position_mixed(position, now);

	position->mixed = tracked ? position->sent : mixed;
	position->mixed_at = now;
	position->running = !tracked;
	position->tracked = tracked;
	position->lag = lag;
	position->heard = (int64_t)position->mixed - lag;
	position->heard_at = now;
	position->audible = true;
}
