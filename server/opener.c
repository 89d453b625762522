#include "server/opener.h"

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/ring.h"
#include "server/thread.h"

/* One open at a time, and the closing of what those before it gave. */
#define ORDERS_MAX 8
#define PATIENCE_S 2 /* at the end */
#define HANDS	   2 /* one device may hang */

struct order {
	enum { ORDER_OPEN, ORDER_LISTEN, ORDER_CLOSE, ORDER_END } kind;
	char name[DEVICE_NAME_MAX];
	struct device_want want;
	struct sink sink; /* to close */
};

struct outcome {
	struct sink sink;
	int error;
};

/* A thread, and what lies between it and those who ask. */
struct hand {
	/* constant */
	struct opener *opener;
	pthread_t thread;

	/* between the two */
	struct ring orders;   /* struct order */
	struct ring outcomes; /* struct outcome */
	sem_t asked;	      /* one for each order */
	sem_t ended;

	/* audio */
	char name[DEVICE_NAME_MAX]; /* to be opened last */
	bool late;		    /* nobody waits for that any more */
};

struct opener {
	/* constant */
	struct gate *gate;
	void (*wake)(void *arg);
	void *arg;
	unsigned count; /* of hands that were made */

	/* Set when nobody is there any more to be woken; on its own. */
	atomic_bool left;

	/* audio */
	struct hand hands[HANDS];
	struct hand *at_work; /* has something to open; NULL: none */
	uint64_t asked_at;    /* ms */
	bool refused;	      /* it hangs already, as is to be told */
};

/* --- the hands --------------------------------------------------------- */

static void
close_one(struct opener *opener, struct sink *sink)
{
	sink_close(sink);
	gate_leave(opener->gate, sink->card);
}

static void
open_one(struct hand *hand, const struct order *order)
{
	struct opener *opener = hand->opener;
	struct outcome outcome = { .error = 0 };
	int card = gate_enter(opener->gate, order->name);

	if (card == -EBUSY) {
		outcome.error = card;
	} else if (order->kind == ORDER_OPEN) {
		outcome.error =
		    sink_open(&outcome.sink, order->name, &order->want);
	} else {
		outcome.error =
		    sink_listen(&outcome.sink, order->name, &order->want);
	}
	if (outcome.error < 0) {
		gate_leave(opener->gate, card);
		card = -1;
	}
	outcome.sink.card = card;
	(void)ring_put(&hand->outcomes, &outcome, sizeof(outcome));
	if (!atomic_load_explicit(&opener->left, memory_order_relaxed)) {
		opener->wake(opener->arg);
	}
}

static void *
hand_main(void *arg)
{
	struct hand *hand = arg;
	struct order order = { .kind = ORDER_CLOSE };

	while (order.kind != ORDER_END) {
		while (sem_wait(&hand->asked) != 0) {
			continue; /* a signal */
		}
		if (!ring_get(&hand->orders, &order, sizeof(order))) {
			continue;
		}
		if (order.kind == ORDER_CLOSE) {
			close_one(hand->opener, &order.sink);
		} else if (order.kind != ORDER_END) {
			open_one(hand, &order);
		}
	}
	(void)sem_post(&hand->ended);
	return NULL;
}

/* --- those who ask ----------------------------------------------------- */

static void
finish_hand(struct hand *hand)
{
	struct outcome outcome;

	while (ring_get(&hand->outcomes, &outcome, sizeof(outcome))) {
		if (outcome.error == 0) {
			close_one(hand->opener, &outcome.sink);
		}
	}
	ring_finish(&hand->orders);
	ring_finish(&hand->outcomes);
	(void)sem_destroy(&hand->asked);
	(void)sem_destroy(&hand->ended);
}

static int
init_hand(struct hand *hand, struct opener *opener)
{
	int error = ring_init(&hand->orders, ORDERS_MAX * sizeof(struct order));

	hand->opener = opener;
	(void)sem_init(&hand->asked, 0, 0);
	(void)sem_init(&hand->ended, 0, 0);
	if (error == 0) {
		error = ring_init(&hand->outcomes,
		    ORDERS_MAX * sizeof(struct outcome));
	}
	if (error == 0) {
		error = thread_start(&hand->thread, hand_main, hand);
	}
	if (error < 0) {
		finish_hand(hand);
	}
	return error;
}

int
opener_create(struct gate *gate, void (*wake)(void *arg), void *arg,
    struct opener **created)
{
	struct opener *opener = calloc(1, sizeof(*opener));
	int error = 0;

	if (opener == NULL) {
		return -ENOMEM;
	}
	opener->gate = gate;
	opener->wake = wake;
	opener->arg = arg;
	gate_join(gate);
	while (error == 0 && opener->count < HANDS) {
		error = init_hand(&opener->hands[opener->count], opener);
		opener->count += error == 0;
	}
	if (error < 0) {
		opener_destroy(opener);
		return error;
	}
	*created = opener;
	return 0;
}

