#include "server/reserve.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "server/clock.h"
#include "server/rivals.h"
#include "server/thread.h"

#define ORDERS_MAX 64 /* takes that wait, those that nobody waits for too */

enum state {
	STATE_FREE, /* not ours */
	STATE_OURS,
	STATE_ASKED, /* ours till it is closed; who asked waits for that */
	STATE_GIVEN  /* closed, and on its way to who asked */
};

struct slot {
	enum state state;
	unsigned users;		       /* takes without their drop */
	struct request *request;       /* STATE_ASKED: to be answered */
	uint64_t given_at;	       /* STATE_GIVEN: ms */
	char keeper[RIVALS_OWNER_MAX]; /* would refuse us, "": nobody */
};

struct answer {
	bool given;
	int error;
};

struct order {
	enum { ORDER_TAKE, ORDER_DROP } kind;
	unsigned card;
	struct answer *answer; /* NULL: nobody waits for it */
};

struct reserve {
	/* constant */
	struct reserve_settings settings;
	pthread_t thread;
	int wake_fd; /* eventfd: "look" */

	/* between the threads, under the lock */
	pthread_mutex_t lock;
	pthread_cond_t changed; /* an answer was given, or the thread ended */
	struct order orders[ORDERS_MAX]; /* takes */
	unsigned first, count;
	int drops[RIVALS_CARDS_MAX]; /* due; less the takes that found no room,
					whose drops are yet to come */
	struct order current;	     /* being carried out */
	bool ending, ended;

	/* its own thread */
	struct rivals *rivals;
	struct slot slots[RIVALS_CARDS_MAX];
};

/* --- what the others want ----------------------------------------------- */

/* Who has a card, and would not give it up, is not asked for it. */
static void
keep_in_mind(struct slot *slot, const char *owner)
{
	(void)snprintf(slot->keeper, sizeof(slot->keeper), "%s", owner);
}

static void
on_requested(void *arg, unsigned card, int32_t priority,
    struct request *request)
{
	struct reserve *reserve = arg;
	struct slot *slot = &reserve->slots[card];
	bool higher = priority > reserve->settings.priority;

	if (higher && slot->state == STATE_OURS) {
		slot->state = STATE_ASKED;
		slot->request = request;
		keep_in_mind(slot, rivals_sender(reserve->rivals, request));
		reserve->settings.asked(reserve->settings.arg, card,
		    rivals_pid(reserve->rivals, request));
	} else {
		rivals_answer(reserve->rivals, request,
		    higher && slot->state == STATE_GIVEN);
	}
}

static void
on_lost(void *arg, unsigned card, const char *owner)
{
	struct reserve *reserve = arg;
	struct slot *slot = &reserve->slots[card];

	keep_in_mind(slot, owner);
	if (slot->state == STATE_OURS) { /* nobody asked */
		slot->state = STATE_FREE;
		reserve->settings.asked(reserve->settings.arg, card, 0);
	} else if (slot->state == STATE_GIVEN) {
		slot->state = STATE_FREE;
	}
}

static void
on_moved(void *arg, unsigned card, bool free)
{
	struct reserve *reserve = arg;

	reserve->slots[card].keeper[0] = '\0';
	if (free) {
		reserve->settings.freed(reserve->settings.arg);
	}
}

/* What was reserved is used all the same. */
static void
on_gone(void *arg)
{
	struct reserve *reserve = arg;

	for (unsigned i = 0; i < RIVALS_CARDS_MAX; i++) {
		struct slot *slot = &reserve->slots[i];

		if (slot->request != NULL) {
			rivals_answer(reserve->rivals, slot->request, false);
			slot->request = NULL;
		}
		slot->state = STATE_FREE;
		slot->keeper[0] = '\0';
	}
}

/* --- orders ------------------------------------------------------------ */

static int
win(struct reserve *reserve, struct slot *slot)
{
	struct rivals *rivals = reserve->rivals;
	unsigned card = (unsigned)(slot - reserve->slots);
	char owner[RIVALS_OWNER_MAX];
	enum rivals_verdict verdict = rivals_claim(rivals, card, false);

	if (verdict == RIVALS_TAKEN) {
		if (!reserve->settings.asks ||
		    !rivals_owner(rivals, card, owner) ||
		    strcmp(owner, slot->keeper) == 0) {
			return -EBUSY;
		}
		if (!rivals_ask(rivals, card)) {
			keep_in_mind(slot, owner);
			return -EBUSY;
		}
		verdict = rivals_claim(rivals, card, true);
	}
	if (verdict == RIVALS_WON) {
		slot->state = STATE_OURS;
	}
	return verdict == RIVALS_TAKEN ? -EBUSY : 0;
}

