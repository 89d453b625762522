/*
 * esdmixd: reads the settings, wires the parts together, and stops them in
 * order.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/artsname.h"
#include "server/artsserver.h"
#include "server/busy.h"
#include "server/conf.h"
#include "server/cookie.h"
#include "server/device/hush.h"
#include "server/esd.h"
#include "server/esdname.h"
#include "server/help.h"
#include "server/log.h"
#include "server/loop.h"
#include "server/manager.h"
#include "server/memory.h"
#include "server/mixer.h"
#include "server/sockets.h"
#include "server/system.h"

#define SUBJECT "esdmixd" /* of lines about the whole */
#define WHY_MAX 512

#define REMEMBER_MS 3000 /* after a change of volume, at most one write */

#define SPARE_FDS	64 /* descriptors besides the clients' */
#define UNDERRUNS_BURST 5
#define UNDERRUNS_EVERY 10000 /* ms */

struct daemon {
	struct conf conf;
	uint8_t key[ESD_KEY_LEN];
	struct access access;
	struct sockets sockets;
	struct mixer_settings mixing;
	struct gate gate;
	struct clients clients;
	struct session_host host;
	struct service service;
	struct loop *loop;
	struct artsserver arts;
	bool told;	/* whoever started us, that we are ready */
	bool served;	/* a client has come and gone */
	bool released;	/* the device, by standby or autostandby */
	bool reopening; /* ... or to be opened again at once */

	/* Of the outage under way: what was said of each device. */
	int failed[DEVICES_MAX]; /* -errno, 0: nothing */
	struct log_budget underruns;
	struct log_budget troubles;
};

/* --- what the audio thread has to tell --------------------------------- */

static const char *
device_name(const struct daemon *daemon, unsigned device)
{
	const struct devices *devices = &daemon->mixing.devices;

	return device < devices->count ? devices->names[device] : "null";
}

static void
say_opened(const char *name, const struct mixer_event *event)
{
	const struct device_got *got = &event->got;
	unsigned tenths = (unsigned)((uint64_t)got->buffer * 10000 / got->rate);
	char sides[48] = ""; /* where the front pair is not the first */

	if (event->error < 0) {
		log_line(LOG_WARN, name,
		    "stays silent: its rate, %u Hz, cannot be "
		    "taken up: %s",
		    got->rate, strerror(-event->error));
		return;
	}
	if (got->channels > 1 && (got->front[0] != 0 || got->front[1] != 1)) {
		(void)snprintf(sides, sizeof(sides), ", sound on %u and %u",
		    got->front[0] + 1, got->front[1] + 1);
	}
	log_line(LOG_INFO, name,
	    "playing at %u Hz, %s, %u channels%s, period %u, buffer %u (%u.%u "
	    "ms), %s",
	    got->rate, out_format_name(got->format), got->channels, sides,
	    got->period, got->buffer, tenths / 10, tenths % 10,
	    device_access_name(got->access));
}

/* A card that is unplugged says so in several ways. */
static int
cause_of(int error)
{
	return error == -ENOENT || error == -ENXIO ? -ENODEV : error;
}

static void
say_failed(struct daemon *daemon, const char *name,
    const struct mixer_event *event)
{
	char text[BUSY_TEXT_MAX];
	unsigned device = event->device;
	int cause = cause_of(event->error);
	bool last = device + 1 == daemon->mixing.devices.count;

	/* A retry is worth a line only when it fails in another way. */
	if (device < DEVICES_MAX && daemon->failed[device] != cause) {
		daemon->failed[device] = cause;
		log_line(LOG_WARN, name, "cannot be opened: %s%s",
		    busy_reason(name, event->error, 'p',
			gate_keeper(&daemon->gate), text),
		    last ? "; trying again, playing into null meanwhile" : "");
	}
}

