/* Where there is no D-Bus to build with. */
#include <errno.h>

#include "server/reserve.h"

int
reserve_create(const struct reserve_settings *settings,
    struct reserve **created)
{
	return -ENOSYS;
}

void
reserve_destroy(struct reserve *reserve)
{
}

int
reserve_take(struct reserve *reserve, unsigned card)
{
	return 0;
}

void
reserve_drop(struct reserve *reserve, unsigned card)
{
}
