#include "compat-tools/top/page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static int
within(int size, int max)
{
	return size < 1 ? 1 : size > max ? max : size;
}

int
page_resize(struct page *page, int rows, int columns)
{
	struct cell *cells;

	rows = within(rows, PAGE_ROWS_MAX);
	columns = within(columns, PAGE_COLUMNS_MAX);
	if (page->cells == NULL || rows != page->rows ||
	    columns != page->columns) {
		cells = calloc((size_t)rows * (size_t)columns, sizeof(*cells));
		if (cells == NULL) {
			return -ENOMEM;
		}
		free(page->cells);
		page->cells = cells;
		page->rows = rows;
		page->columns = columns;
	}
	page_clear(page);
	return 0;
}

void
page_finish(struct page *page)
{
	free(page->cells);
	page->cells = NULL;
}

void
page_clear(struct page *page)
{
	size_t count = (size_t)page->rows * (size_t)page->columns;

	for (size_t i = 0; i < count; i++) {
		page->cells[i] = (struct cell){ " ", STYLE_PLAIN };
	}
}

struct cell *
page_cell(struct page *page, int row, int column)
{
	if (row < 0 || row >= page->rows || column < 0 ||
	    column >= page->columns) {
		return NULL;
	}
	return &page->cells[(size_t)row * (size_t)page->columns +
			    (size_t)column];
}

void
page_set(struct page *page, int row, int column, enum style style,
    const char *character)
{
	struct cell *cell = page_cell(page, row, column);

	if (cell != NULL) {
		(void)snprintf(cell->text, sizeof(cell->text), "%s", character);
		cell->style = style;
	}
}

/*
 * The next character: its bytes, and its columns, 0 for one to be left out.
 * Without UTF-8 a character of several bytes is a question mark.
 */
struct glyph {
	char text[PAGE_CELL_MAX];
	size_t bytes; /* of it in the text */
	int columns;
};

static struct glyph
glyph_ascii(const char *text)
{
	struct glyph glyph = { .bytes = 1, .columns = 1 };
	bool shown = text[0] >= ' ' && text[0] <= '~';

	glyph.text[0] = text[0];
	if (!shown) {
		glyph.text[0] = '?';
		while ((text[glyph.bytes] & 0xC0) == 0x80) {
			glyph.bytes++;
		}
	}
	return glyph;
}

static struct glyph
glyph_of(const struct page *page, const char *text)
{
	struct glyph glyph = { .columns = 0 };
	mbstate_t state = { 0 };
	wchar_t wide;
	size_t bytes;

	if (!page->utf8) {
		return glyph_ascii(text);
	}
	bytes = mbrtowc(&wide, text, PAGE_CELL_MAX - 1, &state);
	if (bytes == 0 || bytes >= PAGE_CELL_MAX) {
		return glyph_ascii(text);
	}
	glyph.columns = wcwidth(wide);
	glyph.columns = glyph.columns < 0 ? 0 : glyph.columns;
	glyph.bytes = bytes;
	memcpy(glyph.text, text, bytes);
	return glyph;
}

static int
width_of(const struct page *page, const char *text)
{
	int columns = 0;

	while (*text != '\0') {
		struct glyph glyph = glyph_of(page, text);

		columns += glyph.columns;
		text += glyph.bytes;
	}
	return columns;
}

static void
put_glyph(struct page *page, int row, int column, enum style style,
    const struct glyph *glyph)
{
	page_set(page, row, column, style, glyph->text);
	if (glyph->columns == 2) {
		page_set(page, row, column + 1, style, "");
	}
}

int
page_put(struct page *page, int row, int column, int width, enum style style,
    const char *text)
{
	int room = page->columns - column;
	int used = 0;
	bool cut;

	width = width < room ? width : room;
	cut = width_of(page, text) > width;
	if (width <= 0) {
		return 0;
	}
	while (*text != '\0') {
		struct glyph glyph = glyph_of(page, text);

		if (used + glyph.columns > width - cut) {
			break;
		}
		if (glyph.columns > 0) {
			put_glyph(page, row, column + used, style, &glyph);
			used += glyph.columns;
		}
		text += glyph.bytes;
	}
	if (cut) {
		page_set(page, row, column + used++, style,
		    page->utf8 ? "…" : "~");
	}
	return used;
}

int
page_put_right(struct page *page, int row, int column, int width,
    enum style style, const char *text)
{
	int used = width_of(page, text);
	int blank = used < width ? width - used : 0;

	return blank +
	       page_put(page, row, column + blank, width - blank, style, text);
}

void
page_paint(struct page *page, int row, enum style style)
{
	struct cell *cell;

	for (int column = 0; (cell = page_cell(page, row, column)) != NULL;
	     column++) {
		cell->style = style;
	}
}

/* How many of a row's cells there are to the last one that is no blank. */
static int
used_of(const struct cell *cells, int columns)
{
	while (columns > 0 && strcmp(cells[columns - 1].text, " ") == 0) {
		columns--;
	}
	return columns;
}

int
page_print(const struct page *page, FILE *file)
{
	for (int row = 0; row < page->rows; row++) {
		const struct cell *cells =
		    &page->cells[(size_t)row * (size_t)page->columns];
		int used = used_of(cells, page->columns);

		for (int column = 0; column < used; column++) {
			(void)fputs(cells[column].text, file);
		}
		(void)fputc('\n', file);
	}
	return fflush(file) == 0 && !ferror(file) ? 0 : -EIO;
}
