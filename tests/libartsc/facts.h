/*
 * The interface of aRts' C library as old binaries know it: written down from
 * the original's facts, not from our artsc.h, so that the two are compared by
 * whatever is compiled against both.
 */
#ifndef FACTS_H
#define FACTS_H

typedef void *arts_stream_t;
typedef int arts_parameter_t;

int arts_init(void);
void arts_free(void);
int arts_suspend(void);
int arts_suspended(void);
const char *arts_error_text(int);
arts_stream_t arts_play_stream(int, int, int, const char *);
arts_stream_t arts_record_stream(int, int, int, const char *);
void arts_close_stream(arts_stream_t);
int arts_read(arts_stream_t, void *, int);
int arts_write(arts_stream_t, const void *, int);
int arts_stream_set(arts_stream_t, arts_parameter_t, int);
int arts_stream_get(arts_stream_t, arts_parameter_t);

#endif
