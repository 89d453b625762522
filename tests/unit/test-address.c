#include <criterion/criterion.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat-tools/address.h"
#include "protocols/esd.h"

static void
clear(void)
{
	(void)unsetenv("ESPEAKER");
	(void)unsetenv("DISPLAY");
	(void)unsetenv("XDG_RUNTIME_DIR");
}

static void
expect_local(const char *text)
{
	struct address address;

	cr_assert_eq(address_parse(text, &address), 0);
	cr_assert_eq(address.kind, ADDRESS_LOCAL, "%s", text);
	cr_assert_str_eq(address.host, "localhost");
	cr_assert_eq(address.port, ESD_PORT);
}

static void
expect_tcp(const char *text, const char *host, unsigned port)
{
	struct address address;

	cr_assert_eq(address_parse(text, &address), 0, "%s", text);
	cr_assert_eq(address.kind, ADDRESS_TCP, "%s", text);
	cr_assert_str_eq(address.host, host, "%s: %s", text, address.host);
	cr_assert_eq(address.port, port, "%s: %u", text, address.port);
}

Test(address, takes_espeaker_then_display, .init = clear)
{
	expect_local(NULL);
	(void)setenv("DISPLAY", ":0", 1);
	expect_local(NULL);
	(void)setenv("DISPLAY", "unix:0", 1);
	expect_local(NULL);
	(void)setenv("DISPLAY", "xhost:0.0", 1);
	expect_tcp(NULL, "xhost", 16001);
	(void)setenv("ESPEAKER", "", 1);
	expect_tcp(NULL, "xhost", 16001);
	(void)setenv("ESPEAKER", "speaker:1234", 1);
	expect_tcp(NULL, "speaker", 1234);
}

Test(address, empty_text_ignores_espeaker, .init = clear)
{
	(void)setenv("ESPEAKER", "speaker", 1);
	expect_local("");
	(void)setenv("DISPLAY", "xhost:0", 1);
	expect_tcp("", "xhost", 16001);
}

Test(address, knows_this_machine, .init = clear)
{
	char own[256] = "", upper[256];

	expect_local("localhost");
	expect_local("LocalHost");
	cr_assert_eq(gethostname(own, sizeof(own) - 1), 0);
	expect_local(own);
	for (size_t i = 0; i < sizeof(upper); i++) {
		upper[i] = (char)toupper((unsigned char)own[i]);
	}
	expect_local(upper);
	expect_tcp("localhost:16001", "localhost", 16001);
	expect_tcp("127.0.0.1", "127.0.0.1", 16001);
}

Test(address, reads_hosts_and_ports, .init = clear)
{
	expect_tcp("music", "music", 16001);
	expect_tcp("music:8000", "music", 8000);
	expect_tcp(":8000", "localhost", 8000);
	expect_tcp("music:", "music", 16001);
	expect_tcp("music:0", "music", 16001);
	expect_tcp("music:port", "music", 16001);
	expect_tcp("music:70000", "music", 16001);
	expect_tcp("music:-1", "music", 16001);
}

Test(address, reads_ipv6, .init = clear)
{
	expect_tcp("::1", "::1", 16001);
	expect_tcp("fe80::1:2", "fe80::1:2", 16001);
	expect_tcp("[::1]:8000", "::1", 8000);
	expect_tcp("[::1]:", "::1", 16001);
	expect_tcp("[::1]", "::1", 16001);
}

Test(address, reads_unix_paths, .init = clear)
{
	struct address address;

	(void)setenv("ESPEAKER", "unix:/tmp/a:b", 1);
	cr_assert_eq(address_parse(NULL, &address), 0);
	cr_assert_eq(address.kind, ADDRESS_UNIX);
	cr_assert_str_eq(address.path, "/tmp/a:b");
}

/* The original's stack went over at 64 characters. */
Test(address, refuses_what_does_not_fit, .init = clear)
{
	struct address address;
	char text[1000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	cr_assert_eq(address_parse(text, &address), -ENAMETOOLONG);
	text[999 - 5] = ':';
	cr_assert_eq(address_parse(text, &address), -ENAMETOOLONG);
	memcpy(text, "unix:", 5);
	cr_assert_eq(address_parse(text, &address), -ENAMETOOLONG);
	text[0] = '[';
	text[999 - 6] = ']';
	cr_assert_eq(address_parse(text, &address), -ENAMETOOLONG);
	memset(text, 'x', sizeof(text) - 1);
	(void)setenv("DISPLAY", text, 1);
	expect_local("");
}

Test(address, tries_our_socket_first, .init = clear)
{
	char paths[ADDRESS_TRIES][ADDRESS_PATH_MAX];
	char own[64], text[200];

	(void)snprintf(own, sizeof(own), "/tmp/.esd-%u/socket",
	    (unsigned)getuid());
	cr_assert_eq(address_local(paths), 3);
	cr_assert_str_eq(paths[0], own);
	cr_assert_str_eq(paths[1], "/run/esdmixd/socket");
	cr_assert_str_eq(paths[2], "/tmp/.esd/socket");

	(void)setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	cr_assert_eq(address_local(paths), 4);
	cr_assert_str_eq(paths[0], "/run/user/7/esdmixd/socket");
	cr_assert_str_eq(paths[1], own);
	cr_assert_str_eq(paths[2], "/run/esdmixd/socket");
	cr_assert_str_eq(paths[3], "/tmp/.esd/socket");

	memset(text, '/', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	(void)setenv("XDG_RUNTIME_DIR", text, 1);
	cr_assert_eq(address_local(paths), 3);
	cr_assert_str_eq(paths[0], own);
}
