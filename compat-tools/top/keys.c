/* What each key does to a board. */
#include <string.h>

#include "compat-tools/top/board.h"
#include "server/volume.h"

#define PERCENT_MAX (VOLUME_MAX * 100 / VOLUME_UNITY)

/* What an action has to work with. */
struct press {
	struct board *board;
	struct board_row *row; /* that is selected */
	int64_t now;
	struct order *order;
};

/* --- where ---------------------------------------------------------------- */

static void
move(struct press *press, int by)
{
	struct board *board = press->board;
	size_t last = board->count - 1;
	size_t back = (size_t)-by;

	if (by < 0) {
		board->at -= back < board->at ? back : board->at;
	} else {
		board->at += (size_t)by;
		board->at = board->at < last ? board->at : last;
	}
}

static void
move_page(struct press *press, int by)
{
	move(press, by * (int)press->board->visible);
}

static void
move_end(struct press *press, int by)
{
	press->board->at = by < 0 ? 0 : press->board->count - 1;
}

static void
sort_next(struct press *press, int by)
{
	struct board *board = press->board;

	board->sort = (board->sort + 1) % BOARD_SORTS;
	board_arrange(board, board->order[board->at]);
	board_say(board, press->now, "sorted by %s", board_sorted(board));
}

/* --- volumes -------------------------------------------------------------- */

/* False, and said so: a sample's players have its volume. */
static bool
is_own(struct press *press)
{
	if (!board_is_sample(press->row)) {
		return true;
	}
	board_say(press->board, press->now,
	    "that is a cached sample; esdctl pansample sets its volume");
	return false;
}

static void
order_row(struct press *press, const struct board_row *row,
    enum order_kind kind)
{
	const struct esd_playing *playing = &row->playing;

	*press->order = (struct order){ .kind = kind,
		.id = playing->id,
		.left = playing->left,
		.right = playing->right,
		.muted = playing->muted };
	memcpy(press->order->name, playing->name, sizeof(playing->name));
}

/* Shown at once, so that the next key goes on from there. */
static void
set_sides(struct press *press, int32_t left, int32_t right)
{
	if (!is_own(press)) {
		return;
	}
	press->row->playing.left = volume_clamp(left);
	press->row->playing.right = volume_clamp(right);
	order_row(press, press->row,
	    board_is_master(press->row) ? ORDER_MASTER : ORDER_VOLUME);
}

/* Of the louder side; the other keeps its part of it. */
static void
set_percent(struct press *press, int percent)
{
	int32_t left = press->row->playing.left;
	int32_t right = press->row->playing.right;
	int32_t loud = left > right ? left : right;
	int32_t wanted;

	percent = percent < 0		  ? 0
		  : percent > PERCENT_MAX ? PERCENT_MAX
					  : percent;
	wanted = (percent * VOLUME_UNITY + 50) / 100;
	if (loud <= 0) {
		set_sides(press, wanted, wanted);
	} else {
		set_sides(press, (left * wanted + loud / 2) / loud,
		    (right * wanted + loud / 2) / loud);
	}
}

static void
change_percent(struct press *press, int by)
{
	set_percent(press, board_percent(press->row) + by);
}

/* The quieter side comes up to the other before that one goes down. */
static void
lean(struct press *press, int by)
{
	int32_t step = (VOLUME_UNITY * 5 + 50) / 100;
	int32_t left = press->row->playing.left;
	int32_t right = press->row->playing.right;
	int32_t *to = by > 0 ? &right : &left;
	int32_t *from = by > 0 ? &left : &right;

	if (*to < *from) {
		*to = *to + step < *from ? *to + step : *from;
	} else {
		*from = *from > step ? *from - step : 0;
	}
	set_sides(press, left, right);
}

static void
centre(struct press *press, int by)
{
	int32_t left = press->row->playing.left;
	int32_t right = press->row->playing.right;

	set_sides(press, left > right ? left : right,
	    left > right ? left : right);
}

/* False, and said so: the daemon has no such request. */
static bool
is_able(struct press *press, const char *request)
{
	if (press->row->playing.muted != STREAMS_UNKNOWN) {
		return true;
	}
	board_say(press->board, press->now,
	    "the daemon is an old one and cannot %s", request);
	return false;
}

static void
mute(struct press *press, int by)
{
	if (is_able(press, "mute") && is_own(press)) {
		press->row->playing.muted = press->row->playing.muted == 0;
		order_row(press, press->row,
		    board_is_master(press->row) ? ORDER_MASTER : ORDER_VOLUME);
	}
}

/* --- other orders --------------------------------------------------------- */

/* False, and said so: it is the master, or another thing that has no end. */
static bool
is_stream(struct press *press, const char *request)
{
	if (board_is_master(press->row)) {
		board_say(press->board, press->now,
		    "select a stream to %s, with the up and down keys",
		    request);
		return false;
	}
	return is_own(press) && is_able(press, request);
}

