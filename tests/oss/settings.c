#include "tests/oss/answers.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* OSS 4's, which Linux' header lacks. */
enum {
	S32_LE = 0x1000,
	S32_BE = 0x2000,
	FLOAT = 0x4000,
	S24_LE = 0x8000, /* in the low part of 32 bits */
	S24_BE = 0x10000,
	S24_PACKED = 0x40000
};

static const int formats[] = { AFMT_MU_LAW, AFMT_A_LAW, AFMT_U8, AFMT_S16_LE,
	AFMT_S16_BE, AFMT_S8, AFMT_U16_LE, AFMT_U16_BE, S32_LE, S32_BE, FLOAT,
	S24_LE, S24_BE, S24_PACKED };

/* What a device is before anybody asked anything of it. */
static void
ask_fresh(const char *path)
{
	struct stat status;
	int fd = open(path, O_WRONLY);

	printf("-- %s\n", path);
	result("stat", stat(path, &status));
	result("is a character device", S_ISCHR(status.st_mode));
	result("access", access(path, R_OK | W_OK));
	if (fd < 0) {
		result("open", fd);
		return;
	}
	ask(fd, "format", SNDCTL_DSP_SETFMT, AFMT_QUERY);
	/* Drivers answer the format, which often is the same number. */
	ask(fd, "bits", SOUND_PCM_READ_BITS, 0);
	result("channels", told(fd, SOUND_PCM_READ_CHANNELS, 0));
	result("rate", told(fd, SOUND_PCM_READ_RATE, 0));
	result("close", close(fd));
}

static void
ask_formats(int fd)
{
	int all = 0;

	for (size_t i = 0; i < COUNT(formats); i++) {
		all |= formats[i];
	}
	result("GETFMTS has them all",
	    (told(fd, SNDCTL_DSP_GETFMTS, 0) & all) == all);
	for (size_t i = 0; i < COUNT(formats); i++) {
		char what[32];

		snprintf(what, sizeof(what), "SETFMT %#x",
		    (unsigned)formats[i]);
		ask(fd, what, SNDCTL_DSP_SETFMT, formats[i]);
	}
	ask(fd, "SETFMT S16_LE", SNDCTL_DSP_SETFMT, AFMT_S16_LE);
	ask(fd, "SETFMT query", SNDCTL_DSP_SETFMT, AFMT_QUERY);
	ask(fd, "bits", SOUND_PCM_READ_BITS, 0);
	result("SETFMT AC3 gives another",
	    told(fd, SNDCTL_DSP_SETFMT, AFMT_AC3) != AFMT_AC3);
	ask(fd, "SETFMT U8", SNDCTL_DSP_SETFMT, AFMT_U8);
	ask(fd, "bits", SOUND_PCM_READ_BITS, 0);
}

static void
ask_channels(int fd)
{
	result("STEREO 1", told(fd, SNDCTL_DSP_STEREO, 1));
	result("channels", told(fd, SOUND_PCM_READ_CHANNELS, 0));
	result("STEREO 0", told(fd, SNDCTL_DSP_STEREO, 0));
	result("channels", told(fd, SOUND_PCM_READ_CHANNELS, 0));
	for (int i = 1; i <= 8; i++) {
		result("CHANNELS", told(fd, SNDCTL_DSP_CHANNELS, i));
	}
	result("CHANNELS 9", told(fd, SNDCTL_DSP_CHANNELS, 9));
	result("CHANNELS 2", told(fd, SNDCTL_DSP_CHANNELS, 2));
}

static void
ask_rates(int fd)
{
	const int rates[] = { 8000, 11025, 22050, 44100, 48000, 96000, 192000,
		12345 };

	for (size_t i = 0; i < COUNT(rates); i++) {
		result("SPEED", told(fd, SNDCTL_DSP_SPEED, rates[i]));
	}
	result("READ_RATE", told(fd, SOUND_PCM_READ_RATE, 0));
	range("SPEED 1", told(fd, SNDCTL_DSP_SPEED, 1), 1, 8000);
	range("SPEED 10000000", told(fd, SNDCTL_DSP_SPEED, 10000000), 48000,
	    192000);
}