static void
say_yielded(struct daemon *daemon, const char *name, unsigned device)
{
	char who[GATE_TEXT_MAX];

	memset(daemon->failed, 0, sizeof(daemon->failed));
	if (device < DEVICES_MAX) {
		daemon->failed[device] = -EBUSY; /* as is told here */
	}
	gate_print_rival(&daemon->gate, who);
	log_line(LOG_INFO, name, "given up: %s asked for it", who);
}

static void
say_event(struct daemon *daemon, const struct mixer_event *event)
{
	const char *name = device_name(daemon, event->device);
	char text[BUSY_TEXT_MAX];
	const char *reason = event->error == -ETIMEDOUT
				 ? "it takes no more sound"
				 : device_kind_of(name)->reason(event->error);

	switch (event->kind) {
	case MIXER_OPENED:
		daemon->released = false;
		say_opened(name, event);
		break;
	case MIXER_FAILED:
		daemon->released = false;
		say_failed(daemon, name, event);
		break;
	case MIXER_LOST:
		memset(daemon->failed, 0, sizeof(daemon->failed));
		if (event->device < DEVICES_MAX) {
			/* Told here: no second line when a retry says so. */
			daemon->failed[event->device] = cause_of(event->error);
		}
		log_line(LOG_WARN, name,
		    "lost: %s; trying again, playing into null meanwhile",
		    reason);
		break;
	case MIXER_YIELDED:
		say_yielded(daemon, name, event->device);
		break;
	case MIXER_UNDERRUN:
		log_limited(&daemon->underruns, LOG_WARN, name,
		    "underrun, %u so far", (unsigned)event->count);
		break;
	case MIXER_TROUBLE:
		log_limited(&daemon->troubles, LOG_WARN, name, "%s", reason);
		break;
	case MIXER_RELEASED:
		log_line(LOG_INFO, name, "released");
		daemon->released = true;
		break;
	case MIXER_LISTENING:
		log_line(LOG_INFO, daemon->mixing.capture,
		    "capturing at %u Hz, %s, %u channels", event->got.rate,
		    out_format_name(event->got.format), event->got.channels);
		break;
	case MIXER_DEAF:
		log_line(LOG_WARN, daemon->mixing.capture,
		    "cannot be captured from: %s; recording silence meanwhile",
		    busy_reason(daemon->mixing.capture, event->error, 'c',
			gate_keeper(&daemon->gate), text));
		break;
	case MIXER_REALTIME:
		log_line(LOG_INFO, "audio thread",
		    "runs without real-time priority: %s; raise ulimit -r, or "
		    "set realtime-priority to 0",
		    strerror(-event->error));
		break;
	}
}

/* --terminate: the last client has gone, and so has what it played. */
static void
consider_end(struct daemon *daemon)
{
	const struct conf *conf = &daemon->conf;

	if (conf->terminate && daemon->served &&
	    loop_clients(daemon->loop) == 0 &&
	    (conf->autostandby >= 0
		    ? daemon->released
		    : mixer_streams(daemon->service.mixer) == NULL)) {
		log_line(LOG_INFO, SUBJECT, "the last client has gone");
		loop_stop(daemon->loop);
	}
}

static void
on_departed(void *arg)
{
	struct daemon *daemon = arg;

	daemon->served = true;
	consider_end(daemon);
}

/* The second half of reopen_device(). */
static void
finish_reopening(struct daemon *daemon)
{
	if (daemon->reopening && daemon->released) {
		daemon->reopening = false;
		mixer_set_standby(daemon->service.mixer, false);
	}
}

static void
on_woken(void *arg)
{
	struct daemon *daemon = arg;
	struct mixer_event event;

	if (daemon->service.mixer == NULL) {
		return;
	}
	while (mixer_event(daemon->service.mixer, &event)) {
		status_note(&daemon->service.status,
		    device_name(daemon, event.device), &event);
		say_event(daemon, &event);
	}
	service_collect(&daemon->service);
	session_serve_listeners(&daemon->host);
	arts_serve(&daemon->arts.arts);
	finish_reopening(daemon);
	consider_end(daemon);
}

