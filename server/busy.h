/*
 * Why a device cannot be had, for people: who has it, where that can be found
 * out.  Thread: control.
 */
#ifndef BUSY_H
#define BUSY_H

#include <stddef.h>

#define BUSY_TEXT_MAX 640 /* bytes, NUL included */

/*
 * The device's own text for the error; if it is busy, with those who have its
 * card, or else who has reserved it, instead of "another program".
 *   way   as of holder_find()
 *   pid   who is known to have reserved it; 0: nobody
 *   text  where it may be made; returned is either that or a static one
 */
const char *busy_reason(const char *device, int error, char way, int pid,
    char text[BUSY_TEXT_MAX]);

#endif