static void
ask(struct hand *hand, const struct order *order)
{
	(void)ring_put(&hand->orders, order, sizeof(*order));
	(void)sem_post(&hand->asked);
}

/* False: it hangs. */
static bool
has_ended(struct hand *hand, const struct timespec *deadline)
{
	int error;

	do {
		error = sem_timedwait(&hand->ended, deadline);
	} while (error != 0 && errno == EINTR);
	return error == 0;
}

void
opener_destroy(struct opener *opener)
{
	static const struct order end = { .kind = ORDER_END };
	struct timespec deadline;
	unsigned gone = 0;

	if (opener == NULL) {
		return;
	}
	(void)clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += PATIENCE_S;
	atomic_store_explicit(&opener->left, true, memory_order_relaxed);
	for (unsigned i = 0; i < opener->count; i++) {
		ask(&opener->hands[i], &end);
	}
	for (unsigned i = 0; i < opener->count; i++) {
		struct hand *hand = &opener->hands[i];

		if (has_ended(hand, &deadline)) {
			(void)pthread_join(hand->thread, NULL);
			finish_hand(hand);
			gone++;
		} else {
			(void)pthread_detach(hand->thread);
		}
	}
	if (gone == opener->count) { /* else what one may look at stays */
		gate_part(opener->gate);
		free(opener);
	}
}

/* One that does not hang, the same as long as that is so; NULL: all do. */
static struct hand *
free_hand(struct opener *opener)
{
	for (unsigned i = 0; i < HANDS; i++) {
		if (!opener->hands[i].late) {
			return &opener->hands[i];
		}
	}
	return NULL;
}

/* One that hangs once would hang twice. */
static bool
hangs(const struct opener *opener, const char *name)
{
	for (unsigned i = 0; i < HANDS; i++) {
		const struct hand *hand = &opener->hands[i];

		if (hand->late && strcmp(hand->name, name) == 0) {
			return true;
		}
	}
	return false;
}

static void
ask_to_open(struct opener *opener, int kind, const char *name,
    const struct device_want *want, uint64_t now)
{
	struct order order = { .want = *want };
	struct hand *hand = free_hand(opener);

	if (hand == NULL || hangs(opener, name)) {
		opener->refused = true;
		return;
	}
	order.kind = kind;
	(void)memccpy(order.name, name, '\0', sizeof(order.name) - 1);
	memcpy(hand->name, order.name, sizeof(hand->name));
	opener->at_work = hand;
	opener->asked_at = now;
	ask(hand, &order);
}

void
opener_open(struct opener *opener, const char *name,
    const struct device_want *want, uint64_t now)
{
	ask_to_open(opener, ORDER_OPEN, name, want, now);
}

void
opener_listen(struct opener *opener, const char *name,
    const struct device_want *want, uint64_t now)
{
	ask_to_open(opener, ORDER_LISTEN, name, want, now);
}

bool
opener_is_opening(const struct opener *opener)
{
	return opener->at_work != NULL || opener->refused;
}

static void
close_by(struct hand *hand, struct sink *sink)
{
	struct order order = { .kind = ORDER_CLOSE, .sink = *sink };

	sink->device = NULL;
	ask(hand, &order);
}

/* What comes too late is closed: something else may play by now. */
static void
tend_late(struct opener *opener)
{
	struct outcome outcome;

	for (unsigned i = 0; i < HANDS; i++) {
		struct hand *hand = &opener->hands[i];

		if (!hand->late ||
		    !ring_get(&hand->outcomes, &outcome, sizeof(outcome))) {
			continue;
		}
		hand->late = false;
		if (outcome.error == 0) {
			close_by(hand, &outcome.sink);
		}
	}
}

bool
opener_take(struct opener *opener, struct sink *sink, int *error, uint64_t now)
{
	struct outcome outcome = { .error = -ETIMEDOUT };
	struct hand *hand = opener->at_work;

	tend_late(opener);
	if (!opener_is_opening(opener)) {
		return false;
	}
	if (hand != NULL &&
	    !ring_get(&hand->outcomes, &outcome, sizeof(outcome))) {
		if (now - opener->asked_at < OPENER_PATIENCE_MS) {
			return false;
		}
		hand->late = true;
	}
	opener->at_work = NULL;
	opener->refused = false;
	*sink = outcome.sink;
	*error = outcome.error;
	return true;
}

void
opener_close(struct opener *opener, struct sink *sink)
{
	struct hand *hand = free_hand(opener);

	if (sink->device != NULL) {
		close_by(hand != NULL ? hand : &opener->hands[0], sink);
	}
}
