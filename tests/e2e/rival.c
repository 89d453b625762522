/*
 * Another sound server, as far as it wants a card: rival CARD PRIORITY MODE.
 * Lines of standard input say what it does, and standard output tells what
 * came of it, and what it was asked.
 *
 *   own      takes the name, which is free        owner VERDICT
 *   take     asks its owner for it first          answer WHAT, owner VERDICT
 *   force    takes it without asking              owner VERDICT
 *   release  gives it back                        released
 *   get      asks its owner who it is             PRIORITY APPLICATION DEVICE
 *
 * MODE is what it says when it is asked to release the card, "asked PRIORITY":
 * yes, no, mute, or garbage.  "lost" tells that the name was taken from it.
 */
#include <dbus/dbus.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INTERFACE "org.freedesktop.ReserveDevice1"
#define REPLY_MS  30000

static DBusConnection *bus;
static char name[64], path[64];
static const char *mode;
static int32_t priority;

static void
own(unsigned flags)
{
	int verdict = dbus_bus_request_name(bus, name,
	    flags | DBUS_NAME_FLAG_DO_NOT_QUEUE |
		DBUS_NAME_FLAG_ALLOW_REPLACEMENT,
	    NULL);

	printf("owner %d\n", verdict);
}

/* Its owner's answer; NULL: told, and there was none. */
static DBusMessage *
ask(const char *interface, const char *method, int type, const void *argument)
{
	DBusMessage *message =
	    dbus_message_new_method_call(name, path, interface, method);
	DBusError error = DBUS_ERROR_INIT;
	DBusMessage *reply;

	dbus_message_append_args(message, type, argument, DBUS_TYPE_INVALID);
	reply = dbus_connection_send_with_reply_and_block(bus, message,
	    REPLY_MS, &error);
	dbus_message_unref(message);
	if (reply == NULL) {
		printf("answer %s\n", error.name);
		dbus_error_free(&error);
	}
	return reply;
}

static void
take(void)
{
	DBusMessage *reply =
	    ask(INTERFACE, "RequestRelease", DBUS_TYPE_INT32, &priority);
	dbus_bool_t yes = FALSE;

	if (reply == NULL) {
		return;
	}
	if (!dbus_message_get_args(reply, NULL, DBUS_TYPE_BOOLEAN, &yes,
		DBUS_TYPE_INVALID)) {
		yes = FALSE;
	}
	dbus_message_unref(reply);
	printf("answer %s\n", yes ? "yes" : "no");
	if (yes) {
		own(DBUS_NAME_FLAG_REPLACE_EXISTING);
	}
}

/* {sv} pairs, in the order in which they come. */
static void
get(void)
{
	const char *interface = INTERFACE;
	DBusMessage *reply = ask(DBUS_INTERFACE_PROPERTIES, "GetAll",
	    DBUS_TYPE_STRING, &interface);
	DBusMessageIter top, array, pair, value;

	if (reply == NULL || !dbus_message_iter_init(reply, &top)) {
		return;
	}
	dbus_message_iter_recurse(&top, &array);
	while (dbus_message_iter_get_arg_type(&array) == DBUS_TYPE_DICT_ENTRY) {
		const char *text;
		int32_t number;

		dbus_message_iter_recurse(&array, &pair);
		dbus_message_iter_next(&pair);
		dbus_message_iter_recurse(&pair, &value);
		if (dbus_message_iter_get_arg_type(&value) == DBUS_TYPE_INT32) {
			dbus_message_iter_get_basic(&value, &number);
			printf("%d ", (int)number);
		} else {
			dbus_message_iter_get_basic(&value, &text);
			printf("%s ", text);
		}
		dbus_message_iter_next(&array);
	}
	printf("\n");
	dbus_message_unref(reply);
}

static void
obey(const char *word)
{
	if (strcmp(word, "own") == 0) {
		own(0);
	} else if (strcmp(word, "take") == 0) {
		take();
	} else if (strcmp(word, "force") == 0) {
		own(DBUS_NAME_FLAG_REPLACE_EXISTING);
	} else if (strcmp(word, "get") == 0) {
		get();
	} else if (strcmp(word, "release") == 0) {
		dbus_bus_release_name(bus, name, NULL);
		printf("released\n");
	}
}

static void
answer(DBusMessage *request)
{
	DBusMessage *reply = dbus_message_new_method_return(request);
	dbus_bool_t yes = strcmp(mode, "yes") == 0;
	const char *garbage = "garbage";

	if (strcmp(mode, "garbage") == 0) {
		dbus_message_append_args(reply, DBUS_TYPE_STRING, &garbage,
		    DBUS_TYPE_INVALID);
	} else {
		dbus_message_append_args(reply, DBUS_TYPE_BOOLEAN, &yes,
		    DBUS_TYPE_INVALID);
	}
	if (strcmp(mode, "mute") != 0) {
		dbus_connection_send(bus, reply, NULL);
	}
	dbus_message_unref(reply);
}

static DBusHandlerResult
on_message(DBusConnection *connection, DBusMessage *message, void *arg)
{
	const char *lost;
	int32_t theirs;

	if (dbus_message_is_method_call(message, INTERFACE, "RequestRelease") &&
	    dbus_message_get_args(message, NULL, DBUS_TYPE_INT32, &theirs,
		DBUS_TYPE_INVALID)) {
		printf("asked %d\n", (int)theirs);
		answer(message);
		return DBUS_HANDLER_RESULT_HANDLED;
	}
	if (dbus_message_is_signal(message, DBUS_INTERFACE_DBUS, "NameLost") &&
	    dbus_message_get_args(message, NULL, DBUS_TYPE_STRING, &lost,
		DBUS_TYPE_INVALID) &&
	    strcmp(lost, name) == 0) {
		printf("lost\n");
	}
	return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
}

/* False: nothing more is to come. */
static bool
read_line(void)
{
	char line[32];
	size_t n = 0;

	/* A byte at a time: nothing may wait in a buffer. */
	while (n < sizeof(line) - 1) {
		if (read(STDIN_FILENO, line + n, 1) != 1) {
			return false;
		}
		if (line[n] == '\n') {
			break;
		}
		n++;
	}
	line[n] = '\0';
	obey(line);
	return true;
}

int
main(int argc, char *argv[])
{
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN },
		{ .events = POLLIN } };

	if (argc != 4) {
		return 2;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	(void)snprintf(name, sizeof(name), INTERFACE ".Audio%s", argv[1]);
	(void)snprintf(path, sizeof(path),
	    "/org/freedesktop/ReserveDevice1/Audio%s", argv[1]);
	priority = (int32_t)strtol(argv[2], NULL, 10);
	mode = argv[3];
	bus = dbus_bus_get_private(DBUS_BUS_SESSION, NULL);
	if (bus == NULL ||
	    !dbus_connection_add_filter(bus, on_message, NULL, NULL) ||
	    !dbus_connection_get_unix_fd(bus, &fds[1].fd)) {
		return 1;
	}
	for (;;) {
		dbus_connection_read_write(bus, 0);
		while (dbus_connection_dispatch(bus) ==
		       DBUS_DISPATCH_DATA_REMAINS) {
			continue;
		}
		dbus_connection_flush(bus);
		if (poll(fds, 2, -1) < 0 ||
		    ((fds[0].revents & (POLLIN | POLLHUP)) != 0 &&
			!read_line())) {
			break;
		}
	}
	dbus_connection_close(bus);
	dbus_connection_unref(bus);
	return 0;
}
