/*
 * One sound on its way from a client to its bus.
 *
 * The control thread makes it, lends it to the audio thread (mixer_add), and
 * frees it once it came back (mixer_news).
 */
#ifndef STREAM_H
#define STREAM_H

#include <stdatomic.h>

#include "server/clips.h"
#include "server/engine/engine.h"
#include "server/ring.h"

struct owner;

struct stream {
	/* constant */
	uint32_t id; /* > 0, not reused soon; a clip's player has its */
	struct sound sound;
	struct clip *clip; /* what it plays; NULL: its ring */
	unsigned slot;	   /* of its bus in the engine */
	char name[ESD_NAME_MAX];
	const char *protocol; /* it came by, as lists say */
	int32_t uid;	      /* of who plays it; -1: not known */

	/* control */
	struct owner *owner; /* NULL once its client has gone */
	struct stream *next; /* newer to older, see mixer_streams() */
	int32_t volume[2];   /* as set, ESD_VOLUME_BASE is unity */
	bool muted;	     /* silent, and keeps its volume */
	bool tracked;	     /* its client is told its position */
	bool stopped;	     /* a clip's player that was told to */
	struct bus *bus;     /* to install, on the way over; on the way
				back what it replaced; NULL if none */

	/* atomic: control writes, audio reads */
	_Atomic uint32_t gain[2]; /* gain_t aimed at, left and right */
	atomic_bool looping;	  /* its clip begins again at its end */
	atomic_bool ended;	  /* no more bytes will come: play, then go */
	atomic_bool killed;	  /* go at once */
	atomic_bool held;	  /* play nothing; once ended, go */
	atomic_bool thirsty;	  /* its reader stopped on a full ring */

	/* atomic: audio writes, control reads */
	_Atomic uint64_t played;    /* frames taken from the ring */
	_Atomic uint32_t underruns; /* times it ran dry after it had begun */
	_Atomic uint32_t peak[2];   /* greatest s16 magnitude, till read */

	/* audio */
	gain_t gain_now[2];
	bool begun;	/* it has played since it last ran dry */
	size_t clip_at; /* bytes of the clip that are played */
	struct stream *next_playing;

	/* the client's bytes; producer control, consumer audio */
	struct ring ring;
};

#define STREAM_RING_MS	128   /* of sound, at least */
#define STREAM_RING_MAX 65536 /* bytes, unless two periods need more */

/* For a client on a network, which may stall that long, less a margin. */
#define STREAM_REMOTE_MS 250

/*
 * A stream of what a client sends, at unity volume.
 *   period_ms  of the device; its ring holds two of them at least
 * Returns 0 or -ENOMEM.
 */
int stream_create(const struct sound *sound, const char *name,
    uint32_t period_ms, struct stream **created);

/* The same, with a ring of that many ms of sound, if two periods fit. */
int stream_create_sized(const struct sound *sound, const char *name,
    uint32_t ring_ms, uint32_t period_ms, struct stream **created);

/* A stream of a clip, which it holds, at the clip's volume; 0 or -ENOMEM. */
int stream_create_clip(struct clip *clip, bool looping,
    struct stream **created);
void stream_destroy(struct stream *stream); /* NULL is fine */

/* Clamps to 0 .. VOLUME_MAX and aims the gains there. */
void stream_set_volume(struct stream *stream, int32_t left, int32_t right);
void stream_set_muted(struct stream *stream, bool muted);

/* No more bytes will come: it plays what it has, then it is over. */
void stream_end(struct stream *stream);

/* Frames in its ring.  Thread: control or audio. */
uint32_t stream_queued(const struct stream *stream);

/* The gain of a volume within 0 .. VOLUME_MAX. */
gain_t stream_gain(int32_t volume);

/*
 * Thread: audio.  Plays what this period takes into its bus; returns the
 * frames played, less than the period's where it ran dry.
 */
uint32_t stream_mix(struct stream *stream, struct engine *engine);

/*
 * Thread: audio.  A whole frame can be played now.  (In a ring, the contiguous
 * bytes tell: its size is a multiple of every frame's.)
 */
bool stream_is_ready(const struct stream *stream);

/* Thread: audio.  It has ended and nothing is left to play, or was killed.
 */
bool stream_is_over(const struct stream *stream);

#endif
