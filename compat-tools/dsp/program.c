#include "compat-tools/dsp/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "compat-tools/dsp/elf.h"

#define SCRIPTS_MAX 5	/* of interpreters of interpreters, as the kernel's */
#define LINE_BYTES  256 /* bytes of a #! line that the kernel looks at */
#define SHELL	    "/bin/sh"
#define LOADER_32   "ld-linux.so.2" /* the one that takes our 32-bit library */

static int refuse(struct program *program, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int
refuse(struct program *program, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(program->why, sizeof(program->why), format, args);
	va_end(args);
	return error;
}

/* --- where it is ---------------------------------------------------------- */

static bool
is_runnable(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
	       access(path, X_OK) == 0;
}

/* In the directories of $PATH; what may not be run is no reason to stop. */
static int
search(const char *name, struct program *program)
{
	const char *list = getenv("PATH");
	bool seen = false;

	if (list == NULL) {
		list = "/bin:/usr/bin";
	}
	for (;;) {
		size_t length = strcspn(list, ":");
		int wrote = length == 0
				? snprintf(program->path, sizeof(program->path),
				      "./%s", name)
				: snprintf(program->path, sizeof(program->path),
				      "%.*s/%s", (int)length, list, name);

		if (wrote > 0 && (size_t)wrote < sizeof(program->path)) {
			if (is_runnable(program->path)) {
				return 0;
			}
			seen = seen || access(program->path, F_OK) == 0;
		}
		if (list[length] == '\0') {
			break;
		}
		list += length + 1;
	}
	return seen ? refuse(program, -EACCES,
			  "%s is in $PATH, but may not be run", name)
		    : refuse(program, -ENOENT,
			  "there is no %s in $PATH; give its path", name);
}

static int
locate(const char *name, struct program *program)
{
	size_t length = strlen(name);

	if (length == 0) {
		return refuse(program, -ENOENT, "the program has no name");
	}
	if (strchr(name, '/') == NULL) {
		return search(name, program);
	}
	if (length >= sizeof(program->path)) {
		return refuse(program, -ENOENT,
		    "the program's path is longer "
		    "than any file's");
	}
	memcpy(program->path, name, length + 1);
	if (access(name, F_OK) != 0) {
		return refuse(program, -ENOENT, "%s: %s", name,
		    strerror(errno));
	}
	return is_runnable(name)
		   ? 0
		   : refuse(program, -EACCES,
			 "%s may not be run, or is no file", name);
}

/* --- with whose rights ---------------------------------------------------- */

/*
 * Linux lets nobody into a program that gains rights, nor that program gain
 * them once somebody is in.
 */
static int
check_rights(const char *path, struct program *program)
{
	struct stat status;
	struct statvfs system;
	const char *what = NULL;

	if (stat(path, &status) != 0 || statvfs(path, &system) != 0) {
		return refuse(program, -EACCES, "%s: %s", path,
		    strerror(errno));
	}
	if ((system.f_flag & ST_NOSUID) != 0) {
		return 0; /* nothing is gained there */
	}
	if ((status.st_mode & S_ISUID) != 0 && status.st_uid != geteuid()) {
		what = "with the rights of its owner (setuid)";
	} else if ((status.st_mode & S_ISGID) != 0 &&
		   (status.st_mode & S_IXGRP) != 0 &&
		   status.st_gid != getegid()) {
		what = "with the rights of its group (setgid)";
	} else if (geteuid() != 0 &&
		   getxattr(path, "security.capability", NULL, 0) > 0) {
		what = "with more rights than its user (file capabilities)";
	}
	return what == NULL ? 0
			    : refuse(program, -ENOEXEC,
				  "%s runs %s, and no such program can be "
				  "wrapped; wrap a copy of it, which has none",
				  path, what);
}

/* --- what it is ----------------------------------------------------------- */

/* Of this program, as the linker knows it; there may be no /proc to read. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c) */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* A program of that sort runs on this machine, if the kernel is willing. */
static bool
is_of_this_machine(const struct elf *elf)
{
	return (elf->machine == __ehdr_start.e_machine &&
		   elf->bits == PROGRAM_OWN_BITS) ||
	       (__ehdr_start.e_machine == EM_X86_64 && elf->machine == EM_386);
}

/* For dl_iterate_phdr(), whose first object is this program: its loader. */
static int
copy_loader(struct dl_phdr_info *info, size_t size, void *arg)
{
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

		if (segment->p_type == PT_INTERP) {
			const char *base = (const char *)&__ehdr_start;

			(void)snprintf(arg, ELF_LOADER_MAX, "%s",
			    base + segment->p_offset);
		}
	}
	return 1; /* enough */
}

