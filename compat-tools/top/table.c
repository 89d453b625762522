#include "compat-tools/top/table.h"

#include <stdio.h>
#include <string.h>

#include "compat-tools/words.h"

#define MARGIN	   1	  /* columns, for the mark of what is selected */
#define LOUD	   (-120) /* tenths of dB, where a meter changes colour */
#define HOT	   (-30)
#define TEXT_MAX   WORDS_ESCAPED_MAX
#define PERCENTAGE 5 /* columns of " 100%" */

/* --- cells ---------------------------------------------------------------- */

static void
name_text(const struct board_row *row, char *out, size_t size)
{
	words_escape(row->playing.name, false, out);
}

static void
user_text(const struct board_row *row, char *out, size_t size)
{
	(void)snprintf(out, size, "%s", row->user);
}

static void
via_text(const struct board_row *row, char *out, size_t size)
{
	char protocol[WORDS_ESCAPED_MAX];

	words_escape(row->playing.protocol, false, protocol);
	(void)snprintf(out, size, "%s", protocol);
}

static void
format_text(const struct board_row *row, char *out, size_t size)
{
	int32_t format = row->playing.format;

	if (!board_is_master(row)) {
		(void)snprintf(out, size, "%sx%d",
		    (format & ESD_MASK_BITS) == ESD_BITS16 ? "s16" : "u8",
		    (format & ESD_MASK_CHAN) == ESD_STEREO ? 2 : 1);
	}
}

static void
number(int32_t value, const char *unit, char *out, size_t size)
{
	if (value == STREAMS_UNKNOWN) {
		(void)snprintf(out, size, "-");
	} else {
		(void)snprintf(out, size, "%d%s", value, unit);
	}
}

static void
rate_text(const struct board_row *row, char *out, size_t size)
{
	number(row->playing.rate, "", out, size);
}

static void
peak_text(const struct board_row *row, char *out, size_t size)
{
	int hold = row->level.hold;

	if (hold > LEVEL_FLOOR) {
		(void)snprintf(out, size, "%.1f", hold / 10.0);
	}
}

static void
mute_text(const struct board_row *row, char *out, size_t size)
{
	(void)snprintf(out, size, "%s", row->playing.muted > 0 ? "M" : "");
}

static void
underruns_text(const struct board_row *row, char *out, size_t size)
{
	if (row->playing.underruns > 99999) {
		number(row->playing.underruns / 1000, "k", out, size);
	} else {
		number(row->playing.underruns, "", out, size);
	}
}

static void
delay_text(const struct board_row *row, char *out, size_t size)
{
	int32_t us = row->playing.latency_us;

	if (us == STREAMS_UNKNOWN) {
		number(us, "", out, size);
	} else if (us < 999500) {
		number((us + 500) / 1000, "ms", out, size);
	} else {
		(void)snprintf(out, size, "%.1fs", us / 1000000.0);
	}
}

/* --- bars ----------------------------------------------------------------- */

/* How much of a cell is filled, in eighths. */
static const char *
fill_of(const struct page *page, int eighths)
{
	static const char *const blocks[] = { "·", "▏", "▎", "▍", "▌", "▋", "▊",
		"▉", "█" };

	if (!page->utf8) {
		return eighths < 4 ? "." : "=";
	}
	return blocks[eighths];
}

static void
bar_cell(struct page *page, int at, int column, int cell, int eighths,
    enum style style)
{
	int part = eighths - 8 * cell;

	part = part < 0 ? 0 : part > 8 ? 8 : part;
	page_set(page, at, column + cell, part == 0 ? STYLE_FAINT : style,
	    fill_of(page, part));
}

/* By the level at which the cell would be full. */
static enum style
level_style(int cell, int width)
{
	int full = LEVEL_FLOOR - LEVEL_FLOOR * (cell + 1) / width;

	return full > HOT ? STYLE_HOT : full > LOUD ? STYLE_LOUD : STYLE_QUIET;
}

static void
draw_level(struct page *page, int at, int column, int width,
    const struct board_row *row)
{
	int now = row->level.now - LEVEL_FLOOR;
	int hold = row->level.hold - LEVEL_FLOOR;
	int eighths = now * width * 8 / -LEVEL_FLOOR;
	int mark = hold * width / -LEVEL_FLOOR;

	if (row->playing.peak_left == STREAMS_UNKNOWN) {
		return; /* an old server: it has no meters */
	}
	mark = mark < width ? mark : width - 1;
	for (int cell = 0; cell < width; cell++) {
		bar_cell(page, at, column, cell, eighths,
		    level_style(cell, width));
	}
	if (hold > 0) {
		page_set(page, at, column + mark, level_style(mark, width),
		    page->utf8 ? "│" : "|");
	}
}

