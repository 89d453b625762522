/* What a daemon plays and how it is: a table for people, JSON for programs. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat-tools/control.h"
#include "compat-tools/streams.h"
#include "compat-tools/text.h"

#define FULL_SCALE 32768.0 /* of a peak */
#define COLUMNS	   10
#define CELL_MAX   CONTROL_ESCAPED_MAX

/* --- words for figures -------------------------------------------------- */

static double
percent(int32_t left, int32_t right)
{
	return (left > right ? left : right) * 100.0 / ESD_VOLUME_BASE;
}

/* dB below full scale of the louder side; false: silence, or unknown. */
static bool
peak_db(int32_t left, int32_t right, double *db)
{
	int32_t peak = left > right ? left : right;

	*db = peak > 0 ? 20 * log10(peak / FULL_SCALE) : 0;
	return peak > 0;
}

void
control_escape(const char *text, bool json, char *out)
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

static void
user_name(int32_t uid, char *out, size_t size)
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

static void
format_words(int32_t format, char *out, size_t size)
{
	(void)snprintf(out, size, "%s %s",
	    (format & ESD_MASK_BITS) == ESD_BITS16 ? "16-bit" : "8-bit",
	    (format & ESD_MASK_CHAN) == ESD_STEREO ? "stereo" : "mono");
}

static void
time_words(uint64_t seconds, char *out, size_t size)
{
	(void)snprintf(out, size, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64,
	    seconds / 3600, seconds / 60 % 60, seconds % 60);
}

/* --- the table ---------------------------------------------------------- */

typedef char row_t[COLUMNS][CELL_MAX];

static const char *const headings[COLUMNS] = { "ID", "NAME", "USER", "FORMAT",
	"RATE", "VOLUME", "MUTE", "PEAK", "PLAYED", "UNDERRUNS" };

static void
fill_row(const struct esd_playing *one, row_t row)
{
	double db;

	for (int i = 0; i < COLUMNS; i++) {
		(void)snprintf(row[i], CELL_MAX, "-");
	}
	(void)snprintf(row[0], CELL_MAX, "%d", one->id);
	control_escape(one->name, false, row[1]);
	user_name(one->uid, row[2], CELL_MAX);
	format_words(one->format, row[3], CELL_MAX);
	(void)snprintf(row[4], CELL_MAX, "%d", one->rate);
	(void)snprintf(row[5], CELL_MAX, "%.0f%%",
	    percent(one->left, one->right));
	if (one->muted < 0) {
		return; /* an old server: it tells no more */
	}
	(void)snprintf(row[6], CELL_MAX, "%s", one->muted ? "yes" : "no");
	if (peak_db(one->peak_left, one->peak_right, &db)) {
		(void)snprintf(row[7], CELL_MAX, "%.1f dB", db);
	}
	if (one->rate > 0) {
		time_words(esd_join(one->played_high, one->played_low) /
			       (uint64_t)one->rate,
		    row[8], CELL_MAX);
	}
	(void)snprintf(row[9], CELL_MAX, "%d", one->underruns);
}

static void
print_row(row_t row, const size_t widths[COLUMNS])
{
	static const bool right[COLUMNS] = { true, false, false, false, true,
		true, false, true, true, true };

	for (int i = 0; i < COLUMNS; i++) {
		int width = (int)widths[i];

		(void)printf("%s%*s", i == 0 ? "" : "  ",
		    right[i] ? width : -width, row[i]);
	}
	(void)putchar('\n');
}

static int
print_table(const struct esd_playing *list, size_t count)
{
	row_t *rows = calloc(count + 1, sizeof(*rows));
	size_t widths[COLUMNS] = { 0 };

	if (rows == NULL) {
		return -ENOMEM;
	}
	for (int i = 0; i < COLUMNS; i++) {
		(void)snprintf(rows[0][i], CELL_MAX, "%s", headings[i]);
	}
	for (size_t i = 0; i < count; i++) { /* oldest first */
		fill_row(&list[count - 1 - i], rows[i + 1]);
	}
	for (size_t i = 0; i <= count; i++) {
		for (int column = 0; column < COLUMNS; column++) {
			size_t width = strlen(rows[i][column]);

			if (width > widths[column]) {
				widths[column] = width;
			}
		}
	}
	for (size_t i = 0; i <= count; i++) {
		print_row(rows[i], widths);
	}
	free(rows);
	return 0;
}

/* --- JSON --------------------------------------------------------------- */

static void
json_text(const char *key, const char *value)
{
	char text[CONTROL_ESCAPED_MAX];

	control_escape(value, true, text);
	(void)printf("\"%s\": \"%s\"", key, text);
}

static void
json_peak(int32_t left, int32_t right)
{
	double db;

	if (peak_db(left, right, &db)) {
		(void)printf(", \"peak_db\": %.2f", db);
	} else {
		(void)printf(", \"peak_db\": null");
	}
}

