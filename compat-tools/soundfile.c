#include "compat-tools/soundfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compat-tools/downmix.h"
#include "protocols/esd.h"

#define BLOCK	    1024 /* frames converted at a time */
#define LOAD_FIRST  (1u << 16)
#define SIZE32_ROOM 65536 /* bytes for headers where 32 bits count a file */

enum way {
	WAY_RAW,   /* not libsndfile's */
	WAY_BYTES, /* through 16 bits, to and from 8 */
	WAY_WORDS,
	WAY_FLOAT /* to be mixed down, dithered, saturated */
};

struct soundfile {
	struct soundfile_info info;
	char *path; /* for messages */
	SNDFILE *handle;
	int fd;
	enum way way;

	/* reading */
	int channels;	  /* the file's own */
	struct pan *pans; /* of WAY_FLOAT, one a channel */
	float *floats;	  /* of WAY_FLOAT: BLOCK frames of the file */
	uint32_t dither;

	/* writing */
	const struct kind *kind;
	int64_t written;	/* frames */
	int64_t header_written; /* frames that the header tells of */

	char why[SOUNDFILE_WHY_MAX];
};

static int explain(char *why, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int
explain(char *why, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, SOUNDFILE_WHY_MAX, format, args);
	va_end(args);
	return error;
}

/* libsndfile's sentence without its full stop. */
static const char *
reason(SNDFILE *handle, char *text, size_t size)
{
	size_t length;

	(void)snprintf(text, size, "%s", sf_strerror(handle));
	length = strlen(text);
	while (length > 0 &&
	       (text[length - 1] == '.' || text[length - 1] == '\n')) {
		text[--length] = '\0';
	}
	return text;
}

static bool
is_stdio(const char *path)
{
	return path == NULL || strcmp(path, "-") == 0;
}

/* --- channels ------------------------------------------------------------- */

static char
place_of(int map)
{
	static const char places[SF_CHANNEL_MAP_MAX] = {
		[SF_CHANNEL_MAP_MONO] = 'C',
		[SF_CHANNEL_MAP_LEFT] = 'L',
		[SF_CHANNEL_MAP_RIGHT] = 'R',
		[SF_CHANNEL_MAP_CENTER] = 'C',
		[SF_CHANNEL_MAP_FRONT_LEFT] = 'L',
		[SF_CHANNEL_MAP_FRONT_RIGHT] = 'R',
		[SF_CHANNEL_MAP_FRONT_CENTER] = 'C',
		[SF_CHANNEL_MAP_REAR_CENTER] = 'C',
		[SF_CHANNEL_MAP_REAR_LEFT] = 'l',
		[SF_CHANNEL_MAP_REAR_RIGHT] = 'r',
		[SF_CHANNEL_MAP_LFE] = 'F',
		[SF_CHANNEL_MAP_FRONT_LEFT_OF_CENTER] = 'L',
		[SF_CHANNEL_MAP_FRONT_RIGHT_OF_CENTER] = 'R',
		[SF_CHANNEL_MAP_SIDE_LEFT] = 'l',
		[SF_CHANNEL_MAP_SIDE_RIGHT] = 'r',
		[SF_CHANNEL_MAP_TOP_FRONT_LEFT] = 'l',
		[SF_CHANNEL_MAP_TOP_FRONT_RIGHT] = 'r',
		[SF_CHANNEL_MAP_TOP_REAR_LEFT] = 'l',
		[SF_CHANNEL_MAP_TOP_REAR_RIGHT] = 'r',
	};

	if (map < 0 || map >= SF_CHANNEL_MAP_MAX) {
		return '\0';
	}
	return places[map];
}

/* False: the file doesn't tell, or tells of places we don't know. */
static bool
ask_places(const struct soundfile *file, int *map, char *places)
{
	if (sf_command(file->handle, SFC_GET_CHANNEL_MAP_INFO, map,
		file->channels * (int)sizeof(*map)) != SF_TRUE) {
		return false;
	}
	for (int i = 0; i < file->channels; i++) {
		places[i] = place_of(map[i]);
		if (places[i] == '\0') {
			return false;
		}
	}
	return true;
}

