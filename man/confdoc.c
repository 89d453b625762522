/*
 * Prints the part of a manual page that conf.def already says:
 *   confdoc options   for esdmixd(1)
 *   confdoc keys      for esdmixd.conf(5)
 */
#include <stdio.h>
#include <string.h>

#include "server/help.h"

int
main(int argc, char *argv[])
{
	if (argc == 2 && strcmp(argv[1], "options") == 0) {
		help_print_options(stdout);
	} else if (argc == 2 && strcmp(argv[1], "keys") == 0) {
		help_print_keys(stdout);
	} else {
		fputs("usage: confdoc options|keys\n", stderr);
		return 2;
	}
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
