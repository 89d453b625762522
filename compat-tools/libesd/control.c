#include "compat-tools/libesd/libesd.h"

#include <stdio.h>

/* --- requests of the server's owner --------------------------------------- */

static int
as_owner(int esd, enum esd_opcode opcode)
{
	struct client client;
	struct esd_auth auth;
	struct esd_ok ok = { 0 };
	int error;

	client_adopt(&client, esd, LIBESD_ANSWER_MS);
	error = client_auth(&client, &auth);
	if (error == 0) {
		/* The verdict on the key says no more than what follows it. */
		error = client_call(&client, opcode, &auth,
		    (struct client_reply[]){ { .record = NULL },
			{ .record = &ok } });
	}
	if (error != 0) {
		libesd_complain(&client);
		return -1;
	}
	return ok.ok;
}

int
esd_lock(int esd)
{
	return as_owner(esd, ESD_LOCK);
}

int
esd_unlock(int esd)
{
	return as_owner(esd, ESD_UNLOCK);
}

int
esd_standby(int esd)
{
	return as_owner(esd, ESD_STANDBY);
}

int
esd_resume(int esd)
{
	return as_owner(esd, ESD_RESUME);
}

esd_standby_mode_t
esd_get_standby_mode(int esd)
{
	struct esd_version version = { 0 };
	struct esd_mode mode = { 0 };

	if (libesd_call(esd, ESD_STANDBY_MODE, LIBESD_LIST_MS, &version,
		(struct client_reply[]){ { .record = &mode } }) != 0) {
		return ESM_ERROR;
	}
	return mode.mode;
}

/* --- volume --------------------------------------------------------------- */

static int
set_pan(int esd, enum esd_opcode opcode, const struct esd_pan *pan)
{
	struct esd_ok ok = { 0 };

	if (libesd_call(esd, opcode, LIBESD_LIST_MS, pan,
		(struct client_reply[]){ { .record = &ok } }) != 0) {
		return -1;
	}
	return ok.ok;
}

int
esd_set_stream_pan(int esd, int stream_id, int left, int right)
{
	return set_pan(esd, ESD_STREAM_PAN,
	    &(struct esd_pan){ .id = stream_id, .left = left, .right = right });
}

int
esd_set_default_sample_pan(int esd, int sample_id, int left, int right)
{
	return set_pan(esd, ESD_SAMPLE_PAN,
	    &(struct esd_pan){ .id = sample_id, .left = left, .right = right });
}

/* --- sounds kept by the server -------------------------------------------- */

static int
ask_id(int esd, enum esd_opcode opcode, const void *in)
{
	struct esd_id id = { 0 };

	if (libesd_call(esd, opcode, LIBESD_ANSWER_MS, in,
		(struct client_reply[]){ { .record = &id } }) != 0) {
		return -1;
	}
	return id.id;
}

int
esd_sample_cache(int esd, esd_format_t format, const int rate, const int length,
    const char *name)
{
	struct esd_sample sample = { .format = format,
		.rate = rate,
		.length = length };

	if (length < 0) { /* the server could only hang up */
		return -1;
	}
	if (name != NULL) {
		(void)snprintf(sample.name, sizeof(sample.name), "%s", name);
	}
	return ask_id(esd, ESD_SAMPLE_CACHE, &sample);
}

int
esd_confirm_sample_cache(int esd)
{
	struct client client;
	struct esd_id id = { 0 };

	client_adopt(&client, esd, LIBESD_ANSWER_MS);
	if (client_rest(&client, ESD_SAMPLE_CACHE,
		(struct client_reply[]){ { .record = &id } }) != 0) {
		libesd_complain(&client);
		return -1;
	}
	return id.id;
}

int
esd_sample_getid(int esd, const char *name)
{
	struct esd_name wanted = { 0 };

	if (name != NULL) {
		(void)snprintf(wanted.name, sizeof(wanted.name), "%s", name);
	}
	return ask_id(esd, ESD_SAMPLE_GETID, &wanted);
}

int
esd_sample_free(int esd, int sample)
{
	return ask_id(esd, ESD_SAMPLE_FREE, &(struct esd_id){ .id = sample });
}

int
esd_sample_play(int esd, int sample)
{
	return ask_id(esd, ESD_SAMPLE_PLAY, &(struct esd_id){ .id = sample });
}

int
esd_sample_loop(int esd, int sample)
{
	return ask_id(esd, ESD_SAMPLE_LOOP, &(struct esd_id){ .id = sample });
}

int
esd_sample_stop(int esd, int sample)
{
	return ask_id(esd, ESD_SAMPLE_STOP, &(struct esd_id){ .id = sample });
}

int
esd_sample_kill(int esd, int sample)
{
	return ask_id(esd, ESD_SAMPLE_KILL, &(struct esd_id){ .id = sample });
}
