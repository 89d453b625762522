#include "server/holder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATUS_MAX 1024 /* bytes of a file in /proc that are read */

struct search {
	struct holders *holders;
	const char *proc, *dev;
	int card;
	char way;
	int seen;	/* card of the node just found */
	unsigned files; /* looked at so far */
};

/* The file's beginning as text; "" where it cannot be read. */
static void
read_text(const char *path, char text[STATUS_MAX])
{
	FILE *file = fopen(path, "re");
	size_t n = 0;

	if (file != NULL) {
		n = fread(text, 1, STATUS_MAX - 1, file);
		(void)fclose(file);
	}
	text[n] = '\0';
}

/* The number after "KEY", blanks and a colon, in lines of such; -1: none. */
static long
find_number(const char *text, const char *key)
{
	const char *at = text;

	while (at != NULL && strncmp(at, key, strlen(key)) != 0) {
		at = strchr(at, '\n');
		at = at == NULL ? NULL : at + 1;
	}
	if (at == NULL) {
		return -1;
	}
	at += strlen(key);
	at += strspn(at, " \t:");
	return isdigit((unsigned char)*at) ? strtol(at, NULL, 10) : -1;
}

/* What another program calls itself may hold anything. */
static void
read_command(const char *proc, pid_t pid, char command[HOLDER_COMMAND_MAX])
{
	char path[PATH_MAX], text[STATUS_MAX];
	size_t n = 0;

	(void)snprintf(path, sizeof(path), "%s/%d/comm", proc, (int)pid);
	read_text(path, text);
	while (
	    n < HOLDER_COMMAND_MAX - 1 && text[n] != '\0' && text[n] != '\n') {
		command[n] =
		    (char)(isprint((unsigned char)text[n]) ? text[n] : '?');
		n++;
	}
	if (n == 0) {
		command[n++] = '?';
	}
	command[n] = '\0';
}

static void
add_holder(struct search *search, pid_t pid)
{
	struct holders *holders = search->holders;
	struct holder *holder;
	char path[PATH_MAX];
	struct stat st;

	for (unsigned i = 0; i < holders->count; i++) {
		if (holders->list[i].pid == pid) {
			return;
		}
	}
	(void)snprintf(path, sizeof(path), "%s/%d", search->proc, (int)pid);
	if (holders->count == HOLDER_MAX || pid == getpid() ||
	    stat(path, &st) != 0) {
		return;
	}
	holder = &holders->list[holders->count++];
	holder->pid = pid;
	holder->uid = st.st_uid;
	holder->card = search->seen;
	read_command(search->proc, pid, holder->command);
}

/* --- what the driver says ---------------------------------------------- */

/* It names the thread that opened the substream; we want its process. */
static pid_t
process_of(const char *proc, long thread)
{
	char path[PATH_MAX], text[STATUS_MAX];
	long pid;

	(void)snprintf(path, sizeof(path), "%s/%ld/status", proc, thread);
	read_text(path, text);
	pid = find_number(text, "Tgid");
	return (pid_t)(pid > 0 ? pid : thread);
}

static void
ask_device(struct search *search, int card, int device, char way)
{
	char path[PATH_MAX], text[STATUS_MAX];
	long owner;

	for (int i = 0; i < HOLDER_STREAMS_MAX; i++) {
		(void)snprintf(path, sizeof(path),
		    "%s/asound/card%d/pcm%d%c/sub%d/status", search->proc, card,
		    device, way, i);
		read_text(path, text);
		if (text[0] == '\0') {
			return; /* there is none of that number */
		}
		owner = find_number(text, "owner_pid");
		if (owner > 0) {
			search->seen = card;
			add_holder(search, process_of(search->proc, owner));
		}
	}
}

static void
ask_card(struct search *search, int card)
{
	for (int device = 0; device < HOLDER_DEVICES_MAX; device++) {
		if (search->way != 'c') {
			ask_device(search, card, device, 'p');
		}
		if (search->way != 'p') {
			ask_device(search, card, device, 'c');
		}
	}
}

static void
ask_driver(struct search *search)
{
	int first = search->card < 0 ? 0 : search->card;
	int last = search->card < 0 ? HOLDER_CARDS_MAX - 1 : search->card;

	for (int card = first; card <= last; card++) {
		ask_card(search, card);
	}
}

/* --- whose files are open ---------------------------------------------- */

/* The number at *at, which moves beyond it; -1: there is none. */
static int
take_number(const char **at)
{
	char *end;
	long number;

	if (!isdigit((unsigned char)**at)) {
		return -1;
	}
	number = strtol(*at, &end, 10);
	*at = end;
	return number > INT_MAX ? INT_MAX : (int)number;
}