static int
set_pans(struct soundfile *file, bool is_ogg)
{
	size_t channels = (size_t)file->channels;
	int *map = calloc(channels, sizeof(*map));
	char *places = calloc(channels, sizeof(*places));
	int error = 0;

	file->pans = calloc(channels, sizeof(*file->pans));
	file->floats = calloc(channels * BLOCK, sizeof(*file->floats));
	if (map == NULL || places == NULL || file->pans == NULL ||
	    file->floats == NULL) {
		error = -ENOMEM;
	} else {
		if (channels <= 2 || !ask_places(file, map, places)) {
			downmix_usual_places(is_ogg, file->channels, places);
		}
		downmix_pans(places, file->channels, file->pans);
	}
	free(map);
	free(places);
	return error;
}

/* --- opening -------------------------------------------------------------- */

static enum way
way_of(const SF_INFO *info)
{
	if (info->channels > 2) {
		return WAY_FLOAT;
	}
	switch (info->format & SF_FORMAT_SUBMASK) {
	case SF_FORMAT_PCM_U8:
	case SF_FORMAT_PCM_S8:
		return WAY_BYTES;
	case SF_FORMAT_PCM_16:
	case SF_FORMAT_ALAC_16:
	case SF_FORMAT_DPCM_8:
	case SF_FORMAT_DPCM_16:
	case SF_FORMAT_ULAW:
	case SF_FORMAT_ALAW:
	case SF_FORMAT_IMA_ADPCM:
	case SF_FORMAT_MS_ADPCM:
	case SF_FORMAT_GSM610:
	case SF_FORMAT_G721_32:
	case SF_FORMAT_G723_24:
	case SF_FORMAT_G723_40:
	case SF_FORMAT_VOX_ADPCM:
		return WAY_WORDS;
	default:
		return WAY_FLOAT;
	}
}

static int
open_path(const char *path, char *why)
{
	struct stat status;
	int fd = is_stdio(path) ? dup(STDIN_FILENO)
				: open(path, O_RDONLY | O_CLOEXEC);
	int error = fd < 0 ? -errno : 0;

	if (error == 0 && fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
		(void)close(fd);
		error = -EISDIR;
	}
	if (error != 0) {
		return explain(why, error,
		    "cannot open %s: %s; name a sound file that you may read",
		    path, strerror(-error));
	}
	return fd;
}

static struct soundfile *
create_file(const char *path)
{
	struct soundfile *file = calloc(1, sizeof(*file));

	if (file == NULL) {
		return NULL;
	}
	file->fd = -1;
	file->dither = 1;
	file->path = strdup(path);
	if (file->path == NULL) {
		free(file);
		return NULL;
	}
	return file;
}

static int
take_info(struct soundfile *file, const SF_INFO *info)
{
	bool is_8bit;
	bool is_ogg = (info->format & SF_FORMAT_TYPEMASK) == SF_FORMAT_OGG;

	file->channels = info->channels;
	file->way = way_of(info);
	is_8bit = file->way == WAY_BYTES;
	file->info.format = (is_8bit ? 0 : ESD_BITS16) |
			    (info->channels == 1 ? ESD_MONO : ESD_STEREO);
	file->info.rate = info->samplerate;
	file->info.frames =
	    info->seekable && info->frames < SF_COUNT_MAX ? info->frames : -1;
	file->info.frame_bytes = esd_frame_bytes(file->info.format);
	if (file->way != WAY_FLOAT) {
		return 0;
	}
	return set_pans(file, is_ogg);
}

int
soundfile_open(const char *path, struct soundfile **opened, char *why)
{
	struct soundfile *file = create_file(path);
	SF_INFO info = { 0 };
	char text[256];
	int error;

	if (file == NULL) {
		return explain(why, -ENOMEM, "cannot open %s: no memory", path);
	}
	file->fd = open_path(path, why);
	if (file->fd < 0) {
		error = file->fd;
		goto fail;
	}
	file->handle = sf_open_fd(file->fd, SFM_READ, &info, SF_FALSE);
	if (file->handle == NULL) {
		error = explain(why, -EINVAL,
		    "cannot read %s: %s; sox converts many formats, esdcat "
		    "plays raw sound",
		    path, reason(NULL, text, sizeof(text)));
		goto fail;
	}
	error = take_info(file, &info);
	if (error != 0) {
		(void)explain(why, error, "cannot read %s: %s", path,
		    strerror(-error));
		goto fail;
	}
	*opened = file;
	return 0;
fail:
	(void)soundfile_close(file);
	return error;
}

