/*
 * What artscat and artsrec share: raw sound by libartsc, and how it is
 * described on the command line.
 */
#ifndef ARTSTOOL_H
#define ARTSTOOL_H

#include "compat-tools/libartsc/artsc.h"
#include "compat-tools/tool.h"

#define ARTSTOOL_PIECE 4096 /* bytes read or written at a time */

struct artstool {
	int32_t rate; /* frames/s */
	int32_t bits;
	int32_t channels;
	const char *file; /* NULL: standard input or output */
};

/*
 * Reads -r, -b, -c and one file.  For -h, and for what it doesn't understand,
 * `help` goes to standard error and the exit status is 1, as it was.
 */
void artstool_options(int argc, char **argv, const char *help,
    struct artstool *tool);

/* Connects, or says that it cannot and exits with 1. */
void artstool_connect(void);

#endif
