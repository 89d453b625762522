#include "server/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocols/esd.h"
#include "server/log.h"
#include "server/volume.h"

/*
 * The file: this line, then one a name, least recently used first:
 * "LEFT RIGHT MUTED NAME", MUTED being 0 or 1.  In the name, what is not
 * printable ASCII, and the backslash, is \xHH.
 */
#define HEADER	     "esdmixd volumes 1\n"
#define HEADER_BYTES (sizeof(HEADER) - 1)
#define NUMBER_MAX   3 /* digits */
#define LINE_BYTES   (sizeof("512 512 1 \n") - 1 + (size_t)4 * (ESD_NAME_MAX - 1))
#define FILE_BYTES   (HEADER_BYTES + MEMORY_ENTRIES_MAX * LINE_BYTES)

#define OTHERS_WRITE (S_IWGRP | S_IWOTH)

struct entry {
	TAILQ_ENTRY(entry) link;
	int32_t volume[2];
	bool muted;
	char name[ESD_NAME_MAX];
};

TAILQ_HEAD(entries, entry);

struct memory {
	/* constant */
	struct memory_settings settings;
	char path[MEMORY_PATH_MAX];
	char directory[MEMORY_PATH_MAX];
	const char *name;	       /* in the directory */
	char draft[MEMORY_PATH_MAX];   /* likewise: while it is written */
	char damaged[MEMORY_PATH_MAX]; /* likewise: set aside */

	/* control */
	struct entries entries; /* most recently used first */
	unsigned count;
	bool dirty;   /* the file differs */
	bool told;    /* changed() was called */
	bool sealed;  /* the file is left alone */
	bool writing; /* from memory_prepare() to memory_written() */
	bool late;    /* the next one has been asked for meanwhile */
	int failed;   /* -errno of the last write, 0: none */

	/* whose turn it is: the writer's while `writing` */
	char *text;
	size_t size;
	int result;
};

/* --- what is remembered ------------------------------------------------ */

static struct entry *
find(const struct memory *memory, const char *name)
{
	struct entry *entry;

	TAILQ_FOREACH(entry, &memory->entries, link)
	{
		if (strcmp(entry->name, name) == 0) {
			return entry;
		}
	}
	return NULL;
}

static void
discard(struct memory *memory, struct entry *entry)
{
	TAILQ_REMOVE(&memory->entries, entry, link);
	memory->count--;
	free(entry);
}

static void
discard_all(struct memory *memory)
{
	struct entry *entry = TAILQ_FIRST(&memory->entries);

	while (entry != NULL) {
		struct entry *next = TAILQ_NEXT(entry, link);

		free(entry);
		entry = next;
	}
	TAILQ_INIT(&memory->entries);
	memory->count = 0;
}

/* The newest; NULL: no memory for it. */
static struct entry *
add(struct memory *memory, const char *name)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (entry == NULL) {
		return NULL;
	}
	if (memory->count == MEMORY_ENTRIES_MAX) {
		discard(memory, TAILQ_LAST(&memory->entries, entries));
	}
	(void)snprintf(entry->name, sizeof(entry->name), "%s", name);
	TAILQ_INSERT_HEAD(&memory->entries, entry, link);
	memory->count++;
	return entry;
}

static void
use(struct memory *memory, struct entry *entry)
{
	if (entry != TAILQ_FIRST(&memory->entries)) {
		TAILQ_REMOVE(&memory->entries, entry, link);
		TAILQ_INSERT_HEAD(&memory->entries, entry, link);
		memory->dirty = true; /* no hurry: it is only the order */
	}
}

static void
change(struct memory *memory)
{
	memory->dirty = true;
	if (!memory->told) {
		memory->told = true;
		memory->settings.changed(memory->settings.arg);
	}
}

bool
memory_find(struct memory *memory, const char *name, int32_t volume[2],
    bool *muted)
{
	struct entry *entry = memory == NULL ? NULL : find(memory, name);

	if (entry == NULL) {
		return false;
	}
	use(memory, entry);
	volume[0] = entry->volume[0];
	volume[1] = entry->volume[1];
	*muted = entry->muted;
	return true;
}

void
memory_note(struct memory *memory, const char *name, const int32_t volume[2],
    bool muted)
{
	if (memory == NULL || name[0] == '\0') {
		return;
	}
	if (volume[0] == VOLUME_UNITY && volume[1] == VOLUME_UNITY && !muted) {
		(void)memory_forget(memory, name);
		return;
	}
	struct entry *entry = find(memory, name);
	if (entry == NULL) {
		entry = add(memory, name);
		if (entry == NULL) {
			return;
		}
	} else {
		use(memory, entry);
		if (entry->volume[0] == volume[0] &&
		    entry->volume[1] == volume[1] && entry->muted == muted) {
			return;
		}
	}
	entry->volume[0] = volume[0];
	entry->volume[1] = volume[1];
	entry->muted = muted;
	change(memory);
}

