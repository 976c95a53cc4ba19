/* SPDX-License-Identifier: Apache-2.0 */
/* How sessions end, and that accounting has one start and one stop of each. */
#include "client_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct harness h;
static struct client c;

static int
setup(void **state)
{
	struct pppoe_config config;

	(void)state;
	client_defaults(&config);
	config.radius.n_accounting = 1;
	harness_open(&h, &config, true);
	client_comes_up(&c, &h, 7);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	harness_check(&h);
	harness_drain(&h, PPPOE_ACCESS);
	harness_drain(&h, PPPOE_CORE);
	harness_close(&h);
	return 0;
}

static void
end(enum pppoe_end why)
{
	pppoe_control_end(&h.workers[0], client_slot(&c), why);
	harness_deliver(&h);
}

/* Killed by: a PADT before the Terminate-Ack, or none; data open meanwhile; the cause of a second order. */
static void
an_operator_ends_it(void **state)
{
	struct pppoe_ask ask;

	(void)state;
	client_asked(&c, PPPOE_ASK_START);
	end(PPPOE_END_ADMIN);
	client_hears(&c, LCP, 5);
	assert_int_equal(client_session(&c)->open, 0);
	end(PPPOE_END_IDLE);
	client_hears_nothing(&c);
	client_say(&c, LCP, 6, c.identifier, "");
	client_hears_padt(&c);
	client_hears_nothing(&c);
	assert_false(client_has_session(&c));
	ask = client_asked(&c, PPPOE_ASK_STOP);
	assert_int_equal(ask.end, PPPOE_END_ADMIN);
	client_asked_nothing(&c);
	assert_int_equal(harness_counter(&h, PPPOE_padt_sent), 1);
}

/* RFC 1661 section 5.5: the client ends it; one period later the PADT. Killed by: no Ack; no end behind it; another cause. */
static void
the_client_terminates(void **state)
{
	struct pppoe_ask ask;

	(void)state;
	client_asked(&c, PPPOE_ASK_START);
	client_say(&c, LCP, 5, 66, "627965");
	client_hears_data(&c, LCP, 6, "");
	assert_int_equal(c.identifier, 66);
	assert_int_equal(client_session(&c)->open, 0);
	client_say(&c, LCP, 5, 67, "");
	client_hears(&c, LCP, 6); /* the first was lost */
	client_wait(&c, 3);
	client_hears_padt(&c);
	assert_false(client_has_session(&c));
	ask = client_asked(&c, PPPOE_ASK_STOP);
	assert_int_equal(ask.end, PPPOE_END_USER_REQUEST);
}

/* RFC 2516 section 5.5. Killed by: a PADT, or anything, sent back; the stop forgotten. */
static void
the_client_is_gone(void **state)
{
	struct pppoe_ask ask;

	(void)state;
	client_asked(&c, PPPOE_ASK_START);
	client_padt(&c);
	client_hears_nothing(&c);
	assert_false(client_has_session(&c));
	ask = client_asked(&c, PPPOE_ASK_STOP);
	assert_int_equal(ask.end, PPPOE_END_USER_REQUEST);
	client_asked_nothing(&c);
}

/* Killed by: a stop that is lost, or put twice; a session that lives on for its client; one that keeps its slot. */
static void
a_stop_that_finds_no_room_waits(void **state)
{
	struct pppoe_ask ask;
	struct client next;

	(void)state;
	client_asked(&c, PPPOE_ASK_START);
	client_fill_ring(&c);
	client_padt(&c);
	assert_true(client_has_session(&c));
	assert_true(client_session(&c)->flags & PPPOE_OVER);
	assert_int_equal(client_session(&c)->open, 0);
	client_dropped(&c, PPPOE_drop_no_session, "c021 0901 0008 00000000");
	end(PPPOE_END_ADMIN);
	client_hears_nothing(&c);
	client_wait(&c, 2);
	assert_true(client_has_session(&c));
	client_hears_nothing(&c);
	client_empty_ring(&c);
	client_wait(&c, 1);
	assert_false(client_has_session(&c));
	ask = client_asked(&c, PPPOE_ASK_STOP);
	assert_int_equal(ask.end, PPPOE_END_USER_REQUEST);
	assert_int_not_equal(ask.ipv4, 0);
	client_asked_nothing(&c);
	client_comes_up(&next, &h, 7);
}

