/*
 * The sizes, offsets and constants of EsounD 0.2.41, where 64 and 32 bits
 * differ both.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <stddef.h>

#include "tests/libesd/all.h"

/* sizeof(void *) / 8 is 1 in LP64, 0 in ILP32. */
#define POINTERS(lp64, ilp32)                                                  \
	((ilp32) + ((lp64) - (ilp32)) * (sizeof(void *) / 8))
#define AT(type, field, lp64, ilp32)                                           \
	_Static_assert(offsetof(type, field) == POINTERS(lp64, ilp32), #field)
#define SIZE(type, lp64, ilp32)                                                \
	_Static_assert(sizeof(type) == POINTERS(lp64, ilp32), #type)

SIZE(esd_server_info_t, 12, 12);
AT(esd_server_info_t, version, 0, 0);
AT(esd_server_info_t, format, 4, 4);
AT(esd_server_info_t, rate, 8, 8);
SIZE(esd_info_t, 24, 12);
AT(esd_info_t, server, 0, 0);
AT(esd_info_t, player_list, 8, 4);
AT(esd_info_t, sample_list, 16, 8);
SIZE(esd_player_info_t, 168, 156);
AT(esd_player_info_t, next, 0, 0);
AT(esd_player_info_t, server, 8, 4);
AT(esd_player_info_t, source_id, 16, 8);
AT(esd_player_info_t, name, 20, 12);
AT(esd_player_info_t, rate, 148, 140);
AT(esd_player_info_t, left_vol_scale, 152, 144);
AT(esd_player_info_t, right_vol_scale, 156, 148);
AT(esd_player_info_t, format, 160, 152);
SIZE(esd_sample_info_t, 168, 160);
AT(esd_sample_info_t, next, 0, 0);
AT(esd_sample_info_t, server, 8, 4);
AT(esd_sample_info_t, sample_id, 16, 8);
AT(esd_sample_info_t, name, 20, 12);
AT(esd_sample_info_t, rate, 148, 140);
AT(esd_sample_info_t, left_vol_scale, 152, 144);
AT(esd_sample_info_t, right_vol_scale, 156, 148);
AT(esd_sample_info_t, format, 160, 152);
AT(esd_sample_info_t, length, 164, 156);
SIZE(esd_update_info_callbacks_t, 32, 16);
AT(esd_update_info_callbacks_t, esd_new_player_callback, 0, 0);
AT(esd_update_info_callbacks_t, esd_old_player_callback, 8, 4);
AT(esd_update_info_callbacks_t, esd_new_sample_callback, 16, 8);
AT(esd_update_info_callbacks_t, esd_old_sample_callback, 24, 12);
SIZE(esd_standby_mode_t, 4, 4);

#ifndef FACTS
#define IS(name, value) _Static_assert((name) == (value), #name)

IS(ESD_BUF_SIZE, 4096);
IS(ESD_MAX_WRITE_SIZE, 86016);
IS(ESD_KEY_LEN, 16);
IS(ESD_DEFAULT_PORT, 16001);
IS(ESD_DEFAULT_RATE, 44100);
IS(ESD_NAME_MAX, 128);
IS(ESD_ENDIAN_KEY, 0x454E444Eu);
IS(ESD_VOLUME_BASE, 256);
IS(ESD_BITS8, 0x0000);
IS(ESD_BITS16, 0x0001);
IS(ESD_MASK_BITS, 0x000F);
IS(ESD_MONO, 0x0010);
IS(ESD_STEREO, 0x0020);
IS(ESD_MASK_CHAN, 0x00F0);
IS(ESD_STREAM, 0x0000);
IS(ESD_SAMPLE, 0x0100);
IS(ESD_ADPCM, 0x0200);
IS(ESD_MASK_MODE, 0x0F00);
IS(ESD_PLAY, 0x1000);
IS(ESD_MONITOR, 0x0000);
IS(ESD_RECORD, 0x2000);
IS(ESD_STOP, 0x0000);
IS(ESD_LOOP, 0x2000);
IS(ESD_MASK_FUNC, 0xF000);
IS(ESD_PROTO_CONNECT, 0);
IS(ESD_PROTO_SAMPLE_CACHE, 6);
IS(ESD_PROTO_STANDBY, 12);
IS(ESD_PROTO_STREAM_FILT, 15);
IS(ESD_PROTO_STREAM_PAN, 20);
IS(ESD_PROTO_LATENCY, 23);
IS(ESD_PROTO_MAX, 24);
IS(ESM_ERROR, 0);
IS(ESM_ON_STANDBY, 1);
IS(ESM_ON_AUTOSTANDBY, 2);
IS(ESM_RUNNING, 3);
_Static_assert(sizeof(esd_format_t) == 4 && sizeof(esd_proto_t) == 4 &&
		   sizeof(octet) == 1,
    "types");

#endif

#endif
