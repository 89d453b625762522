#include "tests/oss/answers.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void
ask_info(int fd)
{
	mixer_info before = { .id = "" }, after = { .id = "" };

	result("INFO", ioctl(fd, SOUND_MIXER_INFO, &before));
	result("has an id", before.id[0] != '\0');
	result("has a name", before.name[0] != '\0');
	ask(fd, "WRITE_PCM 50", SOUND_MIXER_WRITE_PCM, 0x3232);
	result("INFO", ioctl(fd, SOUND_MIXER_INFO, &after));
	result("it counts changes",
	    after.modify_counter != before.modify_counter);
}

/* Left in the low byte, right in the next. */
static void
ask_volumes(int fd)
{
	ask(fd, "READ_PCM", SOUND_MIXER_READ_PCM, 0);
	ask(fd, "WRITE_PCM 50, 25", SOUND_MIXER_WRITE_PCM, 0x1932);
	ask(fd, "READ_PCM", SOUND_MIXER_READ_PCM, 0);
	ask(fd, "WRITE_PCM 33, 67", SOUND_MIXER_WRITE_PCM, 0x4321);
	ask(fd, "READ_PCM", SOUND_MIXER_READ_PCM, 0);
	ask(fd, "WRITE_PCM 200, 101", SOUND_MIXER_WRITE_PCM, 0x65c8);
	ask(fd, "READ_PCM", SOUND_MIXER_READ_PCM, 0);
	ask(fd, "READ_VOLUME", SOUND_MIXER_READ_VOLUME, 0);
	ask(fd, "WRITE_VOLUME 80, 70", SOUND_MIXER_WRITE_VOLUME, 0x4650);
	ask(fd, "READ_VOLUME", SOUND_MIXER_READ_VOLUME, 0);
	ask(fd, "WRITE_VOLUME 100", SOUND_MIXER_WRITE_VOLUME, 0x6464);
	ask(fd, "READ_LINE", SOUND_MIXER_READ_LINE, 0);
	ask(fd, "WRITE_BASS", SOUND_MIXER_WRITE_BASS, 0x3232);
}

/* Also of /dev/dsp, as OSS has it. */
static void
ask_both(const char *path, int flags)
{
	int fd = open(path, flags);

	printf("-- %s\n", path);
	if (fd < 0) {
		result("open", fd);
		return;
	}
	ask(fd, "DEVMASK", SOUND_MIXER_READ_DEVMASK, 0);
	ask(fd, "STEREODEVS", SOUND_MIXER_READ_STEREODEVS, 0);
	ask(fd, "RECMASK", SOUND_MIXER_READ_RECMASK, 0);
	ask(fd, "RECSRC", SOUND_MIXER_READ_RECSRC, 0);
	ask(fd, "CAPS", SOUND_MIXER_READ_CAPS, 0);
	range("OSS_GETVERSION", told(fd, OSS_GETVERSION, 0), 0x030000,
	    0x04ffff);
	ask_volumes(fd);
	ask_info(fd);
	ask(fd, "WRITE_PCM 100", SOUND_MIXER_WRITE_PCM, 0x6464);
	close(fd);
}

void
ask_mixer(void)
{
	ask_both("/dev/mixer", O_RDWR);
	ask_both("/dev/mixer0", O_RDONLY);
	ask_both("/dev/dsp", O_WRONLY);
}
