#include "compat-tools/dsp/launch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat-tools/dsp/library.h"
#include "compat-tools/dsp/program.h"
#include "compat-tools/dsp/supervise.h"
#include "compat-tools/tool.h"

#define LIST_MAX (4 * PATH_MAX) /* bytes of LD_PRELOAD */

/* What is preloaded. */
struct files {
	char library[LIBRARY_PATH_MAX]; /* with $LIB in it */
	char server[LIBRARY_PATH_MAX];	/* that it starts; "": the installed
					   one */
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
	if (library_is_there(files->library, program->bits)) {
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
	library_find(files.library, files.server);
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
