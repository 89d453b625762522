/*
 * A big-endian program: says hello with its own byte order, starts a stream
 * and sends samples as it keeps them.  s390x, without a C library, since those
 * compilers that bring one exclude the 32-bit one of this machine.
 *
 * The samples are those of next(); what plays them is foreign.py.
 */
#define SYS_EXIT    1
#define SYS_READ    3
#define SYS_WRITE   4
#define SYS_SOCKET  359
#define SYS_CONNECT 362

#define FRAMES 44100

/* PORT comes from the command line of the compiler. */
static const struct {
	unsigned short family, port;
	unsigned address;
	char zero[8];
} server = { 2, PORT, 0x7F000001, { 0 } };

static long
call(long number, long a, long b, long c)
{
	register long r1 __asm__("1") = number;
	register long r2 __asm__("2") = a;
	register long r3 __asm__("3") = b;
	register long r4 __asm__("4") = c;

	__asm__ volatile("svc 0"
			 : "+d"(r2)
			 : "d"(r1), "d"(r3), "d"(r4)
			 : "memory");
	return r2;
}

static void
leave(int status)
{
	for (;;) {
		(void)call(SYS_EXIT, status, 0, 0);
	}
}

static void
put(int fd, const void *data, long bytes)
{
	const char *at = data;

	while (bytes > 0) {
		long n = call(SYS_WRITE, fd, (long)at, bytes);

		if (n <= 0) {
			leave(2);
		}
		at += n;
		bytes -= n;
	}
}

/* Never 0, so that its beginning and end are heard. */
static short
next(unsigned *state)
{
	*state = *state * 1103515245U + 12345U;
	return (short)((*state >> 16) | 1U);
}

void
_start(void)
{
	static const struct {
		unsigned char key[16];
		unsigned marker;
	} hello = { { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
			0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF },
		0x454E444EU };
	static const struct {
		int opcode, format, rate;
		char name[128];
	} play = { 3, 0x1021, 44100, "foreign" };
	static short samples[2 * FRAMES];
	unsigned state = 1;
	int verdict = 0;
	int fd = (int)call(SYS_SOCKET, 2, 1, 0);

	if (call(SYS_CONNECT, fd, (long)&server, sizeof(server)) != 0) {
		leave(1);
	}
	put(fd, &hello, sizeof(hello));
	/* The verdict's order is the server's: only 0 is the same in both. */
	if (call(SYS_READ, fd, (long)&verdict, 4) != 4 || verdict == 0) {
		leave(3);
	}
	put(fd, &play, sizeof(play));
	for (int i = 0; i < 2 * FRAMES; i++) {
		samples[i] = next(&state);
	}
	put(fd, samples, sizeof(samples));
	leave(0);
}
