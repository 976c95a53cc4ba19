/* SPDX-License-Identifier: Apache-2.0 */
/* PAP and CHAP: who comes in, who does not, and when it is said. The test decides. */
#include "client_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define RESPONSE "10 000102030405060708090a0b0c0d0e0f 616c696365" /* 16 octets, alice */

static struct harness h;
static struct client c;

static int
open_with(bool pap, bool chap)
{
	struct pppoe_config config;

	client_defaults(&config);
	config.lcp.pap = pap;
	config.lcp.chap = chap;
	config.limits.wrong_password_ns = 5 * HARNESS_SECOND;
	config.radius.n_accounting = 1;
	harness_open(&h, &config, true);
	client_dial(&c, &h, 7);
	client_lcp_up(&c);
	return 0;
}

static int
setup_pap(void **state)
{
	(void)state;
	return open_with(true, false);
}

static int
setup_chap(void **state)
{
	(void)state;
	return open_with(false, true);
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

/* ---- PAP ---------------------------------------------------------------------------------------------------- */

/* RFC 1334 section 2.2. Killed by: IPCP before the answer; the answer with another identifier, or without its message; limits
 * and address of the answer lost; asked twice. */
static void
pap_lets_who_is_right_in(void **state)
{
	struct pppoe_ask ask;
	const struct pppoe_session *session;

	(void)state;
	client_hears_nothing(&c); /* PAP: the client begins */
	client_moment(&c);
	client_dropped(&c, PPPOE_drop_not_open, "8021 0101 000a 0306 00000000");
	client_pap(&c, 42);
	ask = client_asked(&c, PPPOE_ASK_PAP);
	assert_int_equal(client_session(&c)->heard, h.now_ns);
	assert_string_equal(ask.user, "alice");
	assert_int_equal(ask.secret_size, 6);
	assert_memory_equal(ask.secret, "secret", 6);
	assert_memory_equal(&ask.line.mac, c.mac, 6);
	client_hears_nothing(&c);
	client_pap(&c, 42);
	client_asked_nothing(&c);
	client_answer(&c, &(struct pppoe_answer){.slot = ask.slot,
						 .session_id = ask.session_id,
						 .identifier = ask.identifier,
						 .accounting_id = ask.accounting_id,
						 .verdict = PPPOE_GOOD,
						 .ipv4 = rte_cpu_to_be_32(IP(100, 64, 1, 77)),
						 .session_timeout = 3600,
						 .idle_timeout = 600,
						 .message = "hello"});
	client_hears_data(&c, PAP, 2, "0568656c6c6f");
	assert_int_equal(c.identifier, 42);
	client_ipcp_up(&c);
	session = client_session(&c);
	assert_int_equal(session->ipv4, rte_cpu_to_be_32(IP(100, 64, 1, 77)));
	assert_int_equal(session->session_timeout, 3600);
	assert_int_equal(session->idle_timeout, 600);
	assert_int_equal(session->open, PPPOE_OPEN_IPV4);
	assert_int_equal(harness_counter(&h, PPPOE_auth_good), 1);
}

/* RFC 1334 section 2.2.1: a request that comes again has the same answer. Killed by: no answer, asked again, or with the
 * identifier of the first. */
static void
pap_requests_that_come_again(void **state)
{
	struct pppoe_ask ask;

	(void)state;
	client_pap(&c, 42);
	ask = client_asked(&c, PPPOE_ASK_PAP);
	client_pap(&c, 43); /* still waiting: the answer is for the newest */
	client_decide(&c, &ask, PPPOE_GOOD);
	client_hears(&c, PAP, 2);
	assert_int_equal(c.identifier, 43);
	client_hears(&c, IPCP, 1);
	client_pap(&c, 44);
	client_hears(&c, PAP, 2);
	assert_int_equal(c.identifier, 44);
	client_asked_nothing(&c);
}

/* Killed by: said at once; not said; no Terminate-Request, or no PADT; IPCP opened. */
static void
pap_says_a_late_no(void **state)
{
	struct pppoe_ask ask;

	(void)state;
	client_pap(&c, 1);
	ask = client_asked(&c, PPPOE_ASK_PAP);
	client_decide(&c, &ask, PPPOE_BAD);
	client_hears_nothing(&c);
	assert_int_equal(harness_counter(&h, PPPOE_auth_bad), 1);
	client_wait(&c, 4);
	client_pap(&c, 2);
	client_hears_nothing(&c);
	client_asked_nothing(&c);
	client_wait(&c, 1);
	client_hears(&c, PAP, 3);
	assert_int_equal(c.identifier, 2);
	client_hears(&c, LCP, 5);
	assert_int_equal(client_session(&c)->end, PPPOE_END_AUTH);
	client_say(&c, LCP, 6, c.identifier, "");
	client_hears_padt(&c);
	assert_false(client_has_session(&c));
	client_asked_nothing(&c); /* nothing was accounted */
}

/* The line waits after a wrong password: in another session, too. Killed by: asked while it waits; not asked behind. */
static void
a_blocked_line_is_not_tried(void **state)
{
	struct pppoe_ask ask;
	struct client other;

	(void)state;
	client_pap(&c, 1);
	ask = client_asked(&c, PPPOE_ASK_PAP);
	client_decide(&c, &ask, PPPOE_BAD);
	client_dial(&other, &h, 7);
	client_lcp_up(&other);
	client_pap(&other, 1);
	client_asked_nothing(&other);
	client_hears_nothing(&other);
	client_padt(&c);
	client_wait(&other, 5);
	harness_drain(&h, PPPOE_ACCESS);
	client_pap(&other, 2);
	ask = client_asked(&other, PPPOE_ASK_PAP);
	client_decide(&other, &ask, PPPOE_GOOD);
	client_hears(&other, PAP, 2);
	assert_int_equal(harness_counter(&h, PPPOE_auth_good), 1);
}

/* Killed by: any of them asked, or counted by another name. */
static void
pap_packets_that_are_wrong(void **state)
{
	char user[2 * 64 + 1] = "", request[512];

	(void)state;
	client_moment(&c);
	client_dropped(&c, PPPOE_drop_control, "c023 0101 0004");        /* empty */
	client_dropped(&c, PPPOE_drop_control, "c023 0101 0006 0561");   /* a user that is longer */
	client_dropped(&c, PPPOE_drop_control, "c023 0101 0007 016102"); /* a password likewise */
	client_dropped(&c, PPPOE_drop_control, "c023 0201 0005 00");   /* an answer from a client */
	client_dropped(&c, PPPOE_drop_control, "c023 0401 0006 0000"); /* an unknown code */
	client_dropped(&c, PPPOE_drop_control,
		       "c023 0101 0009 036100 6200"); /* a user with a zero in it */
	for (int i = 0; i < 64; i++)
		strcat(user, "61");
	snprintf(request, sizeof(request), "c023 0101 0046 40 %s 00",
		 user); /* a user of 64 octets */
	client_dropped(&c, PPPOE_drop_control, request);
	client_asked_nothing(&c);
}

/* Killed by: a client that says nothing stays for ever. */
static void
who_does_not_log_in_is_given_up(void **state)
{
	(void)state;
	client_wait(&c, 29);
	client_hears_nothing(&c);
	client_wait(&c, 3); /* each of the ten periods ends a little late */
	client_hears(&c, LCP, 5);
	assert_int_equal(client_session(&c)->end, PPPOE_END_AUTH);
	client_wait(&c, 3);
	client_hears(&c, LCP, 5);
	client_wait(&c, 3);
	client_hears_padt(&c);
	assert_false(client_has_session(&c));
}

/* Killed by: a full ring that loses the log-in for ever, or is not counted. */
static void
a_full_ring_makes_it_wait(void **state)
{
	(void)state;
	client_fill_ring(&c);
	client_pap(&c, 1);
	assert_int_equal(harness_counter(&h, PPPOE_ask_full), 1);
	assert_int_equal(client_session(&c)->auth.state, PPPOE_AUTH_WAITING);
	client_empty_ring(&c);
	client_pap(&c, 2);
	client_asked(&c, PPPOE_ASK_PAP);
}

/* Killed by: who was not decided about comes in, or its line is blamed. */
static void
nobody_decides(void **state)
{
	struct pppoe_ask ask;

	(void)state;
	client_pap(&c, 1);
	ask = client_asked(&c, PPPOE_ASK_PAP);
	client_wait(&c, 60); /* however long it takes */
	client_hears_nothing(&c);
	client_decide(&c, &ask, PPPOE_SILENT);
	client_hears(&c, PAP, 3);
	client_hears(&c, LCP, 5);
	assert_int_equal(harness_counter(&h, PPPOE_auth_silent), 1);
	assert_int_equal(harness_counter(&h, PPPOE_auth_bad), 0);
	assert_int_equal(client_session(&c)->end, PPPOE_END_NAS_ERROR);
}

/* Killed by: an answer for another session in the slot, another exchange, or one that was answered. */
static void
late_answers_are_void(void **state)
{
	struct pppoe_ask ask, other;
	struct client next;

	(void)state;
	client_pap(&c, 1);
	ask = client_asked(&c, PPPOE_ASK_PAP);
	other = ask;
	other.identifier++;
	client_decide(&c, &other, PPPOE_GOOD);
	other = ask;
	other.accounting_id++;
	client_decide(&c, &other, PPPOE_GOOD);
	other = ask;
	other.slot++;
	client_decide(&c, &other, PPPOE_GOOD);
	other = ask;
	other.session_id++;
	client_decide(&c, &other, PPPOE_GOOD);
	client_hears_nothing(&c);
	client_padt(&c);
	client_decide(&c, &ask, PPPOE_GOOD);
	client_dial(&next, &h, 7);
	client_lcp_up(&next);
	client_pap(&next, 1);
	client_decide(&next, &ask, PPPOE_GOOD);
	client_hears_nothing(&next);
	ask = client_asked(&next, PPPOE_ASK_PAP);
	client_decide(&next, &ask, PPPOE_GOOD);
	client_hears(&next, PAP, 2);
	client_hears(&next, IPCP, 1);
	client_decide(&next, &ask, PPPOE_BAD);
	client_hears_nothing(&next);
	assert_int_equal(harness_counter(&h, PPPOE_auth_good), 1);
}

/* In one session accounting has one user. Killed by: another one let in under its records. */
static void
another_user_in_an_accounted_session(void **state)
{
	struct pppoe_ask ask;

	(void)state;
	client_pap(&c, 1);
	ask = client_asked(&c, PPPOE_ASK_PAP);
	client_decide(&c, &ask, PPPOE_GOOD);
	client_hears(&c, PAP, 2);
	client_ipcp_up(&c);
	client_asked(&c, PPPOE_ASK_START);
	client_say(&c, LCP, 1, 9, "0506 0a0b0c0e");
	client_hears(&c, LCP, 1);
	client_say(&c, LCP, 2, c.identifier, c.data);
	client_hears(&c, LCP, 2);
	client_say(&c, PAP, 1, 2, "03 626f62 06 736563726574");
	client_asked_nothing(&c);
	assert_int_equal(harness_counter(&h, PPPOE_auth_bad), 1);
	client_wait(&c, 5);
	client_hears(&c, PAP, 3);
	client_hears(&c, LCP, 5);
}

/* ---- CHAP ----------------------------------------------------------------------------------------------------------- */

/* RFC 1994 section 4. Killed by: no challenge, or one that is the same each time; the name not ours; a response not asked
 * about, or its challenge lost. */
static void
chap_lets_who_is_right_in(void **state)
{
	struct pppoe_ask ask;
	struct client other;
	char first[64];

	(void)state;
	client_hears(&c, CHAP, 1);
	assert_memory_equal(c.data, "10", 2);
	assert_string_equal(c.data + 34, "61632d31"); /* ac-1 */
	snprintf(first, sizeof(first), "%.32s", c.data + 2);
	client_say(&c, CHAP, 2, c.identifier, RESPONSE);
	ask = client_asked(&c, PPPOE_ASK_CHAP);
	assert_string_equal(ask.user, "alice");
	assert_int_equal(ask.identifier, c.identifier);
	assert_int_equal(ask.secret_size, 16);
	for (int i = 0; i < 16; i++) {
		char octet[3];

		snprintf(octet, sizeof(octet), "%02x", ask.challenge[i]);
		assert_memory_equal(octet, first + (size_t)(2 * i), 2);
		assert_int_equal(ask.secret[i], i);
	}
	client_decide(&c, &ask, PPPOE_GOOD);
	client_hears_data(&c, CHAP, 3, "68656c6c6f");
	assert_int_equal(c.identifier, ask.identifier);
	client_ipcp_up(&c);
	client_dial(&other, &h, 8);
	client_lcp_up(&other);
	client_hears(&other, CHAP, 1);
	assert_memory_not_equal(other.data + 2, first, 32);
}

/* RFC 1994 section 4.1 and 4.2. Killed by: another identifier taken; a response of another size taken; the answer not
 * repeated in the network phase. */
static void
chap_responses_must_fit(void **state)
{
	struct pppoe_ask ask;
	char digits[128];

	(void)state;
	client_hears(&c, CHAP, 1);
	snprintf(digits, sizeof(digits), "c223 02%02x 001a " RESPONSE, (uint8_t)(c.identifier + 1));
	client_dropped(&c, PPPOE_drop_identifier, digits);
	snprintf(digits, sizeof(digits), "c223 02%02x 000d 08 0001020304050607", c.identifier);
	client_dropped(&c, PPPOE_drop_control, digits);
	snprintf(digits, sizeof(digits), "c223 02%02x 0005 10", c.identifier);
	client_dropped(&c, PPPOE_drop_control, digits);
	snprintf(digits, sizeof(digits), "c223 01%02x 001a " RESPONSE, c.identifier);
	client_dropped(&c, PPPOE_drop_control, digits);
	client_asked_nothing(&c);
	client_say(&c, CHAP, 2, c.identifier, RESPONSE);
	client_say(&c, CHAP, 2, c.identifier, RESPONSE);
	ask = client_asked(&c, PPPOE_ASK_CHAP);
	client_asked_nothing(&c);
	client_decide(&c, &ask, PPPOE_GOOD);
	client_hears(&c, CHAP, 3);
	client_hears(&c, IPCP, 1);
	client_say(&c, CHAP, 2, ask.identifier, RESPONSE);
	client_hears(&c, CHAP, 3);
	assert_int_equal(c.identifier, ask.identifier);
	client_asked_nothing(&c);
}

/* Killed by: a challenge that is lost is not sent again, is another one, or is sent for ever. */
static void
challenges_are_repeated(void **state)
{
	char first[128];
	uint8_t identifier;

	(void)state;
	client_hears(&c, CHAP, 1);
	snprintf(first, sizeof(first), "%.120s", c.data);
	identifier = c.identifier;
	for (int i = 1; i < 10; i++) {
		client_wait(&c, 3);
		client_hears_data(&c, CHAP, 1, first);
		assert_int_equal(c.identifier, identifier);
	}
	client_wait(&c, 3);
	client_hears(&c, LCP, 5);
}

/* Killed by: Failure said at once, or with another identifier. */
static void
chap_says_a_late_no(void **state)
{
	struct pppoe_ask ask;

	(void)state;
	client_hears(&c, CHAP, 1);
	client_say(&c, CHAP, 2, c.identifier, RESPONSE);
	ask = client_asked(&c, PPPOE_ASK_CHAP);
	client_decide(&c, &ask, PPPOE_BAD);
	client_hears_nothing(&c);
	client_wait(&c, 5);
	client_hears(&c, CHAP, 4);
	assert_int_equal(c.identifier, ask.identifier);
	client_hears(&c, LCP, 5);
}

/* Killed by: a client that does not know our protocol stays, or comes in. */
static void
a_client_without_chap(void **state)
{
	(void)state;
	client_hears(&c, CHAP, 1);
	client_say(&c, LCP, 8, 1, "c223 0101 0004");
	client_hears(&c, LCP, 5);
	assert_int_equal(client_session(&c)->end, PPPOE_END_AUTH);
}

/* Killed by: a client that refuses to be asked stays, or comes in; another cause. */
static void
a_client_that_will_not_be_asked(void **state)
{
	(void)state;
	client_dial(&c, &h, 8);
	client_hears(&c, LCP, 1);
	client_say(&c, LCP, 4, c.identifier, "0304 c023");
	client_hears(&c, LCP, 1);
	client_hears(&c, LCP, 5);
	assert_int_equal(client_session(&c)->end, PPPOE_END_AUTH);
	assert_int_equal(client_session(&c)->open, 0);
}

/* Killed by: two sessions with one number for accounting. */
static void
each_session_has_its_number(void **state)
{
	uint64_t first = client_session(&c)->accounting_id;

	(void)state;
	client_dial(&c, &h, 8);
	client_hears(&c, LCP, 1);
	assert_true(first != 0 && client_session(&c)->accounting_id != first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define PAP_CASE(name) cmocka_unit_test_setup_teardown(name, setup_pap, teardown)
#define CHAP_CASE(name) cmocka_unit_test_setup_teardown(name, setup_chap, teardown)
		PAP_CASE(pap_lets_who_is_right_in),
		PAP_CASE(pap_requests_that_come_again),
		PAP_CASE(pap_says_a_late_no),
		PAP_CASE(a_blocked_line_is_not_tried),
		PAP_CASE(pap_packets_that_are_wrong),
		PAP_CASE(who_does_not_log_in_is_given_up),
		PAP_CASE(a_full_ring_makes_it_wait),
		PAP_CASE(nobody_decides),
		PAP_CASE(late_answers_are_void),
		PAP_CASE(another_user_in_an_accounted_session),
		PAP_CASE(a_client_that_will_not_be_asked),
		PAP_CASE(each_session_has_its_number),
		CHAP_CASE(chap_lets_who_is_right_in),
		CHAP_CASE(chap_responses_must_fit),
		CHAP_CASE(challenges_are_repeated),
		CHAP_CASE(chap_says_a_late_no),
		CHAP_CASE(a_client_without_chap),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
