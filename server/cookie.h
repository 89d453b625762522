/*
 * The key file: ESD_KEY_LEN random bytes that a client must send.
 * Needs nothing else of ours; thread: any.
 */
#ifndef COOKIE_H
#define COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COOKIE_LEN 16 /* bytes; more in the file are ignored */

/*
 * Reads the key from `path`, or makes the file (mode 0600, random) if there is
 * none.  Never follows a link, takes only a regular file of our own user that
 * nobody else can read or write.
 * Returns 0, or -errno with one sentence (what, where, the remedy) in `why`.
 */
int cookie_load(const char *path, uint8_t key[COOKIE_LEN], char *why,
    size_t why_size);

/* The same, but makes none: -ENOENT; -EAGAIN: too short, or being made. */
int cookie_read(const char *path, uint8_t key[COOKIE_LEN], char *why,
    size_t why_size);

/* Where it is: $HOME/.esd_auth, or the password file's home; 0 or -errno. */
int cookie_path(char *path, size_t size);

/* In constant time. */
bool cookie_is_equal(const uint8_t *a, const uint8_t *b);

#endif