const struct soundfile_info *
soundfile_info(const struct soundfile *file)
{
	return &file->info;
}

const char *
soundfile_why(const struct soundfile *file)
{
	return file->why;
}

/* --- reading -------------------------------------------------------------- */

static sf_count_t
read_bytes(struct soundfile *file, uint8_t *out, sf_count_t n)
{
	int16_t words[2 * BLOCK];
	sf_count_t got = sf_readf_short(file->handle, words, n);

	for (sf_count_t i = 0; i < got * file->channels; i++) {
		out[i] = (uint8_t)((words[i] >> 8) + 128);
	}
	return got;
}

static sf_count_t
read_block(struct soundfile *file, uint8_t *out, sf_count_t n)
{
	sf_count_t got;

	if (file->way == WAY_BYTES) {
		return read_bytes(file, out, n);
	}
	if (file->way == WAY_WORDS) {
		return sf_readf_short(file->handle, (int16_t *)(void *)out, n);
	}
	got = sf_readf_float(file->handle, file->floats, n);
	if (got > 0) {
		downmix(file->floats, file->channels, file->pans, (size_t)got,
		    (int16_t *)(void *)out, &file->dither);
	}
	return got;
}

ssize_t
soundfile_read(struct soundfile *file, void *frames, size_t n)
{
	uint8_t *out = frames;
	size_t done = 0;
	char text[256];

	while (done < n) {
		size_t wanted = n - done < BLOCK ? n - done : BLOCK;
		sf_count_t got = read_block(file,
		    out + done * file->info.frame_bytes, (sf_count_t)wanted);

		done += got > 0 ? (size_t)got : 0;
		if (got < (sf_count_t)wanted) {
			break;
		}
	}
	if (done == 0 && n > 0 && sf_error(file->handle) != SF_ERR_NO_ERROR) {
		return explain(file->why, -EIO,
		    "cannot read on in %s: %s; the file may be damaged, what "
		    "came before is played",
		    file->path, reason(file->handle, text, sizeof(text)));
	}
	return (ssize_t)done;
}

/* --- whole files ---------------------------------------------------------- */

/* Room for at least one more piece; -EFBIG where a sample can't be longer. */
static int
grow(uint8_t **data, size_t *size, size_t used, size_t piece)
{
	size_t wanted = *size == 0 ? LOAD_FIRST : *size;
	uint8_t *grown;

	if (used + piece <= *size) {
		return 0;
	}
	while (wanted < used + piece) {
		wanted *= 2;
	}
	if (used > INT32_MAX) {
		return -EFBIG;
	}
	grown = realloc(*data, wanted);
	if (grown == NULL) {
		return -ENOMEM;
	}
	*data = grown;
	*size = wanted;
	return 0;
}

static int
explain_load(const char *path, int error, char *why)
{
	return explain(why, error, "cannot load %s: %s; %s", path,
	    strerror(-error),
	    error == -EFBIG ? "a sample has 2 GiB at most"
			    : "see whether it is damaged, or too large");
}

int
soundfile_load(const char *path, struct soundfile_info *info, uint8_t **data,
    char *why)
{
	struct soundfile *file = NULL;
	size_t size = 0, used = 0;
	ssize_t got = 1;
	int error = soundfile_open(path, &file, why);

	if (file == NULL) {
		return error;
	}
	*info = file->info;
	*data = NULL;
	while (got > 0 && error == 0) {
		error =
		    grow(data, &size, used, (size_t)BLOCK * info->frame_bytes);
		if (error == 0) {
			got = soundfile_read(file, *data + used, BLOCK);
			error = got < 0 ? (int)got : 0;
			used += got > 0 ? (size_t)got * info->frame_bytes : 0;
		}
	}
	if (error == 0 && used > INT32_MAX) {
		error = -EFBIG;
	}
	info->frames = (int64_t)(used / info->frame_bytes);
	(void)soundfile_close(file);
	if (error != 0) {
		free(*data);
		*data = NULL;
		return explain_load(path, error, why);
	}
	return 0;
}

