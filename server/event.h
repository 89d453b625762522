/*
 * What the audio thread has to tell of its device.  It may not log: it puts
 * one of these into a ring, and the control thread says it.
 */
#ifndef EVENT_H
#define EVENT_H

#include "server/device/device.h"

enum mixer_event_kind {
	MIXER_OPENED,	 /* `got` tells what was granted; error: its rate
			    could not be taken up, it stays silent */
	MIXER_FAILED,	 /* could not be opened: error */
	MIXER_LOST,	 /* was open and is not any more: error */
	MIXER_YIELDED,	 /* closed, as another server asked for the card */
	MIXER_RELEASED,	 /* given up on standby, or for want of sound */
	MIXER_UNDERRUN,	 /* and started again; `count` so far */
	MIXER_TROUBLE,	 /* goes on, but: error */
	MIXER_LISTENING, /* the capture device was opened */
	MIXER_DEAF,	 /* it cannot be had, and is silence: error */
	MIXER_REALTIME	 /* SCHED_FIFO refused: error */
};

struct mixer_event {
	enum mixer_event_kind kind;
	unsigned device; /* index into settings.devices */
	int error;	 /* -errno */
	uint32_t count;
	struct device_got got;
};

#endif
