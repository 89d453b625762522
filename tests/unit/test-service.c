/* service.c: what each user may do where one daemon serves several. */
#include <criterion/criterion.h>
#include <unistd.h>

#include "server/service.h"

#define MEMBER 61011

static struct service service;
static struct stream *stream;
static struct client_peer own, root, member, other, remote;

static void
prepare(bool shared)
{
	const struct sound sound = { .rate = 44100, .frame_bytes = 4 };

	service.shared = shared;
	own.uid = (int32_t)geteuid();
	root.uid = 0;
	member.uid = MEMBER;
	other.uid = MEMBER + 1;
	remote.uid = -1;
	cr_assert_eq(stream_create(&sound, "mine", 10, &stream), 0);
}

Test(service, everybody_does_all_where_it_serves_one_user)
{
	prepare(false);
	stream->uid = MEMBER;
	cr_expect(service_obeys(&service, &other));
	cr_expect(service_obeys(&service, &remote));
	cr_expect(service_lets_end(&service, &other, stream));
	stream_destroy(stream);
}

Test(service, obeys_its_own_user_and_root)
{
	prepare(true);
	cr_expect(service_obeys(&service, &own));
	cr_expect(service_obeys(&service, &root));
	cr_expect(!service_obeys(&service, &member));
	cr_expect(!service_obeys(&service, &remote));
	stream_destroy(stream);
}

Test(service, a_stream_is_its_users_after_its_client_has_gone)
{
	prepare(true);
	cr_expect(!service_lets_end(&service, &member, stream), "nobody's");
	stream->uid = MEMBER;
	stream->owner = NULL;
	cr_expect(service_lets_end(&service, &member, stream));
	cr_expect(service_lets_end(&service, &own, stream));
	cr_expect(service_lets_end(&service, &root, stream));
	cr_expect(!service_lets_end(&service, &other, stream));
	cr_expect(!service_lets_end(&service, &remote, stream));
	stream_destroy(stream);
}
