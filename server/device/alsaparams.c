#include "server/device/alsaparams.h"

#include <errno.h>
#include <stdlib.h>

#define PERIODS_MIN 2

/* In the order of enum out_format. */
static const snd_pcm_format_t alsa_formats[OUT_FORMATS] = {
	[OUT_S16_LE] = SND_PCM_FORMAT_S16_LE,
	[OUT_S16_BE] = SND_PCM_FORMAT_S16_BE,
	[OUT_S24_3LE] = SND_PCM_FORMAT_S24_3LE,
	[OUT_S24_3BE] = SND_PCM_FORMAT_S24_3BE,
	[OUT_S24_LE] = SND_PCM_FORMAT_S24_LE,
	[OUT_S24_BE] = SND_PCM_FORMAT_S24_BE,
	[OUT_S32_LE] = SND_PCM_FORMAT_S32_LE,
	[OUT_S32_BE] = SND_PCM_FORMAT_S32_BE,
	[OUT_U8] = SND_PCM_FORMAT_U8,
};

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE(format)	OUT_##format##LE
#define SWAPPED(format) OUT_##format##BE
#else
#define NATIVE(format)	OUT_##format##BE
#define SWAPPED(format) OUT_##format##LE
#endif

/* The widest first, the machine's own byte order before the other. */
static const enum out_format widest[OUT_FORMATS] = {
	NATIVE(S32_),
	NATIVE(S24_),
	NATIVE(S24_3),
	NATIVE(S16_),
	SWAPPED(S32_),
	SWAPPED(S24_),
	SWAPPED(S24_3),
	SWAPPED(S16_),
	OUT_U8,
};

/* Every way to grant a period and a buffer, the nearest to the wish first. */
enum sizing {
	PERIOD_THEN_BUFFER,
	BUFFER_THEN_PERIOD,
	PERIOD_ONLY,
	BUFFER_ONLY,
	ANY_SIZE,
	SIZINGS
};

static int
set_access(snd_pcm_t *pcm, snd_pcm_hw_params_t *params, enum device_access want,
    enum device_access *got)
{
	int error = -EINVAL;

	if (want != ACCESS_RW) {
		*got = ACCESS_MMAP;
		error = snd_pcm_hw_params_set_access(pcm, params,
		    SND_PCM_ACCESS_MMAP_INTERLEAVED);
	}
	/* A card that refuses what was asked for grants the other. */
	if (error < 0) {
		*got = ACCESS_RW;
		error = snd_pcm_hw_params_set_access(pcm, params,
		    SND_PCM_ACCESS_RW_INTERLEAVED);
	}
	if (error < 0) {
		*got = ACCESS_MMAP;
		error = snd_pcm_hw_params_set_access(pcm, params,
		    SND_PCM_ACCESS_MMAP_INTERLEAVED);
	}
	return error;
}

/* Takes that format if it goes with that rate; 0: with any. */
static bool
try_format(snd_pcm_t *pcm, snd_pcm_hw_params_t *params, enum out_format format,
    uint32_t rate)
{
	snd_pcm_hw_params_t *trial;

	snd_pcm_hw_params_alloca(&trial);
	snd_pcm_hw_params_copy(trial, params);
	if (snd_pcm_hw_params_set_format(pcm, trial, alsa_formats[format]) <
	    0) {
		return false;
	}
	if (rate > 0 && snd_pcm_hw_params_test_rate(pcm, trial, rate, 0) < 0) {
		return false;
	}
	snd_pcm_hw_params_copy(params, trial);
	return true;
}

/*
 * The wanted format, else the widest.  Some cards have wide samples at some
 * rates only; then the rate counts for more, since it costs a resampler.
 */
static int
set_format(snd_pcm_t *pcm, snd_pcm_hw_params_t *params,
    const struct device_want *want, enum out_format *got)
{
	const uint32_t rates[] = { want->rate, 0 };

	if (want->format >= 0) {
		*got = (enum out_format)want->format;
		if (try_format(pcm, params, *got, 0)) {
			return 0;
		}
	}
	for (unsigned r = 0; r < 2; r++) {
		for (unsigned i = 0; i < OUT_FORMATS; i++) {
			*got = widest[i];
			if (try_format(pcm, params, *got, rates[r])) {
				return 0;
			}
		}
	}
	return -EINVAL;
}

/* The number of the channel in that place; `channels`: it has none. */
static unsigned
find_place(const snd_pcm_chmap_t *map, unsigned place)
{
	unsigned i = 0;

	while (i < map->channels &&
	       (map->pos[i] & SND_CHMAP_POSITION_MASK) != place) {
		i++;
	}
	return i;
}

