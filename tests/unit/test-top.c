/* The mixer for terminals, without one: boards, keys, pages. */
#include <criterion/criterion.h>
#include <locale.h>

#include "compat-tools/top/show.h"
#include "compat-tools/top/table.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void
speak_utf8(void)
{
	cr_assert_not_null(setlocale(LC_ALL, "C.UTF-8"));
}

TestSuite(top, .init = speak_utf8);

/* --- boards of streams ---------------------------------------------------- */

#define STREAMS 16

struct told {
	struct streams streams;
	struct esd_playing list[STREAMS];
};

static struct esd_playing
stream(int32_t id, const char *name)
{
	struct esd_playing one = { .id = id,
		.format = 0x1021,
		.rate = 44100,
		.left = 256,
		.right = 256,
		.uid = -1,
		.pid = -1,
		.protocol = "esd" };

	(void)snprintf(one.name, sizeof(one.name), "%s", name);
	return one;
}

/* Those streams, oldest first, as a daemon would list them. */
static void
tell(struct board *board, int64_t now, const struct esd_playing *list,
    size_t count)
{
	struct told told = { .streams = { .extended = true, .count = count } };

	for (size_t i = 0; i < count; i++) {
		told.list[count - 1 - i] = list[i];
	}
	told.streams.list = told.list;
	told.streams.status = (struct esd_status){ .rate = 48000,
		.period = 1024,
		.buffer = 4096,
		.state = ESD_STATE_OPEN,
		.realtime = 1,
		.left = 256,
		.right = 256,
		.format = "S16_LE",
		.access = "mmap",
		.channels = 2,
		.device = "hw:0" };
	cr_assert_eq(board_update(board, &told.streams, now), 0);
}

static void
tell_ids(struct board *board, size_t count, const int32_t ids[])
{
	struct esd_playing list[STREAMS] = { 0 };

	for (size_t i = 0; i < count; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "s%d", ids[i]);
		list[i] = stream(ids[i], name);
	}
	tell(board, 0, list, count);
}

static struct order
press(struct board *board, int key)
{
	struct order order;

	board_key(board, key, 0, &order);
	return order;
}

static void
press_times(struct board *board, int key, int times)
{
	while (times-- > 0) {
		(void)press(board, key);
	}
}

static int32_t
selected(const struct board *board)
{
	return board_selected(board)->playing.id;
}

Test(top, selection_stays_with_its_stream)
{
	struct board board;

	board_init(&board, "here");
	tell_ids(&board, 3, (int32_t[]){ 4, 7, 9 });
	cr_expect_eq(selected(&board), 0, "not the master at first");
	(void)press(&board, BOARD_DOWN);
	(void)press(&board, BOARD_DOWN);
	cr_expect_eq(selected(&board), 7);
	tell_ids(&board, 4, (int32_t[]){ 4, 7, 9, 10 });
	cr_expect_eq(selected(&board), 7, "after one came");
	tell_ids(&board, 3, (int32_t[]){ 7, 9, 10 });
	cr_expect_eq(selected(&board), 7, "after an older one went");
	tell_ids(&board, 2, (int32_t[]){ 9, 10 });
	cr_expect_eq(selected(&board), 9, "the next takes its place");
	(void)press(&board, BOARD_END);
	tell_ids(&board, 1, (int32_t[]){ 9 });
	cr_expect_eq(selected(&board), 9, "the last one went");
	tell_ids(&board, 0, NULL);
	cr_expect_eq(selected(&board), 0, "all went");
	press_times(&board, BOARD_UP, 3);
	press_times(&board, BOARD_DOWN, 3);
	cr_expect_eq(selected(&board), 0);
	board_finish(&board);
}

Test(top, plays_of_one_sample_are_kept_apart)
{
	struct board board;
	struct esd_playing list[3];

	board_init(&board, "here");
	for (int i = 0; i < 3; i++) {
		list[i] = stream(5, "ding");
		(void)strcpy(list[i].protocol, "sample");
		list[i].peak_left = 32768 >> i;
	}
	tell(&board, 0, list, 3);
	press_times(&board, BOARD_DOWN, 2);
	for (int i = 0; i < 3; i++) {
		list[i].peak_left = 0;
	}
	tell(&board, 0, list, 3);
	cr_expect_eq(board.at, 2);
	for (int i = 0; i < 3; i++) {
		cr_expect_eq(board.rows[i + 1].level.hold, -60 * i);
	}
	board_finish(&board);
}

