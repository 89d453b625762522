/*
 * A filter client in the master's way: each period is sent to it, and what it
 * sends back takes the period's place, a constant time later.
 *
 * What it has not sent back by then is played as it was, unfiltered; what comes
 * after that is too late and dropped.  Nobody ever waits for a filter.
 *
 * The control thread makes an insert, lends it to the audio thread
 * (mixer_insert), and says when the client has gone (insert_close).  It stays,
 * unfiltered, until it holds no more sound; then it is control's to free.
 */
#ifndef INSERT_H
#define INSERT_H

#include <stdbool.h>

#include "server/sound.h"

/*
 * How much later the sound is.  An old filter takes 8192 bytes (46 ms) at a
 * time, and some periods pass on the way to it and back.
 */
#define INSERT_DELAY_MS	     150
#define INSERT_DELAY_PERIODS 4	   /* at least, where these are longer */
#define INSERT_STAY_MS	     10000 /* in sound whose client has gone */

struct insert;

/* --- control ----------------------------------------------------------- */

/*
 * Made for the master's present rate and period; begins when it is lent.
 * 0 or -ENOMEM.
 */
int insert_create(const struct sound *sound, uint32_t rate, uint32_t period_ms,
    const struct kernel *kernel, struct insert **created);

/* One that was never lent, or came back. */
void insert_destroy(struct insert *insert); /* NULL is fine */

/* The client has gone; the insert is the mixer's alone. */
void insert_close(struct insert *insert);

uint32_t insert_delay(const struct insert *insert); /* master frames */

/* Frames that should have been filtered in time and were not. */
uint64_t insert_bypassed(const struct insert *insert);

/* What the client is to filter, like recorder_pull(). */
int insert_pull(struct insert *insert, uint8_t *out, size_t max);

/* Where the client's next bytes go; there is always room. */
size_t insert_space(struct insert *insert, uint8_t **span);

/*
 * `bytes` of that span were filled.  Each frame replaces one that was sent, in
 * order; more than was sent is dropped.
 * 0, or -ENOMEM: the master's rate changed and no filter could be made for it.
 */
int insert_got(struct insert *insert, size_t bytes);

/* Frees all inserts of a chain that no thread runs any more. */
struct insert_chain;
void insert_chain_finish(struct insert_chain *chain);

/* --- audio ------------------------------------------------------------- */

/* All inserts, newest first: the next hears what this one made of it. */
struct insert_chain {
	struct insert *first;
	struct insert *leaving; /* empty, to be given back */
	bool sounding;		/* something played in the last period */
};

void insert_chain_add(struct insert_chain *chain, struct insert *insert);

/*
 * Replaces a period: n frames of the master's scale.
 *   sound  something plays
 *   send   tell the clients
 * True while sound is on its way through.
 */
bool insert_chain_run(struct insert_chain *chain, uint32_t rate,
    int64_t *master, uint32_t n, bool sound, bool send);

bool insert_chain_is_ringing(const struct insert_chain *chain);
uint32_t insert_chain_delay(const struct insert_chain *chain); /* frames */

/* The next one that has left, or NULL. */
struct insert *insert_chain_left(struct insert_chain *chain);

#endif
