#include "compat-tools/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat-tools/orders.h"
#include "compat-tools/streams.h"
#include "server/volume.h"

#define UNCHANGED (-1)

/* 1 or 0, or -errno; where it is 0, the command is said to need more. */
static int
need_extension(struct control *control, const char *command)
{
	int extended = client_extended(&control->client);

	if (extended == 0) {
		tool_say("%s: the daemon at %s is an old one and cannot; "
			 "start esdmixd there",
		    command, control->client.place);
	}
	return extended;
}

/* --- which streams ------------------------------------------------------ */

/*
 * The streams of that name, all of them; else the one of that id.  0, an exit
 * status where there is none, or -errno; streams_free() is due in any case.
 */
static int
choose(struct control *control, const char *command, const char *which,
    struct streams *chosen)
{
	size_t named = 0;
	int32_t id = 0;
	int error = streams_fetch(&control->client, chosen);

	if (error != 0) {
		return error;
	}
	(void)tool_number(which, 1, INT32_MAX, &id);
	for (size_t i = 0; i < chosen->count; i++) {
		const struct esd_playing *one = &chosen->list[i];

		/* Of a sample that plays, the id is the sample's. */
		if (strcmp(one->protocol, "sample") != 0 &&
		    (one->id == id ||
			(id == 0 && strcmp(one->name, which) == 0))) {
			chosen->list[named++] = *one;
		}
	}
	chosen->count = named;
	if (named == 0) {
		tool_say("%s: there is no stream %s; list shows them", command,
		    which);
		return EXIT_NO_SERVER;
	}
	return 0;
}

/* --- volumes ------------------------------------------------------------ */

static int
parse_volume(const char *command, const char *text, int32_t *volume)
{
	if (volume_parse(text, volume) == 0) {
		return 0;
	}
	tool_say("%s: %s is no volume; write 50%%, -6dB or 0 to %d, %d is "
		 "unity",
	    command, text, VOLUME_MAX, VOLUME_UNITY);
	return EXIT_BAD_COMMAND;
}

static int
set_chosen(struct control *control, const char *command, const char *which,
    int32_t volume, int32_t muted)
{
	struct streams chosen;
	int error = choose(control, command, which, &chosen);

	for (size_t i = 0; error == 0 && i < chosen.count; i++) {
		struct esd_volume wanted = { chosen.list[i].id, volume, volume,
			muted };
		int set = streams_set(&control->client, &wanted);

		error = set < 0 ? set : 0; /* 0: it ended meanwhile */
	}
	streams_free(&chosen);
	return error;
}

int
control_volume(struct control *control, char **operands)
{
	int32_t volume;
	int error = parse_volume("volume", operands[1], &volume);

	return error != 0 ? error
			  : set_chosen(control, "volume", operands[0], volume,
				UNCHANGED);
}

int
control_mute(struct control *control, char **operands)
{
	int extended = need_extension(control, "mute");

	if (extended <= 0) {
		return extended < 0 ? extended : EXIT_NO_SERVER;
	}
	return set_chosen(control, "mute", operands[0], UNCHANGED, 1);
}

int
control_unmute(struct control *control, char **operands)
{
	int extended = need_extension(control, "unmute");

	if (extended <= 0) {
		return extended < 0 ? extended : EXIT_NO_SERVER;
	}
	return set_chosen(control, "unmute", operands[0], UNCHANGED, 0);
}

int
control_master(struct control *control, char **operands)
{
	struct esd_master wanted = { UNCHANGED, UNCHANGED, UNCHANGED };
	int extended, error;

	if (strcmp(operands[0], "mute") == 0) {
		wanted.muted = 1;
	} else if (strcmp(operands[0], "unmute") == 0) {
		wanted.muted = 0;
	} else {
		error = parse_volume("master", operands[0], &wanted.left);
		if (error != 0) {
			return error;
		}
		wanted.right = wanted.left;
	}
	extended = need_extension(control, "master");
	if (extended <= 0) {
		return extended < 0 ? extended : EXIT_NO_SERVER;
	}
	error = orders_master(&control->client, &wanted);
	return error < 0 ? error : 0;
}

int
control_kill(struct control *control, char **operands)
{
	int32_t id;
	int extended, done;

	if (tool_number(operands[0], 1, INT32_MAX, &id) != 0) {
		tool_say("kill: %s is no stream's id; list shows them",
		    operands[0]);
		return EXIT_BAD_COMMAND;
	}
	extended = need_extension(control, "kill");
	if (extended <= 0) {
		return extended < 0 ? extended : EXIT_NO_SERVER;
	}
	done = orders_kill(&control->client, id);
	if (done == 0) {
		tool_say("kill: there is no stream %d, or it is another "
			 "user's; list shows them",
		    id);
		return EXIT_NO_SERVER;
	}
	return done < 0 ? done : 0;
}

/* --- changes ------------------------------------------------------------ */

static void
print_change(const struct control *control, const struct esd_change *change)
{
	static const char *const names[ESD_CHANGES] = {
		[ESD_CHANGE_ALL] = "everything",
		[ESD_CHANGE_COME] = "new",
		[ESD_CHANGE_GONE] = "gone",
		[ESD_CHANGE_VOLUME] = "volume",
		[ESD_CHANGE_MASTER] = "master",
		[ESD_CHANGE_DEVICE] = "device",
	};
	const char *name = change->what >= 0 && change->what < ESD_CHANGES
			       ? names[change->what]
			       : "unknown";

	if (control->json) {
		(void)printf("{\"change\": \"%s\", \"id\": %d}\n", name,
		    change->id);
	} else if (change->id > 0) {
		(void)printf("%s %d\n", name, change->id);
	} else {
		(void)puts(name);
	}
	(void)fflush(stdout);
}

int
control_watch(struct control *control, char **operands)
{
	struct esd_change change;
	int extended = need_extension(control, "watch");
	int error;

	if (extended <= 0) {
		return extended < 0 ? extended : EXIT_NO_SERVER;
	}
	error = client_call(&control->client, ESD_WATCH, NULL, NULL);
	while (error == 0) {
		error = client_told(&control->client, ESD_WATCH, &change, -1);
		if (error == 0) {
			print_change(control, &change);
		}
	}
	return error;
}

int
control_forget(struct control *control, char **operands)
{
	int extended = need_extension(control, "forget");
	int done;

	if (extended <= 0) {
		return extended < 0 ? extended : EXIT_NO_SERVER;
	}
	done = orders_forget(&control->client, operands[0]);
	if (done == 0) {
		tool_say("forget: no volume is kept for %s", operands[0]);
		return EXIT_NO_SERVER;
	}
	return done < 0 ? done : 0;
}
