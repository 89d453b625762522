/*
 * Calls every function of libartsc.so.0 and checks what it does.  Compiled
 * twice: against the installed artsc.h, and against nothing but the original's
 * facts.
 *
 *   all GROUP...      of those below; the server is that of ESPEAKER, its
 *                     device's buffer 3584 frames at 44100 Hz
 *   all nowhere       where there is no server
 *   all play RATE BITS CHANNELS NAME BLOCKING   standard input
 *   all record RATE BITS CHANNELS BYTES BLOCKING   to standard output
 *   all lost          while the server is stopped, and started again: prints
 *                     "playing", "lost" and "back", and reads a line after
 *                     "lost"
 */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef FACTS
#include "tests/libartsc/facts.h"
#else
#include <artsc.h>
#endif

enum { NOSERVER = -1, NOBACKEND = -2, NOSTREAM = -3, NOINIT = -4, NOIMPL = -5 };
#define PARAM(number)	((arts_parameter_t)(number))
#define SIZE		PARAM(1)
#define TIME		PARAM(2)
#define SPACE		PARAM(3)
#define SERVER_LATENCY	PARAM(4)
#define TOTAL_LATENCY	PARAM(5)
#define BLOCKING	PARAM(6)
#define PACKET_SIZE	PARAM(7)
#define PACKET_COUNT	PARAM(8)
#define PACKET_SETTINGS PARAM(9)

#ifndef FACTS
#define IS(name, value) _Static_assert((int)(name) == (int)(value), #name)
IS(ARTS_E_NOSERVER, NOSERVER);
IS(ARTS_E_NOBACKEND, NOBACKEND);
IS(ARTS_E_NOSTREAM, NOSTREAM);
IS(ARTS_E_NOINIT, NOINIT);
IS(ARTS_E_NOIMPL, NOIMPL);
IS(ARTS_P_BUFFER_SIZE, SIZE);
IS(ARTS_P_BUFFER_TIME, TIME);
IS(ARTS_P_BUFFER_SPACE, SPACE);
IS(ARTS_P_SERVER_LATENCY, SERVER_LATENCY);
IS(ARTS_P_TOTAL_LATENCY, TOTAL_LATENCY);
IS(ARTS_P_BLOCKING, BLOCKING);
IS(ARTS_P_PACKET_SIZE, PACKET_SIZE);
IS(ARTS_P_PACKET_COUNT, PACKET_COUNT);
IS(ARTS_P_PACKET_SETTINGS, PACKET_SETTINGS);
_Static_assert(sizeof(arts_parameter_t) == 4, "an int");
_Static_assert(sizeof(enum arts_parameter_t_enum) == 4, "an int");
#endif

#define RATE	 44100
#define PER_MS	 (RATE * 4 / 1000.0) /* bytes */
#define PATIENCE 5000		     /* ms for what should happen at once */

static int failures;

static void
expect(int line, const char *what, long long got, long long wanted)
{
	if (got != wanted) {
		(void)fprintf(stderr, "line %d: %s is %lld, not %lld\n", line,
		    what, got, wanted);
		failures++;
	}
}

