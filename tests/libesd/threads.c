/*
 * Many threads use libesd at once, each its own connection: to be run under a
 * thread sanitizer, with ESPEAKER naming a server.
 */
#include <esd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8
#define ROUNDS	20

void esd_config_read(void);

static int
use(const char *name)
{
	int esd = esd_open_sound(NULL);
	int stream =
	    esd_play_stream(ESD_BITS16 | ESD_STEREO, 44100, NULL, name);
	esd_info_t *info = esd_get_all_info(esd);
	int good = esd > 2 && stream > 2 && info != NULL &&
		   esd_get_latency(esd) >= 0 &&
		   strstr(esd_get_socket_name(), esd_get_socket_dirname()) &&
		   esd_open_sound("unix:/nonexistent") == -1 &&
		   esd_play_file(NULL, "/nonexistent", 0) == 0;

	esd_config_read();
	esd_free_all_info(info);
	(void)esd_close(stream);
	(void)esd_close(esd);
	return good;
}

static void *
work(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		if (!use("thread")) {
			return arg;
		}
	}
	return NULL;
}

int
main(void)
{
	static pthread_t threads[THREADS];
	int failed = 0;

	for (size_t i = 0; i < THREADS; i++) {
		if (pthread_create(&threads[i], NULL, work, threads) != 0) {
			return EXIT_FAILURE;
		}
	}
	for (size_t i = 0; i < THREADS; i++) {
		void *result = threads;

		(void)pthread_join(threads[i], &result);
		failed += result != NULL;
	}
	(void)fprintf(stderr, "%d of %d threads failed\n", failed, THREADS);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