bool
memory_forget(struct memory *memory, const char *name)
{
	struct entry *entry = memory == NULL ? NULL : find(memory, name);

	if (entry == NULL) {
		return false;
	}
	discard(memory, entry);
	change(memory);
	return true;
}

/* --- as text ----------------------------------------------------------- */

static bool
is_plain(unsigned char byte)
{
	return byte >= ' ' && byte <= '~' && byte != '\\';
}

/* Appends the line at `text`; returns its bytes, at most LINE_BYTES. */
static size_t
print_entry(const struct entry *entry, char *text)
{
	static const char hex[] = "0123456789abcdef";
	char numbers[LINE_BYTES];
	int n = snprintf(numbers, sizeof(numbers), "%d %d %d ",
	    (int)entry->volume[0], (int)entry->volume[1], entry->muted ? 1 : 0);
	size_t bytes = (size_t)n;

	memcpy(text, numbers, bytes);
	for (const char *at = entry->name; *at != '\0'; at++) {
		unsigned char byte = (unsigned char)*at;

		if (is_plain(byte)) {
			text[bytes++] = *at;
		} else {
			text[bytes++] = '\\';
			text[bytes++] = 'x';
			text[bytes++] = hex[byte >> 4];
			text[bytes++] = hex[byte & 15];
		}
	}
	text[bytes++] = '\n';
	return bytes;
}

/* What is left of a line. */
struct rest {
	const char *at, *end;
};

/* A number of at most `max` and the blank after it. */
static bool
take_number(struct rest *rest, int32_t max, int32_t *number)
{
	int digits = 0;

	*number = 0;
	while (rest->at < rest->end && *rest->at >= '0' && *rest->at <= '9' &&
	       digits < NUMBER_MAX) {
		*number = *number * 10 + (*rest->at++ - '0');
		digits++;
	}
	return digits > 0 && *number <= max && rest->at < rest->end &&
	       *rest->at++ == ' ';
}

/* The value of a hexadecimal digit as we write it, or -1. */
static int
hex_value(char digit)
{
	if (digit >= '0' && digit <= '9') {
		return digit - '0';
	}
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* The next byte of a name, or -1: there cannot be such. */
static int
take_byte(struct rest *rest)
{
	if (is_plain((unsigned char)*rest->at)) {
		return *rest->at++;
	}
	if (rest->end - rest->at < 4 || rest->at[0] != '\\' ||
	    rest->at[1] != 'x') {
		return -1;
	}
	int high = hex_value(rest->at[2]);
	int low = hex_value(rest->at[3]);
	rest->at += 4;
	return high < 0 || low < 0 || high + low == 0 ? -1 : high * 16 + low;
}

static bool
take_name(struct rest *rest, char name[ESD_NAME_MAX])
{
	size_t bytes = 0;

	while (rest->at < rest->end) {
		int byte = take_byte(rest);

		if (byte < 0 || bytes == ESD_NAME_MAX - 1) {
			return false;
		}
		name[bytes++] = (char)byte;
	}
	name[bytes] = '\0';
	return bytes > 0;
}

/* 0; -EINVAL: the line is bad; or -ENOMEM. */
static int
parse_entry(struct memory *memory, struct rest line)
{
	struct entry read;
	int32_t muted;

	if (!take_number(&line, VOLUME_MAX, &read.volume[0]) ||
	    !take_number(&line, VOLUME_MAX, &read.volume[1]) ||
	    !take_number(&line, 1, &muted) || !take_name(&line, read.name) ||
	    find(memory, read.name) != NULL ||
	    memory->count == MEMORY_ENTRIES_MAX) {
		return -EINVAL;
	}
	struct entry *entry = add(memory, read.name);
	if (entry == NULL) {
		return -ENOMEM;
	}
	entry->volume[0] = read.volume[0];
	entry->volume[1] = read.volume[1];
	entry->muted = muted != 0;
	return 0;
}

/* 0, -EINVAL or -ENOMEM; *lines tells the line it stopped at. */
static int
parse(struct memory *memory, const char *text, size_t size, unsigned *lines)
{
	const char *end = text + size;

	*lines = 1;
	if (size < HEADER_BYTES || memcmp(text, HEADER, HEADER_BYTES) != 0) {
		return -EINVAL;
	}
	for (text += HEADER_BYTES; text < end;) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		int error = -EINVAL;

		++*lines;
		if (newline != NULL) {
			error =
			    parse_entry(memory, (struct rest){ text, newline });
		}
		if (error < 0) {
			return error;
		}
		text = newline + 1;
	}
	return 0;
}

/* --- reading ----------------------------------------------------------- */

