#include "compat-tools/libesd/libesd.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

/*
 * Programs look the first three up by name, or copied them when they were
 * linked: their sizes are part of the interface.
 */
esd_format_t esd_audio_format = ESD_BITS16 | ESD_STEREO;
int esd_audio_rate = ESD_DEFAULT_RATE;
char *esd_audio_device = NULL;

const char *
esd_audio_devices(void)
{
	return "none: the sound card is the daemon's, see esdmixd -d";
}

int
esd_audio_open(void)
{
	if (esd_frame_bytes(esd_audio_format) == 0 || esd_audio_rate <= 0) {
		return -1;
	}
	return -2;
}

void
esd_audio_close(void)
{
}

void
esd_audio_pause(void)
{
}

void
esd_audio_flush(void)
{
}

int
/* NOLINTNEXTLINE(readability-non-const-parameter): the interface is old */
esd_audio_write(void *buffer, int buf_size)
{
	return -1;
}

int
/* NOLINTNEXTLINE(readability-non-const-parameter): the interface is old */
esd_audio_read(void *buffer, int buf_size)
{
	return -1;
}

int
esound_getblksize(void)
{
	return ESD_BUF_SIZE;
}

/* For keys: there is no second best, so there is no failing either. */
void
esound_genrand(unsigned char *buffer, int bytes)
{
	while (bytes > 0) {
		ssize_t got = getrandom(buffer, (size_t)bytes, 0);

		if (got > 0) {
			buffer += got;
			bytes -= (int)got;
		} else if (errno != EINTR) {
			abort();
		}
	}
}
