/*
 * An OSS program that comes by its device, hands it on and waits for it in
 * every way there is:
 *
 *   doors CASE SOUND           plays that file, 16-bit stereo at 44100 Hz
 *   doors record HOW           prints recorded sound
 *
 * It knows nothing of how it is wrapped, and is built for either word size,
 * with and without a dynamic loader.  Exit status 0, or 1 and one line.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/soundcard.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define RATE	    44100
#define SOUND_MAX   65536
#define RECORDED    4096
#define DEVICE	    "/dev/dsp"
#define OTHER	    77 /* a descriptor that nobody has */
#define PATIENCE_MS 10000

extern char **environ;

/* What libc's checked open() calls. */
int __open_2(const char *path, int flags); /* NOLINT */

static char *self;
static char *sound_path;
static char sound[SOUND_MAX];
static size_t sound_bytes;

#define CHECK(condition, ...)                                                  \
	do {                                                                   \
		if (!(condition)) {                                            \
			int saved = errno;                                     \
			(void)fprintf(stderr, "doors: %d: ", __LINE__);        \
			(void)fprintf(stderr, __VA_ARGS__);                    \
			(void)fprintf(stderr, " (%s)\n", strerror(saved));     \
			exit(EXIT_FAILURE);                                    \
		}                                                              \
	} while (0)

/* --- what all share ------------------------------------------------------- */

static void
load(char *path)
{
	FILE *file = fopen(path, "rb");

	CHECK(file != NULL, "no %s", path);
	sound_path = path;
	sound_bytes = fread(sound, 1, sizeof(sound), file);
	(void)fclose(file);
}

static int
settle(int fd)
{
	int format = AFMT_S16_LE, channels = 2, rate = RATE;

	CHECK(fd >= 0, "not opened");
	CHECK(ioctl(fd, SNDCTL_DSP_SETFMT, &format) == 0 &&
		  format == AFMT_S16_LE,
	    "format %d", format);
	CHECK(ioctl(fd, SNDCTL_DSP_CHANNELS, &channels) == 0 && channels == 2,
	    "channels %d", channels);
	CHECK(ioctl(fd, SNDCTL_DSP_SPEED, &rate) == 0 && rate == RATE,
	    "rate %d", rate);
	return fd;
}

static void
write_all(int fd)
{
	size_t done = 0;

	while (done < sound_bytes) {
		ssize_t wrote = write(fd, sound + done, sound_bytes - done);

		if (wrote < 0 && errno == EINTR) {
			continue;
		}
		CHECK(wrote > 0, "wrote %zd", wrote);
		done += (size_t)wrote;
	}
}

static void
play(int fd)
{
	write_all(settle(fd));
	CHECK(close(fd) == 0, "close");
}

/* It is the device that was settled, whatever its number. */
static void
check_settled(int fd)
{
	int rate = 0;

	CHECK(ioctl(fd, SOUND_PCM_READ_RATE, &rate) == 0 && rate == RATE,
	    "descriptor %d, rate %d", fd, rate);
}

static void
play_settled(int fd)
{
	check_settled(fd);
	write_all(fd);
	CHECK(close(fd) == 0, "close");
}

static void
reap(pid_t child)
{
	int status;

	CHECK(waitpid(child, &status, 0) == child && status == 0,
	    "a child ended with %d", status);
}

/* --- opening -------------------------------------------------------------- */

static void
by_open(void)
{
	play(open(DEVICE, O_WRONLY));
}

static void
by_open64(void)
{
	play(open64(DEVICE, O_WRONLY | O_CREAT | O_TRUNC, 0666));
}

static void
by_openat(void)
{
	int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	play(openat(root, "/dev/dsp0", O_RDWR));
}

static void
by_openat64(void)
{
	play(openat64(AT_FDCWD, "/dev/sound/dsp", O_WRONLY));
}

static void
by_creat(void)
{
	play(creat("/dev/adsp", 0666));
}

static void
by_checked_open(void)
{
	play(__open_2(DEVICE, O_WRONLY));
}

static void
by_fopen(void)
{
	FILE *file = fopen("/dev/dsp1", "wb");

	CHECK(file != NULL, "not opened");
	(void)settle(fileno(file));
	CHECK(fwrite(sound, 1, sound_bytes, file) == sound_bytes, "fwrite");
	CHECK(fclose(file) == 0, "fclose");
}

