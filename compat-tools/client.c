#include "compat-tools/client.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compat-tools/transport.h"
#include "server/cookie.h"

#define NAME_A_SERVER "name a server with -s or ESPEAKER"

_Static_assert(COOKIE_LEN == ESD_KEY_LEN, "the cookie is the key");

static int fail(struct client *client, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int
fail(struct client *client, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(client->why, sizeof(client->why), format, args);
	va_end(args);
	return error;
}

/* --- connecting ----------------------------------------------------------- */

/*
 * The user of the daemon for all users: root alone makes directories in /run,
 * and gave him that one.
 */
static bool
is_system(uid_t uid)
{
	struct stat st;

	return lstat(ESD_SYSTEM_DIRECTORY, &st) == 0 && S_ISDIR(st.st_mode) &&
	       (st.st_mode & (S_IWGRP | S_IWOTH)) == 0 && st.st_uid == uid;
}

/* In /tmp anybody may have made the path before our own server did. */
static bool
is_trusted(int fd, const char *path)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (strncmp(path, "/tmp/", strlen("/tmp/")) != 0 &&
	    strcmp(path, ESD_SYSTEM_SOCKET) != 0) {
		return true;
	}
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       (peer.uid == getuid() || peer.uid == 0 || is_system(peer.uid));
}

static int
connect_guessed(const char *path)
{
	int fd = transport_connect_unix(path);

	if (fd >= 0 && !is_trusted(fd, path)) {
		(void)close(fd);
		return -EPERM;
	}
	return fd;
}

static void
set_place(struct client *client, const char *path)
{
	_Static_assert(ADDRESS_PATH_MAX <= CLIENT_PLACE_MAX, "it fits");
	memcpy(client->place, path, strlen(path) + 1);
}

static int
open_unix(struct client *client, const char *path)
{
	set_place(client, path);
	client->fd = transport_connect_unix(path);
	if (client->fd >= 0) {
		return 0;
	}
	return fail(client, client->fd,
	    "no daemon answers at %s: %s; start esdmixd, or " NAME_A_SERVER,
	    path, strerror(-client->fd));
}

static int
open_tcp(struct client *client, const struct address *address)
{
	int lookup;

	(void)snprintf(client->place, sizeof(client->place),
	    strchr(address->host, ':') == NULL ? "%s:%u" : "[%s]:%u",
	    address->host, (unsigned)address->port);
	client->fd =
	    transport_connect_host(address->host, address->port, &lookup);
	if (lookup != 0) {
		return fail(client, client->fd,
		    "cannot find the host of %s: %s; check its name, "
		    "or " NAME_A_SERVER,
		    client->place, gai_strerror(lookup));
	}
	if (client->fd >= 0) {
		return 0;
	}
	return fail(client, client->fd,
	    "no daemon answers at %s: %s; check that one listens there, "
	    "or " NAME_A_SERVER,
	    client->place, strerror(-client->fd));
}

/*
 * Where none answers, the first place is blamed, or the first at which there
 * is something: that is the one a user would look at.
 */
static int
open_local(struct client *client, const struct address *address)
{
	char paths[ADDRESS_TRIES][ADDRESS_PATH_MAX];
	unsigned count = address_local(paths);
	unsigned blamed = 0;
	int reason = -ENOENT;

	for (unsigned i = 0; i < count; i++) {
		int fd = connect_guessed(paths[i]);

		if (fd >= 0) {
			client->fd = fd;
			set_place(client, paths[i]);
			return 0;
		}
		if (reason == -ENOENT && fd != -ENOENT) {
			blamed = i;
			reason = fd;
		}
	}
	if (open_tcp(client, address) == 0) {
		return 0;
	}
	set_place(client, paths[blamed]);
	if (reason == -EPERM) {
		return fail(client, reason,
		    "the daemon at %s is another user's: %s; start esdmixd, "
		    "or " NAME_A_SERVER,
		    client->place, strerror(-reason));
	}
	if (reason == -EACCES) {
		return fail(client, reason,
		    "the daemon at %s is not for us: %s; join the group of "
		    "that socket, start esdmixd, or " NAME_A_SERVER,
		    client->place, strerror(-reason));
	}
	return fail(client, reason,
	    "no daemon answers at %s: %s; start esdmixd, or " NAME_A_SERVER,
	    client->place, strerror(-reason));
}

int
client_auth(struct client *client, struct esd_auth *auth)
{
	char path[PATH_MAX];
	int error = cookie_path(path, sizeof(path));

	*auth =
	    (struct esd_auth){ .endian = client->swapped
					     ? __builtin_bswap32(ESD_ENDIAN_KEY)
					     : ESD_ENDIAN_KEY };
	if (error != 0) {
		return fail(client, error,
		    "there is no home for the key file .esd_auth: %s; set HOME",
		    strerror(-error));
	}
	return cookie_load(path, auth->key, client->why, sizeof(client->why));
}

