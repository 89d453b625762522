/* artsshell: asks the aRts sound server, and tells it what to do. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat-tools/mcopclient.h"
#include "compat-tools/tool.h"
#include "config.h"

#define WORDS_MAX 16
#define BLANKS	  " \t\r\n"

struct shell {
	struct mcopclient client;
	bool quiet;
};

struct command {
	const char *name, *operands;
	const char *help;
	int least, most; /* words after the name */

	/* 0; -EINVAL: not understood; or -errno with its sentence in why. */
	int (*run)(struct shell *shell, int count, char **words);
};

static void print_commands(FILE *out);

/* What has been done, unless nobody wants to know. */
static void
tell(const struct shell *shell, const char *sentence)
{
	if (!shell->quiet) {
		(void)fprintf(stderr, "%s\n", sentence);
	}
}

/* --- attributes of the sound server --------------------------------------- */

static int
get_long(struct shell *shell, enum mcop_row row, int32_t *value)
{
	struct mcop_reader result;
	int error =
	    mcopclient_call(&shell->client, shell->client.server, row, &result);

	*value = error < 0 ? 0 : mcop_get_long(&result);
	return error;
}

static int
set_long(struct shell *shell, enum mcop_row row, int32_t value)
{
	struct mcop_reader result;
	struct mcop_writer writer;
	int error = mcopclient_begin(&shell->client, shell->client.server, row,
	    &writer);

	if (error == 0) {
		mcop_put_long(&writer, value);
		error = mcopclient_finish(&shell->client, &writer, &result);
	}
	return error;
}

/* true in *answer: it was done. */
static int
order(struct shell *shell, enum mcop_row row, bool *answer)
{
	struct mcop_reader result;
	int error =
	    mcopclient_call(&shell->client, shell->client.server, row, &result);

	*answer = error == 0 && mcop_get_boolean(&result);
	return error;
}

/* --- status -----------------------------------------------------------------
 */

static void
print_state(struct mcop_reader *result, const char *label)
{
	int32_t seconds = mcop_get_long(result);

	if (seconds > 0) {
		(void)printf("%srunning, will suspend in %d s\n", label,
		    (int)seconds);
	} else {
		(void)printf("%s%s\n", label,
		    seconds == 0    ? "suspended"
		    : seconds == -1 ? "busy"
				    : "running, autosuspend disabled");
	}
}

static void
print_realtime(struct mcop_reader *result, const char *label)
{
	static const char *const names[] = { "real-time",
		"no real-time support", "not started through real-time wrapper",
		"not real-time" };
	uint32_t status = (uint32_t)mcop_get_long(result);

	(void)printf("%s%s\n", label,
	    status < sizeof(names) / sizeof(names[0]) ? names[status]
						      : "unknown");
}

static void
print_ms(struct mcop_reader *result, const char *label)
{
	(void)printf("%s%g ms\n", label, (double)mcop_get_float(result));
}

static void
print_number(struct mcop_reader *result, const char *label)
{
	(void)printf("%s%d\n", label, (int)mcop_get_long(result));
}

static void
print_seconds(struct mcop_reader *result, const char *label)
{
	(void)printf("%s%d s\n", label, (int)mcop_get_long(result));
}

static void
print_bits(struct mcop_reader *result, const char *label)
{
	(void)printf("%s%d bits\n", label, (int)mcop_get_long(result));
}

static void
print_text(struct mcop_reader *result, const char *label)
{
	(void)printf("%s%s\n", label, mcop_get_string(result));
}

static void
print_duplex(struct mcop_reader *result, const char *label)
{
	(void)printf("%s%s\n", label,
	    mcop_get_boolean(result) ? "full" : "half");
}

