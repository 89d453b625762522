#include "compat-tools/dsp/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/soundcard.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "compat-tools/dsp/node.h"
#include "compat-tools/dsp/start.h"

#define PREFIX_BYTES (sizeof(DOOR_PREFIX) - 1)
#define BACKLOG	     64
#define TITLE_MAX    127 /* bytes of a stream's name, as ESD has them */

/* An abstract name begins with a NUL and has none at its end. */
struct place {
	struct sockaddr_un address;
	socklen_t bytes;
};

/* One request and what comes of it. */
struct errand {
	struct door_request request;
	void *out;    /* request.bytes of them, only read */
	int fd;	      /* to go along; -1: none */
	int wait_ms;  /* for the answer; -1: for ever */
	bool is_sync; /* a signal ends the waiting */
	void *in;     /* room for in_bytes; no other number is taken */
	size_t in_bytes;
	int got; /* the descriptor that came along; -1: none */
};

/* What a program must not notice of us. */
struct calm {
	int error;
	int cancel;
};

static struct calm
calm_begin(void)
{
	struct calm calm = { .error = errno };

	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &calm.cancel);
	return calm;
}

static void
calm_end(const struct calm *calm)
{
	(void)pthread_setcancelstate(calm->cancel, NULL);
	errno = calm->error;
}

/* --- addresses ------------------------------------------------------------ */

static int
make_place(struct place *place)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char random[DOOR_RANDOM];
	char *name;

	if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
		return -EIO;
	}
	*place = (struct place){ .address = { .sun_family = AF_UNIX } };
	name = place->address.sun_path + 1;
	memcpy(name, DOOR_PREFIX, PREFIX_BYTES);
	for (size_t i = 0; i < DOOR_RANDOM; i++) {
		name[PREFIX_BYTES + i] = digits[random[i] % 16];
	}
	place->bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				   PREFIX_BYTES + DOOR_RANDOM);
	return 0;
}

/* The server at the other end; false: it is no device. */
static bool
find_place(int fd, struct place *place)
{
	place->bytes = sizeof(place->address);
	return getpeername(fd, (struct sockaddr *)&place->address,
		   &place->bytes) == 0 &&
	       place->address.sun_family == AF_UNIX &&
	       place->bytes == offsetof(struct sockaddr_un, sun_path) + 1 +
				   PREFIX_BYTES + DOOR_RANDOM &&
	       place->address.sun_path[0] == '\0' &&
	       memcmp(place->address.sun_path + 1, DOOR_PREFIX, PREFIX_BYTES) ==
		   0;
}

/* --- one request and its answer ------------------------------------------- */

/* The rest of what is to be sent or received, after `done` bytes. */
static void
skip(struct msghdr *message, size_t done)
{
	while (message->msg_iovlen > 0 && done >= message->msg_iov->iov_len) {
		done -= message->msg_iov->iov_len;
		message->msg_iov++;
		message->msg_iovlen--;
	}
	if (message->msg_iovlen > 0) {
		message->msg_iov->iov_base =
		    (char *)message->msg_iov->iov_base + done;
		message->msg_iov->iov_len -= done;
	}
}

static int
send_request(int server, struct errand *errand)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} along = { 0 };
	struct iovec pieces[2] = {
		{ &errand->request, sizeof(errand->request) },
		{ errand->out, errand->request.bytes },
	};
	struct msghdr message = {
		.msg_iov = pieces,
		.msg_iovlen = errand->request.bytes > 0 ? 2 : 1,
	};

	if (errand->fd >= 0) {
		along.head.cmsg_level = SOL_SOCKET;
		along.head.cmsg_type = SCM_RIGHTS;
		along.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&along.head), &errand->fd, sizeof(int));
		message.msg_control = &along;
		message.msg_controllen = sizeof(along);
	}
	while (message.msg_iovlen > 0) {
		ssize_t sent = sendmsg(server, &message, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR) {
			continue;
		}
		if (sent < 0) {
			return -errno;
		}
		message.msg_control = NULL;
		message.msg_controllen = 0;
		skip(&message, (size_t)sent);
	}
	return 0;
}

