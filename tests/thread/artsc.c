/*
 * Many threads use libartsc at once, streams of their own and one that is
 * everybody's: to be run under a thread sanitizer.  The server is a thread of
 * this program for each connection.
 */
#include <artsc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "protocols/esd.h"

#define THREADS	   8
#define ROUNDS	   20
#define PIECE	   4096
#define PATH_BYTES 64

static char home[] = "/tmp/thread-artsc-XXXXXX";
static char path[PATH_BYTES];
static arts_stream_t shared;

/* --- the server ----------------------------------------------------------- */

static int
get(int fd, void *data, size_t bytes)
{
	return recv(fd, data, bytes, MSG_WAITALL) == (ssize_t)bytes ? 0 : -1;
}

static int
put(int fd, const void *data, size_t bytes)
{
	return send(fd, data, bytes, MSG_NOSIGNAL) == (ssize_t)bytes ? 0 : -1;
}

/* Plays at once whatever comes, and says so. */
static void
take_sound(int fd)
{
	static const struct esd_granted granted = { 1, 65536, 44100 };
	struct esd_tracked tracked;
	uint8_t sound[PIECE];
	uint64_t bytes = 0;
	ssize_t got;

	if (get(fd, &tracked, sizeof(tracked)) < 0 ||
	    put(fd, &granted, sizeof(granted)) < 0) {
		return;
	}
	while ((got = recv(fd, sound, sizeof(sound), 0)) > 0) {
		struct esd_position position = { 0 };

		bytes += (uint64_t)got;
		position.played_low = (int32_t)(bytes / 4);
		(void)put(fd, &position, sizeof(position));
	}
}

static void
give_sound(int fd)
{
	static const uint8_t sound[PIECE];

	while (put(fd, sound, sizeof(sound)) == 0) {
	}
}

/* 0: another request may follow. */
static int
answer(int fd)
{
	static const struct esd_server server = { .version = ESD_EXTENSION };
	static const struct {
		struct esd_status status;
		struct esd_playing no_stream;
		struct esd_bus no_bus;
	} status = { .status = { .rate = 44100, .buffer = 3584 } };
	static const struct esd_ok ok = { 1 };
	struct esd_version version;
	struct esd_stream stream;
	int32_t opcode;

	if (get(fd, &opcode, sizeof(opcode)) < 0) {
		return -1;
	}
	switch (opcode) {
	case ESD_STREAM_TRACK:
		take_sound(fd);
		return -1;
	case ESD_STREAM_REC:
		if (get(fd, &stream, sizeof(stream)) == 0) {
			give_sound(fd);
		}
		return -1;
	default:
		break;
	}
	if (get(fd, &version, sizeof(version)) < 0) {
		return -1;
	}
	switch (opcode) {
	case ESD_SERVER_INFO:
		return put(fd, &server, sizeof(server));
	case ESD_STATUS:
		return put(fd, &status, sizeof(status));
	case ESD_SUSPEND:
		return put(fd, &ok, sizeof(ok));
	default:
		return -1;
	}
}

static void *
serve(void *arg)
{
	static const struct esd_raw_ok verdict = { 1 };
	int fd = *(int *)arg;
	struct esd_auth auth;

	free(arg);
	if (get(fd, &auth, sizeof(auth)) == 0 &&
	    put(fd, &verdict, sizeof(verdict)) == 0) {
		while (answer(fd) == 0) {
		}
	}
	(void)close(fd);
	return NULL;
}

/* Until the program ends. */
static void *
accept_all(void *arg)
{
	int listener = *(const int *)arg;

	for (;;) {
		pthread_t thread;
		int *fd = malloc(sizeof(*fd));

		if (fd == NULL) {
			abort();
		}
		*fd = accept(listener, NULL, NULL);
		if (*fd < 0 || pthread_create(&thread, NULL, serve, fd) != 0 ||
		    pthread_detach(thread) != 0) {
			abort();
		}
	}
	return NULL;
}

static void
start_server(void)
{
	static int listener;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char server[PATH_BYTES + sizeof("unix:")];
	pthread_t thread;

	if (mkdtemp(home) == NULL) {
		abort();
	}
	(void)snprintf(path, sizeof(path), "%s/socket", home);
	memcpy(address.sun_path, path, sizeof(path));
	(void)snprintf(server, sizeof(server), "unix:%s", path);
	(void)setenv("HOME", home, 1);
	(void)setenv("ESPEAKER", server, 1);
	(void)unsetenv("ARTS_SERVER");
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(listener, THREADS) != 0 ||
	    pthread_create(&thread, NULL, accept_all, &listener) != 0) {
		abort();
	}
}

static void
tidy_up(void)
{
	char key[PATH_BYTES];

	(void)snprintf(key, sizeof(key), "%s/.esd_auth", home);
	(void)unlink(key);
	(void)unlink(path);
	(void)rmdir(home);
}

/* --- the clients ---------------------------------------------------------- */

static int
play(void)
{
	static const char sound[PIECE];
	arts_stream_t stream = arts_play_stream(44100, 16, 2, "thread");
	int good = stream != NULL &&
		   arts_stream_get(stream, ARTS_P_BUFFER_SIZE) > 0 &&
		   arts_stream_set(stream, ARTS_P_BUFFER_TIME, 100) == 116 &&
		   arts_write(stream, sound, sizeof(sound)) == sizeof(sound) &&
		   arts_stream_get(stream, ARTS_P_BUFFER_SPACE) > 0;

	arts_close_stream(stream);
	return good;
}

static int
record(void)
{
	static const int count = PIECE;
	char sound[PIECE];
	arts_stream_t stream = arts_record_stream(22050, 8, 1, "thread");
	int good = arts_read(stream, sound, count) == count &&
		   arts_stream_get(stream, ARTS_P_BUFFER_SPACE) >= 0;

	arts_close_stream(stream);
	return good;
}

static int
share(void)
{
	static const char sound[64];

	return arts_write(shared, sound, sizeof(sound)) == sizeof(sound) &&
	       arts_stream_get(shared, ARTS_P_BUFFER_SPACE) >= 0;
}

static void *
work(void *arg)
{
	for (int round = 0; round < ROUNDS; round++) {
		if (arts_init() != 0 || !play() || !record() || !share() ||
		    arts_suspend() != 1 || arts_suspended() != 1 ||
		    arts_error_text(round) == NULL) {
			return arg;
		}
		arts_free();
	}
	return NULL;
}

int
main(void)
{
	static pthread_t threads[THREADS];
	int failed = 0;

	start_server();
	if (arts_init() != 0) {
		abort();
	}
	shared = arts_play_stream(44100, 16, 2, "shared");
	for (size_t i = 0; i < THREADS; i++) {
		if (pthread_create(&threads[i], NULL, work, threads) != 0) {
			abort();
		}
	}
	for (size_t i = 0; i < THREADS; i++) {
		void *result = threads;

		(void)pthread_join(threads[i], &result);
		failed += result != NULL;
	}
	arts_close_stream(shared);
	arts_free();
	tidy_up();
	(void)fprintf(stderr, "%d of %d threads failed\n", failed, THREADS);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
