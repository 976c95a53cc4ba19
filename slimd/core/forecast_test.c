/* SPDX-License-Identifier: Apache-2.0 */
/* Forecasts over links that are made up: rate, burst, delay, and what is queued. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "forecast.h"

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

/* A link that carries one byte after the other. */
struct link {
	struct forecast forecast;
	uint64_t now_ns;
	uint64_t free_ns; /* when the last byte given to it is through */
	uint64_t byte_ns;
	uint64_t delay_ns; /* there and back */
};

static struct link
a_link(uint64_t bytes_per_second, uint64_t delay_ns)
{
	struct link l = {
		.now_ns = SECOND, .byte_ns = SECOND / bytes_per_second, .delay_ns = delay_ns};

	forecast_init(&l.forecast);
	return l;
}

/* Until the answer is here. */
static uint64_t
arrival(struct link *l, uint64_t bytes)
{
	if (l->free_ns < l->now_ns)
		l->free_ns = l->now_ns;
	l->free_ns += bytes * l->byte_ns;
	return l->free_ns + l->delay_ns;
}

/* One frame after the other, each when the one before is answered. */
static void
send_alone(struct link *l, uint64_t bytes, unsigned n)
{
	while (n-- > 0) {
		forecast_sent(&l->forecast, l->now_ns, bytes);
		l->now_ns = arrival(l, bytes);
		forecast_delivered(&l->forecast, l->now_ns, bytes);
	}
}

/* Frames on each other's heels. */
static void
send_many(struct link *l, uint64_t bytes, unsigned n)
{
	uint64_t began_ns = l->now_ns;

	forecast_sent(&l->forecast, began_ns, n * bytes);
	for (unsigned i = 0; i < n; i++) {
		uint64_t at_ns = arrival(l, bytes);

		forecast_delivered(&l->forecast, at_ns, bytes);
		if (i + 1 == n)
			l->now_ns = at_ns;
	}
}

static void
ask(struct link *l)
{
	forecast_asked(&l->forecast, l->now_ns);
	l->now_ns = arrival(l, 40);
	forecast_answered(&l->forecast, l->now_ns);
}

static void
nothing_is_known_at_first(void **state)
{
	struct link l = a_link(125000, MS);

	(void)state;
	assert_int_equal(forecast_rate(&l.forecast), 0);
	assert_int_equal(forecast_hold_ns(&l.forecast, l.now_ns, 0), 0);
	assert_int_equal(forecast_window(&l.forecast, 100, 1000), 1000);
	assert_true(forecast_wants_question(&l.forecast, l.now_ns));
}

static void
a_busy_link_tells_its_rate(void **state)
{
	static const uint64_t rates[] = {125000, 1250000, 125000000};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct link l = a_link(rates[i], MS / 10);

		send_many(&l, 1000, 2000);
		assert_in_range(forecast_rate(&l.forecast), rates[i] * 9 / 10, rates[i]);
	}
}

/* A token bucket lets the beginning through at once. What comes then is the truth. */
static void
a_burst_is_not_the_rate(void **state)
{
	struct link l = a_link(500000000, MS / 10);

	(void)state;
	send_many(&l, 1000, 64);
	assert_true(forecast_rate(&l.forecast) > 100000000);
	l.byte_ns = SECOND / 125000;
	send_many(&l, 1000, 200);
	assert_in_range(forecast_rate(&l.forecast), 125000, 250000);
}

/* The link got slower: what was true before is forgotten within a second. */
static void
the_rate_follows_the_path(void **state)
{
	struct link l = a_link(10000000, MS);

	(void)state;
	send_many(&l, 1000, 20000);
	assert_true(forecast_rate(&l.forecast) > 5000000);
	l.byte_ns = SECOND / 125000;
	send_many(&l, 1000, 100);
	assert_in_range(forecast_rate(&l.forecast), 100000, 140000);
}

