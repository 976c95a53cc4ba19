/* SPDX-License-Identifier: Apache-2.0 */
/* Echoes, limits, and records between start and stop. */
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
open_with(uint32_t echo_s, uint32_t session_s, uint32_t idle_s, uint32_t interim_s)
{
	struct pppoe_config config;

	client_defaults(&config);
	config.lcp.echo_ns = echo_s * HARNESS_SECOND;
	config.lcp.echo_max = 3;
	config.limits.session_ns = session_s * HARNESS_SECOND;
	config.limits.idle_ns = idle_s * HARNESS_SECOND;
	config.radius.n_accounting = interim_s != 0;
	config.radius.interim_ns = interim_s * HARNESS_SECOND;
	harness_open(&h, &config, true);
	client_comes_up(&c, &h, 7);
	return 0;
}

static int
setup_echo(void **state)
{
	(void)state;
	return open_with(10, 0, 0, 0);
}

static int
setup_session(void **state)
{
	(void)state;
	return open_with(0, 100, 0, 0);
}

static int
setup_idle(void **state)
{
	(void)state;
	return open_with(0, 0, 100, 0);
}

static int
setup_interim(void **state)
{
	(void)state;
	return open_with(0, 0, 0, 60);
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

/* RFC 1661 section 5.8. Killed by: no echo; one without our number; sent although something was heard; the reply not
 * counted. */
static void
who_is_silent_is_asked(void **state)
{
	char magic[16];

	(void)state;
	client_wait(&c, 8);
	client_hears_nothing(&c);
	client_say(&c, LCP, 11, 1, "0a0b0c0d"); /* a Discard-Request is a life sign, too */
	client_wait(&c, 9);
	client_hears_nothing(&c);
	client_wait(&c, 1);
	client_hears(&c, LCP, 9);
	snprintf(magic, sizeof(magic), "%08x", rte_be_to_cpu_32(client_session(&c)->terms.magic));
	assert_string_equal(c.data, magic);
	assert_string_not_equal(magic, "00000000");
	client_say(&c, LCP, 10, c.identifier, "0a0b0c0d");
	assert_int_equal(client_session(&c)->terms.echo_missed, 0);
	for (uint8_t i = 1; i < 10; i++) {
		client_wait(&c, 10);
		client_hears(&c, LCP, 9);
		client_say(&c, LCP, 10, c.identifier, "0a0b0c0d");
	}
	assert_int_equal(client_session(&c)->end, PPPOE_END_NONE);
}

/* Killed by: one echo more or less; no end; another cause. */
static void
who_never_answers_is_lost(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		client_wait(&c, 10);
		client_hears(&c, LCP, 9);
		client_hears_nothing(&c);
	}
	client_wait(&c, 10);
	client_hears(&c, LCP, 5);
	assert_int_equal(client_session(&c)->end, PPPOE_END_LOST_CARRIER);
	assert_int_equal(client_session(&c)->open, 0);
	assert_int_equal(harness_counter(&h, PPPOE_echo_lost), 1);
	client_wait(&c, 3);
	client_hears(&c, LCP, 5);
	client_wait(&c, 3);
	client_hears_padt(&c);
	assert_false(client_has_session(&c));
}

/* Killed by: an answer without our number, or to our own echo; a reply to another echo counted. */
static void
echoes_of_the_client_are_answered(void **state)
{
	char ours[16], request[64];

	(void)state;
	snprintf(ours, sizeof(ours), "%08x", rte_be_to_cpu_32(client_session(&c)->terms.magic));
	client_say(&c, LCP, 9, 77, "0a0b0c0d 68690000");
	snprintf(request, sizeof(request), "%s68690000", ours);
	client_hears_data(&c, LCP, 10, request);
	assert_int_equal(c.identifier, 77);
	client_say(&c, LCP, 9, 78, ours);
	client_hears_nothing(&c);
	assert_int_equal(harness_counter(&h, PPPOE_loops), 1);
	client_wait(&c, 10);
	client_hears(&c, LCP, 9);
	snprintf(request, sizeof(request), "c021 0a%02x 0008 0a0b0c0d",
		 (uint8_t)(c.identifier - 1));
	client_dropped(&c, PPPOE_drop_identifier, request);
}

/* Killed by: a limit that is not kept, or counted as another; kept from the last packet on; one that ends it again and
 * again. */
static void
the_session_limit(void **state)
{
	(void)state;
	client_wait(&c, 90);
	client_say(&c, LCP, 11, 1, "0a0b0c0d");
	assert_int_equal(client_session(&c)->end, PPPOE_END_NONE);
	client_wait(&c, 10);
	client_hears(&c, LCP, 5);
	assert_int_equal(client_session(&c)->end, PPPOE_END_TIMEOUT);
	client_wait(&c, 2);
	assert_int_equal(harness_counter(&h, PPPOE_session_timeout), 1);
	assert_int_equal(harness_counter(&h, PPPOE_session_idle), 0);
}

/* The limit is about user data. Killed by: control packets that count; data that does not. */
static void
the_idle_limit(void **state)
{
	struct pppoe_session *session = slim_slot(h.pppoe->sessions.shares.table, client_slot(&c));

	(void)state;
	client_wait(&c, 90);
	session->last_seen = h.now_ns;
	client_wait(&c, 90);
	client_say(&c, LCP, 11, 1, "0a0b0c0d");
	assert_int_equal(session->end, PPPOE_END_NONE);
	client_wait(&c, 10);
	client_hears(&c, LCP, 5);
	assert_int_equal(session->end, PPPOE_END_IDLE);
	assert_int_equal(harness_counter(&h, PPPOE_session_idle), 1);
}

/* Killed by: no records between, or without the counters; one that is lost when the ring is full. */
static void
records_between_start_and_stop(void **state)
{
	struct pppoe_session *session = slim_slot(h.pppoe->sessions.shares.table, client_slot(&c));
	struct pppoe_ask ask = client_asked(&c, PPPOE_ASK_START);

	(void)state;
	assert_int_equal(ask.ipv4, session->ipv4);
	client_wait(&c, 59);
	client_asked_nothing(&c);
	session->packets_up = 5;
	session->bytes_down = 500;
	client_wait(&c, 1);
	ask = client_asked(&c, PPPOE_ASK_INTERIM);
	assert_int_equal(ask.packets_up, 5);
	assert_int_equal(ask.bytes_down, 500);
	assert_in_range(ask.seconds, 59, 61);
	assert_int_equal(ask.accounting_id, session->accounting_id);
	client_wait(&c, 50);
	client_fill_ring(&c);
	client_wait(&c, 12);
	client_empty_ring(&c);
	assert_true(harness_counter(&h, PPPOE_ask_full) > 0);
	client_wait(&c, 2);
	client_asked(&c, PPPOE_ASK_INTERIM);
	client_asked_nothing(&c);
	client_wait(&c, 50);
	client_asked_nothing(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_is_silent_is_asked, setup_echo, teardown),
		cmocka_unit_test_setup_teardown(who_never_answers_is_lost, setup_echo, teardown),
		cmocka_unit_test_setup_teardown(echoes_of_the_client_are_answered, setup_echo,
						teardown),
		cmocka_unit_test_setup_teardown(the_session_limit, setup_session, teardown),
		cmocka_unit_test_setup_teardown(the_idle_limit, setup_idle, teardown),
		cmocka_unit_test_setup_teardown(records_between_start_and_stop, setup_interim,
						teardown),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
