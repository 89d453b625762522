/*
 * Sound that comes from a daemon, on its way to a file: what esdrec, esdmon
 * and esdfilt share.
 * Thread: main; says what goes wrong.
 */
#ifndef RECORDER_H
#define RECORDER_H

#include "compat-tools/soundfile.h"
#include "compat-tools/tool.h"

struct recorder {
	/* to be set */
	const struct tool_options *options;
	enum esd_opcode opcode; /* STREAM_REC, _MON or _FILT */
	int32_t format;		/* the whole word */
	const char *name;	/* of the stream; NULL: none */

	/*
	 * Takes n whole frames, may change them; 0, or -errno when it has said
	 * why.  Called before they are written.  NULL: nothing to do.
	 */
	int (*each)(struct recorder *recorder, void *frames, size_t n);

	/* for `each` */
	struct client client;
	unsigned frame_bytes;
	int64_t frames; /* received before this piece */

	/* the recorder's own */
	struct soundfile *out; /* NULL: nowhere */
	int32_t peak[2];       /* 0 .. 32768 since last drawn */
};

/*
 * Records until the daemon closes, or SIGINT, SIGTERM or SIGHUP comes, and
 * completes the file.  While it does, a terminal shows time and level.
 *   wants_file  without a file, it goes to standard output; else nowhere
 * Returns the exit status: 1 where something failed, or the daemon closed
 * without having sent a frame.
 */
int recorder_run(struct recorder *recorder, bool wants_file);

#endif
