#include "compat-tools/top/show.h"

#include <inttypes.h>
#include <string.h>

#include "compat-tools/top/table.h"
#include "compat-tools/words.h"

#define HEAD	   5  /* rows before the headings, at most */
#define ROWS_SMALL 16 /* on less some of them are left out */
#define FOOT	   2  /* rows at the end */
#define TEXT	   8  /* column of what follows "Device" */
#define LINE_BYTES (3 * WORDS_ESCAPED_MAX)

/* --- the head ------------------------------------------------------------- */

static void
put_line(struct page *page, int at, const char *what, enum style style,
    const char *text)
{
	(void)page_put(page, at, 0, page->columns, STYLE_HEADING, what);
	(void)page_put(page, at, TEXT, page->columns - TEXT, style, text);
}

static void
show_title(const struct board *board, struct page *page)
{
	char title[CLIENT_PLACE_MAX + 16], sorted[32];
	int used;

	(void)snprintf(title, sizeof(title), "esdtop: %s", board->place);
	page_paint(page, 0, STYLE_TITLE);
	used = page_put(page, 0, 1, page->columns - 1, STYLE_TITLE, title);
	(void)snprintf(sorted, sizeof(sorted), "  sorted by %s ",
	    board_sorted(board));
	if (used + 1 + (int)strlen(sorted) <= page->columns) {
		(void)page_put_right(page, 0, used + 1,
		    page->columns - used - 1, STYLE_TITLE, sorted);
	}
}

static void
show_device(const struct board *board, struct page *page, int at)
{
	char device[WORDS_ESCAPED_MAX], line[LINE_BYTES];
	int32_t state = board->status.state;

	words_escape(board->status.device, false, device);
	(void)snprintf(line, sizeof(line), "%s: %s%s",
	    device[0] != '\0' ? device : "none", words_state(state),
	    state == ESD_STATE_LOST ? ", nothing is heard" : "");
	put_line(page, at, "Device",
	    state == ESD_STATE_LOST ? STYLE_TROUBLE : STYLE_PLAIN, line);
}

static void
show_granted(const struct board *board, struct page *page, int at)
{
	const struct esd_status *status = &board->status;
	char format[WORDS_ESCAPED_MAX], access[WORDS_ESCAPED_MAX];
	char line[LINE_BYTES];
	double ms =
	    status->rate > 0 ? status->buffer * 1000.0 / status->rate : 0;

	words_escape(status->format, false, format);
	words_escape(status->access, false, access);
	if (status->period > 0) {
		(void)snprintf(line, sizeof(line),
		    "%d Hz, %s x %d, %s, period %d, buffer %d (%.1f ms)",
		    status->rate, format, status->channels, access,
		    status->period, status->buffer, ms);
	} else {
		(void)snprintf(line, sizeof(line), "%d Hz", status->rate);
	}
	put_line(page, at, "", STYLE_PLAIN, line);
}

static void
show_buses(const struct board *board, struct page *page, int at)
{
	char line[LINE_BYTES] = "none";
	size_t used = 0;

	for (size_t i = 0; i < board->bus_count && used < sizeof(line); i++) {
		const struct esd_bus *bus = &board->buses[i];

		used += (size_t)snprintf(line + used, sizeof(line) - used,
		    "%s%d Hz (%d)", i > 0 ? ", " : "", bus->rate, bus->streams);
	}
	put_line(page, at, "Buses", STYLE_PLAIN, line);
}

static const char *
plural(int32_t count)
{
	return count == 1 ? "" : "s";
}

static void
show_mixer(const struct board *board, struct page *page, int at)
{
	const struct esd_status *status = &board->status;
	int32_t streams = (int32_t)board->count - 1;
	uint64_t clipped = esd_join(status->clipped_high, status->clipped_low);
	char line[LINE_BYTES];

	(void)snprintf(line, sizeof(line),
	    "%d stream%s, %d client%s, %d sample%s, underruns %d, clipped "
	    "%" PRIu64 "%s",
	    streams, plural(streams), status->clients, plural(status->clients),
	    status->samples, plural(status->samples), status->underruns,
	    clipped, status->realtime == 0 ? ", not real-time" : "");
	put_line(page, at, "Mixer", STYLE_PLAIN, line);
}

/* An old server tells its rate, and no more. */
static bool
is_told(const struct board *board)
{
	return board->rows[0].playing.muted != STREAMS_UNKNOWN;
}

static void
show_old(const struct board *board, struct page *page, int at)
{
	char line[LINE_BYTES];

	(void)snprintf(line, sizeof(line),
	    "%d Hz; the daemon is an old one and tells no more",
	    board->status.rate);
	put_line(page, at, "Mixer", STYLE_PLAIN, line);
}

/* Returns the row after it. */
static int
show_head(const struct board *board, struct page *page, bool small)
{
	int at = 1;

	show_title(board, page);
	if (!is_told(board)) {
		show_old(board, page, at);
		return at + 1;
	}
	show_device(board, page, at++);
	if (!small) {
		show_granted(board, page, at++);
		show_buses(board, page, at++);
	}
	show_mixer(board, page, at++);
	return at;
}

/* --- the table ------------------------------------------------------------ */

/* Streams from `top` on, the master above them. */
static void
show_table(const struct board *board, struct page *page, int at, size_t top,
    size_t visible, bool select)
{
	struct table table;

	table_lay(&table, page->columns);
	table_headings(&table, page, at++);
	table_row(&table, page, at++, &board->rows[0],
	    select && board->at == 0);
	for (size_t i = top; i < top + visible && i < board->count; i++) {
		table_row(&table, page, at++, &board->rows[board->order[i]],
		    select && i == board->at);
	}
}

