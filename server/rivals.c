#include "server/rivals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/clock.h"
#include "server/dbus.h"

#define INTERFACE   "org.freedesktop.ReserveDevice1"
#define NAME_PREFIX INTERFACE ".Audio"
#define PATH_PREFIX "/org/freedesktop/ReserveDevice1/Audio"
#define TEXT_MAX    64 /* bytes of a name of ours or a path, NUL included */
#define ADDRESS_MAX 512
#define MESSAGE_MAX 65536 /* bytes; nobody has reason to send us more */
#define APPLICATION "esdmixd"

static const char introspection[] = DBUS_INTROSPECT_1_0_XML_DOCTYPE_DECL_NODE
    "<node><interface name=\"" INTERFACE "\">"
    "<method name=\"RequestRelease\">"
    "<arg name=\"priority\" type=\"i\" direction=\"in\"/>"
    "<arg name=\"result\" type=\"b\" direction=\"out\"/></method>"
    "<property name=\"Priority\" type=\"i\" access=\"read\"/>"
    "<property name=\"ApplicationName\" type=\"s\" access=\"read\"/>"
    "<property name=\"ApplicationDeviceName\" type=\"s\" access=\"read\"/>"
    "</interface></node>";

struct request {
	DBusMessage *message;
};

struct rivals {
	/* constant */
	struct rivals_settings settings;
	const struct dbus *dbus;
	char address[ADDRESS_MAX];

	DBusConnection *connection; /* NULL: none */
	bool broken;		    /* to be closed, but perhaps in use */
	uint64_t retry_at;	    /* when to try the bus again, ms */
};

static void
name_of(unsigned card, char name[TEXT_MAX])
{
	(void)snprintf(name, TEXT_MAX, "%s%u", NAME_PREFIX, card);
}

/* The card whose name or path that is; -1: of none. */
static int
card_of(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);
	char same[TEXT_MAX];
	unsigned long card;

	if (text == NULL || strncmp(text, prefix, n) != 0) {
		return -1;
	}
	card = strtoul(text + n, NULL, 10);
	(void)snprintf(same, sizeof(same), "%s%lu", prefix, card);
	return card < RIVALS_CARDS_MAX && strcmp(text, same) == 0 ? (int)card
								  : -1;
}

/* --- questions --------------------------------------------------------- */

/* Sends it and waits; consumes it.  NULL: an error, or no answer. */
static DBusMessage *
ask(struct rivals *rivals, DBusMessage *message)
{
	const struct dbus *dbus = rivals->dbus;
	DBusMessage *reply;
	DBusError error;

	if (message == NULL) {
		return NULL;
	}
	dbus->error_init(&error);
	reply = dbus->connection_send_with_reply_and_block(rivals->connection,
	    message, RIVALS_REPLY_MS, &error);
	/* A bus that answers nothing is as good as none. */
	if (reply == NULL &&
	    dbus->message_has_destination(message, DBUS_SERVICE_DBUS) &&
	    strcmp(error.name, DBUS_ERROR_NO_REPLY) == 0) {
		rivals->broken = true;
	}
	dbus->error_free(&error);
	dbus->message_unref(message);
	return reply;
}

static DBusMessage *
bus_call(const struct rivals *rivals, const char *method)
{
	return rivals->dbus->message_new_method_call(DBUS_SERVICE_DBUS,
	    DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, method);
}

/*
 * Asks the bus that of a name.
 *   flags  NULL: the method takes none
 *   reply  to be freed, whose values are *answer and its like
 */
static DBusMessage *
ask_of_name(struct rivals *rivals, const char *method, const char *name,
    const uint32_t *flags, int type, void *answer)
{
	const struct dbus *dbus = rivals->dbus;
	DBusMessage *message = bus_call(rivals, method);

	if (message != NULL && flags != NULL) {
		(void)dbus->message_append_args(message, DBUS_TYPE_STRING,
		    &name, DBUS_TYPE_UINT32, flags, DBUS_TYPE_INVALID);
	} else if (message != NULL) {
		(void)dbus->message_append_args(message, DBUS_TYPE_STRING,
		    &name, DBUS_TYPE_INVALID);
	}
	message = ask(rivals, message);
	if (message != NULL && !dbus->message_get_args(message, NULL, type,
				   answer, DBUS_TYPE_INVALID)) {
		dbus->message_unref(message);
		message = NULL;
	}
	return message;
}

