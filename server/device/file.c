/*
 * Writes what would have been heard into a file, in real time: a WAV file if
 * its name ends in .wav, else the bare frames.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/device/device.h"
#include "server/device/pace.h"

#define WAV_HEADER_BYTES 44
#define WAV_RIFF_BYTES	 36 /* of the header, counted in the RIFF size */
#define WAV_PCM		 1  /* format tag */

#define FILE_CHANNELS 2

struct device {
	struct pace pace;
	int fd;
	enum out_format format;
	unsigned frame_bytes;
	bool wav;
	uint64_t data_bytes; /* kept so far, header not counted */
	uint64_t told_bytes; /* of these, what the header says */
};

static uint8_t *
put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
	return at + 2;
}

static uint8_t *
put32(uint8_t *at, uint32_t value)
{
	return put16(put16(at, value & 0xffff), value >> 16);
}

static uint8_t *
put_tag(uint8_t *at, const char tag[4])
{
	memcpy(at, tag, 4);
	return at + 4;
}

/* Sizes that no longer fit 32 bits stay at the greatest that does. */
static int
write_header(struct device *file)
{
	uint8_t header[WAV_HEADER_BYTES], *at = header;
	uint64_t most = UINT32_MAX - WAV_RIFF_BYTES;
	uint32_t size =
	    (uint32_t)(file->data_bytes < most ? file->data_bytes : most);
	unsigned frame_bytes = file->frame_bytes;

	if (size == most) {
		size -= size % frame_bytes;
	}
	at = put_tag(at, "RIFF");
	at = put32(at, size + WAV_RIFF_BYTES);
	at = put_tag(at, "WAVE");
	at = put_tag(at, "fmt ");
	at = put32(at, 16);
	at = put16(at, WAV_PCM);
	at = put16(at, FILE_CHANNELS);
	at = put32(at, file->pace.rate);
	at = put32(at, file->pace.rate * frame_bytes);
	at = put16(at, frame_bytes);
	at = put16(at, 8 * frame_bytes / FILE_CHANNELS);
	at = put_tag(at, "data");
	put32(at, size);

	ssize_t done = pwrite(file->fd, header, sizeof(header), 0);
	if (done < 0) {
		return -errno;
	}
	file->told_bytes = file->data_bytes;
	return done == sizeof(header) ? 0 : -ENOSPC;
}

static bool
has_suffix(const char *name, const char *suffix)
{
	size_t length = strlen(name), tail = strlen(suffix);

	return length >= tail && strcasecmp(name + length - tail, suffix) == 0;
}

/* WAV knows little-endian samples of whole bytes only. */
static enum out_format
wav_format(enum out_format format)
{
	static const enum out_format nearest[OUT_FORMATS] = {
		[OUT_S16_LE] = OUT_S16_LE,
		[OUT_S16_BE] = OUT_S16_LE,
		[OUT_S24_3LE] = OUT_S24_3LE,
		[OUT_S24_3BE] = OUT_S24_3LE,
		[OUT_S24_LE] = OUT_S24_3LE,
		[OUT_S24_BE] = OUT_S24_3LE,
		[OUT_S32_LE] = OUT_S32_LE,
		[OUT_S32_BE] = OUT_S32_LE,
	};

	return nearest[format];
}

/*
 * Only what takes any offset at once: writing to a pipe or a socket could
 * wait for its reader, or tear a frame.
 */
static int
open_path(const char *path)
{
	int fd = open(path,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
	    0666);
	struct stat st;

	if (fd < 0) {
		return -errno;
	}
	if (fstat(fd, &st) < 0 ||
	    (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))) {
		close(fd);
		return -ESPIPE;
	}
	return fd;
}

static int
file_open(const char *name, const struct device_want *want,
    struct device **device, struct device_got *got)
{
	const char *path = name + strlen(device_file.prefix);
	struct device *file = calloc(1, sizeof(*file));

	if (file == NULL) {
		return -ENOMEM;
	}
	file->wav = has_suffix(path, ".wav");
	file->format =
	    want->format >= 0 ? (enum out_format)want->format : OUT_S16_LE;
	if (file->wav) {
		file->format = wav_format(file->format);
	}
	file->frame_bytes = FILE_CHANNELS * out_format_bytes(file->format);
	pace_grant(want, got);
	got->channels = FILE_CHANNELS;
	got->format = file->format;
	got->access = ACCESS_RW;

	int error = pace_open(&file->pace, got);
	if (error < 0) {
		goto fail_memory;
	}
	error = file->fd = open_path(path);
	if (error < 0) {
		goto fail_pace;
	}
	if (file->wav) {
		/* A disk that is full now may have room later. */
		write_header(file);
	}
	*device = file;
	return 0;
fail_pace:
	pace_close(&file->pace);
fail_memory:
	free(file);
	return error;
}

static uint64_t
end_of(const struct device *file)
{
	return (file->wav ? WAV_HEADER_BYTES : 0) + file->data_bytes;
}

static void
file_close(struct device *file)
{
	if (file->wav && file->told_bytes != file->data_bytes) {
		write_header(file);
	}
	close(file->fd);
	pace_close(&file->pace);
	free(file);
}

static int
file_fds(struct device *file, struct pollfd *fds)
{
	return pace_fds(&file->pace, fds);
}

static int
file_room(struct device *file, struct pollfd *fds, int count)
{
	return (int)pace_room(&file->pace, pace_now());
}

/* All bytes after those kept, or none of them. */
static int
append(struct device *file, const uint8_t *bytes, size_t count)
{
	size_t done = 0;

	while (done < count) {
		ssize_t n = pwrite(file->fd, bytes + done, count - done,
		    (off_t)(end_of(file) + done));

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			/* What doesn't fit must not be mistaken for sound. */
			(void)!ftruncate(file->fd, (off_t)end_of(file));
			return -ENOSPC;
		}
		done += (size_t)n;
	}
	file->data_bytes += count;
	return 0;
}

static int
file_write(struct device *file, const void *frames, uint32_t n)
{
	/* Time passes for what could not be kept, too. */
	pace_wrote(&file->pace, n, pace_now());

	int error = append(file, frames, (size_t)n * file->frame_bytes);
	uint64_t second = (uint64_t)file->pace.rate * file->frame_bytes;
	if (error == 0 && file->wav &&
	    file->data_bytes - file->told_bytes >= second) {
		error = write_header(file) < 0 ? -ENOSPC : 0;
	}
	return error;
}

static int
file_recover(struct device *file, int error)
{
	return 0; /* neither underruns nor sleeps */
}

static int
file_delay(struct device *file)
{
	return (int)pace_delay(&file->pace, pace_now());
}

static const char *
file_reason(int error)
{
	const char *text = strerrordesc_np(-error);

	return text != NULL ? text : "unknown error";
}

const struct device_kind device_file = {
	.prefix = "file:",
	.open = file_open,
	.close = file_close,
	.fds = file_fds,
	.room = file_room,
	.write = file_write,
	.recover = file_recover,
	.delay = file_delay,
	.reason = file_reason,
};
