#include "compat-tools/mcopclient.h"

#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "compat-tools/artsplace.h"
#include "compat-tools/transport.h"
#include "server/md5.h"

#define COOKIE	   "secret-cookie"
#define REMEDY	   "start esdmixd or artsd, or name a server in ARTS_SERVER"
#define HOST_MAX   256
#define NAME_WIDTH 200 /* of a place, in a sentence */

/* In the order of their merit; all are the same object. */
static const char *const variables[] = { "Arts_SoundServerV2",
	"Arts_SoundServer", "Arts_SimpleSoundServer" };

#define VARIABLES (sizeof(variables) / sizeof(variables[0]))

static int fail(struct mcopclient *client, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int
fail(struct mcopclient *client, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(client->why, sizeof(client->why), format, args);
	va_end(args);
	return error;
}

/* --- messages ----------------------------------------------------------- */

static int
explain(struct mcopclient *client, int error)
{
	if (error == -ECONNRESET || error == -EPIPE) {
		return fail(client, -ECONNRESET,
		    "the sound server closes the connection; its log may tell "
		    "why");
	}
	return fail(client, error,
	    "no answer from the sound server: %s; see whether it still runs",
	    strerror(-error));
}

static int
send_message(struct mcopclient *client, struct mcop_writer *writer)
{
	size_t bytes = mcop_finish(writer);
	int error;

	if (bytes == 0) {
		return fail(client, -EMSGSIZE,
		    "that is too long for the sound server; make it shorter");
	}
	error = transport_send(client->fd, client->out, bytes,
	    transport_deadline(MCOPCLIENT_TIMEOUT));
	return error < 0 ? explain(client, error) : 0;
}

/* The type of the next message, whose body is there until the next; or -errno.
 */
static int
read_message(struct mcopclient *client, int64_t deadline,
    struct mcop_reader *body)
{
	struct mcop_header header = { 0 };
	int error =
	    transport_read(client->fd, client->in, MCOP_HEADER_BYTES, deadline);

	mcop_read(body, client->in, 0);
	if (error < 0) {
		return explain(client, error);
	}
	error = mcop_header(client->in, &header);
	if (error < 0 || header.body > sizeof(client->in)) {
		return fail(client, -EPROTO,
		    "what answers is no aRts server; " REMEDY);
	}
	error = transport_read(client->fd, client->in, header.body, deadline);
	if (error < 0) {
		return explain(client, error);
	}
	mcop_read(body, client->in, header.body);
	return (int)header.type;
}

/* Whatever it is, so that the server can go on. */
static int
answer_nothing(struct mcopclient *client, struct mcop_reader *call)
{
	struct mcop_writer writer;

	(void)mcop_get_long(call); /* object */
	(void)mcop_get_long(call); /* method */
	mcop_begin_return(&writer, client->out, sizeof(client->out),
	    (uint32_t)mcop_get_long(call));
	return send_message(client, &writer);
}

/* --- calls -------------------------------------------------------------- */

int
mcopclient_finish(struct mcopclient *client, struct mcop_writer *writer,
    struct mcop_reader *result)
{
	int64_t deadline = transport_deadline(MCOPCLIENT_TIMEOUT);
	uint32_t request = client->request;
	int error = send_message(client, writer);

	mcop_read(result, client->in, 0);
	while (error >= 0) {
		int type = read_message(client, deadline, result);

		error = type;
		if (type == MCOP_INVOCATION) {
			error = answer_nothing(client, result);
		} else if (type == MCOP_RETURN &&
			   (uint32_t)mcop_get_long(result) == request) {
			return 0;
		}
	}
	return error;
}

static void
begin(struct mcopclient *client, uint32_t object, uint32_t method,
    struct mcop_writer *writer)
{
	mcop_begin_call(writer, client->out, sizeof(client->out), object,
	    method, ++client->request);
}

int
mcopclient_begin(struct mcopclient *client, uint32_t object, enum mcop_row row,
    struct mcop_writer *writer)
{
	struct mcop_reader result;
	int32_t method;
	int error;

	begin(client, object, MCOP_OBJECT__lookupMethod, writer);
	mcop_put_method(writer, &mcop_methods[row]);
	error = mcopclient_finish(client, writer, &result);
	if (error < 0) {
		return error;
	}
	method = mcop_get_long(&result);
	if (result.bad || method < 0) {
		return fail(client, -ENOSYS,
		    "the sound server is too old for %s",
		    mcop_methods[row].name);
	}
	begin(client, object, (uint32_t)method, writer);
	return 0;
}

int
mcopclient_call(struct mcopclient *client, uint32_t object, enum mcop_row row,
    struct mcop_reader *result)
{
	struct mcop_writer writer;
	int error = mcopclient_begin(client, object, row, &writer);

	return error < 0 ? error : mcopclient_finish(client, &writer, result);
}

/* --- objects ------------------------------------------------------------ */

/* 1, 0, or -errno. */
static int
is_compatible(struct mcopclient *client, uint32_t object,
    enum mcop_interface_tag interface)
{
	struct mcop_reader result;
	struct mcop_writer writer;
	int error = mcopclient_begin(client, object,
	    MCOP_OBJECT__isCompatibleWith, &writer);

	if (error < 0) {
		return error;
	}
	mcop_put_string(&writer, mcop_interfaces[interface].name);
	error = mcopclient_finish(client, &writer, &result);
	return error < 0 ? error : mcop_get_boolean(&result);
}

/* Uses an object that was referred to, if it is what it should be. */
static int
use(struct mcopclient *client, uint32_t object,
    enum mcop_interface_tag interface)
{
	struct mcop_reader result;
	int error =
	    mcopclient_call(client, object, MCOP_OBJECT__useRemote, &result);

	if (error == 0) {
		error = is_compatible(client, object, interface);
	}
	if (error == 0) {
		mcopclient_release(client, object);
		return fail(client, -ENOENT, "the sound server has no %s",
		    mcop_interfaces[interface].name);
	}
	return error < 0 ? error : 0;
}

int
mcopclient_take(struct mcopclient *client, struct mcop_reader *result,
    enum mcop_interface_tag interface, uint32_t *object)
{
	struct mcop_reference reference;

	mcop_get_reference(result, &reference);
	if (result->bad || mcop_is_null(&reference) ||
	    strcmp(reference.server, client->id) != 0) {
		return fail(client, -ENOENT, "the sound server gives no %s",
		    mcop_interfaces[interface].name);
	}
	*object = reference.object;
	return use(client, *object, interface);
}

void
mcopclient_release(struct mcopclient *client, uint32_t object)
{
	struct mcop_reader result;

	(void)mcopclient_call(client, object, MCOP_OBJECT__releaseRemote,
	    &result);
}

void
mcopclient_put(const struct mcopclient *client, struct mcop_writer *writer,
    uint32_t object)
{
	struct mcop_reference reference = { .server = client->id,
		.object = object };

	mcop_put_reference(writer, &reference);
}

/* An object known by a text, not by a message. */
static int
use_named(struct mcopclient *client, uint32_t object,
    enum mcop_interface_tag interface)
{
	struct mcop_reader result;
	int error =
	    mcopclient_call(client, object, MCOP_OBJECT__copyRemote, &result);

	return error < 0 ? error : use(client, object, interface);
}

/* --- shaking hands ------------------------------------------------------ */

struct hello {
	bool open; /* anybody is let in */
	char seed[MCOP_SEED_LEN + 1];
};

static int
read_hello(struct mcopclient *client, struct hello *hello)
{
	struct mcop_reader body;
	int type =
	    read_message(client, transport_deadline(MCOPCLIENT_TIMEOUT), &body);

	*hello = (struct hello){ 0 };
	if (type < 0) {
		return type;
	}
	(void)mcop_get_string(&body); /* version */
	(void)snprintf(client->id, sizeof(client->id), "%s",
	    mcop_get_string(&body));
	for (uint32_t count = mcop_get_count(&body, 4); count > 0; count--) {
		hello->open |= strcmp(mcop_get_string(&body), "noauth") == 0;
	}
	(void)snprintf(hello->seed, sizeof(hello->seed), "%s",
	    mcop_get_string(&body));
	if (body.bad || type != MCOP_SERVER_HELLO) {
		return fail(client, -EPROTO,
		    "what answers is no aRts server; " REMEDY);
	}
	return 0;
}

static void
put_own_id(struct mcop_writer *writer)
{
	char id[MCOP_ID_MAX], host[HOST_MAX] = "localhost";

	(void)gethostname(host, sizeof(host) - 1);
	(void)snprintf(id, sizeof(id), "%.200s-%x-%llx", host,
	    (unsigned)getpid(), (unsigned long long)time(NULL));
	mcop_put_string(writer, id);
}

/* *comm: "GlobalComm=..." of the server's hints, in client->in; or NULL. */
static int
read_accept(struct mcopclient *client, const char **comm)
{
	static const char prefix[] = "GlobalComm=";
	struct mcop_reader body;
	int type =
	    read_message(client, transport_deadline(MCOPCLIENT_TIMEOUT), &body);

	*comm = NULL;
	if (type < 0) {
		return type;
	}
	for (uint32_t count = mcop_get_count(&body, 4); count > 0; count--) {
		const char *hint = mcop_get_string(&body);

		if (strncmp(hint, prefix, sizeof(prefix) - 1) == 0) {
			*comm = hint + sizeof(prefix) - 1;
		}
	}
	if (body.bad || type != MCOP_AUTH_ACCEPT) {
		return fail(client, -EPROTO,
		    "the sound server does not accept us; " REMEDY);
	}
	return 0;
}

/*
 *   cookie  of the server's directory; NULL: there is none to show
 *   wide    of a server that was built for a 64-bit machine
 */
static int
shake_hands(struct mcopclient *client, const char *cookie, bool wide,
    const char **comm)
{
	struct mcop_writer writer;
	struct hello hello;
	char proof[MD5_HEX] = "", text[2 * MCOP_SEED_LEN + 1];
	int error = read_hello(client, &hello);

	if (error < 0) {
		return error;
	}
	if (!hello.open && cookie == NULL) {
		return fail(client, -EACCES,
		    "the sound server wants a key that cannot be had from "
		    "here; let it admit everybody (artsd -u)");
	}
	if (!hello.open) {
		(void)snprintf(text, sizeof(text), "%.32s%.32s", cookie,
		    hello.seed);
		md5_print(text, strlen(text), wide, proof);
	}
	mcop_begin(&writer, client->out, sizeof(client->out),
	    MCOP_CLIENT_HELLO);
	put_own_id(&writer);
	mcop_put_string(&writer, hello.open ? "noauth" : "md5auth");
	mcop_put_string(&writer, proof);
	error = send_message(client, &writer);
	return error < 0 ? error : read_accept(client, comm);
}

/* --- finding it --------------------------------------------------------- */

/* "host:port", an IPv6 address in brackets; false: it is none. */
static bool
split(const char *text, char host[HOST_MAX], uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	size_t length = colon == NULL ? 0 : (size_t)(colon - text);
	long number = colon == NULL ? 0 : strtol(colon + 1, NULL, 10);

	if (length > 1 && text[0] == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
	}
	if (length == 0 || length >= HOST_MAX || number < 1 ||
	    number > UINT16_MAX) {
		return false;
	}
	memcpy(host, text, length);
	host[length] = '\0';
	*port = (uint16_t)number;
	return true;
}

static int
connect_tcp(const char *text)
{
	char host[HOST_MAX];
	uint16_t port;
	int lookup;

	return split(text, host, &port)
		   ? transport_connect_host(host, port, &lookup)
		   : -EINVAL;
}

/* An address of a reference: "unix:PATH" or "tcp:HOST:PORT". */
static int
connect_address(const char *address)
{
	if (strncmp(address, "unix:", strlen("unix:")) == 0) {
		return transport_connect_unix(address + strlen("unix:"));
	}
	if (strncmp(address, "tcp:", strlen("tcp:")) == 0) {
		return connect_tcp(address + strlen("tcp:"));
	}
	return -EAFNOSUPPORT;
}

static int
connect_any(const struct mcop_reference *reference)
{
	int fd = -ENOENT;

	for (uint32_t i = 0; fd < 0 && i < reference->count; i++) {
		fd = connect_address(reference->addresses[i]);
	}
	return fd;
}

/* Of one directory: its reference, and the cookie, if there are any. */
struct found {
	char text[ARTSPLACE_FILE_MAX];
	char cookie[ARTSPLACE_FILE_MAX];
	uint8_t bytes[ARTSPLACE_FILE_MAX / 2];
	struct mcop_reference reference;
};

static int
look(const char *directory, struct found *found)
{
	int error = -ENOENT;

	for (size_t i = 0; error == -ENOENT && i < VARIABLES; i++) {
		error = artsplace_read(directory, variables[i], found->text);
	}
	if (error < 0) {
		return error;
	}
	if (!mcop_parse_reference(found->text, found->bytes,
		sizeof(found->bytes), &found->reference)) {
		return -EINVAL;
	}
	if (artsplace_read(directory, COOKIE, found->cookie) < 0 ||
	    strlen(found->cookie) != MCOP_SEED_LEN) {
		found->cookie[0] = '\0';
	}
	return 0;
}

/* Both digests are in use, and a server that does not know ours hangs up. */
static int
enter(struct mcopclient *client, const struct found *found)
{
	const char *cookie = found->cookie[0] != '\0' ? found->cookie : NULL;
	const char *comm = NULL;
	int error = -ECONNRESET;

	for (int wide = 0; error == -ECONNRESET && wide < 2; wide++) {
		mcopclient_close(client);
		client->fd = connect_any(&found->reference);
		if (client->fd < 0) {
			return client->fd;
		}
		error = shake_hands(client, cookie, wide != 0, &comm);
	}
	if (error == 0 && strcmp(client->id, found->reference.server) != 0) {
		error = -ESTALE;
	}
	return error;
}

static int
take_server(struct mcopclient *client, const struct mcop_reference *reference)
{
	int error = use_named(client, reference->object, MCOP_IS_SIMPLE);

	client->server = reference->object;
	client->taken = error == 0;
	return error;
}

static int
open_here(struct mcopclient *client)
{
	static struct found found; /* too large for a stack */
	char paths[ARTSPLACE_TRIES][ARTSPLACE_PATH_MAX];
	unsigned count = artsplace_directories(paths);
	unsigned blamed = 0;
	int reason = -ENOENT;

	for (unsigned i = 0; i < count; i++) {
		int error = look(paths[i], &found);

		if (error == 0) {
			error = enter(client, &found);
		}
		if (error == 0) {
			return take_server(client, &found.reference);
		}
		if (reason == -ENOENT && error != -ENOENT) {
			reason = error;
			blamed = i;
		}
	}
	return fail(client, reason,
	    "no sound server answers at %.*s: %s; " REMEDY, NAME_WIDTH,
	    paths[blamed], strerror(-reason));
}

/* --- ARTS_SERVER -------------------------------------------------------- */

/* What the server itself knows by that name, in place of a directory. */
static int
get_variable(struct mcopclient *client, uint32_t comm, const char *name,
    struct found *found)
{
	struct mcop_reader result;
	struct mcop_writer writer;
	int error = mcopclient_begin(client, comm, MCOP_COMM_get, &writer);

	if (error < 0) {
		return error;
	}
	mcop_put_string(&writer, name);
	error = mcopclient_finish(client, &writer, &result);
	if (error == 0 &&
	    !mcop_parse_reference(mcop_get_string(&result), found->bytes,
		sizeof(found->bytes), &found->reference)) {
		error = -ENOENT;
	}
	return error;
}

static int
open_far(struct mcopclient *client, const char *where)
{
	static struct found found;
	const char *text = NULL;
	uint32_t comm;
	int error;

	client->fd = connect_tcp(where);
	if (client->fd < 0) {
		return fail(client, client->fd,
		    "no sound server answers at %.*s, the ARTS_SERVER: %s; "
		    "check host and port",
		    NAME_WIDTH, where, strerror(-client->fd));
	}
	error = shake_hands(client, NULL, false, &text);
	if (error < 0) {
		return error;
	}
	if (text == NULL || !mcop_parse_reference(text, found.bytes,
				sizeof(found.bytes), &found.reference)) {
		return fail(client, -EPROTO,
		    "the sound server at %.*s does not tell where its objects "
		    "are",
		    NAME_WIDTH, where);
	}
	comm = found.reference.object;
	error = use_named(client, comm, MCOP_IS_COMM);
	for (size_t i = 0; error == 0 && i < VARIABLES; i++) {
		if (get_variable(client, comm, variables[i], &found) == 0) {
			mcopclient_release(client, comm);
			return take_server(client, &found.reference);
		}
	}
	return error < 0
		   ? error
		   : fail(client, -ENOENT, "there is no sound server at %.*s",
			 NAME_WIDTH, where);
}

int
mcopclient_open(struct mcopclient *client)
{
	const char *where = getenv("ARTS_SERVER");
	int error;

	client->fd = -1;
	client->taken = false;
	client->request = 0;
	client->why[0] = '\0';
	error = where != NULL && where[0] != '\0' ? open_far(client, where)
						  : open_here(client);
	if (error < 0) {
		mcopclient_close(client);
	}
	return error;
}

void
mcopclient_close(struct mcopclient *client)
{
	if (client->taken) {
		client->taken = false;
		mcopclient_release(client, client->server);
	}
	if (client->fd >= 0) {
		(void)close(client->fd);
	}
	client->fd = -1;
}
