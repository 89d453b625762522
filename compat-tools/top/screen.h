/*
 * The terminal: curses' only door.  One at a time.  Thread: one.
 */
#ifndef SCREEN_H
#define SCREEN_H

#include "compat-tools/top/page.h"

/*
 * Takes the terminal of standard input and output.  The locale has been set.
 *   color  false: not even where the terminal has colours
 * 0; -ENOTTY: there is none; -ENOTSUP: it is of an unknown kind ($TERM).
 */
int screen_open(bool color);
void screen_close(void); /* gives it back as it was */

void screen_size(int *rows, int *columns);

/* Sends what differs from the page before, or all of it `anew`. */
void screen_show(const struct page *page, bool anew);

/*
 * The next key that waits, as board.h counts them; BOARD_NO_KEY for one that
 * is none of those, and where the size has changed.  False: none.
 */
bool screen_key(int *key);

#endif
