#include "server/artsserver.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/log.h"

#define SUBJECT "arts"
#define WHY_MAX 512

/* --- for the handlers -------------------------------------------------- */

static bool
give_cookie(void *arg, unsigned index, char cookie[MCOP_SEED_LEN + 1])
{
	const struct artsserver *server = arg;

	return rendezvous_cookie(&server->rendezvous, index, cookie);
}

static void
terminate(void *arg)
{
	const struct artsserver *server = arg;

	loop_stop(server->settings.loop);
}

/* By our own player: it reads whatever files there are. */
static bool
play_file(void *arg, const char *path)
{
	struct artsserver *server = arg;
	char where[LISTENER_PATH_MAX + 8];
	const char *const argv[] = { "esdplay", "-s", where, path, NULL };

	if (server->settings.socket == NULL) {
		return false;
	}
	(void)snprintf(where, sizeof(where), "unix:%s",
	    server->settings.socket);
	return children_start(&server->children, argv);
}

/* --- sockets ----------------------------------------------------------- */

/* 0, or -1: asked for and not to be had, and said so. */
static int
open_tcp(struct artsserver *server)
{
	const struct conf *conf = server->settings.conf;
	struct tcp_where where = { .host = conf->bind,
		.everywhere = conf->public,
		.port = (uint16_t)conf->arts_port };
	char own[256] = "", why[WHY_MAX];
	const char *host = "127.0.0.1";

	if (!conf->arts_tcp) {
		return 0;
	}
	if (conf->bind[0] != '\0') {
		host = conf->bind;
	} else if (conf->public && gethostname(own, sizeof(own) - 1) == 0) {
		host = own;
	}
	if (tcp_open(&server->tcp, &where, why, sizeof(why)) < 0) {
		log_line(LOG_ERR, SUBJECT, "%s", why);
		return -1;
	}
	(void)snprintf(server->addresses[1], MCOP_ADDRESS_MAX, "tcp:%.255s:%d",
	    host, (int)conf->arts_port);
	return 0;
}

static int
listen_all(struct artsserver *server)
{
	struct loop *loop = server->settings.loop;
	int error = loop_listen(loop, server->rendezvous.listener.fd,
	    &artsclient_kind, &server->arts);

	for (unsigned i = 0; error == 0 && i < server->tcp.count; i++) {
		error = loop_listen(loop, server->tcp.sockets[i].fd,
		    &artsclient_kind, &server->arts);
	}
	if (error < 0) {
		log_line(LOG_ERR, SUBJECT, "cannot listen: %s",
		    strerror(-error));
	}
	return error < 0 ? -1 : 0;
}

static void
publish(struct artsserver *server)
{
	struct mcop_reference *self = &server->arts.self;
	char text[MCOP_TEXT_MAX];

	(void)snprintf(server->addresses[0], MCOP_ADDRESS_MAX, "unix:%s",
	    server->rendezvous.listener.path);
	self->server = server->rendezvous.id;
	for (unsigned i = 0; i < ARTSSERVER_ADDRESSES; i++) {
		if (server->addresses[i][0] != '\0') {
			self->addresses[self->count++] = server->addresses[i];
		}
	}
	struct mcop_reference reference = *self;
	reference.object = ARTS_SERVER;
	(void)mcop_print_reference(&reference, text, sizeof(text));
	rendezvous_publish(&server->rendezvous, text);
}

int
artsserver_open(struct artsserver *server,
    const struct artsserver_settings *settings)
{
	server->settings = *settings;
	server->arts = (struct arts){
		.service = settings->service,
		.clients = settings->clients,
		.handlers = arts_handlers,
		.version = settings->version,
		.cookie = give_cookie,
		.play = play_file,
		.terminate = terminate,
		.arg = server,
		.last_object = ARTS_OBJECTS,
		.multiplier = settings->conf->arts_buffers,
	};
	if (!settings->conf->arts || rendezvous_open(&server->rendezvous) < 0) {
		return 0;
	}
	if (open_tcp(server) < 0 || listen_all(server) < 0) {
		return -1;
	}
	publish(server);
	log_line(LOG_INFO, SUBJECT, "found by its programs in %s",
	    server->rendezvous.directories[0].path);
	return 0;
}

void
artsserver_close(struct artsserver *server)
{
	arts_finish(&server->arts);
	rendezvous_close(&server->rendezvous);
	tcp_close(&server->tcp);
	children_finish(&server->children);
}