/*
 * There is no key and none can be made, as in a container without a home, but
 * a daemon on a Unix socket sees who we are.
 */
static bool
is_known_anyway(const struct client *client, int error)
{
	int family = AF_UNSPEC;
	socklen_t size = sizeof(family);

	return (error == -ENOENT || error == -ENOTDIR || error == -EACCES ||
		   error == -EROFS) &&
	       getsockopt(client->fd, SOL_SOCKET, SO_DOMAIN, &family, &size) ==
		   0 &&
	       family == AF_UNIX;
}

int
client_shake_hands(struct client *client)
{
	struct esd_auth auth;
	struct esd_raw_ok verdict = { 0 };
	int error = client_auth(client, &auth);

	if (error != 0 && !is_known_anyway(client, error)) {
		return error;
	}
	error = client_call(client, ESD_CONNECT, &auth,
	    (struct client_reply[]){ { .record = &verdict } });
	if (error == 0 && verdict.ok == 0) {
		error = -EACCES;
	}
	if (error == -EACCES || error == -ECONNRESET) {
		return fail(client, error,
		    "the daemon at %s refuses our key; copy the .esd_auth of "
		    "the user who runs it to our home%s",
		    client->place,
		    strcmp(client->place, ESD_SYSTEM_SOCKET) == 0
			? ", or join the daemon's socket-group"
			: "");
	}
	return error;
}

int
client_connect(struct client *client, const char *server, int timeout_ms)
{
	struct address address;
	int error;

	client_adopt(client, -1, timeout_ms);
	error = address_parse(server, &address);
	if (error != 0) {
		return fail(client, error,
		    "the server's address is too long; " NAME_A_SERVER);
	}
	if (address.kind == ADDRESS_UNIX) {
		error = open_unix(client, address.path);
	} else if (address.kind == ADDRESS_TCP) {
		error = open_tcp(client, &address);
	} else {
		error = open_local(client, &address);
	}
	if (error != 0) {
		client->fd = -1;
	}
	return error;
}

int
client_open(struct client *client, const char *server, int timeout_ms)
{
	int error = client_connect(client, server, timeout_ms);

	if (error == 0) {
		error = client_shake_hands(client);
	}
	if (error != 0) {
		client_close(client);
	}
	return error;
}

void
client_adopt(struct client *client, int fd, int timeout_ms)
{
	client->fd = fd;
	client->timeout_ms = timeout_ms;
	client->extended = -1;
	client->swapped = false;
	client->why[0] = '\0';
	(void)snprintf(client->place, sizeof(client->place), "descriptor %d",
	    fd);
}

void
client_close(struct client *client)
{
	if (client->fd >= 0) {
		(void)close(client->fd);
	}
	client->fd = -1;
}

/* --- conversations -------------------------------------------------------- */

static int
read_record(struct client *client, const struct wire_layout *layout,
    int64_t deadline, void *record)
{
	uint8_t bytes[ESD_RECORD_MAX];
	int error = transport_read(client->fd, bytes, layout->size, deadline);

	if (error == 0) {
		wire_decode(layout, client->swapped, bytes, record);
	}
	return error;
}

/* *result: what `each` said, if it ever said anything but 0. */
static int
read_list(struct client *client, const struct wire_layout *layout,
    int64_t deadline, const struct client_reply *reply, int *result)
{
	int32_t record[ESD_RECORD_MAX / sizeof(int32_t)];

	for (;;) {
		int error = read_record(client, layout, deadline, record);

		if (error == 0 && transport_now() > deadline) {
			error = -ETIMEDOUT; /* one that never ends */
		}
		if (error != 0) {
			return error;
		}
		/*
		 * The id leads a LIST's record.  Other servers end theirs by
		 * one that is zero there and has leftovers elsewhere.
		 */
		if (record[0] <= 0) {
			return 0;
		}
		if (reply->each != NULL && *result == 0) {
			*result = reply->each(reply->arg, record);
		}
	}
}

static int
read_replies(struct client *client, const struct esd_step *step,
    const struct client_reply *replies, int64_t deadline)
{
	static const struct client_reply nowhere = { 0 };
	int32_t unwanted[ESD_RECORD_MAX / sizeof(int32_t)];
	int result = 0;
	int error = 0;

	for (; error == 0; step++) {
		const struct client_reply *reply =
		    replies != NULL ? replies : &nowhere;

		if (step->kind == ESD_STEP_OUT) {
			error = read_record(client, step->layout, deadline,
			    reply->record != NULL ? reply->record : unwanted);
		} else if (step->kind == ESD_STEP_LIST) {
			error = read_list(client, step->layout, deadline, reply,
			    &result);
		} else {
			break;
		}
		replies = replies != NULL ? replies + 1 : NULL;
	}
	return error != 0 ? error : result;
}

