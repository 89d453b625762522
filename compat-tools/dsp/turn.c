#include "compat-tools/dsp/turn.h"

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4
#define PLACES	16	/* that wait, at most */
#define MUTE	1000000 /* us: one that has stopped is not waited for */

/* FNV-1a, its end included. */
static uint64_t
mix(uint64_t hash, const char *text)
{
	do {
		hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001B3);
	} while (*text++ != '\0');
	return hash;
}

/* Which daemon it is, too. */
static void
set_address(struct turn *turn, const char *name)
{
	static const char *const variables[] = { "ESPEAKER",
		"XDG_RUNTIME_DIR" };
	uint64_t hash = mix(UINT64_C(0xCBF29CE484222325), name);
	int length;

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *value = getenv(variables[i]);

		hash = mix(hash, value == NULL ? "" : value);
	}
	turn->address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	length = snprintf(turn->address.sun_path + 1,
	    sizeof(turn->address.sun_path) - 1, "esdturn-%u-%016llx",
	    (unsigned)geteuid(), (unsigned long long)hash);
	turn->bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				  (size_t)length);
}

static bool
is_own(int fd)
{
	struct ucred peer;
	socklen_t bytes = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0 &&
	       peer.uid == geteuid();
}

static void
drop(struct turn *turn, int *fd)
{
	if (*fd >= 0) {
		loop_unwatch(turn->loop, *fd);
		(void)close(*fd);
		*fd = -1;
	}
}

static int
make_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* --- for who comes later -------------------------------------------------- */

/*
 * One that asks while a program has this device open is hung up on; else he
 * takes over the name, is told his place, and waits for our end.
 */
static void
on_listener(void *arg, int listener, short events)
{
	struct turn *turn = arg;
	uint8_t place = (uint8_t)(turn->place + 1);
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		return;
	}
	if (!is_own(fd) || place > PLACES || !turn->ended(turn->arg)) {
		(void)close(fd);
		return;
	}
	drop(turn, &turn->listener);
	turn->after = fd;
	(void)send(fd, &place, sizeof(place), MSG_NOSIGNAL);
}

static void
listen_here(struct turn *turn)
{
	int fd;

	if (turn->listener >= 0) {
		return;
	}
	fd = make_socket();
	if (fd < 0) {
		return;
	}
	if (bind(fd, (struct sockaddr *)&turn->address, turn->bytes) == 0 &&
	    listen(fd, BACKLOG) == 0 &&
	    loop_watch(turn->loop, fd, POLLIN, on_listener, turn) == 0) {
		turn->listener = fd;
	} else {
		(void)close(fd); /* somebody else is there */
	}
}

/* --- for who came before -------------------------------------------------- */

static void
come(struct turn *turn)
{
	turn->place = 0;
	loop_unset(turn->loop, &turn->mute);
	drop(turn, &turn->before);
	listen_here(turn);
	turn->came(turn->arg);
}

static void
on_mute(void *arg)
{
	come(arg);
}

static void
on_before(void *arg, int fd, short events)
{
	struct turn *turn = arg;
	uint8_t place;

	if (recv(fd, &place, sizeof(place), MSG_DONTWAIT) == sizeof(place)) {
		turn->place = place;
		loop_unset(turn->loop, &turn->mute);
		listen_here(turn);
	} else {
		come(turn);
	}
}

void
turn_begin(struct turn *turn, const char *name)
{
	int fd = make_socket();

	set_address(turn, name);
	turn->mute = (struct loop_timer){ .fired = on_mute, .arg = turn };
	if (fd >= 0 &&
	    connect(fd, (struct sockaddr *)&turn->address, turn->bytes) == 0 &&
	    is_own(fd) &&
	    loop_watch(turn->loop, fd, POLLIN, on_before, turn) == 0) {
		turn->before = fd;
		loop_set(turn->loop, &turn->mute, loop_now() + MUTE);
		return;
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	listen_here(turn);
}

bool
turn_has_come(const struct turn *turn)
{
	return turn->before < 0;
}

void
turn_end(struct turn *turn)
{
	loop_unset(turn->loop, &turn->mute);
	drop(turn, &turn->listener);
	drop(turn, &turn->before);
	drop(turn, &turn->after);
}
