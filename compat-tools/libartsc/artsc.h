/*
 * artsc.h: playing and recording through the aRts sound server, from C, as in
 * KDE 2 and 3.  C and C++.  Link with what "artsc-config --libs" or
 * "pkg-config --libs artsc" says.
 *
 * Every function may be called from any thread; calls on one stream take turns.
 * None prints, ends the program or raises SIGPIPE.
 */
#ifndef ARTSC_H
#define ARTSC_H

#ifdef __cplusplus
extern "C" {
#endif

/* What functions return where they fail; arts_error_text() says it in words. */
#define ARTS_E_NOSERVER	 (-1) /* no server answers, or it has gone */
#define ARTS_E_NOBACKEND (-2) /* arts_init() was not called, or failed */
#define ARTS_E_NOSTREAM	 (-3) /* no such stream */
#define ARTS_E_NOINIT	 (-4)
#define ARTS_E_NOIMPL	 (-5) /* that cannot be done */

typedef void *arts_stream_t; /* NULL: none */

enum arts_parameter_t_enum {
	ARTS_P_BUFFER_SIZE = 1,	   /* bytes; until the first write or read */
	ARTS_P_BUFFER_TIME = 2,	   /* the same in ms */
	ARTS_P_BUFFER_SPACE = 3,   /* read only: bytes that can be written, or
				      read, without waiting */
	ARTS_P_SERVER_LATENCY = 4, /* read only, ms */
	ARTS_P_TOTAL_LATENCY = 5,  /* read only: that and BUFFER_TIME */
	ARTS_P_BLOCKING = 6,	   /* 1: arts_write() and arts_read() wait
				      until all is done; 0: they never do */
	ARTS_P_PACKET_SIZE = 7,	   /* read only, bytes */
	ARTS_P_PACKET_COUNT = 8,   /* read only */
	ARTS_P_PACKET_SETTINGS = 9 /* both, like BUFFER_SIZE: count << 16, or'ed
				      with the size's logarithm to base 2 */
};
typedef enum arts_parameter_t_enum arts_parameter_t;

/*
 * Connects to the server: first of all, and as often as arts_free().  0, or an
 * error, after which nothing else makes sense.  The last arts_free() closes
 * what streams there still are.
 */
int arts_init(void);
void arts_free(void);

/*
 * Asks the server to release the sound card until the next sound: 1; 0 where
 * it is in use or has been released already; or an error.
 */
int arts_suspend(void);

/* Whether a program may take the card, or play: 1, or an error. */
int arts_suspended(void);

const char *arts_error_text(int errorcode); /* never NULL */

/*
 * A stream to play, or of what the card records.  It comes to be at the server
 * with the first write, read or look at BUFFER_SPACE.
 *   rate      frames per second
 *   bits      8: unsigned, 16: signed, little-endian
 *   channels  1 or 2, interleaved
 *   name      of the stream, for whoever sets its volume
 * NULL without arts_init(), or without memory.
 */
arts_stream_t arts_play_stream(int rate, int bits, int channels,
    const char *name);
arts_stream_t arts_record_stream(int rate, int bits, int channels,
    const char *name);

/*
 * What was written is played to its end, after this has returned.  The stream
 * is none from then on.
 */
void arts_close_stream(arts_stream_t stream);

/*
 * Bytes that were read or written: `count` when BLOCKING, else what there is,
 * or room for, maybe 0.  Less, then an error, once the server has gone.
 */
int arts_read(arts_stream_t stream, void *buffer, int count);
int arts_write(arts_stream_t stream, const void *buffer, int count);

/* The value set, which may be another than was asked for; or an error. */
int arts_stream_set(arts_stream_t stream, arts_parameter_t param, int value);
int arts_stream_get(arts_stream_t stream, arts_parameter_t param);

#ifdef __cplusplus
}
#endif

#endif
