#include "compat-tools/doctor.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compat-tools/dsp/library.h"
#include "compat-tools/words.h"

#define CONF_BYTES_MAX	65536 /* of a configuration of ALSA's, read */
#define CONF_FILES_MAX	64    /* of a directory, looked at */
#define NODES_MAX	256   /* of /dev/snd, likewise */
#define HOLDER_FDS_MAX	1024  /* of a program, likewise */
#define HOLDER_LINK_MAX 64    /* bytes of a path below /dev that matters */

/* No daemon, or one without a device. */
static bool
needs_card(const struct doctor *doctor)
{
	if (doctor->contact == CONTACT_MADE) {
		return doctor->here && doctor->extended &&
		       doctor->status.state == ESD_STATE_LOST;
	}
	return doctor->contact == CONTACT_NONE &&
	       doctor->address.kind != ADDRESS_TCP;
}

/*
 * Whether it lacks a device for that reason: ENODEV there is none, EACCES it
 * may not, EBUSY another has it.  Where no daemon tells, it may be any.
 */
static bool
may_lack(const struct doctor *doctor, int reason)
{
	int error = doctor->status.error;

	if (!needs_card(doctor) || doctor->contact != CONTACT_MADE) {
		return needs_card(doctor);
	}
	switch (error) {
	case ENOENT:
	case ENXIO:
		return reason == ENODEV; /* an unplugged card has many words */
	case EPERM:
		return reason == EACCES;
	default:
		return reason == error;
	}
}

/* The card that the daemon would play on; -1: any, or it is on none. */
static int
card_of(const struct doctor *doctor)
{
	return doctor->contact == CONTACT_MADE ? doctor->status.card : -1;
}

void
doctor_look(struct doctor *doctor)
{
	/* Who has a card that the daemon doesn't want is not to blame. */
	if (may_lack(doctor, EBUSY) &&
	    (doctor->contact != CONTACT_MADE || card_of(doctor) >= 0)) {
		holder_find(&doctor->holders, doctor->proc, doctor->dev,
		    card_of(doctor), 'p');
	}
}

/* What is said of a card explains the device's want, if it is on that card. */
static bool
explain(struct doctor *doctor)
{
	doctor->explained |= card_of(doctor) >= 0;
	return true;
}

/* --- the card ------------------------------------------------------------- */

/* "pcmC0D0p", of that card; -1: of any */
static bool
is_playing_node(const char *name, int card)
{
	static const char begin[] = "pcmC";
	static const char digits[] = "0123456789";
	size_t n = strlen(begin);

	if (strncmp(name, begin, n) != 0) {
		return false;
	}
	name += n;
	if (card >= 0 && strtol(name, NULL, 10) != card) {
		return false;
	}
	name += strspn(name, digits);
	if (*name++ != 'D') {
		return false;
	}
	name += strspn(name, digits);
	return strcmp(name, "p") == 0;
}

/* The nodes of cards that play: how many, one of them, and may we open any? */
struct nodes {
	unsigned count;
	char path[PATH_MAX + 64];
	bool allowed;
};

static void
find_nodes(const struct doctor *doctor, int card, struct nodes *nodes)
{
	char path[PATH_MAX + 16];
	struct dirent *entry;

	*nodes = (struct nodes){ .count = 0 };
	(void)snprintf(path, sizeof(path), "%s/snd", doctor->dev);
	DIR *directory = opendir(path);
	while (directory != NULL && nodes->count < NODES_MAX &&
	       (entry = readdir(directory)) != NULL) {
		if (!is_playing_node(entry->d_name, card)) {
			continue;
		}
		(void)snprintf(nodes->path, sizeof(nodes->path), "%s/%.40s",
		    path, entry->d_name);
		nodes->count++;
		nodes->allowed |= faccessat(AT_FDCWD, nodes->path, R_OK | W_OK,
				      AT_EACCESS) == 0;
	}
	if (directory != NULL) {
		(void)closedir(directory);
	}
}

/* A line of the kernel's list of cards begins with a number. */
static bool
has_card(const struct doctor *doctor)
{
	char path[PATH_MAX + 32], line[256];
	bool found = false;

	(void)snprintf(path, sizeof(path), "%s/asound/cards", doctor->proc);
	FILE *file = fopen(path, "re");
	while (
	    file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
		found = isdigit((unsigned char)line[strspn(line, " ")]);
	}
	if (file != NULL) {
		(void)fclose(file);
	}
	return found;
}

