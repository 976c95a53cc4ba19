/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session that moves in the middle of an exchange goes on at the other instance, with the next packet or timer: nothing
 * but its row is known there. The client does not notice.
 */
#include "client_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "nf_moves_test.h"

#define RESPONSE "10 000102030405060708090a0b0c0d0e0f 616c696365"

enum moved { SESSIONS, LINES, SECRETS, N_MOVED }; /* tables, as pppoe_create_tables() has them */

static struct harness source, target;
static struct harness_move mv;
static struct client c;

static int
open_pair(bool pap, bool chap, uint64_t delay_ns)
{
	struct pppoe_config config;

	client_defaults(&config);
	config.lcp.pap = pap;
	config.lcp.chap = chap;
	config.lcp.connect_delay_ns = delay_ns;
	config.lcp.echo_ns = 10 * HARNESS_SECOND;
	config.lcp.echo_max = 3;
	config.radius.n_accounting = 1;
	harness_open(&source, &config, true);
	harness_open(&target, &config, true);
	return 0;
}

static int
setup(void **state)
{
	(void)state;
	return open_pair(false, false, 0);
}

static int
setup_chap(void **state)
{
	(void)state;
	return open_pair(false, true, 0);
}

static int
setup_pap(void **state)
{
	(void)state;
	return open_pair(true, false, 0);
}

static int
setup_delay(void **state)
{
	(void)state;
	return open_pair(false, false, 2 * HARNESS_SECOND);
}

static int
teardown(void **state)
{
	(void)state;
	harness_drain(&source, PPPOE_ACCESS);
	harness_drain(&target, PPPOE_ACCESS);
	harness_close(&source);
	harness_close(&target);
	return 0;
}

/* All rows to the other instance, and the client's packets from now on. */
static void
move(void)
{
	client_hears_nothing(&c);
	target.now_ns = source.now_ns;
	harness_move_begin(&mv, &source, &target, N_MOVED);
	harness_copy_all(&mv);
	harness_assert_copied(&mv);
	c.h = &target;
	client_moment(&c); /* secrets are copied into the workers */
}

/* The client has its PADS, and nobody has said a word. Killed by: a delay that does not move, or begins anew. */
static void
before_the_first_word(void **state)
{
	(void)state;
	client_dial(&c, &source, 7);
	client_wait(&c, 1);
	move();
	client_hears_nothing(&c);
	client_wait(&c, 1);
	client_hears(&c, LCP, 1);
	client_hears_nothing(&c);
	client_wait(&c, 3);
	client_lcp_up(&c);
	client_ipcp_up(&c);
}

/* Our request is under way, and was sent twice. Killed by: identifier, restart counter, magic number or timer not in the row. */
static void
in_the_middle_of_lcp(void **state)
{
	char ours[128];

	(void)state;
	client_dial(&c, &source, 7);
	client_hears(&c, LCP, 1);
	snprintf(ours, sizeof(ours), "%.120s", c.data);
	client_wait(&c, 3);
	client_hears(&c, LCP, 1);
	client_say(&c, LCP, 1, 1, "0104 0500 0506 0a0b0c0d");
	client_hears(&c, LCP, 2);
	move();
	client_wait(&c, 3);
	client_hears_data(&c, LCP, 1, ours);
	assert_int_equal(c.identifier, 1);
	client_say(&c, LCP, 2, c.identifier, c.data);
	client_ipcp_up(&c);
	assert_int_equal(client_session(&c)->open, PPPOE_OPEN_IPV4);
	assert_int_equal(client_session(&c)->peer_mru, 0x500);
}

/* And who says nothing is given up after ten requests in all. Killed by: a counter that begins anew. */
static void
restarts_are_counted_on(void **state)
{
	(void)state;
	client_dial(&c, &source, 7);
	client_hears(&c, LCP, 1);
	for (int i = 0; i < 4; i++) {
		client_wait(&c, 3);
		client_hears(&c, LCP, 1);
	}
	move();
	for (int i = 0; i < 5; i++) {
		client_wait(&c, 3);
		client_hears(&c, LCP, 1);
	}
	client_wait(&c, 3);
	client_hears_padt(&c);
}

