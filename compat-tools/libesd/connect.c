#include "compat-tools/libesd/libesd.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

void
libesd_complain(const struct client *client)
{
	const char *level = getenv("ESD_DEBUG");

	if (client->why[0] != '\0' && level != NULL &&
	    strtol(level, NULL, 10) > 0) {
		(void)fprintf(stderr, "libesd: %s\n", client->why);
	}
}

int
libesd_call(int esd, enum esd_opcode opcode, int timeout_ms, const void *in,
    const struct client_reply *replies)
{
	struct client client;
	int error;

	client_adopt(&client, esd, timeout_ms);
	error = client_call(&client, opcode, in, replies);
	if (error != 0) {
		libesd_complain(&client);
	}
	return error;
}

static bool
is_local(const char *host)
{
	struct address address;

	return address_parse(host, &address) == 0 &&
	       address.kind == ADDRESS_LOCAL;
}

/*
 * A program that closed its standard descriptors gets none of them: 0 was the
 * original's failure for some callers, and 1 and 2 are printed to.
 */
static int
settle(struct client *client)
{
	int on = 1;

	if (client->fd <= STDERR_FILENO) {
		int fd = fcntl(client->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

		if (fd < 0) {
			return -errno;
		}
		(void)close(client->fd);
		client->fd = fd;
	}
	(void)setsockopt(client->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return 0;
}

int
esd_open_sound(const char *host)
{
	struct client client;
	int error = client_connect(&client, host, LIBESD_ANSWER_MS);

	if (error != 0 && is_local(host) && libesd_spawn()) {
		error = client_connect(&client, host, LIBESD_ANSWER_MS);
	}
	if (error == 0) {
		error = client_shake_hands(&client);
	}
	if (error == 0) {
		error = settle(&client);
	}
	if (error != 0) {
		libesd_complain(&client);
		client_close(&client);
	}
	return client.fd;
}

int
esd_send_auth(int sock)
{
	struct client client;
	struct esd_auth auth;
	struct esd_raw_ok verdict = { 0 };
	int error;

	client_adopt(&client, sock, LIBESD_ANSWER_MS);
	error = client_auth(&client, &auth);
	if (error == 0) {
		error = client_call(&client, ESD_CONNECT, &auth,
		    (struct client_reply[]){ { .record = &verdict } });
	}
	if (error != 0) {
		libesd_complain(&client);
		return error == -ENOENT || error == -ENOMEM ? -1 : 0;
	}
	return verdict.ok != 0;
}

int
esd_close(int esd)
{
	return close(esd);
}

/* --- the Unix socket ------------------------------------------------------ */

static pthread_once_t names_once = PTHREAD_ONCE_INIT;
static char directory[ADDRESS_PATH_MAX];
static char name[ADDRESS_PATH_MAX];

static void
make_names(void)
{
	address_directory(directory);
	/* It leaves room for that. */
	(void)snprintf(name, sizeof(name), "%.100s/socket", directory);
}

const char *
esd_get_socket_dirname(void)
{
	(void)pthread_once(&names_once, make_names);
	return directory;
}

const char *
esd_get_socket_name(void)
{
	(void)pthread_once(&names_once, make_names);
	return name;
}

/* --- sockets -------------------------------------------------------------- */

int
have_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		return 0;
	}
	(void)close(fd);
	return 1;
}

/* Divided in the original's order: programs compare what comes out. */
int
esd_set_socket_buffers(int sock, int format, int rate, int base_rate)
{
	int64_t bytes;
	int size;

	if (rate <= 0 || base_rate <= 0) {
		return 0;
	}
	bytes = (int64_t)ESD_BUF_SIZE * base_rate / rate;
	bytes *= (format & ESD_MASK_BITS) == ESD_BITS16 ? 2 : 1;
	bytes *= (format & ESD_MASK_CHAN) == ESD_MONO ? 1 : 2;
	size = bytes > INT32_MAX ? INT32_MAX : (int)bytes;
	(void)setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	(void)setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return size;
}