Test(top, sorts_and_keeps_the_selection)
{
	struct board board;
	struct esd_playing list[3] = { stream(1, "m"), stream(2, "a"),
		stream(3, "z") };
	static const int32_t orders[BOARD_SORTS][3] = { { 1, 2, 3 },
		{ 2, 1, 3 }, { 2, 3, 1 }, { 3, 1, 2 } };

	list[0].rate = 22050;
	list[1].rate = 48000;
	list[2].rate = 8000;
	(void)strcpy(list[0].peer, "c1 192.0.2.9 port 1");
	(void)strcpy(list[1].peer, "c2 192.0.2.10 port 1");
	(void)strcpy(list[2].peer, "c3 192.0.2.5 port 1");
	board_init(&board, "here");
	tell(&board, 0, list, 3);
	cr_expect_str_eq(board.rows[1].user, "192.0.2.9");
	press_times(&board, BOARD_DOWN, 1);
	for (int sort = 0; sort < BOARD_SORTS; sort++) {
		for (int i = 0; i < 3; i++) {
			cr_expect_eq(board.rows[board.order[i + 1]].playing.id,
			    orders[sort][i], "by %s, place %d",
			    board_sorted(&board), i);
		}
		cr_expect_eq(selected(&board), 1);
		(void)press(&board, 's');
		tell(&board, 0, list, 3);
	}
	cr_expect_eq(board.sort, BOARD_BY_AGE);
	board_finish(&board);
}

/* --- levels --------------------------------------------------------------- */

Test(top, meters_rise_at_once_and_fall_slowly)
{
	struct level level;

	cr_expect_eq(level_of(32768), 0);
	cr_expect_eq(level_of(16384), -60);
	cr_expect_eq(level_of(1), LEVEL_FLOOR);
	cr_expect_eq(level_of(0), LEVEL_FLOOR);
	cr_expect_eq(level_of(-1), LEVEL_FLOOR);
	level_init(&level, 1000);
	level_take(&level, 16384, 1000);
	cr_expect(level.now == -60 && level.hold == -60);
	level_take(&level, 0, 1000 + LEVEL_STAY_MS);
	cr_expect(level.now == -60, "%d", level.now);
	level_take(&level, 0, 1500 + LEVEL_STAY_MS);
	cr_expect(level.now == -160 && level.hold == -60, "%d", level.now);
	level_take(&level, 8192, 1500 + LEVEL_STAY_MS);
	cr_expect(level.now == -120 && level.hold == -60, "%d", level.now);
	/* From when it began to fall. */
	level_take(&level, 8192, 1000 + LEVEL_STAY_MS + LEVEL_HOLD_MS - 1);
	cr_expect_eq(level.hold, -60, "held too short");
	level_take(&level, 8192, 1000 + LEVEL_STAY_MS + LEVEL_HOLD_MS);
	cr_expect(level.now == -120 && level.hold == -120, "%d", level.hold);
	level_take(&level, 0, INT64_MAX / 2000);
	cr_expect(level.now == LEVEL_FLOOR && level.hold == LEVEL_FLOOR);
}

/* --- keys ----------------------------------------------------------------- */

static void
expect_volume(struct board *board, int key, int32_t left, int32_t right)
{
	struct order order = press(board, key);

	cr_expect_eq(order.kind, ORDER_VOLUME, "key %d: %d", key, order.kind);
	cr_expect(order.id == 7 && order.left == left && order.right == right,
	    "key %d: %d and %d, not %d and %d", key, order.left, order.right,
	    left, right);
}

static void
begin(struct board *board)
{
	board_init(board, "here");
	tell_ids(board, 2, (int32_t[]){ 7, 8 });
	(void)press(board, BOARD_DOWN);
}

