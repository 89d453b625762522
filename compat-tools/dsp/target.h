/*
 * The process whose system call is being answered: its memory and its
 * descriptors.  Results below 0 are -errno; -EPERM means that the kernel lets
 * us look at none of its (Yama, or a program that may not be read).
 * Thread: any.
 */
#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Copies exactly that many bytes, or fails: 0 or -errno. */
int target_read(pid_t thread, uint64_t address, void *copy, size_t bytes);
int target_write(pid_t thread, uint64_t address, void *copy, size_t bytes);

/* Copies a text with its NUL: 0; -ENAMETOOLONG: it is longer than room. */
int target_text(pid_t thread, uint64_t address, char *text, size_t room);

/* A pidfd of the thread's process, close-on-exec. */
int target_open(pid_t thread);

/* A copy of one of its descriptors, close-on-exec. */
int target_fd(int pidfd, int number);

/* Whether that descriptor of the thread's is close-on-exec. */
bool target_is_cloexec(pid_t thread, int number);

/*
 * Fills in what stat() says of /dev/null, in the layout of a call: how many
 * bytes, at most TARGET_STATUS_MAX, or -errno.
 */
#define TARGET_STATUS_MAX 256
enum target_layout { TARGET_STAT, TARGET_STAT64_32, TARGET_STATX };
int target_status(enum target_layout layout, uint8_t status[TARGET_STATUS_MAX]);

#endif
