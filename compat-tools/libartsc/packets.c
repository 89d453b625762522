#include "compat-tools/libartsc/packets.h"

#include <errno.h>

#define COUNT_FIRST 3
#define COUNT_AGAIN 4 /* after the size was doubled */
#define COUNT_MAX   7
#define SIZE_FIRST  128
#define SIZE_LOG2   0xFFFF /* of the settings; the count is above it */
#define LOG2_MAX    30

struct packets
packets_for(int64_t bytes)
{
	struct packets packets = { COUNT_FIRST, SIZE_FIRST };

	if (bytes > PACKETS_BYTES_MAX) {
		bytes = PACKETS_BYTES_MAX;
	}
	while (packets_bytes(packets) < bytes) {
		packets.count++;
		if (packets.count > COUNT_MAX) {
			packets.count = COUNT_AGAIN;
			packets.size *= 2;
		}
	}
	return packets;
}

int
packets_set(int32_t settings, int64_t least, struct packets *packets)
{
	unsigned log2 = (uint32_t)settings & SIZE_LOG2;
	int64_t count = (uint32_t)settings >> 16;
	int64_t size;

	if (log2 > LOG2_MAX) {
		return -ERANGE;
	}
	size = INT64_C(1) << log2;
	if (count * size < least) {
		count = (least + size - 1) / size;
	}
	if (count == 0) {
		count = 1;
	}
	if (count > UINT16_MAX >> 1 || count * size > PACKETS_BYTES_MAX) {
		return -ERANGE;
	}
	*packets = (struct packets){ (int32_t)count, (int32_t)size };
	return 0;
}

int32_t
packets_settings(struct packets packets)
{
	int32_t log2 = 0;

	while (packets.size >> log2 > 1) {
		log2++;
	}
	return (packets.count << 16) | log2;
}

int32_t
packets_bytes(struct packets packets)
{
	return packets.count * packets.size;
}