/* Of the methods that answer by a number; 0: there was no answer. */
static uint32_t
ask_number(struct rivals *rivals, const char *method, const char *name,
    const uint32_t *flags)
{
	uint32_t number = 0;
	DBusMessage *reply =
	    ask_of_name(rivals, method, name, flags, DBUS_TYPE_UINT32, &number);

	if (reply == NULL) {
		return 0;
	}
	rivals->dbus->message_unref(reply);
	return number;
}

enum rivals_verdict
rivals_claim(struct rivals *rivals, unsigned card, bool replace)
{
	uint32_t flags = DBUS_NAME_FLAG_DO_NOT_QUEUE;
	char name[TEXT_MAX];

	if (replace) {
		flags |= DBUS_NAME_FLAG_REPLACE_EXISTING;
	}
	if (rivals->settings.priority < INT32_MAX) {
		flags |= DBUS_NAME_FLAG_ALLOW_REPLACEMENT;
	}
	name_of(card, name);
	switch (ask_number(rivals, "RequestName", name, &flags)) {
	case DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER:
	case DBUS_REQUEST_NAME_REPLY_ALREADY_OWNER:
		return RIVALS_WON;
	case DBUS_REQUEST_NAME_REPLY_EXISTS:
		return RIVALS_TAKEN;
	default:
		return RIVALS_NO_WORD;
	}
}

void
rivals_release(struct rivals *rivals, unsigned card)
{
	char name[TEXT_MAX];

	if (rivals->connection != NULL) {
		name_of(card, name);
		(void)ask_number(rivals, "ReleaseName", name, NULL);
	}
}

bool
rivals_owner(struct rivals *rivals, unsigned card, char owner[RIVALS_OWNER_MAX])
{
	char name[TEXT_MAX];
	const char *text = "";
	DBusMessage *reply;

	name_of(card, name);
	reply = ask_of_name(rivals, "GetNameOwner", name, NULL,
	    DBUS_TYPE_STRING, &text);
	(void)snprintf(owner, RIVALS_OWNER_MAX, "%s", text);
	if (reply != NULL) {
		rivals->dbus->message_unref(reply);
	}
	return reply != NULL;
}

int
rivals_owner_pid(struct rivals *rivals, unsigned card)
{
	char name[TEXT_MAX];

	name_of(card, name);
	return (
	    int)ask_number(rivals, "GetConnectionUnixProcessID", name, NULL);
}

static bool
is_us(const struct rivals *rivals, const char *owner)
{
	const char *us = rivals->dbus->bus_get_unique_name(rivals->connection);

	return us != NULL && strcmp(us, owner) == 0;
}

bool
rivals_ask(struct rivals *rivals, unsigned card)
{
	const struct dbus *dbus = rivals->dbus;
	int32_t priority = rivals->settings.priority;
	char name[TEXT_MAX], path[TEXT_MAX];
	DBusMessage *message;
	dbus_bool_t yes = FALSE;

	name_of(card, name);
	(void)snprintf(path, sizeof(path), "%s%u", PATH_PREFIX, card);
	message = dbus->message_new_method_call(name, path, INTERFACE,
	    "RequestRelease");
	if (message != NULL) {
		(void)dbus->message_append_args(message, DBUS_TYPE_INT32,
		    &priority, DBUS_TYPE_INVALID);
	}
	message = ask(rivals, message);
	if (message == NULL) {
		return false;
	}
	if (!dbus->message_get_args(message, NULL, DBUS_TYPE_BOOLEAN, &yes,
		DBUS_TYPE_INVALID)) {
		yes = FALSE;
	}
	dbus->message_unref(message);
	return yes != FALSE;
}

/* --- what we are asked ------------------------------------------------- */

static void
send_reply(struct rivals *rivals, DBusMessage *message)
{
	if (message != NULL) {
		(void)rivals->dbus->connection_send(rivals->connection, message,
		    NULL);
		rivals->dbus->message_unref(message);
	}
}