/* What an old server does not know is left out. */
static int
do_status(struct shell *shell, int count, char **words)
{
	static const struct {
		enum mcop_row row;
		void (*print)(struct mcop_reader *result, const char *label);
		const char *label;
	} lines[] = {
		{ MCOP_SERVER__get_secondsUntilSuspend, print_state,
		    "server status: " },
		{ MCOP_SERVER__get_realtimeStatus, print_realtime,
		    "real-time status: " },
		{ MCOP_SIMPLE__get_serverBufferTime, print_ms,
		    "server buffer time: " },
		{ MCOP_SERVER_V2__get_bufferSizeMultiplier, print_number,
		    "buffer size multiplier: " },
		{ MCOP_SIMPLE__get_minStreamBufferTime, print_ms,
		    "minimum stream buffer time: " },
		{ MCOP_SERVER_V2__get_autoSuspendSeconds, print_seconds,
		    "auto suspend time: " },
		{ MCOP_SERVER_V2__get_audioMethod, print_text,
		    "audio method: " },
		{ MCOP_SERVER_V2__get_samplingRate, print_number,
		    "sampling rate: " },
		{ MCOP_SERVER_V2__get_channels, print_number, "channels: " },
		{ MCOP_SERVER_V2__get_bits, print_bits, "sample size: " },
		{ MCOP_SERVER_V2__get_fullDuplex, print_duplex, "duplex: " },
		{ MCOP_SERVER_V2__get_audioDevice, print_text, "device: " },
		{ MCOP_SERVER_V2__get_fragments, print_number, "fragments: " },
		{ MCOP_SERVER_V2__get_fragmentSize, print_number,
		    "fragment size: " },
	};
	int error = 0;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct mcop_reader result;

		error = mcopclient_call(&shell->client, shell->client.server,
		    lines[i].row, &result);
		if (error == 0) {
			lines[i].print(&result, lines[i].label);
		} else if (error != -ENOSYS) {
			return error;
		}
	}
	return 0;
}

/* --- orders -----------------------------------------------------------------
 */

static int
do_suspend(struct shell *shell, int count, char **words)
{
	int32_t seconds;
	bool done;
	int error =
	    get_long(shell, MCOP_SERVER__get_secondsUntilSuspend, &seconds);

	if (error < 0) {
		return error;
	}
	if (seconds == 0) {
		tell(shell, "sound server was already suspended");
	} else if (seconds == -1) {
		tell(shell, "sound server is busy");
	} else {
		error = order(shell, MCOP_SERVER_suspend, &done);
		if (error == 0) {
			tell(shell, done ? "sound server suspended"
					 : "unable to suspend sound server");
		}
	}
	return error;
}

static int
do_terminate(struct shell *shell, int count, char **words)
{
	bool done;
	int error = order(shell, MCOP_SERVER_terminate, &done);

	if (error == 0) {
		tell(shell, done ? "sound server terminated"
				 : "unable to terminate sound server");
	}
	return error;
}

static int
do_autosuspend(struct shell *shell, int count, char **words)
{
	int32_t seconds;

	if (tool_number(words[0], 0, INT32_MAX, &seconds) < 0) {
		return -EINVAL;
	}
	return set_long(shell, MCOP_SERVER_V2__set_autoSuspendSeconds, seconds);
}

static int
do_networkbuffers(struct shell *shell, int count, char **words)
{
	int32_t multiplier;

	if (tool_number(words[0], 1, INT32_MAX, &multiplier) < 0) {
		return -EINVAL;
	}
	return set_long(shell, MCOP_SERVER_V2__set_bufferSizeMultiplier,
	    multiplier);
}

/* --- volume -----------------------------------------------------------------
 */

static int
set_volume(struct shell *shell, uint32_t volume, float factor)
{
	struct mcop_reader result;
	struct mcop_writer writer;
	int error = mcopclient_begin(&shell->client, volume,
	    MCOP_VOLUME__set_scaleFactor, &writer);

	if (error == 0) {
		mcop_put_float(&writer, factor);
		error = mcopclient_finish(&shell->client, &writer, &result);
	}
	return error;
}

static int
print_volume(struct shell *shell, uint32_t volume)
{
	struct mcop_reader result;
	int error = mcopclient_call(&shell->client, volume,
	    MCOP_VOLUME__get_scaleFactor, &result);

	if (error == 0) {
		(void)printf("%g\n", (double)mcop_get_float(&result));
	}
	return error;
}

