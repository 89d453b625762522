/*
 * Calls every function of libesd.so.0 and checks what it does.  Compiled twice:
 * against the installed esd.h, and against nothing but the original's facts.
 *
 *   all GROUP...     against the server of ESPEAKER, "unix:PATH"
 *   all names        prints the directory and the name of the Unix socket
 *   all config       prints what esd_config_read() made of the files
 *   all open [HOST]  prints what esd_open_sound() returns: "open" or "-1"
 *   all play-file FILE  plays it by esd_play_file()
 */
#include "tests/libesd/all.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/libesd/layout.h"

#ifndef FACTS
/* The callbacks are functions of those types. */
static esd_new_player_info_callback_t *const new_player = NULL;
static esd_old_player_info_callback_t *const old_player = NULL;
static esd_new_sample_info_callback_t *const new_sample = NULL;
static esd_old_sample_info_callback_t *const old_sample = NULL;
#endif

int failures;

void
fail(int line, const char *what, long long got, long long wanted)
{
	(void)fprintf(stderr, "line %d: %s is %lld, not %lld\n", line, what,
	    got, wanted);
	failures++;
}

int64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
pause_ms(int ms)
{
	(void)poll(NULL, 0, ms);
}

int
open_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++) {
		count += fcntl(fd, F_GETFD) >= 0;
	}
	return count;
}

int
find_player(int esd, const char *name, esd_player_info_t *found)
{
	esd_info_t *info = esd_get_all_info(esd);
	int id = 0;

	if (info == NULL) {
		return -1;
	}
	for (esd_player_info_t *one = info->player_list; one != NULL;
	     one = one->next) {
		TRUE(one->server == info->server);
		if (strcmp(one->name, name) == 0) {
			id = one->source_id;
			*found = *one;
		}
	}
	esd_free_all_info(info);
	return id;
}

int
find_sample(int esd, const char *name, esd_sample_info_t *found)
{
	esd_info_t *info = esd_get_all_info(esd);
	int id = 0;

	if (info == NULL) {
		return -1;
	}
	for (esd_sample_info_t *one = info->sample_list; one != NULL;
	     one = one->next) {
		TRUE(one->server == info->server);
		if (strcmp(one->name, name) == 0) {
			id = one->sample_id;
			*found = *one;
		}
	}
	esd_free_all_info(info);
	return id;
}

/* --- groups --------------------------------------------------------------- */

