/* What the fuzz targets share. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* An oracle: unlike assert() it is there in every build. */
#define MUST(condition)                                                        \
	do {                                                                   \
		if (!(condition)) {                                            \
			(void)fprintf(stderr, "%s:%d: %s is false\n",          \
			    __FILE__, __LINE__, #condition);                   \
			abort();                                               \
		}                                                              \
	} while (0)

/* The entry every fuzzing engine knows. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