/* There are cards, but not the one that the daemon wants. */
static bool
is_other_card(struct doctor *doctor, int card)
{
	struct nodes nodes;

	if (card < 0) {
		return false;
	}
	find_nodes(doctor, card, &nodes);
	return nodes.count == 0 && explain(doctor) &&
	       doctor_say(doctor,
		   "there is no card %d, which %s is; plug it in, or name "
		   "one of those that \"aplay -l\" lists",
		   card, doctor->status.device);
}

bool
doctor_card(struct doctor *doctor)
{
	int card = card_of(doctor);
	struct nodes nodes;

	if (!may_lack(doctor, ENODEV)) {
		return false;
	}
	find_nodes(doctor, -1, &nodes);
	if (nodes.count > 0) {
		return is_other_card(doctor, card);
	}
	(void)explain(doctor);
	if (has_card(doctor)) {
		return doctor_say(doctor,
		    "the kernel has a sound card, but %s/snd has no node to "
		    "play on it; let udev make one, or give a container "
		    "--device /dev/snd",
		    doctor->dev);
	}
	return doctor_say(doctor,
	    "the kernel knows no sound card; load the driver (\"lspci -k\" and "
	    "\"lsusb\" name the card), or set a device that is none, as "
	    "device = file:mix.wav");
}

/* Whether the daemon has our rights: it is us, or would be. */
static bool
is_ours(const struct doctor *doctor)
{
	return doctor->contact != CONTACT_MADE || doctor_is_own(doctor);
}

bool
doctor_permission(struct doctor *doctor)
{
	char group[DOCTOR_NAME_MAX], user[DOCTOR_NAME_MAX];
	struct nodes nodes;
	struct stat st;

	if (!may_lack(doctor, EACCES) || !is_ours(doctor)) {
		return false;
	}
	find_nodes(doctor, card_of(doctor), &nodes);
	if (nodes.count == 0 || nodes.allowed || stat(nodes.path, &st) != 0) {
		return false;
	}
	doctor_group_name(st.st_gid, group);
	words_user((int32_t)geteuid(), user, sizeof(user));
	return explain(doctor) &&
	       doctor_say(doctor,
		   "%s is for group %s (mode %04o), which we are not in; "
		   "\"usermod "
		   "-aG %s %s\" and log in again",
		   nodes.path, group, (unsigned)st.st_mode & 07777U, group,
		   user);
}

/* --- who has it ----------------------------------------------------------- */

/* Programs that take a card to share it, and how to share it with them. */
static const struct {
	const char *command;
	const char *remedy;
} servers[] = {
	{ "pulseaudio",
	    "let esdmixd play through it (device = pulse), or \"systemctl "
	    "--user stop pulseaudio.socket pulseaudio.service\"" },
	{ "pipewire",
	    "let esdmixd play through it (device = pipewire), or \"systemctl "
	    "--user stop pipewire.socket pipewire.service\"" },
	{ "wireplumber",
	    "let esdmixd play through PipeWire (device = pipewire), or "
	    "\"systemctl --user stop wireplumber.service\"" },
	{ "jackd", "let esdmixd play through it (device = jack), or end it" },
	{ "jackdbus",
	    "let esdmixd play through it (device = jack), or \"jack_control "
	    "stop\"" },
	{ "artsd", "end it; esdmixd serves its programs, too" },
	{ "esd", "end it; esdmixd serves its programs, too" },
	{ "esdmixd",
	    "use that one: see \"Several users\" in esdmixd(1), or let it "
	    "release the card by autostandby" },
	{ "nasd", "end it" },
	{ "roard", "end it; esdmixd serves its programs that speak ESD" },
};

static const char *
remedy_for(const struct holder *holder)
{
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		if (strcmp(servers[i].command, holder->command) == 0) {
			return servers[i].remedy;
		}
	}
	return NULL;
}

static bool
is_oss_link(const struct doctor *doctor, const char *path)
{
	char target[PATH_MAX + HOLDER_LINK_MAX];
	size_t prefix = strlen(doctor->dev);
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n < 0) {
		return false;
	}
	target[n] = '\0';
	if (strncmp(target, doctor->dev, prefix) != 0 ||
	    target[prefix] != '/') {
		return false;
	}
	const char *name = target + prefix + 1;
	return strncmp(name, "dsp", strlen("dsp")) == 0 ||
	       strncmp(name, "adsp", strlen("adsp")) == 0 ||
	       strncmp(name, "audio", strlen("audio")) == 0;
}

