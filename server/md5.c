#include "server/md5.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BLOCK 64 /* bytes */

static const uint32_t sines[64] = {
	0xd76aa478,
	0xe8c7b756,
	0x242070db,
	0xc1bdceee,
	0xf57c0faf,
	0x4787c62a,
	0xa8304613,
	0xfd469501,
	0x698098d8,
	0x8b44f7af,
	0xffff5bb1,
	0x895cd7be,
	0x6b901122,
	0xfd987193,
	0xa679438e,
	0x49b40821,
	0xf61e2562,
	0xc040b340,
	0x265e5a51,
	0xe9b6c7aa,
	0xd62f105d,
	0x02441453,
	0xd8a1e681,
	0xe7d3fbc8,
	0x21e1cde6,
	0xc33707d6,
	0xf4d50d87,
	0x455a14ed,
	0xa9e3e905,
	0xfcefa3f8,
	0x676f02d9,
	0x8d2a4c8a,
	0xfffa3942,
	0x8771f681,
	0x6d9d6122,
	0xfde5380c,
	0xa4beea44,
	0x4bdecfa9,
	0xf6bb4b60,
	0xbebfbc70,
	0x289b7ec6,
	0xeaa127fa,
	0xd4ef3085,
	0x04881d05,
	0xd9d4d039,
	0xe6db99e5,
	0x1fa27cf8,
	0xc4ac5665,
	0xf4292244,
	0x432aff97,
	0xab9423a7,
	0xfc93a039,
	0x655b59c3,
	0x8f0ccc92,
	0xffeff47d,
	0x85845dd1,
	0x6fa87e4f,
	0xfe2ce6e0,
	0xa3014314,
	0x4e0811a1,
	0xf7537e82,
	0xbd3af235,
	0x2ad7d2bb,
	0xeb86d391,
};

static const uint8_t shifts[4][4] = { { 7, 12, 17, 22 }, { 5, 9, 14, 20 },
	{ 4, 11, 16, 23 }, { 6, 10, 15, 21 } };

static uint64_t
mix(unsigned i, uint64_t b, uint64_t c, uint64_t d)
{
	switch (i / 16) {
	case 0:
		return (b & c) | (~b & d);
	case 1:
		return (b & d) | (c & ~d);
	case 2:
		return b ^ c ^ d;
	default:
		return c ^ (b | ~d);
	}
}

static unsigned
word_of(unsigned i)
{
	static const uint8_t factor[4] = { 1, 5, 3, 7 };
	static const uint8_t first[4] = { 0, 1, 5, 0 };

	return (factor[i / 16] * i + first[i / 16]) % 16;
}

/*   mask  the bits that a word keeps after each step */
static void
digest_block(uint64_t state[4], const uint8_t *block, uint64_t mask)
{
	uint64_t a = state[0], b = state[1], c = state[2], d = state[3];

	for (unsigned i = 0; i < 64; i++) {
		const uint8_t *at = block + 4 * (size_t)word_of(i);
		uint64_t word = at[0] | (uint64_t)at[1] << 8 |
				(uint64_t)at[2] << 16 | (uint64_t)at[3] << 24;
		unsigned shift = shifts[i / 16][i % 4];
		uint64_t sum = (a + mix(i, b, c, d) + word + sines[i]) & mask;

		a = d;
		d = c;
		c = b;
		b = (b + (sum << shift | sum >> (32 - shift))) & mask;
	}
	state[0] = (state[0] + a) & mask;
	state[1] = (state[1] + b) & mask;
	state[2] = (state[2] + c) & mask;
	state[3] = (state[3] + d) & mask;
}

void
md5_print(const char *text, size_t bytes, bool wide, char hex[MD5_HEX])
{
	uint64_t state[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
	uint64_t mask = wide ? UINT64_MAX : UINT32_MAX;
	uint8_t padded[2 * BLOCK] = { 0 };
	size_t blocks = bytes < BLOCK - 8 ? 1 : 2;

	assert(bytes <= MD5_TEXT_MAX);
	memcpy(padded, text, bytes);
	padded[bytes] = 0x80;
	padded[blocks * BLOCK - 8] = (uint8_t)(bytes * 8);
	padded[blocks * BLOCK - 7] = (uint8_t)(bytes * 8 >> 8);
	for (size_t i = 0; i < blocks; i++) {
		digest_block(state, padded + i * BLOCK, mask);
	}
	for (unsigned i = 0; i < 16; i++) {
		(void)snprintf(hex + 2 * (size_t)i, 3, "%02x",
		    (unsigned)(state[i / 4] >> (8 * (i % 4)) & 0xFF));
	}
}
