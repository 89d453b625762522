/*
 * Tells when the kernel has made or changed a sound device's node, so that a
 * card which is plugged in is tried at once.  Thread: any, one at a time.
 */
#ifndef HOTPLUG_H
#define HOTPLUG_H

#include <stdbool.h>

#define HOTPLUG_ROOT  "/dev"
#define HOTPLUG_NODES "snd" /* below it; comes with the first card */

struct hotplug {
	const char *root; /* constant */
	int fd;		  /* inotify; -1: nothing is told */
	int root_watch;	  /* where only the nodes' directory is news */
};

/*
 * Watches root/HOTPLUG_NODES, which need not be there yet.  Where that cannot
 * be, nothing is ever told.
 *   root  HOTPLUG_ROOT, or a test's; stays the caller's
 */
void hotplug_open(struct hotplug *hotplug, const char *root);
void hotplug_close(struct hotplug *hotplug);

/* Something came, or its rights changed, since this was last asked. */
bool hotplug_happened(struct hotplug *hotplug);

#endif
