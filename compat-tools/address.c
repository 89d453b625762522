#include "compat-tools/address.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "protocols/esd.h"

static int
copy(char *out, size_t size, const char *text, size_t length)
{
	if (length >= size) {
		return -ENAMETOOLONG;
	}
	memcpy(out, text, length);
	out[length] = '\0';
	return 0;
}

/* Old clients took whatever strtol() made of it; 0 and nonsense mean none. */
static uint16_t
parse_port(const char *text)
{
	char *end;
	long port = strtol(text, &end, 10);

	if (end == text || *end != '\0' || port < 1 || port > UINT16_MAX) {
		return ESD_PORT;
	}
	return (uint16_t)port;
}

/* Nothing but these two names is local: 127.0.0.1 means TCP. */
static bool
is_local(const char *text)
{
	char own[ADDRESS_HOST_MAX] = "";

	if (strcasecmp(text, "localhost") == 0) {
		return true;
	}
	return gethostname(own, sizeof(own) - 1) == 0 &&
	       strcasecmp(text, own) == 0;
}

static int
parse_tcp(const char *text, struct address *address)
{
	const char *first = strchr(text, ':');
	const char *bracket = strchr(text, ']');

	address->kind = ADDRESS_TCP;
	if (text[0] == '[' && bracket != NULL) {
		if (bracket[1] == ':') {
			address->port = parse_port(bracket + 2);
		}
		return copy(address->host, sizeof(address->host), text + 1,
		    (size_t)(bracket - text) - 1);
	}
	if (first == NULL || strchr(first + 1, ':') != NULL) {
		return copy(address->host, sizeof(address->host), text,
		    strlen(text));
	}
	address->port = parse_port(first + 1);
	if (first == text) {
		return copy(address->host, sizeof(address->host), "localhost",
		    strlen("localhost"));
	}
	return copy(address->host, sizeof(address->host), text,
	    (size_t)(first - text));
}

static int
parse_named(const char *text, struct address *address)
{
	static const char prefix[] = "unix:";

	if (strncmp(text, prefix, sizeof(prefix) - 1) == 0) {
		text += sizeof(prefix) - 1;
		address->kind = ADDRESS_UNIX;
		return copy(address->path, sizeof(address->path), text,
		    strlen(text));
	}
	if (is_local(text)) {
		return 0;
	}
	return parse_tcp(text, address);
}

/* "host:0.0"; X means its own Unix socket by no host and by "unix". */
static int
parse_display(struct address *address)
{
	char host[ADDRESS_HOST_MAX];
	const char *display = getenv("DISPLAY");
	size_t length = display == NULL ? 0 : strcspn(display, ":");

	if (length == 0 || copy(host, sizeof(host), display, length) != 0 ||
	    strcmp(host, "unix") == 0) {
		return 0;
	}
	return parse_named(host, address);
}

int
address_parse(const char *text, struct address *address)
{
	*address = (struct address){
		.kind = ADDRESS_LOCAL,
		.host = "localhost",
		.port = ESD_PORT,
	};
	if (text == NULL) {
		text = getenv("ESPEAKER");
	}
	if (text == NULL || text[0] == '\0') {
		return parse_display(address);
	}
	return parse_named(text, address);
}

/*
 * AUDIODEV named another card, and so another server.  Of a path only the
 * part from its last slash on counts.
 */
void
address_directory(char directory[ADDRESS_PATH_MAX])
{
	static const char format[] = "/tmp/.esd%s-%lu";
	const char *device = getenv("AUDIODEV");
	const char *slash = device == NULL ? NULL : strrchr(device, '/');
	unsigned long uid = getuid();
	int length;

	if (slash != NULL) {
		device = slash;
	}
	length = snprintf(directory, ADDRESS_PATH_MAX, format,
	    device == NULL ? "" : device, uid);
	if ((size_t)length + sizeof("/socket") > ADDRESS_PATH_MAX) {
		(void)snprintf(directory, ADDRESS_PATH_MAX, format, "", uid);
	}
}

static bool
has_other_device(void)
{
	const char *device = getenv("AUDIODEV");

	return device != NULL && device[0] != '\0';
}

unsigned
address_local(char paths[ADDRESS_TRIES][ADDRESS_PATH_MAX])
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char directory[ADDRESS_PATH_MAX];
	unsigned count = 0;

	if (has_other_device()) {
		address_directory(directory);
		(void)snprintf(paths[count++], ADDRESS_PATH_MAX,
		    "%.100s/socket", directory);
	}
	if (runtime != NULL && runtime[0] == '/' &&
	    snprintf(paths[count], ADDRESS_PATH_MAX, "%s/esdmixd/socket",
		runtime) < ADDRESS_PATH_MAX) {
		count++;
	}
	(void)snprintf(paths[count++], ADDRESS_PATH_MAX, "/tmp/.esd-%lu/socket",
	    (unsigned long)getuid());
	(void)snprintf(paths[count++], ADDRESS_PATH_MAX, ESD_SYSTEM_SOCKET);
	(void)snprintf(paths[count++], ADDRESS_PATH_MAX, "/tmp/.esd/socket");
	return count;
}