static void
json_stream(const struct esd_playing *one)
{
	(void)printf("{\"id\": %d, ", one->id);
	json_text("name", one->name);
	(void)printf(", ");
	json_text("protocol", one->protocol);
	(void)printf(", \"bits\": %d, \"channels\": %d, \"rate\": %d, "
		     "\"left\": %d, \"right\": %d",
	    (one->format & ESD_MASK_BITS) == ESD_BITS16 ? 16 : 8,
	    (one->format & ESD_MASK_CHAN) == ESD_STEREO ? 2 : 1, one->rate,
	    one->left, one->right);
	if (one->muted >= 0) {
		(void)printf(", \"muted\": %s", one->muted ? "true" : "false");
		json_peak(one->peak_left, one->peak_right);
		(void)printf(", \"played\": %" PRIu64
			     ", \"underruns\": %d, \"latency_us\": %d, "
			     "\"pid\": %d, \"uid\": %d, ",
		    esd_join(one->played_high, one->played_low), one->underruns,
		    one->latency_us, one->pid, one->uid);
		json_text("peer", one->peer);
	}
	(void)putchar('}');
}

static void
json_list(const struct esd_playing *list, size_t count)
{
	(void)putchar('[');
	for (size_t i = count; i-- > 0;) {
		json_stream(&list[i]);
		(void)printf("%s", i > 0 ? ",\n " : "");
	}
	(void)putchar(']');
}

static const char *
state_name(int32_t state)
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

static void
json_status(const struct esd_status *status, bool extended)
{
	(void)printf("{\"rate\": %d", status->rate);
	if (!extended) {
		return;
	}
	(void)printf(", ");
	json_text("device", status->device);
	(void)printf(", \"channels\": %d, ", status->channels);
	json_text("format", status->format);
	(void)printf(", ");
	json_text("access", status->access);
	(void)printf(", \"state\": \"%s\", \"period\": %d, \"buffer\": %d, "
		     "\"delay_us\": %d, \"underruns\": %d, "
		     "\"clipped\": %" PRIu64 ", \"left\": %d, \"right\": %d, "
		     "\"muted\": %s",
	    state_name(status->state), status->period, status->buffer,
	    status->delay_us, status->underruns,
	    esd_join(status->clipped_high, status->clipped_low), status->left,
	    status->right, status->muted ? "true" : "false");
	json_peak(status->peak_left, status->peak_right);
	(void)printf(", \"clients\": %d, \"samples\": %d", status->clients,
	    status->samples);
}

/* --- commands ----------------------------------------------------------- */

int
control_list(struct control *control, char **operands)
{
	struct esd_status status;
	struct esd_playing *list;
	size_t count;
	int error = streams_fetch(&control->client, &status, &list, &count);

	if (error == 0 && control->json) {
		json_list(list, count);
		(void)putchar('\n');
	} else if (error == 0) {
		error = print_table(list, count);
	}
	free(list);
	return error;
}

static void
print_device(const struct esd_status *status)
{
	char device[CELL_MAX], format[CELL_MAX], access[CELL_MAX];

	control_escape(status->device, false, device);
	control_escape(status->format, false, format);
	control_escape(status->access, false, access);
	(void)printf("device     %s, %s\n", device[0] != '\0' ? device : "none",
	    state_name(status->state));
	if (format[0] != '\0') {
		(void)printf("format     %s, %d channels, %s\n", format,
		    status->channels, access);
	}
}

static void
print_status(const struct esd_status *status, size_t streams, bool extended)
{
	(void)printf("rate       %d Hz\n", status->rate);
	(void)printf("streams    %zu\n", streams);
	if (!extended) {
		return;
	}
	double db;

	print_device(status);
	(void)printf("period     %d frames\nbuffer     %d frames\n",
	    status->period, status->buffer);
	(void)printf("delay      %.1f ms\n", status->delay_us / 1000.0);
	(void)printf("underruns  %d\nclipped    %" PRIu64 " samples\n",
	    status->underruns,
	    esd_join(status->clipped_high, status->clipped_low));
	(void)printf("master     %.0f%%%s\n",
	    percent(status->left, status->right),
	    status->muted ? ", muted" : "");
	if (peak_db(status->peak_left, status->peak_right, &db)) {
		(void)printf("peak       %.1f dB\n", db);
	} else {
		(void)printf("peak       silence\n");
	}
	(void)printf("clients    %d\nsamples    %d\n", status->clients,
	    status->samples);
}

int
control_status(struct control *control, char **operands)
{
	struct esd_status status;
	struct esd_playing *list;
	size_t count;
	int error = streams_fetch(&control->client, &status, &list, &count);
	bool extended = control->client.extended == 1;

	if (error == 0 && control->json) {
		json_status(&status, extended);
		(void)printf(",\n \"streams\": ");
		json_list(list, count);
		(void)puts("}");
	} else if (error == 0) {
		print_status(&status, count, extended);
	}
	free(list);
	return error;
}
