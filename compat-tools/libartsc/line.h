/*
 * A stream's connection to the server, and what is on its way there.
 * Thread: any, one at a time for each.
 */
#ifndef LINE_H
#define LINE_H

#include "compat-tools/client.h"

/* As programs describe it. */
struct line_sound {
	int rate; /* frames/s */
	int bits;
	int channels;
};

/* 0 where it is none, so that nothing is divided by it unseen. */
int64_t line_bytes_per_second(const struct line_sound *sound);

struct line {
	struct client client; /* its descriptor is -1 while there is none */
	bool recording;
	bool tracked; /* the server tells what it has played */
	bool gone;    /* so has the server */
	unsigned frame_bytes;
	int64_t bytes_per_second;
	int32_t size_bytes; /* that it takes before some has been played */
	uint64_t written_bytes, played_bytes;
	int64_t counted_ms; /* when that many had been played, not tracked */
};

/* None yet. */
void line_init(struct line *line, bool recording);
bool line_is_open(const struct line *line);

/*
 * Makes it a stream at the server.  0; -ENOTSUP: no server takes such sound; or
 * -errno.
 */
int line_open(struct line *line, const struct line_sound *sound,
    const char *name, int32_t size_bytes);

/*
 * Bytes written or read: all of them where it may wait, unless the server goes;
 * or -EPIPE: it had gone before.
 */
int line_write(struct line *line, const void *data, int bytes, bool wait);
int line_read(struct line *line, void *data, int bytes, bool wait);

/* Bytes that can be written or read without waiting; or -EPIPE. */
int line_space(struct line *line);

/* What was written is played to its end.  One that isn't open is fine. */
void line_close(struct line *line);

#endif
