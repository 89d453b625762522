/*
 * The system calls that a supervisor answers in the kernel's place: a table,
 * one row a call.  Thread: the supervisor's one.
 */
#ifndef CALLS_H
#define CALLS_H

#include "compat-tools/dsp/filter.h"
#include "compat-tools/dsp/notice.h"

size_t calls_count(void);
const struct filter_row *calls_row(size_t i); /* for filter_install() */

/* The verdict on one notice. */
int64_t calls_judge(const struct notice *notice);

#endif
