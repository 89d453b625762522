/*
 * What a PCM answers, in one case at a time:
 *
 *	answers PCM CASE
 *
 * A case that goes wrong says so and ends with status 1; what some print is for
 * the test that runs them.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/alsa/tools.h"

#define PERIOD	1024
#define BUFFER	4096
#define A_WHILE 10000 /* ms for anything */

static snd_pcm_t *pcm;
static uint32_t next = 1; /* frame */

/* --- tools ---------------------------------------------------------------- */

static void
set_up(snd_pcm_uframes_t period, snd_pcm_uframes_t buffer)
{
	snd_pcm_hw_params_t *params;

	snd_pcm_hw_params_alloca(&params);
	must(snd_pcm_hw_params_any(pcm, params));
	must(snd_pcm_hw_params_set_access(pcm, params,
	    SND_PCM_ACCESS_RW_INTERLEAVED));
	must(snd_pcm_hw_params_set_format(pcm, params, SND_PCM_FORMAT_S16));
	must(snd_pcm_hw_params_set_channels(pcm, params, 2));
	must(snd_pcm_hw_params_set_rate(pcm, params, RATE, 0));
	must(snd_pcm_hw_params_set_period_size(pcm, params, period, 0));
	must(snd_pcm_hw_params_set_buffer_size(pcm, params, buffer));
	must(snd_pcm_hw_params(pcm, params));
}

static void
set_software(snd_pcm_uframes_t start, snd_pcm_uframes_t stop,
    snd_pcm_uframes_t avail_min)
{
	snd_pcm_sw_params_t *params;

	snd_pcm_sw_params_alloca(&params);
	must(snd_pcm_sw_params_current(pcm, params));
	must(snd_pcm_sw_params_set_start_threshold(pcm, params, start));
	must(snd_pcm_sw_params_set_stop_threshold(pcm, params, stop));
	must(snd_pcm_sw_params_set_avail_min(pcm, params, avail_min));
	must(snd_pcm_sw_params(pcm, params));
}

static void
put(uint32_t n)
{
	static int16_t frames[PIECE][2];

	while (n > 0) {
		uint32_t piece = n < PIECE ? n : PIECE;
		long done;

		number(frames, next, piece);
		done = must(snd_pcm_writei(pcm, frames, piece));
		next += (uint32_t)done;
		n -= (uint32_t)done;
	}
}

static void
is_state(snd_pcm_state_t wanted)
{
	snd_pcm_state_t state = snd_pcm_state(pcm);

	if (state != wanted) {
		fail("the state is %s, not %s", snd_pcm_state_name(state),
		    snd_pcm_state_name(wanted));
	}
}

static void
is_equal(const char *what, long is, long wanted)
{
	if (is != wanted) {
		fail("%s is %ld, not %ld", what, is, wanted);
	}
}

static long long
now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* What poll() says, in ALSA's terms; 0: nothing in so many ms. */
static unsigned short
polled(int ms)
{
	struct pollfd fd;
	unsigned short events = 0;

	is_equal("the number of descriptors",
	    snd_pcm_poll_descriptors(pcm, &fd, 1), 1);
	if (poll(&fd, 1, ms) > 0) {
		must(snd_pcm_poll_descriptors_revents(pcm, &fd, 1, &events));
	}
	return events;
}

/* Until it says that; to be woken for nothing is no fault. */
static void
await(unsigned short wanted)
{
	long long end = now() + A_WHILE * 1000000LL;
	unsigned short events;

	while ((events = polled(A_WHILE)) != wanted) {
		if ((events & POLLERR) != 0) {
			late();
		}
		if (now() > end) {
			fail("poll() says %u, not %u", events, wanted);
		}
	}
}

/* --- cases ---------------------------------------------------------------- */

/* A line each: ns before and after, frames heard by then. */
static void
positions(void)
{
	long most = -1;

	set_up(PERIOD, BUFFER);
	put(BUFFER);
	while (next < RATE) {
		snd_pcm_sframes_t delay;
		snd_pcm_sframes_t avail = must(snd_pcm_avail(pcm));
		long long before;

		if (avail >= PERIOD) {
			put(PERIOD);
		}
		before = now();
		must(snd_pcm_delay(pcm, &delay));
		(void)printf("%lld %lld %ld\n", before, now(),
		    (long)next - 1 - delay);
		if ((long)next - 1 - delay < most) {
			fail("it went back to %ld from %ld",
			    (long)next - 1 - delay, most);
		}
		most = (long)next - 1 - delay;
		(void)usleep(2000);
	}
	must(snd_pcm_drain(pcm));
}

