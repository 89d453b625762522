/*
 * An OpenAL program: plays the file of 16-bit stereo at 44.1 kHz that its
 * argument names from one buffer.
 */
#include <AL/al.h>
#include <AL/alc.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RATE = 44100 };

static ALuint
load(const char *path)
{
	FILE *file = fopen(path, "rb");
	ALuint buffer = 0;
	long size;
	void *data;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
		perror(path);
		exit(1);
	}
	size = ftell(file);
	rewind(file);
	data = malloc((size_t)size);
	if (data == NULL ||
	    fread(data, 1, (size_t)size, file) != (size_t)size) {
		perror(path);
		exit(1);
	}
	fclose(file);
	alGenBuffers(1, &buffer);
	alBufferData(buffer, AL_FORMAT_STEREO16, data, (ALsizei)size, RATE);
	free(data);
	return buffer;
}

static void
play(ALuint buffer)
{
	const struct timespec while_it_plays = { .tv_nsec = 10000000 };
	ALuint source = 0;
	ALint state = AL_PLAYING;

	alGenSources(1, &source);
	alSourcei(source, AL_BUFFER, (ALint)buffer);
	alSourcePlay(source);
	while (state == AL_PLAYING) {
		nanosleep(&while_it_plays, NULL);
		alGetSourcei(source, AL_SOURCE_STATE, &state);
	}
	alDeleteSources(1, &source);
}

int
main(int argc, char **argv)
{
	ALCdevice *device = alcOpenDevice(NULL);
	ALCcontext *context = device ? alcCreateContext(device, NULL) : NULL;
	ALuint buffer;

	if (argc != 2 || context == NULL) {
		fprintf(stderr, "openal: no file, or no device\n");
		return 1;
	}
	alcMakeContextCurrent(context);
	buffer = load(argv[1]);
	play(buffer);
	alDeleteBuffers(1, &buffer);
	alcMakeContextCurrent(NULL);
	alcDestroyContext(context);
	return alcCloseDevice(device) ? 0 : 1;
}
