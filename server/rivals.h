/*
 * The other sound servers on the session's bus, as org.freedesktop.
 * ReserveDevice1 has them talk about cards: what we ask them, and what they
 * ask us.  Every question waits for its answer, RIVALS_REPLY_MS at most.
 * Thread: reserve.c's.
 */
#ifndef RIVALS_H
#define RIVALS_H

#include <stdbool.h>
#include <stdint.h>

#define RIVALS_CARDS_MAX 32   /* as RESERVE_CARDS_MAX */
#define RIVALS_REPLY_MS	 2000 /* for a peer or the bus to answer */
#define RIVALS_RETRY_MS	 5000 /* between two tries to reach the bus */
#define RIVALS_OWNER_MAX 256  /* bytes of a connection's name, NUL included */

struct rivals;
struct request; /* that we release a card; to be answered once */

struct rivals_settings {
	int32_t priority; /* INT32_MAX: no name of ours can be replaced */

	/* Somebody with that priority wants the card. */
	void (*requested)(void *arg, unsigned card, int32_t priority,
	    struct request *request);
	/* The card's name, which was ours, now is the owner's; "": nobody's. */
	void (*lost)(void *arg, unsigned card, const char *owner);
	/* It has gone from one of the others to another; free: to nobody. */
	void (*moved)(void *arg, unsigned card, bool free);
	/* The bus has gone, with all that was reserved or asked. */
	void (*gone)(void *arg);
	void *arg;
};

/* 0; -ENOENT: there is no bus; -ENOSYS: no library; -ENOMEM. */
int rivals_create(const struct rivals_settings *settings,
    struct rivals **created);
void rivals_destroy(struct rivals *rivals); /* NULL is fine */

/* Is the bus there?  Goes there first, if that was not tried just now. */
bool rivals_reach(struct rivals *rivals);

enum rivals_verdict {
	RIVALS_WON,    /* the card's name is ours */
	RIVALS_TAKEN,  /* it is somebody else's */
	RIVALS_NO_WORD /* the bus would not say */
};

/* Asks for the card's name; replace: instead of an owner who agrees. */
enum rivals_verdict rivals_claim(struct rivals *rivals, unsigned card,
    bool replace);

/* Gives it back. */
void rivals_release(struct rivals *rivals, unsigned card);

/* Whose it is; false: nobody's. */
bool rivals_owner(struct rivals *rivals, unsigned card,
    char owner[RIVALS_OWNER_MAX]);

/* The owner's process; 0: not known. */
int rivals_owner_pid(struct rivals *rivals, unsigned card);

/* Asks the owner to give the card up; false: refused, or no answer. */
bool rivals_ask(struct rivals *rivals, unsigned card);

/* Answers, and frees the request. */
void rivals_answer(struct rivals *rivals, struct request *request, bool yes);

/* The connection that made the request; never NULL. */
const char *rivals_sender(struct rivals *rivals, const struct request *request);

/* The process that made the request; 0: not known. */
int rivals_pid(struct rivals *rivals, const struct request *request);

/* What to poll, for reading; -1: nothing.  Then: does what has come. */
int rivals_fd(struct rivals *rivals);
void rivals_dispatch(struct rivals *rivals);

#endif