/* By a moment of standby: clients play into null meanwhile. */
static void
reopen_device(struct daemon *daemon)
{
	struct mixer *mixer = daemon->service.mixer;

	if (daemon->released || mixer_is_standby(mixer)) {
		log_line(LOG_INFO, SUBJECT,
		    "no device is open that could be opened again");
		return;
	}
	log_line(LOG_INFO, SUBJECT, "opening the device again");
	daemon->reopening = true;
	mixer_set_standby(mixer, true);
}

static void
on_signalled(void *arg, int signal)
{
	struct daemon *daemon = arg;

	switch (signal) {
	case SIGUSR1:
		reopen_device(daemon);
		break;
	case SIGCHLD:
		children_reap(&daemon->arts.children);
		break;
	case SIGHUP:
		/* Also what closing the terminal it was started from sends. */
		log_line(LOG_INFO, SUBJECT,
		    "%s: goes on; start it again to change its settings",
		    strsignal(signal));
		break;
	default:
		log_line(LOG_INFO, SUBJECT, "%s: stopping", strsignal(signal));
		loop_stop(daemon->loop);
		break;
	}
}

/* --- the process ------------------------------------------------------- */

/* As many descriptors as the clients may need; the hard limit may forbid it. */
static void
raise_descriptors(unsigned clients)
{
	rlim_t need = clients + SPARE_FDS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
		return;
	}
	if (limit.rlim_max < need) {
		struct rlimit higher = { need, need };

		if (setrlimit(RLIMIT_NOFILE, &higher) == 0) {
			return;
		}
	}
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < need) {
		log_line(LOG_WARN, SUBJECT,
		    "%llu descriptors are too few for %u clients; raise "
		    "ulimit -Hn or lower clients",
		    (unsigned long long)limit.rlim_cur, clients);
	}
}

/*
 * What has been used stays in memory.  What is mapped later is included only
 * where no limit could then make a later allocation fail.
 */
static void
lock_memory(void)
{
	struct rlimit limit;
	int flags = MCL_CURRENT | MCL_ONFAULT;

	if (geteuid() == 0 || (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
				  limit.rlim_cur == RLIM_INFINITY)) {
		flags |= MCL_FUTURE;
	}
	if (mlockall(flags) != 0) {
		log_line(LOG_DEBUG, SUBJECT, "memory is not locked: %s",
		    strerror(errno));
	}
}

static void
tell_manager(const char *state)
{
	int error = manager_tell(state);

	if (error < 0) {
		log_line(LOG_WARN, SUBJECT, "NOTIFY_SOCKET: %s",
		    strerror(-error));
	}
}

static void
say_ready(const struct daemon *daemon)
{
	char list[SOCKETS_LIST_MAX];

	sockets_list(&daemon->sockets, list);
	log_line(LOG_INFO, SUBJECT, "ready on %s", list);
}

/* --- wiring ------------------------------------------------------------ */

/* As whom we run, and for whom. */
static int
settle_in(struct daemon *daemon)
{
	struct conf *conf = &daemon->conf;
	char why[WHY_MAX];

	if (system_become(conf, why, sizeof(why)) < 0 ||
	    system_access(conf, &daemon->access, why, sizeof(why)) < 0) {
		log_line(LOG_ERR, SUBJECT, "%s", why);
		return -1;
	}
	if (daemon->access.who != ACCESS_OWN) {
		daemon->service.shared = true;
		log_line(LOG_INFO, SUBJECT,
		    daemon->access.who == ACCESS_ALL
			? "every user of this machine is let in"
			: "members of group %u are let in",
		    (unsigned)daemon->access.group);
	}
	if (conf->system) {
		conf->arts = false; /* its clients look for their own user's */
	}
	return 0;
}

