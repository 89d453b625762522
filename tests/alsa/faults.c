/*
 * What programs do that few do: one case at a time.
 *
 *	faults PCM CASE
 *
 * Where a case needs the daemon to stop, to end or to come back, it says so in
 * a line of standard output, and goes on by a line of standard input.  One
 * that goes wrong says so and ends with status 1.
 */
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/alsa/tools.h"

#define PERIOD	 1024
#define BUFFER	 16384
#define A_WHILE	 9000 /* ms for anything */
#define PATIENCE 60   /* seconds for a daemon to start */

static snd_pcm_t *pcm;
static uint32_t next = 1; /* frame */

/* --- tools ---------------------------------------------------------------- */

static void
is_equal(const char *what, long is, long wanted)
{
	if (is != wanted) {
		fail("%s is %ld, not %ld", what, is, wanted);
	}
}

static void
set_up(void)
{
	snd_pcm_hw_params_t *params;

	snd_pcm_hw_params_alloca(&params);
	must(snd_pcm_hw_params_any(pcm, params));
	must(snd_pcm_hw_params_set_access(pcm, params,
	    SND_PCM_ACCESS_RW_INTERLEAVED));
	must(snd_pcm_hw_params_set_format(pcm, params, SND_PCM_FORMAT_S16));
	must(snd_pcm_hw_params_set_channels(pcm, params, 2));
	must(snd_pcm_hw_params_set_rate(pcm, params, RATE, 0));
	must(snd_pcm_hw_params_set_period_size(pcm, params, PERIOD, 0));
	must(snd_pcm_hw_params_set_buffer_size(pcm, params, BUFFER));
	must(snd_pcm_hw_params(pcm, params));
}

static void
set_software(snd_pcm_uframes_t start, snd_pcm_uframes_t avail_min)
{
	snd_pcm_sw_params_t *params;

	snd_pcm_sw_params_alloca(&params);
	must(snd_pcm_sw_params_current(pcm, params));
	must(snd_pcm_sw_params_set_start_threshold(pcm, params, start));
	must(snd_pcm_sw_params_set_avail_min(pcm, params, avail_min));
	must(snd_pcm_sw_params(pcm, params));
}

static void
start_at(snd_pcm_uframes_t start)
{
	set_software(start, PERIOD);
}

/* As many as are taken at once, or the error. */
static snd_pcm_sframes_t
put(uint32_t n)
{
	static int16_t frames[BUFFER][2];
	snd_pcm_sframes_t done;

	number(frames, next, n);
	done = snd_pcm_writei(pcm, frames, n);
	next += done > 0 ? (uint32_t)done : 0;
	return done;
}

static struct pollfd
descriptor(void)
{
	struct pollfd fd;

	is_equal("the number of descriptors",
	    snd_pcm_poll_descriptors(pcm, &fd, 1), 1);
	return fd;
}

static unsigned short
events(void)
{
	struct pollfd fd = descriptor();
	unsigned short said = 0;

	must(snd_pcm_poll_descriptors_revents(pcm, &fd, 1, &said));
	return said;
}

/* The test is to do that with the daemon. */
static void
ask(const char *what)
{
	char line[16];

	(void)printf("%s\n", what);
	(void)fflush(stdout);
	begin("wait for the test");
	(void)alarm(PATIENCE);
	if (fgets(line, sizeof(line), stdin) == NULL) {
		fail("the test is gone");
	}
	begin(what);
}

/* --- before anything is set ----------------------------------------------- */

static void
ask_early(void)
{
	snd_pcm_status_t *status;

	snd_pcm_status_alloca(&status);
	(void)snd_pcm_avail_update(pcm);
	must(snd_pcm_status(pcm, status));
	is_equal("the state", snd_pcm_status_get_state(status),
	    SND_PCM_STATE_OPEN);
	if ((events() & POLLERR) == 0) {
		fail("poll() tells of no error");
	}
	set_up();
	must(snd_pcm_hw_free(pcm));
	must(snd_pcm_status(pcm, status));
	(void)events();
}

/* Of a program that never asked for those that are so now. */
static void
set_blank(void)
{
	snd_pcm_sw_params_t *params;

	set_up();
	snd_pcm_sw_params_alloca(&params);
	must(snd_pcm_sw_params_set_avail_min(pcm, params, PERIOD));
	must(snd_pcm_sw_params_set_start_threshold(pcm, params, PERIOD));
	must(snd_pcm_sw_params_set_stop_threshold(pcm, params, BUFFER));
	must(snd_pcm_sw_params(pcm, params));
	is_equal("what is free", snd_pcm_avail_update(pcm), BUFFER);
	is_equal("what is taken", put(PERIOD), PERIOD);
	must(snd_pcm_drain(pcm));
}