/* Polls as a program does that has fetched its descriptor once for all. */
static void
waking(void)
{
	struct pollfd fd;
	unsigned short events;
	unsigned wakes = 0, writes = 0;

	must(snd_pcm_nonblock(pcm, 1));
	set_up(PERIOD, BUFFER);
	set_software(BUFFER, BUFFER, PERIOD);
	must(snd_pcm_poll_descriptors(pcm, &fd, 1));
	while (next < RATE / 2) {
		if (poll(&fd, 1, A_WHILE) == 0) {
			fail("nothing in %d ms", A_WHILE);
		}
		wakes++;
		must(snd_pcm_poll_descriptors_revents(pcm, &fd, 1, &events));
		if ((events & POLLERR) != 0) {
			must(snd_pcm_recover(pcm, -EPIPE, 1));
		} else if ((events & POLLOUT) != 0) {
			if (snd_pcm_avail(pcm) < PERIOD) {
				fail("woken with %ld frames free",
				    (long)snd_pcm_avail(pcm));
			}
			put(PERIOD);
			writes++;
		}
	}
	if (wakes > 2 * writes) {
		fail("woken %u times for %u periods", wakes, writes);
	}
	(void)printf("%u wakes for %u periods\n", wakes, writes);
	must(snd_pcm_nonblock(pcm, 0));
	must(snd_pcm_drain(pcm));
}

static void
nonblocking(void)
{
	static int16_t frame[2];

	must(snd_pcm_nonblock(pcm, 1));
	set_up(PERIOD, BUFFER);
	set_software(BUFFER + 1, BUFFER, PERIOD);
	is_equal("poll() when it is empty", polled(0), POLLOUT);
	put(BUFFER);
	is_state(SND_PCM_STATE_PREPARED);
	is_equal("poll() when it is full", polled(0), 0);
	is_equal("a write when it is full", snd_pcm_writei(pcm, frame, 1), 0);
	must(snd_pcm_start(pcm));
	await(POLLOUT);
	put(1);
	is_equal("draining", snd_pcm_drain(pcm), -EAGAIN);
	is_state(SND_PCM_STATE_DRAINING);
	await(POLLOUT);
	must(snd_pcm_drain(pcm));
	is_state(SND_PCM_STATE_SETUP);
}

static void
underrun(void)
{
	static int16_t frame[2];
	snd_pcm_sframes_t delay;

	set_up(PERIOD, BUFFER);
	set_software(1, BUFFER, PERIOD);
	is_equal("to start with nothing", snd_pcm_start(pcm), -EPIPE);
	put(500);
	while (snd_pcm_state(pcm) != SND_PCM_STATE_XRUN) {
		(void)polled(A_WHILE);
	}
	is_equal("poll() then", polled(0), POLLOUT | POLLERR);
	is_equal("a write then", snd_pcm_writei(pcm, frame, 1), -EPIPE);
	is_equal("the delay then", snd_pcm_delay(pcm, &delay), -EPIPE);
	must(snd_pcm_recover(pcm, -EPIPE, 1));
	is_state(SND_PCM_STATE_PREPARED);
	put(500);
	must(snd_pcm_drain(pcm));
}

/* With a stop threshold that is never reached it waits for the program. */
static void
endless(void)
{
	snd_pcm_uframes_t boundary;
	snd_pcm_sw_params_t *params;
	int patience = A_WHILE;

	set_up(PERIOD, BUFFER);
	snd_pcm_sw_params_alloca(&params);
	must(snd_pcm_sw_params_current(pcm, params));
	must(snd_pcm_sw_params_get_boundary(params, &boundary));
	set_software(1, boundary, PERIOD);
	for (int i = 0; i < 3; i++) {
		put(500);
		while (must(snd_pcm_avail(pcm)) < BUFFER && patience-- > 0) {
			(void)usleep(1000);
		}
		is_equal("what is free", snd_pcm_avail(pcm), BUFFER);
		is_state(SND_PCM_STATE_RUNNING);
	}
	must(snd_pcm_drain(pcm));
}

/* The frames that have left the buffer, once they stand still. */
static long
standing(void)
{
	long avail = must(snd_pcm_avail(pcm));

	for (int calm = 0; calm < 5; calm++) {
		long later;

		(void)usleep(10000);
		later = must(snd_pcm_avail(pcm));
		calm = later == avail ? calm : 0;
		avail = later;
	}
	return avail;
}

static void
pausing(void)
{
	long avail;

	set_up(PERIOD, BUFFER);
	put(BUFFER);
	while (must(snd_pcm_avail(pcm)) < 256) {
		(void)usleep(1000);
	}
	must(snd_pcm_pause(pcm, 1));
	is_state(SND_PCM_STATE_PAUSED);
	avail = standing();
	(void)usleep(100000);
	is_equal("what is free after a while", snd_pcm_avail(pcm), avail);
	if (avail >= BUFFER - 1) {
		fail("it was played to its end");
	}
	must(snd_pcm_pause(pcm, 0));
	is_state(SND_PCM_STATE_RUNNING);
	put(PERIOD);
	must(snd_pcm_drain(pcm));
}

