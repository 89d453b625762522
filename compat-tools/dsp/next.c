#include "compat-tools/dsp/next.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

next_function *
next_find(next_function **slot, const char *name)
{
	next_function *function = __atomic_load_n(slot, __ATOMIC_RELAXED);

	if (function == NULL) {
		/* Whichever thread is first, all find the same. */
		int before = errno;
		void *found = dlsym(RTLD_NEXT, name);

		memcpy(&function, &found, sizeof(function));
		__atomic_store_n(slot, function, __ATOMIC_RELAXED);
		errno = before;
	}
	if (function == NULL) {
		abort(); /* nobody links to what their libc doesn't have */
	}
	return function;
}