/* 0 if nobody else can have written what `fd` is open on, else -errno. */
static int
check_ours(int fd, struct stat *st)
{
	if (fstat(fd, st) != 0) {
		return -errno;
	}
	return st->st_uid == geteuid() && !(st->st_mode & OTHERS_WRITE)
		   ? 0
		   : -EPERM;
}

static const char *
reason(int error)
{
	switch (error) {
	case -EPERM:
		return "not ours alone, or not to be changed";
	case -ELOOP:
		return "a symbolic link";
	case -EFBIG:
		return "too long";
	case -EINVAL:
		return "not a regular file";
	default:
		return strerror(-error);
	}
}

/* The directory's descriptor, if it is ours alone; else -errno. */
static int
open_directory(const struct memory *memory)
{
	struct stat st;
	int fd = open(memory->directory,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0) {
		return -errno;
	}
	int error = check_ours(fd, &st);
	if (error < 0) {
		close(fd);
		return error;
	}
	return fd;
}

/* Reads to the end, which may not be beyond `room`; the bytes, or -errno. */
static ssize_t
read_whole(int fd, char *text, size_t room)
{
	size_t size = 0;

	while (size < room) {
		ssize_t n = read(fd, text + size, room - size);

		if (n < 0 && errno != EINTR) {
			return -errno;
		}
		if (n == 0) {
			return (ssize_t)size;
		}
		if (n > 0) {
			size += (size_t)n;
		}
	}
	return -EFBIG;
}

/* 0, -ENOENT: there is no such file, or -errno with the line or 0 for all. */
static int
load(struct memory *memory, int directory, unsigned *line)
{
	/* O_NONBLOCK: a FIFO of that name must not hold us up. */
	int fd = openat(directory, memory->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	char *text = NULL;

	*line = 0;
	if (fd < 0) {
		return -errno;
	}
	int error = check_ours(fd, &st);
	if (error == 0 && !S_ISREG(st.st_mode)) {
		error = -EINVAL;
	}
	if (error == 0) {
		text = malloc(FILE_BYTES + 1);
		error = text == NULL ? -ENOMEM : 0;
	}
	if (error == 0) {
		ssize_t size = read_whole(fd, text, FILE_BYTES + 1);

		error = size < 0 ? (int)size
				 : parse(memory, text, (size_t)size, line);
	}
	free(text);
	close(fd);
	return error;
}

/* Moves a file out of the way; 0 or -errno.  What is none, is left alone. */
static int
set_aside(const struct memory *memory, int directory)
{
	struct stat st;

	if (fstatat(directory, memory->name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode)) {
		return -EINVAL;
	}
	return renameat(directory, memory->name, directory, memory->damaged) ==
		       0
		   ? 0
		   : -errno;
}

static void
begin_afresh(struct memory *memory, int directory, int error, unsigned line)
{
	char what[64];

	discard_all(memory);
	if (line > 0) {
		(void)snprintf(what, sizeof(what), "line %u is damaged", line);
	} else {
		(void)snprintf(what, sizeof(what), "%s", reason(error));
	}
	error = set_aside(memory, directory);
	if (error == 0) {
		log_line(LOG_WARN, memory->path,
		    "%s; set aside as %s, volumes are remembered afresh", what,
		    memory->damaged);
	} else {
		memory->sealed = true;
		log_line(LOG_WARN, memory->path,
		    "%s, and cannot be set aside: %s; no volume is kept", what,
		    reason(error));
	}
}

/* 0 or -ENOMEM. */
static int
load_file(struct memory *memory)
{
	int directory = open_directory(memory);
	unsigned line;

	if (directory == -ENOENT) {
		return 0;
	}
	if (directory < 0) {
		memory->sealed = true;
		log_line(LOG_WARN, memory->directory, "%s; no volume is kept",
		    reason(directory));
		return 0;
	}
	int error = load(memory, directory, &line);
	if (error < 0 && error != -ENOENT && error != -ENOMEM) {
		begin_afresh(memory, directory, error, line);
	}
	close(directory);
	return error == -ENOMEM ? error : 0;
}

/* --- writing ----------------------------------------------------------- */

/* Those that are missing; what goes wrong is found when it is opened. */
static void
make_directories(const char *path)
{
	char part[MEMORY_PATH_MAX];

	for (size_t i = 1; path[i - 1] != '\0'; i++) {
		if (path[i] == '/' || path[i] == '\0') {
			memcpy(part, path, i);
			part[i] = '\0';
			(void)mkdir(part, S_IRWXU);
		}
	}
}

static int
write_whole(int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno != EINTR) {
			return -errno;
		}
		if (n > 0) {
			text += n;
			size -= (size_t)n;
		}
	}
	return fsync(fd) == 0 ? 0 : -errno;
}

