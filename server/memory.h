/*
 * The volumes of streams by name, kept in a file from one run to the next.
 * What is at unity is not remembered, nor what has no name.
 * Thread: control, but for memory_write().
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMORY_ENTRIES_MAX 1000 /* then the least recently used goes */
#define MEMORY_PATH_MAX	   1024 /* bytes, NUL included */

struct memory;

struct memory_settings {
	const char *path;	    /* of the file; copied */
	void (*changed)(void *arg); /* it should be saved soon; once for all
				       changes until the next save begins */
	void *arg;
};

/*
 * Where the file is: `chosen` if that is not empty, else esdmixd/volumes in
 * $XDG_STATE_HOME or ~/.local/state.  0; -ENOENT: there is no home; or
 * -ENAMETOOLONG.
 */
int memory_path(const char *chosen, char *path, size_t size);

/*
 * Reads the file.  One that is damaged, too long or not ours alone is renamed
 * to NAME.damaged; where that fails, or it is a link or no file at all, it is
 * left alone for good.  Says so in one line.
 * Returns 0, -ENAMETOOLONG or -ENOMEM.
 */
int memory_create(const struct memory_settings *settings,
    struct memory **created);
void memory_destroy(struct memory *memory); /* saves nothing; NULL is fine */

/* The next three take NULL for a memory that remembers nothing. */

/* Whether it knows the name; if not, the volume is left as it was. */
bool memory_find(struct memory *memory, const char *name, int32_t volume[2],
    bool *muted);

/* The volumes are within 0 .. VOLUME_MAX; unity, not muted, forgets. */
void memory_note(struct memory *memory, const char *name,
    const int32_t volume[2], bool muted);

bool memory_forget(struct memory *memory, const char *name); /* it knew it */

/*
 * Writes the file, if something changed, and waits for the disk; a failure is
 * told in one line, and tried again at the next change.  The old file stays
 * until the new one is whole.  NULL is fine.
 */
void memory_save(struct memory *memory);

/*
 * The same in three steps, so that the disk is waited for elsewhere:
 * memory_prepare() is false if there is nothing to do or a write is under way;
 * memory_write() may run on any thread beside all the others here but
 * memory_destroy() and memory_save(); memory_written() ends it.
 */
bool memory_prepare(struct memory *memory);
void memory_write(struct memory *memory);
void memory_written(struct memory *memory);

#endif
