/*
 * An ESD client: walks the protocol's rows from the other side.
 *
 * Nothing here prints, exits, keeps globals or raises a signal.  A function
 * that fails returns -errno and leaves one sentence (what, where, the remedy)
 * in client->why.  Thread: any, one at a time for each client.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include "compat-tools/address.h"
#include "protocols/esd.h"

#define CLIENT_TIMEOUT	 5000 /* ms, for those who have no wish of their own */
#define CLIENT_PLACE_MAX (ADDRESS_HOST_MAX + 16)
#define CLIENT_WHY_MAX	 640

struct client {
	int fd;		/* connected, blocking, close-on-exec; -1: none */
	int timeout_ms; /* for a whole exchange, -1: for ever; may be changed */
	int extended;	/* client_extended(); -1: not asked yet */
	bool swapped;	/* speaks, and sends sound, in the byte order that is
			   not this machine's; to be set before the hands are
			   shaken */
	char place[CLIENT_PLACE_MAX]; /* where the server is, for messages */
	char why[CLIENT_WHY_MAX];     /* the last error */
};

/*
 * Connects to a server and shakes hands with the key of cookie_path().
 *   server  as address_parse() takes it
 * A local server is looked for at each of address_local(), then at TCP
 * localhost; every address of a name is tried, for one second each.  A socket
 * in /tmp whose server is neither ours, nor root's, nor the one for all users
 * is passed over, lest it collect our key.  Where there is no key file and none
 * can be made, a Unix socket is tried without one.
 */
int client_open(struct client *client, const char *server, int timeout_ms);

/* Its two halves. */
int client_connect(struct client *client, const char *server, int timeout_ms);
int client_shake_hands(struct client *client);

/* Reads the key: what CONNECT, LOCK, UNLOCK, STANDBY and RESUME send. */
int client_auth(struct client *client, struct esd_auth *auth);

/* Takes a descriptor that is connected and has shaken hands. */
void client_adopt(struct client *client, int fd, int timeout_ms);

void client_close(struct client *client); /* one that isn't open is fine */

/* Where a row's OUT and LIST steps go, one each, in wire order. */
struct client_reply {
	void *record; /* OUT: its struct; NULL: thrown away */

	/*
	 * LIST: called with each record but the last one, whose id is 0 or
	 * less.  Anything but 0 goes back to client_call()'s caller, once the
	 * list has been read to its end.
	 */
	int (*each)(void *arg, const void *record);
	void *arg;
};

/*
 * Holds the conversation of one row: sends the request in one piece, reads
 * the replies.
 *   in       the struct of the row's IN; NULL where it has none
 *   replies  one for each OUT and LIST; NULL: all are thrown away
 * Stops at BLOB or PCM, where the bytes are the caller's to move; after the
 * BLOB, client_rest() reads the replies that follow, which are the next ones.
 * A TEXT field may be cut (ESD_NAME_MAX - 1 bytes).
 * After an error the connection is out of step: close it.
 */
int client_call(struct client *client, enum esd_opcode opcode, const void *in,
    const struct client_reply *replies);
int client_rest(struct client *client, enum esd_opcode opcode,
    const struct client_reply *replies);

/*
 * Whether the server has the rows from ESD_EXTENSION on: 1 or 0, asked once
 * for each connection; or -errno.
 */
int client_extended(struct client *client);

/*
 * Waits for the next record of the row's TELL, after client_call() for it.
 *   timeout_ms  -1: for ever
 * 0; -ETIMEDOUT: nothing new, the connection stays in step; else -errno.
 */
int client_told(struct client *client, enum esd_opcode opcode, void *record,
    int timeout_ms);

/*
 * Makes the connection a stream of sound, by one of the STREAM_ requests, and
 * sizes the socket's buffers for it.  Servers don't answer that.
 *   name  NULL: empty; cut at ESD_NAME_MAX - 1 bytes
 */
int client_stream(struct client *client, enum esd_opcode opcode, int32_t format,
    int32_t rate, const char *name);

/* Bytes of a stream's socket buffers, as old clients set them; or 0. */
int client_buffer_bytes(int32_t format, int32_t rate);

/* Sends all those bytes, however long that takes. */
int client_write(struct client *client, const void *data, size_t bytes);

#endif