/* --- draining ------------------------------------------------------------- */

static void *
drop_it(void *arg)
{
	while (snd_pcm_state(pcm) != SND_PCM_STATE_DRAINING) {
		(void)usleep(1000);
	}
	(void)usleep(20000);
	must(snd_pcm_drop(pcm));
	return NULL;
}

/* As a player does whose user presses stop near the end. */
static void
drop_while_draining(void)
{
	pthread_t thread;

	set_up();
	is_equal("what is taken", put(BUFFER), BUFFER);
	(void)pthread_create(&thread, NULL, drop_it, NULL);
	begin("drain");
	is_equal("draining", snd_pcm_drain(pcm), 0);
	is_equal("the state", snd_pcm_state(pcm), SND_PCM_STATE_SETUP);
	(void)pthread_join(thread, NULL);
}

static void
open_nonblocking(void)
{
	set_up();
	is_equal("what is taken", put(BUFFER), BUFFER);
	is_equal("draining", snd_pcm_drain(pcm), -EAGAIN);
	must(snd_pcm_nonblock(pcm, 0));
	must(snd_pcm_drain(pcm));
}

/* --- recording ------------------------------------------------------------ */

/* The card's number of the frame that comes next. */
static uint32_t
get(void)
{
	uint16_t frame[2];

	is_equal("what is read", snd_pcm_readi(pcm, frame, 1), 1);
	return frame[0] | (uint32_t)frame[1] << 16;
}

static snd_pcm_sframes_t
await_frames(snd_pcm_sframes_t n)
{
	snd_pcm_sframes_t avail;

	begin("wait for frames");
	while ((avail = must(snd_pcm_avail(pcm))) < n) {
		(void)usleep(1000);
	}
	return avail;
}

/* What was there is not there any more; whether some had been read before. */
static void
flush(void)
{
	uint32_t first, last;
	snd_pcm_sframes_t avail;

	set_up();
	for (int i = 0; i < 2; i++) {
		must(snd_pcm_start(pcm));
		(void)await_frames(1);
		first = get();
		/* Then, once, nothing is read before. */
		if (i == 1) {
			must(snd_pcm_reset(pcm));
		}
		avail = await_frames(4L * PERIOD);
		last = first + (uint32_t)avail;
		must(snd_pcm_reset(pcm));
		if (get() <= last) {
			fail("old frames come after a reset");
		}
		must(snd_pcm_drop(pcm));
		must(snd_pcm_prepare(pcm));
	}
}

/* --- the daemon ----------------------------------------------------------- */

/* With more ahead than the buffer, and less taken than that. */
static void
fill_stopped(void)
{
	snd_pcm_sframes_t done;

	set_up();
	start_at(BUFFER);
	is_equal("what is taken", put(BUFFER), BUFFER);
	ask("stop");
	do {
		begin("write");
		done = put(64);
	} while (done > 0);
	if (done != -EAGAIN && done != 0) {
		must(done);
	}
	ask("continue");
	must(snd_pcm_nonblock(pcm, 0));
	must(snd_pcm_drain(pcm));
}

/* The daemon has gone while another process has its connection, too. */
static void
lose_forked(void)
{
	struct pollfd fd;
	int ends[2];
	pid_t child;
	char byte;

	set_up();
	is_equal("what is taken", put(BUFFER), BUFFER);
	is_equal("pipe", pipe(ends), 0);
	child = fork();
	if (child == 0) {
		(void)close(ends[1]);
		_exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
	}
	ask("restart");
	while (snd_pcm_state(pcm) != SND_PCM_STATE_XRUN) {
		(void)events();
	}
	must(snd_pcm_recover(pcm, -EPIPE, 1));
	start_at(BUFFER + 1);
	is_equal("what is taken", put(BUFFER), BUFFER);
	(void)events();
	fd = descriptor();
	is_equal("poll() when it is full", poll(&fd, 1, 0), 0);
	(void)close(ends[1]);
	is_equal("the child", waitpid(child, NULL, 0), child);
}