static bool
has_front(const snd_pcm_chmap_t *map)
{
	return find_place(map, SND_CHMAP_FL) < map->channels &&
	       find_place(map, SND_CHMAP_FR) < map->channels;
}

/* Of those maps one of so many channels that has them in front; or NULL. */
static const snd_pcm_chmap_query_t *
find_map(snd_pcm_chmap_query_t **maps, unsigned channels)
{
	for (; maps != NULL && *maps != NULL; maps++) {
		if ((*maps)->map.channels == channels &&
		    has_front(&(*maps)->map)) {
			return *maps;
		}
	}
	return NULL;
}

/*
 * Two channels, else the next more, for they keep the sides apart.  A card
 * that tells where its channels sound has to have those in front.
 */
static int
set_channels(snd_pcm_t *pcm, snd_pcm_hw_params_t *params, unsigned *got)
{
	snd_pcm_chmap_query_t **maps = snd_pcm_query_chmaps(pcm);

	for (*got = 2; maps != NULL && *got <= ENGINE_CHANNELS_MAX; (*got)++) {
		if (find_map(maps, *got) != NULL &&
		    snd_pcm_hw_params_set_channels(pcm, params, *got) == 0) {
			snd_pcm_free_chmaps(maps);
			return 0;
		}
	}
	snd_pcm_free_chmaps(maps);
	for (*got = 2; *got <= ENGINE_CHANNELS_MAX; (*got)++) {
		if (snd_pcm_hw_params_set_channels(pcm, params, *got) == 0) {
			return 0;
		}
	}
	*got = 1;
	return snd_pcm_hw_params_set_channels(pcm, params, *got);
}

/* Where a card that can exchange its channels has others in front: asks it. */
static void
ask_front(snd_pcm_t *pcm, unsigned channels)
{
	snd_pcm_chmap_query_t **maps = snd_pcm_query_chmaps(pcm);
	const snd_pcm_chmap_query_t *found = find_map(maps, channels);

	if (found != NULL && found->type != SND_CHMAP_TYPE_FIXED) {
		(void)snd_pcm_set_chmap(pcm, &found->map);
	}
	snd_pcm_free_chmaps(maps);
}

/* The first two, unless the card tells others. */
static void
find_front(snd_pcm_t *pcm, struct device_got *got)
{
	snd_pcm_chmap_t *map = snd_pcm_get_chmap(pcm);

	if (map != NULL && !has_front(map)) {
		free(map);
		ask_front(pcm, got->channels);
		map = snd_pcm_get_chmap(pcm);
	}
	got->front[0] = 0;
	got->front[1] = 1;
	if (map != NULL && map->channels == got->channels && has_front(map)) {
		got->front[0] = find_place(map, SND_CHMAP_FL);
		got->front[1] = find_place(map, SND_CHMAP_FR);
	}
	free(map);
}

/*
 * The nearest rate; snd_pcm_hw_params_set_rate_near() overlooks the lower ones
 * of a card that has a list of them (alsa-lib 1.2.8).
 */
static int
nearest_rate(snd_pcm_t *pcm, snd_pcm_hw_params_t *params, uint32_t *rate)
{
	snd_pcm_hw_params_t *above, *below;
	unsigned low = *rate, high = *rate;
	int direction = 0;

	snd_pcm_hw_params_alloca(&above);
	snd_pcm_hw_params_alloca(&below);
	snd_pcm_hw_params_copy(above, params);
	snd_pcm_hw_params_copy(below, params);

	int no_higher =
	    snd_pcm_hw_params_set_rate_min(pcm, above, &high, &direction);
	direction = 0;
	int no_lower =
	    snd_pcm_hw_params_set_rate_max(pcm, below, &low, &direction);
	if (no_higher < 0 && no_lower < 0) {
		return no_higher;
	}
	if (no_higher < 0 || (no_lower == 0 && *rate - low < high - *rate)) {
		snd_pcm_hw_params_copy(params, below);
		return snd_pcm_hw_params_set_rate_last(pcm, params, rate,
		    &direction);
	}
	snd_pcm_hw_params_copy(params, above);
	return snd_pcm_hw_params_set_rate_first(pcm, params, rate, &direction);
}

static int
set_rate(snd_pcm_t *pcm, snd_pcm_hw_params_t *params, uint32_t *rate)
{
	unsigned min = DEVICE_RATE_MIN, max = DEVICE_RATE_MAX;
	int min_direction = 0, max_direction = 0;
	int error;

	/* Resampling is ours, and better. */
	snd_pcm_hw_params_set_rate_resample(pcm, params, 0);
	error = snd_pcm_hw_params_set_rate_minmax(pcm, params, &min,
	    &min_direction, &max, &max_direction);
	return error < 0 ? error : nearest_rate(pcm, params, rate);
}

