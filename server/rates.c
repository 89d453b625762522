#include "server/rates.h"

#include <errno.h>
#include <stddef.h>

/* The slot of that rate, or a free one, or -ENOSPC. */
static int
find_slot(const struct rates *rates, uint32_t rate, uint32_t busy)
{
	int unused = -ENOSPC;

	for (unsigned i = 0; i < ENGINE_BUSES_MAX; i++) {
		if (rates->slots[i].rate == rate) {
			return (int)i;
		}
		if (rates->slots[i].streams == 0 && (busy & 1u << i) == 0 &&
		    (unused < 0 || rates->slots[i].rate == 0)) {
			unused = (int)i;
		}
	}
	return unused;
}

static struct bus *
make_bus(struct rates *rates, unsigned slot, uint32_t rate)
{
	struct bus *bus =
	    bus_create(rate, rates->master, ENGINE_PERIOD_MAX, rates->kernel);

	if (bus != NULL) {
		rates->slots[slot].rate = rate;
		rates->slots[slot].delay = bus_delay(bus);
	}
	return bus;
}

int
rates_take(struct rates *rates, uint32_t rate, uint32_t busy, struct bus **bus)
{
	int slot = find_slot(rates, rate, busy);

	*bus = NULL;
	if (slot < 0) {
		return slot;
	}
	if (rates->slots[slot].rate != rate) {
		*bus = make_bus(rates, (unsigned)slot, rate);
		if (*bus == NULL) {
			return -ENOMEM;
		}
	}
	rates->slots[slot].streams++;
	return slot;
}

void
rates_release(struct rates *rates, unsigned slot)
{
	rates->slots[slot].streams--;
}

const struct rate *
rates_next(const struct rates *rates, const struct rate *after)
{
	uint32_t floor = after == NULL ? 0 : after->rate;
	const struct rate *next = NULL;

	for (unsigned i = 0; i < ENGINE_BUSES_MAX; i++) {
		const struct rate *rate = &rates->slots[i];

		if (rate->streams > 0 && rate->rate > floor &&
		    (next == NULL || rate->rate < next->rate)) {
			next = rate;
		}
	}
	return next;
}

static struct engine *
make_engine(struct rates *rates)
{
	struct engine *engine = engine_create(rates->master);

	for (unsigned i = 0; engine != NULL && i < ENGINE_BUSES_MAX; i++) {
		struct bus *bus;

		if (rates->slots[i].streams == 0) {
			rates->slots[i].rate = 0;
			continue;
		}
		bus = make_bus(rates, i, rates->slots[i].rate);
		if (bus == NULL) {
			engine_destroy(engine);
			return NULL;
		}
		(void)engine_set_bus(engine, i, bus);
	}
	return engine;
}

struct engine *
rates_change(struct rates *rates, uint32_t master)
{
	struct rates before = *rates;
	struct engine *engine;

	rates->master = master;
	engine = make_engine(rates);
	if (engine == NULL) {
		*rates = before;
	}
	return engine;
}
