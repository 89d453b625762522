#include "server/children.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/log.h"

#define SUBJECT	    "esdmixd"
#define LINES_BURST 5
#define LINES_EVERY 10000 /* ms */

static struct log_budget complaints = { LINES_BURST, LINES_EVERY, 0, 0, 0 };

/* Where we are, so that a tree that is moved or not installed works too. */
static bool
find_program(const char *name, char path[PATH_MAX])
{
	char own[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);

	if (n <= 0) {
		return false;
	}
	own[n] = '\0';
	char *slash = strrchr(own, '/');
	if (slash == NULL) {
		return false;
	}
	*slash = '\0';
	return snprintf(path, PATH_MAX, "%s/%s", own, name) < PATH_MAX;
}

/* 0 or an errno. */
static int
spawn(pid_t *pid, const char *path, const char *const argv[])
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t ignored, none;

	(void)sigemptyset(&none);
	(void)sigemptyset(&ignored);
	(void)sigaddset(&ignored, SIGPIPE);
	(void)sigaddset(&ignored, SIGXFSZ);
	int error = posix_spawn_file_actions_init(&files);
	if (error != 0) {
		return error;
	}
	error = posix_spawnattr_init(&attributes);
	if (error != 0) {
		(void)posix_spawn_file_actions_destroy(&files);
		return error;
	}
	(void)posix_spawnattr_setflags(&attributes,
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	(void)posix_spawnattr_setsigdefault(&attributes, &ignored);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawn_file_actions_addopen(&files, STDIN_FILENO,
	    "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_addopen(&files, STDOUT_FILENO,
	    "/dev/null", O_WRONLY, 0);
	error = posix_spawn(pid, path, &files, &attributes, (char *const *)argv,
	    environ);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&files);
	return error;
}

bool
children_start(struct children *children, const char *const argv[])
{
	const char *name = argv[0];
	char path[PATH_MAX];
	int error = ENOENT;

	if (children->count == CHILDREN_MAX) {
		log_limited(&complaints, LOG_WARN, SUBJECT,
		    "%s: %d of it run already; not started", name,
		    CHILDREN_MAX);
		return false;
	}
	if (find_program(name, path)) {
		error = spawn(&children->pids[children->count], path, argv);
	}
	if (error != 0) {
		log_limited(&complaints, LOG_WARN, SUBJECT,
		    "%s cannot be started: %s", name, strerror(error));
		return false;
	}
	children->count++;
	return true;
}

void
children_reap(struct children *children)
{
	unsigned i = 0;

	while (i < children->count) {
		if (waitpid(children->pids[i], NULL, WNOHANG) == 0) {
			i++;
		} else {
			children->pids[i] = children->pids[--children->count];
		}
	}
}

void
children_finish(struct children *children)
{
	while (children->count > 0) {
		(void)kill(children->pids[--children->count], SIGTERM);
	}
}