static void
by_fdopen(void)
{
	FILE *file = fdopen(settle(open("/dev/dspW", O_WRONLY)), "w");

	CHECK(file != NULL, "fdopen");
	CHECK(fwrite(sound, 1, sound_bytes, file) == sound_bytes, "fwrite");
	CHECK(fclose(file) == 0, "fclose");
}

/* The lowest that is free, as shells and daemons count on. */
static void
lowest(void)
{
	int fd;

	(void)close(STDIN_FILENO);
	fd = open(DEVICE, O_WRONLY);
	CHECK(fd >= 0, "not opened");
	CHECK(fd == STDIN_FILENO, "not the lowest");
	play(fd);
}

static void
cloexec(void)
{
	int kept = open(DEVICE, O_WRONLY);
	int own = open(DEVICE, O_WRONLY | O_CLOEXEC);

	CHECK(kept >= 0 && own >= 0, "not opened");
	CHECK(fcntl(kept, F_GETFD) == 0, "close-on-exec unasked");
	CHECK(fcntl(own, F_GETFD) == FD_CLOEXEC, "not close-on-exec");
	CHECK((fcntl(own, F_GETFL) & O_NONBLOCK) == 0, "non-blocking unasked");
	(void)close(own);
	play(kept);
}

/* --- the descriptor's ways ------------------------------------------------ */

static void
by_dup(void)
{
	int fd = settle(open(DEVICE, O_WRONLY)), copy = dup(fd);

	(void)close(fd);
	play_settled(copy);
}

static void
by_dup2(void)
{
	int fd = settle(open(DEVICE, O_RDWR));

	CHECK(dup2(fd, OTHER) == OTHER, "dup2");
	(void)close(fd);
	play_settled(OTHER);
}

static void
by_dup3(void)
{
	int fd = settle(open(DEVICE, O_WRONLY));

	CHECK(dup3(fd, OTHER, O_CLOEXEC) == OTHER, "dup3");
	(void)close(fd);
	play_settled(OTHER);
}

static void
by_fcntl(void)
{
	int fd = settle(open(DEVICE, O_WRONLY));

	CHECK(fcntl(fd, F_DUPFD, OTHER) == OTHER, "fcntl");
	(void)close(fd);
	play_settled(OTHER);
}

static void
by_close_range(void)
{
	int fd = open(DEVICE, O_WRONLY), gone = open(DEVICE, O_WRONLY);
	int rate;

	CHECK(gone >= 0, "not opened");
	CHECK(dup2(settle(fd), OTHER) == OTHER, "dup2");
	CHECK(close_range(3, OTHER - 1, 0) == 0, "close_range");
	CHECK(ioctl(gone, SOUND_PCM_READ_RATE, &rate) < 0 && errno == EBADF,
	    "there after close_range");
	play_settled(OTHER);
}

static void
by_writev(void)
{
	int fd = settle(open(DEVICE, O_WRONLY));
	struct iovec pieces[2] = {
		{ sound, 100 },
		{ sound + 100, sound_bytes - 100 },
	};

	CHECK(writev(fd, pieces, 2) == (ssize_t)sound_bytes, "writev");
	(void)close(fd);
}

static void
wait_until_writable(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLOUT };

	CHECK(errno == EAGAIN, "write");
	CHECK(poll(&poller, 1, PATIENCE_MS) == 1, "poll");
}

static void
nonblocking(void)
{
	int fd = settle(open(DEVICE, O_WRONLY | O_NONBLOCK));
	size_t done = 0;

	CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0, "it blocks");
	while (done < sound_bytes) {
		ssize_t wrote = write(fd, sound + done, sound_bytes - done);

		if (wrote < 0) {
			wait_until_writable(fd);
		} else {
			done += (size_t)wrote;
		}
	}
	(void)close(fd);
}

/* --- processes ------------------------------------------------------------ */

/* All of it by one of them: what comes in parts may have gaps. */
static void
by_fork(void)
{
	int fd = settle(open(DEVICE, O_RDWR));
	pid_t child = fork();

	CHECK(child >= 0, "fork");
	if (child == 0) {
		play_settled(fd);
		_exit(EXIT_SUCCESS);
	}
	(void)close(fd);
	reap(child);
}

/* The device is there as long as anybody has it. */
static void
after_fork(void)
{
	int fd = settle(open(DEVICE, O_RDWR));
	pid_t child = fork();

	CHECK(child >= 0, "fork");
	if (child == 0) {
		check_settled(fd);
		(void)close(fd);
		_exit(EXIT_SUCCESS);
	}
	reap(child);
	play_settled(fd);
}

