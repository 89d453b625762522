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

struct opener {
	/* constant */
	pthread_t thread;
	struct gate *gate;
	void (*wake)(void *arg);
	void *arg;

	/* between the two */
	struct ring orders;   /* struct order */
	struct ring outcomes; /* struct outcome */
	sem_t asked;	      /* one for each order */
	sem_t ended;

	/* Set when nobody is there any more to be woken; on its own. */
	atomic_bool left;

	/* audio */
	bool opening;
};

/* --- its own thread ---------------------------------------------------- */

static void
close_one(struct opener *opener, struct sink *sink)
{
	sink_close(sink);
	gate_leave(opener->gate, sink->card);
}

static void
open_one(struct opener *opener, const struct order *order)
{
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
	(void)ring_put(&opener->outcomes, &outcome, sizeof(outcome));
	if (!atomic_load_explicit(&opener->left, memory_order_relaxed)) {
		opener->wake(opener->arg);
	}
}

static void *
opener_main(void *arg)
{
	struct opener *opener = arg;
	struct order order = { .kind = ORDER_CLOSE };

	while (order.kind != ORDER_END) {
		while (sem_wait(&opener->asked) != 0) {
			continue; /* a signal */
		}
		if (!ring_get(&opener->orders, &order, sizeof(order))) {
			continue;
		}
		if (order.kind == ORDER_CLOSE) {
			close_one(opener, &order.sink);
		} else if (order.kind != ORDER_END) {
			open_one(opener, &order);
		}
	}
	(void)sem_post(&opener->ended);
	return NULL;
}

/* --- those who ask ----------------------------------------------------- */

static void
free_opener(struct opener *opener)
{
	struct outcome outcome;

	while (ring_get(&opener->outcomes, &outcome, sizeof(outcome))) {
		if (outcome.error == 0) {
			close_one(opener, &outcome.sink);
		}
	}
	ring_finish(&opener->orders);
	ring_finish(&opener->outcomes);
	(void)sem_destroy(&opener->asked);
	(void)sem_destroy(&opener->ended);
	free(opener);
}

int
opener_create(struct gate *gate, void (*wake)(void *arg), void *arg,
    struct opener **created)
{
	struct opener *opener = calloc(1, sizeof(*opener));
	int error;

	if (opener == NULL) {
		return -ENOMEM;
	}
	opener->gate = gate;
	opener->wake = wake;
	opener->arg = arg;
	(void)sem_init(&opener->asked, 0, 0);
	(void)sem_init(&opener->ended, 0, 0);
	error = ring_init(&opener->orders, ORDERS_MAX * sizeof(struct order));
	if (error == 0) {
		error = ring_init(&opener->outcomes,
		    ORDERS_MAX * sizeof(struct outcome));
	}
	if (error == 0) {
		error = thread_start(&opener->thread, opener_main, opener);
	}
	if (error < 0) {
		free_opener(opener);
		return error;
	}
	*created = opener;
	return 0;
}

static void
ask(struct opener *opener, const struct order *order)
{
	(void)ring_put(&opener->orders, order, sizeof(*order));
	(void)sem_post(&opener->asked);
}

/* False: it hangs. */
static bool
has_ended(struct opener *opener)
{
	struct timespec deadline;
	int error;

	(void)clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += PATIENCE_S;
	do {
		error = sem_timedwait(&opener->ended, &deadline);
	} while (error != 0 && errno == EINTR);
	return error == 0;
}

void
opener_destroy(struct opener *opener)
{
	static const struct order end = { .kind = ORDER_END };

	if (opener == NULL) {
		return;
	}
	atomic_store_explicit(&opener->left, true, memory_order_relaxed);
	ask(opener, &end);
	if (!has_ended(opener)) {
		(void)pthread_detach(opener->thread);
		return; /* what it may still look at stays */
	}
	(void)pthread_join(opener->thread, NULL);
	free_opener(opener);
}

static void
ask_to_open(struct opener *opener, int kind, const char *name,
    const struct device_want *want)
{
	struct order order = { .want = *want };

	order.kind = kind;
	(void)memccpy(order.name, name, '\0', sizeof(order.name) - 1);
	opener->opening = true;
	ask(opener, &order);
}

void
opener_open(struct opener *opener, const char *name,
    const struct device_want *want)
{
	ask_to_open(opener, ORDER_OPEN, name, want);
}

void
opener_listen(struct opener *opener, const char *name,
    const struct device_want *want)
{
	ask_to_open(opener, ORDER_LISTEN, name, want);
}

bool
opener_is_opening(const struct opener *opener)
{
	return opener->opening;
}

bool
opener_take(struct opener *opener, struct sink *sink, int *error)
{
	struct outcome outcome;

	if (!ring_get(&opener->outcomes, &outcome, sizeof(outcome))) {
		return false;
	}
	opener->opening = false;
	*sink = outcome.sink;
	*error = outcome.error;
	return true;
}

void
opener_close(struct opener *opener, struct sink *sink)
{
	struct order order = { .kind = ORDER_CLOSE };

	if (sink->device == NULL) {
		return;
	}
	order.sink = *sink;
	sink->device = NULL;
	ask(opener, &order);
}
