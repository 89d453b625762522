/*
 * Many players in one process: connects them, keeps each one's socket full for
 * a while, and says how evenly they were served.
 *
 *   clients SERVER COUNT SECONDS [RATE]
 *
 * Prints "streams N seconds S least L most M": the seconds of sound that the
 * slowest and the fastest client got rid of.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include "compat-tools/client.h"

#define FORMAT (ESD_BITS16 | ESD_STEREO | ESD_PLAY)

struct player {
	struct client client;
	uint64_t bytes;
};

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Quiet noise: a thousand of them together do not clip. */
static void
make_sound(int16_t *sound, size_t count)
{
	uint32_t state = 1;

	for (size_t i = 0; i < count; i++) {
		state = state * 1664525u + 1013904223u;
		sound[i] = (int16_t)((int32_t)(state >> 28) - 8);
	}
}

static void
connect_player(struct player *player, const char *server, int32_t rate,
    int epoll)
{
	struct epoll_event event = { .events = EPOLLOUT,
		.data = { .ptr = player } };

	if (client_open(&player->client, server, CLIENT_TIMEOUT) < 0 ||
	    client_stream(&player->client, ESD_STREAM_PLAY, FORMAT, rate,
		"bench") < 0) {
		(void)fprintf(stderr, "clients: %s\n", player->client.why);
		exit(1);
	}
	(void)fcntl(player->client.fd, F_SETFL, O_NONBLOCK);
	(void)epoll_ctl(epoll, EPOLL_CTL_ADD, player->client.fd, &event);
}

static void
fill(struct player *player, const int16_t *sound)
{
	ssize_t sent;

	do {
		sent = send(player->client.fd, sound, ESD_CHUNK, MSG_NOSIGNAL);
		if (sent > 0) {
			player->bytes += (uint64_t)sent;
		}
	} while (sent == ESD_CHUNK);
	if (sent < 0 && errno != EAGAIN) {
		perror("clients: send");
		exit(1);
	}
}

static void
keep_full(int epoll, const int16_t *sound, double end)
{
	struct epoll_event events[256];

	while (now() < end) {
		int count = epoll_wait(epoll, events, 256, 100);

		for (int i = 0; i < count; i++) {
			fill(events[i].data.ptr, sound);
		}
	}
}

int
main(int argc, char **argv)
{
	int count = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 0;
	double seconds = argc > 3 ? strtod(argv[3], NULL) : 0;
	int32_t rate =
	    argc > 4 ? (int32_t)strtol(argv[4], NULL, 10) : ESD_LAG_RATE;
	static int16_t sound[ESD_CHUNK / sizeof(int16_t)];
	struct player *players;
	uint64_t least = UINT64_MAX, most = 0;
	double start;
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (count <= 0 || seconds <= 0 || epoll < 0) {
		(void)fprintf(stderr,
		    "usage: clients SERVER COUNT SECONDS [RATE]\n");
		return 1;
	}
	raise_limit();
	make_sound(sound, sizeof(sound) / sizeof(sound[0]));
	players = calloc((size_t)count, sizeof(*players));
	if (players == NULL) {
		return 1;
	}
	for (int i = 0; i < count; i++) {
		connect_player(&players[i], argv[1], rate, epoll);
	}
	(void)printf("connected\n");
	(void)fflush(stdout);
	keep_full(epoll, sound, now() + 1);
	for (int i = 0; i < count; i++) {
		players[i].bytes = 0;
	}
	start = now();
	keep_full(epoll, sound, start + seconds);
	seconds = now() - start;
	for (int i = 0; i < count; i++) {
		least = players[i].bytes < least ? players[i].bytes : least;
		most = players[i].bytes > most ? players[i].bytes : most;
	}
	(void)printf("streams %d seconds %.2f least %.2f most %.2f\n", count,
	    seconds, (double)least / rate / 4, (double)most / rate / 4);
	return 0;
}
