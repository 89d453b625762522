/* packets.c: by hand, and by what the original answered. */
#include <criterion/criterion.h>
#include <errno.h>

#include "compat-tools/libartsc/packets.h"

#define LEAST 14336 /* 81.2698 ms of 44100 Hz, 16-bit stereo */

Test(packets, grow_by_one_then_double)
{
	static const int table[][3] = { { -1, 3, 128 }, { 0, 3, 128 },
		{ 384, 3, 128 }, { 385, 4, 128 }, { 896, 7, 128 },
		{ 897, 4, 256 }, { 1024, 4, 256 }, { 1025, 5, 256 },
		{ LEAST, 7, 2048 }, { 65536, 4, 16384 }, { 100000, 7, 16384 },
		{ 1000000, 4, 262144 } };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct packets packets = packets_for(table[i][0]);

		cr_expect_eq(packets.count, table[i][1], "%d", table[i][0]);
		cr_expect_eq(packets.size, table[i][2], "%d", table[i][0]);
	}
	cr_assert_eq(packets_bytes(packets_for(PACKETS_BYTES_MAX)),
	    PACKETS_BYTES_MAX);
	cr_assert_eq(packets_bytes(packets_for(INT64_MAX)), PACKETS_BYTES_MAX);
}

Test(packets, settings)
{
	static const int table[][2] = { { 0x0002000c, 0x0004000c },
		{ 0x00080008, 0x00380008 }, { 0x00030004, 0x03800004 },
		{ 0x00000000, 0x38000000 }, { 0x0000000e, 0x0001000e },
		{ 0x0001001e, 0x0001001e } };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct packets packets = { 0 };

		cr_expect_eq(packets_set(table[i][0], LEAST, &packets), 0);
		cr_expect_eq(packets_settings(packets), table[i][1], "%x is %x",
		    (unsigned)table[i][0], (unsigned)packets_settings(packets));
	}
}

Test(packets, settings_beyond_measure)
{
	static const int table[] = { 0x0001001f, 0x0001ffff, -1, INT32_MIN,
		0x7fff0010 };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct packets packets = { 7, 7 };

		cr_expect_eq(packets_set(table[i], LEAST, &packets), -ERANGE,
		    "%x", (unsigned)table[i]);
		cr_expect_eq(packets.count, 7);
	}
	cr_assert_eq(packets_set(0, 32768, &(struct packets){ 0, 0 }), -ERANGE);
	cr_assert_eq(packets_set(0, INT64_MAX / 2, &(struct packets){ 0, 0 }),
	    -ERANGE);
}

Test(packets, there_is_always_one)
{
	struct packets packets;

	cr_assert_eq(packets_set(4, 0, &packets), 0);
	cr_assert_eq(packets_settings(packets), 0x00010004);
}
