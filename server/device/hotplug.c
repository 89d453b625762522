#include "server/device/hotplug.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* A node comes first, and then is somebody's: udev grants the rights. */
#define NEWS (IN_CREATE | IN_MOVED_TO | IN_ATTRIB)

static void
watch_nodes(const struct hotplug *hotplug)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/" HOTPLUG_NODES, hotplug->root);
	(void)inotify_add_watch(hotplug->fd, path, NEWS | IN_ONLYDIR);
}

void
hotplug_open(struct hotplug *hotplug, const char *root)
{
	hotplug->root = root;
	hotplug->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	hotplug->root_watch = -1;
	if (hotplug->fd >= 0) {
		hotplug->root_watch = inotify_add_watch(hotplug->fd, root,
		    IN_CREATE | IN_MOVED_TO);
		watch_nodes(hotplug);
	}
}

void
hotplug_close(struct hotplug *hotplug)
{
	if (hotplug->fd >= 0) {
		(void)close(hotplug->fd);
		hotplug->fd = -1;
	}
}

static bool
is_news(const struct hotplug *hotplug, const struct inotify_event *event)
{
	if (event->wd != hotplug->root_watch) {
		return (event->mask & NEWS) != 0;
	}
	if (event->len == 0 || strcmp(event->name, HOTPLUG_NODES) != 0) {
		return false;
	}
	watch_nodes(hotplug);
	return true;
}

bool
hotplug_happened(struct hotplug *hotplug)
{
	_Alignas(struct inotify_event) char news[4096];
	bool happened = false;
	ssize_t bytes;

	while (hotplug->fd >= 0 &&
	       (bytes = read(hotplug->fd, news, sizeof(news))) > 0) {
		for (ssize_t at = 0; at < bytes;) {
			const struct inotify_event *event =
			    (const void *)(news + at);

			happened |= is_news(hotplug, event);
			at += (ssize_t)(sizeof(*event) + event->len);
		}
	}
	return happened;
}
