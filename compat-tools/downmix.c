#include "compat-tools/downmix.h"

#include <math.h>

#define MINUS_3DB  0.70710678f
#define FULL_SCALE 32768.0f
#define ORDERS	   9 /* 0 .. 8 channels */

void
downmix_usual_places(bool is_ogg, int channels, char *places)
{
	static const char *const wav[ORDERS] = { "", "C", "LR", "LRC", "LRlr",
		"LRClr", "LRCFlr", "LRCFClr", "LRCFlrlr" };
	static const char *const ogg[ORDERS] = { "", "C", "LR", "LCR", "LRlr",
		"LCRlr", "LCRlrF", "LCRlrCF", "LCRlrlrF" };

	for (int i = 0; i < channels; i++) {
		if (channels >= ORDERS) {
			places[i] = i % 2 == 0 ? 'L' : 'R';
		} else {
			places[i] = (is_ogg ? ogg : wav)[channels][i];
		}
	}
}

static struct pan
pan_of(char place)
{
	switch (place) {
	case 'L':
		return (struct pan){ 1, 0 };
	case 'R':
		return (struct pan){ 0, 1 };
	case 'l':
		return (struct pan){ MINUS_3DB, 0 };
	case 'r':
		return (struct pan){ 0, MINUS_3DB };
	case 'F':
		return (struct pan){ 0, 0 };
	default:
		return (struct pan){ MINUS_3DB, MINUS_3DB };
	}
}

void
downmix_pans(const char *places, int channels, struct pan *pans)
{
	struct pan sum = { 0, 0 };
	float most;

	if (channels == 1) {
		pans[0] = (struct pan){ 1, 1 };
		return;
	}
	for (int i = 0; i < channels; i++) {
		pans[i] = pan_of(places[i]);
		sum.left += pans[i].left;
		sum.right += pans[i].right;
	}
	most = sum.left > sum.right ? sum.left : sum.right;
	for (int i = 0; most > 1 && i < channels; i++) {
		pans[i].left /= most;
		pans[i].right /= most;
	}
}

/* 0 .. 1, never quite */
static float
chance(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return (float)(*state >> 8) / (float)(1u << 24);
}

static int16_t
saturate(float value)
{
	if (value >= INT16_MAX) {
		return INT16_MAX;
	}
	if (value <= INT16_MIN) {
		return INT16_MIN;
	}
	return (int16_t)value;
}

static int16_t
round_dithered(float value, uint32_t *state)
{
	value *= FULL_SCALE;
	if (isnan(value)) {
		return 0;
	}
	if (value >= INT16_MAX || value <= INT16_MIN ||
	    value == (float)(int32_t)value) {
		return saturate(value);
	}
	/* Two calls in one expression would come in any order. */
	value += chance(state);
	value -= chance(state);
	return saturate(value + (value < 0 ? -0.5f : 0.5f));
}

void
downmix(const float *in, int channels, const struct pan *pans, size_t n,
    int16_t *out, uint32_t *dither)
{
	for (size_t i = 0; i < n; i++) {
		struct pan sum = { 0, 0 };

		for (int channel = 0; channel < channels; channel++) {
			sum.left += *in * pans[channel].left;
			sum.right += *in++ * pans[channel].right;
		}
		*out++ = round_dithered(sum.left, dither);
		if (channels > 1) {
			*out++ = round_dithered(sum.right, dither);
		}
	}
}