/* Whether it has an OSS device open, and so what the kernel makes of one. */
static bool
is_by_oss(const struct doctor *doctor, const struct holder *holder)
{
	char path[PATH_MAX + 64];
	struct dirent *entry;
	unsigned seen = 0;
	bool found = false;

	(void)snprintf(path, sizeof(path), "%s/%d/fd", doctor->proc,
	    (int)holder->pid);
	DIR *directory = opendir(path);
	while (directory != NULL && !found && seen++ < HOLDER_FDS_MAX &&
	       (entry = readdir(directory)) != NULL) {
		(void)snprintf(path, sizeof(path), "%s/%d/fd/%.16s",
		    doctor->proc, (int)holder->pid, entry->d_name);
		found = is_oss_link(doctor, path);
	}
	if (directory != NULL) {
		(void)closedir(directory);
	}
	return found;
}

enum holding { HOLDS_AS_SERVER, HOLDS_BY_OSS, HOLDS };

static enum holding
holding_of(const struct doctor *doctor, const struct holder *holder)
{
	if (remedy_for(holder) != NULL) {
		return HOLDS_AS_SERVER;
	}
	return is_by_oss(doctor, holder) ? HOLDS_BY_OSS : HOLDS;
}

/* Those that hold a card in that way, the same one; and their words. */
static bool
choose_holders(struct doctor *doctor, enum holding how, struct holders *chosen,
    char words[HOLDER_TEXT_MAX])
{
	chosen->count = 0;
	for (unsigned i = 0; i < doctor->holders.count; i++) {
		const struct holder *holder = &doctor->holders.list[i];

		if (holding_of(doctor, holder) == how &&
		    (chosen->count == 0 ||
			chosen->list[0].card == holder->card)) {
			chosen->list[chosen->count++] = *holder;
		}
	}
	holder_print(chosen, words);
	return chosen->count > 0 && explain(doctor);
}

bool
doctor_server(struct doctor *doctor)
{
	char words[HOLDER_TEXT_MAX];
	struct holders chosen;

	return choose_holders(doctor, HOLDS_AS_SERVER, &chosen, words) &&
	       doctor_say(doctor, "another sound server has card %d, %s; %s",
		   chosen.list[0].card, words, remedy_for(&chosen.list[0]));
}

bool
doctor_oss(struct doctor *doctor)
{
	char words[HOLDER_TEXT_MAX];
	struct holders chosen;

	return choose_holders(doctor, HOLDS_BY_OSS, &chosen, words) &&
	       doctor_say(doctor,
		   "%s has card %d by the kernel's OSS emulation; run it "
		   "under esddsp, and \"modprobe -r snd_pcm_oss\" so that no "
		   "other does it",
		   words, chosen.list[0].card);
}

bool
doctor_held(struct doctor *doctor)
{
	char words[HOLDER_TEXT_MAX];
	struct holders chosen;

	return choose_holders(doctor, HOLDS, &chosen, words) &&
	       doctor_say(doctor,
		   "%s has card %d; end it, or have it play through esdmixd "
		   "(aplay -D esdmix, esddsp)",
		   words, chosen.list[0].card);
}

/* --- ALSA's default ------------------------------------------------------- */

