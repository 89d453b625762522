/*
 * esd.h: the client library of the Enlightened Sound Daemon's protocol, as it
 * was in EsounD 0.2.41.  C and C++.  Link with what "pkg-config --libs esound"
 * or "esd-config --libs" says.
 *
 * Every function may be called from any thread; calls on one descriptor take
 * turns.  None prints to standard output, but for esd_print_...(), or raises
 * SIGPIPE.  After a failed call on a descriptor its answers are out of step:
 * close it.
 */
#ifndef ESD_H
#define ESD_H

/*
 * Programs of the time took libaudiofile's header from here, so it is included
 * where there is one.  The library itself needs none: only esd_send_file() has
 * to do with it, and whoever calls that has it.
 */
#ifdef __has_include
#if __has_include(<audiofile.h>)
#include <audiofile.h>
#define ESD_HAS_AUDIOFILE_H
#endif
#endif
#ifndef ESD_HAS_AUDIOFILE_H
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c): as there */
typedef struct _AFfilehandle *AFfilehandle;
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* --- constants ------------------------------------------------------------ */

#define ESD_BUF_SIZE 4096 /* bytes: a good size for a write */
#define ESD_MAX_WRITE_SIZE                                                     \
	86016		    /* bytes: the original's, means nothing here       \
			     */
#define ESD_KEY_LEN	 16 /* bytes of ~/.esd_auth */
#define ESD_DEFAULT_PORT 16001
#define ESD_DEFAULT_RATE 44100 /* frames per second */
#define ESD_NAME_MAX	 128   /* bytes, NUL included */
#define ESD_ENDIAN_KEY	 0x454E444Eu
#define ESD_VOLUME_BASE	 256 /* a volume that changes nothing */

#define ESD_UNIX_SOCKET_DIR  esd_get_socket_dirname()
#define ESD_UNIX_SOCKET_NAME esd_get_socket_name()

/*
 * The format of sound: one each of width, channels, mode and function, or'ed.
 * 8 bits are unsigned, 16 are signed and in this machine's order.
 */
#define ESD_BITS8     0x0000
#define ESD_BITS16    0x0001
#define ESD_MASK_BITS 0x000F
#define ESD_MONO      0x0010
#define ESD_STEREO    0x0020
#define ESD_MASK_CHAN 0x00F0
#define ESD_STREAM    0x0000
#define ESD_SAMPLE    0x0100
#define ESD_ADPCM     0x0200 /* no server ever took it */
#define ESD_MASK_MODE 0x0F00
#define ESD_PLAY      0x1000
#define ESD_MONITOR   0x0000
#define ESD_RECORD    0x2000
#define ESD_STOP      0x0000
#define ESD_LOOP      0x2000
#define ESD_MASK_FUNC 0xF000

enum esd_proto {
	ESD_PROTO_CONNECT,
	ESD_PROTO_LOCK,
	ESD_PROTO_UNLOCK,
	ESD_PROTO_STREAM_PLAY,
	ESD_PROTO_STREAM_REC,
	ESD_PROTO_STREAM_MON,
	ESD_PROTO_SAMPLE_CACHE,
	ESD_PROTO_SAMPLE_FREE,
	ESD_PROTO_SAMPLE_PLAY,
	ESD_PROTO_SAMPLE_LOOP,
	ESD_PROTO_SAMPLE_STOP,
	ESD_PROTO_SAMPLE_KILL,
	ESD_PROTO_STANDBY,
	ESD_PROTO_RESUME,
	ESD_PROTO_SAMPLE_GETID,
	ESD_PROTO_STREAM_FILT,
	ESD_PROTO_SERVER_INFO,
	ESD_PROTO_ALL_INFO,
	ESD_PROTO_SUBSCRIBE,
	ESD_PROTO_UNSUBSCRIBE,
	ESD_PROTO_STREAM_PAN,
	ESD_PROTO_SAMPLE_PAN,
	ESD_PROTO_STANDBY_MODE,
	ESD_PROTO_LATENCY,
	ESD_PROTO_MAX
};