#define EQUAL(got, wanted)                                                     \
	expect(__LINE__, #got, (long long)(got), (long long)(wanted))
#define TRUE(condition) EQUAL((condition) != 0, 1)

static int64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static arts_stream_t
stereo(void)
{
	arts_stream_t stream = arts_play_stream(RATE, 16, 2, "all");

	TRUE(stream != NULL);
	return stream;
}

/* --- groups --------------------------------------------------------------- */

/* Neither initialised, nor any longer. */
static void
check_uninitialised(arts_stream_t stream)
{
	char bytes[16] = { 0 };

	EQUAL(arts_suspend(), NOBACKEND);
	EQUAL(arts_suspended(), NOBACKEND);
	TRUE(arts_play_stream(RATE, 16, 2, "before") == NULL);
	TRUE(arts_record_stream(RATE, 16, 2, "before") == NULL);
	EQUAL(arts_write(stream, bytes, sizeof(bytes)), NOBACKEND);
	EQUAL(arts_read(stream, bytes, sizeof(bytes)), NOBACKEND);
	EQUAL(arts_stream_get(stream, SIZE), NOBACKEND);
	EQUAL(arts_stream_set(stream, SIZE, 4096), NOBACKEND);
	arts_close_stream(stream);
	arts_free();
}

static void
test_init(void)
{
	arts_stream_t stream;

	check_uninitialised(NULL);
	EQUAL(arts_init(), 0);
	EQUAL(arts_init(), 0);
	arts_free();
	stream = stereo();
	EQUAL(arts_write(stream, "left", 4), 4);
	EQUAL(arts_suspended(), 1);
	arts_free(); /* with a stream open */
	check_uninitialised(stream);
	EQUAL(arts_init(), 0);
	EQUAL(arts_write(stream, "left", 4), NOSTREAM);
	arts_free();
}

static void
test_nowhere(void)
{
	EQUAL(arts_init(), NOSERVER);
	check_uninitialised(NULL);
}

static void
test_texts(void)
{
	for (int code = -8; code < 3; code++) {
		const char *text = arts_error_text(code);

		TRUE(text != NULL && text[0] != '\0');
		EQUAL(strcmp(text, arts_error_text(0)) == 0,
		    code < NOIMPL || code > NOSERVER);
	}
}

static void
test_errors(void)
{
	char bytes[16] = { 0 };
	arts_stream_t stream, record;

	EQUAL(arts_init(), 0);
	stream = stereo();
	record = arts_record_stream(RATE, 16, 2, "all");
	EQUAL(arts_write(NULL, bytes, sizeof(bytes)), NOSTREAM);
	EQUAL(arts_read(NULL, bytes, sizeof(bytes)), NOSTREAM);
	EQUAL(arts_stream_get(NULL, SIZE), NOSTREAM);
	EQUAL(arts_stream_set(NULL, SIZE, 4096), NOSTREAM);
	arts_close_stream(NULL);
	EQUAL(arts_read(stream, bytes, sizeof(bytes)), NOIMPL);
	EQUAL(arts_write(record, bytes, sizeof(bytes)), NOIMPL);
	for (int param = 3; param <= 8; param++) {
		if (param != 6) { /* BLOCKING */
			EQUAL(arts_stream_set(stream, PARAM(param), 1), NOIMPL);
		}
	}
	EQUAL(arts_stream_set(stream, PARAM(0), 1), NOIMPL);
	EQUAL(arts_stream_set(stream, PARAM(10), 1), NOIMPL);
	EQUAL(arts_stream_get(stream, PARAM(0)), NOIMPL);
	EQUAL(arts_stream_get(stream, PARAM(10)), NOIMPL);
	EQUAL(arts_stream_set(stream, BLOCKING, 2), NOIMPL);
	EQUAL(arts_stream_set(stream, BLOCKING, -1), NOIMPL);
	arts_close_stream(stream);
	arts_close_stream(stream); /* and nothing happens */
	EQUAL(arts_write(stream, bytes, sizeof(bytes)), NOSTREAM);
	arts_close_stream(record);
	arts_free();
}

/* What nobody plays is a stream all the same, until it is written to. */
static void
test_odd_sound(void)
{
	static const int odd[][3] = { { RATE, 24, 2 }, { RATE, 16, 3 },
		{ RATE, 0, 0 }, { 0, 16, 2 }, { -1, -1, -1 },
		{ 2000000000, 2000000000, 2000000000 }, { 1000000, 16, 2 } };

	EQUAL(arts_init(), 0);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		arts_stream_t stream =
		    arts_play_stream(odd[i][0], odd[i][1], odd[i][2], NULL);

		TRUE(stream != NULL);
		TRUE(arts_stream_get(stream, SIZE) >= 65536);
		TRUE(arts_stream_get(stream, TIME) >= 0);
		TRUE(arts_stream_set(stream, TIME, INT32_MAX) >= 0);
		TRUE(arts_stream_get(stream, TOTAL_LATENCY) >= 0);
		EQUAL(arts_write(stream, "left", 4), NOIMPL);
		EQUAL(arts_stream_get(stream, SPACE), NOIMPL);
		arts_close_stream(stream);
	}
	arts_free();
}

/* What the original answered where the least buffer was 81.2698 ms. */
static void
check_table(arts_stream_t stream)
{
	static const int table[][3] = { { SIZE, 1, 14336 },
		{ SIZE, 100, 14336 }, { SIZE, 1000, 14336 },
		{ SIZE, 4096, 14336 }, { SIZE, -1, 14336 },
		{ SIZE, 65536, 65536 }, { SIZE, 100000, 114688 },
		{ SIZE, 1000000, 1048576 }, { TIME, 1, 81 }, { TIME, 10, 81 },
		{ TIME, 50, 81 }, { TIME, 100, 116 }, { TIME, 500, 557 },
		{ TIME, 2000, 2229 },
		{ PACKET_SETTINGS, 0x0002000c, 0x0004000c },
		{ PACKET_SETTINGS, 0x00080008, 0x00380008 },
		{ PACKET_SETTINGS, 0x00030004, 0x03800004 },
		{ PACKET_SETTINGS, 0x0008000c, 0x0008000c },
		{ PACKET_SETTINGS, 0x00010020, NOIMPL },
		{ PACKET_SETTINGS, -1, NOIMPL },
		{ PACKET_SETTINGS, 0x7fff000f, 0x7fff000f } };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		arts_parameter_t param = PARAM(table[i][0]);
		int got = arts_stream_set(stream, param, table[i][1]);

		EQUAL(got, table[i][2]);
		if (got >= 0) {
			EQUAL(arts_stream_get(stream, param), got);
		}
	}
}

