/*
 * esdctl doctor: why nothing is heard.  Each check looks for one fault and has
 * one sentence for it: what, where, the remedy.
 * Thread: one.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "compat-tools/client.h"
#include "server/holder.h"

#define DOCTOR_SAYS_MAX (PATH_MAX + 1024) /* bytes of a sentence */

/* How far we came with the daemon. */
enum doctor_contact {
	CONTACT_NONE,	   /* nobody answers, or no such host */
	CONTACT_FORBIDDEN, /* its socket is not for us */
	CONTACT_FOREIGN,   /* somebody else's, where ours should be */
	CONTACT_MUTE,	   /* it says nothing */
	CONTACT_STRANGE,   /* it is no ESD server */
	CONTACT_NO_KEY,	   /* we have none to show */
	CONTACT_REFUSED,   /* it does not take ours */
	CONTACT_MADE
};

struct doctor {
	/* What is asked. */
	const char *server; /* as -s gave it; NULL: it was not given */
	char proc[PATH_MAX], dev[PATH_MAX], etc[PATH_MAX];
	char loader[PATH_MAX]; /* of 32-bit programs */

	/* The daemon. */
	struct address address;
	bool here;	 /* on this machine, or should be */
	const char *how; /* its address came to us: "-s", "ESPEAKER"; NULL:
			    by itself */
	enum doctor_contact contact;
	struct client client;
	bool extended;
	struct esd_status status; /* where it is extended; else the rate */

	/* Who has a card open. */
	struct holders holders;

	unsigned found;		    /* faults so far */
	bool explained;		    /* one of them: why it has no device */
	char says[DOCTOR_SAYS_MAX]; /* the last one */
};

/* A user's or group's name, else the number. */
#define DOCTOR_NAME_MAX 64 /* bytes, NUL included */
void doctor_group_name(gid_t group, char name[DOCTOR_NAME_MAX]);

/* Looks for its fault; true: it is there, by doctor_say(). */
typedef bool doctor_check(struct doctor *doctor);

/* Sets the sentence; true. */
bool doctor_say(struct doctor *doctor, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* In doctor_daemon.c: the way to the daemon, and what it tells. */
void doctor_reach(struct doctor *doctor);
doctor_check doctor_daemon, doctor_speaker, doctor_stale, doctor_group,
    doctor_clients, doctor_cookie, doctor_realtime;

/* Whether who answers is a process of our own user, on this machine. */
bool doctor_is_own(const struct doctor *doctor);

/* In doctor_machine.c: the card, and what else this machine has to offer. */
void doctor_look(struct doctor *doctor);
doctor_check doctor_card, doctor_permission, doctor_held, doctor_server,
    doctor_oss, doctor_recursion, doctor_device, doctor_volume, doctor_preload;

#endif
