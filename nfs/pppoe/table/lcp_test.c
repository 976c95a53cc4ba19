/* SPDX-License-Identifier: Apache-2.0 */
/* LCP's options and echoes, against a scripted peer. */
#include "peer_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define OURS       \
	"010405d4" \
	"050611223344" /* MRU 1492, magic number */

static struct peer p;

static int
setup(void **state)
{
	(void)state;
	peer_init(&p, &lcp_ops);
	return 0;
}

/* With other settings; lcp_begin() as for a new session. */
static void
begin(bool chap, bool pap, uint16_t mtu, uint16_t max_payload)
{
	p.lcp.chap = chap;
	p.lcp.pap = pap;
	p.lcp.mtu = mtu;
	p.lcp.random = 0x11223344;
	p.terms.max_payload = rte_cpu_to_be_16(max_payload);
	lcp_begin(&p.lcp);
	p.lcp.random = 0x55667788;
}

/* RFC 2516 section 7. Killed by: 1500 accepted, or asked for; below 128 accepted; a wrong length accepted. */
static void
mru_is_within_what_pppoe_carries(void **state)
{
	(void)state;
	peer_start(&p);
	peer_sent(&p, "1 1 " OURS "\n");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 1, "0104 05dc");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 2, "0104 007f");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 3, "0103 05");
	peer_sent(&p, "3 1 010405d4\n3 2 01040080\n3 3 010405d4\n");
	assert_int_equal(p.terms.peer_mru, rte_cpu_to_be_16(1492));
	peer_give(&p, PPP_CONFIGURE_REQUEST, 4, "0104 0080");
	peer_sent(&p, "2 4 01040080\n");
	assert_int_equal(p.terms.peer_mru, rte_cpu_to_be_16(128));
	peer_give(&p, PPP_CONFIGURE_REQUEST, 5, "");
	assert_int_equal(p.terms.peer_mru, rte_cpu_to_be_16(1492));
}

/* RFC 4638. Killed by: more than 1492 without the tag, more than the tag, or more than is configured. */
static void
max_payload_allows_more(void **state)
{
	(void)state;
	begin(false, false, 1500, 1500);
	peer_start(&p);
	peer_sent(&p, "1 1 010405dc050611223344\n");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 1, "0104 05dc");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 2, "0104 05dd");
	peer_sent(&p, "2 1 010405dc\n3 2 010405dc\n");
	setup(state);
	begin(false, false, 1500, 1496);
	peer_start(&p);
	peer_sent(&p, "1 1 010405d8050611223344\n");
	setup(state);
	begin(false, false, 1500, 0);
	peer_start(&p);
	peer_sent(&p, "1 1 " OURS "\n");
	setup(state);
	begin(false, false, 1492, 9000);
	peer_start(&p);
	peer_sent(&p, "1 1 " OURS "\n");
}

/* Killed by: a Nak followed to a larger value, or to one below 128; not followed. */
static void
our_mru_follows_down(void **state)
{
	(void)state;
	peer_start(&p);
	peer_give(&p, PPP_CONFIGURE_NAK, 1, "0104 05dc");
	peer_give(&p, PPP_CONFIGURE_NAK, 2, "0104 007f");
	peer_give(&p, PPP_CONFIGURE_NAK, 3, "0103 04");
	peer_give(&p, PPP_CONFIGURE_NAK, 4, "0104 0500");
	peer_sent(&p, "1 1 " OURS "\n1 2 " OURS "\n1 3 " OURS "\n1 4 " OURS
		      "\n1 5 01040500050611223344\n");
	peer_give(&p, PPP_CONFIGURE_NAK, 5, "0104 0080");
	peer_sent(&p, "1 6 01040080050611223344\n");
}

/* Section 6.2. Killed by: a suggestion not followed; followed to what is not configured, or to CHAP with another digest; the
 * option not sent. */
static void
authentication_follows_to_what_is_configured(void **state)
{
	(void)state;
	begin(true, true, 1492, 0);
	peer_start(&p);
	peer_sent(&p, "1 1 010405d40305c22305050611223344\n");
	peer_give(&p, PPP_CONFIGURE_NAK, 1, "0304 c023");
	peer_sent(&p, "1 2 010405d40304c023050611223344\n");
	peer_give(&p, PPP_CONFIGURE_NAK, 2, "0305 c22381");
	peer_sent(&p, "1 3 010405d40304c023050611223344\n");
	peer_give(&p, PPP_CONFIGURE_NAK, 3, "0305 c22305");
	peer_sent(&p, "1 4 010405d40305c22305050611223344\n");
	peer_give(&p, PPP_CONFIGURE_NAK, 4, "0303 c0");
	setup(state);
	begin(true, false, 1492, 0);
	peer_start(&p);
	peer_give(&p, PPP_CONFIGURE_NAK, 1, "0304 c023");
	peer_sent(&p, "1 1 010405d40305c22305050611223344\n1 2 010405d40305c22305050611223344\n");
	setup(state);
	begin(false, true, 1492, 0);
	peer_start(&p);
	peer_sent(&p, "1 1 010405d40304c023050611223344\n");
	setup(state);
	p.lcp.pap = true; /* but nobody is asked in this session */
	peer_start(&p);
	peer_give(&p, PPP_CONFIGURE_NAK, 1, "0304 c023");
	peer_sent(&p, "1 1 " OURS "\n1 2 " OURS "\n");
}

