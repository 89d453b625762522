#include "compat-tools/dsp/library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat-tools/dsp/door.h"
#include "compat-tools/dsp/program.h"

/* As the loader of each word size reads it, its own directory in place. */
#define PLACE "$LIB"

#define LIBRARY "libesddsp.so"

/* The directory that this program is in, with no slash; "" if unknown. */
static void
find_own_directory(char directory[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", directory, PATH_MAX - 1);

	directory[length < 0 ? 0 : length] = '\0';
	directory[strrchr(directory, '/') == NULL
		      ? 0
		      : strrchr(directory, '/') - directory] = '\0';
}

void
library_path(const char *library, int bits, char path[LIBRARY_PATH_MAX])
{
	const char *place = strstr(library, PLACE);

	if (place == NULL) {
		(void)snprintf(path, LIBRARY_PATH_MAX, "%s", library);
		return;
	}
	(void)snprintf(path, LIBRARY_PATH_MAX, "%.*s%s%s",
	    (int)(place - library), library, bits == 32 ? DSP_LIB_32 : DSP_LIB,
	    place + sizeof(PLACE) - 1);
}

bool
library_is_there(const char *library, int bits)
{
	char path[LIBRARY_PATH_MAX];

	library_path(library, bits, path);
	return access(path, R_OK) == 0;
}

void
library_find(char library[LIBRARY_PATH_MAX], char server[LIBRARY_PATH_MAX])
{
	const char *named = getenv("ESDDSP_LIBRARY");
	char directory[PATH_MAX];

	find_own_directory(directory);
	(void)snprintf(library, LIBRARY_PATH_MAX,
	    "%s/preload/" PLACE "/" LIBRARY, directory);
	(void)snprintf(server, LIBRARY_PATH_MAX, "%s/" DOOR_SERVER, directory);
	if (named != NULL && *named != '\0') {
		(void)snprintf(library, LIBRARY_PATH_MAX, "%s", named);
		server[0] = '\0';
	} else if (!library_is_there(library, PROGRAM_OWN_BITS)) {
		(void)snprintf(library, LIBRARY_PATH_MAX, "%s",
		    DSP_PREFIX "/" PLACE "/" LIBRARY);
		server[0] = '\0';
	}
}