static int
do_volume(struct shell *shell, int count, char **words)
{
	struct mcopclient *client = &shell->client;
	struct mcop_reader result;
	uint32_t volume = 0;
	float factor = 0;
	char *end;
	int error;

	if (count == 1) {
		factor = strtof(words[0], &end);
		if (end == words[0] || *end != '\0' || !isfinite(factor) ||
		    factor < 0) {
			return -EINVAL;
		}
	}
	error = mcopclient_call(client, client->server,
	    MCOP_SERVER_V2__get_outVolume, &result);
	if (error == 0) {
		error =
		    mcopclient_take(client, &result, MCOP_IS_VOLUME, &volume);
	}
	if (error == 0) {
		error = count == 1 ? set_volume(shell, volume, factor)
				   : print_volume(shell, volume);
		mcopclient_release(client, volume);
	}
	return error;
}

/* --- effects ----------------------------------------------------------------
 */

/*
 * What can be had everywhere; a genuine server may have more.  The original
 * looked in files of its installation.
 */
static const enum mcop_interface_tag effects[] = { MCOP_IS_VOLUME };

#define EFFECTS (sizeof(effects) / sizeof(effects[0]))

static int
list_effects(void)
{
	for (size_t i = 0; i < EFFECTS; i++) {
		(void)puts(mcop_interfaces[effects[i]].name);
	}
	return 0;
}

static int
take_stack(struct shell *shell, uint32_t *stack)
{
	struct mcop_reader result;
	int error = mcopclient_call(&shell->client, shell->client.server,
	    MCOP_SIMPLE__get_outstack, &result);

	return error < 0 ? error
			 : mcopclient_take(&shell->client, &result,
			       MCOP_IS_STACK, stack);
}

static int
create_effect(struct shell *shell, const char *name, uint32_t *effect)
{
	struct mcopclient *client = &shell->client;
	struct mcop_reader result;
	struct mcop_writer writer;
	int error = mcopclient_begin(client, client->server,
	    MCOP_SIMPLE_createObject, &writer);

	if (error < 0) {
		return error;
	}
	mcop_put_string(&writer, name);
	error = mcopclient_finish(client, &writer, &result);
	if (error == 0) {
		error =
		    mcopclient_take(client, &result, MCOP_IS_EFFECT, effect);
	}
	if (error == 0) {
		error =
		    mcopclient_call(client, *effect, MCOP_SYNTH_start, &result);
	}
	return error;
}

static int
put_effect(struct shell *shell, uint32_t stack, enum mcop_row where,
    uint32_t effect, const char *name)
{
	struct mcopclient *client = &shell->client;
	struct mcop_reader result;
	struct mcop_writer writer;
	int error =
	    mcopclient_call(client, effect, MCOP_OBJECT__copyRemote, &result);

	if (error == 0) {
		error = mcopclient_begin(client, stack, where, &writer);
	}
	if (error == 0) {
		mcopclient_put(client, &writer, effect);
		mcop_put_string(&writer, name);
		error = mcopclient_finish(client, &writer, &result);
	}
	if (error == 0) {
		(void)printf("%d\n", (int)mcop_get_long(&result));
	}
	return error;
}

static int
insert_effect(struct shell *shell, enum mcop_row where, const char *name)
{
	uint32_t effect = 0, stack = 0;
	int error = create_effect(shell, name, &effect);

	if (error < 0) {
		return error;
	}
	error = take_stack(shell, &stack);
	if (error == 0) {
		error = put_effect(shell, stack, where, effect, name);
		mcopclient_release(&shell->client, stack);
	}
	mcopclient_release(&shell->client, effect);
	return error;
}

static int
remove_effect(struct shell *shell, int32_t id)
{
	struct mcopclient *client = &shell->client;
	struct mcop_reader result;
	struct mcop_writer writer;
	uint32_t stack = 0;
	int error = take_stack(shell, &stack);

	if (error < 0) {
		return error;
	}
	error = mcopclient_begin(client, stack, MCOP_STACK_remove, &writer);
	if (error == 0) {
		mcop_put_long(&writer, id);
		error = mcopclient_finish(client, &writer, &result);
	}
	mcopclient_release(client, stack);
	return error;
}

