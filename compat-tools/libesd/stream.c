#include "compat-tools/libesd/libesd.h"

#include <limits.h>

/* What the original's library took for the sound in the sockets, in frames. */
#define SOCKETS_LATENCY 8192

static int
open_stream(enum esd_opcode opcode, esd_format_t format, int rate,
    const char *host, const char *name)
{
	struct client client;
	int fd = esd_open_sound(host);

	if (fd < 0) {
		return -1;
	}
	client_adopt(&client, fd, LIBESD_ANSWER_MS);
	if (client_stream(&client, opcode, format, rate, name) != 0) {
		libesd_complain(&client);
		client_close(&client);
	}
	return client.fd;
}

int
esd_play_stream(esd_format_t format, int rate, const char *host,
    const char *name)
{
	return open_stream(ESD_STREAM_PLAY, format, rate, host, name);
}

int
esd_monitor_stream(esd_format_t format, int rate, const char *host,
    const char *name)
{
	return open_stream(ESD_STREAM_MON, format, rate, host, name);
}

int
esd_record_stream(esd_format_t format, int rate, const char *host,
    const char *name)
{
	return open_stream(ESD_STREAM_REC, format, rate, host, name);
}

int
esd_filter_stream(esd_format_t format, int rate, const char *host,
    const char *name)
{
	return open_stream(ESD_STREAM_FILT, format, rate, host, name);
}

int
esd_play_stream_fallback(esd_format_t format, int rate, const char *host,
    const char *name)
{
	return open_stream(ESD_STREAM_PLAY, format, rate, host, name);
}

int
esd_record_stream_fallback(esd_format_t format, int rate, const char *host,
    const char *name)
{
	return open_stream(ESD_STREAM_REC, format, rate, host, name);
}

int
esd_get_latency(int esd)
{
	struct esd_lag lag = { 0 };

	if (libesd_call(esd, ESD_LATENCY, LIBESD_ANSWER_MS, NULL,
		(struct client_reply[]){ { .record = &lag } }) != 0) {
		return -1;
	}
	if (lag.frames < 0 || lag.frames > INT_MAX - SOCKETS_LATENCY) {
		return -1;
	}
	return lag.frames + SOCKETS_LATENCY;
}