/* Small frames one by one are as slow as the trip. That says nothing about the rate. */
static void
single_frames_do_not_lower_the_rate(void **state)
{
	struct link l = a_link(10000000, MS);
	uint64_t rate;

	(void)state;
	send_many(&l, 1000, 2000);
	rate = forecast_rate(&l.forecast);
	send_alone(&l, 100, 1000);
	assert_int_equal(forecast_rate(&l.forecast), rate);
}

/* Until more is known they are a lower bound, and nobody takes the path for faster. */
static void
small_frames_are_better_than_nothing(void **state)
{
	struct link l = a_link(125000, MS);

	(void)state;
	send_alone(&l, 600, 3);
	assert_in_range(forecast_rate(&l.forecast), 90000, 125000);
	ask(&l);
	assert_in_range(forecast_hold_ns(&l.forecast, l.now_ns, 50000), 400 * MS, 600 * MS);
}

static void
what_is_queued_is_in_the_forecast(void **state)
{
	struct link l = a_link(125000, MS);

	(void)state;
	send_many(&l, 1000, 200);
	ask(&l);
	assert_in_range(forecast_hold_ns(&l.forecast, l.now_ns, 0), MS, 2 * MS);
	/* A second of this link. */
	assert_in_range(forecast_hold_ns(&l.forecast, l.now_ns, 125000), 1000 * MS, 1200 * MS);
	/* The same, but given to the link by somebody else: the next question finds it. */
	arrival(&l, 125000);
	ask(&l);
	assert_in_range(forecast_hold_ns(&l.forecast, l.now_ns, 0), 1000 * MS, 1010 * MS);
}

/* While no answer comes, the open question tells. */
static void
an_open_question_counts_as_far_as_it_has_waited(void **state)
{
	struct link l = a_link(125000, MS);

	(void)state;
	ask(&l);
	forecast_asked(&l.forecast, l.now_ns);
	assert_true(forecast_hold_ns(&l.forecast, l.now_ns, 0) < 2 * MS);
	assert_int_equal(forecast_hold_ns(&l.forecast, l.now_ns + 30 * MS, 0), 30 * MS);
}

static void
an_old_answer_says_nothing(void **state)
{
	struct link l = a_link(125000, MS);

	(void)state;
	ask(&l);
	assert_int_not_equal(forecast_hold_ns(&l.forecast, l.now_ns, 0), 0);
	assert_false(forecast_wants_question(&l.forecast, l.now_ns + MS));
	assert_true(forecast_wants_question(&l.forecast, l.now_ns + 6 * MS));
	assert_int_equal(forecast_hold_ns(&l.forecast, l.now_ns + 101 * MS, 0), 0);
}

/* One lucky answer does not make the others forgotten. */
static void
the_worst_of_the_last_trips_counts(void **state)
{
	struct link l = a_link(1000000, 8 * MS);

	(void)state;
	ask(&l);
	l.delay_ns = MS;
	for (unsigned i = 1; i < FORECAST_TRIPS; i++) {
		ask(&l);
		assert_in_range(forecast_hold_ns(&l.forecast, l.now_ns, 0), 8 * MS, 9 * MS);
	}
	ask(&l);
	assert_in_range(forecast_hold_ns(&l.forecast, l.now_ns, 0), MS, 2 * MS);
}

/* What was queued in one trip was not queued in another: the shortest says how far it is.
 * Killed by: the last trip, or the worst, taken for the distance. */
static void
the_shortest_trip_is_the_distance(void **state)
{
	struct link l = a_link(1000000, 8 * MS);

	(void)state;
	assert_int_equal(forecast_distance_ns(&l.forecast), 0);
	ask(&l);
	arrival(&l, 50000);
	ask(&l);
	assert_in_range(forecast_trip_ns(&l.forecast, l.now_ns), 58 * MS, 59 * MS);
	assert_in_range(forecast_distance_ns(&l.forecast), 8 * MS, 9 * MS);
}