static int64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until something can be received. */
static int
wait_answer(int server, const struct errand *errand, int64_t deadline)
{
	struct pollfd poller = { .fd = server, .events = POLLIN };

	for (;;) {
		int64_t left = errand->wait_ms < 0 ? -1 : deadline - now_ms();
		int ready;

		if (errand->wait_ms >= 0 && left <= 0) {
			return -ETIMEDOUT;
		}
		ready = poll(&poller, 1, (int)left);
		if (ready > 0) {
			return 0;
		}
		if (ready < 0 && (errno != EINTR || errand->is_sync)) {
			return -errno;
		}
	}
}

/* Exactly that many bytes, and a descriptor if one comes with them. */
static int
receive(int server, const struct errand *errand, int64_t deadline,
    struct iovec piece, int *got)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} along;
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };

	while (piece.iov_len > 0) {
		int error = wait_answer(server, errand, deadline);
		ssize_t came;

		if (error != 0) {
			return error;
		}
		message.msg_control = &along;
		message.msg_controllen = sizeof(along);
		came = recvmsg(server, &message, MSG_CMSG_CLOEXEC);
		if (came <= 0) {
			return came == 0 ? -EIO : -errno;
		}
		piece.iov_base = (char *)piece.iov_base + came;
		piece.iov_len -= (size_t)came;
		if (CMSG_FIRSTHDR(&message) != NULL &&
		    along.head.cmsg_type == SCM_RIGHTS) {
			if (*got >= 0) {
				(void)close(*got);
			}
			memcpy(got, CMSG_DATA(&along.head), sizeof(int));
		}
	}
	return 0;
}

/* The answer's result, or what went wrong on the way. */
static int
run_errand(int server, struct errand *errand)
{
	int64_t deadline = now_ms() + errand->wait_ms;
	struct door_answer answer = { 0 };
	int error;

	errand->got = -1;
	error = send_request(server, errand);
	if (error == 0) {
		error = receive(server, errand, deadline,
		    (struct iovec){ &answer, sizeof(answer) }, &errand->got);
	}
	if (error == 0 && answer.bytes != 0 &&
	    answer.bytes != errand->in_bytes) {
		error = -EIO;
	}
	if (error == 0 && answer.bytes != 0) {
		error = receive(server, errand, deadline,
		    (struct iovec){ errand->in, answer.bytes }, &errand->got);
	}
	if (error == 0) {
		error = answer.result;
	}
	if (error < 0 && errand->got >= 0) {
		(void)close(errand->got);
		errand->got = -1;
	}
	return error;
}

/* Asks the server of that descriptor, on a connection of its own. */
static int
ask(int fd, struct errand *errand)
{
	struct place place;
	int server, result = -EIO;

	if (!find_place(fd, &place)) {
		return -EBADF;
	}
	server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server < 0) {
		return -errno;
	}
	if (connect(server, (struct sockaddr *)&place.address, place.bytes) ==
	    0) {
		errand->fd = fd;
		result = run_errand(server, errand);
	}
	(void)close(server);
	switch (result) {
	case -EPIPE:
	case -ECONNRESET: /* the server is gone */
		return -EIO;
	default:
		return result;
	}
}

/* --- opening -------------------------------------------------------------- */

static int
listen_at(const struct place *place)
{
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (listener >= 0 &&
	    (bind(listener, (const struct sockaddr *)&place->address,
		 place->bytes) != 0 ||
		listen(listener, BACKLOG) != 0)) {
		(void)close(listener);
		return -1;
	}
	return listener;
}

