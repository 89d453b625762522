#include "compat-tools/top/board.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat-tools/words.h"
#include "server/volume.h"

void
board_init(struct board *board, const char *place)
{
	memset(board, 0, sizeof(*board));
	(void)snprintf(board->place, sizeof(board->place), "%s", place);
	board->visible = 1;
}

void
board_finish(struct board *board)
{
	free(board->rows);
	free(board->order);
}

bool
board_is_master(const struct board_row *row)
{
	return row->playing.id == 0;
}

bool
board_is_sample(const struct board_row *row)
{
	return strcmp(row->playing.protocol, "sample") == 0;
}

const struct board_row *
board_stream(const struct board *board, int32_t id)
{
	for (size_t i = 1; i < board->count; i++) {
		const struct board_row *row = &board->rows[i];

		if (row->playing.id == id && !board_is_sample(row)) {
			return row;
		}
	}
	return NULL;
}

int
board_percent(const struct board_row *row)
{
	int32_t left = row->playing.left, right = row->playing.right;

	return ((left > right ? left : right) * 100 + ESD_VOLUME_BASE / 2) /
	       ESD_VOLUME_BASE;
}

const struct board_row *
board_selected(const struct board *board)
{
	return board->count == 0 ? NULL : &board->rows[board->order[board->at]];
}

void
board_say(struct board *board, int64_t now, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(board->said, sizeof(board->said), format, args);
	va_end(args);
	board->said_until = now + BOARD_SAID_MS;
}

/* --- order ---------------------------------------------------------------- */

static int
compare(const void *a, const void *b, void *arg)
{
	const struct board *board = arg;
	size_t first = *(const size_t *)a, second = *(const size_t *)b;
	const struct board_row *one = &board->rows[first];
	const struct board_row *other = &board->rows[second];
	int by = 0;

	switch (board->sort) {
	case BOARD_BY_NAME:
		by = strcmp(one->playing.name, other->playing.name);
		break;
	case BOARD_BY_USER:
		by = strcmp(one->user, other->user);
		break;
	case BOARD_BY_RATE:
		by = (one->playing.rate > other->playing.rate) -
		     (one->playing.rate < other->playing.rate);
		break;
	default:
		break;
	}
	return by != 0 ? by : (first > second) - (first < second);
}

/*
 * Sorts the streams behind the master, and selects that row of them.  Where it
 * has gone, what takes its place is selected.
 */
void
board_arrange(struct board *board, size_t selected)
{
	size_t last = board->count - 1;

	for (size_t i = 0; i < board->count; i++) {
		board->order[i] = i;
	}
	qsort_r(board->order + 1, last, sizeof(*board->order), compare, board);
	board->at = board->at < last ? board->at : last;
	for (size_t i = 0; i < board->count; i++) {
		if (board->order[i] == selected) {
			board->at = i;
		}
	}
}

const char *
board_sorted(const struct board *board)
{
	static const char *const names[BOARD_SORTS] = { [BOARD_BY_AGE] = "age",
		[BOARD_BY_NAME] = "name",
		[BOARD_BY_USER] = "user",
		[BOARD_BY_RATE] = "rate" };

	return names[board->sort];
}

/* --- news ----------------------------------------------------------------- */

static void
fill_master(struct board_row *row, const struct streams *streams)
{
	const struct esd_status *status = &streams->status;
	bool told = streams->extended;

	row->playing = (struct esd_playing){
		.rate = status->rate,
		.left = told ? status->left : ESD_VOLUME_BASE,
		.right = told ? status->right : ESD_VOLUME_BASE,
		.muted = told ? status->muted : STREAMS_UNKNOWN,
		.peak_left = status->peak_left,
		.peak_right = status->peak_right,
		.underruns = told ? status->underruns : STREAMS_UNKNOWN,
		.latency_us = told ? status->delay_us : STREAMS_UNKNOWN,
		.name = "Master",
	};
}

