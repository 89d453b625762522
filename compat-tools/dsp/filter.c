#include "compat-tools/dsp/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CODE_MAX 1024 /* instructions; the kernel takes 4096 */

/* The lower half of an argument, which is all of it that is looked at. */
#define ARGUMENT(which)                                                        \
	((uint32_t)(offsetof(struct seccomp_data, args) +                      \
		    sizeof(uint64_t) * (which)))

struct code {
	struct sock_filter steps[CODE_MAX];
	unsigned count;
};

static void
emit(struct code *code, unsigned operation, uint32_t value, unsigned if_true,
    unsigned if_false)
{
	if (code->count < CODE_MAX) {
		code->steps[code->count] = (struct sock_filter){
			(uint16_t)operation,
			(uint8_t)if_true,
			(uint8_t)if_false,
			value,
		};
	}
	code->count++; /* what did not fit is seen at the end */
}

static void
emit_load(struct code *code, uint32_t at)
{
	emit(code, BPF_LD | BPF_W | BPF_ABS, at, 0, 0);
}

static void
emit_return(struct code *code, uint32_t verdict)
{
	emit(code, BPF_RET | BPF_K, verdict, 0, 0);
}

/* The steps of a test, which all end in a verdict. */
static void
emit_test(struct code *code, const struct filter_row *row, unsigned reserved)
{
	switch (row->test) {
	case FILTER_ALWAYS:
		break;
	case FILTER_SOUND:
		emit_load(code, ARGUMENT(1));
		emit(code, BPF_ALU | BPF_RSH | BPF_K, 8, 0, 0);
		emit(code, BPF_ALU | BPF_AND | BPF_K, 0xff, 0, 0);
		emit(code, BPF_JMP | BPF_JEQ | BPF_K, 'P', 3, 0);
		emit(code, BPF_JMP | BPF_JEQ | BPF_K, 'M', 2, 0);
		emit(code, BPF_JMP | BPF_JEQ | BPF_K, 'X', 1, 0);
		emit_return(code, SECCOMP_RET_ALLOW);
		break;
	case FILTER_FILE:
		emit_load(code, ARGUMENT(3));
		emit(code, BPF_JMP | BPF_JSET | BPF_K, MAP_ANONYMOUS, 0, 1);
		emit_return(code, SECCOMP_RET_ALLOW);
		emit_load(code, ARGUMENT(4));
		emit(code, BPF_JMP | BPF_JSET | BPF_K, 0x80000000u, 0, 1);
		emit_return(code, SECCOMP_RET_ALLOW);
		break;
	case FILTER_RESERVED:
		emit_load(code, ARGUMENT(row->which));
		emit(code, BPF_JMP | BPF_JGE | BPF_K, reserved, 0, 1);
		emit(code, BPF_JMP | BPF_JGE | BPF_K,
		    reserved + FILTER_RESERVED_COUNT, 0, 1);
		emit_return(code, SECCOMP_RET_ALLOW);
		break;
	}
	emit_return(code, SECCOMP_RET_USER_NOTIF);
}

/* All rows for one word size, then the verdict on all other calls. */
static void
emit_rows(struct code *code, const struct filter_row *(*row)(size_t i),
    size_t count, bool wide, unsigned reserved)
{
	emit_load(code, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < count; i++) {
		const struct filter_row *one = row(i);
		int number = wide ? one->wide : one->narrow;
		struct code test = { .count = 0 };

		if (number == FILTER_NONE) {
			continue;
		}
		emit_test(&test, one, reserved);
		emit(code, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0,
		    test.count);
		emit_test(code, one, reserved);
	}
	emit_return(code, SECCOMP_RET_ALLOW);
}

/* Other machines' calls are let through; no row has a number of x32. */
static void
emit_all(struct code *code, const struct filter_row *(*row)(size_t i),
    size_t count, unsigned reserved)
{
	unsigned jump;

	emit_load(code, offsetof(struct seccomp_data, arch));
	emit(code, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	jump = code->count;
	emit(code, BPF_JMP | BPF_JA, 0, 0, 0);
	emit_rows(code, row, count, true, reserved);
	code->steps[jump].k = code->count - jump - 1;
	emit(code, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 1, 0);
	emit_return(code, SECCOMP_RET_ALLOW);
	emit_rows(code, row, count, false, reserved);
}

/*
 * While a call is being answered, only a signal that kills ends it: else one
 * that a handler takes would have it asked again.  Older kernels lack that.
 */
static int
listen_to(struct sock_fprog *filter)
{
	const unsigned listener = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    listener | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, filter);

	if (fd < 0 && errno == EINVAL) {
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, listener,
		    filter);
	}
	return fd < 0 ? -errno : (int)fd;
}

int
filter_install(const struct filter_row *(*row)(size_t i), size_t count,
    unsigned reserved, int *listener)
{
	struct code code = { .count = 0 };
	struct sock_fprog filter = { .filter = code.steps };
	int fd;

	emit_all(&code, row, count, reserved);
	if (code.count > CODE_MAX) {
		return -E2BIG;
	}
	filter.len = (unsigned short)code.count;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		return -errno;
	}
	fd = listen_to(&filter);
	if (fd < 0) {
		return fd;
	}
	*listener = fd;
	return 0;
}
