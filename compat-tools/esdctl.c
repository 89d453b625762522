/* esdctl: asks a daemon and tells it, any number of commands in one go. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat-tools/control.h"
#include "compat-tools/words.h"

enum { OPTION_FILE = 256, OPTION_JSON };

#define NUMBER_MAX INT32_MAX

struct command {
	const char *name;
	const char *operands; /* as the usage shows them */
	int count;	      /* of operands */

	/* 0, an exit status, or -errno with its sentence in client.why. */
	int (*run)(struct control *control, char **operands);
	const char *help;
};

/* --- commands ------------------------------------------------------------- */

static void
print_server(const struct esd_server *server)
{
	(void)printf("server version = %d\n", server->version);
	(void)printf("server format  = 0x%08x\n", (unsigned)server->format);
	(void)printf("server rate    = %d\n", server->rate);
}

static int
run_serverinfo(struct control *control, char **operands)
{
	struct esd_version version = { 0 };
	struct esd_server server;
	int error = client_call(&control->client, ESD_SERVER_INFO, &version,
	    (struct client_reply[]){ { .record = &server } });

	if (error == 0) {
		print_server(&server);
	}
	return error;
}

/* Records as they come, newest first; they are printed oldest first. */
struct listing {
	void *records;
	size_t count, size; /* records, bytes of one */
};

static int
listing_add(void *arg, const void *record)
{
	struct listing *listing = arg;
	char *grown =
	    realloc(listing->records, (listing->count + 1) * listing->size);

	if (grown == NULL) {
		return -ENOMEM;
	}
	memcpy(grown + listing->count * listing->size, record, listing->size);
	listing->records = grown;
	listing->count++;
	return 0;
}

static void
print_players(const struct listing *listing)
{
	const struct esd_player *players = listing->records;
	char name[WORDS_ESCAPED_MAX];

	for (size_t i = listing->count; i-- > 0;) {
		const struct esd_player *player = &players[i];

		words_escape(player->name, false, name);
		(void)printf("player %d name    = %s\n", player->id, name);
		(void)printf("player %d format  = 0x%08x\n", player->id,
		    (unsigned)player->format);
		(void)printf("player %d rate    = %d\n", player->id,
		    player->rate);
		(void)printf("player %d left    = %d\n", player->id,
		    player->left);
		(void)printf("player %d right   = %d\n", player->id,
		    player->right);
	}
}

static void
print_samples(const struct listing *listing)
{
	const struct esd_cached *samples = listing->records;
	char name[WORDS_ESCAPED_MAX];

	for (size_t i = listing->count; i-- > 0;) {
		const struct esd_cached *sample = &samples[i];

		words_escape(sample->name, false, name);
		(void)printf("sample %d name    = %s\n", sample->id, name);
		(void)printf("sample %d format  = 0x%08x\n", sample->id,
		    (unsigned)sample->format);
		(void)printf("sample %d rate    = %d\n", sample->id,
		    sample->rate);
		(void)printf("sample %d left    = %d\n", sample->id,
		    sample->left);
		(void)printf("sample %d right   = %d\n", sample->id,
		    sample->right);
		(void)printf("sample %d length  = %d\n", sample->id,
		    sample->length);
	}
}

static int
run_allinfo(struct control *control, char **operands)
{
	struct esd_version version = { 0 };
	struct esd_server server;
	struct listing players = { .size = sizeof(struct esd_player) };
	struct listing samples = { .size = sizeof(struct esd_cached) };
	int error = client_call(&control->client, ESD_ALL_INFO, &version,
	    (struct client_reply[]){
		{ .record = &server },
		{ .each = listing_add, .arg = &players },
		{ .each = listing_add, .arg = &samples },
	    });

	if (error == 0) {
		print_server(&server);
		print_players(&players);
		print_samples(&samples);
	}
	free(players.records);
	free(samples.records);
	return error;
}

static int
run_panstream(struct control *control, char **operands)
{
	struct esd_pan pan;
	struct esd_ok found;
	int error;

	if (tool_number(operands[0], 1, NUMBER_MAX, &pan.id) != 0) {
		tool_say("panstream: %s is no stream's id; allinfo lists them",
		    operands[0]);
		return EXIT_BAD_COMMAND;
	}
	if (tool_number(operands[1], 0, NUMBER_MAX, &pan.left) != 0 ||
	    tool_number(operands[2], 0, NUMBER_MAX, &pan.right) != 0) {
		tool_say("panstream: %s %s are no volumes; %d is unity, 0 "
			 "silence",
		    operands[1], operands[2], ESD_VOLUME_BASE);
		return EXIT_BAD_COMMAND;
	}
	error = client_call(&control->client, ESD_STREAM_PAN, &pan,
	    (struct client_reply[]){ { .record = &found } });
	if (error == 0 && found.ok == 0) {
		tool_say("panstream: there is no stream %d; allinfo lists them",
		    pan.id);
	}
	return error;
}

