#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/log.h"

static int out[2];
static char text[4096];

static void
set_up(void)
{
	cr_assert_eq(pipe2(out, O_NONBLOCK), 0);
	cr_assert_geq(dup2(out[1], STDERR_FILENO), 0);
}

TestSuite(log, .init = set_up);

/* What was logged since the last call. */
static const char *
said(void)
{
	ssize_t n = read(out[0], text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

Test(log, a_line)
{
	log_line(LOG_WARN, "hw:0", "underrun, %d so far", 3);
	cr_assert_str_eq(said(), "warn: hw:0: underrun, 3 so far\n");
	log_line(LOG_ERR, "a", "b");
	log_line(LOG_INFO, "a", "b");
	cr_assert_str_eq(said(), "err: a: b\ninfo: a: b\n");
}

Test(log, levels)
{
	cr_assert_eq(log_level(), LOG_INFO);
	log_line(LOG_DEBUG, "a", "b");
	cr_assert_str_eq(said(), "");
	log_set_level(LOG_DEBUG);
	log_line(LOG_DEBUG, "a", "b");
	cr_assert_str_eq(said(), "debug: a: b\n");
	log_set_level(LOG_ERR);
	log_line(LOG_WARN, "a", "b");
	cr_assert_str_eq(said(), "");
}

Test(log, a_peer_cannot_forge_lines)
{
	log_line(LOG_INFO, "c1\n", "name \"%s\"", "x\nerr: y\x1b[2J\r\x7f");
	cr_assert_str_eq(said(), "info: c1?: name \"x?err: y?[2J??\"\n");
}

Test(log, a_long_line_is_cut)
{
	char name[3000];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	log_line(LOG_INFO, "x", "%s", name);
	said();
	cr_assert_lt(strlen(text), 1100);
	cr_assert_eq(text[strlen(text) - 1], '\n');
	cr_assert_eq(strchr(text, '\n'), text + strlen(text) - 1);
	log_line(LOG_INFO, name, "x");
	said();
	cr_assert_eq(text[strlen(text) - 1], '\n');
}

Test(log, a_budget)
{
	struct log_budget budget = { .burst = 2, .every_ms = 3600 * 1000 };

	for (int i = 0; i < 5; i++) {
		log_limited(&budget, LOG_WARN, "a", "%d", i);
	}
	cr_assert_str_eq(said(), "warn: a: 0\nwarn: a: 1\n");

	budget.refill_at = 0; /* as if the hour had passed */
	log_limited(&budget, LOG_WARN, "a", "5");
	log_limited(&budget, LOG_WARN, "a", "6");
	cr_assert_str_eq(said(), "warn: a: 5 (3 more like this left out)\n");

	/* Still busy in that hour: one line for the next. */
	budget.refill_at = 0;
	log_limited(&budget, LOG_WARN, "a", "7");
	cr_assert_str_eq(said(), "warn: a: 7 (1 more like this left out)\n");

	/* A quiet one brings the whole burst back. */
	budget.refill_at = 0;
	for (int i = 0; i < 5; i++) {
		log_limited(&budget, LOG_WARN, "a", "%d", i);
	}
	cr_assert_str_eq(said(), "warn: a: 0\nwarn: a: 1\n");
}

Test(log, what_is_below_the_level_costs_no_budget)
{
	struct log_budget budget = { .burst = 1, .every_ms = 3600 * 1000 };

	log_limited(&budget, LOG_DEBUG, "a", "0");
	log_limited(&budget, LOG_INFO, "a", "1");
	cr_assert_str_eq(said(), "info: a: 1\n");
}
