/*
 * What OSS 4 has beyond <linux/soundcard.h>: numbers and records of its
 * interface.  All but the greatest have the same layout for both word widths.
 */
#ifndef DSP_OSS4_H
#define DSP_OSS4_H

#include <endian.h>
#include <linux/soundcard.h>
#include <stdint.h>

#define AFMT_S32_LE	0x00001000
#define AFMT_S32_BE	0x00002000
#define AFMT_FLOAT	0x00004000 /* the machine's own, full scale is 1 */
#define AFMT_S24_LE	0x00008000 /* in the lower three of four bytes */
#define AFMT_S24_BE	0x00010000
#define AFMT_S24_PACKED 0x00040000 /* three bytes, little-endian */

#if __BYTE_ORDER == __LITTLE_ENDIAN
#define AFMT_S16_NE AFMT_S16_LE
#else
#define AFMT_S16_NE AFMT_S16_BE
#endif

#define DSP_CAP_INPUT	 0x00010000
#define DSP_CAP_OUTPUT	 0x00020000
#define DSP_CAP_VIRTUAL	 0x00040000
#define DSP_CAP_FREERATE 0x10000000 /* any rate, not a list of them */

/* Channels 1 to 8, four bits each: left, right, centre, LFE, sides, rear. */
#define OSS_CHANNEL_ORDER 0x0000000087654321ull

#define OSS_LABEL    16
#define OSS_DEVNODE  32
#define OSS_LONGNAME 64
#define OSS_STRINGS  3000
#define OSS_ENUMS    255

struct oss_errinfo {
	int32_t play_underruns;
	int32_t rec_overruns;
	int32_t unused[24];
};

/*
 * Packed as on i386, where its 64-bit number is aligned to 4 and the record is
 * 4 bytes shorter: the tail is the same zeros.
 */
struct oss_count {
	int64_t samples;
	int32_t fifo_samples;
	int32_t filler[33];
};

struct oss_sysinfo {
	char product[32];
	char version[32];
	int32_t versionnum;
	char options[128];
	int32_t numaudios;
	int32_t openedaudio[8];
	int32_t numsynths;
	int32_t nummidis;
	int32_t numtimers;
	int32_t nummixers;
	int32_t openedmidi[8];
	int32_t numcards;
	int32_t numaudioengines;
	char license[16];
	char revision_info[256];
	int32_t filler[172];
};

struct oss_audioinfo {
	int32_t dev; /* asked for; -1: this one */
	char name[OSS_LONGNAME];
	int32_t busy; /* PCM_ENABLE_... */
	int32_t pid;
	int32_t caps;
	int32_t iformats;
	int32_t oformats;
	int32_t magic;
	char cmd[OSS_LONGNAME];
	int32_t card_number;
	int32_t port_number;
	int32_t mixer_dev;
	int32_t legacy_device;
	int32_t enabled;
	int32_t flags;
	int32_t min_rate;
	int32_t max_rate;
	int32_t min_channels;
	int32_t max_channels;
	int32_t binding;
	int32_t rate_source;
	char handle[32];
	int32_t nrates;
	int32_t rates[20];
	char song_name[OSS_LONGNAME];
	char label[OSS_LABEL];
	int32_t latency; /* us, -1: unknown */
	char devnode[OSS_DEVNODE];
	int32_t next_play_engine;
	int32_t next_rec_engine;
	int32_t filler[184];
};

struct oss_cardinfo {
	int32_t card; /* asked for */
	char shortname[16];
	char longname[128];
	int32_t flags;
	char hw_info[400];
	int32_t intr_count;
	int32_t ack_count;
	int32_t filler[154];
};

struct oss_mixerinfo {
	int32_t dev; /* asked for; -1: this one */
	char id[16];
	char name[32];
	int32_t modify_counter;
	int32_t card_number;
	int32_t port_number;
	char handle[32];
	int32_t magic;
	int32_t enabled;
	int32_t caps;
	int32_t flags;
	int32_t nrext;
	int32_t priority;
	char devnode[OSS_DEVNODE];
	int32_t legacy_device;
	int32_t filler[245];
};

struct oss_enuminfo {
	int32_t dev;
	int32_t ctrl;
	int32_t nvalues;
	int32_t version;
	int16_t strindex[OSS_ENUMS];
	char strings[OSS_STRINGS];
};

#endif