/* Killed by: a rejected authentication that is left out, and the peer comes in without. */
static void
authentication_is_not_given_up(void **state)
{
	(void)state;
	begin(true, true, 1492, 0);
	peer_start(&p);
	assert_int_equal(peer_give(&p, PPP_CONFIGURE_REJECT, 1, "0305 c22305"), PPP_REFUSED);
}

/* Killed by: any of them accepted. */
static void
what_is_not_served_is_rejected(void **state)
{
	(void)state;
	peer_start(&p);
	peer_sent(&p, "1 1 " OURS "\n");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 1,
		  "0702 0506 01020304 0802 0304 c023 0408 c02500000064 0d03 06 1104 05d4 0206 "
		  "00000000");
	peer_sent(&p, "4 1 070208020304c0230408c025000000640d0306110405d4020600000000\n");
}

/* Section 6.4. Killed by: own number accepted; counted once for all; never given up; 0 accepted. */
static void
own_magic_numbers_are_a_loop(void **state)
{
	(void)state;
	peer_start(&p);
	peer_sent(&p, "1 1 " OURS "\n");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 1, "0506 00000000");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 2, "0505 010203");
	peer_sent(&p, "3 1 050655667788\n3 2 050655667788\n");
	for (uint8_t i = 1; i < LCP_MAX_LOOPS; i++)
		assert_int_equal(peer_give(&p, PPP_CONFIGURE_REQUEST, i, "0506 11223344"),
				 PPP_LOOP);
	assert_int_equal(peer_give(&p, PPP_CONFIGURE_REQUEST, 9, "0506 11223344"),
			 PPP_LOOP | PPP_REFUSED);
	assert_int_equal(peer_give(&p, PPP_CONFIGURE_REQUEST, 10, "0506 01020304"), 0);
	assert_int_equal(p.terms.peer_magic, rte_cpu_to_be_32(0x01020304));
	assert_int_equal(peer_give(&p, PPP_CONFIGURE_REQUEST, 11, "0506 11223344"), PPP_LOOP);
}

/* A Nak of ours that came back: the number must not be the one that it names. Killed by: the suggestion taken; the old
 * number kept. */
static void
a_nak_of_our_number_brings_another(void **state)
{
	(void)state;
	peer_start(&p);
	peer_give(&p, PPP_CONFIGURE_NAK, 1, "0506 99999999");
	peer_sent(&p, "1 1 " OURS "\n1 2 010405d4050655667788\n");
}

/* Killed by: echoes with a number that the peer does not know. */
static void
rejected_options_are_left_out(void **state)
{
	(void)state;
	peer_start(&p);
	peer_give(&p, PPP_CONFIGURE_REJECT, 1, OURS);
	peer_sent(&p, "1 1 " OURS "\n1 2 \n");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 1, "");
	assert_int_equal(peer_give(&p, PPP_CONFIGURE_ACK, 2, ""), PPP_TLU);
	peer_sent(&p, "2 1 \n");
	peer_give(&p, PPP_ECHO_REQUEST, 7, "00000000 aa");
	peer_sent(&p, "10 7 00000000aa\n");
}

/* Section 5.8. Killed by: an answer before Opened, with the peer's number, without its data, longer than the peer takes; a
 * reply to nothing, or to another echo, taken; missed ones left counted. */
static void
echoes_in_opened_alone(void **state)
{
	char digits[2 * 204 + 1] = "01020304";

	(void)state;
	peer_bring(&p, PPP_ACK_SENT);
	peer_refused(&p, PPP_WRONG_STATE, PPP_ECHO_REQUEST, 1, "00000000");
	setup(state);
	peer_bring(&p, PPP_OPENED);
	peer_refused(&p, PPP_WRONG, PPP_ECHO_REQUEST, 1, "000000");
	peer_give(&p, PPP_ECHO_REQUEST, 33, "01020304 68656c6c6f");
	peer_sent(&p, "10 33 1122334468656c6c6f\n");
	peer_give(&p, PPP_DISCARD_REQUEST, 34, "01020304 00");
	peer_refused(&p, PPP_WRONG_IDENTIFIER, PPP_ECHO_REPLY, 0, "01020304");
	p.terms.echo_missed = 2;
	p.terms.echo_identifier = 5;
	peer_refused(&p, PPP_WRONG_IDENTIFIER, PPP_ECHO_REPLY, 4, "01020304");
	peer_give(&p, PPP_ECHO_REPLY, 5, "01020304");
	assert_int_equal(p.terms.echo_missed, 0);
	peer_sent(&p, "");
	for (int i = 0; i < 200; i++)
		strcat(digits, "ee");
	p.peer_mru = 128;
	peer_give(&p, PPP_ECHO_REQUEST, 35, digits);
	assert_int_equal(p.last_size, 124);
}

