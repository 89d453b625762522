/*
 * What libesddsp.so does, under the thread sanitizer: threads that open, ask,
 * write, map and close devices all at once, among them one that forks.  The
 * daemon and the servers are the real ones, from the build directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/soundcard.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compat-tools/dsp/ask.h"
#include "compat-tools/dsp/next.h"

#define THREADS	 4
#define ROUNDS	 4
#define TRIES	 20
#define BYTES	 2000
#define READY_MS 10000

#define SHARED_RATE 12345

extern char **environ;

static char directory[] = "/tmp/esdmixd-dsp-XXXXXX";
static char home[64], socket_path[64], server_name[80];
static const char *build;
static int shared; /* a device that all of them use */
static pid_t daemon_pid;

/* However it ends. */
static void
clean_up(void)
{
	char rm[] = "rm", option[] = "-rf";
	char *argv[] = { rm, option, directory, NULL };
	pid_t pid;

	if (daemon_pid > 0) {
		(void)kill(daemon_pid, SIGKILL);
	}
	if (posix_spawnp(&pid, rm, NULL, NULL, argv, environ) == 0) {
		(void)waitpid(pid, NULL, 0);
	}
}

#define CHECK(condition, what)                                                 \
	do {                                                                   \
		if (!(condition)) {                                            \
			int error = errno;                                     \
			(void)fprintf(stderr, "dsp: %d: %s: %s\n", __LINE__,   \
			    what, strerror(error));                            \
			clean_up();                                            \
			_exit(EXIT_FAILURE); /* other threads are at it */     \
		}                                                              \
	} while (0)

static void
start_daemon(void)
{
	char program[1024];
	char device[] = "null", option_d[] = "-d", option_s[] = "--socket",
	     plain[] = "--no-legacy-sockets", no_arts[] = "--no-arts",
	     option_c[] = "--config", none[] = "/dev/null";
	char *argv[] = { program, option_d, device, option_s, socket_path,
		plain, no_arts, option_c, none, NULL };
	struct stat status;

	(void)snprintf(program, sizeof(program), "%s/esdmixd", build);
	CHECK(posix_spawn(&daemon_pid, program, NULL, NULL, argv, environ) == 0,
	    program);
	for (int ms = 0; stat(socket_path, &status) != 0; ms++) {
		CHECK(ms < READY_MS, "no daemon");
		(void)usleep(1000);
	}
}

static void
set_up(void)
{
	char server[1024];

	build = getenv("ESDMIXD_BUILDDIR");
	build = build == NULL ? "." : build;
	CHECK(mkdtemp(directory) != NULL, directory);
	(void)snprintf(home, sizeof(home), "%s", directory);
	(void)snprintf(socket_path, sizeof(socket_path), "%s/socket",
	    directory);
	(void)snprintf(server_name, sizeof(server_name), "unix:%s",
	    socket_path);
	(void)snprintf(server, sizeof(server), "%s/esddsp-server", build);
	CHECK(setenv("HOME", home, 1) == 0 &&
		  setenv("XDG_RUNTIME_DIR", home, 1) == 0 &&
		  setenv("XDG_CONFIG_HOME", home, 1) == 0 &&
		  setenv("XDG_STATE_HOME", home, 1) == 0 &&
		  setenv("ESPEAKER", server_name, 1) == 0 &&
		  setenv("ESDDSP_SERVER", server, 1) == 0,
	    "setenv");
}

/* A machine may be too busy for the server to answer within its second. */
static int
open_patiently(enum door_device device, int flags)
{
	for (int tries = 0;; tries++) {
		int fd = ask_open(device, flags);

		if (fd != -ENODEV || tries == TRIES) {
			return fd;
		}
	}
}

static void
set(int fd, uint32_t request, int value)
{
	int got = value;

	CHECK(ask_ioctl(fd, request, &got) == 0 && got == value, "ioctl");
}

static int
open_device(int flags, int rate)
{
	int fd = open_patiently(DOOR_DSP, flags);

	errno = -fd;
	CHECK(fd >= 0, "open");
	CHECK(ask_is_device(fd), "no device");
	set(fd, SNDCTL_DSP_SETFMT, AFMT_S16_LE);
	set(fd, SNDCTL_DSP_CHANNELS, 2);
	set(fd, SNDCTL_DSP_SPEED, rate);
	return fd;
}

static bool
has_rate(int fd, int rate)
{
	int got = 0;

	return ask_ioctl(fd, SOUND_PCM_READ_RATE, &got) == 0 && got == rate;
}

static void
fork_once(int fd, int rate)
{
	pid_t child = fork();
	int status;

	CHECK(child >= 0, "fork");
	if (child == 0) {
		_exit(has_rate(fd, rate) ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0, "child");
}

static void
use(int fd, int rate)
{
	static const char sound[BYTES];
	static next_function *slot;
	int ring;

	CHECK(NEXT(write, slot)(fd, sound, sizeof(sound)) == sizeof(sound),
	    "write");
	CHECK(has_rate(fd, rate), "somebody else's answer");
	ask_reading(fd);
	ring = ask_map(fd, 4096, DOOR_WRITE);
	CHECK(ring >= 0 && close(ring) == 0, "map");
}

static void *
work(void *arg)
{
	const int number = *(const int *)arg;

	for (int i = 0; i < ROUNDS; i++) {
		const int rate = 8000 + 100 * number + i;
		int fd = open_device(number % 2 == 0 ? O_RDWR : O_WRONLY, rate);
		int mixer = open_patiently(DOOR_MIXER, O_RDWR | O_CLOEXEC);

		errno = -mixer;
		CHECK(mixer >= 0, "mixer");
		use(fd, rate);
		CHECK(has_rate(shared, SHARED_RATE), "the shared one");
		if (number == 0) {
			fork_once(fd, rate);
		}
		CHECK(close(mixer) == 0 && close(fd) == 0, "close");
	}
	return NULL;
}

int
main(void)
{
	pthread_t threads[THREADS];
	int numbers[THREADS];
	int status;

	set_up();
	start_daemon();
	shared = open_device(O_WRONLY, SHARED_RATE);
	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		CHECK(pthread_create(&threads[i], NULL, work, &numbers[i]) == 0,
		    "thread");
	}
	for (int i = 0; i < THREADS; i++) {
		(void)pthread_join(threads[i], NULL);
	}
	CHECK(close(shared) == 0, "close");
	CHECK(kill(daemon_pid, SIGTERM) == 0 &&
		  waitpid(daemon_pid, &status, 0) == daemon_pid && status == 0,
	    "the daemon's end");
	daemon_pid = 0;
	clean_up();
	(void)printf("%d threads, %d devices\n", THREADS, THREADS * ROUNDS);
	return EXIT_SUCCESS;
}
