/*
 * The interface of EsounD 0.2.41's library as old binaries know it: written
 * down from the original's facts, not from our esd.h, so that the two are
 * compared by whatever is compiled against both.
 */
#ifndef FACTS_H
#define FACTS_H

typedef void *AFfilehandle;
typedef int esd_standby_mode_t;

typedef struct {
	int version, format, rate;
} esd_server_info_t;

typedef struct player {
	struct player *next;
	esd_server_info_t *server;
	int source_id;
	char name[128];
	int rate, left_vol_scale, right_vol_scale, format;
} esd_player_info_t;

typedef struct sample {
	struct sample *next;
	esd_server_info_t *server;
	int sample_id;
	char name[128];
	int rate, left_vol_scale, right_vol_scale, format, length;
} esd_sample_info_t;

typedef struct {
	esd_server_info_t *server;
	esd_player_info_t *player_list;
	esd_sample_info_t *sample_list;
} esd_info_t;

typedef struct {
	int (*esd_new_player_callback)(esd_player_info_t *);
	int (*esd_old_player_callback)(esd_player_info_t *);
	int (*esd_new_sample_callback)(esd_sample_info_t *);
	int (*esd_old_sample_callback)(esd_sample_info_t *);
} esd_update_info_callbacks_t;

extern int esd_audio_format;
extern int esd_audio_rate;
extern char *esd_audio_device;

int esd_open_sound(const char *);
int esd_send_auth(int);
int esd_close(int);
const char *esd_get_socket_dirname(void);
const char *esd_get_socket_name(void);
int have_ipv6(void);
int esd_play_stream(int, int, const char *, const char *);
int esd_monitor_stream(int, int, const char *, const char *);
int esd_record_stream(int, int, const char *, const char *);
int esd_filter_stream(int, int, const char *, const char *);
int esd_play_stream_fallback(int, int, const char *, const char *);
int esd_record_stream_fallback(int, int, const char *, const char *);
int esd_get_latency(int);
int esd_lock(int);
int esd_unlock(int);
int esd_standby(int);
int esd_resume(int);
int esd_get_standby_mode(int);
int esd_set_stream_pan(int, int, int, int);
int esd_set_default_sample_pan(int, int, int, int);
int esd_sample_cache(int, int, int, int, const char *);
int esd_confirm_sample_cache(int);
int esd_sample_getid(int, const char *);
int esd_sample_free(int, int);
int esd_sample_play(int, int);
int esd_sample_loop(int, int);
int esd_sample_stop(int, int);
int esd_sample_kill(int, int);
esd_server_info_t *esd_get_server_info(int);
void esd_free_server_info(esd_server_info_t *);
esd_info_t *esd_get_all_info(int);
void esd_free_all_info(esd_info_t *);
void esd_print_server_info(esd_server_info_t *);
void esd_print_player_info(esd_player_info_t *);
void esd_print_sample_info(esd_sample_info_t *);
void esd_print_all_info(esd_info_t *);
esd_info_t *esd_subscribe_all_info(int);
esd_info_t *esd_update_info(int, esd_info_t *, esd_update_info_callbacks_t *);
esd_info_t *esd_unsubscribe_info(int);
int esd_send_file(int, AFfilehandle, int);
int esd_play_file(const char *, const char *, int);
int esd_file_cache(int, const char *, const char *);
const char *esd_audio_devices(void);
int esd_audio_open(void);
void esd_audio_close(void);
void esd_audio_pause(void);
void esd_audio_flush(void);
int esd_audio_write(void *, int);
int esd_audio_read(void *, int);
int esound_getblksize(void);

#endif
