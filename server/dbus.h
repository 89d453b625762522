/*
 * libdbus' door: loaded when a session bus is there to be spoken to, and not
 * before, so that without one nothing is.
 */
#ifndef DBUS_DOOR_H
#define DBUS_DOOR_H

#include <dbus/dbus.h>

/* What we use of it, each as a member without its prefix. */
#define DBUS_FUNCTIONS(F)                                                      \
	F(threads_init_default)                                                \
	F(error_init)                                                          \
	F(error_free)                                                          \
	F(connection_open_private)                                             \
	F(connection_close)                                                    \
	F(connection_unref)                                                    \
	F(connection_set_exit_on_disconnect)                                   \
	F(connection_get_is_connected)                                         \
	F(connection_get_unix_fd)                                              \
	F(connection_add_filter)                                               \
	F(connection_read_write)                                               \
	F(connection_dispatch)                                                 \
	F(connection_flush)                                                    \
	F(connection_send)                                                     \
	F(connection_send_with_reply_and_block)                                \
	F(connection_set_max_message_size)                                     \
	F(bus_set_unique_name)                                                 \
	F(bus_get_unique_name)                                                 \
	F(bus_add_match)                                                       \
	F(message_new_method_call)                                             \
	F(message_new_method_return)                                           \
	F(message_new_error)                                                   \
	F(message_append_args)                                                 \
	F(message_get_args)                                                    \
	F(message_get_path)                                                    \
	F(message_get_sender)                                                  \
	F(message_has_sender)                                                  \
	F(message_is_method_call)                                              \
	F(message_is_signal)                                                   \
	F(message_has_destination)                                             \
	F(message_iter_init_append)                                            \
	F(message_iter_append_basic)                                           \
	F(message_iter_open_container)                                         \
	F(message_iter_close_container)                                        \
	F(message_ref)                                                         \
	F(message_unref)

struct dbus {
#define MEMBER(name) __typeof__(dbus_##name) *name;
	DBUS_FUNCTIONS(MEMBER)
#undef MEMBER
};

/*
 * The address of the session's bus, as far as one was announced; NULL: there is
 * none.  None is started.
 *   address  where it may be made
 */
const char *dbus_find_bus(char *address, size_t size);

/* The library; NULL: it is not there, or lacks something. */
const struct dbus *dbus_load(void);

#endif
