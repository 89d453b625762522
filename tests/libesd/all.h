/*
 * What the parts of the program "all" share: the interface, from our header or
 * from the original's facts, and how to check it.
 */
#ifndef ALL_H
#define ALL_H

#include <stdbool.h>
#include <stdint.h>

#ifdef FACTS
#include "tests/libesd/facts.h"
#else
#include <esd.h>
#endif

#define S16_STEREO 0x0021
#define S16_MONO   0x0011
#define PLAY	   0x1000
#define RECORD	   0x2000
#define SAMPLE	   0x0100
#define UNITY	   256
#define PATIENCE   5000 /* ms for anything that should happen at once */
#define FRAMES	   2205
#define NOWHERE	   "unix:/nonexistent/socket"

/* In no header of the original. */
int esd_set_socket_buffers(int sock, int format, int rate, int base_rate);
void esd_config_read(void);
void esound_genrand(unsigned char *buffer, int bytes);
extern int esd_no_spawn;
extern int esd_spawn_wait_ms;
extern char esd_spawn_options[1024];
extern char esd_default_options[1024];

/* --- checking ------------------------------------------------------------- */

extern int failures;

void fail(int line, const char *what, long long got, long long wanted);

#define EQUAL(got, wanted)                                                     \
	do {                                                                   \
		long long got_ = (long long)(got);                             \
		long long wanted_ = (long long)(wanted);                       \
		if (got_ != wanted_) {                                         \
			fail(__LINE__, #got, got_, wanted_);                   \
		}                                                              \
	} while (0)
#define TRUE(condition) EQUAL((condition) != 0, 1)

/* What else would follow makes no sense without it. */
#define NEEDED(condition)                                                      \
	do {                                                                   \
		if (!(condition)) {                                            \
			fail(__LINE__, #condition, 0, 1);                      \
			return;                                                \
		}                                                              \
	} while (0)

int64_t now_ms(void);
void pause_ms(int ms);
int open_descriptors(void);

/*
 * The id of the player or of the sample of that name, which is copied; 0:
 * there is none; -1: no answer.
 */
int find_player(int esd, const char *name, esd_player_info_t *found);
int find_sample(int esd, const char *name, esd_sample_info_t *found);

/* --- groups of sounds.c --------------------------------------------------- */

void test_play(void);
void test_monitor(void);
void test_filter(void);
void test_record(void);
void test_samples(void);
void test_file(void);

#endif
