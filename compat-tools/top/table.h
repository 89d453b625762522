/*
 * The table of streams: which columns there are, and a row of them.
 * Thread: any.
 */
#ifndef TABLE_H
#define TABLE_H

#include "compat-tools/top/board.h"
#include "compat-tools/top/page.h"

enum table_column {
	TABLE_NAME,
	TABLE_USER,
	TABLE_VIA,
	TABLE_FORMAT,
	TABLE_RATE,
	TABLE_LEVEL,
	TABLE_PEAK,
	TABLE_VOLUME,
	TABLE_MUTE,
	TABLE_UNDERRUNS,
	TABLE_DELAY,
	TABLE_COLUMNS
};

/* Where each column is; a width of 0: it has no room. */
struct table {
	int at[TABLE_COLUMNS], width[TABLE_COLUMNS];
};

/* For a terminal of so many columns. */
void table_lay(struct table *table, int width);

void table_headings(const struct table *table, struct page *page, int at);

void table_row(const struct table *table, struct page *page, int at,
    const struct board_row *row, bool selected);

#endif
