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
#include <sys/wait.h>
#include <unistd.h>

#include "compat-tools/dsp/door.h"

#define SERVER DSP_LIBEXECDIR "/" DOOR_SERVER
#define STACK_BYTES                                                            \
	((size_t)65536) /* of each child; what isn't used costs nothing */

extern char **environ;

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

/* Where there is no /dev, a file of nobody's does as well. */
static int
open_nothing(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		fd = memfd_create("null", MFD_CLOEXEC);
	}
	return fd;
}

static void
set_descriptors(const struct start *start)
{
	int nothing = open_nothing();

	if (nothing <= DOOR_LISTENER) { /* which may be what is made below */
		nothing = fcntl(nothing, F_DUPFD_CLOEXEC, DOOR_LISTENER + 1);
	}
	(void)dup2(nothing, STDIN_FILENO);
	(void)dup2(nothing, STDOUT_FILENO);
	if (!start->verbose || fcntl(STDERR_FILENO, F_GETFD) < 0) {
		(void)dup2(nothing, STDERR_FILENO);
	}
	(void)dup2(start->listener, DOOR_LISTENER);
	closefrom(DOOR_LISTENER + 1);
}

/* exec() forgets handlers, but neither what is ignored nor what is blocked. */
static void
set_signals(void)
{
	struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int signal = 1; signal < NSIG; signal++) {
		(void)sigaction(signal, &usual, NULL);
	}
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int
run_second(void *arg)
{
	struct start *start = arg;
	char name[] = DOOR_SERVER;
	char *argv[] = { name, NULL };

	(void)setsid();
	set_descriptors(start);
	set_signals();
	(void)execve(start->server, argv, start->environment);
	start->error = errno;
	_exit(EXIT_FAILURE);
}

static int
run_first(void *arg)
{
	struct start *start = arg;

	if (clone(run_second, start->second_stack, CLONE_VM | CLONE_VFORK,
		start) < 0) {
		start->error = errno;
	}
	_exit(EXIT_SUCCESS);
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
	first = clone(run_first, first_stack, CLONE_VM | CLONE_VFORK, start);
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
