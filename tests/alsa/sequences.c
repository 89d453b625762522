/*
 * Random sequences of what a program may do with a PCM, through alsa-lib.
 *
 *	sequences PCM SEED COUNT
 *
 * For each run of frames that was ended, one line says what became of it:
 *
 *	FIRST WRITTEN GONE drained|dropped
 *
 * GONE of them had left the buffer by the pointer.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/alsa/tools.h"

#define PATIENCE 10000 /* ms */

static snd_pcm_t *pcm;
static snd_pcm_access_t access_type;
static snd_pcm_uframes_t buffer_size;
static bool nonblocking;
static uint32_t seed;
static uint32_t next = 1; /* frame */
static uint32_t first;	  /* of this run */
static uint32_t written;  /* of this run */
static uint32_t gone;	  /* of those, the most that was told */

/* --- tools ---------------------------------------------------------------- */

static uint32_t
dice(uint32_t sides)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % sides;
}

/* --- what is written ------------------------------------------------------ */

static int16_t frames[PIECE][2];
static int16_t sides[2][PIECE];

static void
fill(uint32_t n)
{
	number(frames, next, n);
	for (uint32_t i = 0; i < n; i++) {
		sides[0][i] = frames[i][0];
		sides[1][i] = frames[i][1];
	}
}

static void
put(const snd_pcm_channel_area_t *areas, snd_pcm_uframes_t at, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		for (unsigned c = 0; c < 2; c++) {
			uint8_t *to =
			    (uint8_t *)areas[c].addr +
			    (areas[c].first + areas[c].step * (at + i)) / 8;

			memcpy(to, &frames[i][c], sizeof(frames[i][c]));
		}
	}
}

/* As a program that draws its sound in the buffer. */
static snd_pcm_sframes_t
draw(uint32_t n)
{
	const snd_pcm_channel_area_t *areas;
	snd_pcm_uframes_t at;
	snd_pcm_uframes_t room = n;
	snd_pcm_sframes_t avail = snd_pcm_avail_update(pcm);

	if (avail <= 0) {
		return avail < 0 ? avail : -EAGAIN;
	}
	must(snd_pcm_mmap_begin(pcm, &areas, &at, &room));
	put(areas, at, (uint32_t)room);
	return snd_pcm_mmap_commit(pcm, at, room);
}

static snd_pcm_sframes_t
put_frames(uint32_t n)
{
	void *both[2] = { sides[0], sides[1] };

	switch (access_type) {
	case SND_PCM_ACCESS_RW_INTERLEAVED:
		return snd_pcm_writei(pcm, frames, n);
	case SND_PCM_ACCESS_RW_NONINTERLEAVED:
		return snd_pcm_writen(pcm, both, n);
	case SND_PCM_ACCESS_MMAP_INTERLEAVED:
		return dice(2) == 0 ? draw(n)
				    : snd_pcm_mmap_writei(pcm, frames, n);
	default:
		return dice(2) == 0 ? draw(n)
				    : snd_pcm_mmap_writen(pcm, both, n);
	}
}

/* --- a run of frames ------------------------------------------------------ */

static void
note_gone(void)
{
	snd_pcm_sframes_t avail = snd_pcm_avail(pcm);
	uint32_t now;

	if (avail < 0) {
		return;
	}
	if ((snd_pcm_uframes_t)avail > buffer_size) {
		fail("%ld of %lu frames are free", avail, buffer_size);
	}
	now = written - (uint32_t)(buffer_size - (snd_pcm_uframes_t)avail);
	if ((int32_t)(now - gone) < 0) {
		fail("the pointer went back from %u to %u", gone, now);
	}
	gone = now;
}

static void
end_run(const char *how)
{
	if (written > 0) {
		(void)printf("%u %u %u %s\n", first, written, gone, how);
	}
	first = next;
	written = 0;
	gone = 0;
}

/*
 * All that was written before an underrun has been played: the run goes on,
 * and the pointer counts from here.
 */
