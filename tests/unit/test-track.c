#include <criterion/criterion.h>

#include <sys/ioctl.h>
#include <sys/socket.h>

#include "compat-tools/track.h"

#define MORE 100

/* Bytes that are not read yet. */
static int
waiting(int fd)
{
	int bytes;

	cr_assert(ioctl(fd, FIONREAD, &bytes) == 0);
	return bytes;
}

/* A daemon that tells without end keeps nobody from coming back. */
Test(track, reads_no_more_than_so_many_records_at_a_time)
{
	static uint8_t bytes[TRACK_RECORDS + MORE][ESD_RECORD_MAX];
	const struct wire_layout *layout = &esd_layouts[ESD_LAYOUT_position];
	struct esd_position record = { .played_low = 1 };
	struct track track = { .frame_bytes = 4, .granted.id = 1 };
	uint8_t *at = &bytes[0][0];
	int ends[2];

	cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	for (int i = 0; i < TRACK_RECORDS + MORE; i++) {
		wire_encode(layout, false, &record, at);
		at += layout->size;
	}
	cr_assert(send(ends[1], bytes, (size_t)(at - &bytes[0][0]),
		      MSG_DONTWAIT) == at - &bytes[0][0]);
	track_init(&track, 44100);
	client_adopt(&track.stream, ends[0], 1000);
	cr_assert(track_look(&track) == 0);
	cr_assert(waiting(ends[0]) == MORE * (int)layout->size);
	cr_assert(track_look(&track) == 0);
	cr_assert(waiting(ends[0]) == 0);
	cr_assert(track_look(&track) == 0);
}
