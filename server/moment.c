#include "server/moment.h"

#include <time.h>

static uint64_t
clock_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void
moment_begin(struct moment *moment)
{
	/* Acquire: nothing that follows is seen before the turn is odd. */
	atomic_fetch_add_explicit(&moment->turn, 1, memory_order_acq_rel);
}

bool
moment_end(struct moment *moment, uint32_t delay)
{
	/* Release, as all that is read between look and held: who sees one of
	 * these sees the odd turn, too. */
	atomic_store_explicit(&moment->delay, delay, memory_order_release);
	atomic_store_explicit(&moment->stamp, clock_us(), memory_order_release);
	atomic_fetch_add_explicit(&moment->turn, 1, memory_order_release);
	/* Relaxed: who comes too late for this one is woken for the next. */
	return atomic_load_explicit(&moment->wanted, memory_order_relaxed) > 0;
}

uint32_t
moment_delay(const struct moment *moment)
{
	return atomic_load_explicit(&moment->delay, memory_order_relaxed);
}

uint32_t
moment_look(const struct moment *moment, uint32_t *delay, uint64_t *stamp)
{
	/* Acquire: the rest is loaded after this, and before moment_held(). */
	uint32_t turn =
	    atomic_load_explicit(&moment->turn, memory_order_acquire);

	*delay = atomic_load_explicit(&moment->delay, memory_order_acquire);
	*stamp = atomic_load_explicit(&moment->stamp, memory_order_acquire);
	return turn;
}

bool
moment_held(const struct moment *moment, uint32_t turn)
{
	return turn % 2 == 0 && atomic_load_explicit(&moment->turn,
				    memory_order_relaxed) == turn;
}

void
moment_want(struct moment *moment)
{
	atomic_fetch_add_explicit(&moment->wanted, 1, memory_order_relaxed);
}

void
moment_unwant(struct moment *moment)
{
	atomic_fetch_sub_explicit(&moment->wanted, 1, memory_order_relaxed);
}