/* The words by which this program is told to play a settled descriptor. */
static char **
words_for(int fd)
{
	static char number[16], finish[] = "finish";
	static char *argv[] = { NULL, finish, NULL, number, NULL };

	(void)snprintf(number, sizeof(number), "%d", fd);
	argv[0] = self;
	argv[2] = sound_path;
	return argv;
}

static void
by_exec(void)
{
	char **argv = words_for(settle(open(DEVICE, O_WRONLY)));

	(void)execv(self, argv);
	CHECK(0, "exec");
}

static void
by_vfork(void)
{
	int fd = settle(open(DEVICE, O_WRONLY));
	char **argv = words_for(fd);
	pid_t child = vfork(); /* NOLINT(clang-analyzer-security*) */

	CHECK(child >= 0, "vfork");
	if (child == 0) {
		(void)execv(self, argv);
		_exit(EXIT_FAILURE);
	}
	(void)close(fd);
	reap(child);
}

static void
by_spawn(void)
{
	int fd = settle(open(DEVICE, O_WRONLY));
	pid_t child;

	CHECK(self != NULL, "no name");
	CHECK(posix_spawn(&child, self, NULL, NULL, words_for(fd), environ) ==
		  0,
	    "spawn");
	(void)close(fd);
	reap(child);
}

/* To a process that has it from nobody else. */
static void
by_passing(void)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} along = { 0 };
	char byte = 0;
	struct iovec piece = { &byte, 1 };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };
	int ends[2], fd;
	pid_t child;

	message.msg_control = &along;
	message.msg_controllen = sizeof(along);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
	child = fork();
	if (child == 0) {
		CHECK(recvmsg(ends[1], &message, 0) == 1, "recvmsg");
		memcpy(&fd, CMSG_DATA(&along.head), sizeof(fd));
		play_settled(fd);
		_exit(EXIT_SUCCESS);
	}
	fd = settle(open(DEVICE, O_WRONLY));
	along.head.cmsg_level = SOL_SOCKET;
	along.head.cmsg_type = SCM_RIGHTS;
	along.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&along.head), &fd, sizeof(fd));
	CHECK(sendmsg(ends[0], &message, 0) == 1, "sendmsg");
	(void)close(fd);
	reap(child);
}

static volatile sig_atomic_t signals;

static void
count(int number)
{
	signals++;
}

/* The program has no children that it did not make. */
static void
childless(void)
{
	int fd;

	(void)signal(SIGCHLD, count);
	fd = settle(open(DEVICE, O_WRONLY));
	CHECK(waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD,
	    "there is a child");
	write_all(fd);
	(void)close(fd);
	CHECK(signals == 0, "SIGCHLD came");
}

/* Signals all the time hinder nothing. */
static void
play_in_storm(int flags)
{
	struct sigaction action = { .sa_handler = count, .sa_flags = flags };
	struct itimerval often = { { 0, 500 }, { 0, 500 } };

	CHECK(sigaction(SIGALRM, &action, NULL) == 0 &&
		  setitimer(ITIMER_REAL, &often, NULL) == 0,
	    "timer");
	for (int i = 0; i < 5; i++) {
		int fd = settle(open(DEVICE, O_WRONLY));

		for (int j = 0; j < 20; j++) {
			check_settled(fd);
		}
		(void)close(fd);
	}
	play(open(DEVICE, O_WRONLY));
	CHECK(signals > 0, "no signal came");
}

static void
stormy(void)
{
	play_in_storm(SA_RESTART);
}

/* The same where the kernel would say EINTR if it could. */
static void
interrupted(void)
{
	play_in_storm(0);
}

/* --- threads -------------------------------------------------------------- */

#define THREADS 4
#define ROUNDS	5

static void *
open_and_close(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		int fd = settle(open(DEVICE, O_RDWR)), rate = 0;
		int mixer = open("/dev/mixer", O_RDWR);

		CHECK(mixer >= 0, "not opened");
		CHECK(ioctl(fd, SOUND_PCM_READ_RATE, &rate) == 0 &&
			  rate == RATE,
		    "rate %d", rate);
		CHECK(access(DEVICE, W_OK) == 0, "access");
		(void)close(mixer);
		(void)close(fd);
	}
	return arg;
}

