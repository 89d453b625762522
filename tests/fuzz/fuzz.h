/* What the fuzz targets share. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* An oracle: unlike assert() it is there in every build. */
#define MUST(condition) must((condition), __FILE__, __LINE__, #condition)

static inline void
must(bool holds, const char *file, int line, const char *condition)
{
	if (!holds) {
		(void)fprintf(stderr, "%s:%d: %s is false\n", file, line,
		    condition);
		abort();
	}
}

/* The entry every fuzzing engine knows. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