enum esd_standby_mode {
	ESM_ERROR,
	ESM_ON_STANDBY,
	ESM_ON_AUTOSTANDBY,
	ESM_RUNNING
};

typedef int esd_format_t;
typedef int esd_proto_t;
typedef int esd_standby_mode_t;
typedef unsigned char octet;

/* --- connecting ----------------------------------------------------------- */

/*
 * Connects to a server and shows it our key.
 *   host  HOST, HOST:PORT, :PORT, [V6]:PORT, unix:PATH; "localhost": this
 *         user's own server, started if need be; NULL: what ESPEAKER says,
 *         else the host of DISPLAY, else "localhost"
 * Returns a blocking socket that closes on exec, never 0, or -1.
 * ESD_DEBUG=1 in the environment shows on standard error why calls fail.
 */
int esd_open_sound(const char *host);

/* Shows our key on a socket that has not; 1 taken, 0 refused, -1 no home. */
int esd_send_auth(int sock);

int esd_close(int esd);

/* Where the Unix socket of an original server is; of the library, not freed. */
const char *esd_get_socket_dirname(void);
const char *esd_get_socket_name(void);

int have_ipv6(void); /* 1 or 0 */

/* --- streams -------------------------------------------------------------- */

/*
 * Each returns a socket for sound and nothing else, or -1.
 *   rate  frames per second
 *   host  as in esd_open_sound()
 *   name  what mixers show; NULL: empty; cut at ESD_NAME_MAX - 1 bytes
 * Writing blocks as long as it takes to play.  A filter reads a block and
 * writes as much back.
 */
int esd_play_stream(esd_format_t format, int rate, const char *host,
    const char *name);
int esd_monitor_stream(esd_format_t format, int rate, const char *host,
    const char *name);
int esd_record_stream(esd_format_t format, int rate, const char *host,
    const char *name);
int esd_filter_stream(esd_format_t format, int rate, const char *host,
    const char *name);

/*
 * The same: the original fell back to the sound card, and returned something
 * that could not be written to.  This library has no device; it returns -1.
 */
int esd_play_stream_fallback(esd_format_t format, int rate, const char *host,
    const char *name);
int esd_record_stream_fallback(esd_format_t format, int rate, const char *host,
    const char *name);

/* Frames at 44100 Hz from a write to its sound, the sockets included; or -1. */
int esd_get_latency(int esd);

/* --- the server ----------------------------------------------------------- */

/* These need the key of the server's owner.  1, 0 refused, -1 no answer. */
int esd_lock(int esd);
int esd_unlock(int esd);
int esd_standby(int esd); /* releases the card */
int esd_resume(int esd);  /* takes it again */

esd_standby_mode_t esd_get_standby_mode(int esd); /* ESM_... */

/* --- sounds kept by the server -------------------------------------------- */

/*
 * Announces a sound of `length` bytes, which the caller then writes to `esd`;
 * then esd_confirm_sample_cache() returns the same id, if all went well.
 * Returns the id, or -1.
 */
int esd_sample_cache(int esd, esd_format_t format, const int rate,
    const int length, const char *name);
int esd_confirm_sample_cache(int esd);

int esd_sample_getid(int esd, const char *name); /* -1: there is none */

/* The id; 0: there is none of that id; -1: no answer. */
int esd_sample_free(int esd, int sample); /* once nothing plays it */
int esd_sample_play(int esd, int sample); /* once */
int esd_sample_loop(int esd, int sample); /* until stopped */
int esd_sample_stop(int esd, int sample); /* at the end of this pass */
int esd_sample_kill(int esd, int sample); /* all that play it, now */

/* 256 is unity; 1, 0 no such thing, -1 no answer. */
int esd_set_stream_pan(int esd, int stream_id, int left, int right);
int esd_set_default_sample_pan(int esd, int sample_id, int left, int right);

