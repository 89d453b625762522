/*
 * Starting a server that nobody started.  The program we live in may have any
 * number of threads and descriptors: posix_spawn() runs none of its code in the
 * child, and a shell that ends at once leaves the server to init, so that the
 * program has no child it does not know of.
 */
#include "compat-tools/libesd/libesd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SERVER	 ESD_BINDIR "/esd"
#define READY_FD 3 /* the server's end of the pipe; all above are closed */
#define PRELOAD	 "LD_PRELOAD="

/* --- the server's environment --------------------------------------------- */

/*
 * A server under our own OSS wrapper would play to itself.  Copies the words,
 * which blanks or colons part, but those.
 */
static char *
clean_preload(const char *entry)
{
	const char *word = entry + sizeof(PRELOAD) - 1;
	char *copy = malloc(strlen(entry) + 1);
	size_t used = sizeof(PRELOAD) - 1;

	if (copy == NULL) {
		return NULL;
	}
	memcpy(copy, entry, used);
	for (;;) {
		const char *wrapper = strstr(word, "libesddsp");
		size_t length;

		word += strspn(word, " :");
		length = strcspn(word, " :");
		if (length == 0) {
			break;
		}
		if (wrapper == NULL || wrapper >= word + length) {
			memcpy(copy + used, word, length);
			used += length;
			copy[used++] = ':';
		}
		word += length;
	}
	copy[used] = '\0';
	return copy;
}

/*
 * Copies the list, not the texts but one: *preload, to be freed.  Another
 * thread that calls setenv() meanwhile breaks every getenv() of the program
 * as well.
 */
static char **
make_environment(char **preload)
{
	size_t count = 0;
	char **list;

	while (environ[count] != NULL) {
		count++;
	}
	*preload = NULL;
	list = malloc((count + 1) * sizeof(*list));
	if (list == NULL) {
		return NULL;
	}
	memcpy(list, environ, (count + 1) * sizeof(*list));
	for (size_t i = 0; i < count; i++) {
		if (strncmp(list[i], PRELOAD, sizeof(PRELOAD) - 1) != 0) {
			continue;
		}
		*preload = clean_preload(list[i]);
		if (*preload == NULL) {
			free(list);
			return NULL;
		}
		list[i] = *preload;
		break;
	}
	return list;
}

/* --- the child ------------------------------------------------------------ */

/* Standard descriptors and the pipe; nothing of the program's stays open. */
static int
set_files(posix_spawn_file_actions_t *files, int ready)
{
	int error = posix_spawn_file_actions_addopen(files, STDIN_FILENO,
	    "/dev/null", O_RDWR, 0);

	if (error == 0) {
		error = posix_spawn_file_actions_adddup2(files, STDIN_FILENO,
		    STDOUT_FILENO);
	}
	if (error == 0) {
		error = posix_spawn_file_actions_adddup2(files, STDIN_FILENO,
		    STDERR_FILENO);
	}
	if (error == 0) {
		error =
		    posix_spawn_file_actions_adddup2(files, ready, READY_FD);
	}
	if (error == 0) {
		error = posix_spawn_file_actions_addclosefrom_np(files,
		    READY_FD + 1);
	}
	return error;
}

/* A session of its own, no signal blocked or ignored. */
static int
set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all, none;
	int error = posix_spawnattr_setflags(attributes,
	    POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
		POSIX_SPAWN_SETSIGDEF);

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	if (error == 0) {
		error = posix_spawnattr_setsigmask(attributes, &none);
	}
	if (error == 0) {
		error = posix_spawnattr_setsigdefault(attributes, &all);
	}
	return error;
}

static int
run(char *const argv[], char *const environment[], int ready, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int error = posix_spawn_file_actions_init(&files);

	if (error != 0) {
		return error;
	}
	error = posix_spawnattr_init(&attributes);
	if (error == 0) {
		error = set_files(&files, ready);
		if (error == 0) {
			error = set_attributes(&attributes);
		}
		if (error == 0) {
			error = posix_spawn(pid, argv[0], &files, &attributes,
			    argv, environment);
		}
		(void)posix_spawnattr_destroy(&attributes);
	}
	(void)posix_spawn_file_actions_destroy(&files);
	return error;
}

/* Whether the shell could be run; it has ended when this returns. */
static bool
launch(int ready)
{
	char command[sizeof(SERVER) + LIBESD_OPTIONS_MAX + 32];
	char shell[] = "/bin/sh", option[] = "-c";
	char *argv[] = { shell, option, command, NULL };
	char *preload;
	char **environment = make_environment(&preload);
	pid_t pid;
	int error;

	if (environment == NULL) {
		return false;
	}
	(void)snprintf(command, sizeof(command), "'%s' %s -spawnfd %d &",
	    SERVER, esd_spawn_options, READY_FD);
	error = run(argv, environment, ready, &pid);
	free(preload);
	free(environment);
	if (error != 0) {
		return false;
	}
	/* Who ignores SIGCHLD or waits for any child leaves nothing to us. */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
	}
	return true;
}

/* --- the parent ----------------------------------------------------------- */

static int64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * Until the server says how it went, its end closes, or time is up.  Which of
 * them it was means little: a server that says no may have found another one
 * there, and that one answers.
 */
static void
wait_until_ready(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	int64_t deadline = now_ms() + esd_spawn_wait_ms;
	int64_t left = esd_spawn_wait_ms;

	while (left > 0 && poll(&poller, 1, (int)left) < 0 && errno == EINTR) {
		left = deadline - now_ms();
	}
}

/* Clear of the descriptors that the child's own will take. */
static int
move_up(int fd)
{
	int moved;

	if (fd > READY_FD) {
		return fd;
	}
	moved = fcntl(fd, F_DUPFD_CLOEXEC, READY_FD + 1);
	(void)close(fd);
	return moved;
}

bool
libesd_spawn(void)
{
	int ends[2];
	bool launched = false;

	if (getauxval(AT_SECURE) != 0) {
		return false; /* the environment is somebody else's */
	}
	esd_config_read();
	if (esd_no_spawn != 0 || access(SERVER, X_OK) != 0 ||
	    pipe2(ends, O_CLOEXEC) != 0) {
		return false;
	}
	ends[1] = move_up(ends[1]);
	if (ends[1] >= 0) {
		launched = launch(ends[1]);
		(void)close(ends[1]);
	}
	if (launched) {
		wait_until_ready(ends[0]);
	}
	(void)close(ends[0]);
	return launched;
}
