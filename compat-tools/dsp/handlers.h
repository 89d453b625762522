/*
 * The handlers of oss.def: each answers one call, and may rely on the argument
 * having the bytes that its row says.  In oss.c, mixer.c and info.c.
 */
#ifndef DSP_HANDLERS_H
#define DSP_HANDLERS_H

#include "compat-tools/dsp/oss.h"

#define CALL(name, type, number, direction, bytes, handler, help)              \
	int handler(const struct oss_call *call);
#include "compat-tools/dsp/oss.def"

#endif