static int
take(struct reserve *reserve, struct slot *slot)
{
	slot->users++;
	if (!rivals_reach(reserve->rivals) || slot->state == STATE_OURS) {
		return 0;
	}
	return slot->state == STATE_FREE ? win(reserve, slot) : -EBUSY;
}

static void
give_back(struct reserve *reserve, struct slot *slot)
{
	slot->state = STATE_FREE;
	rivals_release(reserve->rivals, (unsigned)(slot - reserve->slots));
}

static void
drop(struct reserve *reserve, struct slot *slot)
{
	if (slot->users == 0 || --slot->users > 0) {
		return;
	}
	if (slot->state == STATE_OURS) {
		give_back(reserve, slot);
	} else if (slot->state == STATE_ASKED) {
		rivals_answer(reserve->rivals, slot->request, true);
		slot->request = NULL;
		slot->state = STATE_GIVEN;
		slot->given_at = clock_ms();
	}
}

static bool
next_take(struct reserve *reserve)
{
	if (reserve->count == 0) {
		return false;
	}
	reserve->current = reserve->orders[reserve->first];
	reserve->first = (reserve->first + 1) % ORDERS_MAX;
	reserve->count--;
	return true;
}

static bool
next_drop(struct reserve *reserve)
{
	for (unsigned card = 0; card < RIVALS_CARDS_MAX; card++) {
		if (reserve->drops[card] > 0) {
			reserve->drops[card]--;
			reserve->current =
			    (struct order){ ORDER_DROP, card, NULL };
			return true;
		}
	}
	return false;
}

/*
 * False: there is none.  Takes first, so that no drop comes before its own:
 * only the number of takes without a drop counts.
 */
static bool
next_order(struct reserve *reserve)
{
	bool found;

	(void)pthread_mutex_lock(&reserve->lock);
	found = next_take(reserve) || next_drop(reserve);
	(void)pthread_mutex_unlock(&reserve->lock);
	return found;
}

static void
give_answer(struct reserve *reserve, int error)
{
	(void)pthread_mutex_lock(&reserve->lock);
	if (reserve->current.answer != NULL) {
		reserve->current.answer->given = true;
		reserve->current.answer->error = error;
		reserve->current.answer = NULL;
		(void)pthread_cond_broadcast(&reserve->changed);
	}
	(void)pthread_mutex_unlock(&reserve->lock);
}

static void
carry_out(struct reserve *reserve)
{
	struct slot *slot = &reserve->slots[reserve->current.card];

	if (reserve->current.kind == ORDER_TAKE) {
		int error = take(reserve, slot);

		reserve->settings.kept(reserve->settings.arg,
		    error < 0 ? rivals_owner_pid(reserve->rivals,
				    reserve->current.card)
			      : 0);
		give_answer(reserve, error);
	} else {
		drop(reserve, slot);
	}
}

/* Who asked and then did not take the card leaves it to others. */
static int
tend_given(struct reserve *reserve)
{
	uint64_t now = clock_ms();
	int timeout = -1;

	for (unsigned i = 0; i < RIVALS_CARDS_MAX; i++) {
		struct slot *slot = &reserve->slots[i];
		uint64_t due = slot->given_at + RESERVE_TAKEN_MS;

		if (slot->state != STATE_GIVEN) {
			continue;
		}
		if (now >= due) {
			give_back(reserve, slot);
			reserve->settings.freed(reserve->settings.arg);
		} else if (timeout < 0 || due - now < (uint64_t)timeout) {
			timeout = (int)(due - now);
		}
	}
	return timeout;
}

static void
wait_for_work(struct reserve *reserve, int timeout)
{
	struct pollfd fds[2] = {
		{ .fd = reserve->wake_fd, .events = POLLIN },
		{ .fd = rivals_fd(reserve->rivals), .events = POLLIN },
	};
	uint64_t look;

	if (poll(fds, 2, timeout) > 0 && (fds[0].revents & POLLIN) != 0) {
		(void)!read(reserve->wake_fd, &look, sizeof(look));
	}
}

static bool
is_ending(struct reserve *reserve)
{
	bool ending;

	(void)pthread_mutex_lock(&reserve->lock);
	ending = reserve->ending;
	(void)pthread_mutex_unlock(&reserve->lock);
	return ending;
}