/* A server of its own for this socket, and the socket connected to it. */
static int
connect_to_new(int fd)
{
	const struct sockaddr any = { .sa_family = AF_UNIX };
	struct place place;
	int listener, error = make_place(&place);

	if (error != 0) {
		return error;
	}
	listener = listen_at(&place);
	if (listener < 0) {
		return -errno;
	}
	if (bind(fd, &any, sizeof(any.sa_family)) != 0 ||
	    connect(fd, (struct sockaddr *)&place.address, place.bytes) != 0) {
		error = -errno;
	} else {
		error = start_server(listener);
	}
	(void)close(listener);
	return error;
}

static void
set_options(int fd, unsigned access, int flags)
{
	const int buffer = DOOR_SNDBUF, mark = DOOR_MARK;

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	if ((access & DOOR_READ) != 0) {
		(void)setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &mark,
		    sizeof(mark));
	}
	if ((flags & O_NONBLOCK) != 0) {
		(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	}
	if ((flags & O_CLOEXEC) == 0) {
		(void)fcntl(fd, F_SETFD, 0);
	}
}

static int
open_device(enum door_device device, unsigned access, int flags)
{
	char *title = getenv("ESDDSP_NAME");
	size_t length = title == NULL ? 0 : strnlen(title, TITLE_MAX);
	struct errand errand = {
		.request = { DOOR_MAGIC, DOOR_OPEN, (uint32_t)device, access,
		    (uint32_t)length },
		.out = title,
		.fd = -1,
		.wait_ms = DOOR_OPEN_MS,
	};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

	if (fd < 0) {
		return -errno; /* EMFILE: the program's own affair */
	}
	error = connect_to_new(fd);
	if (error == 0) {
		error = run_errand(fd, &errand);
	}
	if (error < 0) {
		(void)close(fd);
		return error == -EMFILE || error == -ENFILE ? error : -ENODEV;
	}
	set_options(fd, access, flags);
	return fd;
}

int
ask_open(enum door_device device, int flags)
{
	struct calm calm = calm_begin();
	int access = node_access(flags);
	int result =
	    access < 0 ? access : open_device(device, (unsigned)access, flags);

	calm_end(&calm);
	return result;
}

/* --- requests ------------------------------------------------------------- */

bool
ask_is_device(int fd)
{
	struct place place;
	int before = errno;
	bool is = find_place(fd, &place);

	errno = before;
	return is;
}

int
ask_ioctl(int fd, uint32_t request, void *argument)
{
	struct calm calm = calm_begin();
	const uint32_t bytes = _IOC_SIZE(request);
	struct errand errand = {
		.request = { DOOR_MAGIC, DOOR_IOCTL, request, 0,
		    (_IOC_DIR(request) & _IOC_WRITE) != 0 ? bytes : 0 },
		.out = argument,
		.wait_ms = -1,
		.is_sync = request == SNDCTL_DSP_SYNC,
		.in = argument,
		.in_bytes = (_IOC_DIR(request) & _IOC_READ) != 0 ? bytes : 0,
	};
	int result =
	    errand.request.bytes > DOOR_BYTES_MAX ? -EINVAL : ask(fd, &errand);

	calm_end(&calm);
	return result;
}

int
ask_map(int fd, uint32_t length, unsigned access)
{
	struct calm calm = calm_begin();
	struct errand errand = {
		.request = { DOOR_MAGIC, DOOR_MAP, length, access, 0 },
		.wait_ms = -1,
	};
	int result = ask(fd, &errand);

	if (result == 0) {
		result = errand.got >= 0 ? errand.got : -EIO;
	}
	calm_end(&calm);
	return result;
}

void
ask_reading(int fd)
{
	struct calm calm = calm_begin();
	struct errand errand = {
		.request = { DOOR_MAGIC, DOOR_READING, 0, 0, 0 },
		.wait_ms = -1,
	};
	int mark = 0;
	socklen_t bytes = sizeof(mark);

	if (getsockopt(fd, SOL_SOCKET, SO_PRIORITY, &mark, &bytes) == 0 &&
	    mark == DOOR_MARK) {
		(void)ask(fd, &errand);
	}
	calm_end(&calm);
}
