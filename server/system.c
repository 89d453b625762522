#include "server/system.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocols/esd.h"

#define CARDS	   "audio" /* the group that distributions give them to */
#define HOME	   "/var/lib/esdmixd"
#define GROUPS_MAX 256 /* of one user */

struct account {
	uid_t user;
	gid_t group;
	char name[CONF_TEXT_MAX]; /* "": it is a mere number */
	char home[PATH_MAX];
};

/* A number that may be a user's or a group's; false: it is a name. */
static bool
is_number(const char *text, unsigned *number)
{
	char *end;

	errno = 0;
	unsigned long value = strtoul(text, &end, 10);
	*number = (unsigned)value;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 &&
	       value < UINT_MAX; /* -1 is nobody */
}

/* 0, or -1 with its sentence. */
static int
find_group(const char *text, gid_t *group, char *why, size_t why_size)
{
	const struct group *found;
	unsigned number;

	if (is_number(text, &number)) {
		*group = (gid_t)number;
		return 0;
	}
	found = getgrnam(text);
	if (found == NULL) {
		(void)snprintf(why, why_size,
		    "socket-group: there is no group %s; make it with groupadd "
		    "--system %s, or name another",
		    text, text);
		return -1;
	}
	*group = found->gr_gid;
	return 0;
}

/* Where it keeps its key and its state: not where root does. */
static void
find_home(struct account *account)
{
	const char *home = getenv("HOME");
	struct stat st;

	if (home == NULL || stat(home, &st) != 0 ||
	    st.st_uid != account->user) {
		home = HOME;
	}
	(void)snprintf(account->home, sizeof(account->home), "%s", home);
}

/* A number need not be in the password file; its group is the sockets'. */
static int
find_numbered(const struct conf *conf, unsigned number, struct account *account,
    char *why, size_t why_size)
{
	account->user = (uid_t)number;
	find_home(account);
	if (conf->socket_group[0] == '\0') {
		(void)snprintf(why, why_size,
		    "user: %u is not in the password file; give socket-group, "
		    "too",
		    number);
		return -1;
	}
	return find_group(conf->socket_group, &account->group, why, why_size);
}

static int
find_account(const struct conf *conf, struct account *account, char *why,
    size_t why_size)
{
	const struct passwd *found = getpwnam(conf->user);
	unsigned number;

	memset(account, 0, sizeof(*account));
	if (found == NULL && is_number(conf->user, &number)) {
		found = getpwuid((uid_t)number);
		if (found == NULL) {
			return find_numbered(conf, number, account, why,
			    why_size);
		}
	}
	if (found == NULL) {
		(void)snprintf(why, why_size,
		    "user: there is no user %s to run as; make it with "
		    "systemd-sysusers, or useradd --system --user-group "
		    "--groups " CARDS " --home-dir " HOME " %s",
		    conf->user, conf->user);
		return -1;
	}
	account->user = found->pw_uid;
	account->group = found->pw_gid;
	(void)snprintf(account->name, sizeof(account->name), "%s",
	    found->pw_name);
	(void)snprintf(account->home, sizeof(account->home), "%s",
	    found->pw_dir);
	return 0;
}

/*
 * What they are not, or are somebody else's, is seen when they are used.  A
 * home that is there already may be anything, /usr/sbin for one, and stays.
 */
static void
make_directories(const struct account *account)
{
	const mode_t seen = S_IRWXU | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH;
	struct stat st;

	if (account->home[0] == '/' && mkdir(account->home, S_IRWXU) == 0) {
		(void)lchown(account->home, account->user, account->group);
	}
	if (mkdir(ESD_SYSTEM_DIRECTORY, seen) == 0) {
		(void)chmod(ESD_SYSTEM_DIRECTORY,
		    seen); /* whatever the umask */
	}
	if (lstat(ESD_SYSTEM_DIRECTORY, &st) == 0 && S_ISDIR(st.st_mode) &&
	    st.st_uid == 0) {
		(void)lchown(ESD_SYSTEM_DIRECTORY, account->user,
		    account->group);
	}
}

/* What root may have and its successor would be refused. */
static void
raise_limits(const struct conf *conf)
{
	rlim_t priority = (rlim_t)conf->realtime_priority;
	struct rlimit limits = { priority, priority };
	struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

	/* Refused, it is said where it is missed. */
	(void)setrlimit(RLIMIT_RTPRIO, &limits);
	(void)setrlimit(RLIMIT_MEMLOCK, &none);
}

/* Those of its entry, that of the sound cards, and that of the sockets. */
static int
take_groups(const struct conf *conf, const struct account *account, char *why,
    size_t why_size)
{
	gid_t groups[GROUPS_MAX + 2] = { account->group };
	int count = 1;
	const struct group *cards;
	gid_t sockets = account->group;

	if (account->name[0] != '\0') {
		count = GROUPS_MAX;
		if (getgrouplist(account->name, account->group, groups,
			&count) < 0) {
			count = GROUPS_MAX;
		}
	}
	if (conf->socket_group[0] != '\0' &&
	    find_group(conf->socket_group, &sockets, why, why_size) < 0) {
		return -1;
	}
	groups[count++] = sockets;
	cards = getgrnam(CARDS);
	if (cards != NULL) {
		groups[count++] = cards->gr_gid;
	}
	if (setgroups((size_t)count, groups) != 0) {
		(void)snprintf(why, why_size, "user %s: its groups: %s",
		    conf->user, strerror(errno));
		return -1;
	}
	return 0;
}

static void
set_environment(const struct account *account)
{
	/* Root's, all of them. */
	static const char *const others[] = { "LOGNAME", "USER",
		"XDG_STATE_HOME", "XDG_RUNTIME_DIR",
		"DBUS_SESSION_BUS_ADDRESS" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		(void)unsetenv(others[i]);
	}
	(void)setenv("HOME", account->home, 1);
	if (account->name[0] != '\0') {
		(void)setenv("LOGNAME", account->name, 1);
		(void)setenv("USER", account->name, 1);
	}
}

int
system_become(const struct conf *conf, char *why, size_t why_size)
{
	struct account account;

	if (!conf->system || geteuid() != 0) {
		return 0;
	}
	if (find_account(conf, &account, why, why_size) < 0) {
		return -1;
	}
	if (account.user == 0) {
		(void)snprintf(why, why_size,
		    "user: %s is root, whose rights it is to give up; name a "
		    "user of its own, as esdmixd is",
		    conf->user);
		return -1;
	}
	make_directories(&account);
	raise_limits(conf);
	if (take_groups(conf, &account, why, why_size) < 0) {
		return -1;
	}
	if (setresgid(account.group, account.group, account.group) != 0 ||
	    setresuid(account.user, account.user, account.user) != 0) {
		(void)snprintf(why, why_size, "cannot become user %s: %s",
		    conf->user, strerror(errno));
		return -1;
	}
	set_environment(&account);
	return 0;
}

int
system_access(const struct conf *conf, struct access *access, char *why,
    size_t why_size)
{
	/* In the order of the words in conf.def; auto comes first. */
	static const enum access_who whom[] = { ACCESS_OWN, ACCESS_OWN,
		ACCESS_GROUP, ACCESS_ALL };
	bool by_group = conf->system || conf->socket_group[0] != '\0';

	access->who = conf->socket_mode == 0 && by_group
			  ? ACCESS_GROUP
			  : whom[conf->socket_mode];
	access->group = getegid();
	return conf->socket_group[0] == '\0'
		   ? 0
		   : find_group(conf->socket_group, &access->group, why,
			 why_size);
}
