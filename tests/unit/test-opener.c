/*
 * opener.c: devices that hang.  The opener's threads are real; devices, and the
 * gate in front of them, are this test's.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <semaphore.h>
#include <string.h>
#include <time.h>

#include "server/opener.h"

#define PATIENCE_MS 30000

struct device {
	int unused;
};

static struct device device;
static struct opener *opener;
static sem_t let_go; /* what hangs */
static atomic_int opened, closed, left, users;

int
sink_open(struct sink *sink, const char *name, const struct device_want *want)
{
	while (strncmp(name, "stuck", 5) == 0 && sem_wait(&let_go) != 0) {
		continue;
	}
	sink->device = &device;
	opened++;
	return 0;
}

int
sink_listen(struct sink *sink, const char *name, const struct device_want *want)
{
	return -ENODEV;
}

void
sink_close(struct sink *sink)
{
	sink->device = NULL;
	closed++;
}

int
gate_enter(struct gate *gate, const char *name)
{
	return 3;
}

void
gate_leave(struct gate *gate, int card)
{
	left++;
}

void
gate_join(struct gate *gate)
{
	users++;
}

void
gate_part(struct gate *gate)
{
	users--;
}

static void
nobody(void *arg)
{
}

static void
begin(void)
{
	cr_assert_eq(sem_init(&let_go, 0, 0), 0);
	cr_assert_eq(opener_create(NULL, nobody, NULL, &opener), 0);
	cr_assert_eq(users, 1);
}

static void
order(const char *name, uint64_t now)
{
	static const struct device_want want = { .rate = 44100 };

	cr_assert(!opener_is_opening(opener));
	opener_open(opener, name, &want, now);
	cr_assert(opener_is_opening(opener));
}

static void
rest(void)
{
	static const struct timespec ms = { .tv_nsec = 1000000 };

	(void)nanosleep(&ms, NULL);
}

static void
expect_opened(uint64_t now, struct sink *sink)
{
	int error = 1;

	for (int ms = 0; ms < PATIENCE_MS && error == 1; ms++) {
		if (!opener_take(opener, sink, &error, now)) {
			rest();
		}
	}
	cr_assert_eq(error, 0, "error %d", error);
	cr_assert_eq(sink->device, &device);
	cr_assert_eq(sink->card, 3);
}

static void
expect_hanging(const char *name, uint64_t now)
{
	struct sink sink;
	int error;

	order(name, now);
	cr_assert(opener_take(opener, &sink, &error, now));
	cr_assert_eq(error, -ETIMEDOUT);
}

Test(opener, opens_others_while_one_hangs)
{
	struct sink sink, late;
	int error;

	begin();
	order("stuck", 1000);
	cr_assert(
	    !opener_take(opener, &sink, &error, 1000 + OPENER_PATIENCE_MS - 1));
	cr_assert(
	    opener_take(opener, &sink, &error, 1000 + OPENER_PATIENCE_MS));
	cr_assert_eq(error, -ETIMEDOUT);
	cr_assert_null(sink.device);

	expect_hanging("stuck", 7000);
	order("good", 7000);
	expect_opened(7000, &sink);

	/* It comes back too late, and is as any other from then on. */
	(void)sem_post(&let_go);
	for (int ms = 0; ms < PATIENCE_MS && closed == 0; ms++) {
		cr_assert(!opener_take(opener, &late, &error, 7000));
		rest();
	}
	cr_assert_eq(closed, 1);
	(void)sem_post(&let_go);
	order("stuck", 8000);
	expect_opened(8000, &late);

	opener_close(opener, &sink);
	opener_close(opener, &late);
	opener_destroy(opener);
	cr_assert_eq(closed, 3);
	cr_assert_eq(left, 3);
	cr_assert_eq(users, 0);
}

Test(opener, opens_nothing_while_all_that_it_has_hang)
{
	struct sink sink;
	int error;

	begin();
	order("stuck", 0);
	cr_assert(opener_take(opener, &sink, &error, OPENER_PATIENCE_MS));
	order("stuck as well", 0);
	cr_assert(opener_take(opener, &sink, &error, OPENER_PATIENCE_MS));
	expect_hanging("good", 10000);
	(void)sem_post(&let_go);
	(void)sem_post(&let_go);
	opener_destroy(opener);
	cr_assert_eq(opened, 2);
	cr_assert_eq(closed, 2);
	cr_assert_eq(users, 0);
}

Test(opener, one_that_is_left_behind_may_still_come_through_the_gate)
{
	begin();
	order("stuck", 0);
	opener_destroy(opener);
	cr_assert_eq(users, 1);
	(void)sem_post(&let_go);
	for (int ms = 0; ms < PATIENCE_MS && opened == 0; ms++) {
		rest();
	}
	cr_assert_eq(opened, 1);
}
