/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

/* Steps and checks what is to be done and where that leads. */
static void
expect(struct link *link, enum link_event event, uint64_t now, unsigned does, enum link_state state)
{
	assert_int_equal(link_step(link, event, now), does);
	assert_string_equal(link_state_name(link->state), link_state_name(state));
}

static void
bring_up(struct link *link, uint64_t now)
{
	expect(link, LINK_TIMER, now, LINK_DO_CONNECT, LINK_CONNECTING);
	expect(link, LINK_CONNECTED, now, LINK_DO_HELLO, LINK_GREETING);
	expect(link, LINK_HELLO, now, LINK_DO_FEATURES, LINK_ASKING);
	expect(link, LINK_FEATURES, now, LINK_DO_PORTS, LINK_LISTING);
	expect(link, LINK_PORTS, now, LINK_DO_UP, LINK_UP);
}

static void
comes_up(void **state)
{
	struct link link;

	(void)state;
	link_init(&link, SECOND, 5);
	expect(&link, LINK_TIMER, 4, 0, LINK_WAITING);
	bring_up(&link, 5);
	assert_int_equal(link.deadline_ns, 5 + SECOND);
}

static void
strange_events_change_nothing(void **state)
{
	struct link link;

	(void)state;
	link_init(&link, SECOND, 0);
	expect(&link, LINK_HELLO, 0, 0, LINK_WAITING);
	expect(&link, LINK_CLOSED, 0, 0, LINK_WAITING);
	bring_up(&link, 0);
	expect(&link, LINK_HELLO, 0, 0, LINK_UP);
	expect(&link, LINK_PORTS, 0, 0, LINK_UP);
	expect(&link, LINK_CONNECTED, 0, 0, LINK_UP);
}

static void
silence_is_probed_then_ends(void **state)
{
	struct link link;

	(void)state;
	link_init(&link, SECOND, 0);
	bring_up(&link, 0);
	expect(&link, LINK_TIMER, SECOND, LINK_DO_PROBE, LINK_UP);
	expect(&link, LINK_MESSAGE, SECOND + 1, 0, LINK_UP);
	expect(&link, LINK_TIMER, 2 * SECOND, 0, LINK_UP);
	expect(&link, LINK_TIMER, 2 * SECOND + 1, LINK_DO_PROBE, LINK_UP);
	expect(&link, LINK_TIMER, 3 * SECOND + 1, LINK_DO_CLOSE | LINK_DO_DOWN, LINK_WAITING);
}

static void
handshake_has_a_limit(void **state)
{
	struct link link;

	(void)state;
	for (unsigned stop = 0; stop < 4; stop++) {
		link_init(&link, SECOND, 0);
		link_step(&link, LINK_TIMER, 0);
		for (unsigned i = 0; i < stop; i++)
			link_step(&link,
				  (enum link_event)(i == 0 ? LINK_CONNECTED : LINK_HELLO + i - 1),
				  0);
		assert_int_equal(link_step(&link, LINK_TIMER, LINK_HANDSHAKE_NS - 1), 0);
		expect(&link, LINK_TIMER, LINK_HANDSHAKE_NS, LINK_DO_CLOSE, LINK_WAITING);
	}
}

static void
backs_off_and_forgets(void **state)
{
	struct link link;
	uint64_t now = 0, wait = LINK_BACKOFF_MIN_NS;

	(void)state;
	link_init(&link, SECOND, 0);
	for (unsigned i = 0; i < 10; i++) {
		expect(&link, LINK_TIMER, now, LINK_DO_CONNECT, LINK_CONNECTING);
		expect(&link, LINK_CLOSED, now, LINK_DO_CLOSE, LINK_WAITING);
		assert_int_equal(link.deadline_ns - now, wait);
		now = link.deadline_ns;
		wait = wait * 2 > LINK_BACKOFF_MAX_NS ? LINK_BACKOFF_MAX_NS : wait * 2;
	}
	bring_up(&link, now);
	expect(&link, LINK_CLOSED, now, LINK_DO_CLOSE | LINK_DO_DOWN, LINK_WAITING);
	assert_int_equal(link.deadline_ns - now, LINK_BACKOFF_MIN_NS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_up),
		cmocka_unit_test(strange_events_change_nothing),
		cmocka_unit_test(silence_is_probed_then_ends),
		cmocka_unit_test(handshake_has_a_limit),
		cmocka_unit_test(backs_off_and_forgets),
	};

	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
