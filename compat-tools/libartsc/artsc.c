/*
 * libartsc: the public functions, and who may call them when.
 *
 * SIGPIPE is left as it is: nothing here can raise it.
 */
#include "compat-tools/libartsc/artsc.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "compat-tools/libartsc/line.h"
#include "compat-tools/libartsc/packets.h"
#include "compat-tools/libartsc/server.h"

#define BUFFER_BYTES 65536 /* of a new stream, at least */

struct stream {
	/* under the library's lock */
	struct stream *next;
	unsigned users; /* calls under way, and the handle */

	/* constant */
	struct line_sound sound;
	char name[ESD_NAME_MAX];
	int32_t latency_ms;   /* of the server */
	int64_t second_bytes; /* that it plays in one */
	int64_t least_bytes;  /* of its buffer */

	/* under its own lock, which is taken without the other */
	pthread_mutex_t lock;
	struct packets packets;
	bool blocking;
	struct line line;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned inits;	       /* as many as arts_free() has to undo */
static struct server server;   /* connected while there are any */
static struct stream *streams; /* open */

/* --- the library -------------------------------------------------------- */

int
arts_init(void)
{
	int result = 0;

	(void)pthread_mutex_lock(&lock);
	if (inits == 0 && server_open(&server) < 0) {
		result = ARTS_E_NOSERVER;
	} else {
		inits++;
	}
	(void)pthread_mutex_unlock(&lock);
	return result;
}

int
arts_suspend(void)
{
	int result = ARTS_E_NOBACKEND;

	(void)pthread_mutex_lock(&lock);
	if (inits > 0) {
		result = server_suspend(&server);
		result = result < 0 ? ARTS_E_NOSERVER : result;
	}
	(void)pthread_mutex_unlock(&lock);
	return result;
}

/*
 * SDL plays only where this is true; and nobody need wait for the card to be
 * free, since all are mixed.
 */
int
arts_suspended(void)
{
	int result;

	(void)pthread_mutex_lock(&lock);
	result = inits > 0 ? 1 : ARTS_E_NOBACKEND;
	(void)pthread_mutex_unlock(&lock);
	return result;
}

const char *
arts_error_text(int errorcode)
{
	switch (errorcode) {
	case ARTS_E_NOSERVER:
		return "cannot connect to the sound server";
	case ARTS_E_NOBACKEND:
		return "the sound library is not ready: arts_init() failed, "
		       "or was not called";
	case ARTS_E_NOSTREAM:
		return "no valid stream was passed";
	case ARTS_E_NOINIT:
		return "arts_init() has to be called first";
	case ARTS_E_NOIMPL:
		return "the sound library cannot do that";
	default:
		return "unknown error";
	}
}

/* --- streams that come and go ------------------------------------------- */

/* The stream, which is the caller's until release(); or NULL, and why. */
static struct stream *
hold(arts_stream_t handle, int *error)
{
	struct stream *stream;

	(void)pthread_mutex_lock(&lock);
	stream = streams;
	while (stream != NULL && (arts_stream_t)stream != handle) {
		stream = stream->next;
	}
	*error = inits > 0 ? ARTS_E_NOSTREAM : ARTS_E_NOBACKEND;
	if (stream != NULL) {
		stream->users++;
	}
	(void)pthread_mutex_unlock(&lock);
	if (stream != NULL) {
		(void)pthread_mutex_lock(&stream->lock);
	}
	return stream;
}

static void
destroy(struct stream *stream)
{
	line_close(&stream->line);
	(void)pthread_mutex_destroy(&stream->lock);
	free(stream);
}

static void
let_go(struct stream *stream)
{
	unsigned users;

	(void)pthread_mutex_lock(&lock);
	users = --stream->users;
	(void)pthread_mutex_unlock(&lock);
	if (users == 0) {
		destroy(stream);
	}
}

static int
release(struct stream *stream, int result)
{
	(void)pthread_mutex_unlock(&stream->lock);
	let_go(stream);
	return result;
}

static struct stream *
create(int rate, int bits, int channels, const char *name, bool recording)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (stream == NULL) {
		return NULL;
	}
	stream->users = 1;
	stream->sound = (struct line_sound){ rate, bits, channels };
	stream->second_bytes = line_bytes_per_second(&stream->sound);
	if (name != NULL) {
		strncpy(stream->name, name, sizeof(stream->name) - 1);
	}
	stream->blocking = true;
	line_init(&stream->line, recording);
	(void)pthread_mutex_init(&stream->lock, NULL);
	return stream;
}

static void
fit(struct stream *stream, int64_t bytes)
{
	stream->packets = packets_for(
	    bytes > stream->least_bytes ? bytes : stream->least_bytes);
}

/* With the lock held.  Without a server there is a stream all the same. */
static void
enlist(struct stream *stream)
{
	struct server_times times;

	(void)server_ask_times(&server, &times);
	stream->latency_ms = times.latency_ms;
	stream->least_bytes = times.frames * stream->second_bytes / times.rate;
	fit(stream, BUFFER_BYTES);
	stream->next = streams;
	streams = stream;
}

static arts_stream_t
open_stream(int rate, int bits, int channels, const char *name, bool recording)
{
	struct stream *stream = create(rate, bits, channels, name, recording);

	if (stream == NULL) {
		return NULL;
	}
	(void)pthread_mutex_lock(&lock);
	if (inits > 0) {
		enlist(stream);
		(void)pthread_mutex_unlock(&lock);
		return stream;
	}
	(void)pthread_mutex_unlock(&lock);
	destroy(stream);
	return NULL;
}

arts_stream_t
arts_play_stream(int rate, int bits, int channels, const char *name)
{
	return open_stream(rate, bits, channels, name, false);
}

