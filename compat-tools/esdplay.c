/* esdplay: plays sound files, one after the other. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compat-tools/progress.h"
#include "compat-tools/soundfile.h"
#include "compat-tools/tool.h"

#define LOOK_MS	    20	  /* between two looks at what the daemon plays */
#define LISTED_MS   1000  /* for a stream to be listed */
#define CLOSED_MS   5000  /* for a daemon that lists nothing to close */
#define LATENCY_MAX 10000 /* ms; beyond that a server talks nonsense */

static const char help[] =
    "usage: esdplay [-s SERVER] FILE ...\n"
    "\n"
    "Plays sound files of any format that libsndfile reads, one after the\n"
    "other, and ends when they have been heard.  - is standard input.\n"
    "\n"
    "  -s, --server=SERVER  where the daemon is: HOST, HOST:PORT, unix:PATH;\n"
    "                       else $ESPEAKER, else this machine's own\n"
    "  -h, --help           this text\n"
    "  -v, --version        the version\n"
    "\n"
    "On a terminal the time is shown.  Mono and stereo files of 8 or 16 bits\n"
    "are played as they are; others become 16-bit, more channels stereo.\n";

struct ids {
	int32_t *list;
	size_t count;
};

struct player {
	/* of the whole run */
	const char *server;
	const char *program; /* as we were called */
	struct client control;
	int count; /* files */

	/* of one file */
	const char *path;
	int number; /* from 1 */
	struct soundfile *file;
	struct client stream;
	char name[ESD_NAME_MAX]; /* of the stream, as the daemon lists it */
	struct ids before;	 /* streams that had this name already */
	int32_t id;		 /* of ours; 0: not known */
	int64_t sent;		 /* frames */
};

/* --- what the daemon lists ------------------------------------------------ */

struct search {
	struct player *player;
	int (*see)(struct player *player, int32_t id); /* one of our name */
};

static int
on_player(void *arg, const void *record)
{
	const struct search *search = arg;
	const struct esd_player *listed = record;

	if (strcmp(listed->name, search->player->name) != 0) {
		return 0;
	}
	return search->see(search->player, listed->id);
}

/* Whatever `see` returned but 0, else 0; or -errno, and says why. */
static int
look(struct player *player, int (*see)(struct player *player, int32_t id))
{
	struct esd_version version = { 0 };
	struct search search = { player, see };

	int result = client_call(&player->control, ESD_ALL_INFO, &version,
	    (struct client_reply[]){
		{ .record = NULL },
		{ .each = on_player, .arg = &search },
		{ .each = NULL },
	    });

	if (result < 0) {
		progress_clear();
		tool_say("%s", player->control.why);
	}
	return result;
}

static int
see_before(struct player *player, int32_t id)
{
	struct ids *before = &player->before;
	int32_t *grown =
	    realloc(before->list, (before->count + 1) * sizeof(*grown));

	if (grown == NULL) {
		return -ENOMEM;
	}
	before->list = grown;
	before->list[before->count++] = id;
	return 0;
}

static int
see_new(struct player *player, int32_t id)
{
	for (size_t i = 0; i < player->before.count; i++) {
		if (player->before.list[i] == id) {
			return 0;
		}
	}
	player->id = id;
	return 1;
}

static int
see_ours(struct player *player, int32_t id)
{
	return id == player->id;
}

/* --- one file ------------------------------------------------------------- */

static void
show(const struct player *player, bool is_last)
{
	const struct soundfile_info *info = soundfile_info(player->file);
	char done[PROGRESS_TIME_MAX], all[PROGRESS_TIME_MAX];
	char bar[PROGRESS_METER_MAX], which[32] = "";

	if (!progress_is_due() && !is_last) {
		return;
	}
	(void)progress_time(done, player->sent, info->rate);
	if (player->count > 1) {
		(void)snprintf(which, sizeof(which), "%d/%d ", player->number,
		    player->count);
	}
	if (info->frames <= 0) {
		progress_draw("%7s  %s%s", done, which, player->path);
		return;
	}
	(void)progress_time(all, info->frames, info->rate);
	(void)progress_bar(bar, player->sent, info->frames);
	progress_draw("%7s / %s %s %s%s", done, all, bar, which, player->path);
}

/* Nothing ever comes on it but the end. */
static bool
is_closed(int fd, int timeout_ms)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	return poll(&poller, 1, timeout_ms) > 0;
}

/* Opens the stream, and finds out its id; without one `drain` has to guess. */
static int
begin(struct player *player)
{
	const struct soundfile_info *info = soundfile_info(player->file);
	struct client *stream = &player->stream;

	(void)snprintf(player->name, sizeof(player->name), "%s:%s",
	    player->program, player->path);
	player->id = 0;
	player->sent = 0;
	player->before.count = 0;
	if (look(player, see_before) < 0) {
		return -EIO;
	}
	if (client_open(stream, player->server, CLIENT_TIMEOUT) != 0 ||
	    client_stream(stream, ESD_STREAM_PLAY, info->format | ESD_PLAY,
		info->rate, player->name) != 0) {
		tool_say("%s", stream->why);
		return -EIO;
	}
	for (int ms = 0; ms < LISTED_MS; ms += LOOK_MS) {
		int found = look(player, see_new);

		if (found != 0) {
			return found < 0 ? found : 0;
		}
		if (is_closed(stream->fd, LOOK_MS)) {
			tool_say("the daemon at %s refuses the stream; its log "
				 "tells why",
			    stream->place);
			return -ECONNRESET;
		}
	}
	return 0;
}

