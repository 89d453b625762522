#include "compat-tools/dsp/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compat-tools/dsp/calls.h"
#include "compat-tools/dsp/serve.h"
#include "compat-tools/dsp/swap.h"

#define DESCRIPTORS_MAX 1024 /* more than select() takes are no use */
#define NOTICE_BYTES	512  /* room for what newer kernels may tell */
#define CHANNEL		3    /* the supervisor's end of the channel */

/* Newer than some headers: wakes who waits on the same processor. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	   SECCOMP_IOW(4, uint64_t)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

/* --- the channel between the two, until the program runs ------------------ */

/* A number, and perhaps a descriptor: -1 is none. */
static int
tell(int channel, int number, int fd)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} along = { 0 };
	struct iovec piece = { &number, sizeof(number) };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };

	if (fd >= 0) {
		along.head.cmsg_level = SOL_SOCKET;
		along.head.cmsg_type = SCM_RIGHTS;
		along.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&along.head), &fd, sizeof(int));
		message.msg_control = &along;
		message.msg_controllen = sizeof(along);
	}
	return sendmsg(channel, &message, MSG_NOSIGNAL) == sizeof(number)
		   ? 0
		   : -EIO;
}

static int
hear(int channel, int *number, int *fd)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} along;
	int came = 0;
	struct iovec piece = { &came, sizeof(came) };
	struct msghdr message = {
		.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = &along,
		.msg_controllen = sizeof(along),
	};
	ssize_t got;

	do {
		got = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got != sizeof(came)) {
		return -EIO; /* the other one has ended */
	}
	*number = came;
	if (fd != NULL) {
		*fd = -1;
		if (CMSG_FIRSTHDR(&message) != NULL &&
		    along.head.cmsg_type == SCM_RIGHTS) {
			memcpy(fd, CMSG_DATA(&along.head), sizeof(int));
		}
	}
	return 0;
}

/* --- the supervisor ------------------------------------------------------- */

static void
judge(struct supervisor *supervisor)
{
	union {
		struct seccomp_notif told;
		char room[NOTICE_BYTES];
	} box = { .room = { 0 } };
	struct notice notice = { .supervisor = supervisor };

	if (ioctl(supervisor->listener, SECCOMP_IOCTL_NOTIF_RECV, &box) != 0) {
		return; /* who asked was killed */
	}
	notice.id = box.told.id;
	notice.thread = (pid_t)box.told.pid;
	notice.number = box.told.data.nr;
	notice.wide = box.told.data.arch != AUDIT_ARCH_I386;
	for (size_t i = 0; i < 6; i++) {
		notice.arg[i] = notice.wide ? box.told.data.args[i]
					    : (uint32_t)box.told.data.args[i];
	}
	swap_back(&notice);
	notice_answer(&notice, calls_judge(&notice));
}

static void
on_notice(void *arg, int fd, short events)
{
	struct supervisor *supervisor = arg;

	if ((events & POLLIN) != 0) {
		judge(supervisor);
	} else { /* nobody is left who could call */
		serve_unwatch(supervisor->serve, fd);
		serve_hold(supervisor->serve, false);
	}
}

/*
 * What it inherited from a shell, say, must not be held open by it.  It stays
 * in its directory, where the socket that $ESPEAKER names may be.
 */
static void
leave(int *channel, bool verbose)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)setsid();
	(void)signal(SIGPIPE, SIG_IGN);
	if (*channel != CHANNEL) {
		(void)dup2(*channel, CHANNEL);
		*channel = CHANNEL;
	}
	if (nothing >= 0) {
		(void)dup2(nothing, STDIN_FILENO);
		(void)dup2(nothing, STDOUT_FILENO);
		if (!verbose) {
			(void)dup2(nothing, STDERR_FILENO);
		}
	}
	closefrom(CHANNEL + 1);
}

static void
run(struct supervisor *supervisor, int channel, bool verbose)
{
	int number, error;

	leave(&channel, verbose);
	if (tell(channel, (int)getpid(), -1) != 0 ||
	    hear(channel, &number, &supervisor->listener) != 0 ||
	    supervisor->listener < 0) {
		return;
	}
	(void)ioctl(supervisor->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
	    SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	error = serve_create(-1, verbose, &supervisor->serve);
	if (error == 0) {
		serve_hold(supervisor->serve, true);
		error = serve_watch(supervisor->serve, supervisor->listener,
		    POLLIN, on_notice, supervisor);
	}
	(void)tell(channel, error, -1);
	(void)close(channel);
	if (error == 0) {
		(void)serve_run(supervisor->serve);
	}
	serve_destroy(supervisor->serve);
}

/* --- the program-to-be ---------------------------------------------------- */

/* The last whole word of a descriptor set that the program may use. */
static int
choose_reserved(void)
{
	const rlim_t step = FILTER_RESERVED_COUNT;
	struct rlimit limit = { .rlim_cur = DESCRIPTORS_MAX };
	rlim_t end;

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	end =
	    limit.rlim_cur < DESCRIPTORS_MAX ? limit.rlim_cur : DESCRIPTORS_MAX;
	end -= end % step;
	return (int)(end < 2 * step ? step : end - step);
}

static const char *
reason(int error)
{
	switch (error) {
	case -ENOSYS:
	case -EINVAL:
		return "this kernel can't tell of a program's system calls "
		       "(seccomp user notification, Linux 5.9 or newer)";
	case -EBUSY:
		return "somebody is told of this program's system calls "
		       "already, a container's manager or an esddsp";
	case -EPERM:
	case -EACCES:
		return "seccomp filters are not permitted here";
	default:
		return strerror(-error);
	}
}

static int
hand_over(int channel, int reserved)
{
	int listener, answer, error;
	int supervisor;

	error = hear(channel, &supervisor, NULL);
	if (error != 0) {
		return error;
	}
	/* Fails where there is no Yama, whose rule it is an exception from. */
	(void)prctl(PR_SET_PTRACER, (unsigned long)supervisor, 0, 0, 0);
	error = filter_install(calls_row, calls_count(), (unsigned)reserved,
	    &listener);
	if (error != 0) {
		return error;
	}
	error = tell(channel, 0, listener);
	(void)close(listener);
	if (error == 0) {
		error = hear(channel, &answer, NULL);
	}
	return error == 0 ? answer : error;
}

/* By way of a child that ends at once, so that it is nobody's the program
 * could wait for. */
static int
start(struct supervisor *supervisor, const int ends[2], bool verbose)
{
	pid_t child = fork();

	if (child == 0) {
		pid_t second = fork();

		if (second == 0) {
			(void)close(ends[0]);
			run(supervisor, ends[1], verbose);
		}
		_exit(second < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	if (child < 0) {
		return -errno;
	}
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
	}
	return 0;
}

int
supervise(const char *title, const char *only, bool verbose, const char **why)
{
	struct supervisor supervisor = {
		.reserved = choose_reserved(),
		.title = title,
		.only = only,
	};
	int ends[2];
	int error = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);

	if (error == 0) {
		error = start(&supervisor, ends, verbose);
		(void)close(ends[1]);
		if (error == 0) {
			error = hand_over(ends[0], supervisor.reserved);
		}
		(void)close(ends[0]);
	} else {
		error = -errno;
	}
	if (error != 0) {
		*why = reason(error);
	}
	return error;
}
