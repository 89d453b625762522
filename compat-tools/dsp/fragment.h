/*
 * Fragments: how OSS cuts a device's buffer.  Pure arithmetic.
 */
#ifndef DSP_FRAGMENT_H
#define DSP_FRAGMENT_H

#include <stdint.h>

#define FRAGMENT_LEAST	  16		/* bytes */
#define FRAGMENT_MOST	  (64u << 10)	/* bytes */
#define FRAGMENT_BUFFER	  (1024u << 10) /* bytes of all, at most */
#define FRAGMENT_MS	  25 /* at most, where nobody asks for more */
#define FRAGMENT_COUNT	  16 /* of them then */
#define FRAGMENT_NO_LIMIT 0x7fff

struct fragments {
	uint32_t asked;	 /* SETFRAGMENT's argument; 0: none */
	uint32_t divide; /* SUBDIVIDE's; 0: none */

	uint32_t size; /* bytes of one, a power of two */
	uint32_t count;
};

/*
 * Chooses size and count for sound of that many bytes a second.  What was
 * asked for is taken as far as the limits allow; a count of 0 or
 * FRAGMENT_NO_LIMIT: as many as make the usual time.
 */
void fragments_choose(struct fragments *fragments, uint64_t bytes_per_second);

static inline uint32_t
fragments_bytes(const struct fragments *fragments)
{
	return fragments->size * fragments->count;
}

#endif
