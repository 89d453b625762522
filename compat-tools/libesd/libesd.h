/*
 * What the library's files share.  Thread: any, but where it says so.
 */
#ifndef LIBESD_H
#define LIBESD_H

#include <stdbool.h>

#include "compat-tools/client.h"
#include "compat-tools/libesd/esd.h"

/*
 * How long a whole exchange may take.  The original gave up after 100 ms and
 * left the connection out of step, which a server on a busy machine or a slow
 * network did not deserve; a program's user still takes a second.  Where the
 * original waited for ever, a server that is stopped shall not hang its
 * clients.
 */
#define LIBESD_ANSWER_MS 1000
#define LIBESD_LIST_MS	 5000

/* client_call() on a program's descriptor; tells libesd_complain(). */
int libesd_call(int esd, enum esd_opcode opcode, int timeout_ms, const void *in,
    const struct client_reply *replies);

/* Shows client->why on standard error if ESD_DEBUG is a number above 0. */
void libesd_complain(const struct client *client);

/*
 * Starts this user's server, if the configuration lets us and we do not run
 * with somebody else's rights, and waits until it is ready, fails, or
 * esd_spawn_wait_ms are over.  Whether one was started: if so, knock again.
 */
bool libesd_spawn(void);

/*
 * Exported, but in no header of the original: esd_set_socket_buffers() returns
 * the bytes it set for each direction, esd_config_read() sets the variables
 * below from esd.conf and the environment, once per process.
 */
int esd_set_socket_buffers(int sock, int format, int rate, int base_rate);
void esd_config_read(void);
void esound_genrand(unsigned char *buffer, int bytes);

#define LIBESD_OPTIONS_MAX 1024 /* bytes, NUL included */

extern int esd_no_spawn;
extern int esd_spawn_wait_ms;
extern char esd_spawn_options[LIBESD_OPTIONS_MAX];
extern char esd_default_options[LIBESD_OPTIONS_MAX];

#endif