static void
ask_kill(struct press *press, int by)
{
	if (is_stream(press, "kill")) {
		press->board->mode = BOARD_KILL;
		press->board->doomed = press->row->playing.id;
	}
}

/* False, and said so: there is nothing to remember it by. */
static bool
is_named(struct press *press, const char *request)
{
	if (!is_stream(press, request)) {
		return false;
	}
	if (press->row->playing.name[0] == '\0') {
		board_say(press->board, press->now,
		    "a stream without a name is not remembered");
		return false;
	}
	return true;
}

static void
remember(struct press *press, int by)
{
	if (is_named(press, "remember")) {
		order_row(press, press->row, ORDER_REMEMBER);
	}
}

static void
forget(struct press *press, int by)
{
	if (is_named(press, "forget")) {
		order_row(press, press->row, ORDER_FORGET);
	}
}

static void
help(struct press *press, int by)
{
	press->board->mode = BOARD_HELP;
}

static void
quit(struct press *press, int by)
{
	press->order->kind = ORDER_QUIT;
}

/* --- keys ----------------------------------------------------------------- */

struct binding {
	int key;
	void (*act)(struct press *press, int by);
	int by;
	bool alone; /* needs no daemon */
};

static const struct binding bindings[] = {
	{ BOARD_UP, move, -1, true },
	{ BOARD_DOWN, move, 1, true },
	{ BOARD_PAGE_UP, move_page, -1, true },
	{ BOARD_PAGE_DOWN, move_page, 1, true },
	{ BOARD_HOME, move_end, -1, true },
	{ BOARD_END, move_end, 1, true },
	{ BOARD_LEFT, change_percent, -5, false },
	{ '-', change_percent, -5, false },
	{ BOARD_RIGHT, change_percent, 5, false },
	{ '+', change_percent, 5, false },
	{ '=', change_percent, 5, false }, /* '+' without shift */
	{ BOARD_FINE_LEFT, change_percent, -1, false },
	{ ',', change_percent, -1, false },
	{ BOARD_FINE_RIGHT, change_percent, 1, false },
	{ '.', change_percent, 1, false },
	{ '0', set_percent, 0, false },
	{ '1', set_percent, 10, false },
	{ '2', set_percent, 20, false },
	{ '3', set_percent, 30, false },
	{ '4', set_percent, 40, false },
	{ '5', set_percent, 50, false },
	{ '6', set_percent, 60, false },
	{ '7', set_percent, 70, false },
	{ '8', set_percent, 80, false },
	{ '9', set_percent, 90, false },
	{ 'u', set_percent, 100, false },
	{ '<', lean, -1, false },
	{ '>', lean, 1, false },
	{ 'b', centre, 0, false },
	{ 'm', mute, 0, false },
	{ 'k', ask_kill, 0, false },
	{ BOARD_DELETE, ask_kill, 0, false },
	{ 'r', remember, 0, false },
	{ 'f', forget, 0, false },
	{ 's', sort_next, 0, true },
	{ 'h', help, 0, true },
	{ '?', help, 0, true },
	{ BOARD_F1, help, 0, true },
	{ 'q', quit, 0, true },
	{ BOARD_ESCAPE, quit, 0, true },
};

static const struct binding *
find_binding(int key)
{
	for (size_t i = 0; i < sizeof(bindings) / sizeof(*bindings); i++) {
		const struct binding *binding = &bindings[i];

		if (binding->key == key ||
		    (key >= 'A' && key <= 'Z' && binding->key == key + 32)) {
			return binding;
		}
	}
	return NULL;
}

/* Yes or anything else, of the stream that was asked about. */
static void
answer_kill(struct press *press, int key)
{
	const struct board_row *row =
	    board_stream(press->board, press->board->doomed);

	press->board->mode = BOARD_MIXER;
	if (row != NULL && (key == 'y' || key == 'Y')) {
		order_row(press, row, ORDER_KILL);
	}
}

void
board_key(struct board *board, int key, int64_t now, struct order *order)
{
	const struct binding *binding = find_binding(key);
	struct press press = { board, NULL, now, order };

	memset(order, 0, sizeof(*order));
	if (key == BOARD_NO_KEY || board->count == 0) {
		return;
	}
	if (key == BOARD_REDRAW) {
		order->kind = ORDER_REDRAW;
		return;
	}
	if (!board->lost) {
		board->said[0] = '\0';
	}
	if (board->mode == BOARD_KILL) {
		answer_kill(&press, key);
		return;
	}
	if (board->mode == BOARD_HELP) {
		board->mode = BOARD_MIXER; /* whatever key: it has been read */
		return;
	}
	if (binding == NULL || (board->lost && !binding->alone)) {
		return;
	}
	press.row = &board->rows[board->order[board->at]];
	binding->act(&press, binding->by);
}
