#include "compat-tools/words.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "compat-tools/text.h"

void
words_escape(const char *text, bool json, char *out)
{
	while (*text != '\0') {
		size_t length = text_shown(text);

		if (length == 0) {
			out += sprintf(out, json ? "\\u%04x" : "\\x%02X",
			    (unsigned)(unsigned char)*text++);
			continue;
		}
		if (json && (*text == '"' || *text == '\\')) {
			*out++ = '\\';
		}
		memcpy(out, text, length);
		out += length;
		text += length;
	}
	*out = '\0';
}

void
words_user(int32_t uid, char *out, size_t size)
{
	const struct passwd *user = uid < 0 ? NULL : getpwuid((uid_t)uid);

	if (user != NULL) {
		(void)snprintf(out, size, "%s", user->pw_name);
	} else if (uid >= 0) {
		(void)snprintf(out, size, "%d", uid);
	} else {
		(void)snprintf(out, size, "-");
	}
}

void
words_format(int32_t format, char *out, size_t size)
{
	(void)snprintf(out, size, "%s %s",
	    (format & ESD_MASK_BITS) == ESD_BITS16 ? "16-bit" : "8-bit",
	    (format & ESD_MASK_CHAN) == ESD_STEREO ? "stereo" : "mono");
}

void
words_time(uint64_t seconds, char *out, size_t size)
{
	(void)snprintf(out, size, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64,
	    seconds / 3600, seconds / 60 % 60, seconds % 60);
}

const char *
words_state(int32_t state)
{
	switch (state) {
	case ESD_STATE_OPEN:
		return "open";
	case ESD_STATE_ASLEEP:
		return "asleep";
	default:
		return "lost";
	}
}
