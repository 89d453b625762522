/*
 * The fixed-point layout of the mixer: every width, and why nothing overflows.
 *
 *   input      s16, full scale 2^15 (u8 is (byte - 128) << 8)
 *   gain       Q15, unity exact, at most +6 dB
 *   product    s16 x gain, in an int32
 *   sum        two int32 a sample: hi += product >> 12, lo += product & 4095;
 *              exact for BUS_STREAMS_MAX full-scale streams at GAIN_MAX
 *   sample_t   Q23.8: the rounded sum in 1/256 of an s16 step, saturated at
 *              +48 dBFS; what the resampler reads
 *   master     int64, in 1/65536 of an s16 step, so that full scale is 2^31
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <stdint.h>

typedef int32_t gain_t;
typedef int32_t sample_t;

#define GAIN_BITS	15
#define GAIN_UNITY	(1 << GAIN_BITS)
#define GAIN_MAX	(1 << (GAIN_BITS + 1)) /* twice unity: +6 dB */
#define BUS_STREAMS_MAX 4096 /* streams on one bus, all at GAIN_MAX */

#define SUM_LOW_BITS 12 /* of a product, kept in lo */
#define SUM_LOW_MASK ((1 << SUM_LOW_BITS) - 1)

#define SAMPLE_BITS 8  /* fraction bits of sample_t */
#define MASTER_BITS 16 /* fraction bits of the master */

_Static_assert((int64_t)-32768 * GAIN_MAX >= INT32_MIN,
    "a product must fit an int32");
_Static_assert(((int64_t)-32768 * GAIN_MAX >> SUM_LOW_BITS) * BUS_STREAMS_MAX >=
		   INT32_MIN,
    "hi must hold the greatest sum");
_Static_assert((int64_t)SUM_LOW_MASK *BUS_STREAMS_MAX <= INT32_MAX,
    "lo must hold the greatest sum");

#endif