/* Nothing is to wake it but the daemon: all of it would have to be gone. */
static void
pause_full(void)
{
	set_software(BUFFER + 1, BUFFER);
	is_equal("what is taken", put(BUFFER), BUFFER);
	must(snd_pcm_start(pcm));
	if (snd_pcm_pause(pcm, 1) < 0 || snd_pcm_avail(pcm) == BUFFER) {
		late();
	}
	(void)events();
}

/* The stream that has its number now is not to be dropped with it. */
static void
drop_of_another(void)
{
	set_up();
	pause_full();
	ask("replace");
	must(snd_pcm_drop(pcm));
	ask("look");
}

/* A connection is kept over an underrun; it is another when it starts. */
static void
restart_prepared(void)
{
	struct pollfd fd;

	set_up();
	start_at(PERIOD);
	is_equal("what is taken", put(PERIOD), PERIOD);
	begin("run dry");
	while (snd_pcm_state(pcm) != SND_PCM_STATE_XRUN) {
		(void)events();
	}
	must(snd_pcm_prepare(pcm));
	ask("restart");
	pause_full();
	fd = descriptor();
	is_equal("poll() while it is paused", poll(&fd, 1, 0), 0);
	ask("restart");
	is_equal("poll() without a daemon", poll(&fd, 1, A_WHILE), 1);
}

static void
start_while_away(void)
{
	set_up();
	start_at(BUFFER + 1);
	if (snd_pcm_stream(pcm) == SND_PCM_STREAM_PLAYBACK) {
		is_equal("what is taken", put(BUFFER), BUFFER);
	}
	ask("restart slowly");
	if (snd_pcm_start(pcm) == -ENODEV) {
		late();
	}
	is_equal("the state", snd_pcm_state(pcm), SND_PCM_STATE_RUNNING);
}

/* --- two threads ---------------------------------------------------------- */

static volatile bool enough;

static void *
poll_it(void *arg)
{
	while (!enough) {
		(void)events();
		(void)usleep(100);
	}
	return NULL;
}

/* Frames of any number are played once, and in order: the test counts. */
static void
poll_meanwhile(void)
{
	pthread_t threads[2];

	set_up();
	start_at(PERIOD);
	for (int i = 0; i < 2; i++) {
		(void)pthread_create(&threads[i], NULL, poll_it, NULL);
	}
	while (next < RATE / 2) {
		snd_pcm_sframes_t done;

		begin("write");
		done = put(300);
		if (done < 0) {
			is_equal("a write", done, -EPIPE);
			must(snd_pcm_prepare(pcm));
		}
	}
	must(snd_pcm_drain(pcm));
	enough = true;
	for (int i = 0; i < 2; i++) {
		(void)pthread_join(threads[i], NULL);
	}
	(void)printf("%u\n", next - 1);
}

/* --- choosing ------------------------------------------------------------- */

#define PLAY   SND_PCM_STREAM_PLAYBACK
#define RECORD SND_PCM_STREAM_CAPTURE

static const struct {
	const char *name;
	void (*run)(void);
	snd_pcm_stream_t stream;
	int mode;
} cases[] = {
	{ "ask-early", ask_early, PLAY, 0 },
	{ "ask-early-recording", ask_early, RECORD, 0 },
	{ "set-blank", set_blank, PLAY, 0 },
	{ "drop-while-draining", drop_while_draining, PLAY, 0 },
	{ "open-nonblocking", open_nonblocking, PLAY, SND_PCM_NONBLOCK },
	{ "flush", flush, RECORD, 0 },
	{ "fill-stopped", fill_stopped, PLAY, SND_PCM_NONBLOCK },
	{ "lose-forked", lose_forked, PLAY, 0 },
	{ "drop-of-another", drop_of_another, PLAY, 0 },
	{ "restart-prepared", restart_prepared, PLAY, 0 },
	{ "start-while-away", start_while_away, PLAY, 0 },
	{ "start-while-away-recording", start_while_away, RECORD, 0 },
	{ "poll-meanwhile", poll_meanwhile, PLAY, 0 },
};

int
main(int argc, char *argv[])
{
	for (size_t i = 0; argc == 3 && i < sizeof(cases) / sizeof(cases[0]);
	     i++) {
		if (strcmp(argv[2], cases[i].name) == 0) {
			begin(argv[2]);
			must(snd_pcm_open(&pcm, argv[1], cases[i].stream,
			    cases[i].mode));
			cases[i].run();
			begin("close");
			must(snd_pcm_close(pcm));
			return 0;
		}
	}
	(void)fprintf(stderr, "usage: faults PCM CASE\n");
	return 2;
}