static int
write_draft(const struct memory *memory, int directory)
{
	/* One is left there if a write was cut short. */
	(void)unlinkat(directory, memory->draft, 0);
	int fd = openat(directory, memory->draft,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);
	if (fd < 0) {
		return -errno;
	}
	int error = write_whole(fd, memory->text, memory->size);
	if (close(fd) != 0 && error == 0) {
		error = -errno;
	}
	if (error == 0 &&
	    renameat(directory, memory->draft, directory, memory->name) != 0) {
		error = -errno;
	}
	if (error < 0) {
		(void)unlinkat(directory, memory->draft, 0);
	}
	return error;
}

static char *
print_all(const struct memory *memory, size_t *size)
{
	char *text = malloc(HEADER_BYTES + memory->count * LINE_BYTES);
	const struct entry *entry;

	if (text == NULL) {
		return NULL;
	}
	memcpy(text, HEADER, HEADER_BYTES);
	*size = HEADER_BYTES;
	TAILQ_FOREACH_REVERSE(entry, &memory->entries, entries, link)
	{
		*size += print_entry(entry, text + *size);
	}
	return text;
}

bool
memory_prepare(struct memory *memory)
{
	if (memory->writing) {
		memory->late = true;
		return false;
	}
	memory->told = false;
	if (!memory->dirty || memory->sealed) {
		return false;
	}
	memory->text = print_all(memory, &memory->size);
	memory->dirty = false;
	memory->writing = true;
	return true;
}

void
memory_write(struct memory *memory)
{
	if (memory->text == NULL) {
		memory->result = -ENOMEM;
		return;
	}
	make_directories(memory->directory);
	int directory = open_directory(memory);
	if (directory < 0) {
		memory->result = directory;
		return;
	}
	memory->result = write_draft(memory, directory);
	if (memory->result == 0) {
		(void)fsync(directory); /* the name; the old one is whole too */
	}
	close(directory);
}

void
memory_written(struct memory *memory)
{
	int error = memory->result;

	free(memory->text);
	memory->text = NULL;
	memory->writing = false;
	if (error < 0) {
		memory->dirty = true;
	}
	if (error < 0 && error != memory->failed) {
		log_line(LOG_WARN, memory->path,
		    "volumes cannot be kept: %s; trying again when one changes",
		    reason(error));
	}
	memory->failed = error;
	if (memory->late) {
		memory->late = false;
		memory->settings.changed(memory->settings.arg);
	}
}

void
memory_save(struct memory *memory)
{
	if (memory != NULL && memory_prepare(memory)) {
		memory_write(memory);
		memory_written(memory);
	}
}

/* --- life -------------------------------------------------------------- */

int
memory_path(const char *chosen, char *path, size_t size)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	int n;

	if (chosen[0] != '\0') {
		n = snprintf(path, size, "%s", chosen);
	} else if (state != NULL && state[0] == '/') {
		n = snprintf(path, size, "%s/esdmixd/volumes", state);
	} else if (home != NULL && home[0] == '/') {
		n = snprintf(path, size, "%s/.local/state/esdmixd/volumes",
		    home);
	} else {
		return -ENOENT;
	}
	return n >= 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}

/* Splits the path, and makes the names beside the file's own; true: all fit. */
static bool
name_files(struct memory *memory, const char *path)
{
	const size_t room = MEMORY_PATH_MAX;
	const char *slash = strrchr(path, '/');
	size_t n = slash == NULL ? 0 : (size_t)(slash - path);

	if ((size_t)snprintf(memory->path, room, "%s", path) >= room) {
		return false;
	}
	memory->name = memory->path + (slash == NULL ? 0 : n + 1);
	if (slash == NULL) {
		(void)snprintf(memory->directory, room, ".");
	} else {
		(void)snprintf(memory->directory, room, "%.*s",
		    n == 0 ? 1 : (int)n, path);
	}
	/* Another daemon of the same user writes a draft of its own. */
	return (size_t)snprintf(memory->draft, room, "%s.%ld.new", memory->name,
		   (long)getpid()) < room &&
	       (size_t)snprintf(memory->damaged, room, "%s.damaged",
		   memory->name) < room;
}

int
memory_create(const struct memory_settings *settings, struct memory **created)
{
	struct memory *memory = calloc(1, sizeof(*memory));

	if (memory == NULL) {
		return -ENOMEM;
	}
	TAILQ_INIT(&memory->entries);
	memory->settings = *settings;
	if (!name_files(memory, settings->path)) {
		memory_destroy(memory);
		return -ENAMETOOLONG;
	}
	int error = load_file(memory);
	if (error < 0) {
		memory_destroy(memory);
		return error;
	}
	memory->dirty = false; /* whatever the reading did */
	*created = memory;
	return 0;
}

void
memory_destroy(struct memory *memory)
{
	if (memory == NULL) {
		return;
	}
	discard_all(memory);
	free(memory->text);
	free(memory);
}
