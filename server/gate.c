#include "server/gate.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "server/device/device.h"
#include "server/holder.h"
#include "server/reserve.h"

static void
on_asked(void *arg, unsigned card, int pid)
{
	struct gate *gate = arg;

	atomic_store_explicit(&gate->rival, pid, memory_order_relaxed);
	for (int way = 0; way < GATE_WAYS; way++) {
		(void)atomic_fetch_or_explicit(&gate->asked[way],
		    UINT32_C(1) << card, memory_order_relaxed);
	}
}

static void
on_kept(void *arg, int pid)
{
	struct gate *gate = arg;

	atomic_store_explicit(&gate->keeper, pid, memory_order_relaxed);
}

static void
on_freed(void *arg)
{
	struct gate *gate = arg;

	atomic_store_explicit(&gate->freed, true, memory_order_relaxed);
}

int
gate_open(struct gate *gate, int32_t priority, bool asks)
{
	const struct reserve_settings settings = {
		.priority = priority,
		.asks = asks,
		.asked = on_asked,
		.kept = on_kept,
		.freed = on_freed,
		.arg = gate,
	};

	return reserve_create(&settings, &gate->reserve);
}

void
gate_join(struct gate *gate)
{
	if (gate != NULL) {
		(void)atomic_fetch_add_explicit(&gate->users, 1,
		    memory_order_relaxed);
	}
}

void
gate_part(struct gate *gate)
{
	if (gate != NULL) { /* release: it is through with the reservation */
		(void)atomic_fetch_sub_explicit(&gate->users, 1,
		    memory_order_release);
	}
}

void
gate_close(struct gate *gate)
{
	if (atomic_load_explicit(&gate->users, memory_order_acquire) > 0) {
		return; /* it hangs in a device, and may come back */
	}
	reserve_destroy(gate->reserve);
	gate->reserve = NULL;
}

int
gate_enter(struct gate *gate, const char *name)
{
	const struct device_kind *kind = device_kind_of(name);
	int card;

	if (gate == NULL || gate->reserve == NULL || kind->card == NULL) {
		return -1;
	}
	card = kind->card(name);
	if (card < 0 || card >= RESERVE_CARDS_MAX) {
		return -1;
	}
	if (reserve_take(gate->reserve, (unsigned)card) < 0) {
		reserve_drop(gate->reserve, (unsigned)card);
		return -EBUSY;
	}
	return card;
}

void
gate_leave(struct gate *gate, int card)
{
	if (card >= 0) {
		reserve_drop(gate->reserve, (unsigned)card);
	}
}

uint32_t
gate_asked(struct gate *gate, enum gate_way way)
{
	if (gate == NULL || atomic_load_explicit(&gate->asked[way],
				memory_order_relaxed) == 0) {
		return 0;
	}
	return atomic_exchange_explicit(&gate->asked[way], 0,
	    memory_order_relaxed);
}

bool
gate_is_freed(struct gate *gate)
{
	return gate != NULL &&
	       atomic_load_explicit(&gate->freed, memory_order_relaxed) &&
	       atomic_exchange_explicit(&gate->freed, false,
		   memory_order_relaxed);
}

int
gate_keeper(const struct gate *gate)
{
	return atomic_load_explicit(&gate->keeper, memory_order_relaxed);
}

void
gate_print_rival(struct gate *gate, char text[GATE_TEXT_MAX])
{
	struct holders rival;
	char who[HOLDER_TEXT_MAX];

	holder_of(&rival, "/proc",
	    atomic_load_explicit(&gate->rival, memory_order_relaxed));
	holder_print(&rival, who);
	(void)snprintf(text, GATE_TEXT_MAX, "%s",
	    rival.count == 0 ? "another program" : who);
}
