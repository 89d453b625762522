/*
 * An SDL 1.2 program: plays the file of 16-bit stereo at 44.1 kHz that its
 * argument names, by the driver that SDL_AUDIODRIVER names, then silence until
 * what any driver keeps back has been heard.
 */
#include <SDL/SDL.h>

#include <stdio.h>
#include <string.h>

enum { RATE = 44100, FRAME = 4, SAMPLES = 2048, REST = 8 };

static FILE *file;
static SDL_sem *over; /* posted for each buffer after the sound's end */

static void
fill(void *arg, Uint8 *to, int bytes)
{
	size_t got = fread(to, 1, (size_t)bytes, file);

	memset(to + got, 0, (size_t)bytes - got);
	if (got == 0) {
		SDL_SemPost(over);
	}
}

static int
play(void)
{
	SDL_AudioSpec spec = { .freq = RATE,
		.format = AUDIO_S16LSB,
		.channels = 2,
		.samples = SAMPLES,
		.callback = fill };
	char driver[16];

	if (SDL_OpenAudio(&spec, NULL) < 0) {
		fprintf(stderr, "sdl: %s\n", SDL_GetError());
		return 1;
	}
	printf("driver %s, %d samples\n",
	    SDL_AudioDriverName(driver, sizeof(driver)), SAMPLES);
	SDL_PauseAudio(0);
	for (int i = 0; i < REST; i++) {
		SDL_SemWait(over);
	}
	SDL_CloseAudio();
	return 0;
}

int
main(int argc, char **argv)
{
	file = argc == 2 ? fopen(argv[1], "rb") : NULL;
	if (file == NULL || SDL_Init(SDL_INIT_AUDIO) < 0) {
		fprintf(stderr, "sdl: no file, or %s\n", SDL_GetError());
		return 1;
	}
	over = SDL_CreateSemaphore(0);
	int status = play();

	SDL_Quit();
	fclose(file);
	return status;
}
