/* Where the system calls of this machine's programs are not known. */
#include <errno.h>

#include "compat-tools/dsp/supervise.h"

int
supervise(const char *title, const char *only, bool verbose, const char **why)
{
	*why = "that works on x86-64 machines only";
	return -ENOSYS;
}
