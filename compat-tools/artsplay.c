/* artsplay: has the sound server play a file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat-tools/mcopclient.h"
#include "compat-tools/tool.h"

#define PATH_BYTES 4096

static const char help[] =
    "usage: artsplay FILE\n"
    "\n"
    "Has the aRts sound server of this user play FILE, and ends at once.\n"
    "\n"
    "  -h, --help     this text\n"
    "  -v, --version  the version\n"
    "\n"
    "The exit status is 1 where the server plays it, as aRts had it; 0 where\n"
    "it does not; and 1 where there is no server.  A script cannot tell from\n"
    "it: use esdplay there.\n";

/* As the server would find it, wherever that runs. */
static void
make_absolute(const char *file, char *path)
{
	size_t used = 0;

	if (file[0] != '/') {
		if (getcwd(path, PATH_BYTES - 1) == NULL) {
			tool_fail("cannot tell where %s is: %s; name it from /",
			    file, strerror(errno));
		}
		used = strlen(path);
		path[used++] = '/';
	}
	if (strlen(file) >= PATH_BYTES - used) {
		tool_fail("the file's name is too long: %s", file);
	}
	memcpy(path + used, file, strlen(file) + 1);
}

static int32_t
play(struct mcopclient *client, const char *path)
{
	struct mcop_writer writer;
	struct mcop_reader result;
	int error =
	    mcopclient_begin(client, client->server, MCOP_SIMPLE_play, &writer);

	if (error == 0) {
		mcop_put_string(&writer, path);
		error = mcopclient_finish(client, &writer, &result);
	}
	if (error < 0) {
		tool_fail("%s", client->why);
	}
	return mcop_get_long(&result);
}

int
main(int argc, char **argv)
{
	static struct mcopclient client; /* too large for a stack */
	char path[PATH_BYTES];
	int32_t answer;

	if (argc == 2 &&
	    (strcmp(argv[1], "-v") == 0 || strcmp(argv[1], "--version") == 0)) {
		tool_version();
		return EXIT_SUCCESS;
	}
	if (argc != 2 || argv[1][0] == '-') {
		(void)fputs(help, stderr);
		return EXIT_FAILURE;
	}
	make_absolute(argv[1], path);
	if (mcopclient_open(&client) < 0) {
		tool_fail("%s", client.why);
	}
	answer = play(&client, path);
	mcopclient_close(&client);
	/* Upside down, but that is what scripts of the time were told. */
	return answer != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