/*
 * Whether "snd/pcmC0D0p" or "dsp1", below /dev, is what is looked for; then its
 * card is *seen.
 */
static bool
is_node(struct search *search, const char *name)
{
	static const char *const oss[] = { "dsp", "adsp", "audio" };
	static const char alsa[] = "snd/pcmC";
	int card;

	if (strncmp(name, alsa, strlen(alsa)) == 0) {
		name += strlen(alsa);
		card = take_number(&name);
		if (card < 0 || *name++ != 'D' || take_number(&name) < 0 ||
		    (*name != 'p' && *name != 'c') || name[1] != '\0') {
			return false;
		}
		search->seen = card;
		return (search->card < 0 || card == search->card) &&
		       (search->way == 0 || *name == search->way);
	}
	for (size_t i = 0; i < sizeof(oss) / sizeof(oss[0]); i++) {
		size_t n = strlen(oss[i]);

		if (strncmp(name, oss[i], n) != 0) {
			continue;
		}
		name += n;
		card = *name == '\0' ? 0 : take_number(&name);
		search->seen = card;
		return card >= 0 && *name == '\0' &&
		       (search->card < 0 || card == search->card);
	}
	return false;
}

static bool
holds_node(struct search *search, const char *link)
{
	char target[PATH_MAX];
	size_t prefix = strlen(search->dev);
	ssize_t n = readlink(link, target, sizeof(target) - 1);

	if (n < 0) {
		return false;
	}
	target[n] = '\0';
	return strncmp(target, search->dev, prefix) == 0 &&
	       target[prefix] == '/' && is_node(search, target + prefix + 1);
}

static void
look_at_process(struct search *search, const char *pid)
{
	char path[PATH_MAX];
	struct dirent *entry;
	unsigned seen = 0;
	DIR *files;

	(void)snprintf(path, sizeof(path), "%s/%s/fd", search->proc, pid);
	files = opendir(path);
	if (files == NULL) {
		search->holders->hidden |= errno == EACCES || errno == EPERM;
		return;
	}
	while ((entry = readdir(files)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0])) {
			continue;
		}
		if (++seen > HOLDER_FILES_EACH ||
		    ++search->files > HOLDER_FILES_MAX) {
			search->holders->hidden = true;
			break;
		}
		(void)snprintf(path, sizeof(path), "%s/%s/fd/%s", search->proc,
		    pid, entry->d_name);
		if (holds_node(search, path)) {
			add_holder(search, (pid_t)strtol(pid, NULL, 10));
			break;
		}
	}
	(void)closedir(files);
}

static void
look_at_files(struct search *search)
{
	DIR *processes = opendir(search->proc);
	struct dirent *entry;
	unsigned seen = 0;

	if (processes == NULL) {
		search->holders->hidden = true;
		return;
	}
	while ((entry = readdir(processes)) != NULL &&
	       search->files <= HOLDER_FILES_MAX &&
	       seen < HOLDER_PROCESSES_MAX) {
		if (isdigit((unsigned char)entry->d_name[0])) {
			seen++;
			look_at_process(search, entry->d_name);
		}
	}
	(void)closedir(processes);
}

void
holder_find(struct holders *holders, const char *proc, const char *dev,
    int card, char way)
{
	struct search search = {
		.holders = holders,
		.proc = proc,
		.dev = dev,
		.card = card,
		.way = way,
	};

	memset(holders, 0, sizeof(*holders));
	ask_driver(&search);
	if (holders->count == 0) {
		look_at_files(&search);
	}
}

void
holder_of(struct holders *holders, const char *proc, pid_t pid)
{
	struct search search = {
		.holders = holders,
		.proc = proc,
		.seen = -1,
	};

	memset(holders, 0, sizeof(*holders));
	if (pid > 0) {
		add_holder(&search, pid);
	}
}

void
holder_print(const struct holders *holders, char text[HOLDER_TEXT_MAX])
{
	size_t n = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < holders->count; i++) {
		const struct holder *holder = &holders->list[i];
		char user[32] = "";

		if (holder->uid != geteuid()) {
			(void)snprintf(user, sizeof(user), ", user %u",
			    (unsigned)holder->uid);
		}
		n += (size_t)snprintf(text + n, HOLDER_TEXT_MAX - n,
		    "%s%s (pid %d%s)", i > 0 ? " and " : "", holder->command,
		    (int)holder->pid, user);
	}
}