static int
do_stereoeffect(struct shell *shell, int count, char **words)
{
	int32_t id;

	if (count == 1 && strcmp(words[0], "list") == 0) {
		return list_effects();
	}
	if (count == 2 && strcmp(words[0], "remove") == 0 &&
	    tool_number(words[1], 0, INT32_MAX, &id) == 0) {
		return remove_effect(shell, id);
	}
	if (count == 2 && strcmp(words[0], "insert") == 0) {
		return insert_effect(shell, MCOP_STACK_insertBottom, words[1]);
	}
	if (count == 3 && strcmp(words[0], "insert") == 0) {
		if (strcmp(words[1], "top") == 0) {
			return insert_effect(shell, MCOP_STACK_insertTop,
			    words[2]);
		}
		if (strcmp(words[1], "bottom") == 0) {
			return insert_effect(shell, MCOP_STACK_insertBottom,
			    words[2]);
		}
	}
	return -EINVAL;
}

/* --- what there is to be had ------------------------------------------------
 */

/* Whether it is of that kind; of other keys nothing is known here. */
static bool
has_property(enum mcop_interface_tag tag, const char *property)
{
	static const char key[] = "Interface=";

	return strncmp(property, key, sizeof(key) - 1) == 0 &&
	       mcop_is_compatible(tag, property + sizeof(key) - 1);
}

static int
do_traderquery(struct shell *shell, int count, char **words)
{
	for (int i = 0; i < count; i++) {
		if (strchr(words[i], '=') == NULL) {
			return -EINVAL;
		}
	}
	for (size_t i = 0; i < EFFECTS; i++) {
		bool fits = true;

		for (int word = 0; word < count; word++) {
			fits &= has_property(effects[i], words[word]);
		}
		if (fits) {
			(void)puts(mcop_interfaces[effects[i]].name);
		}
	}
	return 0;
}

static int
do_version(struct shell *shell, int count, char **words)
{
	(void)puts("aRts version " ARTS_VERSION);
	return 0;
}

static int
do_help(struct shell *shell, int count, char **words)
{
	print_commands(stdout);
	return 0;
}

/* --- the commands -----------------------------------------------------------
 */

static const struct command commands[] = {
	{ "status", "", "what the server is and does", 0, 0, do_status },
	{ "suspend", "", "release the sound card, if nothing plays", 0, 0,
	    do_suspend },
	{ "terminate", "", "end the server", 0, 0, do_terminate },
	{ "autosuspend", "SECONDS",
	    "release the card after that silence; 0: never", 1, 1,
	    do_autosuspend },
	{ "networkbuffers", "N", "larger buffers for programs, N times", 1, 1,
	    do_networkbuffers },
	{ "volume", "[FACTOR]", "show or set the volume; 1 changes nothing", 0,
	    1, do_volume },
	{ "stereoeffect", "list", "names of effects", 1, 3, do_stereoeffect },
	{ "stereoeffect", "insert [top|bottom] NAME", "prints an ID", 1, 3,
	    do_stereoeffect },
	{ "stereoeffect", "remove ID", "that was inserted", 1, 3,
	    do_stereoeffect },
	{ "traderquery", "KEY=VALUE...", "names of what fits all of them", 0,
	    WORDS_MAX, do_traderquery },
	{ "version", "", "the aRts that this program stands for", 0, 0,
	    do_version },
	{ "help", "", "this list", 0, 0, do_help },
	{ "?", "", NULL, 0, 0, do_help },
	{ 0 },
};

static void
print_commands(FILE *out)
{
	for (const struct command *one = commands; one->name != NULL; one++) {
		if (one->help != NULL) {
			char call[64];

			(void)snprintf(call, sizeof(call), "%s %s", one->name,
			    one->operands);
			(void)fprintf(out, "  %-38s  %s\n", call, one->help);
		}
	}
}

