#include "compat-tools/doctor.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compat-tools/streams.h"
#include "compat-tools/transport.h"
#include "compat-tools/words.h"
#include "server/cookie.h"

#define ANSWER_MS 2000 /* for a verdict; old libraries give 100 ms */

/* --- reaching it ---------------------------------------------------------- */

static bool
is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value != NULL && value[0] != '\0';
}

static const char *
how_named(const struct doctor *doctor)
{
	if (doctor->server != NULL) {
		return "-s";
	}
	if (is_set("ESPEAKER")) {
		return "ESPEAKER";
	}
	return doctor->address.kind == ADDRESS_TCP ? "DISPLAY" : NULL;
}

static bool
is_here(const struct address *address)
{
	return address->kind != ADDRESS_TCP ||
	       strcasecmp(address->host, "localhost") == 0 ||
	       strncmp(address->host, "127.", strlen("127.")) == 0 ||
	       strcmp(address->host, "::1") == 0;
}

bool
doctor_is_own(const struct doctor *doctor)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(doctor->client.fd, SOL_SOCKET, SO_PEERCRED, &peer,
		   &size) == 0 &&
	       peer.uid == geteuid();
}

/* Our key; other programs make one where there is none, but we only look. */
static int
read_key(struct client *client, struct esd_auth *auth)
{
	char path[PATH_MAX];
	int error = cookie_path(path, sizeof(path));

	*auth = (struct esd_auth){ .endian = ESD_ENDIAN_KEY };
	if (error != 0) {
		(void)snprintf(client->why, sizeof(client->why),
		    "there is no home for it; set HOME");
		return error;
	}
	error = cookie_read(path, auth->key, client->why, sizeof(client->why));
	if (error == -ENOENT) {
		(void)snprintf(client->why, sizeof(client->why),
		    "there is no %.500s; copy that of the user who runs it "
		    "there",
		    path);
	}
	return error;
}

/* Without a key a daemon knows us by our user, on a Unix socket. */
static bool
is_known_anyway(const struct doctor *doctor, int error)
{
	struct sockaddr_storage name = { .ss_family = AF_UNSPEC };
	socklen_t size = sizeof(name);

	return (error == -ENOENT || error == -ENOTDIR || error == -EACCES) &&
	       getpeername(doctor->client.fd, (struct sockaddr *)&name,
		   &size) == 0 &&
	       name.ss_family == AF_UNIX;
}

/* What the server says to our key. */
static enum doctor_contact
show_key(struct doctor *doctor)
{
	struct client *client = &doctor->client;
	struct esd_auth auth;
	struct esd_raw_ok verdict = { 0 };
	int keyless = read_key(client, &auth);
	int error;

	if (keyless != 0 && !is_known_anyway(doctor, keyless)) {
		return CONTACT_NO_KEY;
	}
	client->timeout_ms = ANSWER_MS;
	error = client_call(client, ESD_CONNECT, &auth,
	    (struct client_reply[]){ { .record = &verdict } });
	client->timeout_ms = CLIENT_TIMEOUT;
	if (error == -ETIMEDOUT) {
		return CONTACT_MUTE;
	}
	if (error == 0 && verdict.ok == 1) {
		return CONTACT_MADE;
	}
	if (error == 0 && verdict.ok != 0) {
		return CONTACT_STRANGE;
	}
	/* Old servers just close. */
	return keyless != 0 && !doctor_is_own(doctor) ? CONTACT_NO_KEY
						      : CONTACT_REFUSED;
}

static enum doctor_contact
connect_to(struct doctor *doctor)
{
	switch (
	    client_connect(&doctor->client, doctor->server, CLIENT_TIMEOUT)) {
	case 0:
		return show_key(doctor);
	case -EACCES:
		return CONTACT_FORBIDDEN;
	case -EPERM:
		return CONTACT_FOREIGN;
	default:
		return CONTACT_NONE;
	}
}

/* It lets us in; an answer that is none makes it something else. */
static void
ask(struct doctor *doctor)
{
	struct streams streams;
	int error = streams_fetch(&doctor->client, &streams);

	doctor->extended = doctor->client.extended == 1;
	doctor->status = streams.status;
	streams_free(&streams);
	if (error < 0) {
		doctor->contact =
		    error == -ETIMEDOUT ? CONTACT_MUTE : CONTACT_STRANGE;
	}
}

void
doctor_reach(struct doctor *doctor)
{
	if (address_parse(doctor->server, &doctor->address) != 0) {
		doctor->address.kind = ADDRESS_TCP; /* too long for any */
	}
	doctor->how = how_named(doctor);
	doctor->here = is_here(&doctor->address);
	doctor->contact = connect_to(doctor);
	if (doctor->contact == CONTACT_MADE) {
		ask(doctor);
	}
}

/* --- its places ----------------------------------------------------------- */

/*
 * The first of the Unix sockets that programs look at which, tried now, fails
 * in that way; NULL: none does.
 */
static const char *
find_place(const struct doctor *doctor, int reason)
{
	static char paths[ADDRESS_TRIES][ADDRESS_PATH_MAX];
	unsigned count = 1;

	if (doctor->address.kind == ADDRESS_TCP) {
		return NULL;
	}
	if (doctor->address.kind == ADDRESS_UNIX) {
		memcpy(paths[0], doctor->address.path, ADDRESS_PATH_MAX);
	} else {
		count = address_local(paths);
	}
	for (unsigned i = 0; i < count; i++) {
		int fd = transport_connect_unix(paths[i]);

		if (fd >= 0) {
			(void)close(fd);
		} else if (fd == reason) {
			return paths[i];
		}
	}
	return NULL;
}

