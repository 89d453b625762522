#include "compat-tools/dsp/fragment.h"

/* The greatest power of two that is not above `bytes`, within the limits. */
static uint32_t
power_below(uint64_t bytes)
{
	uint32_t size = FRAGMENT_LEAST;

	while (size < FRAGMENT_MOST && 2 * (uint64_t)size <= bytes) {
		size *= 2;
	}
	return size;
}

static uint32_t
clamp(uint64_t count, uint32_t size)
{
	uint32_t most = FRAGMENT_BUFFER / size;

	if (count < 2) {
		return 2;
	}
	return count < most ? (uint32_t)count : most;
}

void
fragments_choose(struct fragments *fragments, uint64_t bytes_per_second)
{
	uint32_t usual = power_below(bytes_per_second * FRAGMENT_MS / 1000);
	uint64_t all = (uint64_t)usual * FRAGMENT_COUNT;
	uint32_t power = fragments->asked & 0xffff;
	uint32_t count = fragments->asked >> 16;

	if (fragments->asked == 0) {
		fragments->size = usual;
		if (fragments->divide > 1) {
			fragments->size =
			    power_below(usual / fragments->divide);
		}
		count = 0;
	} else {
		fragments->size = power < 16 ? 1u << power : FRAGMENT_MOST;
		if (fragments->size < FRAGMENT_LEAST) {
			fragments->size = FRAGMENT_LEAST;
		}
	}
	if (count == 0 || count == FRAGMENT_NO_LIMIT) {
		fragments->count =
		    clamp(all / fragments->size, fragments->size);
	} else {
		fragments->count = clamp(count, fragments->size);
	}
}
