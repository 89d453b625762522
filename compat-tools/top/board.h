/*
 * What the mixer shows, and what a key does to it.  It knows neither the
 * terminal nor the daemon nor the clock: it is told.
 * Thread: any, one at a time for each board.
 */
#ifndef BOARD_H
#define BOARD_H

#include "compat-tools/streams.h"
#include "compat-tools/top/level.h"

#define BOARD_USER_MAX 48
#define BOARD_SAID_MAX CLIENT_WHY_MAX
#define BOARD_SAID_MS  10000 /* a sentence stays that long, or until a key */

/* A stream, or the master, which is what STATUS says of it. */
struct board_row {
	struct esd_playing playing; /* id 0: the master */
	char user[BOARD_USER_MAX];  /* or the address of another machine */
	struct level level;	    /* of the louder side */
};

enum board_mode {
	BOARD_MIXER,
	BOARD_HELP,
	BOARD_KILL /* asks whether to */
};

enum board_sort {
	BOARD_BY_AGE,
	BOARD_BY_NAME,
	BOARD_BY_USER,
	BOARD_BY_RATE,
	BOARD_SORTS
};

struct board {
	char place[CLIENT_PLACE_MAX]; /* where the daemon is */
	bool lost;		      /* it was there; the rest is as it was */
	struct esd_status status;
	struct esd_bus buses[STREAMS_BUSES_MAX];
	size_t bus_count;

	struct board_row *rows; /* the master, then streams, oldest first */
	size_t *order;		/* indices of rows, as shown */
	size_t count;		/* of both; 0: nothing has been told yet */

	enum board_mode mode;
	enum board_sort sort;
	int32_t doomed; /* the stream that BOARD_KILL is about */
	size_t at;	/* which is selected, in `order` */
	size_t top;	/* the first stream in sight, in `order` */
	size_t visible; /* streams that have room: set by who shows it */
	char said[BOARD_SAID_MAX];
	int64_t said_until; /* ms; while it is lost, for ever */
};

/* A key is a character, or one of these. */
enum board_key {
	BOARD_NO_KEY = 0,
	BOARD_ESCAPE = 27,
	BOARD_UP = 0x200000, /* beyond every character */
	BOARD_DOWN,
	BOARD_LEFT,
	BOARD_RIGHT,
	BOARD_FINE_LEFT,
	BOARD_FINE_RIGHT,
	BOARD_PAGE_UP,
	BOARD_PAGE_DOWN,
	BOARD_HOME,
	BOARD_END,
	BOARD_DELETE,
	BOARD_F1,
	BOARD_REDRAW /* draw all of it anew, whatever is there */
};

/* What a key asks for. */
enum order_kind {
	ORDER_NONE,
	ORDER_VOLUME, /* of stream id */
	ORDER_MASTER,
	ORDER_KILL,	/* stream id */
	ORDER_REMEMBER, /* volume and mute for all streams of that name */
	ORDER_FORGET,	/* what is kept for that name */
	ORDER_REDRAW,
	ORDER_QUIT
};

struct order {
	enum order_kind kind;
	int32_t id;
	int32_t left, right, muted;
	char name[ESD_NAME_MAX];
};

void board_init(struct board *board, const char *place);
void board_finish(struct board *board);

/* The daemon told this.  0 or -ENOMEM, and all is as before. */
int board_update(struct board *board, const struct streams *streams,
    int64_t now);

/* It doesn't tell any more, and this is why. */
void board_lose(struct board *board, const char *why, int64_t now);

/* Carries out a key as far as it can, and says what is left to do. */
void board_key(struct board *board, int key, int64_t now, struct order *order);

/* Shows a sentence for a while. */
void board_say(struct board *board, int64_t now, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sorts, and selects that row; where there is none, the place stays. */
void board_arrange(struct board *board, size_t selected);

/* The row that is selected, or NULL. */
const struct board_row *board_selected(const struct board *board);

/* The client's stream of that id, or NULL. */
const struct board_row *board_stream(const struct board *board, int32_t id);

bool board_is_master(const struct board_row *row);

/* It plays a cached sample, whose id and volume it has. */
bool board_is_sample(const struct board_row *row);

/* The volume of the louder side, in percent. */
int board_percent(const struct board_row *row);

/* "age": by what it is sorted. */
const char *board_sorted(const struct board *board);

#endif
