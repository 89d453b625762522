#include <criterion/criterion.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "compat-tools/dsp/elf.h"

#define LOADER "/lib/ld-test.so.2"

/* A program of either class: its headers, one segment, a loader's name. */
struct image {
	union {
		Elf64_Ehdr wide;
		Elf32_Ehdr narrow;
	} head;
	union {
		Elf64_Phdr wide;
		Elf32_Phdr narrow;
	} segments[2];
	char loader[sizeof(LOADER)];
};

#define AT_SEGMENTS offsetof(struct image, segments)
#define AT_LOADER   offsetof(struct image, loader)

static struct image
make(int class, unsigned type, unsigned segment)
{
	struct image image = { .loader = LOADER };

	if (class == ELFCLASS64) {
		image.head.wide = (Elf64_Ehdr){ .e_type = (Elf64_Half)type,
			.e_machine = EM_X86_64,
			.e_phoff = AT_SEGMENTS,
			.e_phentsize = sizeof(image.segments[0]),
			.e_phnum = 2 };
		image.segments[1].wide = (Elf64_Phdr){ .p_type = segment,
			.p_offset = AT_LOADER,
			.p_filesz = sizeof(LOADER) };
	} else {
		image.head.narrow = (Elf32_Ehdr){ .e_type = (Elf32_Half)type,
			.e_machine = EM_386,
			.e_phoff = AT_SEGMENTS,
			.e_phentsize = sizeof(image.segments[0]),
			.e_phnum = 2 };
		image.segments[1].narrow = (Elf32_Phdr){ .p_type = segment,
			.p_offset = AT_LOADER,
			.p_filesz = sizeof(LOADER) };
	}
	memcpy(image.head.wide.e_ident, ELFMAG, SELFMAG);
	image.head.wide.e_ident[EI_CLASS] = (unsigned char)class;
	image.head.wide.e_ident[EI_DATA] = ELFDATA2LSB;
	return image;
}

/* Reads the first `bytes` of an image. */
static int
examine(const void *image, size_t bytes, struct elf *elf)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);
	int result;

	cr_assert(fd >= 0 && write(fd, image, bytes) == (ssize_t)bytes);
	result = elf_read(fd, elf);
	(void)close(fd);
	return result;
}

static void
expect(int class, unsigned type, unsigned segment, int bits, const char *name)
{
	struct image image = make(class, type, segment);
	struct elf elf;

	cr_assert_eq(examine(&image, sizeof(image), &elf), 0);
	cr_assert_eq(elf.bits, bits);
	cr_assert_eq(elf.machine, bits == 64 ? EM_X86_64 : EM_386);
	cr_assert_str_eq(elf_loader_name(&elf), name);
}

Test(elf, kinds)
{
	expect(ELFCLASS64, ET_EXEC, PT_INTERP, 64, "ld-test.so.2");
	expect(ELFCLASS64, ET_DYN, PT_INTERP, 64, "ld-test.so.2");
	expect(ELFCLASS64, ET_EXEC, PT_LOAD, 64, "");
	expect(ELFCLASS64, ET_DYN, PT_LOAD, 64, ""); /* static-pie */
	expect(ELFCLASS32, ET_EXEC, PT_INTERP, 32, "ld-test.so.2");
	expect(ELFCLASS32, ET_DYN, PT_LOAD, 32, "");
}

Test(elf, not_to_be_run)
{
	struct image image = make(ELFCLASS64, ET_REL, PT_LOAD);
	struct elf elf;

	cr_assert_eq(examine(&image, sizeof(image), &elf), -ENOEXEC);
	image = make(ELFCLASS64, ET_CORE, PT_LOAD);
	cr_assert_eq(examine(&image, sizeof(image), &elf), -ENOEXEC);
	image = make(3, ET_EXEC, PT_LOAD);
	cr_assert_eq(examine(&image, sizeof(image), &elf), -ENOEXEC);
	cr_assert_eq(examine("#!/bin/sh -e\necho\n", 17, &elf), -ENOEXEC);
	cr_assert_eq(examine("", 0, &elf), -ENOEXEC);
	cr_assert_eq(elf_read(-1, &elf), -EBADF);
}

/* However short it is cut, it is refused, or its loader was not reached. */
Test(elf, cut)
{
	for (int class = ELFCLASS32; class <= ELFCLASS64; class ++) {
		struct image image = make(class, ET_EXEC, PT_INTERP);

		for (size_t bytes = 0; bytes < sizeof(image); bytes++) {
			struct elf elf;
			int result = examine(&image, bytes, &elf);

			/* Alignment follows the name. */
			cr_assert(result == -ENOEXEC ||
				      bytes >= AT_LOADER + sizeof(LOADER),
			    "%zu bytes", bytes);
		}
	}
}

Test(elf, lies)
{
	struct image image = make(ELFCLASS64, ET_EXEC, PT_INTERP);
	struct elf elf;

	image.segments[1].wide.p_filesz = 0;
	cr_assert_eq(examine(&image, sizeof(image), &elf), -ENOEXEC);
	image.segments[1].wide.p_filesz = ELF_LOADER_MAX + 1;
	cr_assert_eq(examine(&image, sizeof(image), &elf), -ENOEXEC);
	image.segments[1].wide.p_filesz = UINT64_MAX;
	cr_assert_eq(examine(&image, sizeof(image), &elf), -ENOEXEC);
	image = make(ELFCLASS64, ET_EXEC, PT_INTERP);
	image.segments[1].wide.p_offset = UINT64_MAX;
	cr_assert_eq(examine(&image, sizeof(image), &elf), -ENOEXEC);
	image = make(ELFCLASS64, ET_EXEC, PT_INTERP);
	image.head.wide.e_phoff = UINT64_MAX;
	cr_assert_eq(examine(&image, sizeof(image), &elf), -ENOEXEC);
	image = make(ELFCLASS64, ET_EXEC, PT_INTERP);
	image.head.wide.e_phnum = UINT16_MAX;
	cr_assert_eq(examine(&image, sizeof(image), &elf), -ENOEXEC);
	/* A name without its NUL is ended where it ends. */
	image = make(ELFCLASS64, ET_EXEC, PT_INTERP);
	image.segments[1].wide.p_filesz = sizeof(LOADER) - 1;
	cr_assert_eq(examine(&image, sizeof(image), &elf), 0);
	cr_assert_str_eq(elf_loader_name(&elf), "ld-test.so.");
}