static void
test_open(void)
{
	int before = open_descriptors();
	int esd = esd_open_sound(NULL);
	int on = 0;
	socklen_t size = sizeof(on);

	NEEDED(esd > 2);
	EQUAL(fcntl(esd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	EQUAL(fcntl(esd, F_GETFL) & O_NONBLOCK, 0);
	EQUAL(getsockopt(esd, SOL_SOCKET, SO_REUSEADDR, &on, &size), 0);
	EQUAL(on, 1);
	EQUAL(esd_close(esd), 0);
	EQUAL(esd_close(esd), -1);
	EQUAL(esd_open_sound(NOWHERE), -1);
	EQUAL(esd_open_sound("no.such.host.invalid"), -1);
	EQUAL(open_descriptors(), before);
}

static void
test_long_addresses(void)
{
	static char host[70000];
	int before = open_descriptors();

	memset(host, 'x', sizeof(host) - 1);
	EQUAL(esd_open_sound(host), -1);
	host[0] = '[';
	EQUAL(esd_open_sound(host), -1);
	host[0] = ':';
	host[1] = '1';
	host[2] = '\0';
	EQUAL(esd_open_sound(host), -1);
	EQUAL(esd_open_sound("[::1"), -1);
	EQUAL(open_descriptors(), before);
}

/* No program that closed them gets its sound where it prints. */
static void
test_standard_descriptors(void)
{
	int saved[3];
	int esd;

	for (int fd = 0; fd < 3; fd++) {
		saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
		(void)close(fd);
	}
	esd = esd_play_stream(S16_STEREO | PLAY, 44100, NULL, "low");
	for (int fd = 0; fd < 3; fd++) {
		(void)dup2(saved[fd], fd);
		(void)close(saved[fd]);
	}
	TRUE(esd > 2);
	(void)esd_close(esd);
}

static int
connect_raw(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *server = getenv("ESPEAKER");
	int fd;

	if (server == NULL || strncmp(server, "unix:", 5) != 0) {
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s",
	    server + 5);
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0
		   ? fd
		   : -1;
}

static void
test_connect(void)
{
	char directory[128], name[128];
	int sizes[2];
	socklen_t size = sizeof(sizes[0]);
	int fd = connect_raw();

	NEEDED(fd >= 0);
	EQUAL(esd_send_auth(fd), 1);
	EQUAL(esd_set_socket_buffers(fd, S16_STEREO, 44100, 44100), 16384);
	(void)getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sizes[0], &size);
	(void)getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &sizes[1], &size);
	EQUAL(sizes[0], 32768); /* the kernel doubles */
	EQUAL(sizes[1], 32768);
	EQUAL(esd_set_socket_buffers(fd, 0x10, 8000, 48000), 24576);
	EQUAL(esd_set_socket_buffers(fd, 0x10, 0, 48000), 0);
	EQUAL(esd_close(fd), 0);

	(void)snprintf(directory, sizeof(directory), "/tmp/.esd-%u",
	    (unsigned)getuid());
	(void)snprintf(name, sizeof(name), "%.100s/socket", directory);
	if (getenv("AUDIODEV") == NULL) {
		EQUAL(strcmp(esd_get_socket_dirname(), directory), 0);
		EQUAL(strcmp(esd_get_socket_name(), name), 0);
	}
#ifndef FACTS
	TRUE(ESD_UNIX_SOCKET_DIR == esd_get_socket_dirname());
	TRUE(ESD_UNIX_SOCKET_NAME == esd_get_socket_name());
#endif
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	EQUAL(have_ipv6(), fd >= 0);
	(void)close(fd);
	test_open();
	test_long_addresses();
	test_standard_descriptors();
}

static void
test_control(void)
{
	int esd = esd_open_sound(NULL);

	NEEDED(esd > 2);
	EQUAL(esd_get_standby_mode(esd), 3);
	EQUAL(esd_lock(esd), 1);
	EQUAL(esd_unlock(esd), 1);
	EQUAL(esd_lock(esd), 1);
	EQUAL(esd_standby(esd), 1);
	EQUAL(esd_standby(esd), 1);
	EQUAL(esd_get_standby_mode(esd), 1);
	EQUAL(esd_resume(esd), 1);
	EQUAL(esd_resume(esd), 1);
	EQUAL(esd_get_standby_mode(esd), 3);
	EQUAL(esd_close(esd), 0);
}

/* What `print` writes to standard output. */
static void
check_printed(void (*print)(void), const char *wanted)
{
	char got[2048];
	int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
	int ends[2];
	ssize_t size;

	NEEDED(pipe(ends) == 0);
	(void)fflush(stdout);
	(void)dup2(ends[1], STDOUT_FILENO);
	print();
	(void)fflush(stdout);
	(void)dup2(saved, STDOUT_FILENO);
	(void)close(saved);
	(void)close(ends[1]);
	size = read(ends[0], got, sizeof(got) - 1);
	(void)close(ends[0]);
	NEEDED(size >= 0);
	got[size] = '\0';
	if (strcmp(got, wanted) != 0) {
		(void)fprintf(stderr, "--- printed:\n%s--- not:\n%s", got,
		    wanted);
		failures++;
	}
}

static void
print_all(void)
{
	esd_server_info_t server = { 0, 0x21, 44100 };
	esd_player_info_t player = { .server = &server,
		.source_id = 9,
		.name = "demo",
		.rate = 44100,
		.left_vol_scale = 256,
		.right_vol_scale = 255,
		.format = 0x1021 };
	esd_sample_info_t sample = { .server = &server,
		.sample_id = 1,
		.name = "esdctl:ding.wav",
		.rate = 22050,
		.left_vol_scale = 256,
		.right_vol_scale = 254,
		.format = 0x1011,
		.length = 16 };
	esd_info_t info = { &server, &player, &sample };

	esd_print_all_info(&info);
}