/* 0; -EINVAL: there is no such command, or not with such words. */
static int
run(struct shell *shell, int count, char **words)
{
	const struct command *command = commands;
	int error;

	while (command->name != NULL && strcmp(command->name, words[0]) != 0) {
		command++;
	}
	if (command->name == NULL || count - 1 < command->least ||
	    count - 1 > command->most) {
		return -EINVAL;
	}
	error = command->run(shell, count - 1, words + 1);
	if (error < 0 && error != -EINVAL) {
		tool_say("%s: %s", words[0], shell->client.why);
		error = 0;
	}
	(void)fflush(stdout);
	return error;
}

/* --- scripts ----------------------------------------------------------------
 */

static void
run_line(struct shell *shell, char *line)
{
	char *words[WORDS_MAX + 1];
	char *rest = line;
	int count = 0;

	while (count <= WORDS_MAX &&
	       (words[count] = strtok_r(rest, BLANKS, &rest)) != NULL) {
		count++;
	}
	if (count > 0 && run(shell, count, words) < 0) {
		tell(shell, "Invalid command, type 'help' for a list of "
			    "commands.");
	}
}

static void
run_lines(struct shell *shell, FILE *in)
{
	bool prompted = isatty(fileno(in)) != 0;
	char *line = NULL;
	size_t size = 0;

	for (;;) {
		if (prompted) {
			(void)fputs("> ", stdout);
			(void)fflush(stdout);
		}
		if (getline(&line, &size, in) < 0) {
			break;
		}
		run_line(shell, line);
	}
	free(line);
}

static void
run_file(struct shell *shell, const char *file)
{
	FILE *in = fopen(file, "re");

	if (in == NULL) {
		tool_say("cannot open %s: %s; name a readable file of "
			 "commands",
		    file, strerror(errno));
		return;
	}
	run_lines(shell, in);
	(void)fclose(in);
}

/* --- main -------------------------------------------------------------------
 */

static const char usage[] =
    "usage: artsshell [-q] [-f FILE] [COMMAND...]\n"
    "\n"
    "Asks this user's aRts sound server, or that of $ARTS_SERVER, HOST:PORT.\n"
    "Without a command, commands are read from FILE or from standard input.\n"
    "\n"
    "  -q, --quiet      does not say what it did\n"
    "  -f, --file=FILE  a file of commands, one a line\n"
    "  -h, --help       this text\n"
    "  -v, --version    the version\n"
    "\n"
    "Commands:\n";

static void
show(FILE *out)
{
	(void)fputs(usage, out);
	print_commands(out);
}

/* The file of -f, or NULL. */
static const char *
read_options(struct shell *shell, int argc, char **argv)
{
	static const struct option names[] = {
		{ "quiet", no_argument, NULL, 'q' },
		{ "file", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	const char *file = NULL;
	int option;

	while (
	    (option = getopt_long(argc, argv, "+qf:hv", names, NULL)) != -1) {
		switch (option) {
		case 'q':
			shell->quiet = true;
			break;
		case 'f':
			file = optarg;
			break;
		case 'h':
			show(stdout);
			exit(EXIT_SUCCESS);
		case 'v':
			tool_version();
			exit(EXIT_SUCCESS);
		default:
			show(stderr);
			exit(EXIT_FAILURE);
		}
	}
	return file;
}

int
main(int argc, char **argv)
{
	static struct shell shell; /* too large for a stack */
	const char *file = read_options(&shell, argc, argv);

	if (mcopclient_open(&shell.client) < 0) {
		tool_fail("unable to connect to sound server: %s",
		    shell.client.why);
	}
	if (optind < argc) {
		if (run(&shell, argc - optind, argv + optind) < 0) {
			show(stdout);
		}
	} else if (file != NULL) {
		run_file(&shell, file);
	} else {
		run_lines(&shell, stdin);
	}
	mcopclient_close(&shell.client);
	return EXIT_SUCCESS;
}
