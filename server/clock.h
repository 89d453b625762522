/*
 * The time that deadlines are reckoned in.  Thread: any.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* Ms since some moment: CLOCK_MONOTONIC. */
uint64_t clock_ms(void);

#endif
