/*
 * The dsp server: is one program's /dev/dsp (door.h).  Started by whoever
 * opens it, never by hand.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compat-tools/dsp/serve.h"

static bool
is_listening(int fd)
{
	int on = 0;
	socklen_t size = sizeof(on);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &size) == 0 && on;
}

int
main(void)
{
	struct serve *serve;
	int error;

	if (!is_listening(DOOR_LISTENER)) {
		(void)fprintf(stderr,
		    DOOR_SERVER ": descriptor %d is no listening socket; this "
				"is started by esddsp, not by hand\n",
		    DOOR_LISTENER);
		return EXIT_FAILURE;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	error = serve_create(DOOR_LISTENER, getenv("ESDDSP_VERBOSE") != NULL,
	    &serve);
	if (error == 0) {
		error = serve_run(serve);
		serve_destroy(serve);
	}
	if (error != 0) {
		(void)fprintf(stderr, DOOR_SERVER ": %s\n", strerror(-error));
	}
	return error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
