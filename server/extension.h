/* The handlers of the rows from ESD_EXTENSION on.  Thread: control. */
#ifndef EXTENSION_H
#define EXTENSION_H

#include "server/esd.h"

session_handler on_stream_track, on_status, on_stream_volume, on_master_volume,
    on_stream_kill, on_stream_hold, on_watch, on_forget, on_name_volume,
    on_suspend;

#endif
