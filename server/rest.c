#include "server/rest.h"

void
rest_init(struct rest *rest, uint32_t sleep_ms, uint64_t now)
{
	atomic_init(&rest->standby, false);
	atomic_init(&rest->sleep_ms, sleep_ms);
	atomic_init(&rest->suspended, false);
	atomic_init(&rest->sounded, now);
	atomic_init(&rest->resting, false);
}

bool
rest_is_resting(const struct rest *rest)
{
	return atomic_load_explicit(&rest->resting, memory_order_relaxed);
}

void
rest_set_sleep_ms(struct rest *rest, uint32_t ms)
{
	atomic_store_explicit(&rest->sleep_ms, ms, memory_order_relaxed);
}

uint32_t
rest_sleep_ms(const struct rest *rest)
{
	return atomic_load_explicit(&rest->sleep_ms, memory_order_relaxed);
}

uint64_t
rest_silent_ms(const struct rest *rest, uint64_t now)
{
	uint64_t sounded =
	    atomic_load_explicit(&rest->sounded, memory_order_relaxed);

	return now > sounded ? now - sounded : 0;
}

bool
rest_suspend(struct rest *rest, uint64_t now)
{
	if (rest_silent_ms(rest, now) == 0 || rest_is_resting(rest)) {
		return false;
	}
	return !atomic_exchange_explicit(&rest->suspended, true,
	    memory_order_relaxed);
}

void
rest_sounds(struct rest *rest, uint64_t until)
{
	atomic_store_explicit(&rest->sounded, until, memory_order_relaxed);
}

bool
rest_is_due(struct rest *rest, bool has_sound, uint64_t now)
{
	uint64_t silent_ms = rest_silent_ms(rest, now);
	uint32_t sleep_ms = rest_sleep_ms(rest);
	bool due;

	if (has_sound) {
		atomic_store_explicit(&rest->suspended, false,
		    memory_order_relaxed);
	}
	due = !has_sound && silent_ms > 0 &&
	      (atomic_load_explicit(&rest->suspended, memory_order_relaxed) ||
		  (sleep_ms > 0 && silent_ms > sleep_ms));
	due |= atomic_load_explicit(&rest->standby, memory_order_relaxed);
	atomic_store_explicit(&rest->resting, due, memory_order_relaxed);
	return due;
}