static int
load_key(struct daemon *daemon)
{
	char path[CONF_TEXT_MAX];
	char why[WHY_MAX];

	if (cookie_path(path, sizeof(path)) < 0) {
		log_line(LOG_ERR, SUBJECT,
		    "no home directory for the key file; set HOME");
		return -1;
	}
	if (cookie_load(path, daemon->key, why, sizeof(why)) < 0) {
		log_line(LOG_ERR, SUBJECT, "%s", why);
		return -1;
	}
	return 0;
}

static int
plan_mixing(struct daemon *daemon)
{
	const struct conf *conf = &daemon->conf;
	struct mixer_settings *mixing = &daemon->mixing;
	char word[16];

	if (devices_parse(&mixing->devices, conf->device) < 0) {
		log_line(LOG_ERR, SUBJECT,
		    "device: '%s' is not a list of devices; write up to %d "
		    "names with commas between them",
		    conf->device, DEVICES_MAX);
		return -1;
	}
	const char *kernel =
	    conf_word("kernel", conf->kernel, word, sizeof(word));
	mixing->kernel = kernel_find(conf->kernel == 0 ? NULL : kernel);
	if (mixing->kernel == NULL) {
		log_line(LOG_ERR, SUBJECT,
		    "kernel: this machine cannot run %s; use auto", kernel);
		return -1;
	}
	mixing->want = (struct device_want){
		.rate = (uint32_t)conf->rate,
		.period = (uint32_t)conf->period,
		.periods = (uint32_t)conf->periods,
		.period_us = (uint32_t)conf->period_time,
		.buffer = (uint32_t)conf->buffer,
		.buffer_us = (uint32_t)conf->buffer_time,
		.format = conf->format - 1, /* auto, the first, is -1 */
		.access = (enum device_access)conf->access,
	};
	mixing->streams_max = (unsigned)conf->clients;
	mixing->realtime_priority = conf->realtime_priority;
	mixing->capture =
	    conf->capture[0] != '\0' ? conf->capture : mixing->devices.names[0];
	if (conf->autostandby >= 0) { /* 0 s is not 0, which is never */
		mixing->sleep_ms = (uint32_t)conf->autostandby * 1000 + 1;
	}
	mixing->drain_ms = (uint32_t)conf->drain_timeout;
	mixing->gate = &daemon->gate;
	mixing->wake = loop_wake;
	mixing->wake_arg = daemon->loop;
	return 0;
}

static int
start_loop(struct daemon *daemon)
{
	const struct conf *conf = &daemon->conf;
	struct loop_settings settings = {
		.clients_max = (unsigned)conf->clients,
		.strangers_max = (unsigned)conf->unauthenticated,
		.auth_ms = (uint32_t)conf->auth_timeout,
		.request_ms = (uint32_t)conf->request_timeout,
		.woken = on_woken,
		.departed = on_departed,
		.signalled = on_signalled,
		.access = daemon->access,
		.arg = daemon,
	};

	daemon->clients.changed = loop_changed;
	daemon->host = (struct session_host){
		.ops = esd_ops,
		.handlers = esd_handlers,
		.key = daemon->key,
		.server = &daemon->service,
		.clients = &daemon->clients,
	};
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1,
		SIGCHLD };
	int error = loop_create(&settings, &daemon->loop);
	for (size_t i = 0;
	     error == 0 && i < sizeof(signals) / sizeof(signals[0]); i++) {
		error = loop_signal(daemon->loop, signals[i]);
	}
	if (error < 0) {
		log_line(LOG_ERR, SUBJECT, "no event loop: %s",
		    strerror(-error));
		return -1;
	}
	return 0;
}

static void
serve_watchers(void *arg)
{
	session_serve_listeners(&((struct daemon *)arg)->host);
}

static void
open_gate(struct daemon *daemon)
{
	const struct conf *conf = &daemon->conf;
	int error = -ENOENT;

	if (conf->reserve) {
		error = gate_open(&daemon->gate, conf->reserve_priority,
		    !conf_is_usual(conf, "device"));
	}
	if (error < 0 && error != -ENOENT) {
		log_line(LOG_DEBUG, SUBJECT, "no card is reserved: %s",
		    strerror(-error));
	}
}

