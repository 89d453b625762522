/* What conf.def says, for people: --help and the manual's lists. */
#ifndef HELP_H
#define HELP_H

#include <stdio.h>

/* --help: at most 80 columns. */
void help_print(FILE *out);

/* mdoc(7) lists for the manual: the options; the keys of a file. */
void help_print_options(FILE *out);
void help_print_keys(FILE *out);

#endif