/* The file's text; "" where there is none.  The caller frees it. */
static char *
read_conf(const char *path)
{
	char *text = calloc(1, CONF_BYTES_MAX + 1);
	/* O_NONBLOCK: a FIFO of that name must not hold us up. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (text != NULL && fd >= 0 && fstat(fd, &st) == 0 &&
	    S_ISREG(st.st_mode) && read(fd, text, CONF_BYTES_MAX) < 0) {
		text[0] = '\0';
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return text;
}

static const char blanks[] = " \t\r\n=;,";

/* The next word, brace or quoted text; "" at the end.  *at moves beyond it. */
static void
next_word(const char **at, char word[64])
{
	size_t n;

	*at += strspn(*at, blanks);
	while (**at == '#') {
		*at += strcspn(*at, "\n");
		*at += strspn(*at, blanks);
	}
	if (**at == '"' || **at == '\'') {
		char quote[2] = { *(*at)++, '\0' };

		n = strcspn(*at, quote);
		(void)snprintf(word, 64, "%.*s", (int)n, *at);
		*at += n + ((*at)[n] != '\0');
		return;
	}
	n = **at == '{' || **at == '}' ? 1 : strcspn(*at, " \t\r\n=;,{}#");
	(void)snprintf(word, 64, "%.*s", (int)n, *at);
	*at += n;
}

/* "esd", "esdmix" and what the installed configuration calls so, with a
 * server, too. */
static bool
is_ours_by_name(const char *word)
{
	size_t n = strcspn(word, ":");

	return (n == 3 && strncmp(word, "esd", n) == 0) ||
	       (n == 6 && strncmp(word, "esdmix", n) == 0);
}

/* Whether what follows, a word or a whole block, names us. */
static bool
names_us(const char **at)
{
	char word[64];
	unsigned depth = 0;
	bool found = false;

	do {
		next_word(at, word);
		depth += word[0] == '{';
		depth -= word[0] == '}' && depth > 0;
		found |= is_ours_by_name(word);
	} while (depth > 0 && word[0] != '\0');
	return found;
}

/* Whether that file makes us ALSA's default; the last definition counts. */
static bool
makes_default(const char *path)
{
	char *text = read_conf(path);
	const char *at = text;
	char word[64] = "";
	bool found = false;

	while (text != NULL && (next_word(&at, word), word[0] != '\0')) {
		if (strcmp(word, "pcm.!default") == 0 ||
		    strcmp(word, "pcm.default") == 0) {
			found = names_us(&at);
		}
	}
	free(text);
	return found;
}

static bool
find_in_directory(const char *directory, char path[PATH_MAX + 512])
{
	struct dirent *entry;
	unsigned seen = 0;
	bool found = false;
	DIR *files = opendir(directory);

	while (files != NULL && !found && seen++ < CONF_FILES_MAX &&
	       (entry = readdir(files)) != NULL) {
		size_t n = strlen(entry->d_name);

		if (n <= 5 || strcmp(entry->d_name + n - 5, ".conf") != 0) {
			continue;
		}
		(void)snprintf(path, PATH_MAX + 512, "%s/%s", directory,
		    entry->d_name);
		found = makes_default(path);
	}
	if (files != NULL) {
		(void)closedir(files);
	}
	return found;
}

/* Where ALSA looks: the machine's files, then the user's. */
static bool
find_default(const struct doctor *doctor, char path[PATH_MAX + 512])
{
	const char *home = getenv("HOME");

	(void)snprintf(path, PATH_MAX + 512, "%s/.asoundrc",
	    home == NULL ? "" : home);
	if (makes_default(path)) {
		return true;
	}
	(void)snprintf(path, PATH_MAX + 512, "%s/asound.conf", doctor->etc);
	if (makes_default(path)) {
		return true;
	}
	char directory[PATH_MAX + 32];
	(void)snprintf(directory, sizeof(directory), "%s/alsa/conf.d",
	    doctor->etc);
	return find_in_directory(directory, path);
}

bool
doctor_recursion(struct doctor *doctor)
{
	char path[PATH_MAX + 512];
	const char *device = doctor->status.device;

	if (doctor->contact != CONTACT_MADE || !may_lack(doctor, ELOOP)) {
		return false;
	}
	doctor->explained = true;
	if (strcmp(device, "default") == 0 && find_default(doctor, path)) {
		return doctor_say(doctor,
		    "ALSA's default leads back to the daemon by %s, so that it "
		    "cannot play there; name the card itself, as device = hw:0",
		    path);
	}
	return doctor_say(doctor,
	    "%s leads back to the daemon by ALSA's esd plugin, so that it "
	    "cannot play there; name the card itself, as device = hw:0",
	    device);
}

/* --- the rest ------------------------------------------------------------- */

bool
doctor_device(struct doctor *doctor)
{
	const struct esd_status *status = &doctor->status;

	if (doctor->contact != CONTACT_MADE || !doctor->extended) {
		return false;
	}
	if (status->state == ESD_STATE_LOST) {
		return !doctor->explained &&
		       doctor_say(doctor,
			   "the daemon can open none of its devices (%s: %s); "
			   "its log says more, once for each (\"journalctl "
			   "--user -u esdmixd\")",
			   status->device[0] != '\0' ? status->device : "none",
			   status->error != 0 ? strerror(status->error)
					      : "not tried yet");
	}
	return strcmp(status->device, "null") == 0 &&
	       doctor_say(doctor,
		   "the daemon plays on null, and so into nothing; name a "
		   "card by -d or device");
}

bool
doctor_volume(struct doctor *doctor)
{
	const struct esd_status *status = &doctor->status;

	if (doctor->contact != CONTACT_MADE || !doctor->extended) {
		return false;
	}
	if (status->muted) {
		return doctor_say(doctor,
		    "the master is muted; \"esdctl master unmute\"");
	}
	return status->left == 0 && status->right == 0 &&
	       doctor_say(doctor,
		   "the master's volume is 0; \"esdctl master 100%%\"");
}

bool
doctor_preload(struct doctor *doctor)
{
	char library[LIBRARY_PATH_MAX], server[LIBRARY_PATH_MAX];
	char path[LIBRARY_PATH_MAX];

	library_find(library, server);
	if (access(doctor->loader, F_OK) != 0 ||
	    library_is_there(library, 32)) {
		return false;
	}
	library_path(library, 32, path);
	return doctor_say(doctor,
	    "32-bit programs run here, but esddsp has no %.4000s for them; "
	    "install that of a build with gcc-multilib",
	    path);
}