/* The challenge was sent by one, the response comes to the other. Killed by: challenge or identifier not in the row. */
static void
in_the_middle_of_chap(void **state)
{
	struct pppoe_ask ask;
	uint8_t challenge[16];

	(void)state;
	client_dial(&c, &source, 7);
	client_lcp_up(&c);
	client_hears(&c, CHAP, 1);
	memcpy(challenge, client_session(&c)->auth.challenge, sizeof(challenge));
	move();
	client_say(&c, CHAP, 2, c.identifier, RESPONSE);
	ask = client_asked(&c, PPPOE_ASK_CHAP);
	assert_memory_equal(ask.challenge, challenge, sizeof(challenge));
	client_decide(&c, &ask, PPPOE_GOOD);
	client_hears(&c, CHAP, 3);
	client_ipcp_up(&c);
	client_asked(&c, PPPOE_ASK_START);
}

/* The question was the source's: the target challenges anew, and what the source's decider says is void. Killed by: a
 * session that waits for ever; an old answer taken; the old challenge again. */
static void
a_question_does_not_move(void **state)
{
	struct pppoe_ask old, ask;
	char first[128];

	(void)state;
	client_dial(&c, &source, 7);
	client_lcp_up(&c);
	client_hears(&c, CHAP, 1);
	snprintf(first, sizeof(first), "%.120s", c.data);
	client_say(&c, CHAP, 2, c.identifier, RESPONSE);
	old = client_asked(&c, PPPOE_ASK_CHAP);
	move();
	client_decide(&c, &old, PPPOE_GOOD);
	client_hears_nothing(&c);
	client_wait(&c, 3);
	client_hears(&c, CHAP, 1);
	assert_int_not_equal(c.identifier, old.identifier);
	assert_string_not_equal(c.data, first);
	client_say(&c, CHAP, 2, c.identifier, RESPONSE);
	ask = client_asked(&c, PPPOE_ASK_CHAP);
	client_decide(&c, &old, PPPOE_GOOD);
	client_hears_nothing(&c);
	client_decide(&c, &ask, PPPOE_GOOD);
	client_hears(&c, CHAP, 3);
	client_ipcp_up(&c);
}

/* PAP: the password is not in the row, and the client's next request asks. Killed by: it is passed over. */
static void
a_password_does_not_move(void **state)
{
	struct pppoe_ask ask;

	(void)state;
	client_dial(&c, &source, 7);
	client_lcp_up(&c);
	client_pap(&c, 1);
	client_asked(&c, PPPOE_ASK_PAP);
	move();
	client_pap(&c, 2);
	ask = client_asked(&c, PPPOE_ASK_PAP);
	client_decide(&c, &ask, PPPOE_GOOD);
	client_hears(&c, PAP, 2);
	assert_int_equal(c.identifier, 2);
	client_ipcp_up(&c);
}

/* A wrong password is not said sooner by a move. Killed by: the delay not in the row, or the line not moved. */
static void
a_delay_moves(void **state)
{
	struct pppoe_ask ask;

	(void)state;
	client_dial(&c, &source, 7);
	client_lcp_up(&c);
	client_pap(&c, 1);
	ask = client_asked(&c, PPPOE_ASK_PAP);
	client_decide(&c, &ask, PPPOE_BAD);
	client_hears_nothing(&c);
	move();
	client_pap(&c, 2);
	client_asked_nothing(&c);
	client_wait(&c, (uint32_t)(target.config.limits.wrong_password_ns / HARNESS_SECOND));
	client_hears(&c, PAP, 3);
	client_hears(&c, LCP, 5);
}

/* The Nak was the source's, the request with the address comes to the target. Killed by: the address not in the row, or not
 * held there. */
