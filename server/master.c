#include "server/master.h"

#include "server/stream.h"

void
master_init(struct master *master)
{
	master->gain_now[0] = GAIN_UNITY;
	master->gain_now[1] = GAIN_UNITY;
	master_set_volume(master, ESD_VOLUME_BASE, ESD_VOLUME_BASE);
}

void
master_set_volume(struct master *master, int32_t left, int32_t right)
{
	/* Relaxed: a gain stands for nothing but itself. */
	atomic_store_explicit(&master->gain[0], (uint32_t)stream_gain(left),
	    memory_order_relaxed);
	atomic_store_explicit(&master->gain[1], (uint32_t)stream_gain(right),
	    memory_order_relaxed);
}

struct peak
master_take_peak(struct master *master)
{
	struct peak peak;

	/* Relaxed, here and below: a meter stands for nothing but itself. */
	peak.left =
	    atomic_exchange_explicit(&master->peak[0], 0, memory_order_relaxed);
	peak.right =
	    atomic_exchange_explicit(&master->peak[1], 0, memory_order_relaxed);
	return peak;
}

void
master_raise_peak(struct master *master, struct peak peak)
{
	uint32_t value[2] = { peak.left, peak.right };

	for (int side = 0; side < 2; side++) {
		if (value[side] > atomic_load_explicit(&master->peak[side],
				      memory_order_relaxed)) {
			atomic_store_explicit(&master->peak[side], value[side],
			    memory_order_relaxed);
		}
	}
}

void
master_fade_out(struct master *master, uint32_t periods)
{
	master->stopping = true;
	master->fade = periods;
}

void
master_ramp(struct master *master, uint32_t n, bool sound, struct ramp gain[2])
{
	for (int side = 0; side < 2; side++) {
		gain_t now = master->gain_now[side];
		gain_t aim = (gain_t)atomic_load_explicit(&master->gain[side],
		    memory_order_relaxed);

		if (!master->sounding && !master->stopping) {
			now = aim; /* as a stream that begins */
		}
		if (master->stopping) {
			aim = master->fade == 0
				  ? 0
				  : now - now / (gain_t)master->fade;
		}
		gain[side] = ramp_make(now, aim, n);
		master->gain_now[side] = aim;
	}
	master->sounding = sound;
	if (master->fade > 0) {
		master->fade--;
	}
}
