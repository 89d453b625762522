/*
 * libasound_module_ctl_esd.so: the daemon's mixer, for alsamixer, amixer and
 * whatever else is a mixer to ALSA.
 *
 *   ctl.esd {
 *           type esd
 *           server "HOST"   # as ESPEAKER; without it, what that says
 *           name "mpg123"   # whose volume PCM is
 *   }
 *
 * The elements are Master; PCM, this program's volume, while it plays or where
 * the settings name one; and every stream's, by its name.  A daemon that goes
 * away is a card that is unplugged: who opens it anew gets the next daemon's.
 */
#include <alsa/asoundlib.h>
#include <alsa/control_external.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "compat-tools/alsa-plugin/desk.h"
#include "compat-tools/alsa-plugin/settings.h"

SND_CTL_PLUGIN_DEFINE_FUNC(esd);

struct mixer {
	snd_ctl_ext_t ext;
	struct desk desk;
	int bell;    /* an eventfd, polled beside the desk's watch */
	bool rung;   /* something is untold */
	bool broken; /* what is polled: the daemon is lost */
};

/* --- what ALSA polls ------------------------------------------------------ */

/*
 * Most programs look at the descriptor alone, and only an error there tells
 * them that the card is gone: it becomes a pipe that nobody reads.
 */
static void
break_poll(struct mixer *mixer)
{
	int ends[2];

	if (mixer->broken || pipe2(ends, O_CLOEXEC) != 0) {
		return;
	}
	(void)close(ends[0]);
	mixer->broken = dup3(ends[1], mixer->ext.poll_fd, O_CLOEXEC) >= 0;
	(void)close(ends[1]);
}

/*
 * What the watch was told may have been read long before the event is: the
 * bell rings until then.
 */
static void
set_bell(struct mixer *mixer)
{
	bool ring =
	    mixer->ext.subscribed && strips_untold(&mixer->desk.strips) != NULL;
	eventfd_t value;

	if (mixer->desk.lost) {
		break_poll(mixer);
	} else if (ring != mixer->rung) {
		mixer->rung = ring;
		(void)(ring ? eventfd_write(mixer->bell, 1)
			    : eventfd_read(mixer->bell, &value));
	}
}

/* 0, or -ENODEV. */
static int
catch_up(struct mixer *mixer)
{
	int error = desk_catch_up(&mixer->desk);

	set_bell(mixer);
	return error;
}

static int
on_poll_revents(snd_ctl_ext_t *ext, struct pollfd *pfds, unsigned nfds,
    unsigned short *revents)
{
	struct mixer *mixer = ext->private_data;

	*revents = catch_up(mixer) != 0 ? POLLERR : mixer->rung ? POLLIN : 0;
	return 0;
}

static void
on_subscribe(snd_ctl_ext_t *ext, int subscribe)
{
	set_bell(ext->private_data);
}

/* --- elements ------------------------------------------------------------- */

static const char *const suffixes[STRIPS_PARTS] = {
	[STRIPS_VOLUME] = " Playback Volume",
	[STRIPS_SWITCH] = " Playback Switch",
};

static void
set_id(const struct strip *strip, enum strips_part part, snd_ctl_elem_id_t *id)
{
	char name[STRIPS_NAME_MAX + sizeof(" Playback Volume")];

	(void)snprintf(name, sizeof(name), "%s%s", strip->name, suffixes[part]);
	snd_ctl_elem_id_set_interface(id, SND_CTL_ELEM_IFACE_MIXER);
	snd_ctl_elem_id_set_name(id, name);
	snd_ctl_elem_id_set_index(id, strip->index);
}

/* Who has not subscribed learns what there is by listing it. */
static int
on_count(snd_ctl_ext_t *ext)
{
	struct mixer *mixer = ext->private_data;

	(void)catch_up(mixer);
	if (!ext->subscribed) {
		strips_tell_all(&mixer->desk.strips);
	}
	return (int)strips_count(&mixer->desk.strips) * STRIPS_PARTS;
}

/*
 * alsa-lib numbers the elements by their place here, and comes back with the
 * number, though places change where strips go.  So what has a name is sought
 * by that; and of what has neither name nor number the dB scale is asked: any
 * volume's will do, they have the same, and the parity tells it from a switch.
 */