static void
draw_volume(struct page *page, int at, int column, int width,
    const struct board_row *row)
{
	int percent = board_percent(row);
	int cells = width - PERCENTAGE;
	int eighths = percent * cells * 8 / 100;
	enum style style = row->playing.muted > 0 ? STYLE_FAINT
			   : percent > 100	  ? STYLE_LOUD
						  : STYLE_PLAIN;
	char text[TEXT_MAX];

	for (int cell = 0; cell < cells; cell++) {
		bar_cell(page, at, column, cell, eighths, style);
	}
	number(percent, "%", text, sizeof(text));
	(void)page_put_right(page, at, column + cells, PERCENTAGE, style, text);
}

/* --- columns -------------------------------------------------------------- */

struct column {
	const char *heading;
	int least, most; /* columns of the terminal */
	int rank;	 /* where there is no room the highest goes first */
	bool right;	 /* at the right end of it, as numbers are */

	/* One of the two; the text is empty at first. */
	void (*text)(const struct board_row *row, char *out, size_t size);
	void (*draw)(struct page *page, int at, int column, int width,
	    const struct board_row *row);
};

/* clang-format off */
static const struct column columns[TABLE_COLUMNS] = {
	[TABLE_NAME] = { "NAME", 12, 40, 0, false, name_text, NULL },
	[TABLE_USER] = { "USER", 7, 15, 7, false, user_text, NULL },
	[TABLE_VIA] = { "VIA", 6, 6, 5, false, via_text, NULL },
	[TABLE_FORMAT] = { "FORMAT", 6, 6, 8, false, format_text, NULL },
	[TABLE_RATE] = { "RATE", 6, 6, 6, true, rate_text, NULL },
	[TABLE_LEVEL] = { "LEVEL", 10, 30, 1, false, NULL, draw_level },
	[TABLE_PEAK] = { "PEAK", 5, 5, 9, true, peak_text, NULL },
	[TABLE_VOLUME] = { "VOLUME", 12, 25, 0, false, NULL, draw_volume },
	[TABLE_MUTE] = { "M", 1, 1, 0, false, mute_text, NULL },
	[TABLE_UNDERRUNS] = { "UNDER", 5, 5, 4, true, underruns_text, NULL },
	[TABLE_DELAY] = { "DELAY", 5, 5, 3, true, delay_text, NULL },
};
/* clang-format on */

static int
width_of(const struct table *table)
{
	int width = MARGIN;

	for (int i = 0; i < TABLE_COLUMNS; i++) {
		width += table->width[i] > 0 ? table->width[i] + 1 : 0;
	}
	return width - 1;
}

/* Leaves out the column that is missed least. */
static bool
leave_out(struct table *table)
{
	int out = -1;

	for (int i = 0; i < TABLE_COLUMNS; i++) {
		if (table->width[i] > 0 && columns[i].rank > 0 &&
		    (out < 0 || columns[i].rank > columns[out].rank)) {
			out = i;
		}
	}
	if (out >= 0) {
		table->width[out] = 0;
	}
	return out >= 0;
}

/* Gives the room that is left to those that can use it, in turn. */
static void
spread(struct table *table, int room)
{
	bool given = true;

	while (given) {
		given = false;
		for (int i = 0; i < TABLE_COLUMNS && room > 0; i++) {
			if (table->width[i] > 0 &&
			    table->width[i] < columns[i].most) {
				table->width[i]++;
				room--;
				given = true;
			}
		}
	}
}

void
table_lay(struct table *table, int width)
{
	int at = MARGIN;

	for (int i = 0; i < TABLE_COLUMNS; i++) {
		table->width[i] = columns[i].least;
	}
	while (width_of(table) > width && leave_out(table)) {
	}
	spread(table, width - width_of(table));
	for (int i = 0; i < TABLE_COLUMNS; i++) {
		table->at[i] = at;
		at += table->width[i] > 0 ? table->width[i] + 1 : 0;
	}
}

static void
put_column(const struct table *table, struct page *page, int at, int i,
    enum style style, const char *text)
{
	(void)(columns[i].right ? page_put_right : page_put)(page, at,
	    table->at[i], table->width[i], style, text);
}

void
table_headings(const struct table *table, struct page *page, int at)
{
	page_paint(page, at, STYLE_HEADING);
	for (int i = 0; i < TABLE_COLUMNS; i++) {
		put_column(table, page, at, i, STYLE_HEADING,
		    columns[i].heading);
	}
}

void
table_row(const struct table *table, struct page *page, int at,
    const struct board_row *row, bool selected)
{
	enum style style = selected ? STYLE_SELECTED : STYLE_PLAIN;

	if (selected) {
		page_set(page, at, 0, style, ">");
	}
	for (int i = 0; i < TABLE_COLUMNS; i++) {
		char text[TEXT_MAX] = "";

		if (table->width[i] == 0) {
			continue;
		}
		if (columns[i].draw != NULL) {
			columns[i].draw(page, at, table->at[i], table->width[i],
			    row);
		} else {
			columns[i].text(row, text, sizeof(text));
			put_column(table, page, at, i,
			    i == TABLE_NAME ? style : STYLE_PLAIN, text);
		}
	}
}