/* Whose a new stream is: a user of this machine, or "c7 192.0.2.1 port 9". */
static void
find_user(struct board_row *row)
{
	const char *address = strchr(row->playing.peer, ' ');

	if (row->playing.uid < 0 && address != NULL) {
		(void)snprintf(row->user, sizeof(row->user), "%.*s",
		    (int)strcspn(address + 1, " "), address + 1);
	} else {
		words_user(row->playing.uid, row->user, sizeof(row->user));
	}
}

static void
fill_new(struct board_row *row, int64_t now)
{
	level_init(&row->level, now);
	row->user[0] = '\0';
	if (!board_is_master(row)) {
		find_user(row);
	}
}

/* The row that stream had, from *at on, or NULL. */
static const struct board_row *
find_before(const struct board *board, size_t *at,
    const struct esd_playing *playing)
{
	for (size_t i = *at; i < board->count; i++) {
		const struct board_row *row = &board->rows[i];

		if (row->playing.id == playing->id &&
		    strcmp(row->playing.protocol, playing->protocol) == 0) {
			*at = i + 1;
			return row;
		}
	}
	return NULL;
}

static void
fill_row(struct board_row *row, const struct board_row *before, int64_t now)
{
	int32_t left = row->playing.peak_left, right = row->playing.peak_right;

	/* A server may say anything, and keys reckon with these. */
	row->playing.left = volume_clamp(row->playing.left);
	row->playing.right = volume_clamp(row->playing.right);
	if (before != NULL) {
		row->level = before->level;
		memcpy(row->user, before->user, sizeof(row->user));
	} else {
		fill_new(row, now);
	}
	level_take(&row->level, left > right ? left : right, now);
}

/*
 * Fills `rows` from what is told now and what was known.  Streams come and go
 * but never change places, so that one pass over both finds all.
 * Returns the index that the selected row has now, or none that a row has.
 */
static size_t
fill_rows(const struct board *board, const struct streams *streams,
    struct board_row *rows, int64_t now)
{
	size_t was = board->count > 0 ? board->order[board->at] : 0;
	size_t next = 0, selected = SIZE_MAX;

	for (size_t i = 0; i <= streams->count; i++) {
		const struct board_row *before;

		if (i == 0) {
			fill_master(&rows[0], streams);
		} else {
			rows[i].playing = streams->list[streams->count - i];
		}
		before = find_before(board, &next, &rows[i].playing);
		fill_row(&rows[i], before, now);
		if (before != NULL && before == &board->rows[was]) {
			selected = i;
		}
	}
	return selected;
}

int
board_update(struct board *board, const struct streams *streams, int64_t now)
{
	size_t count = streams->count + 1;
	struct board_row *rows = calloc(count, sizeof(*rows));
	size_t *order = calloc(count, sizeof(*order));
	size_t selected;

	if (rows == NULL || order == NULL) {
		free(rows);
		free(order);
		return -ENOMEM;
	}
	selected = fill_rows(board, streams, rows, now);
	free(board->rows);
	free(board->order);
	board->rows = rows;
	board->order = order;
	board->count = count;
	board_arrange(board, selected);
	board->status = streams->status;
	memcpy(board->buses, streams->buses, sizeof(board->buses));
	board->bus_count = streams->bus_count;
	if (board->lost || now >= board->said_until) {
		board->said[0] = '\0';
	}
	board->lost = false;
	if (board->mode == BOARD_KILL &&
	    board_stream(board, board->doomed) == NULL) {
		board->mode = BOARD_MIXER;
		board_say(board, now, "it has gone");
	}
	return 0;
}

void
board_lose(struct board *board, const char *why, int64_t now)
{
	for (size_t i = 0; i < board->count; i++) {
		level_take(&board->rows[i].level, 0, now);
	}
	board_say(board, now, "trying again: %s", why);
	board->lost = true;
	board->mode = BOARD_MIXER;
}
