#include "compat-tools/dsp/notice.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "compat-tools/dsp/target.h"

void
notice_answer(const struct notice *notice, int64_t verdict)
{
	struct seccomp_notif_resp answer = { .id = notice->id };

	if (verdict == NOTICE_LATER) {
		return;
	}
	if (verdict == NOTICE_PASS) {
		answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	} else if (verdict < 0) {
		answer.error = (int32_t)verdict;
	} else {
		answer.val = verdict;
	}
	(void)ioctl(notice->supervisor->listener, SECCOMP_IOCTL_NOTIF_SEND,
	    &answer);
}

bool
notice_is_valid(const struct notice *notice)
{
	uint64_t id = notice->id;

	return ioctl(notice->supervisor->listener, SECCOMP_IOCTL_NOTIF_ID_VALID,
		   &id) == 0;
}

int
notice_put(const struct notice *notice, int fd, int number, bool cloexec)
{
	struct seccomp_notif_addfd put = {
		.id = notice->id,
		.flags = number < 0 ? 0 : SECCOMP_ADDFD_FLAG_SETFD,
		.srcfd = (uint32_t)fd,
		.newfd = number < 0 ? 0 : (uint32_t)number,
		.newfd_flags = cloexec ? O_CLOEXEC : 0,
	};
	int result = ioctl(notice->supervisor->listener,
	    SECCOMP_IOCTL_NOTIF_ADDFD, &put);

	return result < 0 ? -errno : result;
}

int
notice_fd(const struct notice *notice, int number)
{
	int pidfd = target_open(notice->thread);
	int fd;

	if (pidfd < 0) {
		return pidfd;
	}
	fd = target_fd(pidfd, number);
	(void)close(pidfd);
	return fd;
}

int
notice_read(const struct notice *notice, uint64_t address, void *copy,
    size_t bytes)
{
	return target_read(notice->thread, address, copy, bytes);
}

int
notice_write(const struct notice *notice, uint64_t address, void *copy,
    size_t bytes)
{
	/* Lest a new process of that number be written to. */
	return notice_is_valid(notice)
		   ? target_write(notice->thread, address, copy, bytes)
		   : -ESRCH;
}
