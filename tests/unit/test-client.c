/* The client against a server whose answers lie ready in a socket pair. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compat-tools/client.h"

static struct client client;
static int server;

static void
open_pair(void)
{
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	client_adopt(&client, pair[0], 100);
	server = pair[1];
}

static void
answer(const void *data, size_t bytes)
{
	cr_assert_eq(write(server, data, bytes), (ssize_t)bytes);
}

/* What the client sent, in one piece. */
static void
expect_request(const void *data, size_t bytes)
{
	uint8_t got[512];

	cr_assert_eq(recv(server, got, sizeof(got), 0), (ssize_t)bytes);
	cr_assert_eq(memcmp(got, data, bytes), 0);
}

Test(client, asks_and_reads, .init = open_pair)
{
	const int32_t request[] = { 16, 0 };
	const int32_t reply[] = { 0, 48000, 0x21 };
	struct esd_version version = { 0 };
	struct esd_server info;

	answer(reply, sizeof(reply));
	cr_assert_eq(client_call(&client, ESD_SERVER_INFO, &version,
			 (struct client_reply[]){ { .record = &info } }),
	    0);
	expect_request(request, sizeof(request));
	cr_assert_eq(info.rate, 48000);
	cr_assert_eq(info.format, 0x21);
}

Test(client, reads_two_replies, .init = open_pair)
{
	const int32_t reply[] = { 1, 0 };
	struct esd_auth auth = { .endian = ESD_ENDIAN_KEY };
	struct esd_raw_ok verdict;
	struct esd_ok ok = { 7 };

	answer(reply, sizeof(reply));
	cr_assert_eq(client_call(&client, ESD_LOCK, &auth,
			 (struct client_reply[]){ { .record = &verdict },
			     { .record = &ok } }),
	    0);
	cr_assert_eq(verdict.ok, 1);
	cr_assert_eq(ok.ok, 0);
}

static int
note_id(void *arg, const void *record)
{
	const struct esd_player *player = record;
	char *seen = arg;

	seen[strlen(seen)] = (char)('0' + player->id);
	return player->id == 5 ? 99 : 0;
}

static void
answer_player(int32_t id, int32_t leftover)
{
	struct esd_player player = { .id = id, .left = leftover };

	answer(&player, 148);
}

/* Other servers leave something in their terminators. */
Test(client, reads_lists_to_their_ends, .init = open_pair)
{
	const int32_t info[] = { 0, 44100, 0x21 };
	uint8_t end[152] = { 0 };
	struct esd_version version = { 0 };
	char seen[8] = "";
	char after;

	answer(info, sizeof(info));
	answer_player(5, 256);
	answer_player(6, 256);
	answer_player(0, 256);
	answer(end, sizeof(end));
	answer("!", 1);
	cr_assert_eq(
	    client_call(&client, ESD_ALL_INFO, &version,
		(struct client_reply[]){ { NULL, NULL, NULL },
		    { .each = note_id, .arg = seen }, { NULL, NULL, NULL } }),
	    99);
	cr_assert_str_eq(seen, "5", "called on after it said no: %s", seen);
	cr_assert_eq(read(client.fd, &after, 1), 1);
	cr_assert_eq(after, '!');
}

Test(client, throws_replies_away, .init = open_pair)
{
	const int32_t info[] = { 0, 44100, 0x21 };
	uint8_t ends[300] = { 0 };
	struct esd_version version = { 0 };

	answer(info, sizeof(info));
	answer(ends, sizeof(ends));
	cr_assert_eq(client_call(&client, ESD_ALL_INFO, &version, NULL), 0);
}

/* SAMPLE_CACHE: an id before the bytes, and one after. */
Test(client, stops_at_the_blob, .init = open_pair)
{
	const int32_t ids[] = { 3, 4 };
	struct esd_sample sample = { .format = 0x1011, .rate = 22050 };
	struct esd_id first, second;

	answer(ids, sizeof(ids));
	cr_assert_eq(client_call(&client, ESD_SAMPLE_CACHE, &sample,
			 (struct client_reply[]){ { .record = &first } }),
	    0);
	cr_assert_eq(first.id, 3);
	cr_assert_eq(client_rest(&client, ESD_SAMPLE_CACHE,
			 (struct client_reply[]){ { .record = &second } }),
	    0);
	cr_assert_eq(second.id, 4);
}

Test(client, gives_up_in_time, .init = open_pair)
{
	struct esd_lag lag;

	answer("abc", 3);
	cr_assert_eq(client_call(&client, ESD_LATENCY, NULL,
			 (struct client_reply[]){ { .record = &lag } }),
	    -ETIMEDOUT);
	cr_assert_not_null(strstr(client.why, "LATENCY"), "%s", client.why);
	cr_assert_not_null(strstr(client.why, "100 ms"), "%s", client.why);
}

Test(client, tells_a_closed_connection, .init = open_pair)
{
	struct esd_lag lag;

	(void)close(server);
	cr_assert_eq(client_call(&client, ESD_LATENCY, NULL,
			 (struct client_reply[]){ { .record = &lag } }),
	    -ECONNRESET);
	cr_assert_not_null(strstr(client.why, "closes"), "%s", client.why);
	/* And there is no signal that ends the process. */
	cr_assert_eq(client_write(&client, "abcd", 4), -EPIPE);
}

Test(client, begins_a_stream, .init = open_pair)
{
	uint8_t expected[140] = { 0 };
	const int32_t head[] = { 3, 0x1021, 44100 };
	char name[200];
	int size;
	socklen_t length = sizeof(size);

	memcpy(expected, head, sizeof(head));
	memset(expected + 12, 'x', 127);
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	cr_assert_eq(
	    client_stream(&client, ESD_STREAM_PLAY, 0x1021, 44100, name), 0);
	expect_request(expected, sizeof(expected));
	cr_assert_eq(
	    getsockopt(client.fd, SOL_SOCKET, SO_SNDBUF, &size, &length), 0);
	cr_assert_eq(size, 2 * 16384);
}

/* As the original computes it: the rate on the wrong side. */
Test(client, sizes_buffers_as_old_clients_do)
{
	cr_assert_eq(client_buffer_bytes(0x21, 44100), 16384);
	cr_assert_eq(client_buffer_bytes(0x10, 44100), 4096);
	cr_assert_eq(client_buffer_bytes(0x11, 22050), 16384);
	cr_assert_eq(client_buffer_bytes(0x20, 48000), 7526);
	cr_assert_eq(client_buffer_bytes(0x21, 0), 0);
	cr_assert_eq(client_buffer_bytes(0x21, -1), 0);
}