Test(top, keys_set_volumes)
{
	struct board board;

	begin(&board);
	expect_volume(&board, BOARD_LEFT, 243, 243); /* 95 % */
	expect_volume(&board, '-', 230, 230);
	expect_volume(&board, BOARD_RIGHT, 243, 243);
	expect_volume(&board, '+', 256, 256);
	expect_volume(&board, '.', 259, 259);
	expect_volume(&board, ',', 256, 256);
	expect_volume(&board, BOARD_FINE_LEFT, 253, 253);
	expect_volume(&board, BOARD_FINE_RIGHT, 256, 256);
	expect_volume(&board, '5', 128, 128);
	expect_volume(&board, '0', 0, 0);
	expect_volume(&board, '-', 0, 0);
	expect_volume(&board, '=', 13, 13);
	expect_volume(&board, 'u', 256, 256);
	press_times(&board, '+', 30);
	expect_volume(&board, '+', 512, 512);
	board_finish(&board);
}

Test(top, keys_set_the_balance)
{
	struct board board;

	begin(&board);
	expect_volume(&board, '>', 243, 256);
	expect_volume(&board, '>', 230, 256);
	expect_volume(&board, '5', 115, 128); /* its part of it */
	expect_volume(&board, '<', 128, 128);
	expect_volume(&board, '<', 128, 115);
	expect_volume(&board, 'b', 128, 128);
	press_times(&board, '>', 9);
	expect_volume(&board, '>', 0, 128);
	expect_volume(&board, 'u', 0, 256);
	board_finish(&board);
}

/* Whatever the server says of volumes: also for the sanitizer to see. */
Test(top, keys_reckon_with_any_volume)
{
	struct esd_playing wild = stream(7, "wild");
	struct page page = { .utf8 = false };
	struct board board;

	wild.left = INT32_MAX;
	wild.right = INT32_MIN;
	cr_assert_eq(page_resize(&page, 24, 80), 0);
	board_init(&board, "here");
	tell(&board, 0, &wild, 1);
	(void)press(&board, BOARD_DOWN);
	show_board(&board, &page);
	cr_expect_eq(board_percent(board_selected(&board)), 200);
	expect_volume(&board, '5', 128, 0);
	tell(&board, 0, &wild, 1);
	expect_volume(&board, '<', 512, 0);
	expect_volume(&board, '>', 512, 13);
	board_finish(&board);
	page_finish(&page);
}

Test(top, every_volume_in_percent_is_one_step_from_the_next)
{
	struct board board;

	begin(&board);
	(void)press(&board, '0');
	for (int percent = 0; percent < 200; percent++) {
		cr_expect_eq(board_percent(board_selected(&board)), percent);
		(void)press(&board, '.');
	}
	for (int percent = 200; percent > 0; percent--) {
		cr_expect_eq(board_percent(board_selected(&board)), percent);
		(void)press(&board, ',');
	}
	board_finish(&board);
}

Test(top, the_master_is_set_by_orders_of_its_own)
{
	struct board board;
	struct order order;

	begin(&board);
	(void)press(&board, BOARD_HOME);
	order = press(&board, 'M');
	cr_expect(order.kind == ORDER_MASTER && order.muted == 1 &&
		  order.left == 256);
	order = press(&board, '5');
	cr_expect(order.kind == ORDER_MASTER && order.left == 128);
	for (const char *key = "krf"; *key != '\0'; key++) {
		cr_expect_eq(press(&board, *key).kind, ORDER_NONE, "%c", *key);
		cr_expect_str_neq(board.said, "");
		cr_expect_eq(board.mode, BOARD_MIXER);
	}
	board_finish(&board);
}

