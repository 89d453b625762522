/*
 * Who is to have a sound card, settled among sound servers by D-Bus: the name
 * org.freedesktop.ReserveDevice1.AudioN belongs to the one that uses card N,
 * which gives the card up to whoever asks with a higher priority.
 *
 * A thread of its own does the talking; nobody else ever waits for a peer
 * longer than RESERVE_PATIENCE_MS.
 */
#ifndef RESERVE_H
#define RESERVE_H

#include <stdbool.h>
#include <stdint.h>

#define RESERVE_CARDS_MAX   32	 /* numbers from there on are nobody's */
#define RESERVE_PATIENCE_MS 3000 /* then we go on as without a bus */
#define RESERVE_TAKEN_MS    5000 /* for who was given a card to take it */

struct reserve;

struct reserve_settings {
	int32_t priority; /* higher is given the card; INT32_MAX: never given */
	bool asks;	  /* those with a lower one to give theirs */

	/*
	 * Thread: its own.  The card is to be closed: all that was taken of it
	 * is to be dropped soon.
	 *   pid  the one who asked; 0: not known
	 */
	void (*asked)(void *arg, unsigned card, int pid);

	/*
	 * Thread: its own.  How the last take went.
	 *   pid  the one who keeps the card; 0: nobody, or not known
	 */
	void (*kept)(void *arg, int pid);

	/* Thread: its own.  Somebody has let go of a card. */
	void (*freed)(void *arg);
	void *arg;
};

/*
 * Starts the thread.  0; -ENOENT: there is no bus, and so nothing was loaded;
 * -ENOSYS: built without D-Bus, or its library is missing; else -errno.
 * Thread: control, like reserve_destroy().
 */
int reserve_create(const struct reserve_settings *settings,
    struct reserve **created);

/* Gives all names back.  NULL is fine. */
void reserve_destroy(struct reserve *reserve);

/*
 * Before a card is opened: 0: go on, it is reserved, or there is no bus that
 * answers; -EBUSY: somebody else has it and keeps it.  Either way
 * reserve_drop() follows, once the card is closed.
 * Thread: any that may wait; several at once.
 */
int reserve_take(struct reserve *reserve, unsigned card);
void reserve_drop(struct reserve *reserve, unsigned card);

#endif