arts_stream_t
arts_record_stream(int rate, int bits, int channels, const char *name)
{
	return open_stream(rate, bits, channels, name, true);
}

/* Takes the handle away; who uses it at this moment comes to an end. */
void
arts_close_stream(arts_stream_t stream)
{
	struct stream **at = &streams;
	struct stream *held;

	(void)pthread_mutex_lock(&lock);
	while (*at != NULL && (arts_stream_t)*at != stream) {
		at = &(*at)->next;
	}
	held = *at;
	if (held != NULL) {
		*at = held->next;
	}
	(void)pthread_mutex_unlock(&lock);
	if (held != NULL) {
		let_go(held);
	}
}

void
arts_free(void)
{
	struct stream *left = NULL;

	(void)pthread_mutex_lock(&lock);
	if (inits > 0) {
		inits--;
		if (inits == 0) {
			server_close(&server);
			left = streams;
			streams = NULL;
		}
	}
	(void)pthread_mutex_unlock(&lock);
	while (left != NULL) {
		struct stream *stream = left;

		left = stream->next;
		let_go(stream);
	}
}

/* --- sound -------------------------------------------------------------- */

/* It comes to be at the server; 0 or an error. */
static int
attach(struct stream *stream)
{
	int error;

	if (stream->line.gone) {
		return ARTS_E_NOSERVER;
	}
	if (line_is_open(&stream->line)) {
		return 0;
	}
	error = line_open(&stream->line, &stream->sound, stream->name,
	    packets_bytes(stream->packets));
	if (error < 0) {
		return error == -ENOTSUP ? ARTS_E_NOIMPL : ARTS_E_NOSERVER;
	}
	return 0;
}

int
arts_write(arts_stream_t stream, const void *buffer, int count)
{
	int result;
	struct stream *held = hold(stream, &result);

	if (held == NULL) {
		return result;
	}
	if (held->line.recording) {
		return release(held, ARTS_E_NOIMPL);
	}
	result = attach(held);
	if (result == 0 && count > 0) {
		result = line_write(&held->line, buffer, count, held->blocking);
		result = result < 0 ? ARTS_E_NOSERVER : result;
	}
	return release(held, result);
}

int
arts_read(arts_stream_t stream, void *buffer, int count)
{
	int result;
	struct stream *held = hold(stream, &result);

	if (held == NULL) {
		return result;
	}
	if (!held->line.recording) {
		return release(held, ARTS_E_NOIMPL);
	}
	result = attach(held);
	if (result == 0 && count > 0) {
		result = line_read(&held->line, buffer, count, held->blocking);
		result = result < 0 ? ARTS_E_NOSERVER : result;
	}
	return release(held, result);
}

/* --- parameters --------------------------------------------------------- */

/* Bytes to ms, or what fits. */
static int
time_of(const struct stream *stream)
{
	int64_t ms = 0;

	if (stream->second_bytes > 0) {
		ms = packets_bytes(stream->packets) * INT64_C(1000) /
		     stream->second_bytes;
	}
	return ms < INT_MAX / 2 ? (int)ms : INT_MAX / 2;
}

static int
space_of(struct stream *stream)
{
	int result = attach(stream);

	if (result == 0) {
		result = line_space(&stream->line);
		result = result < 0 ? ARTS_E_NOSERVER : result;
	}
	return result;
}

static int
get(struct stream *stream, arts_parameter_t param)
{
	switch (param) {
	case ARTS_P_BUFFER_SIZE:
		return packets_bytes(stream->packets);
	case ARTS_P_BUFFER_TIME:
		return time_of(stream);
	case ARTS_P_BUFFER_SPACE:
		return space_of(stream);
	case ARTS_P_SERVER_LATENCY:
		return stream->latency_ms;
	case ARTS_P_TOTAL_LATENCY:
		return stream->latency_ms + time_of(stream);
	case ARTS_P_BLOCKING:
		return stream->blocking;
	case ARTS_P_PACKET_SIZE:
		return stream->packets.size;
	case ARTS_P_PACKET_COUNT:
		return stream->packets.count;
	case ARTS_P_PACKET_SETTINGS:
		return packets_settings(stream->packets);
	default:
		return ARTS_E_NOIMPL;
	}
}

/* Of the buffer; there is no other once the stream is at the server. */
static int
set_buffer(struct stream *stream, arts_parameter_t param, int value)
{
	int error = 0;

	if (line_is_open(&stream->line) || stream->line.gone) {
		return ARTS_E_NOIMPL;
	}
	if (param == ARTS_P_PACKET_SETTINGS) {
		error =
		    packets_set(value, stream->least_bytes, &stream->packets);
	} else if (param == ARTS_P_BUFFER_TIME) {
		fit(stream, value * stream->second_bytes / 1000);
	} else {
		fit(stream, value);
	}
	return error < 0 ? ARTS_E_NOIMPL : get(stream, param);
}

static int
set(struct stream *stream, arts_parameter_t param, int value)
{
	switch (param) {
	case ARTS_P_BUFFER_SIZE:
	case ARTS_P_BUFFER_TIME:
	case ARTS_P_PACKET_SETTINGS:
		return set_buffer(stream, param, value);
	case ARTS_P_BLOCKING:
		if (value != 0 && value != 1) {
			return ARTS_E_NOIMPL;
		}
		stream->blocking = value != 0;
		return value;
	default:
		return ARTS_E_NOIMPL;
	}
}

int
arts_stream_set(arts_stream_t stream, arts_parameter_t param, int value)
{
	int result;
	struct stream *held = hold(stream, &result);

	return held == NULL ? result : release(held, set(held, param, value));
}

int
arts_stream_get(arts_stream_t stream, arts_parameter_t param)
{
	int result;
	struct stream *held = hold(stream, &result);

	return held == NULL ? result : release(held, get(held, param));
}
