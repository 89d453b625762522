/*
 * How a client's stream is connected and let go: the requests about it, and the
 * calls that we make to the client's objects meanwhile.
 * Thread: control.  Source: docs/arts.md "A stream, step by step".
 */
#ifndef ARTSATTACH_H
#define ARTSATTACH_H

#include "server/artsclient.h"

arts_handler on_attach, on_attach_recorder, on_detach, on_create_receiver,
    on_disconnect;

#endif