static void
test_table(void)
{
	arts_stream_t stream;
	int latency;

	EQUAL(arts_init(), 0);
	stream = stereo();
	EQUAL(arts_stream_get(stream, SIZE), 65536);
	EQUAL(arts_stream_get(stream, TIME), 371);
	EQUAL(arts_stream_get(stream, PACKET_COUNT), 4);
	EQUAL(arts_stream_get(stream, PACKET_SIZE), 16384);
	EQUAL(arts_stream_get(stream, PACKET_SETTINGS), 0x4000e);
	EQUAL(arts_stream_get(stream, BLOCKING), 1);
	latency = arts_stream_get(stream, SERVER_LATENCY);
	TRUE(latency > 0 && latency <= 90);
	EQUAL(arts_stream_get(stream, TOTAL_LATENCY), 371 + latency);
	check_table(stream);
	EQUAL(arts_stream_set(stream, SIZE, 65536), 65536);
	EQUAL(arts_stream_set(stream, BLOCKING, 0), 0);
	EQUAL(arts_write(stream, "", 0), 0); /* that much attaches it */
	EQUAL(arts_stream_set(stream, SIZE, 65536), NOIMPL);
	EQUAL(arts_stream_set(stream, TIME, 100), NOIMPL);
	EQUAL(arts_stream_set(stream, PACKET_SETTINGS, 0x4000e), NOIMPL);
	EQUAL(arts_stream_set(stream, BLOCKING, 1), 1);
	EQUAL(arts_stream_get(stream, BLOCKING), 1);
	EQUAL(arts_stream_get(stream, SIZE), 65536);
	arts_close_stream(stream);
	arts_free();
}

/* The buffer is what it says it is, and is emptied in pace. */
static void
test_space(void)
{
	static char silence[2 * 65536];
	arts_stream_t stream;
	int written = 0, got;
	int64_t began;

	EQUAL(arts_init(), 0);
	stream = stereo();
	EQUAL(arts_stream_get(stream, SPACE), 65536);
	EQUAL(arts_stream_set(stream, BLOCKING, 0), 0);
	began = now_ms();
	got = arts_write(stream, silence, sizeof(silence));
	TRUE(got >= 65536 && got < (int)sizeof(silence));
	TRUE(arts_stream_get(stream, SPACE) < 65536);
	while ((got = arts_write(stream, silence, 1024)) > 0 &&
	       now_ms() < began + PATIENCE) {
		written += got;
	}
	EQUAL(got, 0);
	TRUE(written < 65536);
	while (arts_stream_get(stream, SPACE) < 65536 &&
	       now_ms() < began + PATIENCE) {
		(void)poll(NULL, 0, 5);
	}
	EQUAL(arts_stream_get(stream, SPACE), 65536);
	TRUE(now_ms() - began >= 371 - 10);

	/* One buffer fits at once, the other when that one has been played. */
	EQUAL(arts_stream_set(stream, BLOCKING, 1), 1);
	began = now_ms();
	EQUAL(arts_write(stream, silence, sizeof(silence)), sizeof(silence));
	TRUE(now_ms() - began >= 371 - 10 && now_ms() - began < 371 + 300);
	arts_close_stream(stream);
	arts_free();
}

/* Idle by now; the card is free for others, and back by the next sound. */
static void
test_suspend(void)
{
	int64_t began = now_ms();
	arts_stream_t stream;
	int got = 0;

	EQUAL(arts_init(), 0);
	while (got == 0 && now_ms() < began + PATIENCE) {
		got = arts_suspend();
		(void)poll(NULL, 0, 5);
	}
	EQUAL(got, 1);
	EQUAL(arts_suspend(), 0);
	EQUAL(arts_suspended(), 1);
	stream = stereo();
	EQUAL(arts_write(stream, "tick", 4), 4);
	arts_close_stream(stream);
	arts_free();
}

/* --- sound ---------------------------------------------------------------- */

/* The five words after the command, and what goes with them. */
struct order {
	int rate, bits, channels;
	const char *name;
	int bytes, blocking;
};

static struct order
read_order(char **words)
{
	return (struct order){ (int)strtol(words[0], NULL, 10),
		(int)strtol(words[1], NULL, 10),
		(int)strtol(words[2], NULL, 10), words[3],
		(int)strtol(words[3], NULL, 10),
		(int)strtol(words[4], NULL, 10) };
}

