/*
 * A screenful as text: a grid of characters, each in a style.  It knows
 * neither the terminal nor what is shown.
 * Thread: any, one at a time for each page.
 */
#ifndef PAGE_H
#define PAGE_H

#include <stdbool.h>
#include <stdio.h>

#define PAGE_ROWS_MAX	 8192 /* more of a terminal are left alone */
#define PAGE_COLUMNS_MAX 1024
#define PAGE_CELL_MAX	 5 /* bytes of a character, NUL included */

enum style {
	STYLE_PLAIN,
	STYLE_TITLE,
	STYLE_HEADING,
	STYLE_FAINT,
	STYLE_SELECTED,
	STYLE_QUIET, /* of a meter, from below */
	STYLE_LOUD,
	STYLE_HOT,
	STYLE_TROUBLE,
	STYLES
};

struct cell {
	char text[PAGE_CELL_MAX]; /* one character; none: the right half of
				     the one before */
	enum style style;
};

struct page {
	int rows, columns;
	bool utf8; /* other characters than ASCII may be shown; then LC_CTYPE
		      is an UTF-8 locale */
	struct cell *cells;
};

/* Makes it that size, within the limits, and blank.  0 or -ENOMEM. */
int page_resize(struct page *page, int rows, int columns);
void page_finish(struct page *page);

void page_clear(struct page *page);

/* The cell there, or NULL: outside of the page. */
struct cell *page_cell(struct page *page, int row, int column);

/* One character, of one column; outside of the page is fine. */
void page_set(struct page *page, int row, int column, enum style style,
    const char *character);

/*
 * Writes text into `width` columns, the rest of which stays as it is.  Where it
 * is longer, it is cut and the last column shows that.  Text is printable
 * UTF-8 (words_escape); what has no width is left out.
 * Returns the columns it took.
 */
int page_put(struct page *page, int row, int column, int width,
    enum style style, const char *text);

/* The same at the right end of those columns. */
int page_put_right(struct page *page, int row, int column, int width,
    enum style style, const char *text);

/* The style of a whole row. */
void page_paint(struct page *page, int row, enum style style);

/* As plain text, without blanks at the ends of lines; 0 or -errno. */
int page_print(const struct page *page, FILE *file);

#endif
