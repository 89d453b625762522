/* esdtop: a daemon's streams and their volumes, on the whole terminal. */
#include <errno.h>
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "compat-tools/tool.h"
#include "compat-tools/top/remote.h"
#include "compat-tools/top/screen.h"
#include "compat-tools/top/show.h"
#include "compat-tools/transport.h"

#define INTERVAL_MS	80 /* from one look to the next */
#define INTERVAL_MS_MIN 20 /* of what --interval takes */
#define INTERVAL_MS_MAX 60000
#define COLUMNS_USUAL	80

static const char help[] =
    "usage: esdtop [-b] [-i MS] [-s SERVER]\n"
    "\n"
    "Shows what the sound daemon plays, and sets volumes by keys: h lists\n"
    "them.\n"
    "\n"
    "  -s, --server=SERVER  where the daemon is: HOST, HOST:PORT,\n"
    "                       unix:PATH; else $ESPEAKER, else this\n"
    "                       machine's own\n"
    "  -b, --once           prints what there is as text, and ends\n"
    "  -i, --interval=MS    looks every MS milliseconds [80]\n"
    "  -h, --help           this text\n"
    "  -v, --version        the version\n";

struct options {
	const char *server; /* NULL: not named */
	bool once;
	int32_t interval; /* ms */
};

static void
take(int option, char **argv, struct options *options)
{
	switch (option) {
	case 's':
		options->server = optarg;
		break;
	case 'b':
		options->once = true;
		break;
	case 'i':
		if (tool_number(optarg, INTERVAL_MS_MIN, INTERVAL_MS_MAX,
			&options->interval) != 0) {
			tool_fail("-i %s is no interval; give %d to %d ms",
			    optarg, INTERVAL_MS_MIN, INTERVAL_MS_MAX);
		}
		break;
	case 'h':
		(void)fputs(help, stdout);
		exit(EXIT_SUCCESS);
	case 'v':
		tool_version();
		exit(EXIT_SUCCESS);
	default:
		tool_misunderstood(option, argv);
	}
}

static void
parse_options(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{ "server", required_argument, NULL, 's' },
		{ "once", no_argument, NULL, 'b' },
		{ "interval", required_argument, NULL, 'i' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	*options = (struct options){ .interval = INTERVAL_MS };
	while (
	    (option = getopt_long(argc, argv, ":s:bi:hv", names, NULL)) != -1) {
		take(option, argv, options);
	}
	if (optind < argc) {
		tool_fail("%s is no option; -h lists them", argv[optind]);
	}
}

/* --- once ----------------------------------------------------------------- */

/* What COLUMNS says, else the terminal, else as many as there always were. */
static int
find_columns(void)
{
	const char *said = getenv("COLUMNS");
	struct winsize size;
	int32_t columns;

	if (said != NULL && tool_number(said, SHOW_COLUMNS_MIN,
				PAGE_COLUMNS_MAX, &columns) == 0) {
		return columns;
	}
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
	    size.ws_col >= SHOW_COLUMNS_MIN) {
		return size.ws_col;
	}
	return COLUMNS_USUAL;
}

static int
print_once(const struct board *board, struct page *page)
{
	int error = page_resize(page, 1, find_columns());

	if (error == 0) {
		error = show_all(board, page);
	}
	if (error == 0) {
		error = page_print(page, stdout);
	}
	if (error != 0) {
		tool_say("cannot print: %s", strerror(-error));
	}
	return error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* --- the mixer ------------------------------------------------------------ */

static int
draw(struct board *board, struct page *page, bool anew)
{
	int rows, columns, error;

	screen_size(&rows, &columns);
	error = page_resize(page, rows, columns);
	if (error == 0) {
		show_board(board, page);
		screen_show(page, anew);
	}
	return error;
}

/* All keys that wait; the last order that is not for the daemon is returned. */
static enum order_kind
take_keys(struct remote *remote, struct board *board)
{
	enum order_kind left = ORDER_NONE;
	int key;

	while (left != ORDER_QUIT && screen_key(&key)) {
		int64_t now = transport_now();
		struct order order;

		board_key(board, key, now, &order);
		if (order.kind == ORDER_QUIT || order.kind == ORDER_REDRAW) {
			left = order.kind;
		} else {
			remote_order(remote, board, &order, now);
		}
	}
	return left;
}

/* Waits for a key, no longer than `ms`.  False: the terminal has gone. */
static bool
wait_key(int64_t ms)
{
	struct pollfd input = { STDIN_FILENO, POLLIN, 0 };

	return poll(&input, 1, ms > 0 ? (int)ms : 0) <= 0 ||
	       (input.revents & (POLLHUP | POLLERR | POLLNVAL)) == 0;
}

static int
mix(struct remote *remote, struct board *board, struct page *page,
    int32_t interval)
{
	enum order_kind left = ORDER_NONE;
	int64_t next = transport_now() + interval;
	int error = 0;

	while (error == 0 && left != ORDER_QUIT) {
		int64_t now = transport_now();

		if (now >= next) {
			(void)remote_ask(remote, board, now);
			next = transport_now() + interval;
		}
		error = draw(board, page, left == ORDER_REDRAW);
		if (!wait_key(next - transport_now())) {
			break;
		}
		left = take_keys(remote, board);
	}
	return error;
}

static bool
wants_color(void)
{
	const char *no = getenv("NO_COLOR");

	return no == NULL || no[0] == '\0';
}

static int
run_mixer(struct remote *remote, struct board *board, struct page *page,
    int32_t interval)
{
	int error = screen_open(wants_color());

	if (error == -ENOTTY) {
		tool_say("there is no terminal here; --once prints as text");
	} else if (error != 0) {
		const char *kind = getenv("TERM");

		tool_say("the kind of terminal is unknown: \"%s\"; set TERM",
		    kind == NULL ? "" : kind);
	} else {
		error = mix(remote, board, page, interval);
		screen_close();
		if (error != 0) {
			tool_say("%s", strerror(-error));
		}
	}
	return error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	struct options options;
	struct remote remote;
	struct board board;
	struct page page = { .cells = NULL };
	int status = EXIT_FAILURE;

	(void)setlocale(LC_ALL, "");
	(void)setlocale(LC_NUMERIC, "C");
	page.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	parse_options(argc, argv, &options);
	if (remote_open(&remote, options.server) != 0) {
		tool_fail("%s", remote.client.why);
	}
	board_init(&board, remote.client.place);
	if (remote_ask(&remote, &board, transport_now()) != 0) {
		tool_say("%s", remote.client.why);
	} else if (options.once) {
		status = print_once(&board, &page);
	} else {
		status = run_mixer(&remote, &board, &page, options.interval);
	}
	remote_close(&remote);
	board_finish(&board);
	page_finish(&page);
	return status;
}
