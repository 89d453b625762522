/*
 * What the daemon does for each ESD row; session_host.server is a struct
 * service.  Thread: control.
 */
#ifndef ESD_H
#define ESD_H

#include "server/service.h"
#include "server/session.h"

/* One a row, in esd.def's order. */
extern session_handler *const esd_handlers[ESD_OPS];

/*
 * Lends a stream to the mixer under a new id, at the volume that is meant for
 * it, and the client's bytes go there.  0, or -EPROTO: refused, and freed.
 */
int esd_start(struct session *session, struct stream *stream);

/* Reads what a stream is to be; 0, or -EPROTO: refused. */
int esd_parse(struct session *session, int32_t format, int32_t rate,
    struct sound *sound);

/* One line, then -EPROTO, for a stream or clip that cannot be had. */
int esd_refuse(const struct session *session, int error);

#endif
