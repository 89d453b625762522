#include "compat-tools/dsp/elf.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SEGMENTS_MAX 512 /* the kernel stops at 64 KiB of them */

/* What the two classes have in common, widened. */
struct header {
	uint16_t type;
	uint16_t machine;
	uint64_t at; /* of the program headers, bytes into the file */
	uint16_t size;
	uint16_t count;
};

/* All of it, or -ENOEXEC: a file that is cut short can't be run. */
static int
read_at(int fd, void *where, size_t bytes, uint64_t at)
{
	ssize_t got;

	if (at > INT64_MAX) {
		return -ENOEXEC;
	}
	do {
		got = pread(fd, where, bytes, (off_t)at);
	} while (got < 0 && errno == EINTR);
	if (got < 0) {
		return -errno;
	}
	return (size_t)got == bytes ? 0 : -ENOEXEC;
}

static int
read_header(int fd, int bits, struct header *header)
{
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;
	int error;

	if (bits == 64) {
		error = read_at(fd, &wide, sizeof(wide), 0);
		*header = (struct header){ wide.e_type, wide.e_machine,
			wide.e_phoff, wide.e_phentsize, wide.e_phnum };
	} else {
		error = read_at(fd, &narrow, sizeof(narrow), 0);
		*header = (struct header){ narrow.e_type, narrow.e_machine,
			narrow.e_phoff, narrow.e_phentsize, narrow.e_phnum };
	}
	return error;
}

/* Where a segment is, if it is the one that names the loader. */
static int
read_segment(int fd, int bits, uint64_t at, bool *names, uint64_t *offset,
    uint64_t *bytes)
{
	Elf64_Phdr wide = { 0 };
	Elf32_Phdr narrow = { 0 };
	int error;

	if (bits == 64) {
		error = read_at(fd, &wide, sizeof(wide), at);
		*names = wide.p_type == PT_INTERP;
		*offset = wide.p_offset;
		*bytes = wide.p_filesz;
	} else {
		error = read_at(fd, &narrow, sizeof(narrow), at);
		*names = narrow.p_type == PT_INTERP;
		*offset = narrow.p_offset;
		*bytes = narrow.p_filesz;
	}
	return error;
}

static int
read_loader(int fd, const struct header *header, struct elf *elf)
{
	for (unsigned i = 0; i < header->count; i++) {
		bool names = false;
		uint64_t offset = 0, bytes = 0;
		int error = read_segment(fd, elf->bits,
		    header->at + (uint64_t)i * header->size, &names, &offset,
		    &bytes);

		if (error != 0) {
			return error;
		}
		if (!names) {
			continue;
		}
		if (bytes == 0 || bytes > sizeof(elf->loader)) {
			return -ENOEXEC;
		}
		error = read_at(fd, elf->loader, bytes, offset);
		elf->loader[bytes - 1] = '\0';
		return error;
	}
	return 0;
}

int
elf_read(int fd, struct elf *elf)
{
	unsigned char ident[EI_NIDENT];
	struct header header = { 0 };
	int error = read_at(fd, ident, sizeof(ident), 0);

	*elf = (struct elf){ 0 };
	if (error != 0) {
		return error;
	}
	if (memcmp(ident, ELFMAG, SELFMAG) != 0 ||
	    (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64)) {
		return -ENOEXEC;
	}
	elf->bits = ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
	error = read_header(fd, elf->bits, &header);
	if (error != 0) {
		return error;
	}
	elf->machine = header.machine;
	if ((header.type != ET_EXEC && header.type != ET_DYN) ||
	    header.count > SEGMENTS_MAX) {
		return -ENOEXEC;
	}
	return read_loader(fd, &header, elf);
}

const char *
elf_loader_name(const struct elf *elf)
{
	const char *slash = strrchr(elf->loader, '/');

	return slash == NULL ? elf->loader : slash + 1;
}
