/*
 * Opens and closes devices for the audio thread, which may wait for neither: a
 * card that was pulled out, or another sound server, may take its time.
 *
 * A thread of its own does one thing after another, so that what was closed is
 * closed before the next is opened.  A device belongs to one of the two threads
 * at a time; rings hand it over.
 */
#ifndef OPENER_H
#define OPENER_H

#include <stdbool.h>

#include "server/gate.h"
#include "server/sink.h"

struct opener;

/*
 * Starts the thread; 0 or -errno.  Thread: any.
 *   gate  which cards go through, or NULL; stays the caller's
 *   wake  called on that thread when opener_take() has something
 */
int opener_create(struct gate *gate, void (*wake)(void *arg), void *arg,
    struct opener **created);

/*
 * Ends the thread when it has done all it was asked for, and closes what it
 * had opened.  One that hangs in a device is left behind after two seconds.
 * NULL is fine.  Thread: any.
 */
void opener_destroy(struct opener *opener);

/* Below, thread: audio. */

/* Begins to open a device; only while none is being opened. */
void opener_open(struct opener *opener, const char *name,
    const struct device_want *want);
void opener_listen(struct opener *opener, const char *name,
    const struct device_want *want);

/* One was asked for, and opener_take() has not told yet what came of it. */
bool opener_is_opening(const struct opener *opener);

/* What came of it: error is 0, or -errno and sink is closed.  False: wait. */
bool opener_take(struct opener *opener, struct sink *sink, int *error);

/* Takes a device that opener_take() gave, and closes it; closed is fine. */
void opener_close(struct opener *opener, struct sink *sink);

#endif
