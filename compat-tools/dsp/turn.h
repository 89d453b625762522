/*
 * Sounds that follow one another.  In OSS, close() waits until all is heard;
 * here nobody can make it wait, for the kernel closes.  So the next device
 * does: it begins to play when the one that was closed before it was opened
 * has played out.  Those that are open at once play at once.
 *
 * That holds for devices of one name, one user and one daemon.  The first of
 * them listens at an abstract name, where those that come later ask.  Of a
 * program that opens them faster than they are played, a few wait, others do
 * not.
 *
 * Thread: the loop's.  There are no errors: who can't ask does not wait.
 */
#ifndef DSP_TURN_H
#define DSP_TURN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "compat-tools/dsp/loop.h"

struct turn {
	struct loop *loop;
	bool (*ended)(void *arg); /* whether nobody has this device open */
	void (*came)(void *arg);  /* it may play from now on */
	void *arg;

	int listener; /* -1: none */
	int before;   /* to the one that is waited for, or -1 */
	int after;    /* to the one that waits for us, or -1 */

	/* its own */
	struct sockaddr_un address;
	socklen_t bytes;
	uint8_t place;		/* how many are before us, 0: none */
	struct loop_timer mute; /* runs while `before` has said nothing */
};

/*
 * To be called where a device is opened that plays, another's turn has always
 * come; the caller has filled in what is not its own, the descriptors with -1.
 * came() is not called from here.
 *   name  of its streams
 */
void turn_begin(struct turn *turn, const char *name);
bool turn_has_come(const struct turn *turn);

/* All has been played, or is no longer wanted. */
void turn_end(struct turn *turn);

#endif
