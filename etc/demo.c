/*
 * Makes a sound to try the daemon with: raw, on standard output.
 *
 *   demo sweep   8000 Hz, unsigned 8-bit, mono: a tone that rises
 *   demo pluck  22050 Hz, signed 16-bit, mono: a plucked string's tune
 *   demo chord  44100 Hz, signed 16-bit, stereo: three tones, left to right
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS	   6
#define TURN	   6.283185307179586
#define EDGE	   0.05 /* s of fading at both ends */
#define STRING_MAX 1024 /* frames in a string's delay line */

/* 0 at both ends, 1 in between. */
static double
edges(double at)
{
	double left = SECONDS - at;
	double near = at < left ? at : left;

	return near < EDGE ? near / EDGE : 1;
}

static void
put_s16(double value)
{
	int16_t sample = (int16_t)lrint(value * 32767);

	(void)fwrite(&sample, sizeof(sample), 1, stdout);
}

static void
sweep(void)
{
	const int rate = 8000;
	const double from = 200, to = 1600; /* Hz */
	double turns = 0;

	for (int i = 0; i < SECONDS * rate; i++) {
		double at = (double)i / rate;
		double tone = sin(TURN * turns) * 0.4 * edges(at);

		turns += from * pow(to / from, at / SECONDS) / rate;
		(void)putchar((int)lrint(128 + 127 * tone));
	}
}

/* A burst of noise that runs round a loop and is smoothed there. */
static void
pluck(void)
{
	static const double notes[] = { 196, 246.94, 293.66, 392, 329.63,
		293.66, 246.94, 220, 261.63, 329.63, 392, 196 };
	const int count = sizeof(notes) / sizeof(notes[0]);
	const int rate = 22050;
	double string[STRING_MAX] = { 0 };
	uint32_t noise = 1;
	int length = 1;

	for (int i = 0; i < SECONDS * rate; i++) {
		int note = SECONDS * rate / count;
		double *now;

		if (i % note == 0) {
			length = (int)(rate / notes[i / note]);
			for (int j = 0; j < length; j++) {
				noise = noise * 1664525 + 1013904223;
				string[j] = noise / 2147483648.0 - 1;
			}
		}
		now = &string[i % note % length];
		put_s16(*now * 0.4 * edges((double)i / rate));
		*now = 0.498 * (*now + string[(i % note + 1) % length]);
	}
}

static void
chord(void)
{
	static const double tones[] = { 220, 277.18, 329.63 }; /* Hz */
	const int rate = 44100;

	for (int i = 0; i < SECONDS * rate; i++) {
		double at = (double)i / rate;
		double side = at / SECONDS;
		double sum = 0;

		for (int j = 0; j < 3; j++) {
			sum += sin(TURN * tones[j] * at) / 6;
		}
		put_s16(sum * edges(at) * (1 - side));
		put_s16(sum * edges(at) * side);
	}
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "sweep") == 0) {
		sweep();
	} else if (argc == 2 && strcmp(argv[1], "pluck") == 0) {
		pluck();
	} else if (argc == 2 && strcmp(argv[1], "chord") == 0) {
		chord();
	} else {
		(void)fputs("usage: demo sweep|pluck|chord\n", stderr);
		return 2;
	}
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