static void
threads(void)
{
	pthread_t others[THREADS];
	int fd = settle(open(DEVICE, O_WRONLY));

	for (int i = 0; i < THREADS; i++) {
		CHECK(pthread_create(&others[i], NULL, open_and_close, NULL) ==
			  0,
		    "thread");
	}
	for (int i = 0; i < THREADS; i++) {
		(void)pthread_join(others[i], NULL);
	}
	play_settled(fd);
}

/* --- other things --------------------------------------------------------- */

static void
expect_refused(int fd, int error)
{
	CHECK(fd < 0 && errno == error, "opened, or not for %s",
	    strerror(error));
}

static void
check_name(const char *path)
{
	struct stat status;

	CHECK(stat(path, &status) == 0 && S_ISCHR(status.st_mode), "%s: stat",
	    path);
	CHECK(lstat(path, &status) == 0 && S_ISCHR(status.st_mode), "%s: lstat",
	    path);
	CHECK(fstatat(AT_FDCWD, path, &status, 0) == 0 &&
		  S_ISCHR(status.st_mode),
	    "%s: fstatat", path);
	CHECK(access(path, R_OK | W_OK) == 0, "%s: access", path);
	CHECK(faccessat(AT_FDCWD, path, R_OK, 0) == 0, "%s: faccessat", path);
	CHECK(access(path, X_OK) < 0 && errno == EACCES, "%s runs", path);
}

