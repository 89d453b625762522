#include "server/sockets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocols/esd.h"
#include "server/log.h"

#define SUBJECT "esdmixd"
#define WHY_MAX 512

enum socket_need {
	NEED_ASKED,  /* given by name: it is had, or we do not run */
	NEED_OURS,   /* where our own user's programs look: nobody else's */
	NEED_SHARED, /* nice to have */
};

/* Whether the service manager handed that one over, or it was given by name. */
static bool
is_had(const struct sockets *sockets, const char *path)
{
	const char *name;

	for (unsigned i = 0; sockets_get(sockets, i, &name) >= 0; i++) {
		if (strcmp(name, path) == 0) {
			return true;
		}
	}
	return false;
}

/* 0, or -1: not to be had without, and said so. */
static int
open_socket(struct sockets *sockets, const struct access *access,
    const char *path, enum socket_need need)
{
	struct listener *listener = &sockets->local[sockets->local_count];
	char why[WHY_MAX];

	if (is_had(sockets, path)) {
		return 0;
	}
	int error = listener_open(listener, path, why, sizeof(why));
	bool live = error == -EADDRINUSE;

	if (error == 0) {
		error = listener_share(listener, access, why, sizeof(why));
		if (error == 0) {
			sockets->local_count++;
			return 0;
		}
		listener_close(listener);
	}
	if (need == NEED_ASKED || (need == NEED_OURS && live)) {
		log_line(LOG_ERR, SUBJECT, "%s", why);
		return -1;
	}
	log_line(need == NEED_SHARED && !live ? LOG_INFO : LOG_WARN, SUBJECT,
	    "going without a socket: %s", why);
	return 0;
}

/* The runtime directory, if it is ours alone; else NULL. */
static const char *
runtime_directory(void)
{
	const char *directory = getenv("XDG_RUNTIME_DIR");
	struct stat st;

	if (directory == NULL || directory[0] == '\0') {
		return NULL;
	}
	if (directory[0] != '/' || stat(directory, &st) != 0 ||
	    !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & (S_IWGRP | S_IWOTH))) {
		log_line(LOG_WARN, SUBJECT,
		    "XDG_RUNTIME_DIR=%s is not a directory that is ours "
		    "alone; doing without",
		    directory);
		return NULL;
	}
	return directory;
}

/* 0, or -1: asked for and not to be had, and said so. */
static int
open_tcp(struct sockets *sockets, const struct conf *conf)
{
	struct tcp_where where = { .host = conf->bind,
		.everywhere = conf->public,
		.port = (uint16_t)conf->port };
	char why[WHY_MAX];

	if (!conf->tcp) {
		if ((conf->public || conf->bind[0] != '\0') &&
		    !conf->arts_tcp) {
			log_line(LOG_WARN, SUBJECT,
			    "public and bind change nothing without tcp");
		}
		return 0;
	}
	if (tcp_open(&sockets->tcp, &where, why, sizeof(why)) < 0) {
		log_line(LOG_ERR, SUBJECT, "%s", why);
		return -1;
	}
	if (conf->public && conf->bind[0] == '\0') {
		log_line(LOG_WARN, SUBJECT,
		    "public: whoever reaches TCP port %d of this machine may "
		    "try its key, and what is sent there is not encrypted",
		    (int)conf->port);
	}
	return 0;
}

static int
take_given(struct sockets *sockets)
{
	char why[WHY_MAX];

	if (manager_take(&sockets->given, why, sizeof(why)) < 0) {
		log_line(LOG_ERR, SUBJECT, "%s", why);
		return -1;
	}
	return 0;
}

/* Where programs of all users look. */
static int
open_system(struct sockets *sockets, const struct conf *conf,
    const struct access *access)
{
	int error = open_socket(sockets, access, ESD_SYSTEM_SOCKET, NEED_ASKED);

	if (error == 0 && conf->legacy_sockets) {
		error = open_socket(sockets, access, "/tmp/.esd/socket",
		    NEED_SHARED);
	}
	return error;
}

/* Where our own user's look. */
static int
open_own(struct sockets *sockets, const struct conf *conf,
    const struct access *access)
{
	const char *runtime = runtime_directory();
	char path[CONF_TEXT_MAX];
	int error = 0;

	if (runtime != NULL) {
		(void)snprintf(path, sizeof(path), "%s/esdmixd/socket",
		    runtime);
		error = open_socket(sockets, access, path, NEED_OURS);
	}
	if (error == 0 && conf->legacy_sockets) {
		(void)snprintf(path, sizeof(path), "/tmp/.esd-%u/socket",
		    (unsigned)getuid());
		error = open_socket(sockets, access, path, NEED_OURS);
		if (error == 0) {
			error = open_socket(sockets, access, "/tmp/.esd/socket",
			    NEED_SHARED);
		}
	}
	return error;
}

int
sockets_open(struct sockets *sockets, const struct conf *conf,
    const struct access *access)
{
	int error = take_given(sockets);

	if (error == 0 && conf->socket[0] != '\0') {
		error = open_socket(sockets, access, conf->socket, NEED_ASKED);
	}
	if (error == 0) {
		error = conf->system ? open_system(sockets, conf, access)
				     : open_own(sockets, conf, access);
	}
	if (error == 0) {
		error = open_tcp(sockets, conf);
	}
	if (error == 0 &&
	    sockets->given.count + sockets->local_count + sockets->tcp.count ==
		0) {
		log_line(LOG_ERR, SUBJECT,
		    "no socket to listen on; give one with --socket PATH");
		error = -1;
	}
	return error;
}

void
sockets_close(struct sockets *sockets)
{
	for (unsigned i = 0; i < sockets->local_count; i++) {
		listener_close(&sockets->local[i]);
	}
	sockets->local_count = 0;
	tcp_close(&sockets->tcp);
	manager_drop(&sockets->given);
}

int
sockets_get(const struct sockets *sockets, unsigned index, const char **name)
{
	if (index < sockets->given.count) {
		*name = sockets->given.sockets[index].name;
		return sockets->given.sockets[index].fd;
	}
	index -= sockets->given.count;
	if (index < sockets->local_count) {
		*name = sockets->local[index].path;
		return sockets->local[index].fd;
	}
	index -= sockets->local_count;
	if (index < sockets->tcp.count) {
		*name = sockets->tcp.sockets[index].name;
		return sockets->tcp.sockets[index].fd;
	}
	return -1;
}

const char *
sockets_path(const struct sockets *sockets)
{
	const char *name;

	for (unsigned i = 0; sockets_get(sockets, i, &name) >= 0; i++) {
		if (name[0] == '/') {
			return name;
		}
	}
	return NULL;
}

void
sockets_list(const struct sockets *sockets, char list[SOCKETS_LIST_MAX])
{
	const char *name;
	size_t n = 0;

	list[0] = '\0';
	for (unsigned i = 0; sockets_get(sockets, i, &name) >= 0; i++) {
		n += (size_t)snprintf(list + n, SOCKETS_LIST_MAX - n, "%s%s",
		    i > 0 ? ", " : "", name);
	}
}