static int
on_list(snd_ctl_ext_t *ext, unsigned offset, snd_ctl_elem_id_t *id)
{
	const struct mixer *mixer = ext->private_data;
	const struct strip *strip =
	    strips_at(&mixer->desk.strips, offset / STRIPS_PARTS);
	bool numbered = snd_ctl_elem_id_get_numid(id) != 0;

	if (mixer->desk.lost) {
		return -ENODEV;
	}
	if (numbered && snd_ctl_elem_id_get_name(id)[0] != '\0') {
		return 0;
	}
	if (strip == NULL && !numbered) {
		strip = strips_at(&mixer->desk.strips, 0);
	}
	if (strip == NULL) {
		return -ENOENT;
	}
	set_id(strip, offset % STRIPS_PARTS, id);
	return 0;
}

static snd_ctl_ext_key_t
key_of(const struct strips *strips, const struct strip *strip,
    enum strips_part part)
{
	return (size_t)(strip - strips->list) * STRIPS_PARTS + part;
}

static snd_ctl_ext_key_t
on_find(snd_ctl_ext_t *ext, const snd_ctl_elem_id_t *id)
{
	struct mixer *mixer = ext->private_data;
	const char *name = snd_ctl_elem_id_get_name(id);
	size_t length = strlen(name);

	(void)catch_up(mixer);
	for (int part = 0; part < STRIPS_PARTS; part++) {
		size_t suffix = strlen(suffixes[part]);
		char base[STRIPS_NAME_MAX];
		const struct strip *strip;

		if (length <= suffix || length - suffix >= sizeof(base) ||
		    strcmp(name + length - suffix, suffixes[part]) != 0) {
			continue;
		}
		(void)snprintf(base, sizeof(base), "%.*s",
		    (int)(length - suffix), name);
		strip = strips_find(&mixer->desk.strips, base,
		    snd_ctl_elem_id_get_index(id));
		if (strip != NULL) {
			return key_of(&mixer->desk.strips, strip, part);
		}
	}
	return SND_CTL_EXT_KEY_NOT_FOUND;
}

static struct strip *
strip_of(const struct mixer *mixer, snd_ctl_ext_key_t key)
{
	return &mixer->desk.strips.list[key / STRIPS_PARTS];
}

static int
on_attribute(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, int *type,
    unsigned *access, unsigned *count)
{
	const struct mixer *mixer = ext->private_data;

	if (mixer->desk.lost) {
		return -ENODEV;
	}
	*access = SND_CTL_EXT_ACCESS_READWRITE;
	if (key % STRIPS_PARTS == STRIPS_SWITCH) {
		*type = SND_CTL_ELEM_TYPE_BOOLEAN;
		*count = 1;
	} else {
		*type = SND_CTL_ELEM_TYPE_INTEGER;
		*access |= SND_CTL_EXT_ACCESS_TLV_READ;
		*count = DESK_SIDES;
	}
	return 0;
}

static int
on_range(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, long *least, long *most,
    long *step)
{
	*least = 0;
	*most = DESK_FULL;
	*step = 1;
	return 0;
}

static int
on_read(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, long *value)
{
	const struct strip *strip = strip_of(ext->private_data, key);

	if (key % STRIPS_PARTS == STRIPS_SWITCH) {
		value[0] = !strip->muted;
		return 0;
	}
	value[0] = strip->volume[0];
	value[1] = strip->volume[1];
	return 0;
}

static int
on_write(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, long *value)
{
	struct mixer *mixer = ext->private_data;
	int set = desk_set(&mixer->desk, strip_of(mixer, key),
	    key % STRIPS_PARTS, value);

	set_bell(mixer);
	return set;
}

/* --- events --------------------------------------------------------------- */

static unsigned
event_mask(unsigned news)
{
	return (news & STRIPS_WENT) != 0   ? SND_CTL_EVENT_MASK_REMOVE
	       : (news & STRIPS_CAME) != 0 ? SND_CTL_EVENT_MASK_ADD
					   : SND_CTL_EVENT_MASK_VALUE;
}

static int
wait_bell(struct mixer *mixer)
{
	struct pollfd poll_fd = { mixer->ext.poll_fd, POLLIN, 0 };

	if (poll(&poll_fd, 1, -1) < 0) {
		return -errno;
	}
	return catch_up(mixer);
}

