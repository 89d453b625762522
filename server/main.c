/*
 * esdmixd: reads the settings, wires the parts together, and stops them in
 * order.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/conf.h"
#include "server/cookie.h"
#include "server/esd.h"
#include "server/help.h"
#include "server/listener.h"
#include "server/log.h"
#include "server/loop.h"
#include "server/mixer.h"

#define SUBJECT "esdmixd" /* of lines about the whole */
#define WHY_MAX 512

#define SOCKETS_MAX	4
#define SPARE_FDS	64 /* descriptors besides the clients' */
#define UNDERRUNS_BURST 5
#define UNDERRUNS_EVERY 10000 /* ms */

struct daemon {
	struct conf conf;
	uint8_t key[ESD_KEY_LEN];
	struct listener sockets[SOCKETS_MAX];
	unsigned sockets_count;
	struct mixer_settings mixing;
	struct session_host host;
	struct esd_service service;
	struct loop *loop;

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

	if (event->error < 0) {
		log_line(LOG_WARN, name,
		    "stays silent: its rate, %u Hz, cannot be "
		    "taken up: %s",
		    got->rate, strerror(-event->error));
		return;
	}
	log_line(LOG_INFO, name,
	    "playing at %u Hz, %s, %u channels, period %u, buffer %u (%u.%u "
	    "ms), %s",
	    got->rate, out_format_name(got->format), got->channels, got->period,
	    got->buffer, tenths / 10, tenths % 10,
	    got->access == ACCESS_MMAP ? "mmap" : "rw");
}

static void
say_failed(struct daemon *daemon, const char *name, const char *reason,
    const struct mixer_event *event)
{
	unsigned device = event->device;

	/* A retry is worth a line only when it fails in another way. */
	if (device < DEVICES_MAX && daemon->failed[device] != event->error) {
		daemon->failed[device] = event->error;
		log_line(LOG_WARN, name, "cannot be opened: %s", reason);
	}
}

static void
say_event(struct daemon *daemon, const struct mixer_event *event)
{
	const char *name = device_name(daemon, event->device);
	const char *reason = event->error == -ETIMEDOUT
				 ? "it takes no more sound"
				 : device_kind_of(name)->reason(event->error);

	switch (event->kind) {
	case MIXER_OPENED:
		say_opened(name, event);
		break;
	case MIXER_FAILED:
		say_failed(daemon, name, reason, event);
		break;
	case MIXER_LOST:
		memset(daemon->failed, 0, sizeof(daemon->failed));
		if (event->device < DEVICES_MAX) {
			/* Told here: no second line when a retry says so. */
			daemon->failed[event->device] = event->error;
		}
		log_line(LOG_WARN, name,
		    "lost: %s; trying again, playing into null meanwhile",
		    reason);
		break;
	case MIXER_UNDERRUN:
		log_limited(&daemon->underruns, LOG_WARN, name,
		    "underrun, %u so far", (unsigned)event->count);
		break;
	case MIXER_TROUBLE:
		log_limited(&daemon->troubles, LOG_WARN, name, "%s", reason);
		break;
	case MIXER_REALTIME:
		log_line(LOG_INFO, "audio thread",
		    "runs without real-time priority: %s; raise ulimit -r, or "
		    "set realtime-priority to 0",
		    strerror(-event->error));
		break;
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
		say_event(daemon, &event);
	}
	esd_collect(&daemon->service);
}

static void
on_signalled(void *arg, int signal)
{
	struct daemon *daemon = arg;

	log_line(LOG_INFO, SUBJECT, "%s: stopping", strsignal(signal));
	loop_stop(daemon->loop);
}

/* --- sockets ----------------------------------------------------------- */

enum socket_need {
	NEED_ASKED,  /* given by name: it is had, or we do not run */
	NEED_OURS,   /* where our own user's programs look: nobody else's */
	NEED_SHARED, /* nice to have */
};

/* 0, or -1: not to be had without, and said so. */
static int
open_socket(struct daemon *daemon, const char *path, enum socket_need need)
{
	struct listener *listener = &daemon->sockets[daemon->sockets_count];
	char why[WHY_MAX];
	int error = listener_open(listener, path, why, sizeof(why));

	if (error == 0) {
		daemon->sockets_count++;
		return 0;
	}
	bool live = error == -EADDRINUSE;
	if (need == NEED_ASKED || (need == NEED_OURS && live)) {
		log_line(LOG_ERR, SUBJECT, "%s", why);
		return -1;
	}
	log_line(need == NEED_SHARED && !live ? LOG_INFO : LOG_WARN, SUBJECT,
	    "going without a socket: %s", why);
	return 0;
}

/* The runtime directory, if it is ours alone; else NULL. */
static const char *
runtime_directory(void)
{
	const char *directory = getenv("XDG_RUNTIME_DIR");
	struct stat st;

	if (directory == NULL || directory[0] == '\0') {
		return NULL;
	}
	if (directory[0] != '/' || stat(directory, &st) != 0 ||
	    !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & (S_IWGRP | S_IWOTH))) {
		log_line(LOG_WARN, SUBJECT,
		    "XDG_RUNTIME_DIR=%s is not a directory that is ours "
		    "alone; doing without",
		    directory);
		return NULL;
	}
	return directory;
}