/* What is skipped is silent; what runs, and is rewound over, stays. */
static void
moving(void)
{
	static const uint32_t skipped = 300;

	set_up(PERIOD, BUFFER);
	set_software(BUFFER + 1, BUFFER, PERIOD);
	put(500);
	is_equal("skipping", snd_pcm_forward(pcm, skipped), skipped);
	put(3000);
	must(snd_pcm_start(pcm));
	is_equal("rewinding", must(snd_pcm_rewind(pcm, 200)), 200);
	next = 5000;
	put(200); /* those it had already */
	next = 3501;
	put(500);
	must(snd_pcm_drain(pcm));
}

/* What is rewound over before the start was never sent. */
static void
rewinding(void)
{
	set_up(PERIOD, BUFFER);
	set_software(BUFFER, BUFFER, PERIOD);
	next = 5000;
	put(800);
	is_equal("rewinding", snd_pcm_rewind(pcm, 800), 800);
	next = 1;
	put(500);
	next = 6000;
	put(300);
	is_equal("rewinding", snd_pcm_rewind(pcm, 300), 300);
	next = 501;
	put(500);
	must(snd_pcm_drain(pcm));
}

/* What was written goes, and nobody is confused. */
static void
resetting(void)
{
	set_up(PERIOD, BUFFER);
	set_software(BUFFER, BUFFER, PERIOD);
	next = 5000;
	put(800);
	must(snd_pcm_reset(pcm));
	is_equal("what is free", snd_pcm_avail(pcm), BUFFER);
	next = 1;
	put(1000);
	must(snd_pcm_drain(pcm));
}

/* A child that goes leaves the sound alone. */
static void
forking(void)
{
	int status = 0;
	pid_t child;

	set_up(PERIOD, BUFFER);
	put(BUFFER);
	child = fork();
	if (child == 0) {
		_exit(0);
	}
	put(BUFFER);
	if (waitpid(child, &status, 0) != child || status != 0) {
		fail("the child ended with %d", status);
	}
	put(BUFFER);
	must(snd_pcm_drain(pcm));
}

static volatile sig_atomic_t enough;

static void
on_signal(int signal_number)
{
	enough = 1;
}

/* Plays until SIGTERM, whatever happens; a line for each that did. */
static void
surviving(void)
{
	static int16_t frames[PERIOD][2];

	set_up(PERIOD, BUFFER);
	(void)signal(SIGTERM, on_signal);
	while (!enough) {
		long done;

		begin("write");
		number(frames, next, PERIOD);
		done = snd_pcm_writei(pcm, frames, PERIOD);
		if (done < 0) {
			(void)printf("%s\n", snd_strerror((int)done));
			must(snd_pcm_recover(pcm, (int)done, 1));
		} else {
			next += (uint32_t)done;
		}
		if (next == 1 + 8 * PERIOD) {
			(void)printf("plays\n");
			(void)fflush(stdout);
		}
	}
	must(snd_pcm_drain(pcm));
	(void)printf("%u frames\n", next - 1);
}

/* What comes in goes out as soon as it can. */
static void
piping(void)
{
	static uint8_t frames[4 * 256];
	size_t got;

	set_up(256, 1024);
	set_software(1, 1024, 256);
	begin("read");
	while ((got = fread(frames, 4, 256, stdin)) > 0) {
		long done;

		begin("write");
		done = snd_pcm_writei(pcm, frames, got);
		if (done == -EPIPE) {
			must(snd_pcm_recover(pcm, -EPIPE, 1));
			done = snd_pcm_writei(pcm, frames, got);
		}
		is_equal("a write", done, (long)got);
		begin("read");
	}
	must(snd_pcm_drain(pcm));
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "positions", positions },
	{ "waking", waking },
	{ "nonblocking", nonblocking },
	{ "underrun", underrun },
	{ "endless", endless },
	{ "pausing", pausing },
	{ "moving", moving },
	{ "rewinding", rewinding },
	{ "resetting", resetting },
	{ "forking", forking },
	{ "surviving", surviving },
	{ "piping", piping },
};

int
main(int argc, char *argv[])
{
	for (size_t i = 0; argc == 3 && i < sizeof(cases) / sizeof(cases[0]);
	     i++) {
		if (strcmp(argv[2], cases[i].name) == 0) {
			begin(argv[2]);
			must(snd_pcm_open(&pcm, argv[1],
			    SND_PCM_STREAM_PLAYBACK, 0));
			cases[i].run();
			must(snd_pcm_close(pcm));
			return 0;
		}
	}
	(void)fprintf(stderr, "usage: answers PCM CASE\n");
	return 2;
}