static int
run_latency(struct control *control, char **operands)
{
	struct esd_lag lag;
	int error = client_call(&control->client, ESD_LATENCY, NULL,
	    (struct client_reply[]){ { .record = &lag } });

	if (error == 0) {
		(void)printf("server latency = %d frames (%.1f ms)\n",
		    lag.frames, lag.frames * 1000.0 / ESD_LAG_RATE);
	}
	return error;
}

static int
run_owner(struct control *control, enum esd_opcode opcode)
{
	struct esd_auth auth;
	struct esd_raw_ok known = { 0 };
	int error = client_auth(&control->client, &auth);

	if (error == 0) {
		error = client_call(&control->client, opcode, &auth,
		    (struct client_reply[]){ { .record = &known }, { 0 } });
	}
	if (error == 0 && known.ok == 0) {
		tool_say("the daemon at %s obeys only who has its key; run "
			 "this as the user who runs it",
		    control->client.place);
		return EXIT_NO_SERVER;
	}
	return error;
}

static int
run_lock(struct control *control, char **operands)
{
	return run_owner(control, ESD_LOCK);
}

static int
run_unlock(struct control *control, char **operands)
{
	return run_owner(control, ESD_UNLOCK);
}

static int
run_standby(struct control *control, char **operands)
{
	return run_owner(control, ESD_STANDBY);
}

static int
run_resume(struct control *control, char **operands)
{
	return run_owner(control, ESD_RESUME);
}

static int
run_standbymode(struct control *control, char **operands)
{
	static const char *const modes[] = { "standby mode failed",
		"server is on standby", "server is on autostandby",
		"server is running" };
	struct esd_version version = { 0 };
	struct esd_mode mode;
	int error = client_call(&control->client, ESD_STANDBY_MODE, &version,
	    (struct client_reply[]){ { .record = &mode } });

	if (error == 0) {
		bool known = mode.mode > 0 &&
			     mode.mode < (int)(sizeof(modes) / sizeof(*modes));

		(void)puts(modes[known ? mode.mode : 0]);
	}
	return error;
}

static const struct command commands[] = {
	{ "doctor", "", 0, control_doctor,
	    "finds out why nothing is heard, and what helps" },
	{ "list", "", 0, control_list, "what plays, as a table" },
	{ "status", "", 0, control_status,
	    "how the daemon and its device are" },
	{ "volume", "ID|NAME VOLUME", 2, control_volume,
	    "of a stream: 50%, -6dB, or 0 to 512, 256 is unity" },
	{ "mute", "ID|NAME", 1, control_mute,
	    "silences a stream, which keeps its volume" },
	{ "unmute", "ID|NAME", 1, control_unmute, "ends that" },
	{ "master", "VOLUME|mute|unmute", 1, control_master,
	    "the volume of everything" },
	{ "kill", "ID", 1, control_kill, "ends a stream now" },
	{ "watch", "", 0, control_watch, "prints what changes, until stopped" },
	{ "forget", "NAME", 1, control_forget,
	    "the volume that is kept for streams of that name" },
	{ "serverinfo", "", 0, run_serverinfo, "rate and format of the mixer" },
	{ "allinfo", "", 0, run_allinfo,
	    "the same, what plays, and what is cached" },
	{ "panstream", "ID LEFT RIGHT", 3, run_panstream,
	    "a playing stream's volume, 256 is unity" },
	{ "pansample", "ID LEFT RIGHT", 3, control_pansample,
	    "the volume a sample's plays begin with" },
	{ "latency", "", 0, run_latency,
	    "frames at 44100 Hz from a write to the sound" },
	{ "cache", "FILE", 1, control_cache, "uploads a sound file" },
	{ "getid", "NAME", 1, control_getid, "of a sample, or -1" },
	{ "free", "NAME", 1, control_free, "forgets a sample" },
	{ "play", "NAME", 1, control_play, "plays a sample once" },
	{ "loop", "NAME", 1, control_loop, "plays a sample until stopped" },
	{ "stop", "NAME", 1, control_stop, "ends a sample after this pass" },
	{ "lock", "", 0, run_lock, "clients need the owner's key" },
	{ "unlock", "", 0, run_unlock, "any key is accepted" },
	{ "standby", "", 0, run_standby, "releases the device" },
	{ "off", "", 0, run_standby, "the same" },
	{ "resume", "", 0, run_resume, "takes the device again" },
	{ "on", "", 0, run_resume, "the same" },
	{ "standbymode", "", 0, run_standbymode,
	    "whether the device is released" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* --- command line --------------------------------------------------------- */

static void
usage(void)
{
	(void)fputs(
	    "usage: esdctl [-s SERVER] COMMAND ...\n"
	    "\n"
	    "  -s, --server=SERVER  where the daemon is: HOST, HOST:PORT,\n"
	    "                       unix:PATH; else $ESPEAKER, else this\n"
	    "                       machine's own\n"
	    "  -p, --prefix=TEXT    accepted, not used\n"
	    "      --json           doctor, list, status and watch\n"
	    "                       print JSON\n"
	    "  -h, --help           this text\n"
	    "  -v, --version        the version\n"
	    "\n"
	    "Commands, any number of them:\n",
	    stderr);
	for (size_t i = 0; i < COMMANDS; i++) {
		(void)fprintf(stderr, "  %-11s %-18s %s\n", commands[i].name,
		    commands[i].operands, commands[i].help);
	}
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, name) == 0) {
			return &commands[i];
		}
	}
	return NULL;
}