static void
answer_after(struct forecast *f, uint64_t *now_ns, uint64_t trip_ns)
{
	*now_ns += 100 * MS;
	forecast_asked(f, *now_ns);
	*now_ns += trip_ns;
	forecast_answered(f, *now_ns);
}

/* Killed by: a question every five milliseconds for ever; rest before four trips are known, or while one of them was queued. */
static void
trips_that_are_alike_need_few_questions(void **state)
{
	struct forecast f;
	uint64_t now_ns = 1000 * MS;

	(void)state;
	forecast_init(&f);
	assert_true(forecast_wants_question(&f, now_ns));
	for (unsigned i = 1; i < FORECAST_TRIPS; i++) {
		answer_after(&f, &now_ns, MS);
		assert_false(forecast_wants_question(&f, now_ns + 4 * MS));
		assert_true(forecast_wants_question(&f, now_ns + 5 * MS));
	}
	answer_after(&f, &now_ns, 6 * MS);
	assert_false(forecast_wants_question(&f, now_ns + 19 * MS));
	assert_true(forecast_wants_question(&f, now_ns + 20 * MS));
	assert_int_equal(forecast_trip_ns(&f, now_ns + 20 * MS), 6 * MS);
	answer_after(&f, &now_ns, 7 * MS);
	for (unsigned i = 1; i < FORECAST_TRIPS; i++) {
		assert_true(forecast_wants_question(&f, now_ns + 5 * MS));
		answer_after(&f, &now_ns, MS);
	}
	assert_true(
		forecast_wants_question(&f, now_ns + 5 * MS)); /* the long one is among the four */
	answer_after(&f, &now_ns, MS);
	assert_false(forecast_wants_question(&f, now_ns + 19 * MS));
}

/* The window keeps the path busy and queues a tenth of a second. */
static void
the_window_fits_the_path(void **state)
{
	struct link slow = a_link(125000, MS), far = a_link(12500000, 200 * MS);

	(void)state;
	send_many(&slow, 1000, 200);
	ask(&slow);
	assert_in_range(forecast_window(&slow.forecast, 1000, 8000000), 10000, 13000);
	send_many(&far, 100000, 100);
	ask(&far);
	/* More than what is in the air: 2.5 MB. */
	assert_in_range(forecast_window(&far.forecast, 1000, 8000000), 2500000, 6500000);
	assert_int_equal(forecast_window(&far.forecast, 1000, 1000000), 1000000);
	assert_int_equal(forecast_window(&slow.forecast, 20000, 1000000), 20000);
}

static void
another_connection_begins_anew(void **state)
{
	struct link l = a_link(125000, MS);

	(void)state;
	forecast_sent(&l.forecast, l.now_ns, 100000);
	forecast_asked(&l.forecast, l.now_ns);
	forecast_forget(&l.forecast);
	assert_int_equal(l.forecast.in_flight, 0);
	forecast_answered(&l.forecast, l.now_ns + SECOND);
	assert_int_equal(forecast_trip_ns(&l.forecast, l.now_ns + SECOND), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_at_first),
		cmocka_unit_test(a_busy_link_tells_its_rate),
		cmocka_unit_test(a_burst_is_not_the_rate),
		cmocka_unit_test(the_rate_follows_the_path),
		cmocka_unit_test(single_frames_do_not_lower_the_rate),
		cmocka_unit_test(small_frames_are_better_than_nothing),
		cmocka_unit_test(what_is_queued_is_in_the_forecast),
		cmocka_unit_test(an_open_question_counts_as_far_as_it_has_waited),
		cmocka_unit_test(an_old_answer_says_nothing),
		cmocka_unit_test(the_worst_of_the_last_trips_counts),
		cmocka_unit_test(the_shortest_trip_is_the_distance),
		cmocka_unit_test(trips_that_are_alike_need_few_questions),
		cmocka_unit_test(the_window_fits_the_path),
		cmocka_unit_test(another_connection_begins_anew),
	};

	return cmocka_run_group_tests_name("forecast", tests, NULL, NULL);
}