int
soundfile_load_raw(const char *path, uint8_t **data, size_t *bytes, char *why)
{
	size_t size = 0;
	ssize_t got = 1;
	int error = 0;
	int fd = open_path(path, why);

	if (fd < 0) {
		return fd;
	}
	*data = NULL;
	*bytes = 0;
	while (got > 0 && error == 0) {
		error = grow(data, &size, *bytes, LOAD_FIRST);
		if (error == 0) {
			got = read(fd, *data + *bytes, LOAD_FIRST);
			error = got < 0 ? -errno : 0;
			*bytes += got > 0 ? (size_t)got : 0;
		}
	}
	(void)close(fd);
	if (error == 0 && *bytes > INT32_MAX) {
		error = -EFBIG;
	}
	if (error != 0) {
		free(*data);
		*data = NULL;
		return explain_load(path, error, why);
	}
	return 0;
}

/* --- writing -------------------------------------------------------------- */

/* What an extension means. */
struct kind {
	const char *extension;
	int format8, format16; /* libsndfile's */
	int64_t most;	       /* bytes of sound its header can count; 0: any */
};

#define SIZE32 (UINT32_MAX - SIZE32_ROOM)
#define SIZE31 (INT32_MAX - SIZE32_ROOM)
#define BOTH(container)                                                        \
	((container) | SF_FORMAT_PCM_S8), ((container) | SF_FORMAT_PCM_16)
#define VORBIS (SF_FORMAT_OGG | SF_FORMAT_VORBIS)

static const struct kind kinds[] = {
	{ "wav", SF_FORMAT_WAV | SF_FORMAT_PCM_U8,
	    SF_FORMAT_WAV | SF_FORMAT_PCM_16, SIZE32 },
	{ "flac", BOTH(SF_FORMAT_FLAC), 0 },
	{ "ogg", VORBIS, VORBIS, 0 },
	{ "oga", VORBIS, VORBIS, 0 },
	{ "aiff", BOTH(SF_FORMAT_AIFF), SIZE31 },
	{ "aif", BOTH(SF_FORMAT_AIFF), SIZE31 },
	{ "au", BOTH(SF_FORMAT_AU), SIZE32 },
	{ "snd", BOTH(SF_FORMAT_AU), SIZE32 },
};

static const struct kind *
find_kind(const char *path)
{
	const char *name = path == NULL ? NULL : strrchr(path, '/');
	const char *dot;

	name = name == NULL ? path : name + 1;
	dot = name == NULL ? NULL : strrchr(name, '.');
	if (dot == NULL || dot == name) {
		return NULL;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcasecmp(dot + 1, kinds[i].extension) == 0) {
			return &kinds[i];
		}
	}
	return NULL;
}

bool
soundfile_is_known(const char *path)
{
	return find_kind(path) != NULL;
}

static int
create_coded(struct soundfile *file, char *why)
{
	bool is_8bit = file->way == WAY_BYTES;
	SF_INFO info = {
		.samplerate = file->info.rate,
		.channels = file->channels,
		.format = is_8bit ? file->kind->format8 : file->kind->format16,
	};
	char text[256];

	file->handle = sf_open_fd(file->fd, SFM_WRITE, &info, SF_FALSE);
	if (file->handle == NULL) {
		return explain(why, -EINVAL,
		    "cannot write %s: %s; choose another -r, or another "
		    "extension",
		    file->path, reason(NULL, text, sizeof(text)));
	}
	return 0;
}

int
soundfile_create(const char *path, int32_t format, int32_t rate,
    struct soundfile **created, char *why)
{
	struct soundfile *file =
	    create_file(is_stdio(path) ? "standard output" : path);
	int error;

