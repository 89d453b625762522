/*
 * The program we are in may have threads, handlers and children of its own.
 * So nobody is forked: a first child, in the program's memory and with no
 * signal at its end, makes a second one, which becomes the server, and ends.
 * The second is then nobody's whom the program knows.
 */
#include "compat-tools/dsp/start.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compat-tools/dsp/door.h"

#define SERVER	   DSP_LIBEXECDIR "/" DOOR_SERVER
#define CLOSED_MAX 4096 /* where the kernel can't close all (before 5.9) */
#define STACK_BYTES                                                            \
	((size_t)65536) /* of each child; what isn't used costs nothing */

/* Of the kernel's set of signals. */
#define SIGNALS_BYTES ((size_t)(NSIG - 1) / 8)

extern char **environ;

/*
 * libc's clone() by its other name.  The thread sanitizer takes that for a
 * fork(), after which it lets the program make no thread any more.
 */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c) */
int __clone(int (*run)(void *arg), void *stack, int flags, void *arg, ...);

/* Both children see and change the program's own. */
struct start {
	const char *server;
	char **environment;
	int listener; /* above DOOR_LISTENER */
	bool verbose;
	int error;
	char *second_stack; /* its upper end */
};

/* --- the children --------------------------------------------------------- */

/*
 * They share the program's memory, but neither its descriptors nor its signal
 * handlers.  Whoever watches libc's calls for the program, like a sanitizer,
 * would take theirs for its own: so they make none.
 */

/* Where there is no /dev, a file of nobody's does as well. */
static int
open_nothing(void)
{
	long fd = syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR);

	if (fd < 0) {
		fd = syscall(SYS_memfd_create, "null", 0);
	}
	/* Clear of those that are made below. */
	return (int)syscall(SYS_fcntl, fd, F_DUPFD, DOOR_LISTENER + 1);
}

static void
put(int fd, int place)
{
	(void)syscall(SYS_dup3, fd, place, 0);
}

static void
set_descriptors(const struct start *start)
{
	int nothing = open_nothing();

	put(nothing, STDIN_FILENO);
	put(nothing, STDOUT_FILENO);
	if (!start->verbose || syscall(SYS_fcntl, STDERR_FILENO, F_GETFD) < 0) {
		put(nothing, STDERR_FILENO);
	}
	put(start->listener, DOOR_LISTENER);
	if (syscall(SYS_close_range, DOOR_LISTENER + 1, ~0U, 0) != 0) {
		for (int fd = DOOR_LISTENER + 1; fd < CLOSED_MAX; fd++) {
			(void)syscall(SYS_close, fd);
		}
	}
}

/* exec() forgets handlers, but neither what is ignored nor what is blocked. */
static void
set_signals(void)
{
	const uint64_t nothing[8] = { 0 }; /* SIG_DFL, no flags; or no signal */

	for (int signal = 1; signal < NSIG; signal++) {
		(void)syscall(SYS_rt_sigaction, signal, nothing, NULL,
		    SIGNALS_BYTES);
	}
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, nothing, NULL,
	    SIGNALS_BYTES);
}

static int
run_second(void *arg)
{
	struct start *start = arg;
	const char *const argv[] = { DOOR_SERVER, NULL };

	(void)syscall(SYS_setsid);
	set_descriptors(start);
	set_signals();
	(void)syscall(SYS_execve, start->server, argv, start->environment);
	start->error = errno;
	(void)syscall(SYS_exit_group, EXIT_FAILURE);
	return 0;
}

static int
run_first(void *arg)
{
	struct start *start = arg;

	if (__clone(run_second, start->second_stack, CLONE_VM | CLONE_VFORK,
		start) < 0) {
		start->error = errno;
	}
	(void)syscall(SYS_exit_group, EXIT_SUCCESS);
	return 0;
}

/* --- the program ---------------------------------------------------------- */

/*
 * Without what is preloaded here.  Another thread that calls setenv()
 * meanwhile breaks every getenv() of the program as well.
 */
static void
copy_environment(char **copy)
{
	static const char preload[] = "LD_PRELOAD=";

	for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
		if (strncmp(*entry, preload, sizeof(preload) - 1) != 0) {
			*copy++ = *entry;
		}
	}
	*copy = NULL;
}

static int
run(struct start *start, char *first_stack)
{
	sigset_t all, before;
	pid_t first;
	int error = 0;

	/* A handler of the program's would run in a child, on its memory. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	first = __clone(run_first, first_stack, CLONE_VM | CLONE_VFORK, start);
	if (first < 0) {
		error = -errno;
	} else {
		while (waitpid(first, NULL, __WCLONE) < 0 && errno == EINTR) {
		}
		error = -start->error;
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

/* For who asked to be told; stdio is the program's. */
static void
complain(const struct start *start, int error)
{
	const char *const texts[] = { "esddsp: cannot start ", start->server,
		": ", strerrordesc_np(-error), "; set ESDDSP_SERVER\n" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i] == NULL ||
		    write(STDERR_FILENO, texts[i], strlen(texts[i])) < 0) {
			return;
		}
	}
}

int
start_server(int listener)
{
	const char *server = getenv("ESDDSP_SERVER");
	const char *verbose = getenv("ESDDSP_VERBOSE");
	struct start start = {
		.server = server == NULL || *server == '\0' ? SERVER : server,
		.verbose = verbose != NULL && *verbose != '\0',
	};
	size_t count = 0, bytes;
	char *memory;
	int error;

	if (getauxval(AT_SECURE) != 0) {
		return -EPERM; /* the environment is somebody else's */
	}
	while (environ != NULL && environ[count] != NULL) {
		count++;
	}
	bytes = 2 * STACK_BYTES + (count + 1) * sizeof(char *);
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		return -errno;
	}
	start.second_stack = memory + STACK_BYTES;
	start.environment = (char **)(void *)(memory + 2 * STACK_BYTES);
	copy_environment(start.environment);
	start.listener = fcntl(listener, F_DUPFD_CLOEXEC, DOOR_LISTENER + 1);
	error =
	    start.listener < 0 ? -errno : run(&start, memory + 2 * STACK_BYTES);
	(void)close(start.listener);
	(void)munmap(memory, bytes);
	if (error != 0 && start.verbose) {
		complain(&start, error);
	}
	return error;
}
