/*
 * Plays standard input, 44100 Hz, 16-bit stereo, in the ways in which the
 * libraries of the time do it.
 *
 *   ways sdl    SDL 1.2: by dlopen(), after having made sure that the card is
 *               free; one that it finds in use is none
 *   ways ao     libao: probes, then writes packets when they fit
 */
#include <dlfcn.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <artsc.h>

#define RATE	  44100
#define FREE_MS	  3000
#define FRAGMENT  12 /* log2 of SDL's fragment */
#define FRAGMENTS 2

static int64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static _Noreturn void
give_up(const char *why)
{
	(void)fprintf(stderr, "ways: %s\n", why);
	exit(EXIT_FAILURE);
}

/* Whole pieces, the last one filled with silence; 0: that was all. */
static size_t
read_piece(char *piece, size_t size)
{
	size_t filled = 0;
	ssize_t got;

	while (filled < size &&
	       (got = read(STDIN_FILENO, piece + filled, size - filled)) > 0) {
		filled += (size_t)got;
	}
	memset(piece + filled, 0, size - filled);
	return filled;
}

/* --- SDL ------------------------------------------------------------------ */

static struct {
	int (*init)(void);
	void (*free)(void);
	arts_stream_t (*play_stream)(int, int, int, const char *);
	int (*stream_set)(arts_stream_t, arts_parameter_t, int);
	int (*stream_get)(arts_stream_t, arts_parameter_t);
	int (*write)(arts_stream_t, const void *, int);
	void (*close_stream)(arts_stream_t);
	int (*suspend)(void);
	int (*suspended)(void);
	const char *(*error_text)(int);
} sdl;

static const struct {
	const char *name;
	void *function;
} sdl_names[] = {
	{ "arts_init", &sdl.init },
	{ "arts_free", &sdl.free },
	{ "arts_play_stream", &sdl.play_stream },
	{ "arts_stream_set", &sdl.stream_set },
	{ "arts_stream_get", &sdl.stream_get },
	{ "arts_write", &sdl.write },
	{ "arts_close_stream", &sdl.close_stream },
	{ "arts_suspend", &sdl.suspend },
	{ "arts_suspended", &sdl.suspended },
	{ "arts_error_text", &sdl.error_text },
};

static void
load_sdl(void)
{
	void *library = dlopen("libartsc.so.0", RTLD_LAZY);

	if (library == NULL) {
		give_up(dlerror());
	}
	for (size_t i = 0; i < sizeof(sdl_names) / sizeof(sdl_names[0]); i++) {
		void *function = dlsym(library, sdl_names[i].name);

		if (function == NULL) {
			give_up(sdl_names[i].name);
		}
		memcpy(sdl_names[i].function, &function, sizeof(function));
	}
}

static void
await_free_card(void)
{
	int64_t deadline = now_ms() + FREE_MS;

	while (
	    sdl.suspend() == 0 && sdl.suspended() == 0 && now_ms() < deadline) {
		(void)poll(NULL, 0, 10);
	}
	if (sdl.suspended() == 0) {
		give_up("the card is not free");
	}
}

static void
detect(void)
{
	arts_stream_t stream;

	if (sdl.init() != 0) {
		give_up(sdl.error_text(-1));
	}
	await_free_card();
	stream = sdl.play_stream(RATE, 16, 2, "SDL");
	if (sdl.write(stream, "", 0) != 0) {
		give_up("the empty stream is refused");
	}
	sdl.close_stream(stream);
	sdl.free();
}

static void
play_sdl(void)
{
	arts_stream_t stream;
	char *piece;
	int size;

	load_sdl();
	detect();
	if (sdl.init() != 0) {
		give_up(sdl.error_text(-1));
	}
	await_free_card();
	stream = sdl.play_stream(RATE, 16, 2, "SDL");
	(void)sdl.write(stream, "", 0); /* and then there is one */
	(void)sdl.stream_set(stream, ARTS_P_PACKET_SETTINGS,
	    FRAGMENTS << 16 | FRAGMENT);
	size = sdl.stream_get(stream, ARTS_P_PACKET_SIZE);
	piece = malloc((size_t)size);
	while (piece != NULL && read_piece(piece, (size_t)size) > 0) {
		if (sdl.write(stream, piece, size) != size) {
			give_up("a fragment was not taken");
		}
	}
	free(piece);
	sdl.close_stream(stream);
	sdl.free();
}

/* --- libao ---------------------------------------------------------------- */

static void
write_packet(arts_stream_t stream, const char *packet, int size)
{
	while (arts_stream_get(stream, ARTS_P_BUFFER_SPACE) < size) {
		(void)poll(NULL, 0, 5);
	}
	if (arts_write(stream, packet, size) != size) {
		give_up("a packet that fits was not taken");
	}
}

static void
play_ao(void)
{
	arts_stream_t stream;
	char *packet;
	int size;

	if (arts_init() != 0) {
		give_up("there is no server");
	}
	arts_free();
	if (arts_init() != 0) {
		give_up("there is no server any more");
	}
	(void)arts_suspend();
	stream = arts_play_stream(RATE, 16, 2, "libao stream");
	(void)arts_stream_set(stream, ARTS_P_BUFFER_TIME, 200);
	(void)arts_stream_set(stream, ARTS_P_BLOCKING, 0);
	size = arts_stream_get(stream, ARTS_P_PACKET_SIZE);
	packet = malloc((size_t)size);
	while (packet != NULL && read_piece(packet, (size_t)size) > 0) {
		write_packet(stream, packet, size);
	}
	free(packet);
	arts_close_stream(stream);
	arts_free();
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "sdl") == 0) {
		play_sdl();
	} else if (argc == 2 && strcmp(argv[1], "ao") == 0) {
		play_ao();
	} else {
		give_up("sdl or ao?");
	}
	return EXIT_SUCCESS;
}