Test(top, kill_asks_first)
{
	struct board board;
	struct order order;

	begin(&board);
	(void)press(&board, 'k');
	cr_expect_eq(board.mode, BOARD_KILL);
	cr_expect_eq(press(&board, 'n').kind, ORDER_NONE);
	cr_expect_eq(board.mode, BOARD_MIXER);
	(void)press(&board, BOARD_DELETE);
	cr_expect_eq(press(&board, BOARD_ESCAPE).kind, ORDER_NONE);
	(void)press(&board, 'k');
	order = press(&board, 'y');
	cr_expect(order.kind == ORDER_KILL && order.id == 7);
	cr_expect_str_eq(order.name, "s7");
	/* The one that was asked about goes, and another takes its place. */
	(void)press(&board, 'k');
	tell_ids(&board, 1, (int32_t[]){ 8 });
	cr_expect_eq(board.mode, BOARD_MIXER);
	cr_expect_eq(press(&board, 'y').kind, ORDER_NONE);
	board_finish(&board);
}

Test(top, remembers_and_forgets_what_has_a_name)
{
	struct board board;
	struct esd_playing nameless = stream(1, "");
	struct order order;

	begin(&board);
	(void)press(&board, '5');
	order = press(&board, 'r');
	cr_expect(order.kind == ORDER_REMEMBER && order.left == 128 &&
		  order.muted == 0);
	cr_expect_str_eq(order.name, "s7");
	order = press(&board, 'f');
	cr_expect_eq(order.kind, ORDER_FORGET);
	cr_expect_str_eq(order.name, "s7");
	tell(&board, 0, &nameless, 1);
	cr_expect_eq(press(&board, 'r').kind, ORDER_NONE);
	cr_expect_eq(press(&board, 'f').kind, ORDER_NONE);
	board_finish(&board);
}

Test(top, what_cannot_be_done_is_said)
{
	struct board board;
	struct esd_playing list[2] = { stream(1, "old"), stream(2, "ding") };

	list[0].muted = STREAMS_UNKNOWN;
	(void)strcpy(list[1].protocol, "sample");
	board_init(&board, "here");
	tell(&board, 0, list, 2);
	(void)press(&board, BOARD_DOWN);
	for (const char *key = "mkrf"; *key != '\0'; key++) {
		cr_expect_eq(press(&board, *key).kind, ORDER_NONE, "%c", *key);
		cr_expect_not_null(strstr(board.said, "old one"), "%c", *key);
	}
	(void)press(&board, BOARD_DOWN);
	for (const char *key = "mkrf+5>"; *key != '\0'; key++) {
		cr_expect_eq(press(&board, *key).kind, ORDER_NONE, "%c", *key);
		cr_expect_not_null(strstr(board.said, "sample"), "%c", *key);
	}
	cr_expect_eq(board_percent(board_selected(&board)), 100);
	board_finish(&board);
}

Test(top, a_lost_daemon_is_given_no_orders)
{
	struct board board;

	begin(&board);
	(void)press(&board, 'k');
	board_lose(&board, "it has gone away", 0);
	cr_expect_not_null(strstr(board.said, "it has gone away"));
	for (const char *key = "yKmrf+5>"; *key != '\0'; key++) {
		cr_expect_eq(press(&board, *key).kind, ORDER_NONE, "%c", *key);
	}
	cr_expect_not_null(strstr(board.said, "it has gone away"));
	(void)press(&board, BOARD_DOWN);
	cr_expect_eq(selected(&board), 8);
	cr_expect_eq(press(&board, BOARD_REDRAW).kind, ORDER_REDRAW);
	tell_ids(&board, 1, (int32_t[]){ 7 });
	cr_expect_str_eq(board.said, "");
	board_lose(&board, "again", 0);
	cr_expect_eq(press(&board, 'q').kind, ORDER_QUIT);
	board_finish(&board);
}

Test(top, help_goes_by_any_key)
{
	struct board board;

	begin(&board);
	for (const char *key = "h?q"; *key != '\0'; key++) {
		(void)press(&board, BOARD_F1);
		cr_expect_eq(board.mode, BOARD_HELP);
		cr_expect_eq(press(&board, *key).kind, ORDER_NONE);
		cr_expect_eq(board.mode, BOARD_MIXER);
	}
	cr_expect_eq(press(&board, BOARD_ESCAPE).kind, ORDER_QUIT);
	board_finish(&board);
}

/* --- pages ---------------------------------------------------------------- */

