/*
 * libsndfile, loaded when a file is opened: old 32-bit programs shall load
 * this library on machines that have no 32-bit libsndfile, and lose nothing
 * but the functions that play files.  Thread: any, one at a time a file.
 */
#ifndef SNDFILE_DOOR_H
#define SNDFILE_DOOR_H

#include <stdint.h>

struct sound {
	void *file;
	int channels;
	int rate;	/* frames/s */
	int64_t frames; /* as the file's header says */
};

/* 0; -ENOSYS: no libsndfile; -EINVAL: it cannot read that file. */
int sound_open(struct sound *sound, const char *path);

/* Up to that many frames, 16-bit, interleaved; how many; 0 at the end. */
int64_t sound_read(struct sound *sound, int16_t *samples, int64_t frames);

void sound_close(struct sound *sound);

#endif