static int
open_sockets(struct daemon *daemon)
{
	char path[CONF_TEXT_MAX];
	const char *runtime = runtime_directory();
	int error = 0;

	if (daemon->conf.socket[0] != '\0') {
		error = open_socket(daemon, daemon->conf.socket, NEED_ASKED);
	}
	if (error == 0 && runtime != NULL) {
		(void)snprintf(path, sizeof(path), "%s/esdmixd/socket",
		    runtime);
		error = open_socket(daemon, path, NEED_OURS);
	}
	if (error == 0 && daemon->conf.legacy_sockets) {
		(void)snprintf(path, sizeof(path), "/tmp/.esd-%u/socket",
		    (unsigned)getuid());
		error = open_socket(daemon, path, NEED_OURS);
		if (error == 0) {
			error = open_socket(daemon, "/tmp/.esd/socket",
			    NEED_SHARED);
		}
	}
	if (error == 0 && daemon->sockets_count == 0) {
		log_line(LOG_ERR, SUBJECT,
		    "no socket to listen on; give one with --socket PATH");
		error = -1;
	}
	return error;
}

static void
close_sockets(struct daemon *daemon)
{
	for (unsigned i = 0; i < daemon->sockets_count; i++) {
		listener_close(&daemon->sockets[i]);
	}
	daemon->sockets_count = 0;
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

/* sd_notify(3)'s protocol: one datagram to a socket named by the manager. */
static void
notify_ready(void)
{
	static const char ready[] = "READY=1";
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    strlen(path) >= sizeof(address.sun_path)) {
		return;
	}
	size_t n = strlen(path);
	memcpy(address.sun_path, path, n);
	if (path[0] == '@') {
		address.sun_path[0] = '\0';
	}
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return;
	}
	socklen_t size =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	if (sendto(fd, ready, sizeof(ready) - 1, MSG_NOSIGNAL,
		(struct sockaddr *)&address, size) < 0) {
		log_line(LOG_WARN, SUBJECT, "NOTIFY_SOCKET=%s: %s", path,
		    strerror(errno));
	}
	close(fd);
}

static void
say_ready(const struct daemon *daemon)
{
	char list[SOCKETS_MAX * (LISTENER_PATH_MAX + 2)];
	size_t n = 0;

	for (unsigned i = 0; i < daemon->sockets_count; i++) {
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s",
		    i > 0 ? ", " : "", daemon->sockets[i].path);
	}
	log_line(LOG_INFO, SUBJECT, "ready on %s", list);
}

/* --- wiring ------------------------------------------------------------ */

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
		.format = conf->format - 1, /* auto, the first, is -1 */
		.access = (enum device_access)conf->access,
	};
	mixing->streams_max = (unsigned)conf->clients;
	mixing->realtime_priority = conf->realtime_priority;
	mixing->drain_ms = (uint32_t)conf->drain_timeout;
	mixing->wake = loop_wake;
	mixing->wake_arg = daemon->loop;
	return 0;
}

static int
start_loop(struct daemon *daemon)
{
	const struct conf *conf = &daemon->conf;
	struct loop_settings settings = {
		.host = &daemon->host,
		.clients_max = (unsigned)conf->clients,
		.strangers_max = (unsigned)conf->unauthenticated,
		.auth_ms = (uint32_t)conf->auth_timeout,
		.request_ms = (uint32_t)conf->request_timeout,
		.woken = on_woken,
		.signalled = on_signalled,
		.arg = daemon,
	};

	daemon->host = (struct session_host){
		.ops = esd_ops,
		.handlers = esd_handlers,
		.key = daemon->key,
		.server = &daemon->service,
		.changed = loop_changed,
	};
	int error = loop_create(&settings, &daemon->loop);
	if (error == 0) {
		error = loop_signal(daemon->loop, SIGTERM);
	}
	if (error == 0) {
		error = loop_signal(daemon->loop, SIGINT);
	}
	if (error < 0) {
		log_line(LOG_ERR, SUBJECT, "no event loop: %s",
		    strerror(-error));
		return -1;
	}
	/* Closing the terminal it was started from is no reason to stop. */
	(void)signal(SIGHUP, SIG_IGN);
	return 0;
}

static int
start_mixer(struct daemon *daemon)
{
	const struct conf *conf = &daemon->conf;

	daemon->service.rules = &conf->rules;
	int error = mixer_create(&daemon->mixing, &daemon->service.mixer);
	if (error < 0) {
		log_line(LOG_ERR, SUBJECT, "no audio thread: %s",
		    strerror(-error));
		return -1;
	}
	mixer_set_volume(daemon->service.mixer, conf->master, conf->master);
	lock_memory();
	return 0;
}

static int
start_listening(struct daemon *daemon)
{
	for (unsigned i = 0; i < daemon->sockets_count; i++) {
		int error = loop_listen(daemon->loop, daemon->sockets[i].fd);
		if (error < 0) {
			log_line(LOG_ERR, SUBJECT, "%s: %s",
			    daemon->sockets[i].path, strerror(-error));
			return -1;
		}
	}
	return 0;
}

/*
 * Sockets first: where another server answers, ours must not touch the card.
 * Clients that connect meanwhile wait for loop_run().
 */
static int
run(struct daemon *daemon)
{
	raise_descriptors((unsigned)daemon->conf.clients);
	if (load_key(daemon) < 0 || open_sockets(daemon) < 0 ||
	    start_loop(daemon) < 0 || plan_mixing(daemon) < 0 ||
	    start_mixer(daemon) < 0 || start_listening(daemon) < 0) {
		return -1;
	}
	say_ready(daemon);
	notify_ready();
	loop_run(daemon->loop);
	return 0;
}

/* The reverse of run(), as far as that got. */
static void
stop(struct daemon *daemon)
{
	if (daemon->loop != NULL) {
		loop_close(daemon->loop);
	}
	if (daemon->service.mixer != NULL) {
		mixer_destroy(daemon->service.mixer);
		daemon->service.mixer = NULL;
	}
	loop_destroy(daemon->loop);
	close_sockets(daemon);
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
	stop(&daemon);
	return error < 0 ? 1 : 0;
}