static void
refuse(struct rivals *rivals, DBusMessage *request, const char *error)
{
	send_reply(rivals,
	    rivals->dbus->message_new_error(request, error, NULL));
}

void
rivals_answer(struct rivals *rivals, struct request *request, bool yes)
{
	const struct dbus *dbus = rivals->dbus;
	DBusMessage *reply = dbus->message_new_method_return(request->message);
	dbus_bool_t result = yes ? TRUE : FALSE;

	if (reply != NULL) {
		(void)dbus->message_append_args(reply, DBUS_TYPE_BOOLEAN,
		    &result, DBUS_TYPE_INVALID);
	}
	if (rivals->connection != NULL) {
		send_reply(rivals, reply);
		dbus->connection_flush(rivals->connection);
	} else if (reply != NULL) {
		dbus->message_unref(reply);
	}
	dbus->message_unref(request->message);
	free(request);
}

const char *
rivals_sender(struct rivals *rivals, const struct request *request)
{
	const char *sender = rivals->dbus->message_get_sender(request->message);

	return sender == NULL ? "" : sender;
}

int
rivals_pid(struct rivals *rivals, const struct request *request)
{
	return (int)ask_number(rivals, "GetConnectionUnixProcessID",
	    rivals_sender(rivals, request), NULL);
}

static void
on_request_release(struct rivals *rivals, unsigned card, DBusMessage *message)
{
	const struct dbus *dbus = rivals->dbus;
	struct request *request;
	int32_t priority;

	if (!dbus->message_get_args(message, NULL, DBUS_TYPE_INT32, &priority,
		DBUS_TYPE_INVALID)) {
		refuse(rivals, message, DBUS_ERROR_INVALID_ARGS);
		return;
	}
	request = malloc(sizeof(*request));
	if (request == NULL) {
		refuse(rivals, message, DBUS_ERROR_NO_MEMORY);
		return;
	}
	request->message = dbus->message_ref(message);
	rivals->settings.requested(rivals->settings.arg, card, priority,
	    request);
}

static void
append_value(struct rivals *rivals, DBusMessageIter *iter, int type,
    const void *value)
{
	const char signature[] = { (char)type, '\0' };
	DBusMessageIter variant;

	(void)rivals->dbus->message_iter_open_container(iter, DBUS_TYPE_VARIANT,
	    signature, &variant);
	(void)rivals->dbus->message_iter_append_basic(&variant, type, value);
	(void)rivals->dbus->message_iter_close_container(iter, &variant);
}

/* One property by its name, or all of them as a dictionary: name is NULL. */
static bool
append_properties(struct rivals *rivals, unsigned card, const char *name,
    DBusMessage *reply)
{
	const struct dbus *dbus = rivals->dbus;
	const char *application = APPLICATION;
	char text[TEXT_MAX];
	const char *device = text;
	const struct {
		const char *name;
		int type;
		const void *value;
	} properties[] = {
		{ "Priority", DBUS_TYPE_INT32, &rivals->settings.priority },
		{ "ApplicationName", DBUS_TYPE_STRING, &application },
		{ "ApplicationDeviceName", DBUS_TYPE_STRING, &device },
	};
	DBusMessageIter iter, array, entry;

	(void)snprintf(text, sizeof(text), "hw:%u", card);
	dbus->message_iter_init_append(reply, &iter);
	if (name == NULL) {
		(void)dbus->message_iter_open_container(&iter, DBUS_TYPE_ARRAY,
		    "{sv}", &array);
	}
	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]);
	     i++) {
		if (name != NULL && strcmp(name, properties[i].name) == 0) {
			append_value(rivals, &iter, properties[i].type,
			    properties[i].value);
			return true;
		}
		if (name == NULL) {
			(void)dbus->message_iter_open_container(&array,
			    DBUS_TYPE_DICT_ENTRY, NULL, &entry);
			(void)dbus->message_iter_append_basic(&entry,
			    DBUS_TYPE_STRING, &properties[i].name);
			append_value(rivals, &entry, properties[i].type,
			    properties[i].value);
			(void)dbus->message_iter_close_container(&array,
			    &entry);
		}
	}
	return name == NULL &&
	       dbus->message_iter_close_container(&iter, &array);
}

