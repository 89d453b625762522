/*
 * How a stream's buffer is divided into packets.  This library sends none, but
 * programs set and read their number and size, and write by them; so they come
 * out as they always did.
 *
 * Thread: any; it is arithmetic.
 */
#ifndef PACKETS_H
#define PACKETS_H

#include <stdint.h>

#define PACKETS_BYTES_MAX (1 << 30) /* of a buffer */

struct packets {
	int32_t count;
	int32_t size; /* bytes of each */
};

/* Those that hold so many bytes, if that is PACKETS_BYTES_MAX or less. */
struct packets packets_for(int64_t bytes);

/*
 * Those of ARTS_P_PACKET_SETTINGS: of that size, and as many as asked for, or
 * as it takes to hold `least` bytes.
 * 0, or -ERANGE: they would hold more than PACKETS_BYTES_MAX.
 */
int packets_set(int32_t settings, int64_t least, struct packets *packets);

/* The reverse. */
int32_t packets_settings(struct packets packets);

int32_t packets_bytes(struct packets packets); /* of all */

#endif