static void
recover(long error)
{
	if (error != -EPIPE) {
		must(error);
	}
	if (snd_pcm_state(pcm) != SND_PCM_STATE_XRUN) {
		fail("EPIPE in the state %s",
		    snd_pcm_state_name(snd_pcm_state(pcm)));
	}
	end_run("drained");
	must(snd_pcm_recover(pcm, (int)error, 1));
}

static void
unblock(void)
{
	snd_pcm_state_t state = snd_pcm_state(pcm);
	int error;

	if (state == SND_PCM_STATE_PREPARED && written > 0) {
		error = snd_pcm_start(pcm);
	} else {
		error = snd_pcm_wait(pcm, PATIENCE);
		if (error == 0) {
			fail("waited in vain");
		}
	}
	if (error < 0) {
		recover(error);
	}
}

static void
write_some(void)
{
	uint32_t n = 1 + dice(dice(2) == 0 ? 64 : PIECE);

	begin("write");
	while (n > 0) {
		snd_pcm_sframes_t done;

		fill(n);
		done = put_frames(n);
		if (done == -EAGAIN || done == 0) {
			unblock();
		} else if (done < 0) {
			recover(done);
		} else {
			next += (uint32_t)done;
			written += (uint32_t)done;
			n -= (uint32_t)done;
		}
	}
}

/* --- what else a program does --------------------------------------------- */

static void
ask(void)
{
	snd_pcm_sframes_t delay;
	snd_pcm_status_t *status;

	begin("ask");
	snd_pcm_status_alloca(&status);
	must(snd_pcm_status(pcm, status));
	note_gone();
	if (snd_pcm_delay(pcm, &delay) == 0 &&
	    (delay < 0 || delay > (snd_pcm_sframes_t)written)) {
		fail("a delay of %ld of %u frames", delay, written);
	}
}

static void
pause_for_a_while(void)
{
	begin("pause");
	if (snd_pcm_state(pcm) != SND_PCM_STATE_RUNNING) {
		return;
	}
	must(snd_pcm_pause(pcm, 1));
	(void)usleep(dice(8) * 1000);
	if (dice(4) == 0) {
		return; /* whatever comes next comes while it is paused */
	}
	must(snd_pcm_pause(pcm, 0));
}

static void
go_on(void)
{
	if (snd_pcm_state(pcm) == SND_PCM_STATE_PAUSED) {
		must(snd_pcm_pause(pcm, 0));
	}
}

static void
start_now(void)
{
	begin("start");
	if (snd_pcm_state(pcm) == SND_PCM_STATE_PREPARED && written > 0) {
		must(snd_pcm_start(pcm));
	}
}

static void
drop(void)
{
	begin("drop");
	note_gone();
	must(snd_pcm_drop(pcm));
	end_run("dropped");
}

static void
wait_for_drain(void)
{
	struct pollfd fd;
	unsigned short events = 0;

	if (snd_pcm_poll_descriptors(pcm, &fd, 1) != 1) {
		fail("no descriptor");
	}
	/* Asking for the pointer ends it, too, once all is heard. */
	while (snd_pcm_state(pcm) == SND_PCM_STATE_DRAINING &&
	       (dice(2) == 0 || snd_pcm_drain(pcm) == -EAGAIN)) {
		(void)snd_pcm_avail(pcm);
		if (poll(&fd, 1, PATIENCE) == 0) {
			fail("polled in vain");
		}
		must(snd_pcm_poll_descriptors_revents(pcm, &fd, 1, &events));
	}
}

static void
drain(void)
{
	int error;

	begin("drain");
	go_on();
	note_gone();
	error = snd_pcm_drain(pcm);
	if (error == -EAGAIN && nonblocking) {
		wait_for_drain();
		error = 0;
	}
	if (error < 0 && error != -EPIPE) {
		must(error);
	}
	end_run("drained");
}

static void
again(void)
{
	begin("prepare");
	must(snd_pcm_prepare(pcm));
}