static void
on_get(struct rivals *rivals, unsigned card, DBusMessage *request)
{
	const struct dbus *dbus = rivals->dbus;
	const char *interface, *name = NULL;
	DBusMessage *reply;
	bool good =
	    dbus->message_get_args(request, NULL, DBUS_TYPE_STRING, &interface,
		DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID) ||
	    dbus->message_get_args(request, NULL, DBUS_TYPE_STRING, &interface,
		DBUS_TYPE_INVALID);

	if (!good || strcmp(interface, INTERFACE) != 0) {
		refuse(rivals, request, DBUS_ERROR_INVALID_ARGS);
		return;
	}
	reply = dbus->message_new_method_return(request);
	if (reply == NULL) {
		return;
	}
	if (append_properties(rivals, card, name, reply)) {
		send_reply(rivals, reply);
	} else {
		dbus->message_unref(reply);
		refuse(rivals, request, DBUS_ERROR_INVALID_ARGS);
	}
}

static void
on_introspect(struct rivals *rivals, DBusMessage *request)
{
	const char *text = introspection;
	DBusMessage *reply = rivals->dbus->message_new_method_return(request);

	if (reply != NULL) {
		(void)rivals->dbus->message_append_args(reply, DBUS_TYPE_STRING,
		    &text, DBUS_TYPE_INVALID);
	}
	send_reply(rivals, reply);
}

/* As was agreed, or by force. */
static void
on_name_lost(struct rivals *rivals, DBusMessage *signal)
{
	char owner[RIVALS_OWNER_MAX];
	const char *name;
	int card;

	if (!rivals->dbus->message_get_args(signal, NULL, DBUS_TYPE_STRING,
		&name, DBUS_TYPE_INVALID) ||
	    (card = card_of(name, NAME_PREFIX)) < 0) {
		return;
	}
	/* It may tell of a time before we had it again. */
	if (!rivals_owner(rivals, (unsigned)card, owner) ||
	    !is_us(rivals, owner)) {
		rivals->settings.lost(rivals->settings.arg, (unsigned)card,
		    owner);
	}
}

static void
on_owner_changed(struct rivals *rivals, DBusMessage *signal)
{
	const char *name, *before, *after;
	int card;

	if (rivals->dbus->message_get_args(signal, NULL, DBUS_TYPE_STRING,
		&name, DBUS_TYPE_STRING, &before, DBUS_TYPE_STRING, &after,
		DBUS_TYPE_INVALID) &&
	    (card = card_of(name, NAME_PREFIX)) >= 0 &&
	    !is_us(rivals, before)) {
		rivals->settings.moved(rivals->settings.arg, (unsigned)card,
		    after[0] == '\0');
	}
}

static DBusHandlerResult
on_message(DBusConnection *connection, DBusMessage *message, void *arg)
{
	struct rivals *rivals = arg;
	const struct dbus *dbus = rivals->dbus;
	int card = card_of(dbus->message_get_path(message), PATH_PREFIX);

	if (dbus->message_has_sender(message, DBUS_SERVICE_DBUS)) {
		if (dbus->message_is_signal(message, DBUS_INTERFACE_DBUS,
			"NameLost")) {
			on_name_lost(rivals, message);
		} else if (dbus->message_is_signal(message, DBUS_INTERFACE_DBUS,
			       "NameOwnerChanged")) {
			on_owner_changed(rivals, message);
		}
		return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
	}
	if (card < 0) {
		return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
	}
	if (dbus->message_is_method_call(message, INTERFACE,
		"RequestRelease")) {
		on_request_release(rivals, (unsigned)card, message);
	} else if (dbus->message_is_method_call(message,
		       DBUS_INTERFACE_PROPERTIES, "Get") ||
		   dbus->message_is_method_call(message,
		       DBUS_INTERFACE_PROPERTIES, "GetAll")) {
		on_get(rivals, (unsigned)card, message);
	} else if (dbus->message_is_method_call(message,
		       DBUS_INTERFACE_INTROSPECTABLE, "Introspect")) {
		on_introspect(rivals, message);
	} else {
		return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
	}
	return DBUS_HANDLER_RESULT_HANDLED;
}