/* The server named by -s, or NULL; optind is at the first command. */
static const char *
parse_options(int argc, char **argv, bool *json)
{
	static const struct option names[] = {
		{ "server", required_argument, NULL, 's' },
		{ "prefix", required_argument, NULL, 'p' },
		{ "file", required_argument, NULL, OPTION_FILE },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	const char *server = NULL;
	int option = 0;

	/* "+": a command's negative operands are no options. */
	while (option != OPTION_FILE && (option = getopt_long(argc, argv,
					     "+:s:p:hv", names, NULL)) != -1) {
		switch (option) {
		case 's':
			server = optarg;
			break;
		case 'p':
		case OPTION_FILE:
			break;
		case OPTION_JSON:
			*json = true;
			break;
		case 'h':
			usage();
			exit(EXIT_SUCCESS);
		case 'v':
			tool_version();
			exit(EXIT_SUCCESS);
		default:
			tool_say(option == ':' ? "%s needs a value; -h lists "
						 "the options"
					       : "%s is no option; -h lists "
						 "them",
			    argv[optind - 1]);
			exit(EXIT_BAD_OPTION);
		}
	}
	return server;
}

/* One command and its operands, connecting before the first that needs it. */
static int
run(struct control *control, const struct command *command, char **operands)
{
	struct client *client = &control->client;
	int error = 0;

	if (client->fd < 0 && command->run != control_doctor) {
		error = client_open(client, control->server, CLIENT_TIMEOUT);
		if (error != 0) {
			tool_say("%s", client->why);
			return EXIT_NO_SERVER;
		}
	}
	error = command->run(control, operands);
	if (error < 0) {
		tool_say("%s failed: %s", command->name,
		    client->why[0] != '\0' ? client->why : strerror(-error));
		return EXIT_NO_SERVER;
	}
	return error;
}

static int
run_all(struct control *control, int argc, char **argv)
{
	int status = EXIT_SUCCESS;

	for (int i = 0; i < argc && status == EXIT_SUCCESS; i++) {
		const struct command *command = find_command(argv[i]);

		if (command == NULL) {
			tool_say("%s is no command", argv[i]);
			usage();
			return EXIT_BAD_COMMAND;
		}
		if (argc - i - 1 < command->count) {
			tool_say("%s needs more: %s", command->name,
			    command->operands);
			return EXIT_BAD_COMMAND;
		}
		status = run(control, command, argv + i + 1);
		i += command->count;
	}
	return status;
}

/* "list --json" reads as well as "--json list": taken out; returns argc. */
static int
take_json(int argc, char **argv, bool *json)
{
	int kept = 0;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			*json = true;
		} else {
			argv[kept++] = argv[i];
		}
	}
	return kept;
}

int
main(int argc, char **argv)
{
	struct control control = { .json = false };
	int status, words;

	if (argc < 2) {
		usage();
		return EXIT_NO_SERVER;
	}
	control.server = parse_options(argc, argv, &control.json);
	words = take_json(argc - optind, argv + optind, &control.json);
	if (words == 0) {
		tool_say("no command");
		usage();
		return EXIT_BAD_COMMAND;
	}
	client_adopt(&control.client, -1, CLIENT_TIMEOUT);
	status = run_all(&control, words, argv + optind);
	client_close(&control.client);
	return status;
}
