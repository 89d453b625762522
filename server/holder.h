/*
 * Which other programs have a sound card open, as /proc tells it: the driver's
 * own word for who owns a substream, else whoever has the card's node open.
 * Needs nothing else of ours; thread: any but audio.  Takes some ms at most.
 */
#ifndef HOLDER_H
#define HOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define HOLDER_MAX	     4	   /* told of; the others are left out */
#define HOLDER_COMMAND_MAX   64	   /* bytes of a name, NUL included */
#define HOLDER_TEXT_MAX	     512   /* bytes of all in words, NUL included */
#define HOLDER_CARDS_MAX     32	   /* cards, as many as the kernel has */
#define HOLDER_DEVICES_MAX   32	   /* PCM devices of a card */
#define HOLDER_STREAMS_MAX   32	   /* substreams of one of those */
#define HOLDER_PROCESSES_MAX 32768 /* looked at */
#define HOLDER_FILES_EACH    1024  /* open files looked at, of a process */
#define HOLDER_FILES_MAX     32768 /* and in all */

struct holder {
	pid_t pid;
	uid_t uid;
	int card; /* whose device it has open; -1: not known */
	char command[HOLDER_COMMAND_MAX]; /* printable, never empty */
};

struct holders {
	struct holder list[HOLDER_MAX];
	unsigned count;
	bool hidden; /* some process' files could not be seen */
};

/*
 * Finds who else has a PCM device of that card open.  A program at the control
 * device, such as a mixer, does not hold the card.
 *   proc  "/proc", or a test's
 *   dev   "/dev", likewise
 *   card  its number; -1: any card
 *   way   'p': for playing, 'c': for capture, 0: either
 */
void holder_find(struct holders *holders, const char *proc, const char *dev,
    int card, char way);

/* Only that process; none if there is no such. */
void holder_of(struct holders *holders, const char *proc, pid_t pid);

/*
 * In words: "mplayer (pid 4711)", with ", user 1000" if that is not us, and
 * " and " between two; "" where there is none.
 */
void holder_print(const struct holders *holders, char text[HOLDER_TEXT_MAX]);

#endif
