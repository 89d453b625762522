/* ring.c: positions, spans and records, by one thread. */
#include <criterion/criterion.h>
#include <string.h>

#include "server/ring.h"

static struct ring ring;

static void
open_ring(void)
{
	cr_assert_eq(ring_init(&ring, 9), 0);
}

static void
close_ring(void)
{
	ring_finish(&ring);
}

TestSuite(ring, .init = open_ring, .fini = close_ring);

Test(ring, size_is_rounded_up_to_a_power_of_two)
{
	cr_assert_eq(ring.size, 16);
	cr_assert_eq(ring_room(&ring), 16);
	cr_assert_eq(ring_used(&ring), 0);
}

Test(ring, spans_end_at_the_edge)
{
	uint8_t *in;
	const uint8_t *out;

	cr_assert_eq(ring_write_span(&ring, &in), 16);
	ring_written(&ring, 12);
	cr_assert_eq(ring_write_span(&ring, &in), 4);
	cr_assert_eq(ring_read_span(&ring, &out), 12);
	ring_consumed(&ring, 10);
	cr_assert_eq(ring_write_span(&ring, &in), 4);
	ring_written(&ring, 4);
	cr_assert_eq(ring_write_span(&ring, &in), 10);
	cr_assert_eq(in, ring.data);
	cr_assert_eq(ring_read_span(&ring, &out), 6);
	cr_assert_eq(out, ring.data + 10);
}

Test(ring, a_full_ring_has_no_room)
{
	uint8_t *in;

	(void)ring_write_span(&ring, &in);
	ring_written(&ring, 16);
	cr_assert_eq(ring_room(&ring), 0);
	cr_assert_eq(ring_write_span(&ring, &in), 0);
	cr_assert_not(ring_put(&ring, "x", 1));
}

Test(ring, records_come_out_as_they_went_in_across_the_edge)
{
	char out[6];

	for (int i = 0; i < 100; i++) {
		char in[6] = { 'a', 'b', 'c', 'd', 'e', (char)i };

		cr_assert(ring_put(&ring, in, sizeof(in)));
		cr_assert(ring_get(&ring, out, sizeof(out)));
		cr_assert_eq(memcmp(in, out, sizeof(in)), 0);
	}
	cr_assert_not(ring_get(&ring, out, 1));
}

Test(ring, a_record_goes_in_whole_or_not_at_all)
{
	char out[16];

	cr_assert(ring_put(&ring, "0123456789", 10));
	cr_assert_not(ring_put(&ring, "0123456789", 10));
	cr_assert_eq(ring_used(&ring), 10);
	cr_assert_not(ring_get(&ring, out, 11));
	cr_assert_eq(ring_used(&ring), 10);
}
