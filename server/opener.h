/*
 * Opens and closes devices for the audio thread, which may wait for neither: a
 * card that was pulled out, or another sound server, may take its time.
 *
 * A thread of its own does one thing after another, so that what was closed is
 * closed before the next is opened.  A device belongs to one of the two threads
 * at a time; rings hand it over.  While a device hangs, a second thread does
 * the same for the others.
 */
#ifndef OPENER_H
#define OPENER_H

#include <stdbool.h>

#include "server/gate.h"
#include "server/sink.h"

#define OPENER_PATIENCE_MS 5000 /* longer than that of reserve.h */

struct opener;

/*
 * Starts the threads; 0 or -errno.  Thread: any.
 *   gate  which cards go through, or NULL; stays the caller's
 *   wake  called on such a thread when opener_take() has something
 */
int opener_create(struct gate *gate, void (*wake)(void *arg), void *arg,
    struct opener **created);

/*
 * Ends the threads when they have done all they were asked for, and closes
 * what they had opened.  One that hangs in a device is left behind after two
 * seconds, and may go through the gate later.
 * NULL is fine.  Thread: any.
 */
void opener_destroy(struct opener *opener);

/* Below, thread: audio. */

/* Begins to open a device; only while none is being opened.  now in ms. */
void opener_open(struct opener *opener, const char *name,
    const struct device_want *want, uint64_t now);
void opener_listen(struct opener *opener, const char *name,
    const struct device_want *want, uint64_t now);

/* One was asked for, and opener_take() has not told yet what came of it. */
bool opener_is_opening(const struct opener *opener);

/*
 * What came of it: error is 0, or -errno and sink is closed; -ETIMEDOUT: it
 * hangs, and until it comes back each try of it ends so.  False: wait.
 */
bool opener_take(struct opener *opener, struct sink *sink, int *error,
    uint64_t now);

/* Takes a device that opener_take() gave, and closes it; closed is fine. */
void opener_close(struct opener *opener, struct sink *sink);

#endif
