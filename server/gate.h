/*
 * Between those that open cards and other sound servers: a card is opened when
 * it is reserved, and closed when somebody asks for it.  Without D-Bus it is
 * always open to all.
 */
#ifndef GATE_H
#define GATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define GATE_TEXT_MAX 640 /* bytes, NUL included */

enum gate_way { GATE_PLAY, GATE_CAPTURE, GATE_WAYS };

struct reserve;

struct gate {
	/* constant */
	struct reserve *reserve; /* NULL: nobody to be reckoned with */

	/* atomic: the reservation's thread sets, audio clears; each stands for
	 * itself alone, so all accesses are relaxed */
	_Atomic uint32_t asked[GATE_WAYS]; /* a bit a card, from the lowest */
	atomic_bool freed;

	/* atomic: those that may still come; till then it stays open */
	atomic_uint users;

	/* atomic: the reservation's thread writes, control reads; likewise */
	atomic_int rival;  /* process that asked last; 0: not known */
	atomic_int keeper; /* ... that keeps the card last wanted, likewise */
};

/*
 * Joins those who reserve cards; 0; -ENOENT: there is no bus; else -errno.
 * Either way the gate may be used.  As of struct reserve_settings:
 * Thread: control.
 */
int gate_open(struct gate *gate, int32_t priority, bool asks);

/*
 * Those who go through it join it first, and part with it when they will not
 * come any more.  Thread: any; gate may be NULL.
 */
void gate_join(struct gate *gate);
void gate_part(struct gate *gate);

/* Where somebody has not parted with it, it stays open.  Thread: control. */
void gate_close(struct gate *gate);

/*
 * Before and after a device of that name is open.  The card that it stands
 * for, to be left later; -1: there is nothing to leave; -EBUSY: it is not to
 * be had.
 * Thread: any that may wait; gate may be NULL.
 */
int gate_enter(struct gate *gate, const char *name);
void gate_leave(struct gate *gate, int card);

/* The bits of cards to be closed, told once.  Thread: audio; likewise NULL. */
uint32_t gate_asked(struct gate *gate, enum gate_way way);

/* Somebody has let go of a card; told once.  Thread: audio; likewise NULL. */
bool gate_is_freed(struct gate *gate);

/* The process that keeps the card last wanted; 0: none.  Thread: control. */
int gate_keeper(const struct gate *gate);

/* Who asked last, in words: "jackd (pid 4711)".  Thread: control. */
void gate_print_rival(struct gate *gate, char text[GATE_TEXT_MAX]);

#endif
