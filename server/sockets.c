#include "server/sockets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/log.h"

#define SUBJECT "esdmixd"
#define WHY_MAX 512

enum socket_need {
	NEED_ASKED,  /* given by name: it is had, or we do not run */
	NEED_OURS,   /* where our own user's programs look: nobody else's */
	NEED_SHARED, /* nice to have */
};

/* 0, or -1: not to be had without, and said so. */
static int
open_socket(struct sockets *sockets, const char *path, enum socket_need need)
{
	struct listener *listener = &sockets->local[sockets->local_count];
	char why[WHY_MAX];
	int error = listener_open(listener, path, why, sizeof(why));

	if (error == 0) {
		sockets->local_count++;
		return 0;
	}
	bool live = error == -EADDRINUSE;
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

int
sockets_open(struct sockets *sockets, const struct conf *conf)
{
	char path[CONF_TEXT_MAX];
	const char *runtime = runtime_directory();
	int error = 0;

	if (conf->socket[0] != '\0') {
		error = open_socket(sockets, conf->socket, NEED_ASKED);
	}
	if (error == 0 && runtime != NULL) {
		(void)snprintf(path, sizeof(path), "%s/esdmixd/socket",
		    runtime);
		error = open_socket(sockets, path, NEED_OURS);
	}
	if (error == 0 && conf->legacy_sockets) {
		(void)snprintf(path, sizeof(path), "/tmp/.esd-%u/socket",
		    (unsigned)getuid());
		error = open_socket(sockets, path, NEED_OURS);
		if (error == 0) {
			error = open_socket(sockets, "/tmp/.esd/socket",
			    NEED_SHARED);
		}
	}
	if (error == 0) {
		error = open_tcp(sockets, conf);
	}
	if (error == 0 && sockets->local_count + sockets->tcp.count == 0) {
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
}

int
sockets_get(const struct sockets *sockets, unsigned index, const char **name)
{
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