static int
start_mixer(struct daemon *daemon)
{
	const struct conf *conf = &daemon->conf;

	open_gate(daemon);

	daemon->service.changed = serve_watchers;
	daemon->service.arg = daemon;
	daemon->service.rules = &conf->rules;
	daemon->service.players_max = (uint32_t)conf->players;
	if (conf->promiscuous) {
		daemon->service.unlocked = true;
		log_line(LOG_WARN, SUBJECT,
		    "promiscuous: everybody who can connect is let in");
	}
	clips_init(&daemon->service.clips, (uint64_t)conf->cache << 20);
	status_init(&daemon->service.status);
	daemon->service.status.realtime = conf->realtime_priority == 0 ? -1 : 1;
	daemon->service.status.version = PACKAGE_VERSION;
	int error = mixer_create(&daemon->mixing, &daemon->service.mixer);
	if (error < 0) {
		log_line(LOG_ERR, SUBJECT, "no audio thread: %s",
		    strerror(-error));
		return -1;
	}
	service_set_master(&daemon->service, conf->master, conf->master, false);
	lock_memory();
	return 0;
}

static void
write_memory(void *arg)
{
	memory_write(((struct daemon *)arg)->service.memory);
}

static void
on_memory_written(void *arg)
{
	memory_written(((struct daemon *)arg)->service.memory);
}

/* Written beside the loop: nobody's sound is to wait for the disk. */
static void
on_memory_due(void *arg)
{
	struct daemon *daemon = arg;

	if (memory_prepare(daemon->service.memory)) {
		(void)loop_offload(daemon->loop, write_memory,
		    on_memory_written);
	}
}

static void
on_memory_changed(void *arg)
{
	loop_timer(((struct daemon *)arg)->loop, REMEMBER_MS, on_memory_due);
}

static int
start_memory(struct daemon *daemon)
{
	char path[MEMORY_PATH_MAX];
	struct memory_settings settings = {
		.path = path,
		.changed = on_memory_changed,
		.arg = daemon,
	};

	if (!daemon->conf.remember) {
		return 0;
	}
	int error = memory_path(daemon->conf.state, path, sizeof(path));
	if (error == -ENOENT) {
		log_line(LOG_INFO, SUBJECT,
		    "no home directory: volumes are not remembered");
		return 0;
	}
	if (error == 0) {
		error = memory_create(&settings, &daemon->service.memory);
	}
	if (error < 0) {
		log_line(LOG_ERR, SUBJECT, "no memory of volumes: %s",
		    strerror(-error));
		return -1;
	}
	return 0;
}

static int
start_listening(struct daemon *daemon)
{
	const char *name;
	int fd;

	for (unsigned i = 0;
	     (fd = sockets_get(&daemon->sockets, i, &name)) >= 0; i++) {
		int error =
		    loop_listen(daemon->loop, fd, &session_kind, &daemon->host);

		if (error < 0) {
			log_line(LOG_ERR, SUBJECT, "%s: %s", name,
			    strerror(-error));
			return -1;
		}
	}
	return 0;
}

static int
start_arts(struct daemon *daemon)
{
	struct artsserver_settings settings = {
		.conf = &daemon->conf,
		.service = &daemon->service,
		.clients = &daemon->clients,
		.loop = daemon->loop,
		.version = PACKAGE_VERSION,
		.socket = sockets_path(&daemon->sockets),
	};

	return artsserver_open(&daemon->arts, &settings);
}

/*
 * Signals first: who finds our socket may also end us.  Then the sockets: where
 * another server answers, ours must not touch the card.  Clients that connect
 * meanwhile wait for loop_run().
 */
