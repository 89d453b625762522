/*
 * What a program's side (the preload library, "the library" below) and the
 * dsp server say to each other.  Both may be of different word sizes: every
 * field has a fixed width, no record has gaps.
 *
 * The program's descriptor is the client end of a connected AF_UNIX stream
 * socket, the dsp server at its other end is the device.  read(), write(),
 * poll(), dup(), fork(), exec() and passing it on are the kernel's work, so
 * nothing about it is kept in the program.
 *
 * Names.  The server listens at the abstract name DOOR_PREFIX and
 * DOOR_RANDOM hexadecimal digits (after the NUL that makes it abstract, with
 * none at its end).  The client end is bound by autobind: bind() with the
 * address' family alone gives it an abstract name that nobody else has.  Then
 *   getpeername(fd)  begins with DOOR_PREFIX: it is one of ours; the name is
 *                    its server's, who may be asked about it
 *   getsockname(fd)  tells the server which of its devices it is
 * in every process that holds it, however it came by it.
 *
 * Starting a server.  The library makes the listening socket (a name of
 * random digits, bound, listening), so that connecting to it works at once,
 * and runs the program DOOR_SERVER with it as descriptor DOOR_LISTENER,
 * standard input and output at /dev/null, standard error the program's own if
 * ESDDSP_VERBOSE is set, else /dev/null, everything else closed, no signal
 * blocked or ignored, in a session of its own, with the program's environment
 * but for LD_PRELOAD.  It must leave the program no child to wait for, and
 * close its own copy of the listening socket.
 * The server ends when its last device is closed and has played what was
 * written, or DOOR_LONELY_MS after its start if nobody opened any.
 *
 * Opening.  socket(), autobind, connect() to the name, DOOR_OPEN, its answer
 * (wait for it at most DOOR_OPEN_MS): from then on the connection carries
 * sound alone and is the program's descriptor.  The library sets SO_SNDBUF to
 * DOOR_SNDBUF, O_NONBLOCK and FD_CLOEXEC as open() was asked to, and, if it is
 * open for reading, DOOR_MARK.
 *
 * Everything else is asked on a connection of its own, which may be made for
 * one request or kept for many: connect() to the name that getpeername()
 * told; a request with the program's descriptor along (SCM_RIGHTS, with the
 * first byte); its answer; one at a time.  The descriptor is the proof that
 * the caller may ask, and the server sets O_NONBLOCK and DOOR_MARK on it; it
 * closes it no later than it answers.  An answer may take as long as the sound
 * takes (SNDCTL_DSP_SYNC); who no longer wants it closes.
 *
 * Reading.  Nothing is captured until somebody wants it.  While SO_PRIORITY
 * of a descriptor is DOOR_MARK, send DOOR_READING before reading it or
 * polling it for input; the server then takes the mark off.  It sets it again
 * where capture is stopped (SNDCTL_DSP_RESET).  So a reader that is at it
 * pays for one getsockopt().
 *
 * Mapping.  DOOR_MAP answers with a memfd along.  The library maps that, from
 * offset 0, in place of the program's descriptor, and closes it.
 *
 * Errors.  Any result below 0 is -errno for the program.  A request with a
 * descriptor that does not belong here is answered -EBADF.  One that is
 * malformed, or has none, is answered -EINVAL and the connection is closed.  If
 * the server is gone, connect() fails or the answer does not come: EIO.
 */
#ifndef DOOR_H
#define DOOR_H

#include <stdint.h>

#define DOOR_SERVER    "esddsp-server" /* in libexecdir */
#define DOOR_LISTENER  3
#define DOOR_PREFIX    "esddsp-"
#define DOOR_RANDOM    16   /* hexadecimal digits, 0-9a-f */
#define DOOR_OPEN_MS   1000 /* then open() gives ENODEV */
#define DOOR_LONELY_MS 5000
#define DOOR_MARK      3	   /* of SO_PRIORITY */
#define DOOR_SNDBUF    1	   /* bytes: the least that the kernel gives */
#define DOOR_MAGIC     0x31505344u /* "DSP1", read as little-endian */
#define DOOR_BYTES_MAX 4096	   /* after a request or an answer */

enum door_kind { DOOR_OPEN, DOOR_IOCTL, DOOR_MAP, DOOR_READING, DOOR_KINDS };

/* What was opened.  All play and record the same sound. */
enum door_device {
	DOOR_DSP,   /* /dev/dsp, /dev/dspN, /dev/adsp: 8000 Hz mono, u8 */
	DOOR_DSPW,  /* /dev/dspW: the same, s16 */
	DOOR_AUDIO, /* /dev/audio: the same, mu-law */
	DOOR_MIXER, /* /dev/mixer, /dev/mixerN: nothing to read or write */
	DOOR_DEVICES
};

enum { DOOR_READ = 1, DOOR_WRITE = 2 }; /* access, of OPEN and MAP */

/*
 * `bytes` more bytes follow at once, at most DOOR_BYTES_MAX.
 *
 *           number            flags   bytes that follow
 *   OPEN    enum door_device  access  the stream's name, without a NUL;
 *                                     none: a name of the server's choice
 *   IOCTL   as for ioctl()    0       what the argument points to, _IOC_SIZE
 *                                     of them; none unless _IOC_WRITE
 *   MAP     length, in bytes  access  none (the offset is 0, or the library
 *                                     says EINVAL itself)
 *   READING 0                 0       none
 */
struct door_request {
	uint32_t magic; /* DOOR_MAGIC */
	uint32_t kind;
	uint32_t number;
	uint32_t flags;
	uint32_t bytes;
};

/*
 * After an IOCTL with _IOC_READ that did not fail, `bytes` is its _IOC_SIZE,
 * and so many follow: what the argument points to from now on.  Else it is 0.
 */
struct door_answer {
	int32_t result; /* 0 or -errno */
	uint32_t bytes;
};

_Static_assert(sizeof(struct door_request) == 20, "no gaps");
_Static_assert(sizeof(struct door_answer) == 8, "no gaps");

#endif
