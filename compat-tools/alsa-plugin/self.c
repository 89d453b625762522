#include "compat-tools/alsa-plugin/self.h"

#include <dirent.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

union name {
	struct sockaddr any;
	struct sockaddr_un local;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_storage room;
};

static bool
name_of(int fd, bool peer, union name *name)
{
	socklen_t size = sizeof(*name);

	memset(name, 0, sizeof(*name));
	return (peer ? getpeername(fd, &name->any, &size)
		     : getsockname(fd, &name->any, &size)) == 0;
}

static bool
is_listening(int fd)
{
	int on = 0;
	socklen_t size = sizeof(on);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &size) == 0 &&
	       on != 0;
}

static in_port_t
port_of(const union name *name)
{
	return name->any.sa_family == AF_INET6 ? name->v6.sin6_port
					       : name->v4.sin_port;
}

/* A connection to this machine has one address at both ends. */
static bool
is_at_home(const union name *here, const union name *there)
{
	if (here->any.sa_family != there->any.sa_family) {
		return false;
	}
	if (here->any.sa_family == AF_INET) {
		return here->v4.sin_addr.s_addr == there->v4.sin_addr.s_addr;
	}
	return here->any.sa_family == AF_INET6 &&
	       memcmp(&here->v6.sin6_addr, &there->v6.sin6_addr,
		   sizeof(here->v6.sin6_addr)) == 0;
}

/* A listener for IPv6 may be one for IPv4, too: the port decides. */
static bool
leads_to(const union name *there, bool at_home, int listener)
{
	union name name;

	if (!name_of(listener, false, &name)) {
		return false;
	}
	if (there->any.sa_family == AF_UNIX) {
		return name.any.sa_family == AF_UNIX &&
		       memcmp(name.local.sun_path, there->local.sun_path,
			   sizeof(name.local.sun_path)) == 0;
	}
	return at_home &&
	       (name.any.sa_family == AF_INET ||
		   name.any.sa_family == AF_INET6) &&
	       port_of(&name) == port_of(there);
}

bool
self_serves(int fd)
{
	union name here, there;
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	if (!name_of(fd, false, &here) || !name_of(fd, true, &there)) {
		return false;
	}
	dir = opendir("/proc/self/fd");
	while (dir != NULL && !found && (entry = readdir(dir)) != NULL) {
		char *end;
		long number = strtol(entry->d_name, &end, 10);

		found =
		    *end == '\0' && is_listening((int)number) &&
		    leads_to(&there, is_at_home(&here, &there), (int)number);
	}
	if (dir != NULL) {
		(void)closedir(dir);
	}
	return found;
}