static void
names(void)
{
	static const char *const list[] = { "/dev/dsp", "/dev/dsp0",
		"/dev/dsp15", "/dev/dspW", "/dev/adsp", "/dev/audio",
		"/dev/audio1", "/dev/mixer", "/dev/mixer1", "/dev/sound/dsp",
		"/dev/sound/audio", "/dev/sound/mixer" };
	struct stat status;
	struct statx extended;
	int fd = open(DEVICE, O_RDWR);

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		check_name(list[i]);
	}
	CHECK(statx(AT_FDCWD, DEVICE, 0, STATX_TYPE, &extended) == 0 &&
		  S_ISCHR(extended.stx_mode),
	    "statx");
	CHECK(stat("/dev/dspx", &status) < 0 && errno == ENOENT, "dspx");
	CHECK(access("/dev/dsp100", R_OK) < 0 && errno == ENOENT, "dsp100");
	expect_refused(open("/dev/dspx", O_RDWR), ENOENT);
	expect_refused(open(DEVICE, O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	expect_refused(open(DEVICE, O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK(fstat(fd, &status) == 0 && S_ISCHR(status.st_mode), "fstat");
	CHECK(!isatty(fd), "a terminal");
	play(fd);
}

/* Nothing else is called between mmap() and fork(). */
static void
check_child_has(int fd)
{
	pid_t child = fork();

	if (child == 0) {
		check_settled(fd);
		_exit(EXIT_SUCCESS);
	}
	reap(child);
}

/* A mapped ring, and the device is a device still. */
static void
mapped(void)
{
	int fd = settle(open(DEVICE, O_RDWR)), trigger = 0;
	struct stat status;
	audio_buf_info space;
	count_info pointer;
	size_t bytes;
	char *ring;

	CHECK(ioctl(fd, SNDCTL_DSP_GETOSPACE, &space) == 0, "space");
	bytes = (size_t)space.fragstotal * (size_t)space.fragsize;
	CHECK(sound_bytes <= bytes, "a ring of %zu", bytes);
	ring = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(ring != MAP_FAILED, "mmap");
	check_child_has(fd);
	memset(ring, 0, bytes);
	memcpy(ring, sound, sound_bytes);
	CHECK(ioctl(fd, SNDCTL_DSP_SETTRIGGER, &trigger) == 0, "trigger");
	CHECK(fstat(fd, &status) == 0 && S_ISCHR(status.st_mode),
	    "no device any more");
	trigger = PCM_ENABLE_OUTPUT;
	CHECK(ioctl(fd, SNDCTL_DSP_SETTRIGGER, &trigger) == 0, "trigger");
	do {
		(void)usleep(1000);
		CHECK(ioctl(fd, SNDCTL_DSP_GETOPTR, &pointer) == 0, "pointer");
	} while ((size_t)pointer.bytes < sound_bytes + 4096);
	CHECK(munmap(ring, bytes) == 0, "munmap");
	(void)close(fd);
}

/* Nothing answers: as if there were no such device. */
static void
absent(void)
{
	FILE *file = fopen("/dev/mixer", "r");

	CHECK(file == NULL && errno == ENODEV, "fopened");
	expect_refused(open(DEVICE, O_WRONLY), ENODEV);
}

static void
wrong(void)
{
	int fd = settle(open(DEVICE, O_WRONLY)), value = 0;

	CHECK(ioctl(fd, SNDCTL_DSP_SPEED, NULL) < 0 && errno == EFAULT,
	    "nowhere");
	CHECK(ioctl(-1, SNDCTL_DSP_SPEED, &value) < 0 && errno == EBADF,
	    "of no descriptor");
	CHECK(ioctl(STDERR_FILENO, SNDCTL_DSP_RESET, 0) < 0, "of another");
	play_settled(fd);
}

/* --- recording ------------------------------------------------------------ */

static void
wait_by(const char *how, int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	struct timeval wait = { PATIENCE_MS / 1000, 0 };
	struct epoll_event event = { .events = EPOLLIN };
	fd_set in;

	FD_ZERO(&in);
	FD_SET(fd, &in);
	if (strcmp(how, "poll") == 0) {
		CHECK(poll(&poller, 1, PATIENCE_MS) == 1, "poll");
	} else if (strcmp(how, "ppoll") == 0) {
		CHECK(ppoll(&poller, 1, &(struct timespec){ 10, 0 }, NULL) == 1,
		    "ppoll");
	} else if (strcmp(how, "select") == 0) {
		CHECK(select(fd + 1, &in, NULL, NULL, &wait) == 1, "select");
	} else if (strcmp(how, "pselect") == 0) {
		CHECK(pselect(fd + 1, &in, NULL, NULL,
			  &(struct timespec){ 10, 0 }, NULL) == 1,
		    "pselect");
	} else if (strcmp(how, "epoll") == 0) {
		int epoll = epoll_create1(EPOLL_CLOEXEC);

		CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "add");
		CHECK(epoll_wait(epoll, &event, 1, PATIENCE_MS) == 1, "epoll");
		(void)close(epoll);
	}
}

static void
record(const char *how)
{
	int fd = settle(
	    open(DEVICE, strcmp(how, "readonly") == 0 ? O_RDONLY : O_RDWR));
	size_t done = 0;

	if (strcmp(how, "dup") == 0) {
		CHECK(dup2(fd, OTHER) == OTHER, "dup2");
		fd = OTHER;
	}
	(void)alarm(PATIENCE_MS / 1000);
	wait_by(how, fd);
	while (done < RECORDED) {
		struct iovec piece = { sound + done, RECORDED - done };
		ssize_t got = strcmp(how, "readv") == 0
				  ? readv(fd, &piece, 1)
				  : read(fd, piece.iov_base, piece.iov_len);

		CHECK(got > 0, "read %zd", got);
		done += (size_t)got;
	}
	CHECK(fwrite(sound, 1, RECORDED, stdout) == RECORDED, "fwrite");
}

/* --- the table ------------------------------------------------------------ */

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "open", by_open },
	{ "open64", by_open64 },
	{ "openat", by_openat },
	{ "openat64", by_openat64 },
	{ "creat", by_creat },
	{ "checked", by_checked_open },
	{ "fopen", by_fopen },
	{ "fdopen", by_fdopen },
	{ "lowest", lowest },
	{ "cloexec", cloexec },
	{ "dup", by_dup },
	{ "dup2", by_dup2 },
	{ "dup3", by_dup3 },
	{ "fcntl", by_fcntl },
	{ "close_range", by_close_range },
	{ "writev", by_writev },
	{ "nonblocking", nonblocking },
	{ "fork", by_fork },
	{ "after_fork", after_fork },
	{ "exec", by_exec },
	{ "vfork", by_vfork },
	{ "spawn", by_spawn },
	{ "passing", by_passing },
	{ "childless", childless },
	{ "stormy", stormy },
	{ "interrupted", interrupted },
	{ "threads", threads },
	{ "names", names },
	{ "mapped", mapped },
	{ "absent", absent },
	{ "wrong", wrong },
};

int
main(int argc, char **argv)
{
	CHECK(argc >= 3, "usage: doors CASE SOUND");
	self = argv[0];
	if (strcmp(argv[1], "record") == 0) {
		record(argv[2]);
		return EXIT_SUCCESS;
	}
	load(argv[2]);
	if (strcmp(argv[1], "finish") == 0 && argc > 3) {
		play_settled((int)strtol(argv[3], NULL, 10));
		return EXIT_SUCCESS;
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(cases[i].name, argv[1]) == 0) {
			cases[i].run();
			return EXIT_SUCCESS;
		}
	}
	CHECK(0, "no case %s", argv[1]);
}