	if (file == NULL) {
		return explain(why, -ENOMEM, "no memory");
	}
	file->kind = is_stdio(path) ? NULL : find_kind(path);
	file->channels = (format & ESD_MASK_CHAN) == ESD_MONO ? 1 : 2;
	file->way =
	    (format & ESD_MASK_BITS) == ESD_BITS16 ? WAY_WORDS : WAY_BYTES;
	file->info.format = format;
	file->info.rate = rate;
	file->info.frame_bytes = esd_frame_bytes(format);
	file->fd =
	    is_stdio(path)
		? dup(STDOUT_FILENO)
		: open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	error = file->fd < 0 ? -errno : 0;
	if (error == -EACCES || error == -ENXIO) { /* a device, a pipe */
		file->fd = open(path, O_WRONLY | O_CLOEXEC);
		error = file->fd < 0 ? error : 0;
	}
	if (error != 0) {
		(void)explain(why, error,
		    "cannot write %s: %s; name a file that you may write",
		    file->path, strerror(-error));
	} else if (file->kind != NULL) {
		error = create_coded(file, why);
	}
	if (error != 0) {
		(void)soundfile_close(file);
		return error;
	}
	*created = file;
	return 0;
}

static int
write_raw(struct soundfile *file, const uint8_t *data, size_t bytes)
{
	while (bytes > 0) {
		ssize_t done = write(file->fd, data, bytes);

		if (done < 0) {
			return explain(file->why, -errno,
			    "cannot write %s: %s; what came before is there",
			    file->path, strerror(errno));
		}
		data += done;
		bytes -= (size_t)done;
	}
	return 0;
}

static sf_count_t
write_bytes(struct soundfile *file, const uint8_t *in, sf_count_t n)
{
	int16_t words[2 * BLOCK];

	for (sf_count_t i = 0; i < n * file->channels; i++) {
		words[i] = (int16_t)((in[i] - 128) * 256);
	}
	return sf_writef_short(file->handle, words, n);
}

static int
write_block(struct soundfile *file, const uint8_t *in, sf_count_t n)
{
	char text[256];
	sf_count_t done = file->way == WAY_BYTES
			      ? write_bytes(file, in, n)
			      : sf_writef_short(file->handle,
				    (const int16_t *)(const void *)in, n);

	if (done == n) {
		return 0;
	}
	return explain(file->why, -EIO,
	    "cannot write %s: %s; what came before is there", file->path,
	    reason(file->handle, text, sizeof(text)));
}

/* A killed program leaves a file that is valid but for its last second. */
static void
update_header(struct soundfile *file)
{
	if (file->kind->most > 0 &&
	    file->written - file->header_written >= file->info.rate) {
		(void)sf_command(file->handle, SFC_UPDATE_HEADER_NOW, NULL, 0);
		file->header_written = file->written;
	}
}

int
soundfile_write(struct soundfile *file, const void *frames, size_t n)
{
	const uint8_t *in = frames;
	int64_t bytes = (int64_t)(n * file->info.frame_bytes);
	int error = 0;

	if (file->kind == NULL) {
		return write_raw(file, in, (size_t)bytes);
	}
	if (file->kind->most > 0 &&
	    file->written * file->info.frame_bytes + bytes > file->kind->most) {
		return explain(file->why, -EFBIG,
		    "%s is full: a .%s file holds no more than %lld MiB; "
		    ".flac and .raw hold more",
		    file->path, file->kind->extension,
		    (long long)(file->kind->most >> 20));
	}
	while (n > 0 && error == 0) {
		size_t part = n < BLOCK ? n : BLOCK;

		error = write_block(file, in, (sf_count_t)part);
		in += part * file->info.frame_bytes;
		n -= part;
		file->written += (int64_t)part;
	}
	update_header(file);
	return error;
}

int
soundfile_close(struct soundfile *file)
{
	int error = 0;

	if (file == NULL) {
		return 0;
	}
	if (file->handle != NULL && sf_close(file->handle) != 0) {
		error = -EIO;
	}
	if (file->fd >= 0 && close(file->fd) != 0 && error == 0) {
		error = -errno;
	}
	free(file->pans);
	free(file->floats);
	free(file->path);
	free(file);
	return error;
}
