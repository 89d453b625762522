#include "compat-tools/top/screen.h"

#include <curses.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <termcap.h>
#include <unistd.h>

#include "compat-tools/top/board.h"

#define ESCAPE_MS 100 /* the rest of a key's sequence comes within that */
#define CTRL_L	  12
#define ESCAPE	  27

enum { PAIR_GREEN = 1, PAIR_YELLOW, PAIR_RED };

static SCREEN *terminal;
static attr_t looks[STYLES];
static short pairs[STYLES];

static void
choose_plain(void)
{
	static const attr_t plain[STYLES] = { [STYLE_TITLE] = A_REVERSE,
		[STYLE_HEADING] = A_BOLD,
		[STYLE_FAINT] = A_DIM,
		[STYLE_SELECTED] = A_REVERSE,
		[STYLE_LOUD] = A_BOLD,
		[STYLE_HOT] = A_BOLD,
		[STYLE_TROUBLE] = A_REVERSE | A_BOLD };

	memcpy(looks, plain, sizeof(looks));
	memset(pairs, 0, sizeof(pairs));
}

static void
choose_colors(void)
{
	if (start_color() == ERR || use_default_colors() == ERR) {
		return;
	}
	(void)init_pair(PAIR_GREEN, COLOR_GREEN, -1);
	(void)init_pair(PAIR_YELLOW, COLOR_YELLOW, -1);
	(void)init_pair(PAIR_RED, COLOR_RED, -1);
	pairs[STYLE_QUIET] = PAIR_GREEN;
	pairs[STYLE_LOUD] = PAIR_YELLOW;
	pairs[STYLE_HOT] = PAIR_RED;
	pairs[STYLE_TROUBLE] = PAIR_RED;
	looks[STYLE_LOUD] = A_NORMAL;
	looks[STYLE_TROUBLE] = A_BOLD;
}

int
screen_open(bool color)
{
	const char *kind = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		return -ENOTTY;
	}
	/* Asked first: newterm() loses memory over a kind that is unknown. */
	if (kind == NULL || tgetent(NULL, kind) != 1) {
		return -ENOTSUP;
	}
	terminal = newterm(kind, stdout, stdin);
	if (terminal == NULL) {
		return -ENOTSUP;
	}
	(void)set_escdelay(ESCAPE_MS);
	(void)cbreak();
	(void)noecho();
	(void)nonl();
	(void)curs_set(0);
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	/* What most terminals send, be it in their description or not. */
	(void)define_key("\033[1;2D", KEY_SLEFT);
	(void)define_key("\033[1;2C", KEY_SRIGHT);
	choose_plain();
	if (color && has_colors()) {
		choose_colors();
	}
	return 0;
}

void
screen_close(void)
{
	(void)endwin();
	delscreen(terminal);
	terminal = NULL;
}

void
screen_size(int *rows, int *columns)
{
	getmaxyx(stdscr, *rows, *columns);
}

/* A row's cells of one style from there on; returns how many. */
static int
show_run(const struct cell *cells, int count)
{
	char text[PAGE_COLUMNS_MAX * PAGE_CELL_MAX];
	size_t used = 0;
	int n = 0;

	while (n < count && cells[n].style == cells[0].style) {
		size_t bytes = strlen(cells[n].text);

		memcpy(text + used, cells[n].text, bytes);
		used += bytes;
		n++;
	}
	(void)attr_set(looks[cells[0].style], pairs[cells[0].style], NULL);
	(void)addnstr(text, (int)used);
	return n;
}

void
screen_show(const struct page *page, bool anew)
{
	(void)erase();
	for (int row = 0; row < page->rows; row++) {
		const struct cell *cells =
		    &page->cells[(size_t)row * (size_t)page->columns];
		int column = 0;

		while (column < page->columns) {
			(void)move(row, column);
			column +=
			    show_run(cells + column, page->columns - column);
		}
	}
	if (anew) {
		(void)clearok(curscr, TRUE);
	}
	(void)refresh();
}

/* --- keys ----------------------------------------------------------------- */

static int
translate(int got)
{
	static const struct {
		int got, key;
	} keys[] = {
		{ KEY_UP, BOARD_UP },
		{ KEY_DOWN, BOARD_DOWN },
		{ KEY_LEFT, BOARD_LEFT },
		{ KEY_RIGHT, BOARD_RIGHT },
		{ KEY_SLEFT, BOARD_FINE_LEFT },
		{ KEY_SRIGHT, BOARD_FINE_RIGHT },
		{ KEY_PPAGE, BOARD_PAGE_UP },
		{ KEY_NPAGE, BOARD_PAGE_DOWN },
		{ KEY_HOME, BOARD_HOME },
		{ KEY_END, BOARD_END },
		{ KEY_DC, BOARD_DELETE },
		{ KEY_F(1), BOARD_F1 },
		{ CTRL_L, BOARD_REDRAW },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (keys[i].got == got) {
			return keys[i].key;
		}
	}
	return got < KEY_MIN ? got : BOARD_NO_KEY;
}

/*
 * Escape alone is a key; what else begins with it is one that the terminal's
 * description lacks, or Alt with another.  True: it was such a thing, and is
 * taken.
 */
static bool
take_sequence(void)
{
	int got = getch();

	if (got == ERR) {
		return false;
	}
	if (got == '[' || got == 'O') {
		do {
			got = getch();
		} while (got != ERR && (got < '@' || got > '~'));
	}
	return true;
}

bool
screen_key(int *key)
{
	int got = getch();

	if (got == ERR) {
		return false;
	}
	*key = got == ESCAPE && take_sequence() ? BOARD_NO_KEY : translate(got);
	return true;
}
