#include "compat-tools/recorder.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compat-tools/progress.h"
#include "compat-tools/stop.h"

#define PIECE 16384 /* bytes read at a time; whole frames of any format */

static const char *
verb(const struct recorder *recorder)
{
	switch (recorder->opcode) {
	case ESD_STREAM_REC:
		return "recording";
	case ESD_STREAM_MON:
		return "monitoring";
	default:
		return "filtering";
	}
}

/* --- where it goes -------------------------------------------------------- */

static int
open_stdout(struct recorder *recorder)
{
	char why[SOUNDFILE_WHY_MAX];
	int error;

	if (isatty(STDOUT_FILENO)) {
		tool_say("standard output is a terminal, which sound would "
			 "spoil; name a file, or send it into a pipe");
		return -ENOTTY;
	}
	error = soundfile_create(NULL, recorder->format,
	    recorder->options->rate, &recorder->out, why);
	if (error != 0) {
		tool_say("%s", why);
	}
	return error;
}

/* Where the file can't be written, sound goes to standard output instead. */
static int
open_output(struct recorder *recorder, bool wants_file)
{
	const char *file = recorder->options->file;
	char why[SOUNDFILE_WHY_MAX];

	if (file == NULL) {
		return wants_file ? open_stdout(recorder) : 0;
	}
	if (strcmp(file, "-") == 0) {
		return open_stdout(recorder);
	}
	if (soundfile_create(file, recorder->format, recorder->options->rate,
		&recorder->out, why) == 0) {
		return 0;
	}
	tool_say("%s", why);
	if (!wants_file || isatty(STDOUT_FILENO)) {
		return -EIO;
	}
	tool_say("recording to standard output instead");
	return open_stdout(recorder);
}

/* --- the meter ------------------------------------------------------------ */

static void
raise_peak(int32_t *peak, int32_t value)
{
	int32_t level = value < 0 ? -value : value;

	if (level > *peak) {
		*peak = level;
	}
}

static void
measure(struct recorder *recorder, const uint8_t *data, size_t n)
{
	bool is_mono = (recorder->format & ESD_MASK_CHAN) == ESD_MONO;
	bool is_wide = (recorder->format & ESD_MASK_BITS) == ESD_BITS16;
	size_t samples = is_mono ? n : 2 * n;

	for (size_t i = 0; i < samples; i++) {
		int32_t *peak = &recorder->peak[is_mono ? 0 : i % 2];
		int16_t word;

		if (is_wide) {
			memcpy(&word, data + 2 * i, sizeof(word));
			raise_peak(peak, word);
		} else {
			raise_peak(peak, (data[i] - 128) * 256);
		}
	}
}

static void
draw(struct recorder *recorder)
{
	char time[PROGRESS_TIME_MAX];
	char meter[2][PROGRESS_METER_MAX];

	if (!progress_is_due()) {
		return;
	}
	(void)progress_time(time, recorder->frames, recorder->options->rate);
	(void)progress_meter(meter[0], recorder->peak[0]);
	(void)progress_meter(meter[1], recorder->peak[1]);
	if ((recorder->format & ESD_MASK_CHAN) == ESD_MONO) {
		progress_draw("%7s  %s", time, meter[0]);
	} else {
		progress_draw("%7s  L %s  R %s", time, meter[0], meter[1]);
	}
	memset(recorder->peak, 0, sizeof(recorder->peak));
}

/* --- recording ------------------------------------------------------------ */

static int
take_frames(struct recorder *recorder, uint8_t *data, size_t n)
{
	int error = 0;

	if (recorder->each != NULL) {
		error = recorder->each(recorder, data, n);
	}
	if (error == 0 && recorder->out != NULL) {
		error = soundfile_write(recorder->out, data, n);
		if (error != 0 && error != -EINTR) {
			progress_end();
			tool_say("%s", soundfile_why(recorder->out));
		}
	}
	recorder->frames += (int64_t)n;
	measure(recorder, data, n);
	draw(recorder);
	return error;
}

/* More bytes behind those that are there; 0 at the end, or -errno. */
static ssize_t
receive(struct recorder *recorder, uint8_t *data, size_t size)
{
	for (;;) {
		ssize_t got;
		int ready = stop_poll(recorder->client.fd, POLLIN, -1);

		if (ready < 0) {
			return ready;
		}
		got = recv(recorder->client.fd, data, size, MSG_DONTWAIT);
		if (got >= 0) {
			return got;
		}
		if (errno == ECONNRESET) {
			return 0;
		}
		if (errno != EAGAIN && errno != EINTR) {
			return -errno;
		}
	}
}

/* 0 at the daemon's end, -EINTR when asked to stop, or -errno. */
static int
record(struct recorder *recorder)
{
	uint8_t piece[PIECE];
	size_t kept = 0; /* bytes of a frame that is not whole yet */

	for (;;) {
		size_t whole;
		int error;
		ssize_t got =
		    receive(recorder, piece + kept, sizeof(piece) - kept);

		if (got <= 0) {
			return (int)got;
		}
		kept += (size_t)got;
		whole = kept / recorder->frame_bytes;
		error = whole == 0 ? 0 : take_frames(recorder, piece, whole);
		if (error != 0) {
			return error;
		}
		kept -= whole * recorder->frame_bytes;
		memmove(piece, piece + whole * recorder->frame_bytes, kept);
	}
}

static int
begin(struct recorder *recorder, bool wants_file)
{
	const struct tool_options *options = recorder->options;
	struct client *client = &recorder->client;

	if (client_open(client, options->server, CLIENT_TIMEOUT) != 0) {
		tool_say("%s", client->why);
		return -1;
	}
	if (open_output(recorder, wants_file) != 0) {
		return -1;
	}
	(void)fprintf(stderr, "opening socket, format = 0x%08x at %d Hz\n",
	    (unsigned)recorder->format, options->rate);
	if (client_stream(client, recorder->opcode, recorder->format,
		options->rate, recorder->name) != 0) {
		tool_say("%s", client->why);
		return -1;
	}
	return 0;
}

/* What became of it: says so where that is news. */
static int
finish(struct recorder *recorder, int error)
{
	int status =
	    error == 0 || error == -EINTR ? EXIT_SUCCESS : EXIT_FAILURE;

	progress_end();
	if (error == 0) {
		tool_say("the daemon at %s ended the %s; its log tells why",
		    recorder->client.place, verb(recorder));
		status = recorder->frames > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	error = soundfile_close(recorder->out);
	if (error != 0) {
		tool_say("cannot complete %s: %s; see whether its disk is full",
		    recorder->options->file, strerror(-error));
		status = EXIT_FAILURE;
	}
	return status;
}

int
recorder_run(struct recorder *recorder, bool wants_file)
{
	int error;
	int status;

	stop_catch();
	recorder->frame_bytes = esd_frame_bytes(recorder->format);
	client_adopt(&recorder->client, -1, CLIENT_TIMEOUT);
	error = begin(recorder, wants_file);
	if (error == 0) {
		error = record(recorder);
		status = finish(recorder, error);
	} else {
		(void)soundfile_close(recorder->out);
		status = EXIT_FAILURE;
	}
	client_close(&recorder->client);
	return status;
}