static int
set_period(snd_pcm_t *pcm, snd_pcm_hw_params_t *params, uint32_t frames)
{
	snd_pcm_uframes_t period = frames;
	int direction = 0;

	return snd_pcm_hw_params_set_period_size_near(pcm, params, &period,
	    &direction);
}

static int
set_buffer(snd_pcm_t *pcm, snd_pcm_hw_params_t *params, uint32_t frames)
{
	snd_pcm_uframes_t buffer = frames;

	return snd_pcm_hw_params_set_buffer_size_near(pcm, params, &buffer);
}

/* Installs the parameters with their sizes chosen in that order. */
static int
try_sizes(snd_pcm_t *pcm, snd_pcm_hw_params_t *params, enum sizing sizing,
    const struct device_want *want, uint32_t rate)
{
	uint32_t period = device_period(want, rate);
	uint32_t buffer = device_buffer(want, rate);
	int error = 0;

	if (sizing == PERIOD_THEN_BUFFER || sizing == PERIOD_ONLY) {
		error = set_period(pcm, params, period);
	}
	if (error == 0 && sizing != PERIOD_ONLY && sizing != ANY_SIZE) {
		error = set_buffer(pcm, params, buffer);
	}
	if (error == 0 && sizing == BUFFER_THEN_PERIOD) {
		error = set_period(pcm, params, period);
	}
	return error < 0 ? error : snd_pcm_hw_params(pcm, params);
}

static int
set_sizes(snd_pcm_t *pcm, snd_pcm_hw_params_t *params,
    const struct device_want *want, uint32_t rate)
{
	snd_pcm_hw_params_t *trial;
	unsigned periods = PERIODS_MIN;
	snd_pcm_uframes_t most = ENGINE_PERIOD_MAX, least = DEVICE_PERIOD_MIN;
	int direction = 0;
	int error = -EINVAL;

	/* Wishes: a card that can't fulfil one leaves params as they were. */
	snd_pcm_hw_params_set_periods_min(pcm, params, &periods, &direction);
	direction = 0;
	snd_pcm_hw_params_set_period_size_max(pcm, params, &most, &direction);
	direction = 0;
	snd_pcm_hw_params_set_period_size_min(pcm, params, &least, &direction);
	snd_pcm_hw_params_set_periods_integer(pcm, params);

	snd_pcm_hw_params_alloca(&trial);
	for (int sizing = 0; sizing < SIZINGS; sizing++) {
		snd_pcm_hw_params_copy(trial, params);
		error = try_sizes(pcm, trial, (enum sizing)sizing, want, rate);
		if (error != -EINVAL) {
			break;
		}
	}
	if (error == 0) {
		snd_pcm_hw_params_copy(params, trial);
	}
	return error;
}

/* Half a buffer at most, for a card that has one period only. */
static int
get_sizes(const snd_pcm_hw_params_t *params, struct device_got *got)
{
	snd_pcm_uframes_t period, buffer;
	int direction = 0;
	int error;

	if ((error = snd_pcm_hw_params_get_period_size(params, &period,
		 &direction)) < 0 ||
	    (error = snd_pcm_hw_params_get_buffer_size(params, &buffer)) < 0) {
		return error;
	}
	if (buffer > INT32_MAX) {
		return -EINVAL;
	}
	if (period > buffer / 2) {
		period = buffer / 2;
	}
	got->buffer = (uint32_t)buffer;
	got->period =
	    (uint32_t)(period < ENGINE_PERIOD_MAX ? period : ENGINE_PERIOD_MAX);
	return got->period == 0 ? -EINVAL : 0;
}

int
alsaparams_choose(snd_pcm_t *pcm, const struct device_want *want,
    struct device_got *got, bool *can_resume)
{
	snd_pcm_hw_params_t *params;
	int error;

	snd_pcm_hw_params_alloca(&params);
	error = snd_pcm_hw_params_any(pcm, params);
	if (error < 0) {
		return error;
	}
	got->rate = want->rate;
	if ((error = set_access(pcm, params, want->access, &got->access)) < 0 ||
	    (error = set_format(pcm, params, want, &got->format)) < 0 ||
	    (error = set_channels(pcm, params, &got->channels)) < 0 ||
	    (error = set_rate(pcm, params, &got->rate)) < 0 ||
	    (error = set_sizes(pcm, params, want, got->rate)) < 0 ||
	    (error = get_sizes(params, got)) < 0) {
		return error;
	}
	find_front(pcm, got);
	*can_resume = snd_pcm_hw_params_can_resume(params) == 1;
	return 0;
}
