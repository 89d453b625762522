/* What a daemon plays and how it is: a table for people, JSON for programs. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat-tools/control.h"
#include "compat-tools/streams.h"
#include "compat-tools/words.h"

#define FULL_SCALE 32768.0 /* of a peak */
#define COLUMNS	   10
#define CELL_MAX   WORDS_ESCAPED_MAX

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
	words_escape(one->name, false, row[1]);
	words_user(one->uid, row[2], CELL_MAX);
	words_format(one->format, row[3], CELL_MAX);
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
		words_time(esd_join(one->played_high, one->played_low) /
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
	char text[WORDS_ESCAPED_MAX];

	words_escape(value, true, text);
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

static void
json_buses(const struct streams *streams)
{
	(void)printf(", \"buses\": [");
	for (size_t i = 0; i < streams->bus_count; i++) {
		const struct esd_bus *bus = &streams->buses[i];

		(void)printf("%s{\"rate\": %d, \"streams\": %d, "
			     "\"delay_us\": %d}",
		    i > 0 ? ", " : "", bus->rate, bus->streams, bus->delay_us);
	}
	(void)putchar(']');
}

static void
json_status(const struct streams *streams, bool extended)
{
	const struct esd_status *status = &streams->status;

	(void)printf("{\"rate\": %d", status->rate);
	if (!extended) {
		return;
	}
	(void)printf(", ");
	json_text("device", status->device);
	(void)printf(", ");
	json_text("version", status->version);
	(void)printf(", \"realtime\": %d, \"card\": %d, \"error\": %d, "
		     "\"channels\": %d, ",
	    status->realtime, status->card, status->error, status->channels);
	json_text("format", status->format);
	(void)printf(", ");
	json_text("access", status->access);
	(void)printf(", \"state\": \"%s\", \"period\": %d, \"buffer\": %d, "
		     "\"delay_us\": %d, \"underruns\": %d, "
		     "\"clipped\": %" PRIu64 ", \"left\": %d, \"right\": %d, "
		     "\"muted\": %s",
	    words_state(status->state), status->period, status->buffer,
	    status->delay_us, status->underruns,
	    esd_join(status->clipped_high, status->clipped_low), status->left,
	    status->right, status->muted ? "true" : "false");
	json_peak(status->peak_left, status->peak_right);
	(void)printf(", \"clients\": %d, \"samples\": %d", status->clients,
	    status->samples);
	json_buses(streams);
}

/* --- commands ----------------------------------------------------------- */

int
control_list(struct control *control, char **operands)
{
	struct streams streams;
	int error = streams_fetch(&control->client, &streams);

	if (error == 0 && control->json) {
		json_list(streams.list, streams.count);
		(void)putchar('\n');
	} else if (error == 0) {
		error = print_table(streams.list, streams.count);
	}
	streams_free(&streams);
	return error;
}

static void
print_device(const struct esd_status *status)
{
	char device[CELL_MAX], format[CELL_MAX], access[CELL_MAX];

	words_escape(status->device, false, device);
	words_escape(status->format, false, format);
	words_escape(status->access, false, access);
	(void)printf("device     %s, %s%s%s\n",
	    device[0] != '\0' ? device : "none", words_state(status->state),
	    status->error != 0 ? ": " : "",
	    status->error != 0 ? strerror(status->error) : "");
	if (format[0] != '\0') {
		(void)printf("format     %s, %d channels, %s\n", format,
		    status->channels, access);
	}
}

static void
print_buses(const struct streams *streams)
{
	(void)printf("buses     ");
	for (size_t i = 0; i < streams->bus_count; i++) {
		(void)printf("%s %d Hz (%d)", i > 0 ? "," : "",
		    streams->buses[i].rate, streams->buses[i].streams);
	}
	(void)printf("%s\n", streams->bus_count == 0 ? " none" : "");
}

static void
print_status(const struct streams *streams, bool extended)
{
	const struct esd_status *status = &streams->status;

	(void)printf("rate       %d Hz\n", status->rate);
	(void)printf("streams    %zu\n", streams->count);
	if (!extended) {
		return;
	}
	double db;
	char version[CELL_MAX];

	words_escape(status->version, false, version);
	(void)printf("version    %s\n", version);
	print_device(status);
	(void)printf("period     %d frames\nbuffer     %d frames\n",
	    status->period, status->buffer);
	(void)printf("delay      %.1f ms\n", status->delay_us / 1000.0);
	(void)printf("priority   %s\n", status->realtime > 0 ? "real-time"
					: status->realtime == 0
					    ? "ordinary, real-time was refused"
					    : "ordinary");
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
	print_buses(streams);
}

int
control_status(struct control *control, char **operands)
{
	struct streams streams;
	int error = streams_fetch(&control->client, &streams);
	bool extended = control->client.extended == 1;

	if (error == 0 && control->json) {
		json_status(&streams, extended);
		(void)printf(",\n \"streams\": ");
		json_list(streams.list, streams.count);
		(void)puts("}");
	} else if (error == 0) {
		print_status(&streams, extended);
	}
	streams_free(&streams);
	return error;
}
