/*
 * A client of an aRts server, esdmixd or a genuine artsd, that asks one thing
 * after the other.  It owns no objects, so that a server has nothing to ask it.
 *
 * Nothing here prints or raises a signal.  A function that fails returns
 * -errno and leaves one sentence in client->why.  Thread: main.
 */
#ifndef MCOPCLIENT_H
#define MCOPCLIENT_H

#include "protocols/mcop.h"

#define MCOPCLIENT_TIMEOUT 5000	 /* ms for each exchange */
#define MCOPCLIENT_MAX	   65536 /* bytes of a message either way */
#define MCOPCLIENT_WHY_MAX 640

struct mcopclient {
	int fd;
	char id[MCOP_ID_MAX]; /* the server's */
	uint32_t server;      /* the sound server, an object of its */
	bool taken;	      /* we have it */
	uint32_t request;     /* number of the last one */
	uint8_t out[MCOPCLIENT_MAX], in[MCOPCLIENT_MAX];
	char why[MCOPCLIENT_WHY_MAX];
};

/*
 * Finds this user's server, or the one of ARTS_SERVER, HOST:PORT; shakes hands,
 * as whom it lets in without a key or as who knows its cookie; and takes its
 * sound server.
 */
int mcopclient_open(struct mcopclient *client);
void mcopclient_close(struct mcopclient *client);

/*
 * Calls a method of an object: begin, write its arguments, finish, read the
 * result, which is there until the next call.
 *   row  of mcop_methods[]
 * -ENOSYS: the object has no such method; the connection is still good.
 */
int mcopclient_begin(struct mcopclient *client, uint32_t object,
    enum mcop_row row, struct mcop_writer *writer);
int mcopclient_finish(struct mcopclient *client, struct mcop_writer *writer,
    struct mcop_reader *result);

/* Both, where there are no arguments. */
int mcopclient_call(struct mcopclient *client, uint32_t object,
    enum mcop_row row, struct mcop_reader *result);

/*
 * Takes the object whose reference is the result.  -ENOENT: it is none, or none
 * of that interface.  Once it is not needed any more, it is to be released.
 */
int mcopclient_take(struct mcopclient *client, struct mcop_reader *result,
    enum mcop_interface_tag interface, uint32_t *object);
void mcopclient_release(struct mcopclient *client, uint32_t object);

/*
 * Writes the reference of such an object into a call.  MCOP_OBJECT__copyRemote
 * is to be called before that, so that the object stays.
 */
void mcopclient_put(const struct mcopclient *client, struct mcop_writer *writer,
    uint32_t object);

#endif