/* So that what is selected is in sight, and no row is empty without need. */
static void
scroll(struct board *board, size_t visible)
{
	size_t end = board->count > visible ? board->count - visible : 1;

	board->visible = visible;
	if (board->at > 0 && board->at < board->top) {
		board->top = board->at;
	}
	if (board->at >= board->top + visible) {
		board->top = board->at - visible + 1;
	}
	board->top = board->top > end ? end : board->top;
	board->top = board->at == 0 || board->top < 1 ? 1 : board->top;
}

/* --- the foot ------------------------------------------------------------- */

static void
show_selected(const struct board *board, struct page *page, int at)
{
	const struct board_row *row = board_selected(board);
	const struct esd_playing *playing = &row->playing;
	char name[WORDS_ESCAPED_MAX], peer[WORDS_ESCAPED_MAX];
	char played[32] = "", line[LINE_BYTES];

	words_escape(playing->name, false, name);
	words_escape(playing->peer, false, peer);
	if (playing->rate > 0 && playing->muted != STREAMS_UNKNOWN) {
		words_time(esd_join(playing->played_high, playing->played_low) /
			       (uint64_t)playing->rate,
		    played, sizeof(played));
	}
	if (board_is_master(row)) {
		played[0] = '\0';
	}
	(void)snprintf(line, sizeof(line), "%s%s%s%sleft %d%%, right %d%%: %s",
	    peer, peer[0] != '\0' ? ", " : "", played,
	    played[0] != '\0' ? " played, " : "",
	    (playing->left * 100 + ESD_VOLUME_BASE / 2) / ESD_VOLUME_BASE,
	    (playing->right * 100 + ESD_VOLUME_BASE / 2) / ESD_VOLUME_BASE,
	    name);
	(void)page_put(page, at, 1, page->columns - 1, STYLE_PLAIN, line);
}

static void
show_question(const struct board *board, struct page *page, int at)
{
	const struct board_row *row = board_stream(board, board->doomed);
	char name[WORDS_ESCAPED_MAX] = "", line[LINE_BYTES];

	if (row != NULL) {
		words_escape(row->playing.name, false, name);
	}
	(void)snprintf(line, sizeof(line),
	    "Kill stream %d and its connection (y or n)? %s", board->doomed,
	    name);
	page_paint(page, at, STYLE_TROUBLE);
	(void)page_put(page, at, 1, page->columns - 1, STYLE_TROUBLE, line);
}

static void
show_foot(const struct board *board, struct page *page, int at)
{
	if (board->mode == BOARD_KILL) {
		show_question(board, page, at);
	} else if (board->said[0] != '\0') {
		enum style style = board->lost ? STYLE_TROUBLE : STYLE_HEADING;

		page_paint(page, at, style);
		(void)page_put(page, at, 1, page->columns - 1, style,
		    board->said);
	} else {
		show_selected(board, page, at);
	}
	page_paint(page, at + 1, STYLE_FAINT);
	(void)page_put(page, at + 1, 1, page->columns - 1, STYLE_FAINT,
	    "Up/Down select  Left/Right volume  m mute  k kill  h help  q "
	    "quit");
}

/* --- the whole ------------------------------------------------------------ */

static void
show_help(struct page *page)
{
	static const char *const lines[] = {
		"Up, Down, PgUp, PgDn, Home, End   select a stream, or the "
		"master",
		"Left, Right, - +                  volume, 5 %",
		"Shift-Left, Shift-Right, , .      volume, 1 %",
		"0 to 9, u                         volume 0 to 90 %, 100 %",
		"< > b                             balance to the left, the "
		"right, the middle",
		"m                                 mute, which keeps the "
		"volume",
		"k, Delete                         kill the stream and its "
		"connection",
		"r                                 remember this volume, for "
		"all "
		"streams of the name",
		"f                                 forget what is remembered "
		"for "
		"the name",
		"s                                 sort by age, name, user, "
		"rate",
		"Ctrl-L                            draw all of it anew",
		"h, ?, F1                          this",
		"q, Esc                            quit",
	};
	int at = 2;

	page_paint(page, 0, STYLE_TITLE);
	(void)page_put(page, 0, 1, page->columns - 1, STYLE_TITLE,
	    "esdtop's keys");
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		(void)page_put(page, at++, 1, page->columns - 1, STYLE_PLAIN,
		    lines[i]);
	}
	(void)page_put(page, page->rows - 1, 1, page->columns - 1, STYLE_FAINT,
	    "any key goes back");
}

static void
show_mixer_page(struct board *board, struct page *page)
{
	int at = show_head(board, page, page->rows < ROWS_SMALL);
	int streams = page->rows - at - 2 - FOOT;

	scroll(board, streams > 0 ? (size_t)streams : 1);
	show_table(board, page, at, board->top, board->visible, true);
	show_foot(board, page, page->rows - FOOT);
}

void
show_board(struct board *board, struct page *page)
{
	page_clear(page);
	if (page->rows < SHOW_ROWS_MIN || page->columns < SHOW_COLUMNS_MIN) {
		char line[LINE_BYTES];

		(void)snprintf(line, sizeof(line), "needs %d x %d characters",
		    SHOW_COLUMNS_MIN, SHOW_ROWS_MIN);
		(void)page_put(page, 0, 0, page->columns, STYLE_PLAIN, line);
	} else if (board->count == 0) {
		show_title(board, page);
	} else if (board->mode == BOARD_HELP) {
		show_help(page);
	} else {
		show_mixer_page(board, page);
	}
}

int
show_all(const struct board *board, struct page *page)
{
	int rows = HEAD + 1 + (int)board->count;
	int error = page_resize(page, rows, page->columns);
	int at;

	if (error == 0) {
		at = show_head(board, page, false);
		show_table(board, page, at, 1, board->count, false);
		page->rows -= HEAD - at;
	}
	return error;
}
