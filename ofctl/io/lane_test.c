/* SPDX-License-Identifier: Apache-2.0 */
/* When a lane's repair comes. */
#include "lane.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <event2/event.h>

#define SHORT_NS UINT64_C(20000000)

static struct event_base *base;
static struct lane lane;

static void
on_retry(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)ctx;
}

static int
start(void **state)
{
	(void)state;
	base = event_base_new();
	lane = (struct lane){.retry = evtimer_new(base, on_retry, NULL)};
	return lane.retry ? 0 : -1;
}

static int
stop(void **state)
{
	(void)state;
	event_free(lane.retry);
	event_base_free(base);
	return 0;
}

static struct timeval
due(void)
{
	struct timeval tv = {0};

	assert_true(event_pending(lane.retry, EV_TIMEOUT, &tv));
	return tv;
}

static int64_t
us(struct timeval tv)
{
	return (int64_t)tv.tv_sec * 1000000 + tv.tv_usec;
}

/* A rule is taken away while the retry after a failed repair is far: the switch's owner does not wait for that. */
static void
repair_comes_before_a_later_one(void **state)
{
	struct timeval later, sooner;

	(void)state;
	lane_retry_repair(&lane);
	later = due();
	lane_repair_in(&lane, SHORT_NS);
	sooner = due();
	assert_true(us(sooner) < us(later));
}

static void
repair_is_not_put_off(void **state)
{
	struct timeval first, second;

	(void)state;
	lane_repair_in(&lane, SHORT_NS);
	first = due();
	lane_retry_repair(&lane);
	second = due();
	assert_int_equal(us(first), us(second));
	lane_repair_in(&lane, SHORT_NS);
	second = due();
	assert_int_equal(us(first), us(second));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(repair_comes_before_a_later_one, start, stop),
		cmocka_unit_test_setup_teardown(repair_is_not_put_off, start, stop),
	};

	return cmocka_run_group_tests_name("lane", tests, NULL, NULL);
}
