/*
 * Whether a server is this very process: the plugin may be loaded by the
 * daemon, as the card of which it would play into itself.
 * Thread: any.
 */
#ifndef SELF_H
#define SELF_H

#include <stdbool.h>

/*
 *   fd  a connected socket
 * It is so if a socket of ours listens at the address that it leads to.  Says
 * no where /proc is missing.
 */
bool self_serves(int fd);

#endif