static int
run(struct daemon *daemon)
{
	raise_descriptors((unsigned)daemon->conf.clients);
	hush_prepare();
	if (settle_in(daemon) < 0 || load_key(daemon) < 0 ||
	    start_loop(daemon) < 0 ||
	    sockets_open(&daemon->sockets, &daemon->conf, &daemon->access) <
		0 ||
	    plan_mixing(daemon) < 0 || start_memory(daemon) < 0 ||
	    start_mixer(daemon) < 0 || start_listening(daemon) < 0 ||
	    start_arts(daemon) < 0) {
		return -1;
	}
	say_ready(daemon);
	tell_manager("READY=1");
	esdname_tell(daemon->conf.spawn_fd, daemon->conf.spawn_pid, true);
	daemon->told = true;
	loop_run(daemon->loop);
	tell_manager("STOPPING=1");
	return 0;
}

/* The reverse of run(), as far as that got. */
static void
stop(struct daemon *daemon)
{
	if (daemon->loop != NULL) {
		loop_close(daemon->loop);
	}
	memory_save(daemon->service.memory); /* a device may hang */
	if (daemon->service.mixer != NULL) {
		mixer_destroy(daemon->service.mixer);
		daemon->service.mixer = NULL;
	}
	gate_close(&daemon->gate);
	clips_finish(&daemon->service.clips);
	loop_destroy(daemon->loop);
	artsserver_close(&daemon->arts);
	memory_destroy(daemon->service.memory);
	sockets_close(&daemon->sockets);
}

/* The original's options, in ours; false: it was only asked for help. */
static bool
translate(char ***argv)
{
	static struct esdname name;
	char options[ESDNAME_OPTIONS_MAX];

	esdname_options(options);
	switch (esdname_translate(&name, *argv, options)) {
	case ESDNAME_HELP:
		esdname_help(stderr);
		return false;
	case ESDNAME_VERSION:
		esdname_version(stderr);
		return false;
	case ESDNAME_RUN:
		break;
	}
	*argv = name.argv;
	return true;
}

/* Likewise, of aRts; returns 0 to run, or the status to end with, less 1. */
static int
translate_arts(char ***argv)
{
	static struct artsname name;

	switch (artsname_translate(&name, *argv)) {
	case ARTSNAME_HELP:
		artsname_help(stderr);
		return 2; /* as the original's status, 1 */
	case ARTSNAME_METHODS:
		artsname_methods(stderr);
		return 1;
	case ARTSNAME_VERSION:
		artsname_version(stdout);
		return 1;
	case ARTSNAME_RUN:
		break;
	}
	*argv = name.argv;
	return 0;
}

int
main(int argc, char *argv[])
{
	static struct daemon daemon = {
		.underruns = { .burst = UNDERRUNS_BURST,
		    .every_ms = UNDERRUNS_EVERY },
		.troubles = { .burst = UNDERRUNS_BURST,
		    .every_ms = UNDERRUNS_EVERY },
	};
	static struct conf_files files;
	static char why[CONF_WHY_MAX];

	if (esdname_is(argv[0]) && !translate(&argv)) {
		return 0;
	}
	if (artsname_is(argv[0])) {
		int end = translate_arts(&argv);

		if (end > 0) {
			return end - 1;
		}
	}
	conf_usual_files(&files);
	switch (conf_load(&daemon.conf, &files, argv, why)) {
	case CONF_HELP:
		help_print(stdout);
		return 0;
	case CONF_VERSION:
		puts(PACKAGE_STRING);
		return 0;
	case CONF_BAD_FILE:
		fprintf(stderr, "%s\n", why);
		return 1;
	case CONF_BAD_COMMAND:
		fprintf(stderr, "esdmixd: %s\n", why);
		return 2;
	case CONF_RUN:
		break;
	}
	log_set_level((enum log_level)daemon.conf.log_level);
	int error = run(&daemon);
	if (!daemon.told) {
		esdname_tell(daemon.conf.spawn_fd, daemon.conf.spawn_pid,
		    false);
	}
	stop(&daemon);
	return error < 0 ? 1 : 0;
}
