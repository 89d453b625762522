#include "compat-tools/dsp/convert.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "compat-tools/dsp/oss4.h"
#include "protocols/esd.h"

#define PIECE 256 /* frames of floating point at a time */

/* --- G.711 ---------------------------------------------------------------- */

#define MU_BIAS 0x84
#define MU_CLIP (32767 - MU_BIAS)

static int16_t
from_mu_law(uint8_t code)
{
	unsigned bits = (uint8_t)~code;
	int value =
	    (int)((((bits & 0x0F) << 3) + MU_BIAS) << ((bits & 0x70) >> 4)) -
	    MU_BIAS;

	return (int16_t)((bits & 0x80) != 0 ? -value : value);
}

static uint8_t
to_mu_law(int16_t sample)
{
	int value = sample < 0 ? -sample : sample;
	unsigned sign = sample < 0 ? 0x80 : 0;
	unsigned segment = 7;

	value = (value > MU_CLIP ? MU_CLIP : value) + MU_BIAS;
	while (segment > 0 && (value & (0x80 << segment)) == 0) {
		segment--;
	}
	return (uint8_t) ~(
	    sign | segment << 4 | ((unsigned)value >> (segment + 3) & 0x0F));
}

static int16_t
from_a_law(uint8_t code)
{
	unsigned bits = code ^ 0x55u;
	unsigned segment = (bits & 0x70) >> 4;
	int value = (int)((bits & 0x0F) << 4) + 8;

	if (segment > 0) {
		value = (value + 0x100) << (segment - 1);
	}
	return (int16_t)((bits & 0x80) != 0 ? value : -value);
}

static uint8_t
to_a_law(int16_t sample)
{
	unsigned sign = sample >= 0 ? 0x80 : 0;
	int value = sample >= 0 ? sample : -1 - sample; /* -32768 has none */
	unsigned segment = 7;

	while (segment > 1 && (value & (0x80 << segment)) == 0) {
		segment--;
	}
	if (segment == 1 && value < 0x100) {
		segment = 0;
	}
	return (
	    uint8_t)((sign | segment << 4 |
			 ((unsigned)value >> (segment == 0 ? 4 : segment + 3) &
			     0x0F)) ^
		     0x55u);
}

/* --- samples -------------------------------------------------------------- */

static uint32_t
get_le(const uint8_t *in, unsigned bytes)
{
	uint32_t value = 0;

	for (unsigned i = bytes; i > 0; i--) {
		value = value << 8 | in[i - 1];
	}
	return value;
}

static uint32_t
get_be(const uint8_t *in, unsigned bytes)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < bytes; i++) {
		value = value << 8 | in[i];
	}
	return value;
}

static void
put_le(uint8_t *out, unsigned bytes, uint32_t value)
{
	for (unsigned i = 0; i < bytes; i++) {
		out[i] = (uint8_t)(value >> 8 * i);
	}
}

