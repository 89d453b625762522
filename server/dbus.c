#include "server/dbus.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIBRARY "libdbus-1.so.3"

static struct dbus dbus;

const char *
dbus_find_bus(char *address, size_t size)
{
	static const char prefix[] = "unix:path=";
	const char *named = getenv("DBUS_SESSION_BUS_ADDRESS");
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	int length;

	if (named != NULL && named[0] != '\0') {
		/* That one would start a bus, in a display's name. */
		return strncmp(named, "autolaunch:", 11) == 0 ? NULL : named;
	}
	if (runtime == NULL || runtime[0] != '/') {
		return NULL;
	}
	length = snprintf(address, size, "%s%s/bus", prefix, runtime);
	if (length < 0 || (size_t)length >= size ||
	    access(address + strlen(prefix), R_OK | W_OK) != 0) {
		return NULL;
	}
	return address;
}

const struct dbus *
dbus_load(void)
{
	static void *library;

	if (library == NULL) {
		library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	}
	if (library == NULL) {
		return NULL;
	}
	/* Through a pointer, since a symbol is no function to ISO C. */
#define LOAD(name)                                                             \
	*(void **)&dbus.name = dlsym(library, "dbus_" #name);                  \
	if (dbus.name == NULL) {                                               \
		return NULL;                                                   \
	}
	DBUS_FUNCTIONS(LOAD)
#undef LOAD
	return &dbus;
}
