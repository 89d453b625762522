/* gate.c: that it is open as long as somebody may come. */
#include <criterion/criterion.h>
#include <stddef.h>

#include "server/gate.h"
#include "server/reserve.h"

struct reserve {
	int destroyed;
};

static struct reserve only;

int
reserve_create(const struct reserve_settings *settings,
    struct reserve **created)
{
	*created = &only;
	return 0;
}

void
reserve_destroy(struct reserve *reserve)
{
	reserve->destroyed++;
}

int
reserve_take(struct reserve *reserve, unsigned card)
{
	return 0;
}

void
reserve_drop(struct reserve *reserve, unsigned card)
{
	cr_assert_eq(reserve, &only);
	cr_assert_eq(reserve->destroyed, 0);
}

Test(gate, closes_after_the_last_that_may_come)
{
	static struct gate gate;

	cr_assert_eq(gate_open(&gate, 0, true), 0);
	gate_join(&gate);
	gate_join(&gate);
	gate_part(&gate);
	gate_close(&gate);
	gate_leave(&gate, 3); /* of a device that hung */
	gate_part(&gate);
	gate_close(&gate);
	cr_assert_eq(only.destroyed, 1);
	cr_assert_null(gate.reserve);
}
