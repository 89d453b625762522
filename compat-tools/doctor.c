#include "compat-tools/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat-tools/control.h"
#include "compat-tools/words.h"

#define PRINTED_MAX (6 * DOCTOR_SAYS_MAX + 1) /* see words_escape() */

struct check {
	const char *name;
	doctor_check *look;
};

/* In the order of the way that sound takes. */
/* clang-format off */
static const struct check checks[] = {
	{ "speaker",    doctor_speaker },    /* leads nowhere */
	{ "daemon",     doctor_daemon },     /* none runs */
	{ "stale",      doctor_stale },      /* a socket left behind */
	{ "group",      doctor_group },      /* we are not in it */
	{ "clients",    doctor_clients },    /* are too many */
	{ "cookie",     doctor_cookie },     /* is another one */
	{ "card",       doctor_card },       /* there is none */
	{ "permission", doctor_permission }, /* we may not open it */
	{ "server",     doctor_server },     /* another one has it */
	{ "oss",        doctor_oss },        /* by the kernel's emulation */
	{ "held",       doctor_held },       /* some program has it */
	{ "recursion",  doctor_recursion },  /* the device is the daemon */
	{ "device",     doctor_device },     /* none, whyever */
	{ "volume",     doctor_volume },     /* is 0 */
	{ "realtime",   doctor_realtime },   /* refused */
	{ "preload",    doctor_preload },    /* nothing for 32 bits */
};
/* clang-format on */

#define CHECKS (sizeof(checks) / sizeof(checks[0]))

bool
doctor_say(struct doctor *doctor, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(doctor->says, sizeof(doctor->says), format, args);
	va_end(args);
	return true;
}

/* --- what is printed ------------------------------------------------------ */

static void
print_json(const char *key, const char *text)
{
	char escaped[PRINTED_MAX];

	words_escape(text, true, escaped);
	(void)printf("\"%s\": \"%s\"", key, escaped);
}

static void
print_finding(const struct doctor *doctor, const char *name, bool json)
{
	char escaped[PRINTED_MAX];

	if (json) {
		(void)printf("%s\n {", doctor->found > 1 ? "," : "");
		print_json("check", name);
		(void)printf(", ");
		print_json("says", doctor->says);
		(void)putchar('}');
		return;
	}
	words_escape(doctor->says, false, escaped);
	(void)printf("%s: %s\n", name, escaped);
}

static void
print_daemon_json(const struct doctor *doctor)
{
	const struct esd_status *status = &doctor->status;

	if (doctor->contact != CONTACT_MADE) {
		return;
	}
	(void)printf(",\n ");
	print_json("place", doctor->client.place);
	(void)printf(", \"rate\": %d", status->rate);
	if (doctor->extended) {
		(void)printf(", ");
		print_json("version", status->version);
		(void)printf(", ");
		print_json("device", status->device);
		(void)printf(", \"state\": \"%s\", \"channels\": %d, ",
		    words_state(status->state), status->channels);
		print_json("format", status->format);
		(void)printf(", \"delay_us\": %d", status->delay_us);
	}
}

/* "esdmixd 0.1.0 at PLACE plays on hw:0 at 48000 Hz, ..." */
static void
print_daemon(const struct doctor *doctor)
{
	const struct esd_status *status = &doctor->status;
	char device[WORDS_ESCAPED_MAX], version[WORDS_ESCAPED_MAX];
	char format[WORDS_ESCAPED_MAX];

	if (!doctor->extended) {
		(void)printf("a server without esdmixd's extension answers at "
			     "%s; it mixes at %d Hz\n",
		    doctor->client.place, status->rate);
		return;
	}
	words_escape(status->version, false, version);
	words_escape(status->device, false, device);
	words_escape(status->format, false, format);
	(void)printf("esdmixd %s at %s ", version, doctor->client.place);
	if (status->state == ESD_STATE_LOST) {
		(void)printf("plays into nothing, at %d Hz\n", status->rate);
	} else if (status->state == ESD_STATE_ASLEEP) {
		(void)printf("has released %s until the next sound\n", device);
	} else {
		(void)printf("plays on %s at %d Hz, %s, %d channels, %.1f ms "
			     "behind\n",
		    device, status->rate, format, status->channels,
		    status->delay_us / 1000.0);
	}
}

/* --- the command ---------------------------------------------------------- */

/* Where this machine's files are, which may be below another root. */
static void
find_files(struct doctor *doctor)
{
	const char *root = getenv("ESDCTL_ROOT");

	if (root == NULL) {
		root = "";
	}
	(void)snprintf(doctor->proc, sizeof(doctor->proc), "%.4000s/proc",
	    root);
	(void)snprintf(doctor->dev, sizeof(doctor->dev), "%.4000s/dev", root);
	(void)snprintf(doctor->etc, sizeof(doctor->etc), "%.4000s/etc", root);
	(void)snprintf(doctor->loader, sizeof(doctor->loader),
	    "%.4000s/lib/ld-linux.so.2", root);
}

int
control_doctor(struct control *control, char **operands)
{
	struct doctor doctor = { .server = control->server };

	find_files(&doctor);
	doctor_reach(&doctor);
	doctor_look(&doctor);
	if (control->json) {
		(void)printf("{\"findings\": [");
	}
	for (size_t i = 0; i < CHECKS; i++) {
		if (checks[i].look(&doctor)) {
			doctor.found++;
			print_finding(&doctor, checks[i].name, control->json);
		}
	}
	if (control->json) {
		(void)printf("]");
		print_daemon_json(&doctor);
		(void)printf(",\n \"well\": %s}\n",
		    doctor.found == 0 ? "true" : "false");
	} else if (doctor.contact == CONTACT_MADE) {
		(void)printf("%s", doctor.found == 0 ? "all is well: " : "");
		print_daemon(&doctor);
	}
	client_close(&doctor.client);
	return doctor.found == 0 ? EXIT_SUCCESS : EXIT_NO_SERVER;
}