/* --- a sequence ----------------------------------------------------------- */

static void
set_software(snd_pcm_uframes_t period)
{
	snd_pcm_sw_params_t *params;
	snd_pcm_uframes_t boundary;

	snd_pcm_sw_params_alloca(&params);
	must(snd_pcm_sw_params_current(pcm, params));
	must(snd_pcm_sw_params_get_boundary(params, &boundary));
	must(snd_pcm_sw_params_set_start_threshold(pcm, params,
	    dice(2) == 0   ? 1
	    : dice(2) == 0 ? period
			   : buffer_size));
	if (dice(4) == 0) {
		must(snd_pcm_sw_params_set_stop_threshold(pcm, params,
		    boundary));
	}
	must(snd_pcm_sw_params_set_avail_min(pcm, params, 1 + dice(period)));
	must(snd_pcm_sw_params(pcm, params));
}

static void
set_up(void)
{
	static const snd_pcm_access_t accesses[] = {
		SND_PCM_ACCESS_RW_INTERLEAVED, SND_PCM_ACCESS_RW_NONINTERLEAVED,
		SND_PCM_ACCESS_MMAP_INTERLEAVED,
		SND_PCM_ACCESS_MMAP_NONINTERLEAVED
	};
	snd_pcm_hw_params_t *params;
	snd_pcm_uframes_t period = 32u << dice(6);

	begin("set the parameters");
	access_type = accesses[dice(4)];
	buffer_size = period * (2 + dice(7));
	snd_pcm_hw_params_alloca(&params);
	must(snd_pcm_hw_params_any(pcm, params));
	must(snd_pcm_hw_params_set_access(pcm, params, access_type));
	must(snd_pcm_hw_params_set_format(pcm, params, SND_PCM_FORMAT_S16));
	must(snd_pcm_hw_params_set_channels(pcm, params, 2));
	must(snd_pcm_hw_params_set_rate(pcm, params, RATE, 0));
	must(
	    snd_pcm_hw_params_set_period_size_near(pcm, params, &period, NULL));
	must(snd_pcm_hw_params_set_buffer_size_near(pcm, params, &buffer_size));
	must(snd_pcm_hw_params(pcm, params));
	must(snd_pcm_hw_params_get_buffer_size(params, &buffer_size));
	must(snd_pcm_hw_params_get_period_size(params, &period, NULL));
	set_software(period);
}

static void
step(void)
{
	switch (dice(10)) {
	case 0:
		pause_for_a_while();
		break;
	case 1:
		drop();
		again();
		break;
	case 2:
		drain();
		again();
		break;
	case 3:
		start_now();
		break;
	case 4:
		ask();
		break;
	case 5:
		(void)usleep(dice(4) * 1000);
		break;
	default:
		go_on();
		write_some();
		break;
	}
}

static void
play(const char *name)
{
	begin("open");
	nonblocking = dice(2) == 0;
	must(snd_pcm_open(&pcm, name, SND_PCM_STREAM_PLAYBACK,
	    nonblocking ? SND_PCM_NONBLOCK : 0));
	for (uint32_t parts = 1 + dice(2); parts > 0; parts--) {
		set_up();
		for (uint32_t steps = dice(12); steps > 0; steps--) {
			step();
		}
		if (dice(2) == 0) {
			drain();
		} else {
			drop();
		}
		begin("free the parameters");
		must(snd_pcm_hw_free(pcm));
	}
	begin("close");
	must(snd_pcm_close(pcm));
}

int
main(int argc, char *argv[])
{
	if (argc != 4) {
		(void)fprintf(stderr, "usage: sequences PCM SEED COUNT\n");
		return 2;
	}
	seed = (uint32_t)strtoul(argv[2], NULL, 10);
	first = next;
	for (unsigned count = (unsigned)strtoul(argv[3], NULL, 10); count > 0;
	     count--) {
		play(argv[1]);
	}
	return 0;
}
