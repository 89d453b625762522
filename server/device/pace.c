#include "server/device/pace.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS UINT64_C(1000000000)

uint64_t
pace_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS + (uint64_t)now.tv_nsec;
}

uint64_t
pace_frames(uint64_t ns, uint32_t rate)
{
	/* Whole seconds apart, or the product would overflow in hours. */
	return ns / NS * rate + ns % NS * rate / NS;
}

uint64_t
pace_ns(uint64_t frames, uint32_t rate)
{
	return frames / rate * NS + (frames % rate * NS + rate - 1) / rate;
}

static uint32_t
clamp(uint32_t value, uint32_t min, uint32_t max)
{
	return value < min ? min : value > max ? max : value;
}

void
pace_grant(const struct device_want *want, struct device_got *got)
{
	got->rate = clamp(want->rate, DEVICE_RATE_MIN, DEVICE_RATE_MAX);
	got->period = device_period(want, got->rate);
	got->buffer =
	    got->period * clamp(device_buffer(want, got->rate) / got->period, 2,
			      PACE_PERIODS_MAX);
	got->front[0] = 0;
	got->front[1] = 1;
}

static void
arm(const struct pace *pace)
{
	/* An absolute time of 0 would disarm; 1 ns is long past. */
	uint64_t due = pace_due(pace) > 0 ? pace_due(pace) : 1;
	struct itimerspec at = { .it_value = { .tv_sec = (time_t)(due / NS),
				     .tv_nsec = (long)(due % NS) } };

	timerfd_settime(pace->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

int
pace_open(struct pace *pace, const struct device_got *got)
{
	*pace = (struct pace){ .rate = got->rate,
		.period = got->period,
		.buffer = got->buffer };
	pace->timer =
	    timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (pace->timer < 0) {
		return -errno;
	}
	arm(pace);
	return 0;
}

void
pace_close(struct pace *pace)
{
	close(pace->timer);
}

int
pace_fds(const struct pace *pace, struct pollfd *fds)
{
	fds[0] = (struct pollfd){ .fd = pace->timer, .events = POLLIN };
	return 1;
}

uint32_t
pace_room(struct pace *pace, uint64_t now)
{
	if (!pace->running) {
		return (uint32_t)(pace->buffer - pace->written);
	}

	uint64_t heard = pace_frames(now - pace->begun, pace->rate);
	if (heard > pace->written) {
		pace->begun = now;
		pace->written = 0;
		heard = 0;
	}
	uint32_t room = (uint32_t)(pace->buffer - (pace->written - heard));
	if (room < pace->period) {
		arm(pace); /* the timer has gone off too early */
	}
	return room;
}

void
pace_wrote(struct pace *pace, uint32_t n, uint64_t now)
{
	if (!pace->running) {
		pace->running = true;
		pace->begun = now;
	}
	pace->written += n;
	arm(pace);
}

uint32_t
pace_delay(const struct pace *pace, uint64_t now)
{
	if (!pace->running) {
		return 0;
	}

	uint64_t heard = pace_frames(now - pace->begun, pace->rate);
	return heard < pace->written ? (uint32_t)(pace->written - heard) : 0;
}

uint64_t
pace_due(const struct pace *pace)
{
	/* Room for a period: all but buffer - period of it must be heard. */
	uint64_t kept = pace->buffer - pace->period;

	if (!pace->running || pace->written <= kept) {
		return 0;
	}
	return pace->begun + pace_ns(pace->written - kept, pace->rate);
}