/* Waits until the daemon has mixed what it was sent. */
static int
drain(struct player *player)
{
	int here = 1;

	(void)shutdown(player->stream.fd, SHUT_WR);
	if (player->id == 0) {
		(void)is_closed(player->stream.fd, CLOSED_MS);
		return 0;
	}
	while (here > 0) {
		here = look(player, see_ours);
		if (here > 0) {
			(void)poll(NULL, 0, LOOK_MS);
		}
	}
	return here;
}

/*
 * Results from here on: 0, a positive errno where the file is at fault, a
 * negative one where the daemon is.
 */
static int
send_file(struct player *player)
{
	uint8_t piece[ESD_CHUNK];
	const struct soundfile_info *info = soundfile_info(player->file);
	size_t frames = sizeof(piece) / info->frame_bytes;

	for (;;) {
		ssize_t got = soundfile_read(player->file, piece, frames);

		if (got == 0) {
			return 0;
		}
		if (got < 0) {
			progress_clear();
			tool_say("%s", soundfile_why(player->file));
			return EIO;
		}
		if (client_write(&player->stream, piece,
			(size_t)got * info->frame_bytes) != 0) {
			progress_clear();
			tool_say("%s", player->stream.why);
			return -EPIPE;
		}
		player->sent += got;
		show(player, false);
	}
}

static int
play_open(struct player *player)
{
	int error = begin(player);
	int fault = 0;

	if (error == 0) {
		fault = send_file(player);
		error = fault < 0 ? fault : drain(player);
	}
	if (error == 0 && fault == 0) {
		show(player, true);
	}
	if (error == 0 && fault == 0 && player->sent == 0) {
		tool_say("%s has no sound in it; see whether it is complete",
		    player->path);
		fault = ENODATA;
	}
	client_close(&player->stream);
	return error != 0 ? error : fault;
}

static int
play(struct player *player)
{
	char why[SOUNDFILE_WHY_MAX];
	int32_t rate;
	int error = soundfile_open(player->path, &player->file, why);

	if (error != 0) {
		tool_say("%s", why);
		return -error;
	}
	rate = soundfile_info(player->file)->rate;
	if (rate < ESD_RATE_MIN || rate > ESD_RATE_MAX) {
		tool_say("cannot play %s: it has %d frames per second, a "
			 "daemon takes %d to %d; sox converts it",
		    player->path, rate, ESD_RATE_MIN, ESD_RATE_MAX);
		error = EINVAL;
	} else {
		error = play_open(player);
	}
	(void)soundfile_close(player->file);
	return error;
}

/* --- all of them ---------------------------------------------------------- */

/* What has been mixed is not heard before the device has played it. */
static void
await_device(struct player *player)
{
	struct esd_lag lag = { 0 };

	if (client_call(&player->control, ESD_LATENCY, NULL,
		(struct client_reply[]){ { .record = &lag } }) == 0 &&
	    lag.frames > 0 && lag.frames < LATENCY_MAX / 1000 * ESD_LAG_RATE) {
		(void)poll(NULL, 0,
		    (int)((int64_t)lag.frames * 1000 / ESD_LAG_RATE));
	}
}

/* 1 if a file could not be played to its end. */
static int
play_all(struct player *player, char **paths)
{
	int status = EXIT_SUCCESS;

	if (client_open(&player->control, player->server, CLIENT_TIMEOUT) !=
	    0) {
		tool_fail("%s", player->control.why);
	}
	for (int i = 0; i < player->count; i++) {
		int error;

		player->path = paths[i];
		player->number = i + 1;
		error = play(player);
		progress_end();
		if (error != 0) {
			status = EXIT_FAILURE;
		}
		if (error < 0) { /* the daemon will not play the next, either */
			return status;
		}
	}
	await_device(player);
	return status;
}

int
main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "server", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	struct player player = { .program = argv[0] };
	int option;
	int status;

	while ((option = getopt_long(argc, argv, ":s:hv", names, NULL)) != -1) {
		switch (option) {
		case 's':
			player.server = optarg;
			break;
		case 'h':
			(void)fputs(help, stdout);
			return EXIT_SUCCESS;
		case 'v':
			tool_version();
			return EXIT_SUCCESS;
		default:
			tool_misunderstood(option, argv);
		}
	}
	if (optind == argc) {
		(void)fputs(help, stderr);
		return EXIT_FAILURE;
	}
	player.count = argc - optind;
	status = play_all(&player, argv + optind);
	free(player.before.list);
	client_close(&player.control);
	return status;
}
