/*
 * What the files of one device share, and nobody else: device.c has its life
 * and settings, outflow.c what is played, inflow.c what is recorded.
 */
#ifndef DSP_DEVICE_IMPL_H
#define DSP_DEVICE_IMPL_H

#include "compat-tools/dsp/capture.h"
#include "compat-tools/dsp/device.h"
#include "compat-tools/dsp/play.h"
#include "compat-tools/dsp/ring.h"
#include "compat-tools/dsp/turn.h"

#define DEVICE_PIECE 16384 /* bytes moved at a time */

struct device {
	struct device_settings settings;
	char name[ESD_NAME_MAX];
	struct device_format format;
	unsigned frame_bytes;
	struct fragments fragments;
	unsigned trigger; /* PCM_ENABLE_... */
	int32_t volume[2];
	int32_t changes;      /* of volumes */
	unsigned under, over; /* faults that were told */
	bool ended;	      /* nobody holds its descriptor */

	/* outflow.c */
	struct play *play;  /* NULL: nothing was written yet */
	struct play *old;   /* plays out: the last format's, or the last */
	unsigned old_frame; /* bytes of its frames */
	struct turn turn;   /* not yet come: nothing is played */
	uint64_t before;    /* bytes played in other formats */
	uint64_t told_out;  /* fragments */
	struct ring out;
	bool rolling; /* out is played */
	bool stopped; /* the program cannot write: see device_told_out() */
	struct loop_timer passing;
	uint8_t piece[DEVICE_PIECE];
	size_t part;  /* bytes of a frame that is not whole, at piece's start */
	bool asks;    /* how much it may write */
	bool hurries; /* it is O_NONBLOCK */
	bool gated;   /* the program is not read now */
	bool waited;  /* for drained() */

	/* inflow.c */
	struct capture *capture; /* NULL: nobody reads yet */
	uint64_t told_in;	 /* fragments */
	struct ring in;
	bool blocked; /* the program does not read */
	struct loop_timer settled;
};

/* Watches the program's descriptor for what is wanted now. */
void device_watch(struct device *device);

/* Bytes that wait in a socket. */
uint32_t device_unread(int fd);

/* Throws those away. */
void device_discard(int fd);

/* --- outflow.c ------------------------------------------------------------ */

/* Reads what fits in, copies what is due, tells who waits for the end. */
void outflow_pump(struct device *device);

/* The program has gone: what it wrote is played, then the device goes. */
void outflow_end(struct device *device);

/* All that was written so far is sound of the format that was. */
void outflow_retire(struct device *device);

/* Fragments are of another size: none has passed since they were told. */
void outflow_recount(struct device *device);

/* What is written is played from now on; what is mapped, too. */
void outflow_start(struct device *device);

/* What may be played is, all else is not: for who changes that. */
void outflow_hold(struct device *device);

/* Bytes that the kernel holds beside what is held here. */
uint32_t outflow_slack(const struct device *device);

/* Its timer's. */
void outflow_on_passing(void *arg);

/* --- inflow.c ------------------------------------------------------------- */

/* The program reads again. */
void inflow_go_on(struct device *device);

/* As outflow_recount(). */
void inflow_recount(struct device *device);

/* A setting was made: one that is open to read alone will soon be read. */
void inflow_settle(struct device *device);

/* Its timer's. */
void inflow_on_settled(void *arg);

void inflow_end(struct device *device);

#endif