/* --- information ---------------------------------------------------------- */

typedef struct esd_server_info {
	int version;
	esd_format_t format;
	int rate; /* frames per second */
} esd_server_info_t;

typedef struct esd_player_info {
	struct esd_player_info *next;
	esd_server_info_t *server; /* the list's; not to be freed */
	int source_id;
	char name[ESD_NAME_MAX];
	int rate; /* frames per second */
	int left_vol_scale;
	int right_vol_scale;
	esd_format_t format;
} esd_player_info_t;

typedef struct esd_sample_info {
	struct esd_sample_info *next;
	esd_server_info_t *server; /* the list's; not to be freed */
	int sample_id;
	char name[ESD_NAME_MAX];
	int rate; /* frames per second */
	int left_vol_scale;
	int right_vol_scale;
	esd_format_t format;
	int length; /* bytes */
} esd_sample_info_t;

typedef struct esd_info {
	esd_server_info_t *server;
	esd_player_info_t *player_list; /* oldest first */
	esd_sample_info_t *sample_list; /* oldest first */
} esd_info_t;

typedef int esd_new_player_info_callback_t(esd_player_info_t *);
typedef int esd_old_player_info_callback_t(esd_player_info_t *);
typedef int esd_new_sample_info_callback_t(esd_sample_info_t *);
typedef int esd_old_sample_info_callback_t(esd_sample_info_t *);

typedef struct esd_update_info_callbacks {
	esd_new_player_info_callback_t *esd_new_player_callback;
	esd_old_player_info_callback_t *esd_old_player_callback;
	esd_new_sample_info_callback_t *esd_new_sample_callback;
	esd_old_sample_info_callback_t *esd_old_sample_callback;
} esd_update_info_callbacks_t;

/* To be freed by the functions below, which take NULL; or NULL. */
esd_server_info_t *esd_get_server_info(int esd);
esd_info_t *esd_get_all_info(int esd);
void esd_free_server_info(esd_server_info_t *server_info);
void esd_free_all_info(esd_info_t *all_info);

/* Print to standard output, a line a field; a player or sample alone. */
void esd_print_server_info(esd_server_info_t *server_info);
void esd_print_player_info(esd_player_info_t *player_info);
void esd_print_sample_info(esd_sample_info_t *sample_info);
void esd_print_all_info(esd_info_t *all_info);

/* No server ever had these: NULL. */
esd_info_t *esd_subscribe_all_info(int esd);
esd_info_t *esd_update_info(int esd, esd_info_t *info,
    esd_update_info_callbacks_t *callbacks);
esd_info_t *esd_unsubscribe_info(int esd);

/* --- files ---------------------------------------------------------------- */

/* Sends the rest of the file's track; 0 at its end, 1 where that fails. */
int esd_send_file(int esd, AFfilehandle file, int frame_length);

/*
 * Plays a file of one or two channels, any format that libsndfile reads.  The
 * stream is called FILENAME; with `fallback`, PREFIX:FILENAME.
 * Returns when all was sent: 1, or 0.
 */
int esd_play_file(const char *name_prefix, const char *filename, int fallback);

/* Uploads a file as the sound PREFIX:FILENAME; its id, or -1. */
int esd_file_cache(int esd, const char *name_prefix, const char *filename);

/* --- the card, without a server ------------------------------------------- */

/*
 * The original's own way to the card.  This library has none: esd_audio_open()
 * returns -1 where format or rate make no sense, else -2.
 */
extern esd_format_t esd_audio_format;
extern int esd_audio_rate;
extern char *esd_audio_device;

const char *esd_audio_devices(void);
int esd_audio_open(void);
void esd_audio_close(void);
void esd_audio_pause(void);
int esd_audio_write(void *buffer, int buf_size);
int esd_audio_read(void *buffer, int buf_size);
void esd_audio_flush(void);
int esound_getblksize(void); /* bytes */

#ifdef __cplusplus
}
#endif

#endif
