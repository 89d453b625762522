/*
 * loop.c: a daemon's loop over a TCP socket, whose peers are all strangers.
 * The client is a child; its end ends the loop.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "server/log.h"
#include "server/loop.h"
#include "server/session.h"

#define CLIENTS_MAX   4
#define STRANGERS_MAX 2
#define AUTH_MS	      300
#define REQUEST_MS    600

static const uint8_t key[ESD_KEY_LEN] = "0123456789abcdef";
static struct sockaddr_in address = { .sin_family = AF_INET };
static struct loop *loop;
static int woken;

static int
handle(struct session *session, unsigned step, const void *in, void *out)
{
	struct esd_raw_ok *verdict = out;

	verdict->ok = 1;
	return 0;
}

static int
shake_hands(struct session *session, unsigned step, const void *in, void *out)
{
	if (!session_admits(session, in)) {
		return -EACCES;
	}
	return handle(session, step, in, out);
}

static void
on_woken(void *arg)
{
	woken++;
	loop_stop(loop);
}

static void
on_signalled(void *arg, int signal)
{
	loop_stop(loop);
}

static int
listen_tcp(void)
{
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = 0; /* any */
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(fd, 64), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	return fd;
}

static session_handler *handlers[ESD_OPS];
static struct clients clients = { .changed = loop_changed };
static struct session_host host = { .ops = esd_ops,
	.handlers = handlers,
	.key = key,
	.clients = &clients };

static void
set_up(void)
{
	struct loop_settings settings = { .clients_max = CLIENTS_MAX,
		.strangers_max = STRANGERS_MAX,
		.auth_ms = AUTH_MS,
		.request_ms = REQUEST_MS,
		.woken = on_woken,
		.signalled = on_signalled };

	for (int i = 0; i < ESD_OPS; i++) {
		handlers[i] = handle;
	}
	handlers[ESD_CONNECT] = shake_hands;
	log_set_level(LOG_ERR);
	cr_assert_eq(loop_create(&settings, &loop), 0);
	cr_assert_eq(loop_listen(loop, listen_tcp(), &session_kind, &host), 0);
}

static void
tear_down(void)
{
	loop_close(loop);
	cr_assert_eq(loop_clients(loop), 0);
	loop_destroy(loop);
}

TestSuite(loop, .init = set_up, .fini = tear_down, .timeout = 20);

/* --- the client's side, in the child ----------------------------------- */

static int
join(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0
		   ? fd
		   : -1;
}

/* Sends the handshake's bytes; an answer, or -1 where there is none. */
static int
answer(int fd)
{
	uint32_t verdict;

	return recv(fd, &verdict, sizeof(verdict), MSG_WAITALL) ==
		       sizeof(verdict)
		   ? (int)verdict
		   : -1;
}

static int
greet(int fd, const uint8_t *with)
{
	uint8_t bytes[ESD_KEY_LEN + 4];
	uint32_t marker = ESD_ENDIAN_KEY;

	memcpy(bytes, with, ESD_KEY_LEN);
	memcpy(bytes + ESD_KEY_LEN, &marker, sizeof(marker));
	(void)!write(fd, bytes, sizeof(bytes));
	return answer(fd);
}

static int
client_shakes_hands(void)
{
	static const uint8_t wrong[ESD_KEY_LEN] = "0123456789abcdeX";
	int good = join(), bad = join();

	if (greet(good, key) != 1) {
		return 1;
	}
	if (greet(bad, wrong) != 0 || answer(bad) != -1) {
		return 2;
	}
	return 0;
}

static int
client_is_one_stranger_too_many(void)
{
	int first = join(), second = join();
	int third = join();

	if (answer(third) != 0 || answer(third) != -1) {
		return 1; /* refused before it said a word */
	}
	return greet(first, key) == 1 && greet(second, key) == 1 &&
		       greet(join(), key) == 1
		   ? 0
		   : 2;
}

static int
client_is_one_too_many(void)
{
	for (int i = 0; i < CLIENTS_MAX; i++) {
		if (greet(join(), key) != 1) {
			return 1;
		}
	}
	return answer(join()) == 0 ? 0 : 2;
}

static int
client_says_nothing(void)
{
	int quiet = join(), slow = join();

	if (greet(slow, key) != 1) {
		return 1;
	}
	/* A whole request, so that it only idles, outlives the other. */
	if (answer(quiet) != -1) {
		return 2;
	}
	(void)!write(slow, "\x10\0", 2); /* half an opcode, and silence */
	return answer(slow) == -1 ? 0 : 3;
}

static int
client_leaves(void)
{
	for (int i = 0; i < 1000; i++) {
		int fd = join();

		if (i % 3 == 0) {
			(void)!write(fd, key, sizeof(key) / 2);
		}
		close(fd);
	}
	int fd;
	int got;
	do { /* those who left may not have been noticed yet */
		fd = join();
		got = greet(fd, key);
	} while (got != 1);
	return 0;
}

static void
run_with(int (*client)(void))
{
	int status = -1;

	/* Before the fork, so that its end is not missed. */
	cr_assert_eq(loop_signal(loop, SIGCHLD), 0);
	pid_t child = fork();
	if (child == 0) {
		_exit(client());
	}
	loop_run(loop);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 0, "%d", WEXITSTATUS(status));
}

Test(loop, hands_are_shaken)
{
	run_with(client_shakes_hands);
}

Test(loop, strangers_are_limited)
{
	run_with(client_is_one_stranger_too_many);
}

Test(loop, clients_are_limited)
{
	run_with(client_is_one_too_many);
}

Test(loop, silence_is_timed_out)
{
	run_with(client_says_nothing);
}

Test(loop, who_leaves_leaves_nothing)
{
	run_with(client_leaves);
}

Test(loop, a_wake_up_wakes)
{
	loop_wake(loop);
	loop_wake(loop);
	loop_run(loop);
	cr_assert_eq(woken, 1, "two may make one");
}

Test(loop, listeners_are_limited)
{
	for (int i = 1; i < LOOP_LISTENERS_MAX; i++) {
		cr_assert_eq(
		    loop_listen(loop, listen_tcp(), &session_kind, &host), 0);
	}
	cr_assert_eq(loop_listen(loop, listen_tcp(), &session_kind, &host),
	    -ENOSPC);
}

/* --- the clock, and work beside it ------------------------------------- */

static pthread_t worker;
static int dues, dones;

static void
never(void *arg)
{
	cr_assert_fail("it was put off");
}

static void
worked(void *arg)
{
	dones++;
	loop_stop(loop);
}

static void
work(void *arg)
{
	worker = pthread_self();
}

static void
due(void *arg)
{
	dues++;
	cr_assert_eq(loop_offload(loop, work, worked), 0);
	cr_assert_eq(loop_offload(loop, work, worked), -EBUSY);
}

Test(loop, a_timer_and_work_elsewhere)
{
	struct timespec began, now;

	clock_gettime(CLOCK_MONOTONIC, &began);
	loop_timer(loop, 1, never);
	loop_timer(loop, 30, due);
	loop_run(loop);
	clock_gettime(CLOCK_MONOTONIC, &now);
	cr_assert_geq((now.tv_sec - began.tv_sec) * 1000 +
			  (now.tv_nsec - began.tv_nsec) / 1000000,
	    29);
	cr_assert_eq(dues, 1);
	cr_assert_eq(dones, 1);
	cr_assert_not(pthread_equal(worker, pthread_self()));
	cr_assert_eq(loop_offload(loop, work, worked), 0);
	/* What is under way is waited for by tear_down(). */
}
