#include "compat-tools/streams.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
grow(struct streams *streams, const struct esd_playing *one)
{
	struct esd_playing *list;

	if (streams->count == STREAMS_MAX) {
		return -EMSGSIZE;
	}
	list = realloc(streams->list, (streams->count + 1) * sizeof(*list));
	if (list == NULL) {
		return -ENOMEM;
	}
	list[streams->count++] = *one;
	streams->list = list;
	return 0;
}

static int
add_playing(void *arg, const void *record)
{
	return grow(arg, record);
}

static int
add_bus(void *arg, const void *record)
{
	struct streams *streams = arg;

	if (streams->bus_count == STREAMS_BUSES_MAX) {
		return -EMSGSIZE;
	}
	memcpy(&streams->buses[streams->bus_count++], record,
	    sizeof(*streams->buses));
	return 0;
}

static int
add_player(void *arg, const void *record)
{
	const struct esd_player *player = record;
	struct esd_playing one = { .id = player->id,
		.format = player->format,
		.rate = player->rate,
		.left = player->left,
		.right = player->right,
		.muted = STREAMS_UNKNOWN,
		.peak_left = STREAMS_UNKNOWN,
		.peak_right = STREAMS_UNKNOWN,
		.played_high = STREAMS_UNKNOWN,
		.played_low = STREAMS_UNKNOWN,
		.underruns = STREAMS_UNKNOWN,
		.latency_us = STREAMS_UNKNOWN,
		.pid = STREAMS_UNKNOWN,
		.uid = STREAMS_UNKNOWN };

	(void)snprintf(one.protocol, sizeof(one.protocol), "%s",
	    (player->format & ESD_SAMPLE) != 0 ? "sample" : "esd");
	memcpy(one.name, player->name, sizeof(one.name));
	return grow(arg, &one);
}

int
streams_fetch(struct client *client, struct streams *streams)
{
	struct esd_version version = { ESD_EXTENSION };
	struct esd_server server = { 0 };
	int extended = client_extended(client);
	int error = extended;

	memset(streams, 0, sizeof(*streams));
	streams->extended = extended > 0;
	if (extended > 0) {
		error = client_call(client, ESD_STATUS, &version,
		    (struct client_reply[]){ { .record = &streams->status },
			{ .each = add_playing, .arg = streams },
			{ .each = add_bus, .arg = streams } });
	} else if (extended == 0) {
		version.version = 0;
		error = client_call(client, ESD_ALL_INFO, &version,
		    (struct client_reply[]){ { .record = &server },
			{ .each = add_player, .arg = streams }, { 0 } });
		streams->status.rate = server.rate;
	}
	return error;
}

void
streams_free(struct streams *streams)
{
	free(streams->list);
	streams->list = NULL;
	streams->count = 0;
}

int
streams_set(struct client *client, const struct esd_volume *volume)
{
	struct esd_pan pan = { volume->id, volume->left, volume->right };
	struct esd_ok done = { 0 };
	int extended = client_extended(client);
	int error = extended;

	if (extended >= 0) {
		error = client_call(client,
		    extended ? ESD_STREAM_VOLUME : ESD_STREAM_PAN,
		    extended ? (const void *)volume : &pan,
		    (struct client_reply[]){ { .record = &done } });
	}
	return error < 0 ? error : done.ok != 0;
}