static int
explain(struct client *client, const struct esd_op *op, int error)
{
	if (error == -ETIMEDOUT) {
		return fail(client, error,
		    "the daemon at %s does not answer %s within %d ms; "
		    "see whether it still runs",
		    client->place, op->name, client->timeout_ms);
	}
	if (error == -ECONNRESET || error == -EPIPE) {
		return fail(client, -ECONNRESET,
		    "the daemon at %s closes the connection at %s; "
		    "its log tells why",
		    client->place, op->name);
	}
	return fail(client, error,
	    "%s at %s fails: %s; see whether it still "
	    "runs",
	    op->name, client->place, strerror(-error));
}

int
client_call(struct client *client, enum esd_opcode opcode, const void *in,
    const struct client_reply *replies)
{
	const struct esd_op *op = &esd_ops[esd_row(opcode)];
	const struct esd_step *step = op->steps;
	int64_t deadline = transport_deadline(client->timeout_ms);
	uint8_t request[sizeof(int32_t) + ESD_RECORD_MAX];
	size_t bytes = 0;
	struct esd_id number = { (int32_t)opcode };
	int error;

	if (op->when == ESD_READY) {
		wire_encode(&esd_layouts[ESD_LAYOUT_id], client->swapped,
		    &number, request);
		bytes = sizeof(number);
	}
	if (step->kind == ESD_STEP_IN) {
		wire_encode(step->layout, client->swapped, in, request + bytes);
		bytes += step->layout->size;
		step++;
	}
	error = transport_send(client->fd, request, bytes, deadline);
	if (error != 0) {
		return explain(client, op, error);
	}
	error = read_replies(client, step, replies, deadline);
	return error < 0 ? explain(client, op, error) : error;
}

int
client_rest(struct client *client, enum esd_opcode opcode,
    const struct client_reply *replies)
{
	const struct esd_op *op = &esd_ops[esd_row(opcode)];
	const struct esd_step *step = op->steps;
	int error;

	while (step->kind != ESD_STEP_BLOB && step->kind != ESD_STEP_END) {
		step++;
	}
	if (step->kind == ESD_STEP_BLOB) {
		step++;
	}
	error = read_replies(client, step, replies,
	    transport_deadline(client->timeout_ms));
	return error < 0 ? explain(client, op, error) : error;
}

int
client_extended(struct client *client)
{
	struct esd_version asked = { ESD_EXTENSION };
	struct esd_server server = { 0 };
	int error;

	if (client->extended < 0) {
		error = client_call(client, ESD_SERVER_INFO, &asked,
		    (struct client_reply[]){ { .record = &server } });
		if (error != 0) {
			return error;
		}
		client->extended = server.version >= ESD_EXTENSION;
	}
	return client->extended;
}

int
client_told(struct client *client, enum esd_opcode opcode, void *record,
    int timeout_ms)
{
	const struct esd_op *op = &esd_ops[esd_row(opcode)];
	const struct esd_step *step = op->steps;
	int error =
	    transport_wait(client->fd, POLLIN, transport_deadline(timeout_ms));

	if (error == -ETIMEDOUT) {
		return error;
	}
	while (step->kind != ESD_STEP_TELL) {
		step++;
	}
	if (error == 0) {
		error = read_record(client, step->layout,
		    transport_deadline(client->timeout_ms), record);
	}
	return error == 0 ? 0 : explain(client, op, error);
}

/* --- streams -------------------------------------------------------------- */

int
client_buffer_bytes(int32_t format, int32_t rate)
{
	if (rate <= 0) {
		return 0;
	}
	return ESD_CHUNK * ESD_LAG_RATE / rate *
	       ((format & ESD_MASK_BITS) == ESD_BITS16 ? 2 : 1) *
	       ((format & ESD_MASK_CHAN) == ESD_MONO ? 1 : 2);
}

int
client_stream(struct client *client, enum esd_opcode opcode, int32_t format,
    int32_t rate, const char *name)
{
	struct esd_stream stream = { .format = format, .rate = rate };
	int bytes = client_buffer_bytes(format, rate);
	int error;

	if (name != NULL) {
		(void)snprintf(stream.name, sizeof(stream.name), "%s", name);
	}
	error = client_call(client, opcode, &stream, NULL);
	if (error == 0 && bytes > 0) {
		(void)setsockopt(client->fd, SOL_SOCKET, SO_SNDBUF, &bytes,
		    sizeof(bytes));
		(void)setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &bytes,
		    sizeof(bytes));
	}
	return error;
}

int
client_write(struct client *client, const void *data, size_t bytes)
{
	int error = transport_send(client->fd, data, bytes, INT64_MAX);

	if (error == -EPIPE || error == -ECONNRESET) {
		return fail(client, -EPIPE,
		    "the daemon at %s closes the stream; its log tells why",
		    client->place);
	}
	if (error != 0) {
		return fail(client, error,
		    "cannot write to the daemon at %s: %s; see whether it "
		    "still runs",
		    client->place, strerror(-error));
	}
	return 0;
}
