/*
 * A board on a page: the head, the table, the question or the sentence of the
 * moment, the help.  Thread: any, one at a time for each board.
 */
#ifndef SHOW_H
#define SHOW_H

#include "compat-tools/top/board.h"
#include "compat-tools/top/page.h"

#define SHOW_ROWS_MIN	 8 /* on less there is only a sentence */
#define SHOW_COLUMNS_MIN 40

/* Fills the page; scrolls to what is selected, and notes how many fit. */
void show_board(struct board *board, struct page *page);

/*
 * The head and all of the table, nothing selected, on as many rows as that
 * takes.  0 or -ENOMEM.
 */
int show_all(const struct board *board, struct page *page);

#endif
