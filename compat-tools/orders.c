#include "compat-tools/orders.h"

#include <stdio.h>

/* One of those that are answered by whether it was done. */
static int
give(struct client *client, enum esd_opcode opcode, const void *order)
{
	struct esd_ok done = { 0 };
	int error = client_call(client, opcode, order,
	    (struct client_reply[]){ { .record = &done } });

	return error != 0 ? error : done.ok != 0;
}

int
orders_master(struct client *client, const struct esd_master *master)
{
	return give(client, ESD_MASTER_VOLUME, master);
}

int
orders_kill(struct client *client, int32_t id)
{
	struct esd_id asked = { id };

	return give(client, ESD_STREAM_KILL, &asked);
}

int
orders_remember(struct client *client, const struct esd_named *named)
{
	struct esd_master now;
	int error = client_call(client, ESD_NAME_VOLUME, named,
	    (struct client_reply[]){ { .record = &now } });

	return error != 0 ? error : 1;
}

int
orders_forget(struct client *client, const char *name)
{
	struct esd_name asked = { "" };

	(void)snprintf(asked.name, sizeof(asked.name), "%s", name);
	return give(client, ESD_FORGET, &asked);
}
