#include "compat-tools/dsp/launch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat-tools/dsp/door.h"
#include "compat-tools/dsp/program.h"
#include "compat-tools/dsp/supervise.h"
#include "compat-tools/tool.h"

/* As the loader of each word size reads it, its own directory in place. */
#define PLACE	 "$LIB"
#define LIST_MAX (4 * PATH_MAX) /* bytes of LD_PRELOAD */

#define LIBRARY "libesddsp.so"

/* What is preloaded. */
struct files {
	char library[2 * PATH_MAX]; /* with $LIB in it */
	char server[2 * PATH_MAX];  /* that it starts; "": the installed one */
};

enum { NOT_RUN = 126, NOT_FOUND = 127 }; /* exit status, as the shell's */

void
launch_set(const char *variable, const char *value)
{
	if (setenv(variable, value, 1) != 0) {
		tool_fail("cannot set %s: %s", variable, strerror(errno));
	}
}

static bool
is_verbose(void)
{
	const char *verbose = getenv("ESDDSP_VERBOSE");

	return verbose != NULL && *verbose != '\0';
}

/* The directory that this program is in, with no slash; "" if unknown. */
static void
find_own_directory(char directory[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", directory, PATH_MAX - 1);

	directory[length < 0 ? 0 : length] = '\0';
	directory[strrchr(directory, '/') == NULL
		      ? 0
		      : strrchr(directory, '/') - directory] = '\0';
}

/* Whether a library whose path has $LIB in it is there, for so many bits. */
static bool
is_there(const char *library, int bits)
{
	const char *place = strstr(library, PLACE);
	char path[PATH_MAX];

	if (place == NULL) {
		return access(library, R_OK) == 0;
	}
	(void)snprintf(path, sizeof(path), "%.*s%s%s", (int)(place - library),
	    library, bits == 32 ? DSP_LIB_32 : DSP_LIB,
	    place + sizeof(PLACE) - 1);
	return access(path, R_OK) == 0;
}

/*
 * Where the library is: as the environment says, in the build directory if we
 * were not installed, else where it was installed.
 */
static void
find_library(struct files *files)
{
	const char *named = getenv("ESDDSP_LIBRARY");
	char directory[PATH_MAX];

	find_own_directory(directory);
	(void)snprintf(files->library, sizeof(files->library),
	    "%s/preload/" PLACE "/" LIBRARY, directory);
	(void)snprintf(files->server, sizeof(files->server), "%s/" DOOR_SERVER,
	    directory);
	if (named != NULL && *named != '\0') {
		(void)snprintf(files->library, sizeof(files->library), "%s",
		    named);
		files->server[0] = '\0';
	} else if (!is_there(files->library, PROGRAM_OWN_BITS)) {
		(void)snprintf(files->library, sizeof(files->library), "%s",
		    DSP_PREFIX "/" PLACE "/" LIBRARY);
		files->server[0] = '\0';
	}
}

/* In front of what is preloaded already, and only once. */
static void
set_preload(const struct files *files)
{
	const char *before = getenv("LD_PRELOAD"), *ours = files->library;
	char list[LIST_MAX];
	int wrote;

	if (files->server[0] != '\0' && getenv("ESDDSP_SERVER") == NULL) {
		launch_set("ESDDSP_SERVER", files->server);
	}
	if (before == NULL || before[strspn(before, " :")] == '\0') {
		launch_set("LD_PRELOAD", ours);
		return;
	}
	if (strstr(before, ours) != NULL) {
		return;
	}
	wrote = snprintf(list, sizeof(list), "%s:%s", ours, before);
	if (wrote < 0 || (size_t)wrote >= sizeof(list)) {
		tool_fail("LD_PRELOAD is longer than %d bytes; shorten it",
		    LIST_MAX);
	}
	launch_set("LD_PRELOAD", list);
}

static void
describe(char **argv, enum program_way way)
{
	const char *server = getenv("ESPEAKER"), *name = getenv("ESDDSP_NAME");

	(void)fprintf(stderr,
	    "%s: server %s, name %s, by %s:", program_invocation_short_name,
	    server == NULL ? "of this machine" : server,
	    name == NULL ? "of our choice" : name,
	    way == PROGRAM_PRELOAD ? "libesddsp.so" : "seccomp");
	while (*argv != NULL) {
		(void)fprintf(stderr, " %s", *argv++);
	}
	(void)fputc('\n', stderr);
}

static void
set_environment(const struct launch *launch)
{
	if (launch->server != NULL) {
		launch_set("ESPEAKER", launch->server);
	}
	if (launch->name != NULL) {
		launch_set("ESDDSP_NAME", launch->name);
	}
	if (launch->devices != NULL) {
		launch_set("ESDDSP_DEVICES", launch->devices);
	}
	if (launch->verbose) {
		launch_set("ESDDSP_VERBOSE", "1");
	}
}

static enum program_way
choose(const struct launch *launch, const struct program *program,
    const struct files *files)
{
	if (launch->seccomp || program->way == PROGRAM_SECCOMP) {
		return PROGRAM_SECCOMP;
	}
	if (is_there(files->library, program->bits)) {
		return PROGRAM_PRELOAD;
	}
	if (program->bits == PROGRAM_OWN_BITS) {
		tool_say("there is no %s; install it, or set ESDDSP_LIBRARY",
		    files->library);
		exit(NOT_RUN);
	}
	return PROGRAM_SECCOMP; /* the other word size was not installed */
}

static void
set_supervisor(const char *path)
{
	const char *why;

	if (supervise(getenv("ESDDSP_NAME"), getenv("ESDDSP_DEVICES"),
		is_verbose(), &why) != 0) {
		tool_say("cannot wrap %s, which takes no library: %s", path,
		    why);
		exit(NOT_RUN);
	}
}

void
launch_run(const struct launch *launch, char **argv)
{
	struct program program;
	struct files files = { 0 };
	enum program_way way;
	int error = program_find(argv[0], &program);

	if (error != 0) {
		tool_say("%s", program.why);
		exit(error == -ENOENT ? NOT_FOUND : NOT_RUN);
	}
	set_environment(launch);
	find_library(&files);
	way = choose(launch, &program, &files);
	if (is_verbose()) {
		describe(argv, way);
	}
	if (way == PROGRAM_PRELOAD) {
		set_preload(&files);
	} else {
		set_supervisor(program.path);
	}
	(void)execvp(argv[0], argv);
	tool_say("cannot run %s: %s", program.path, strerror(errno));
	exit(NOT_RUN);
}