/* --- checks --------------------------------------------------------------- */

bool
doctor_speaker(struct doctor *doctor)
{
	const char *how = doctor->how;

	if (how == NULL) {
		return false;
	}
	switch (doctor->contact) {
	case CONTACT_NONE:
		return doctor->address.kind != ADDRESS_LOCAL &&
		       doctor_say(doctor, "%s leads nowhere: %s", how,
			   doctor->client.why);
	case CONTACT_MUTE:
		return doctor_say(doctor,
		    "%s leads to %s, where somebody listens but says nothing; "
		    "it hangs or is no ESD server: name another, or start it "
		    "again",
		    how, doctor->client.place);
	case CONTACT_STRANGE:
		return doctor_say(doctor,
		    "%s leads to %s, which is no ESD server; name another", how,
		    doctor->client.place);
	default:
		return false;
	}
}

bool
doctor_daemon(struct doctor *doctor)
{
	if (doctor->address.kind != ADDRESS_LOCAL) {
		return false;
	}
	switch (doctor->contact) {
	case CONTACT_NONE:
		return doctor_say(doctor,
		    "no daemon runs; start esdmixd, or \"systemctl --user "
		    "start esdmixd\"");
	case CONTACT_MUTE:
	case CONTACT_STRANGE:
		return doctor->how == NULL &&
		       doctor_say(doctor,
			   "what listens at %s is no ESD server, or hangs; "
			   "end it and start esdmixd",
			   doctor->client.place);
	default:
		return false;
	}
}

bool
doctor_stale(struct doctor *doctor)
{
	const char *path = find_place(doctor, -ECONNREFUSED);

	return path != NULL &&
	       doctor_say(doctor,
		   "%s was left behind by a daemon that was killed; start "
		   "esdmixd, which replaces it, or remove it",
		   path);
}

void
doctor_group_name(gid_t group, char name[DOCTOR_NAME_MAX])
{
	const struct group *found = getgrgid(group);

	if (found != NULL) {
		(void)snprintf(name, DOCTOR_NAME_MAX, "%s", found->gr_name);
	} else {
		(void)snprintf(name, DOCTOR_NAME_MAX, "%u", (unsigned)group);
	}
}

bool
doctor_group(struct doctor *doctor)
{
	const char *place = doctor->client.place;
	char group[DOCTOR_NAME_MAX], user[DOCTOR_NAME_MAX];
	struct stat st;

	if (doctor->contact == CONTACT_FOREIGN) {
		return doctor_say(doctor,
		    "%s is another user's, who would get our key; start "
		    "esdmixd, or name that one by ESPEAKER=unix:%s",
		    place, place);
	}
	if (doctor->contact != CONTACT_FORBIDDEN) {
		return false;
	}
	if (stat(place, &st) != 0 || (st.st_mode & S_IWGRP) == 0) {
		return doctor_say(doctor,
		    "%s is for its owner only; start esdmixd, or have it "
		    "shared by socket-group",
		    place);
	}
	doctor_group_name(st.st_gid, group);
	words_user((int32_t)geteuid(), user, sizeof(user));
	return doctor_say(doctor,
	    "%s is for members of group %s, which we are not; \"usermod -aG "
	    "%s %s\" and log in again",
	    place, group, group, user);
}

/* A daemon of our own user asks for no key, and yet it refuses us. */
bool
doctor_clients(struct doctor *doctor)
{
	return doctor->contact == CONTACT_REFUSED && doctor_is_own(doctor) &&
	       doctor_say(doctor,
		   "the daemon at %s is our own but refuses us: it has as "
		   "many clients as it takes; end some, or raise its setting "
		   "clients (or, if it is an old esd, start it again: the key "
		   "has changed)",
		   doctor->client.place);
}

/* Our key file is bad, or it is not the daemon's. */
bool
doctor_cookie(struct doctor *doctor)
{
	char path[PATH_MAX] = ".esd_auth";

	if (doctor->contact == CONTACT_NO_KEY) {
		return doctor_say(doctor, "we have no key for the daemon: %s",
		    doctor->client.why);
	}
	if (doctor->contact != CONTACT_REFUSED || doctor_is_own(doctor)) {
		return false;
	}
	(void)cookie_path(path, sizeof(path));
	return doctor_say(doctor,
	    "%s is not the key of the daemon at %s; copy the .esd_auth of the "
	    "user who runs it there, or start one of our own (or it has as "
	    "many clients as it takes)",
	    path, doctor->client.place);
}

/* As far as its socket tells; else ours. */
static unsigned
daemon_user(const struct doctor *doctor)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t size = sizeof(peer);

	(void)getsockopt(doctor->client.fd, SOL_SOCKET, SO_PEERCRED, &peer,
	    &size);
	return (unsigned)(peer.uid == (uid_t)-1 ? geteuid() : peer.uid);
}

bool
doctor_realtime(struct doctor *doctor)
{
	return doctor->contact == CONTACT_MADE && doctor->extended &&
	       doctor->status.realtime == 0 &&
	       doctor_say(doctor,
		   "the daemon was refused real-time priority, so that a busy "
		   "machine makes gaps; let \"@audio - rtprio 20\" be in "
		   "/etc/security/limits.conf and its user in group audio, who "
		   "then logs in again (for a unit of his, once all his "
		   "sessions have ended, or user@%u.service is started "
		   "again), or set realtime-priority = 0",
		   daemon_user(doctor));
}