static void
ask_fragments(int fragments, int exponent)
{
	int fd = open("/dev/dsp", O_WRONLY);
	audio_buf_info info;

	told(fd, SNDCTL_DSP_SETFRAGMENT, fragments << 16 | exponent);
	told(fd, SNDCTL_DSP_SETFMT, AFMT_S16_LE);
	told(fd, SNDCTL_DSP_STEREO, 1);
	told(fd, SNDCTL_DSP_SPEED, RATE);
	printf("-- %#x fragments of 2^%d\n", (unsigned)fragments, exponent);
	result("GETBLKSIZE", told(fd, SNDCTL_DSP_GETBLKSIZE, 0));
	if (fragments < 0x7fff) {
		space(fd, "GETOSPACE");
	} else if (ioctl(fd, SNDCTL_DSP_GETOSPACE, &info) == 0) {
		result("fragsize", info.fragsize);
		range("fragstotal", info.fragstotal, 2, 0x7fff);
		result("all of it is free",
		    info.bytes == info.fragstotal * info.fragsize);
	}
	close(fd);
}

static void
ask_default_fragments(void)
{
	int fd = open("/dev/dsp", O_WRONLY);
	audio_buf_info info = { 0 };

	printf("-- fragments that nobody set\n");
	told(fd, SNDCTL_DSP_SETFMT, AFMT_S16_LE);
	told(fd, SNDCTL_DSP_STEREO, 1);
	told(fd, SNDCTL_DSP_SPEED, RATE);
	result("GETOSPACE", ioctl(fd, SNDCTL_DSP_GETOSPACE, &info));
	range("fragsize", info.fragsize, 256, 65536);
	result("a power of two", (info.fragsize & (info.fragsize - 1)) == 0);
	range("fragstotal", info.fragstotal, 2, 256);
	result("GETBLKSIZE is fragsize",
	    told(fd, SNDCTL_DSP_GETBLKSIZE, 0) == info.fragsize);
	close(fd);
}

static void
ask_rest(int fd)
{
	const int wanted =
	    DSP_CAP_DUPLEX | DSP_CAP_REALTIME | DSP_CAP_TRIGGER | DSP_CAP_MMAP;
	int batch;

	printf("-- the rest\n");
	batch = told(fd, SNDCTL_DSP_GETCAPS, 0);
	result("duplex, realtime, trigger, mmap", (batch & wanted) == wanted);
	result("POST", ioctl(fd, SNDCTL_DSP_POST));
	result("SETDUPLEX", ioctl(fd, SNDCTL_DSP_SETDUPLEX));
	/* The same number as GETODELAY, in the other direction. */
	result("PROFILE", told(fd, SNDCTL_DSP_PROFILE, 1));
	result("SUBDIVIDE", told(fd, SNDCTL_DSP_SUBDIVIDE, 1));
	range("OSS_GETVERSION", told(fd, OSS_GETVERSION, 0), 0x030000,
	    0x04ffff);
	ask(fd, "an unknown request", _IOWR('P', 199, int), 0);
	result("isatty", isatty(fd));
}

void
ask_settings(void)
{
	const char *paths[] = { "/dev/dsp", "/dev/dsp0", "/dev/dsp1",
		"/dev/sound/dsp", "/dev/adsp", "/dev/dspW", "/dev/audio" };
	int fd;

	for (size_t i = 0; i < COUNT(paths); i++) {
		ask_fresh(paths[i]);
	}
	printf("-- settings\n");
	fd = open("/dev/dsp", O_WRONLY);
	ask_formats(fd);
	ask_channels(fd);
	ask_rates(fd);
	close(fd);
	ask_fragments(4, 10);
	ask_fragments(2, 8);
	ask_fragments(32, 9);
	ask_fragments(1, 10);
	ask_fragments(0x7fff, 12);
	ask_default_fragments();
	fd = open("/dev/dsp", O_RDWR);
	ask_rest(fd);
	close(fd);
}