static int
judge(const struct elf *elf, const char *path, struct program *program)
{
	struct elf own = { 0 };
	const char *loader;

	if (!is_of_this_machine(elf)) {
		return refuse(program, -ENOEXEC,
		    "%s is for another machine (ELF machine %u, %d bits)", path,
		    (unsigned)elf->machine, elf->bits);
	}
	(void)dl_iterate_phdr(copy_loader, own.loader);
	loader =
	    elf->bits == PROGRAM_OWN_BITS ? elf_loader_name(&own) : LOADER_32;
	program->bits = elf->bits;
	/* Another libc's loader wouldn't take a library made for ours. */
	program->way = strcmp(elf_loader_name(elf), loader) == 0
			   ? PROGRAM_PRELOAD
			   : PROGRAM_SECCOMP;
	return 0;
}

/* The interpreter of a #! line, in place; NULL: there is none. */
static char *
interpreter(char *line)
{
	char *name = line + 2;

	name += strspn(name, " \t");
	name[strcspn(name, " \t\n")] = '\0';
	return name[0] == '\0' ? NULL : name;
}

/* A program; what may not be read, but run, is taken for one of this libc. */
static int
inspect_program(int fd, const char *path, struct program *program)
{
	struct elf elf;
	int error = check_rights(path, program);

	if (error != 0 || fd < 0) {
		return error;
	}
	if (elf_read(fd, &elf) != 0) {
		return refuse(program, -ENOEXEC,
		    "%s is a damaged program, or one of another machine", path);
	}
	return judge(&elf, path, program);
}

/* A script: its interpreter takes its place.  Without a #! line, the shell. */
static int
inspect_script(char *line, char path[PATH_MAX], struct program *program)
{
	const char *next = SHELL;

	if (strncmp(line, "#!", 2) == 0) {
		next = interpreter(line);
	}
	if (next == NULL) {
		return refuse(program, -ENOEXEC,
		    "%s has a #! line without a program", path);
	}
	(void)snprintf(path, PATH_MAX, "%s", next);
	return access(path, X_OK) == 0
		   ? 1
		   : refuse(program, -ENOEXEC, "%s needs %s: %s", program->path,
			 path, strerror(errno));
}

/* Looks at one file.  1: its interpreter, which is now in path, is next. */
static int
inspect(char path[PATH_MAX], struct program *program)
{
	char line[LINE_BYTES + 1];
	ssize_t bytes = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC), result;

	if (fd >= 0) {
		bytes = pread(fd, line, LINE_BYTES, 0);
	}
	line[bytes < 0 ? 0 : bytes] = '\0';
	result = fd < 0 || strncmp(line, ELFMAG, SELFMAG) == 0
		     ? inspect_program(fd, path, program)
		     : inspect_script(line, path, program);
	if (fd >= 0) {
		(void)close(fd);
	}
	return result;
}

int
program_find(const char *name, struct program *program)
{
	char path[PATH_MAX];
	int result;

	*program = (struct program){
		.way = PROGRAM_PRELOAD,
		.bits = PROGRAM_OWN_BITS,
	};
	result = locate(name, program);
	if (result != 0) {
		return result;
	}
	memcpy(path, program->path, sizeof(path));
	for (int scripts = 0; scripts <= SCRIPTS_MAX; scripts++) {
		result = inspect(path, program);
		if (result <= 0) {
			return result;
		}
	}
	return refuse(program, -ENOEXEC,
	    "%s is a script of a script of a script, and so on", name);
}
