/*
 * MD5, by which aRts clients prove that they know the cookie: as it should be,
 * and as aRts built for 64-bit machines has it.  Thread: any.
 */
#ifndef MD5_H
#define MD5_H

#include <stdbool.h>
#include <stddef.h>

#define MD5_TEXT_MAX 119 /* bytes: two blocks, less the padding */
#define MD5_HEX	     33	 /* characters of a digest, NUL included */

/*
 * The digest of up to MD5_TEXT_MAX bytes, in lower-case hex.
 *   wide  words are 64 bits wide and nothing is cut off before the end
 * Source: docs/quirks.md "Two MD5s".
 */
void md5_print(const char *text, size_t bytes, bool wide, char hex[MD5_HEX]);

#endif