/* Killed by: a start that is lost when the ring is full; a stop without a start. */
static void
a_start_that_finds_no_room_waits(void **state)
{
	struct client other, third;

	(void)state;
	client_fill_ring(&c);
	client_comes_up(&other, &h, 8);
	client_comes_up(&third, &h, 9);
	client_padt(&third);
	assert_false(client_has_session(&third));
	client_wait(&c, 2);
	client_empty_ring(&c);
	client_wait(&c, 1);
	client_asked(&other, PPPOE_ASK_START);
	client_asked_nothing(&other);
	client_wait(&c, 5);
	client_asked_nothing(&other);
	client_padt(&other);
	client_asked(&other, PPPOE_ASK_STOP);
	client_asked_nothing(&other);
}

/* Killed by: a start at each IPCP. */
static void
one_start_of_a_session(void **state)
{
	(void)state;
	client_asked(&c, PPPOE_ASK_START);
	client_say(&c, LCP, 1, 9, "0506 0a0b0c0e");
	client_hears(&c, LCP, 1);
	client_say(&c, LCP, 2, c.identifier, c.data);
	client_hears(&c, LCP, 2);
	client_ipcp_up(&c);
	client_asked_nothing(&c);
}

/* It negotiates again, and is never heard again. Killed by: another cause; a stop that is forgotten. */
static void
who_is_lost_on_the_way_is_accounted(void **state)
{
	struct pppoe_ask ask;

	(void)state;
	client_asked(&c, PPPOE_ASK_START);
	client_say(&c, LCP, 1, 9, "0506 0a0b0c0e");
	client_wait(&c, 32);
	for (int i = 0; i < 10; i++) {
		client_hears(&c, LCP, 1);
		if (i == 0)
			client_hears(&c, LCP, 2);
	}
	client_hears_padt(&c);
	assert_false(client_has_session(&c));
	ask = client_asked(&c, PPPOE_ASK_STOP);
	assert_int_equal(ask.end, PPPOE_END_LOST_CARRIER);
}

/* RFC 1661 section 3.7: non-LCP packets are dropped while it ends. Killed by: one that is taken. */
static void
nothing_but_lcp_while_it_ends(void **state)
{
	(void)state;
	end(PPPOE_END_ADMIN);
	client_hears(&c, LCP, 5);
	client_dropped(&c, PPPOE_drop_not_open, "8021 0101 000a 0306 00000000");
	client_dropped(&c, PPPOE_drop_not_open, "8053 0101 0004");
	client_say(&c, LCP, 1, 5, "0506 01020304");
	client_hears_nothing(&c);
}

/* The client ends IPCP, and has nothing else. Killed by: a session that stays empty. */
static void
the_last_protocol_goes(void **state)
{
	(void)state;
	client_say(&c, IPCP, 5, 1, "");
	client_hears(&c, IPCP, 6);
	assert_int_equal(client_session(&c)->open, 0);
	client_wait(&c, 3);
	client_hears(&c, LCP, 5);
	assert_int_equal(client_session(&c)->end, PPPOE_END_USER_REQUEST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(an_operator_ends_it),
		CASE(the_client_terminates),
		CASE(the_client_is_gone),
		CASE(a_stop_that_finds_no_room_waits),
		CASE(a_start_that_finds_no_room_waits),
		CASE(one_start_of_a_session),
		CASE(who_is_lost_on_the_way_is_accounted),
		CASE(nothing_but_lcp_while_it_ends),
		CASE(the_last_protocol_goes),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
