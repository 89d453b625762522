#include "compat-tools/dsp/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Sealed, lest the program cut off what we look at. */
int
ring_make(struct ring *ring, uint32_t size)
{
	uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);
	int error;

	*ring = (struct ring){ .size = size,
		.mapped = (size + page - 1) / page * page };
	ring->fd = memfd_create("esddsp", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (ring->fd < 0) {
		return -errno;
	}
	if (ftruncate(ring->fd, ring->mapped) == 0 &&
	    fcntl(ring->fd, F_ADD_SEALS,
		F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
		ring->data = mmap(NULL, ring->mapped, PROT_READ | PROT_WRITE,
		    MAP_SHARED, ring->fd, 0);
		if (ring->data != MAP_FAILED) {
			return 0;
		}
	}
	error = -errno;
	(void)close(ring->fd);
	*ring = (struct ring){ 0 };
	return error;
}

void
ring_drop(struct ring *ring)
{
	if (ring->data != NULL) {
		(void)munmap(ring->data, ring->mapped);
		(void)close(ring->fd);
		*ring = (struct ring){ 0 };
	}
}

bool
ring_is(const struct ring *ring, int fd)
{
	struct stat own, other;

	return ring->data != NULL && fstat(ring->fd, &own) == 0 &&
	       fstat(fd, &other) == 0 && own.st_dev == other.st_dev &&
	       own.st_ino == other.st_ino;
}

void
ring_copy_out(const struct ring *ring, uint64_t at, uint8_t *out, size_t bytes)
{
	while (bytes > 0) {
		uint32_t from = (uint32_t)(at % ring->size);
		size_t piece = ring->size - from;

		piece = piece < bytes ? piece : bytes;
		memcpy(out, ring->data + from, piece);
		at += piece;
		out += piece;
		bytes -= piece;
	}
}

void
ring_copy_in(struct ring *ring, uint64_t at, const uint8_t *in, size_t bytes)
{
	while (bytes > 0) {
		uint32_t to = (uint32_t)(at % ring->size);
		size_t piece = ring->size - to;

		piece = piece < bytes ? piece : bytes;
		memcpy(ring->data + to, in, piece);
		at += piece;
		in += piece;
		bytes -= piece;
	}
}
