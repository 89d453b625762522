#include "compat-tools/text.h"

#include <stdbool.h>
#include <stdint.h>

size_t
text_shown(const char *text)
{
	/* By length: no control character, and none longer than it must be. */
	static const uint32_t least[] = { 0, 0x20, 0xA0, 0x800, 0x10000 };
	const unsigned char *byte = (const unsigned char *)text;
	size_t length = byte[0] < 0x80	 ? 1
			: byte[0] < 0xE0 ? 2
			: byte[0] < 0xF0 ? 3
					 : 4;
	uint32_t code = length == 1 ? byte[0] : byte[0] & (0x7FU >> length);

	for (size_t i = 1; i < length; i++) {
		if ((byte[i] & 0xC0) != 0x80) {
			return 0;
		}
		code = code << 6 | (byte[i] & 0x3F);
	}
	bool valid = code >= least[length] && code != 0x7F &&
		     (code < 0xD800 || code > 0xDFFF) && code <= 0x10FFFF &&
		     (byte[0] & 0xC0) != 0x80 && byte[0] < 0xF8;

	return valid ? length : 0;
}
