/*
 * Names of sound devices under /dev, and ways to open them.  Nothing is looked
 * at but the text, so that they need not exist.  Thread: any;
 * async-signal-safe.
 */
#ifndef NODE_H
#define NODE_H

/*
 * The device of enum door_device that this path names; -1: none of ours.
 *   only  $ESDDSP_DEVICES: names, with or without /dev/, parted by commas;
 *         others are none of ours then.  NULL or "": all are
 */
int node_find(const char *path, const char *only);

/*
 * How open() with such flags opens a device: DOOR_READ, DOOR_WRITE.  -errno,
 * where it opens none.
 */
int node_access(int flags);

#endif
