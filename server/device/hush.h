/*
 * libjack, which ALSA's plugin for it brings along, tells every failure on
 * standard error, which is our log, and starts a server where there is none.
 * We try again every second, and say once, in a line of ours, what is wrong.
 * Thread: any, unless said otherwise.
 */
#ifndef HUSH_H
#define HUSH_H

/* Before there are threads.  A user's own choice in the environment counts. */
void hush_prepare(void);

/* Before a device of that name is opened, and after. */
void hush_begin(const char *name);
void hush_end(void);

#endif
