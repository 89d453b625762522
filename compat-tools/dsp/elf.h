/*
 * What an ELF header says of how a program will be run.  Reads, prints and
 * allocates nothing else.  Thread: any.
 */
#ifndef ELF_H
#define ELF_H

#include <stdbool.h>
#include <stdint.h>

#define ELF_LOADER_MAX                                                         \
	256 /* bytes of a dynamic loader's path, NUL included                  \
	     */

struct elf {
	int bits;		     /* 64 or 32, by the header's class */
	uint16_t machine;	     /* EM_X86_64, EM_386, ... */
	char loader[ELF_LOADER_MAX]; /* "": none, a static program */
};

/*
 * Reads the headers of an open file, wherever its offset is.
 * 0; -ENOEXEC: no ELF file of this byte order that can be run; else -errno.
 */
int elf_read(int fd, struct elf *elf);

/* The file's own name in the loader's path: "ld-linux.so.2". */
const char *elf_loader_name(const struct elf *elf);

#endif
