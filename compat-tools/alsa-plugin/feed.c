#include "compat-tools/alsa-plugin/feed.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "compat-tools/transport.h"

#define FULL_MS 50 /* that a daemon may take to empty its socket */

int
feed_init(struct feed *feed, const struct track *track, uint32_t rate,
    uint32_t buffer, uint32_t ahead)
{
	*feed = (struct feed){ .track = *track,
		.buffer = buffer,
		.lead = ahead > buffer ? ahead - buffer : 0 };
	track_init(&feed->track, rate);
	feed->queue = malloc((size_t)buffer * track->frame_bytes);
	return feed->queue == NULL ? -ENOMEM : 0;
}

void
feed_finish(struct feed *feed)
{
	if (feed->queue != NULL) {
		feed_stop(feed);
		free(feed->queue);
		feed->queue = NULL;
	}
}

static void
lose(struct feed *feed)
{
	feed->running = false;
	feed->lost = true;
	feed->broken = true;
}

void
feed_prepare(struct feed *feed)
{
	if (feed->lost || !feed_is_dry(feed) || feed->track.position.held) {
		feed_stop(feed);
	}
	if (feed->track.stream.fd < 0) {
		track_init(&feed->track, feed->track.position.rate);
	}
	feed->running = false;
	feed->lost = false;
	feed->begin = 0;
	feed->used = 0;
	feed->base = track_sent(&feed->track);
	feed->taken = 0;
	feed->told = 0;
}

/* --- in ------------------------------------------------------------------- */

uint8_t *
feed_room(struct feed *feed, size_t *n)
{
	size_t frame = feed->track.frame_bytes;
	size_t room = feed->buffer * frame - feed->used;

	if (feed->begin > 0) {
		memmove(feed->queue, feed->queue + feed->begin, feed->used);
		feed->begin = 0;
	}
	if (*n > room / frame) {
		*n = room / frame;
	}
	return feed->queue + feed->used;
}

void
feed_take(struct feed *feed, size_t n)
{
	feed->used += n * feed->track.frame_bytes;
	feed->taken += n;
}

size_t
feed_untake(struct feed *feed, size_t n)
{
	size_t queued = feed->used / feed->track.frame_bytes;

	n = n < queued ? n : queued;
	if (feed->running) {
		return 0;
	}
	feed->used -= n * feed->track.frame_bytes;
	feed->taken -= n;
	return n;
}

/* --- out ------------------------------------------------------------------ */

static int
push(struct feed *feed, int wait_ms)
{
	int64_t deadline = transport_deadline(wait_ms);

	while (feed->used > 0) {
		ssize_t sent = track_send(&feed->track,
		    feed->queue + feed->begin, feed->used);

		if (sent < 0) {
			return (int)sent;
		}
		feed->begin += (size_t)sent;
		feed->used -= (size_t)sent;
		if (sent == 0 && transport_wait(feed->track.stream.fd, POLLOUT,
				     deadline) != 0) {
			break;
		}
	}
	return 0;
}

static uint32_t
ring_ms(const struct feed *feed)
{
	uint64_t frames = (uint64_t)feed->buffer + feed->lead;

	return (uint32_t)(frames * 1000 / feed->track.position.rate) + 1;
}

static int
connect_track(void *arg)
{
	struct feed *feed = arg;

	return track_connect(&feed->track, ring_ms(feed));
}

static int
connect_daemon(struct feed *feed)
{
	int error =
	    daemon_find(feed->track.daemon, feed->broken, connect_track, feed);

	feed->broken = error != 0;
	return error;
}

/* Nobody may come to send the rest before it is due: a moment is well spent. */
int
feed_start(struct feed *feed)
{
	if (feed->track.stream.fd >= 0 && track_look(&feed->track) != 0) {
		lose(feed);
		track_close(&feed->track);
	}
	if (feed->track.stream.fd < 0 && connect_daemon(feed) != 0) {
		return -ENODEV;
	}
	feed->lost = false;
	feed->running = true;
	if (push(feed, FULL_MS) != 0) {
		lose(feed);
		return -ENODEV;
	}
	return 0;
}

void
feed_stop(struct feed *feed)
{
	/* Of a daemon that has started again, the id is another's. */
	if (!feed->lost && !feed_is_dry(feed) && feed->track.stream.fd >= 0 &&
	    track_look(&feed->track) == 0) {
		track_kill(&feed->track);
	}
	track_close(&feed->track);
	feed->running = false;
	feed->used = 0;
}

int
feed_hold(struct feed *feed, bool held)
{
	int error;

	if (track_look(&feed->track) != 0) {
		lose(feed);
		return -EPIPE;
	}
	error = daemon_hold(feed->track.daemon, feed->track.granted.id, held);
	if (error == 0) {
		position_hold(&feed->track.position, held);
	}
	return error;
}

int
feed_look(struct feed *feed)
{
	if (feed->running &&
	    (track_look(&feed->track) != 0 || push(feed, 0) != 0)) {
		lose(feed);
	}
	return feed->lost ? -EPIPE : 0;
}

/* --- where it is ---------------------------------------------------------- */

bool
feed_is_dry(struct feed *feed)
{
	return feed->used == 0 &&
	       track_mixed(&feed->track) == track_sent(&feed->track);
}

uint64_t
feed_heard(struct feed *feed)
{
	uint64_t heard = track_heard(&feed->track);

	return heard > feed->base ? heard - feed->base : 0;
}

bool
feed_is_silent(struct feed *feed)
{
	return feed_is_dry(feed) && feed_heard(feed) == feed->taken;
}

uint64_t
feed_gone(struct feed *feed)
{
	uint64_t gone = feed->told;

	if (feed->running) {
		uint64_t sent = track_sent(&feed->track) - feed->base;

		gone = track_mixed(&feed->track) - feed->base + feed->lead;
		gone = gone < sent ? gone : sent; /* the rest has no room yet */
	}
	if (gone >= feed->taken) {
		gone = feed_is_dry(feed) || feed->taken == 0 ? feed->taken
							     : feed->taken - 1;
	}
	if (gone > feed->told) {
		feed->told = gone;
	}
	return feed->told;
}
