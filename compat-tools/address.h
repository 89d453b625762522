/*
 * Server address strings: the host argument of the library, -s of the tools,
 * and ESPEAKER.  Thread: any; reads the environment.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdint.h>

#define ADDRESS_HOST_MAX 256 /* bytes, NUL included */
#define ADDRESS_PATH_MAX 108 /* bytes of sun_path, NUL included */
#define ADDRESS_TRIES	 5   /* Unix sockets of a local server */

enum address_kind {
	ADDRESS_LOCAL, /* this machine: its Unix sockets, then TCP */
	ADDRESS_UNIX,  /* one Unix socket */
	ADDRESS_TCP
};

struct address {
	enum address_kind kind;
	char host[ADDRESS_HOST_MAX]; /* of LOCAL and TCP, for getaddrinfo() */
	char path[ADDRESS_PATH_MAX]; /* of UNIX */
	uint16_t port;		     /* of LOCAL and TCP */
};

/*
 * Understands:
 *   NULL         ESPEAKER; if that is unset or empty, as ""
 *   ""           the host of DISPLAY; if there is none, local
 *   localhost    or exactly our own host name: local
 *   unix:PATH    that Unix socket
 *   HOST  HOST:PORT  :PORT  [V6]:PORT  V6
 * A port that is none means ESD_PORT.
 * Returns 0, or -ENAMETOOLONG.
 */
int address_parse(const char *text, struct address *address);

/*
 * Where old clients of this user look for the directory of their socket:
 * /tmp/.esd-UID, or what AUDIODEV makes of that.
 */
void address_directory(char directory[ADDRESS_PATH_MAX]);

/*
 * The Unix sockets of a local server, in the order they are to be tried:
 * what AUDIODEV says, if it is set; $XDG_RUNTIME_DIR/esdmixd/socket,
 * /tmp/.esd-UID/socket; that of a daemon for all users; /tmp/.esd/socket.
 * Returns how many.
 */
unsigned address_local(char paths[ADDRESS_TRIES][ADDRESS_PATH_MAX]);

#endif