/* 1 with an event, or -errno. */
static int
on_event(snd_ctl_ext_t *ext, snd_ctl_elem_id_t *id, unsigned *mask)
{
	struct mixer *mixer = ext->private_data;
	int error = ext->subscribed ? catch_up(mixer) : -EBADFD;
	struct strip *strip;

	while (error == 0 && !mixer->rung) {
		error = ext->nonblock ? -EAGAIN : wait_bell(mixer);
	}
	if (error != 0) {
		return error;
	}
	strip = strips_untold(&mixer->desk.strips);
	enum strips_part part =
	    strip->untold[STRIPS_VOLUME] != 0 ? STRIPS_VOLUME : STRIPS_SWITCH;

	set_id(strip, part, id);
	snd_ctl_elem_id_set_numid(id,
	    (unsigned)key_of(&mixer->desk.strips, strip, part) + 1);
	*mask = event_mask(strips_tell(&mixer->desk.strips, strip, part));
	set_bell(mixer);
	return 1;
}

/* --- opening -------------------------------------------------------------- */

static void
close_poll(struct mixer *mixer)
{
	if (mixer->ext.poll_fd >= 0) {
		(void)close(mixer->ext.poll_fd);
	}
	if (mixer->bell >= 0) {
		(void)close(mixer->bell);
	}
}

static void
on_close(snd_ctl_ext_t *ext)
{
	struct mixer *mixer = ext->private_data;

	desk_close(&mixer->desk);
	close_poll(mixer);
	free(mixer);
}

static const snd_ctl_ext_callback_t callbacks = {
	.close = on_close,
	.elem_count = on_count,
	.elem_list = on_list,
	.find_elem = on_find,
	.get_attribute = on_attribute,
	.get_integer_info = on_range,
	.read_integer = on_read,
	.write_integer = on_write,
	.subscribe_events = on_subscribe,
	.read_event = on_event,
	.poll_revents = on_poll_revents,
};

/* Of all volumes: 256 is 0 dB, and half of it half the amplitude. */
static const unsigned scale[] = { SND_CTL_TLVT_DB_LINEAR, 2 * sizeof(unsigned),
	(unsigned)SND_CTL_TLV_DB_GAIN_MUTE, 0 };

static void
describe(snd_ctl_ext_t *ext, const struct client *client)
{
	ext->version = SND_CTL_EXT_VERSION;
	ext->card_idx = -1; /* none of the kernel's */
	(void)snprintf(ext->id, sizeof(ext->id), "esdmixd");
	(void)snprintf(ext->driver, sizeof(ext->driver), "esdmixd");
	(void)snprintf(ext->name, sizeof(ext->name), "esdmixd");
	(void)snprintf(ext->longname, sizeof(ext->longname), "esdmixd at %.60s",
	    client->place);
	(void)snprintf(ext->mixername, sizeof(ext->mixername), "esdmixd");
	ext->callback = &callbacks;
	ext->tlv.p = scale;
}

static int
open_poll(struct mixer *mixer)
{
	struct epoll_event readable = { .events = EPOLLIN };
	snd_ctl_ext_t *ext = &mixer->ext;

	ext->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	mixer->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ext->poll_fd < 0 || mixer->bell < 0 ||
	    epoll_ctl(ext->poll_fd, EPOLL_CTL_ADD, mixer->bell, &readable) !=
		0 ||
	    epoll_ctl(ext->poll_fd, EPOLL_CTL_ADD, mixer->desk.watch.fd,
		&readable) != 0) {
		return -errno;
	}
	return 0;
}

static int
create(struct mixer *mixer, const struct settings *settings, const char *name,
    int mode)
{
	int error = desk_open(&mixer->desk, settings->server, settings->name);

	if (error != 0) {
		SNDERR("%s", mixer->desk.client.why);
		return error;
	}
	error = open_poll(mixer);
	if (error == 0) {
		describe(&mixer->ext, &mixer->desk.client);
		mixer->ext.private_data = mixer;
		error = snd_ctl_ext_create(&mixer->ext, name, mode);
	}
	if (error != 0) {
		desk_close(&mixer->desk);
	}
	return error;
}

SND_CTL_PLUGIN_DEFINE_FUNC(esd)
{
	struct settings settings = { .ahead_ms = -1 };
	struct mixer *mixer;
	int error = settings_read(conf, "ctl", &settings);

	if (error != 0) {
		return error;
	}
	mixer = calloc(1, sizeof(*mixer));
	if (mixer == NULL) {
		return -ENOMEM;
	}
	mixer->ext.poll_fd = mixer->bell = -1;
	error = create(mixer, &settings, name, mode);
	if (error != 0) {
		close_poll(mixer);
		free(mixer);
		return error;
	}
	*handlep = mixer->ext.handle;
	return 0;
}

/* SND_CTL_PLUGIN_SYMBOL() without its second semicolon. */
SND_DLSYM_BUILD_VERSION(SND_CTL_PLUGIN_ENTRY(esd), SND_CONTROL_DLSYM_VERSION)