static void
put_be(uint8_t *out, unsigned bytes, uint32_t value)
{
	for (unsigned i = 0; i < bytes; i++) {
		out[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
	}
}

/* One sample, its 16 bits or more at the top of 32. */
static int32_t
get_sample(uint32_t format, const uint8_t *in)
{
	switch (format) {
	case AFMT_MU_LAW:
		return (int32_t)((uint32_t)from_mu_law(*in) << 16);
	case AFMT_A_LAW:
		return (int32_t)((uint32_t)from_a_law(*in) << 16);
	case AFMT_U8:
		return (int32_t)((*in ^ 0x80u) << 24);
	case AFMT_S8:
		return (int32_t)((uint32_t)*in << 24);
	case AFMT_S16_LE:
		return (int32_t)(get_le(in, 2) << 16);
	case AFMT_S16_BE:
		return (int32_t)(get_be(in, 2) << 16);
	case AFMT_U16_LE:
		return (int32_t)((get_le(in, 2) ^ 0x8000u) << 16);
	case AFMT_U16_BE:
		return (int32_t)((get_be(in, 2) ^ 0x8000u) << 16);
	case AFMT_S24_PACKED:
		return (int32_t)(get_le(in, 3) << 8);
	case AFMT_S24_LE:
		return (int32_t)(get_le(in, 4) << 8);
	case AFMT_S24_BE:
		return (int32_t)(get_be(in, 4) << 8);
	case AFMT_S32_LE:
		return (int32_t)get_le(in, 4);
	default:
		return (int32_t)get_be(in, 4);
	}
}

static void
put_float(uint8_t *out, int16_t sample)
{
	float value = (float)sample / 32768.0f;

	memcpy(out, &value, sizeof(value));
}

static void
put_sample(uint32_t format, uint8_t *out, int16_t sample)
{
	uint32_t bits = (uint32_t)sample; /* its sign goes up to the top */

	switch (format) {
	case AFMT_MU_LAW:
		*out = to_mu_law(sample);
		break;
	case AFMT_A_LAW:
		*out = to_a_law(sample);
		break;
	case AFMT_U8:
		*out = (uint8_t)(bits >> 8 ^ 0x80u);
		break;
	case AFMT_S8:
		*out = (uint8_t)(bits >> 8);
		break;
	case AFMT_S16_LE:
		put_le(out, 2, bits);
		break;
	case AFMT_S16_BE:
		put_be(out, 2, bits);
		break;
	case AFMT_U16_LE:
		put_le(out, 2, bits ^ 0x8000u);
		break;
	case AFMT_U16_BE:
		put_be(out, 2, bits ^ 0x8000u);
		break;
	case AFMT_S24_PACKED:
		put_le(out, 3, bits << 8);
		break;
	case AFMT_S24_LE:
		put_le(out, 4, bits << 8);
		break;
	case AFMT_S24_BE:
		put_be(out, 4, bits << 8);
		break;
	case AFMT_S32_LE:
		put_le(out, 4, bits << 16);
		break;
	case AFMT_S32_BE:
		put_be(out, 4, bits << 16);
		break;
	default:
		put_float(out, sample);
		break;
	}
}

/* --- formats -------------------------------------------------------------- */

uint32_t
convert_formats(void)
{
	return AFMT_MU_LAW | AFMT_A_LAW | AFMT_U8 | AFMT_S8 | AFMT_S16_LE |
	       AFMT_S16_BE | AFMT_U16_LE | AFMT_U16_BE | AFMT_S24_PACKED |
	       AFMT_S24_LE | AFMT_S24_BE | AFMT_S32_LE | AFMT_S32_BE |
	       AFMT_FLOAT;
}

unsigned
convert_sample_bytes(uint32_t format)
{
	switch (format) {
	case AFMT_MU_LAW:
	case AFMT_A_LAW:
	case AFMT_U8:
	case AFMT_S8:
		return 1;
	case AFMT_S16_LE:
	case AFMT_S16_BE:
	case AFMT_U16_LE:
	case AFMT_U16_BE:
		return 2;
	case AFMT_S24_PACKED:
		return 3;
	case AFMT_S24_LE:
	case AFMT_S24_BE:
	case AFMT_S32_LE:
	case AFMT_S32_BE:
	case AFMT_FLOAT:
		return 4;
	default:
		return 0;
	}
}

int
convert_init(struct convert *convert, uint32_t format, unsigned channels)
{
	unsigned bytes = convert_sample_bytes(format);
	char places[CONVERT_CHANNELS_MAX];

	if (bytes == 0 || channels == 0 || channels > CONVERT_CHANNELS_MAX) {
		return -EINVAL;
	}
	*convert = (struct convert){ .format = format,
		.channels = channels,
		.frame_bytes = bytes * channels };
	convert->wire = channels == 1 ? ESD_MONO : ESD_STEREO;
	convert->wire_bytes = channels == 1 ? 1 : 2;
	if (format != AFMT_U8 || channels > 2) {
		convert->wire |= ESD_BITS16;
		convert->wire_bytes *= 2;
	}
	/* OSS and WAV have the channels in the same order. */
	downmix_usual_places(false, (int)channels, places);
	downmix_pans(places, (int)channels, convert->pans);
	return 0;
}

static bool
is_same(const struct convert *convert)
{
	return convert->channels <= 2 &&
	       (convert->format == AFMT_U8 || convert->format == AFMT_S16_NE);
}

/* --- the way out ---------------------------------------------------------- */

static void
play_words(const struct convert *convert, const uint8_t *in, size_t samples,
    uint8_t *out)
{
	unsigned bytes = convert_sample_bytes(convert->format);

	for (size_t i = 0; i < samples; i++) {
		uint32_t top =
		    (uint32_t)get_sample(convert->format, in + i * bytes);
		uint16_t word = (uint16_t)(top >> 16);

		memcpy(out + 2 * i, &word, sizeof(word));
	}
}

static void
get_floats(uint32_t format, const uint8_t *in, size_t samples, float *out)
{
	unsigned bytes = convert_sample_bytes(format);

	if (format == AFMT_FLOAT) {
		memcpy(out, in, samples * sizeof(*out));
		return;
	}
	for (size_t i = 0; i < samples; i++) {
		out[i] =
		    (float)get_sample(format, in + i * bytes) / 2147483648.0f;
	}
}

static void
play_mixed(struct convert *convert, const uint8_t *in, size_t n, uint8_t *out)
{
	float samples[PIECE * CONVERT_CHANNELS_MAX];
	int16_t words[PIECE * 2];

	while (n > 0) {
		size_t piece = n < PIECE ? n : PIECE;

		get_floats(convert->format, in, piece * convert->channels,
		    samples);
		downmix(samples, (int)convert->channels, convert->pans, piece,
		    words, &convert->dither);
		memcpy(out, words, piece * convert->wire_bytes);
		in += piece * convert->frame_bytes;
		out += piece * convert->wire_bytes;
		n -= piece;
	}
}

void
convert_play(struct convert *convert, const uint8_t *in, size_t n, uint8_t *out)
{
	if (is_same(convert)) {
		memcpy(out, in, n * convert->frame_bytes);
	} else if (convert->channels <= 2 &&
		   convert_sample_bytes(convert->format) <= 2) {
		play_words(convert, in, n * convert->channels, out);
	} else {
		play_mixed(convert, in, n, out);
	}
}

/* --- the way in ----------------------------------------------------------- */

void
convert_record(const struct convert *convert, const uint8_t *in, size_t n,
    uint8_t *out)
{
	unsigned bytes = convert_sample_bytes(convert->format);
	unsigned wired = convert->channels == 1 ? 1 : 2;

	if (is_same(convert)) {
		memcpy(out, in, n * convert->frame_bytes);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		for (unsigned channel = 0; channel < convert->channels;
		     channel++) {
			int16_t word = 0;

			if (channel < wired) {
				memcpy(&word, in, sizeof(word));
				in += sizeof(word);
			}
			put_sample(convert->format, out, word);
			out += bytes;
		}
	}
}

void
convert_silence(const struct convert *convert, size_t n, uint8_t *out)
{
	unsigned bytes = convert_sample_bytes(convert->format);

	for (size_t i = 0; i < n * convert->channels; i++) {
		put_sample(convert->format, out + i * bytes, 0);
	}
}