/* --- the bus ----------------------------------------------------------- */

static void
leave_bus(struct rivals *rivals)
{
	if (rivals->connection == NULL) {
		return;
	}
	rivals->dbus->connection_close(rivals->connection);
	rivals->dbus->connection_unref(rivals->connection);
	rivals->connection = NULL;
	rivals->broken = false;
	rivals->retry_at = clock_ms() + RIVALS_RETRY_MS;
	rivals->settings.gone(rivals->settings.arg);
}

static bool
say_hello(struct rivals *rivals)
{
	const struct dbus *dbus = rivals->dbus;
	DBusMessage *reply = ask(rivals, bus_call(rivals, "Hello"));
	const char *name;
	bool good;

	if (reply == NULL) {
		return false;
	}
	good = dbus->message_get_args(reply, NULL, DBUS_TYPE_STRING, &name,
		   DBUS_TYPE_INVALID) &&
	       dbus->bus_set_unique_name(rivals->connection, name);
	dbus->message_unref(reply);
	return good;
}

bool
rivals_reach(struct rivals *rivals)
{
	const struct dbus *dbus = rivals->dbus;

	if (rivals->connection != NULL) {
		return !rivals->broken;
	}
	if (clock_ms() < rivals->retry_at) {
		return false;
	}
	rivals->retry_at = clock_ms() + RIVALS_RETRY_MS;
	rivals->connection =
	    dbus->connection_open_private(rivals->address, NULL);
	if (rivals->connection == NULL) {
		return false;
	}
	dbus->connection_set_exit_on_disconnect(rivals->connection, FALSE);
	dbus->connection_set_max_message_size(rivals->connection, MESSAGE_MAX);
	if (!say_hello(rivals) ||
	    !dbus->connection_add_filter(rivals->connection, on_message, rivals,
		NULL)) {
		leave_bus(rivals);
		return false;
	}
	/* Without waiting for the answer. */
	dbus->bus_add_match(rivals->connection,
	    "type='signal',sender='" DBUS_SERVICE_DBUS
	    "',interface='" DBUS_INTERFACE_DBUS
	    "',member='NameOwnerChanged',arg0namespace='" INTERFACE "'",
	    NULL);
	return true;
}

int
rivals_fd(struct rivals *rivals)
{
	int fd = -1;

	if (rivals->connection != NULL) {
		(void)rivals->dbus->connection_get_unix_fd(rivals->connection,
		    &fd);
	}
	return fd;
}

void
rivals_dispatch(struct rivals *rivals)
{
	const struct dbus *dbus = rivals->dbus;

	if (rivals->connection == NULL) {
		return;
	}
	(void)dbus->connection_read_write(rivals->connection, 0);
	while (dbus->connection_dispatch(rivals->connection) ==
	       DBUS_DISPATCH_DATA_REMAINS) {
		continue;
	}
	if (rivals->broken ||
	    !dbus->connection_get_is_connected(rivals->connection)) {
		leave_bus(rivals);
	}
}

int
rivals_create(const struct rivals_settings *settings, struct rivals **created)
{
	char made[ADDRESS_MAX];
	const char *address = dbus_find_bus(made, sizeof(made));
	const struct dbus *dbus;
	struct rivals *rivals;

	if (address == NULL || strlen(address) >= ADDRESS_MAX) {
		return -ENOENT;
	}
	dbus = dbus_load();
	if (dbus == NULL || !dbus->threads_init_default()) {
		return -ENOSYS;
	}
	rivals = calloc(1, sizeof(*rivals));
	if (rivals == NULL) {
		return -ENOMEM;
	}
	rivals->settings = *settings;
	rivals->dbus = dbus;
	(void)snprintf(rivals->address, sizeof(rivals->address), "%s", address);
	*created = rivals;
	return 0;
}

void
rivals_destroy(struct rivals *rivals)
{
	if (rivals != NULL) {
		leave_bus(rivals);
		free(rivals);
	}
}
