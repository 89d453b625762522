/* Prints docs/oss.md from the table of the OSS API. */
#include <linux/ioctl.h>
#include <stdio.h>
#include <stdlib.h>

#include "compat-tools/dsp/oss.h"

static const char head[] =
    "# What /dev/dsp and /dev/mixer answer\n"
    "\n"
    "Printed by `make oss-page` from `compat-tools/dsp/oss.def`, which is what "
    "the\ncode goes by.\n"
    "\n"
    "A request is known by its type, number and direction; how long its "
    "argument is\nmay differ, as it does between word widths. What is not "
    "listed is answered\nEINVAL. Calls of sound are answered EINVAL on a "
    "mixer; those of the mixer may be\nmade on any device. What a device was "
    "not opened for (GETOSPACE where it may only\nbe read) is EINVAL.\n"
    "\n"
    "| call | number | answers |\n"
    "|---|---|---|\n";

static const char tail[] =
    "\n"
    "`/dev/dsp` begins with unsigned 8-bit samples, `/dev/dspW` with 16-bit "
    "ones,\n`/dev/audio` with mu-law; each with one channel at 8000 Hz.\n"
    "\n"
    "How sound gets there and what is odd about it: "
    "[quirks.md](quirks.md), \"OSS\".\n";

static const char *
direction(const struct oss_row *row)
{
	switch (row->direction) {
	case _IOC_NONE:
		return "_IO";
	case _IOC_READ:
		return "_IOR";
	case _IOC_WRITE:
		return "_IOW";
	default:
		return "_IOWR";
	}
}

int
main(void)
{
	size_t count;
	const struct oss_row *rows = oss_rows(&count);

	(void)fputs(head, stdout);
	for (size_t i = 0; i < count; i++) {
		(void)printf("| %s | %s('%c', %u) | %s |\n", rows[i].name,
		    direction(&rows[i]), (char)rows[i].type, rows[i].number,
		    rows[i].help);
	}
	(void)fputs(tail, stdout);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