static void
write_all(arts_stream_t stream, const char *data, int bytes)
{
	int64_t deadline = now_ms() + PATIENCE;

	while (bytes > 0 && now_ms() < deadline) {
		int got = arts_write(stream, data, bytes);

		if (got < 0) {
			EQUAL(got, bytes);
			return;
		}
		if (got == 0) {
			(void)poll(NULL, 0, 2);
		}
		data += got;
		bytes -= got;
	}
	EQUAL(bytes, 0);
}

static void
play(char **words)
{
	struct order order = read_order(words);
	char piece[1000]; /* of no packet's size */
	arts_stream_t stream;
	ssize_t bytes;

	EQUAL(arts_init(), 0);
	stream = arts_play_stream(order.rate, order.bits, order.channels,
	    order.name);
	EQUAL(arts_stream_set(stream, BLOCKING, order.blocking),
	    order.blocking);
	while ((bytes = read(STDIN_FILENO, piece, sizeof(piece))) > 0) {
		write_all(stream, piece, (int)bytes);
	}
	arts_close_stream(stream);
	arts_free();
}

static void
record(char **words)
{
	struct order order = read_order(words);
	int64_t deadline = now_ms() + PATIENCE;
	arts_stream_t stream;
	char piece[1000];
	int done = 0;

	EQUAL(arts_init(), 0);
	stream = arts_record_stream(order.rate, order.bits, order.channels,
	    "record");
	EQUAL(arts_stream_set(stream, BLOCKING, order.blocking),
	    order.blocking);
	EQUAL(arts_read(stream, piece, 0), 0);
	while (done < order.bytes && now_ms() < deadline) {
		int space = arts_stream_get(stream, SPACE);
		int got = arts_read(stream, piece, sizeof(piece));

		TRUE(got >= (space < 1000 ? space : 1000));
		if (order.blocking != 0) {
			EQUAL(got, sizeof(piece));
		} else if (got == 0) {
			(void)poll(NULL, 0, 2);
		}
		(void)!write(STDOUT_FILENO, piece, got > 0 ? (size_t)got : 0);
		done += got > 0 ? got : 0;
	}
	TRUE(done >= order.bytes);
	arts_close_stream(stream);
	arts_free();
}

static void
say(const char *word)
{
	(void)printf("%s\n", word);
	(void)fflush(stdout);
}

static void
test_lost(void)
{
	static char silence[4096];
	arts_stream_t stream, record;
	char line[16];
	int got;

	EQUAL(arts_init(), 0);
	stream = stereo();
	record = arts_record_stream(RATE, 16, 2, "all");
	EQUAL(arts_read(record, silence, 4), 4);
	say("playing");
	do {
		got = arts_write(stream, silence, sizeof(silence));
	} while (got == sizeof(silence));
	TRUE(got >= 0 || got == NOSERVER);
	EQUAL(arts_write(stream, silence, sizeof(silence)), NOSERVER);
	EQUAL(arts_stream_get(stream, SPACE), NOSERVER);
	while ((got = arts_read(record, silence, sizeof(silence))) > 0) {
	}
	EQUAL(got, NOSERVER);
	EQUAL(arts_stream_get(record, SPACE), NOSERVER);
	EQUAL(arts_suspend(), NOSERVER);
	arts_close_stream(stream);
	arts_close_stream(record);
	stream = stereo();
	EQUAL(arts_write(stream, silence, sizeof(silence)), NOSERVER);
	say("lost");
	TRUE(fgets(line, sizeof(line), stdin) != NULL);
	/* The stream had never come to be, and now does. */
	EQUAL(arts_write(stream, silence, sizeof(silence)), sizeof(silence));
	arts_close_stream(stream);
	stream = stereo();
	TRUE(arts_stream_get(stream, SERVER_LATENCY) > 0);
	say("back");
	arts_free();
}

/* --- main ----------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*test)(void);
} groups[] = {
	{ "init", test_init },
	{ "texts", test_texts },
	{ "errors", test_errors },
	{ "odd-sound", test_odd_sound },
	{ "table", test_table },
	{ "space", test_space },
	{ "suspend", test_suspend },
	{ "nowhere", test_nowhere },
	{ "lost", test_lost },
};

static void
run_group(const char *name)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (strcmp(groups[i].name, name) == 0) {
			groups[i].test();
			return;
		}
	}
	(void)fprintf(stderr, "there is no group %s\n", name);
	failures++;
}

int
main(int argc, char **argv)
{
	if (argc == 7 && strcmp(argv[1], "play") == 0) {
		play(argv + 2);
	} else if (argc == 7 && strcmp(argv[1], "record") == 0) {
		record(argv + 2);
	} else {
		for (int i = 1; i < argc; i++) {
			run_group(argv[i]);
		}
	}
	return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