static void
print_nothing(void)
{
	esd_print_all_info(NULL);
	esd_print_server_info(NULL);
	esd_print_player_info(NULL);
	esd_print_sample_info(NULL);
}

static void
test_prints(void)
{
	check_printed(print_all, "server version = 0\n"
				 "server format  = 0x00000021\n"
				 "server rate    = 44100\n"
				 "player 9 name    = demo\n"
				 "player 9 format  = 0x00001021\n"
				 "player 9 rate    = 44100\n"
				 "player 9 left    = 256\n"
				 "player 9 right   = 255\n"
				 "sample 1 name    = esdctl:ding.wav\n"
				 "sample 1 format  = 0x00001011\n"
				 "sample 1 rate    = 22050\n"
				 "sample 1 left    = 256\n"
				 "sample 1 right   = 254\n"
				 "sample 1 length  = 16\n");
	check_printed(print_nothing, "");
}

static void
test_order(int esd)
{
	static const char *const names[] = { "first", "second", "third" };
	int streams[3];
	size_t next = 0;
	esd_info_t *info;

	for (size_t i = 0; i < 3; i++) {
		streams[i] = esd_play_stream(S16_STEREO, 44100, NULL, names[i]);
	}
	info = esd_get_all_info(esd);
	NEEDED(info != NULL);
	for (esd_player_info_t *one = info->player_list; one != NULL;
	     one = one->next) {
		if (next < 3 && strcmp(one->name, names[next]) == 0) {
			next++;
		}
	}
	EQUAL(next, 3); /* oldest first */
	esd_free_all_info(info);
	for (size_t i = 0; i < 3; i++) {
		EQUAL(esd_close(streams[i]), 0);
	}
}

static void
test_info(void)
{
	esd_update_info_callbacks_t callbacks = { NULL, NULL, NULL, NULL };
	esd_server_info_t *server;
	int esd = esd_open_sound(NULL);

	NEEDED(esd > 2);
#ifndef FACTS
	callbacks.esd_new_player_callback = new_player;
	callbacks.esd_old_player_callback = old_player;
	callbacks.esd_new_sample_callback = new_sample;
	callbacks.esd_old_sample_callback = old_sample;
#endif
	server = esd_get_server_info(esd);
	NEEDED(server != NULL);
	EQUAL(server->version, 0);
	EQUAL(server->format, S16_STEREO);
	TRUE(server->rate >= 8000 && server->rate <= 192000);
	esd_print_server_info(server);
	esd_free_server_info(server);
	esd_free_server_info(NULL);
	esd_free_all_info(NULL);
	TRUE(esd_subscribe_all_info(esd) == NULL);
	TRUE(esd_update_info(esd, NULL, &callbacks) == NULL);
	TRUE(esd_unsubscribe_info(esd) == NULL);
	test_order(esd);
	test_prints();
	EQUAL(esd_close(esd), 0);
}

/* Every function on a descriptor that leads nowhere: its own failure, no
 * crash, no SIGPIPE. */
static void
check_dead(int fd)
{
	EQUAL(esd_send_auth(fd), 0);
	EQUAL(esd_lock(fd), -1);
	EQUAL(esd_unlock(fd), -1);
	EQUAL(esd_standby(fd), -1);
	EQUAL(esd_resume(fd), -1);
	EQUAL(esd_get_standby_mode(fd), 0);
	EQUAL(esd_get_latency(fd), -1);
	EQUAL(esd_set_stream_pan(fd, 1, 1, 1), -1);
	EQUAL(esd_set_default_sample_pan(fd, 1, 1, 1), -1);
	EQUAL(esd_sample_cache(fd, S16_MONO, 22050, 2, "dead"), -1);
	EQUAL(esd_confirm_sample_cache(fd), -1);
	EQUAL(esd_sample_getid(fd, "dead"), -1);
	EQUAL(esd_sample_free(fd, 1), -1);
	EQUAL(esd_sample_play(fd, 1), -1);
	EQUAL(esd_sample_loop(fd, 1), -1);
	EQUAL(esd_sample_stop(fd, 1), -1);
	EQUAL(esd_sample_kill(fd, 1), -1);
	TRUE(esd_get_server_info(fd) == NULL);
	TRUE(esd_get_all_info(fd) == NULL);
	EQUAL(esd_file_cache(fd, "dead", "/nonexistent"), -1);
}