static void *
reserve_main(void *arg)
{
	struct reserve *reserve = arg;

	while (!is_ending(reserve)) {
		wait_for_work(reserve, tend_given(reserve));
		while (next_order(reserve)) {
			carry_out(reserve);
		}
		rivals_dispatch(reserve->rivals);
	}
	rivals_destroy(reserve->rivals);
	(void)pthread_mutex_lock(&reserve->lock);
	reserve->ended = true;
	(void)pthread_cond_broadcast(&reserve->changed);
	(void)pthread_mutex_unlock(&reserve->lock);
	return NULL;
}

/* --- those who order --------------------------------------------------- */

static void
wake(struct reserve *reserve)
{
	uint64_t one = 1;

	(void)!write(reserve->wake_fd, &one, sizeof(one));
}

static struct timespec
after_ms(uint32_t ms)
{
	struct timespec at;

	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

/* Under the lock; false: so many wait that the thread must hang. */
static bool
put_take(struct reserve *reserve, const struct order *order)
{
	unsigned at = (reserve->first + reserve->count) % ORDERS_MAX;

	if (reserve->count == ORDERS_MAX) {
		return false;
	}
	reserve->orders[at] = *order;
	reserve->count++;
	wake(reserve);
	return true;
}

/* Under the lock: nobody waits for that answer any more. */
static void
abandon(struct reserve *reserve, const struct answer *answer)
{
	if (reserve->current.answer == answer) {
		reserve->current.answer = NULL;
	}
	for (unsigned i = 0; i < ORDERS_MAX; i++) {
		if (reserve->orders[i].answer == answer) {
			reserve->orders[i].answer = NULL;
		}
	}
}

int
reserve_take(struct reserve *reserve, unsigned card)
{
	struct timespec deadline = after_ms(RESERVE_PATIENCE_MS);
	struct answer answer = { .given = false };
	struct order order = { ORDER_TAKE, card, &answer };

	if (card >= RIVALS_CARDS_MAX) {
		return 0;
	}
	(void)pthread_mutex_lock(&reserve->lock);
	if (put_take(reserve, &order)) {
		while (
		    !answer.given && pthread_cond_timedwait(&reserve->changed,
					 &reserve->lock, &deadline) == 0) {
			continue;
		}
		abandon(reserve, &answer);
	} else {
		reserve->drops[card]--;
	}
	(void)pthread_mutex_unlock(&reserve->lock);
	return answer.given ? answer.error : 0;
}

void
reserve_drop(struct reserve *reserve, unsigned card)
{
	if (card >= RIVALS_CARDS_MAX) {
		return;
	}
	(void)pthread_mutex_lock(&reserve->lock);
	reserve->drops[card]++;
	wake(reserve);
	(void)pthread_mutex_unlock(&reserve->lock);
}

static void
free_reserve(struct reserve *reserve)
{
	if (reserve->wake_fd >= 0) {
		(void)close(reserve->wake_fd);
	}
	free(reserve);
}

static int
start(struct reserve *reserve)
{
	const struct rivals_settings settings = {
		.priority = reserve->settings.priority,
		.requested = on_requested,
		.lost = on_lost,
		.moved = on_moved,
		.gone = on_gone,
		.arg = reserve,
	};
	pthread_condattr_t monotonic;
	int error = rivals_create(&settings, &reserve->rivals);

	if (error < 0) {
		return error;
	}
	reserve->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (reserve->wake_fd < 0) {
		return -errno;
	}
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&reserve->changed, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	(void)pthread_mutex_init(&reserve->lock, NULL);
	return thread_start(&reserve->thread, reserve_main, reserve);
}

int
reserve_create(const struct reserve_settings *settings,
    struct reserve **created)
{
	struct reserve *reserve = calloc(1, sizeof(*reserve));
	int error;

	if (reserve == NULL) {
		return -ENOMEM;
	}
	reserve->settings = *settings;
	reserve->wake_fd = -1;
	error = start(reserve);
	if (error < 0) {
		rivals_destroy(reserve->rivals);
		free_reserve(reserve);
		return error;
	}
	*created = reserve;
	return 0;
}

void
reserve_destroy(struct reserve *reserve)
{
	struct timespec deadline = after_ms(RESERVE_PATIENCE_MS);
	bool ended;

	if (reserve == NULL) {
		return;
	}
	(void)pthread_mutex_lock(&reserve->lock);
	reserve->ending = true;
	wake(reserve);
	while (!reserve->ended && pthread_cond_timedwait(&reserve->changed,
				      &reserve->lock, &deadline) == 0) {
		continue;
	}
	ended = reserve->ended;
	(void)pthread_mutex_unlock(&reserve->lock);
	if (!ended) {
		(void)pthread_detach(reserve->thread);
		return; /* a hanging bus: what the thread looks at stays */
	}
	(void)pthread_join(reserve->thread, NULL);
	free_reserve(reserve);
}
