/*
 * esdctl's commands.  Each returns 0, an exit status (having said why), or
 * -errno with its sentence in control->client.why.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include "compat-tools/tool.h"

/* Exit statuses that old scripts know. */
enum {
	EXIT_NO_SERVER = 1, /* or no arguments, or what was asked for failed */
	EXIT_BAD_OPTION = 2,
	EXIT_BAD_COMMAND = 3
};

struct control {
	struct client client;
	const char *server; /* as -s named it; NULL: it did not */
	bool json;	    /* doctor, list, status and watch print JSON */
};

/* In doctor.c; connects by itself. */
int control_doctor(struct control *control, char **operands);

/* For players and samples, in listing.c. */
int control_list(struct control *control, char **operands);
int control_status(struct control *control, char **operands);

/* In control.c: what the extension does, or what the old requests can. */
int control_volume(struct control *control, char **operands);
int control_mute(struct control *control, char **operands);
int control_unmute(struct control *control, char **operands);
int control_master(struct control *control, char **operands);
int control_kill(struct control *control, char **operands);
int control_watch(struct control *control, char **operands);
int control_forget(struct control *control, char **operands);

/* In samples.c: the daemon's cached sounds, and LOCK and its like. */
int control_cache(struct control *control, char **operands);
int control_getid(struct control *control, char **operands);
int control_free(struct control *control, char **operands);
int control_play(struct control *control, char **operands);
int control_loop(struct control *control, char **operands);
int control_stop(struct control *control, char **operands);
int control_pansample(struct control *control, char **operands);

#endif
