#include "server/access.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUPS_USUAL 64 /* more are asked for a second time */

mode_t
access_mode(const struct access *access)
{
	switch (access->who) {
	case ACCESS_ALL:
		return S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH |
		       S_IWOTH;
	case ACCESS_GROUP:
		return S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP;
	default:
		return S_IRUSR | S_IWUSR;
	}
}

static bool
is_among(gid_t group, const gid_t *groups, socklen_t size)
{
	for (size_t i = 0; i < size / sizeof(*groups); i++) {
		if (groups[i] == group) {
			return true;
		}
	}
	return false;
}

/* The peer's groups besides its first; the kernel knows no more than 65536. */
static bool
is_member(gid_t group, int fd)
{
	gid_t usual[GROUPS_USUAL];
	socklen_t size = sizeof(usual);
	bool member = false;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, usual, &size) == 0) {
		return is_among(group, usual, size);
	}
	if (errno != ERANGE) {
		return false;
	}
	gid_t *groups = malloc(size);
	if (groups != NULL &&
	    getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0) {
		member = is_among(group, groups, size);
	}
	free(groups);
	return member;
}

bool
access_admits(const struct access *access, int fd, const struct ucred *peer)
{
	if (peer->uid == 0 || peer->uid == geteuid()) {
		return true;
	}
	switch (access->who) {
	case ACCESS_ALL:
		return true;
	case ACCESS_GROUP:
		return peer->gid == access->group ||
		       is_member(access->group, fd);
	default:
		return false;
	}
}
