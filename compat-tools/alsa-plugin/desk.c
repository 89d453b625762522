#include "compat-tools/alsa-plugin/desk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat-tools/streams.h"

#define UNCHANGED (-1)
#define CHANGES	  1024 /* that are read at a time: the others wait */

static int32_t
clamp(long volume)
{
	return volume < 0	    ? 0
	       : volume > DESK_FULL ? DESK_FULL
				    : (int32_t)volume;
}

static void
fill_strip(struct strip *strip, int32_t id, const char *name,
    const struct esd_master *volume)
{
	*strip = (struct strip){ .id = id,
		.volume = { clamp(volume->left), clamp(volume->right) },
		.muted = volume->muted > 0 };
	strips_name(name, strip->name);
}

static int
call_named(struct desk *desk, const struct esd_master *wanted,
    struct esd_master *now)
{
	struct esd_named named = { .left = wanted->left,
		.right = wanted->right,
		.muted = wanted->muted };

	memcpy(named.name, desk->own, sizeof(named.name));
	return client_call(&desk->client, ESD_NAME_VOLUME, &named,
	    (struct client_reply[]){ { .record = now } });
}

static bool
is_own(const struct desk *desk, const struct esd_playing *stream)
{
	return desk->own[0] != '\0' && strcmp(stream->name, desk->own) == 0;
}

/*
 * The strips of all that.
 *   now  of room for all streams and two more
 * How many, or -errno.
 */
static int
make_strips(struct desk *desk, const struct streams *streams, struct strip *now)
{
	const struct esd_status *status = &streams->status;
	struct esd_master volume = { status->left, status->right,
		status->muted };
	bool own = desk->named;
	int made = 0;

	fill_strip(&now[made++], STRIPS_MASTER, "Master", &volume);
	for (size_t i = 0; i < streams->count; i++) {
		own = own || is_own(desk, &streams->list[i]);
	}
	if (own) {
		const struct esd_master ask = { UNCHANGED, UNCHANGED,
			UNCHANGED };
		int error = call_named(desk, &ask, &volume);

		if (error != 0) {
			return error;
		}
		fill_strip(&now[made++], STRIPS_OWN, "PCM", &volume);
	}
	for (size_t i = streams->count; i-- > 0;) { /* oldest first */
		const struct esd_playing *one = &streams->list[i];

		/* Of a sample that plays, the id is the sample's. */
		if (strcmp(one->protocol, "sample") != 0) {
			volume = (struct esd_master){ one->left, one->right,
				one->muted };
			fill_strip(&now[made++], one->id, one->name, &volume);
		}
	}
	return made;
}

static int
fetch(struct desk *desk)
{
	struct streams streams;
	struct strip *now = NULL;
	int error = streams_fetch(&desk->client, &streams);

	if (error == 0) {
		now = malloc((streams.count + 2) * sizeof(*now));
		error =
		    now == NULL ? -ENOMEM : make_strips(desk, &streams, now);
	}
	if (error > 0) {
		error = strips_update(&desk->strips, now, (size_t)error);
	}
	free(now);
	streams_free(&streams);
	return error;
}

/* --- changes -------------------------------------------------------------- */

/* Reads what the watch has been told; true if that was anything. */
static bool
read_changes(struct desk *desk)
{
	struct esd_change change;
	bool any = false;
	int error = 0;

	for (int i = 0; i < CHANGES && error == 0; i++) {
		error = client_told(&desk->watch, ESD_WATCH, &change, 0);
		any = any || error == 0;
	}
	desk->lost = desk->lost || (error != 0 && error != -ETIMEDOUT);
	return any;
}

int
desk_catch_up(struct desk *desk)
{
	if (!desk->lost && read_changes(desk) && !desk->lost) {
		desk->lost = fetch(desk) != 0;
	}
	return desk->lost ? -ENODEV : 0;
}

/* 1, 0 where there is no such stream any more, or -errno. */
static int
tell(struct desk *desk, int32_t id, const struct esd_master *wanted)
{
	struct esd_volume volume = { id, wanted->left, wanted->right,
		wanted->muted };
	struct esd_master now;
	int error;

	if (id != STRIPS_MASTER && id != STRIPS_OWN) {
		return streams_set(&desk->client, &volume);
	}
	error = id == STRIPS_OWN ? call_named(desk, wanted, &now)
				 : client_call(&desk->client, ESD_MASTER_VOLUME,
				       wanted, NULL);
	return error != 0 ? error : 1;
}

/*
 * A mixer that moves one of a strip's parts writes the other back as it was
 * shown: that changes nothing, though the volume be more than can be shown.
 */
static bool
is_shown(const struct strip *strip, const struct strip *next)
{
	return next->volume[0] == strip->volume[0] &&
	       next->volume[1] == strip->volume[1] &&
	       next->muted == strip->muted;
}

int
desk_set(struct desk *desk, struct strip *strip, enum strips_part part,
    const long *value)
{
	struct esd_master wanted = { UNCHANGED, UNCHANGED, UNCHANGED };
	struct strip next = *strip;
	int told;

	if (part == STRIPS_SWITCH) {
		next.muted = value[0] == 0;
		wanted.muted = next.muted;
	} else {
		for (int side = 0; side < DESK_SIDES; side++) {
			next.volume[side] = clamp(value[side]);
		}
		wanted.left = next.volume[0];
		wanted.right = next.volume[1];
	}
	if (is_shown(strip, &next)) {
		return 0;
	}
	told = tell(desk, strip->id, &wanted);
	if (told <= 0) {
		desk->lost = desk->lost || told < 0;
		return told < 0 ? -ENODEV : -ENOENT;
	}
	next.untold[part] |= STRIPS_VALUE;
	*strip = next;
	return 1;
}

/* --- opening -------------------------------------------------------------- */

static int
open_client(struct desk *desk, const char *server)
{
	struct client *client = &desk->client;
	int error = client_open(client, server, CLIENT_TIMEOUT);
	int extended = error == 0 ? client_extended(client) : error;

	if (extended == 0) {
		(void)snprintf(client->why, sizeof(client->why),
		    "the daemon at %s is an old one and has no mixer; start "
		    "esdmixd there",
		    client->place);
		extended = -ENOTSUP;
	}
	return extended < 0 ? extended : 0;
}

/* Waits for the first change, which is everything. */
static int
open_watch(struct desk *desk, const char *server)
{
	struct client *watch = &desk->watch;
	struct esd_change change;
	int error = client_open(watch, server, CLIENT_TIMEOUT);

	if (error == 0) {
		error = client_call(watch, ESD_WATCH, NULL, NULL);
	}
	if (error == 0) {
		error = client_told(watch, ESD_WATCH, &change, CLIENT_TIMEOUT);
	}
	if (error != 0) {
		memcpy(desk->client.why, watch->why, sizeof(watch->why));
	}
	return error;
}

int
desk_open(struct desk *desk, const char *server, const char *own)
{
	int error;

	memset(desk, 0, sizeof(*desk));
	desk->client.fd = desk->watch.fd = -1;
	desk->named = own != NULL;
	(void)snprintf(desk->own, sizeof(desk->own), "%s",
	    own != NULL ? own : program_invocation_short_name);
	error = open_client(desk, server);
	if (error == 0) {
		error = open_watch(desk, server);
	}
	if (error == 0) { /* after the watch: no change is missed */
		error = fetch(desk);
	}
	strips_tell_all(&desk->strips);
	if (error != 0) {
		desk_close(desk);
	}
	return error;
}

void
desk_close(struct desk *desk)
{
	client_close(&desk->watch);
	client_close(&desk->client);
	strips_free(&desk->strips);
}
