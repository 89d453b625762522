/* Text from anybody, for a terminal. */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>

/*
 * Bytes of the UTF-8 character at the beginning of a text that isn't empty; 0:
 * that is a control character, or no UTF-8, and its first byte isn't to be
 * shown.
 */
size_t text_shown(const char *text);

#endif