/* Killed by: the echo without our number, or with the same identifier again; not counted. */
static void
our_echoes_are_counted(void **state)
{
	(void)state;
	peer_bring(&p, PPP_OPENED);
	peer_echo(&p);
	peer_echo(&p);
	peer_sent(&p, "9 1 11223344\n9 2 11223344\n");
	assert_int_equal(p.terms.echo_missed, 2);
	peer_refused(&p, PPP_WRONG_IDENTIFIER, PPP_ECHO_REPLY, 1, "01020304");
	peer_give(&p, PPP_ECHO_REPLY, 2, "01020304");
	assert_int_equal(p.terms.echo_missed, 0);
}

/* Killed by: a number, or an MRU, of the agreement before. */
static void
an_agreement_has_defaults(void **state)
{
	(void)state;
	p.terms.peer_magic = 1;
	begin(false, false, 1492, 0);
	assert_int_equal(p.terms.peer_magic, 0);
	peer_start(&p);
	peer_give(&p, PPP_CONFIGURE_REQUEST, 1, "0506 01020304 0104 0400");
	assert_int_equal(p.terms.peer_magic, rte_cpu_to_be_32(0x01020304));
	peer_give(&p, PPP_CONFIGURE_REQUEST, 2, "");
	assert_int_equal(p.terms.peer_magic, 0);
	assert_int_equal(p.terms.peer_mru, rte_cpu_to_be_16(1492));
}

/* Killed by: our own echo answered, or counted as a life sign. */
static void
own_echoes_are_a_loop(void **state)
{
	(void)state;
	peer_bring(&p, PPP_OPENED);
	assert_int_equal(peer_give(&p, PPP_ECHO_REQUEST, 33, "11223344"), PPP_LOOP);
	peer_sent(&p, "");
	p.terms.echo_missed = 1;
	assert_int_equal(peer_give(&p, PPP_ECHO_REPLY, 0, "11223344"), PPP_LOOP);
	assert_int_equal(p.terms.echo_missed, 1);
}

/* Section 5.7. Killed by: taken before Opened; LCP itself rejected and nothing done; a protocol cut off. */
static void
protocol_rejects_in_opened(void **state)
{
	(void)state;
	peer_bring(&p, PPP_REQ_SENT);
	peer_refused(&p, PPP_WRONG_STATE, PPP_PROTOCOL_REJECT, 1, "8057");
	setup(state);
	peer_bring(&p, PPP_OPENED);
	peer_refused(&p, PPP_WRONG, PPP_PROTOCOL_REJECT, 1, "80");
	assert_int_equal(peer_give(&p, PPP_PROTOCOL_REJECT, 1, "8057 0101"), 0);
	peer_sent(&p, "");
	assert_int_equal(peer_give(&p, PPP_PROTOCOL_REJECT, 1, "c021"), PPP_TLD);
	peer_sent(&p, "5 2 \n");
}

/* LCP has 11 codes. Killed by: 12 taken; identification (RFC 1570) taken. */
static void
other_codes_are_rejected(void **state)
{
	(void)state;
	peer_bring(&p, PPP_OPENED);
	peer_give(&p, 12, 1, "01020304");
	peer_sent(&p, "7 1 0c01000801020304\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, setup)
		CASE(mru_is_within_what_pppoe_carries),
		CASE(max_payload_allows_more),
		CASE(our_mru_follows_down),
		CASE(authentication_follows_to_what_is_configured),
		CASE(authentication_is_not_given_up),
		CASE(what_is_not_served_is_rejected),
		CASE(own_magic_numbers_are_a_loop),
		CASE(a_nak_of_our_number_brings_another),
		CASE(rejected_options_are_left_out),
		CASE(echoes_in_opened_alone),
		CASE(our_echoes_are_counted),
		CASE(an_agreement_has_defaults),
		CASE(own_echoes_are_a_loop),
		CASE(protocol_rejects_in_opened),
		CASE(other_codes_are_rejected),
	};

	return cmocka_run_group_tests_name("lcp", tests, NULL, NULL);
}
