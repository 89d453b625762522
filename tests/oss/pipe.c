/*
 * What esdcat does, by /dev/dsp: plays its standard input, 16-bit stereo at
 * 44.1 kHz, each piece as it comes, by four fragments of 256 frames.
 */
#include <sys/soundcard.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int
set(int fd, unsigned long request, int value)
{
	int answer = value;

	return ioctl(fd, request, &answer) < 0 || answer != value ? -1 : 0;
}

int
main(void)
{
	char piece[1024];
	ssize_t size;
	int fd = open("/dev/dsp", O_WRONLY);

	if (fd < 0 || set(fd, SNDCTL_DSP_SETFRAGMENT, 4 << 16 | 10) < 0 ||
	    set(fd, SNDCTL_DSP_SETFMT, AFMT_S16_LE) < 0 ||
	    set(fd, SNDCTL_DSP_STEREO, 1) < 0 ||
	    set(fd, SNDCTL_DSP_SPEED, 44100) < 0) {
		perror("/dev/dsp");
		return 1;
	}
	while ((size = read(STDIN_FILENO, piece, sizeof(piece))) > 0) {
		if (write(fd, piece, (size_t)size) != size) {
			perror("/dev/dsp");
			return 1;
		}
	}
	return size < 0;
}
