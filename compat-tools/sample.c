#include "compat-tools/sample.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static int fail(struct client *client, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int
fail(struct client *client, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(client->why, sizeof(client->why), format, args);
	va_end(args);
	return error;
}

int
sample_upload(struct client *client, const struct sample *sample, int32_t *id)
{
	struct esd_sample header = {
		.format = sample->format | ESD_SAMPLE | ESD_PLAY,
		.rate = sample->rate,
		.length = (int32_t)sample->bytes,
	};
	struct esd_id told = { 0 }, confirmed = { 0 };
	int error;

	(void)snprintf(header.name, sizeof(header.name), "%s", sample->name);
	error = client_call(client, ESD_SAMPLE_CACHE, &header,
	    (struct client_reply[]){ { .record = &told } });
	if (error == 0 && told.id <= 0) {
		error = fail(client, -ENOSPC,
		    "the daemon at %s takes no sample of %zu bytes; its log "
		    "tells why",
		    client->place, sample->bytes);
	}
	if (error == 0) {
		error = client_write(client, sample->data, sample->bytes);
	}
	if (error == 0) {
		error = client_rest(client, ESD_SAMPLE_CACHE,
		    (struct client_reply[]){ { .record = &confirmed } });
	}
	if (error == 0 && confirmed.id != told.id) {
		error = fail(client, -EPROTO,
		    "the daemon at %s confirms sample %d as %d; its log may "
		    "tell why",
		    client->place, told.id, confirmed.id);
	}
	*id = told.id;
	return error;
}

int
sample_find(struct client *client, const char *name, int32_t *id)
{
	struct esd_name wanted = { "" };
	struct esd_id found = { 0 };
	int error;

	(void)snprintf(wanted.name, sizeof(wanted.name), "%s", name);
	error = client_call(client, ESD_SAMPLE_GETID, &wanted,
	    (struct client_reply[]){ { .record = &found } });
	if (error == 0 && found.id <= 0) {
		error = fail(client, -ENOENT,
		    "the daemon at %s has no sample %s; esdctl allinfo lists "
		    "them",
		    client->place, wanted.name);
	}
	*id = found.id;
	return error;
}

int
sample_do(struct client *client, enum esd_opcode opcode, int32_t id)
{
	struct esd_id asked = { id }, answer = { 0 };
	int error = client_call(client, opcode, &asked,
	    (struct client_reply[]){ { .record = &answer } });

	if (error == 0 && answer.id != id) {
		error = fail(client, -ENOENT,
		    "the daemon at %s has no sample %d any more; esdctl "
		    "allinfo lists them",
		    client->place, id);
	}
	return error;
}
