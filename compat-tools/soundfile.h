/*
 * Sound files as streams can carry them: libsndfile's only door.
 *
 * Frames are 8-bit unsigned or 16-bit signed in our byte order, mono or
 * stereo interleaved.  Nothing here prints or exits; what fails returns -errno
 * and leaves one sentence (what, where, the remedy).
 * Thread: any, one at a time for each file.
 */
#ifndef SOUNDFILE_H
#define SOUNDFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SOUNDFILE_WHY_MAX 512

struct soundfile;

struct soundfile_info {
	int32_t format;	      /* of our frames: ESD's width and channels */
	int32_t rate;	      /* frames/s, as the file says */
	int64_t frames;	      /* -1: not known */
	unsigned frame_bytes; /* of our frames */
};

/*
 * Opens a file of any format that libsndfile reads.
 *   path  "-": standard input
 *   why   SOUNDFILE_WHY_MAX bytes, filled on failure
 * What the file has becomes:
 *   8-bit, 1 or 2 channels        the same
 *   up to 16-bit, 1 or 2          16-bit, bit by bit the same
 *   wider, float, lossy           16-bit; values between two steps are
 *                                 dithered (triangular, +-1 step), others
 *                                 kept; beyond full scale saturated
 *   more channels                 16-bit stereo: front at 0 dB, centre,
 *                                 sides and rear at -3 dB, LFE left out, the
 *                                 whole scaled so that nothing can clip
 */
int soundfile_open(const char *path, struct soundfile **opened, char *why);

const struct soundfile_info *soundfile_info(const struct soundfile *file);

/* Reads up to n frames; fewer or 0: the end; or -errno. */
ssize_t soundfile_read(struct soundfile *file, void *frames, size_t n);

/*
 * A whole file in memory, which the caller frees.
 *   info  filled; info->frames is what was read
 *   why   as above
 * -EFBIG: more than INT32_MAX bytes, the most that a sample can be.
 */
int soundfile_load(const char *path, struct soundfile_info *info,
    uint8_t **data, char *why);

/* The same for a file of raw sound: just its bytes, whatever they mean. */
int soundfile_load_raw(const char *path, uint8_t **data, size_t *bytes,
    char *why);

/* Whether that name's extension is one that soundfile_create() knows. */
bool soundfile_is_known(const char *path);

/*
 * Creates a file, or truncates it.  The extension tells the format: wav, flac,
 * ogg or oga (Vorbis), aiff or aif, au or snd; without one of these it is raw.
 *   path    NULL or "-": standard output, raw
 *   format  ESD's width and channels
 */
int soundfile_create(const char *path, int32_t format, int32_t rate,
    struct soundfile **created, char *why);

/*
 * Writes n frames; a header is brought up to date every second.
 * -EINTR: a signal came while a raw file could not be written, and part of the
 * frames is missing; -EFBIG: the format's headers can't count any more.
 */
int soundfile_write(struct soundfile *file, const void *frames, size_t n);

/* The sentence about the last read or write that failed. */
const char *soundfile_why(const struct soundfile *file);

/* Completes what was created.  Frees it in any case; NULL is fine. */
int soundfile_close(struct soundfile *file);

#endif
