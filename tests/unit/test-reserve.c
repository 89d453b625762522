/* reserve.c: nothing that is dropped is forgotten, while the bus is slow. */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <time.h>

#include "server/reserve.h"
#include "server/rivals.h"

#define CARD	    1
#define SLOW	    2 /* another, which the bus takes its time to give */
#define MANY	    100
#define PATIENCE_MS 30000

static struct reserve *reserve;
static sem_t asked_for, granted; /* SLOW */
static sem_t released;		 /* CARD */

/* --- a bus that gives every card to us --------------------------------- */

int
rivals_create(const struct rivals_settings *settings, struct rivals **created)
{
	*created = NULL;
	return 0;
}

void
rivals_destroy(struct rivals *rivals)
{
}

bool
rivals_reach(struct rivals *rivals)
{
	return true;
}

enum rivals_verdict
rivals_claim(struct rivals *rivals, unsigned card, bool replace)
{
	if (card == SLOW) {
		(void)sem_post(&asked_for);
		while (sem_wait(&granted) != 0) {
			continue;
		}
	}
	return RIVALS_WON;
}

void
rivals_release(struct rivals *rivals, unsigned card)
{
	if (card == CARD) {
		(void)sem_post(&released);
	}
}

bool
rivals_owner(struct rivals *rivals, unsigned card, char owner[RIVALS_OWNER_MAX])
{
	return false;
}

int
rivals_owner_pid(struct rivals *rivals, unsigned card)
{
	return 0;
}

bool
rivals_ask(struct rivals *rivals, unsigned card)
{
	return false;
}

void
rivals_answer(struct rivals *rivals, struct request *request, bool yes)
{
}

const char *
rivals_sender(struct rivals *rivals, const struct request *request)
{
	return "";
}

int
rivals_pid(struct rivals *rivals, const struct request *request)
{
	return 0;
}

int
rivals_fd(struct rivals *rivals)
{
	return -1;
}

void
rivals_dispatch(struct rivals *rivals)
{
}

/* --- who reserves ------------------------------------------------------ */

static void
nothing_kept(void *arg, int pid)
{
}

static void *
take_slow(void *arg)
{
	(void)reserve_take(reserve, SLOW);
	return NULL;
}

static void
begin(void)
{
	static const struct reserve_settings settings = {
		.kept = nothing_kept,
	};

	(void)sem_init(&asked_for, 0, 0);
	(void)sem_init(&granted, 0, 0);
	(void)sem_init(&released, 0, 0);
	cr_assert_eq(reserve_create(&settings, &reserve), 0);
}

static void
expect_released(void)
{
	struct timespec deadline;

	(void)clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += PATIENCE_MS / 1000;
	cr_assert_eq(sem_timedwait(&released, &deadline), 0);
}

Test(reserve, each_drop_is_carried_out_however_many_wait)
{
	pthread_t slow;

	begin();
	cr_assert_eq(reserve_take(reserve, CARD), 0);
	cr_assert_eq(pthread_create(&slow, NULL, take_slow, NULL), 0);
	while (sem_wait(&asked_for) != 0) {
		continue;
	}
	for (int i = 0; i < MANY; i++) {
		reserve_drop(reserve, SLOW + 1);
	}
	reserve_drop(reserve, CARD);
	cr_assert_eq(sem_trywait(&released), -1);
	(void)sem_post(&granted);
	expect_released();
	(void)pthread_join(slow, NULL);
	reserve_drop(reserve, SLOW);
	reserve_destroy(reserve);
}

Test(reserve, a_card_that_is_used_twice_is_kept_till_both_drop_it)
{
	begin();
	cr_assert_eq(reserve_take(reserve, CARD), 0);
	cr_assert_eq(reserve_take(reserve, CARD), 0);
	reserve_drop(reserve, CARD);
	cr_assert_eq(reserve_take(reserve, SLOW + 1), 0); /* after that */
	cr_assert_eq(reserve_take(reserve, SLOW + 1), 0);
	cr_assert_eq(sem_trywait(&released), -1);
	reserve_drop(reserve, CARD);
	expect_released();
	reserve_destroy(reserve);
}