static void
expect_row(const struct page *page, int row, const char *text)
{
	char shown[PAGE_COLUMNS_MAX * PAGE_CELL_MAX] = "";

	for (int column = 0; column < page->columns; column++) {
		(void)strcat(shown,
		    page->cells[row * page->columns + column].text);
	}
	cr_expect_str_eq(shown, text, "\"%s\", not \"%s\"", shown, text);
}

Test(top, pages_hold_text_by_its_width)
{
	struct page page = { .utf8 = true };
	static const struct {
		const char *put, *shown, *ascii;
	} texts[] = {
		{ "plain", "plain   ", "plain   " },
		{ "12345678", "12345678", "12345678" },
		{ "123456789", "1234567…", "1234567~" },
		{ "größe", "größe   ", "gr??e   " },
		{ "日本語日", "日本語日", "????    " },
		{ "日本語日本", "日本語… ", "?????   " },
		{ "a日本語日本", "a日本語…", "a?????  " },
		{ "e\xCC\x81t\xE2\x80\xAEi", "eti     ", "e?t?i   " },
		{ "\x1B[2J\a", "[2J     ", "?[2J?   " },
		{ "\xFFx\x80", "?x?     ", "?x?     " },
	};

	cr_assert_eq(page_resize(&page, 1, 8), 0);
	for (size_t i = 0; i < COUNT(texts); i++) {
		page.utf8 = true;
		page_clear(&page);
		(void)page_put(&page, 0, 0, 8, STYLE_PLAIN, texts[i].put);
		expect_row(&page, 0, texts[i].shown);
		page.utf8 = false;
		page_clear(&page);
		(void)page_put(&page, 0, 0, 8, STYLE_PLAIN, texts[i].put);
		expect_row(&page, 0, texts[i].ascii);
	}
	page_clear(&page);
	(void)page_put_right(&page, 0, 1, 5, STYLE_PLAIN, "abc");
	(void)page_put(&page, 0, 6, 8, STYLE_PLAIN, "outside");
	(void)page_put(&page, 5, 0, 8, STYLE_PLAIN, "below");
	(void)page_put(&page, 0, 9, 8, STYLE_PLAIN, "beyond");
	expect_row(&page, 0, "   abco~");
	page_finish(&page);
}

Test(top, columns_fit_every_width)
{
	for (int width = SHOW_COLUMNS_MIN; width <= 300; width++) {
		struct table table;
		int at = 1;

		table_lay(&table, width);
		for (int i = 0; i < TABLE_COLUMNS; i++) {
			if (table.width[i] > 0) {
				cr_expect_eq(table.at[i], at, "%d", width);
				at += table.width[i] + 1;
			}
		}
		cr_expect_leq(at - 1, width);
		cr_expect(table.width[TABLE_NAME] >= 12 &&
			      table.width[TABLE_VOLUME] > 0 &&
			      table.width[TABLE_LEVEL] > 0 &&
			      table.width[TABLE_MUTE] > 0,
		    "%d", width);
		for (int i = 0; i < TABLE_COLUMNS; i++) {
			cr_expect(table.width[i] > 0 || width < 86, "%d",
			    width);
			cr_expect(table.width[i] > 0 || i == TABLE_PEAK ||
				      width < 80,
			    "%d: column %d", width, i);
		}
	}
}

/* Wherever it is moved, what is selected is in sight. */
Test(top, scrolls_to_what_is_selected)
{
	static const int keys[] = { BOARD_END, BOARD_UP, BOARD_UP, BOARD_HOME,
		BOARD_PAGE_DOWN, BOARD_PAGE_DOWN, BOARD_DOWN, BOARD_PAGE_UP,
		BOARD_END, BOARD_PAGE_UP, BOARD_HOME };
	int32_t ids[STREAMS];

	for (int i = 0; i < STREAMS; i++) {
		ids[i] = i + 1;
	}
	for (int rows = SHOW_ROWS_MIN; rows < 30; rows++) {
		struct page page = { .utf8 = false };
		struct board board;

		cr_assert_eq(page_resize(&page, rows, 80), 0);
		board_init(&board, "here");
		for (size_t i = 0; i < COUNT(keys); i++) {
			int marks = 0;

			tell_ids(&board, i == 9 ? 2 : STREAMS, ids);
			(void)press(&board, keys[i]);
			show_board(&board, &page);
			for (int row = 0; row < rows; row++) {
				marks +=
				    page_cell(&page, row, 0)->text[0] == '>';
			}
			cr_expect_eq(marks, 1, "%d rows, key %zu", rows, i);
			cr_expect(
			    board.top >= 1 &&
				(board.top == 1 ||
				    board.top + board.visible <= board.count),
			    "%d rows: %zu at the top", rows, board.top);
		}
		board_finish(&board);
		page_finish(&page);
	}
}