static void
test_dead(void)
{
	int ends[2];

	NEEDED(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	EQUAL(close(ends[1]), 0);
	check_dead(ends[0]);
	EQUAL(close(ends[0]), 0);
	check_dead(ends[0]);
	check_dead(-1);
	NEEDED(pipe(ends) == 0);
	check_dead(ends[1]); /* no socket at all */
	(void)close(ends[0]);
	(void)close(ends[1]);
}

/* --- the card, and what was exported by accident -------------------------- */

static void
test_device(void)
{
	unsigned char bytes[3][32] = { { 0 } };
	char buffer[16];

	EQUAL(esd_audio_format, S16_STEREO);
	EQUAL(esd_audio_rate, 44100);
	TRUE(esd_audio_device == NULL);
	EQUAL(sizeof(esd_audio_format), 4);
	EQUAL(sizeof(esd_audio_device), sizeof(void *));
	EQUAL(esd_audio_open(), -2);
	esd_audio_rate = 0;
	EQUAL(esd_audio_open(), -1);
	esd_audio_rate = 44100;
	EQUAL(esd_audio_write(buffer, sizeof(buffer)), -1);
	EQUAL(esd_audio_read(buffer, sizeof(buffer)), -1);
	esd_audio_pause();
	esd_audio_flush();
	esd_audio_close();
	TRUE(esd_audio_devices() != NULL && esd_audio_devices()[0] != '\0');
	EQUAL(esound_getblksize(), 4096);
	EQUAL(esd_no_spawn, 0);
	EQUAL(esd_spawn_wait_ms, 100);
	EQUAL(strcmp(esd_spawn_options, "-terminate -nobeeps -as 2"), 0);
	EQUAL(esd_default_options[0], 0);
	esound_genrand(bytes[0], 32);
	esound_genrand(bytes[1], 32);
	TRUE(memcmp(bytes[0], bytes[1], 32) != 0);
	TRUE(memcmp(bytes[0], bytes[2], 32) != 0);
}

/* --- main ----------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*test)(void);
} groups[] = {
	{ "connect", test_connect },
	{ "play", test_play },
	{ "info", test_info },
	{ "dead", test_dead },
	{ "device", test_device },
	{ "control", test_control },
	{ "samples", test_samples },
	{ "file", test_file },
	{ "monitor", test_monitor },
	{ "record", test_record },
	{ "filter", test_filter },
};

static int
say(char **argv)
{
	const char *what = argv[1];

	if (strcmp(what, "names") == 0) {
		(void)printf("%s\n%s\n", esd_get_socket_dirname(),
		    esd_get_socket_name());
	} else if (strcmp(what, "config") == 0) {
		esd_config_read();
		(void)printf("%d\n%d\n%s\n%s\n", esd_no_spawn,
		    esd_spawn_wait_ms, esd_spawn_options, esd_default_options);
	} else if (strcmp(what, "open") == 0) {
		int esd = esd_open_sound(argv[2]);

		(void)printf("%s\n", esd > 2 ? "open" : "-1");
	} else if (strcmp(what, "play-file") == 0) {
		(void)printf("%d\n", esd_play_file("all", argv[2], 1));
	} else {
		return 1;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc > 1 && say(argv) == 0) {
		return EXIT_SUCCESS;
	}
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		int before = failures;
		bool wanted = argc == 1;

		for (int arg = 1; arg < argc; arg++) {
			wanted |= strcmp(argv[arg], groups[i].name) == 0;
		}
		if (wanted) {
			groups[i].test();
			(void)fprintf(stderr, "%s: %s\n", groups[i].name,
			    failures == before ? "passed" : "FAILED");
		}
	}
	return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
