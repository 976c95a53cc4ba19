/* SPDX-License-Identifier: Apache-2.0 */
/* Timers of libevent. */
#include <stdlib.h>

#include <event2/event.h>

#include "real_internal.h"

struct timer {
	struct event *event;
	void (*fn)(void *ctx);
	void *ctx;
};

static void
on_time(evutil_socket_t fd, short what, void *ctx)
{
	struct timer *timer = ctx;

	(void)fd;
	(void)what;
	timer->fn(timer->ctx);
}

static void
timer_destroy(struct timer *timer)
{
	if (timer == NULL)
		return;
	if (timer->event != NULL)
		event_free(timer->event);
	free(timer);
}

static struct timer *
timer_create_real(struct outside *outside, void (*fn)(void *ctx), void *ctx)
{
	struct timer *timer = calloc(1, sizeof(*timer));

	if (timer == NULL)
		return NULL;
	timer->fn = fn;
	timer->ctx = ctx;
	timer->event = evtimer_new(((struct real *)outside)->base, on_time, timer);
	if (timer->event == NULL) {
		free(timer);
		return NULL;
	}
	return timer;
}

static void
timer_set(struct timer *timer, uint64_t ns)
{
	struct timeval after = {.tv_sec = (time_t)(ns / 1000000000u),
				.tv_usec = (suseconds_t)(ns % 1000000000u / 1000u)};

	if (ns == 0)
		event_active(timer->event, EV_TIMEOUT, 0);
	else
		event_add(timer->event, &after);
}

const struct timer_ops real_timer = {
	.create = timer_create_real,
	.set = timer_set,
	.destroy = timer_destroy,
};