Test(top, shows_meters_by_the_cell)
{
	struct page page = { .utf8 = false };
	struct esd_playing one = stream(1, "tone");
	struct board board;

	one.peak_left = 16384;
	one.right = 128;
	one.muted = 1;
	one.underruns = 123456;
	one.latency_us = 1234567;
	cr_assert_eq(page_resize(&page, 10, 80), 0);
	board_init(&board, "here");
	tell(&board, 0, &one, 1);
	show_board(&board, &page);
	expect_row(&page, 0,
	    " esdtop: here                                                    "
	    " sorted by age ");
	expect_row(&page, 1,
	    "Device  hw:0: open                                               "
	    "               ");
	expect_row(&page, 2,
	    "Mixer   1 stream, 0 clients, 0 samples, underruns 0, clipped 0   "
	    "               ");
	expect_row(&page, 3,
	    " NAME         USER    VIA    FORMAT   RATE LEVEL      VOLUME      "
	    " M UNDER DELAY");
	expect_row(&page, 5,
	    " tone         -       esd    s16x2   44100 =========| ======= 100%"
	    " M  123k  1.2s");
	one.left = 384;
	one.peak_left = 0;
	tell(&board, 1000 + LEVEL_STAY_MS, &one, 1);
	page.utf8 = true;
	show_board(&board, &page);
	expect_row(&page, 5,
	    " tone         -       esd    s16x2   44100 █████▋···│ ███████ 150%"
	    " M  123k  1.2s");
	board_finish(&board);
	page_finish(&page);
}

/* One without a card tells nothing of it, but is no old one. */
Test(top, a_daemon_without_a_card_is_no_old_one)
{
	struct streams streams = { .extended = true,
		.status = { .rate = 44100, .state = ESD_STATE_LOST } };
	struct page page = { .utf8 = false };
	struct board board;

	cr_assert_eq(page_resize(&page, 16, 50), 0);
	board_init(&board, "here");
	cr_assert_eq(board_update(&board, &streams, 0), 0);
	show_board(&board, &page);
	expect_row(&page, 1,
	    "Device  none: lost, nothing is heard              ");
	expect_row(&page, 2,
	    "        44100 Hz                                  ");
	cr_expect_eq(press(&board, 'm').kind, ORDER_MASTER);
	streams.extended = false;
	cr_assert_eq(board_update(&board, &streams, 0), 0);
	show_board(&board, &page);
	expect_row(&page, 1,
	    "Mixer   44100 Hz; the daemon is an old one and te~");
	cr_expect_eq(press(&board, 'm').kind, ORDER_NONE);
	board_finish(&board);
	page_finish(&page);
}

Test(top, says_so_where_it_is_too_small)
{
	struct page page = { .utf8 = false };
	struct board board;

	begin(&board);
	for (int rows = 1; rows <= SHOW_ROWS_MIN; rows++) {
		for (int columns = 1; columns <= SHOW_COLUMNS_MIN; columns++) {
			cr_assert_eq(page_resize(&page, rows, columns), 0);
			show_board(&board, &page);
		}
	}
	cr_expect_eq(page_cell(&page, 0, 1)->text[0], 'e', "large enough");
	cr_assert_eq(page_resize(&page, 7, 40), 0);
	show_board(&board, &page);
	expect_row(&page, 0, "needs 40 x 8 characters                 ");
	board_finish(&board);
	page_finish(&page);
}