static void
in_the_middle_of_ipcp(void **state)
{
	(void)state;
	client_dial(&c, &source, 7);
	client_lcp_up(&c);
	client_hears(&c, IPCP, 1);
	client_say(&c, IPCP, 2, c.identifier, c.data);
	client_say(&c, IPCP, 1, 1, "0306 00000000");
	client_hears(&c, IPCP, 3);
	move();
	client_say(&c, IPCP, 1, 2, c.data);
	client_hears(&c, IPCP, 2);
	assert_int_equal(client_session(&c)->open, PPPOE_OPEN_IPV4);
	client_asked(&c, PPPOE_ASK_START);
}

/* Two echoes were not answered; the reply to the second comes to the target. Killed by: identifier or number of echoes not in
 * the row; the echo timer not running there. */
static void
in_the_middle_of_an_echo(void **state)
{
	(void)state;
	client_comes_up(&c, &source, 7);
	client_asked(&c, PPPOE_ASK_START);
	client_wait(&c, 10);
	client_hears(&c, LCP, 9);
	client_wait(&c, 10);
	client_hears(&c, LCP, 9);
	move();
	assert_int_equal(client_session(&c)->terms.echo_missed, 2);
	client_say(&c, LCP, 10, c.identifier, "0a0b0c0d");
	assert_int_equal(client_session(&c)->terms.echo_missed, 0);
	for (int i = 0; i < 3; i++) {
		client_wait(&c, 10);
		client_hears(&c, LCP, 9);
	}
	client_wait(&c, 10);
	client_hears(&c, LCP, 5);
	client_asked_nothing(&c); /* its start was put by the source */
	client_say(&c, LCP, 6, c.identifier, "");
	client_hears_padt(&c);
	client_asked(&c, PPPOE_ASK_STOP);
}

/* The stop found no room at the source. Killed by: PPPOE_OVER not in the row; tried at the source alone. */
static void
a_stop_that_waits_moves(void **state)
{
	(void)state;
	client_comes_up(&c, &source, 7);
	client_asked(&c, PPPOE_ASK_START);
	client_fill_ring(&c);
	client_padt(&c);
	move();
	client_wait(&c, 1);
	client_asked(&c, PPPOE_ASK_STOP);
	assert_false(client_has_session(&c));
}

/* Killed by: an account that begins anew at the target; usage, or the time since the log-in, that begins anew there. */
static void
an_account_goes_on(void **state)
{
	struct pppoe_ask start, stop;
	struct pppoe_session *session;

	(void)state;
	client_comes_up(&c, &source, 7);
	start = client_asked(&c, PPPOE_ASK_START);
	session = slim_slot(source.pppoe->sessions.shares.table, client_slot(&c));
	session->packets_up = 5;
	session->bytes_up = 500;
	session->packets_down = 7;
	session->bytes_down = 7000;
	client_wait(&c, 8);
	move();
	client_wait(&c, 1);
	client_asked_nothing(&c);
	client_padt(&c);
	stop = client_asked(&c, PPPOE_ASK_STOP);
	assert_true(stop.accounting_id == start.accounting_id);
	assert_int_equal(stop.packets_up, 5);
	assert_int_equal(stop.bytes_up, 500);
	assert_int_equal(stop.packets_down, 7);
	assert_int_equal(stop.bytes_down, 7000);
	assert_int_equal(stop.seconds, 9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(before_the_first_word, setup_delay, teardown),
		cmocka_unit_test_setup_teardown(in_the_middle_of_lcp, setup, teardown),
		cmocka_unit_test_setup_teardown(restarts_are_counted_on, setup, teardown),
		cmocka_unit_test_setup_teardown(in_the_middle_of_chap, setup_chap, teardown),
		cmocka_unit_test_setup_teardown(a_question_does_not_move, setup_chap, teardown),
		cmocka_unit_test_setup_teardown(a_password_does_not_move, setup_pap, teardown),
		cmocka_unit_test_setup_teardown(a_delay_moves, setup_pap, teardown),
		cmocka_unit_test_setup_teardown(in_the_middle_of_ipcp, setup, teardown),
		cmocka_unit_test_setup_teardown(in_the_middle_of_an_echo, setup, teardown),
		cmocka_unit_test_setup_teardown(a_stop_that_waits_moves, setup, teardown),
		cmocka_unit_test_setup_teardown(an_account_goes_on, setup, teardown),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
