/* SPDX-License-Identifier: Apache-2.0 */
/* The engine of LCP and the NCPs, against a scripted peer. IPCP's part is the plainest, so it stands for all. */
#include "peer_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define OURS "03060a000001"    /* our options */
#define THEIRS "0306 0a000507" /* the peer's, as they must be */

static struct peer p;

static int
setup(void **state)
{
	(void)state;
	peer_init(&p, &ipcp_ops);
	return 0;
}

/* RFC 1661 section 4: both requests, both Acks. Killed by: TLU lost; the Ack with our identifier; timer left running in
 * Opened. */
static void
both_ends_agree(void **state)
{
	(void)state;
	peer_start(&p);
	peer_sent(&p, "1 1 " OURS "\n");
	assert_int_equal(p.timer, p.now_ns + 3 * SECOND);
	assert_int_equal(peer_give(&p, PPP_CONFIGURE_REQUEST, 200, THEIRS), 0);
	peer_sent(&p, "2 200 03060a000507\n");
	assert_int_equal(p.machine.state, PPP_ACK_SENT);
	assert_int_equal(peer_give(&p, PPP_CONFIGURE_ACK, 1, OURS), PPP_TLU);
	peer_sent(&p, "");
	assert_int_equal(p.machine.state, PPP_OPENED);
	assert_int_equal(p.timer, 0);
}

/* Max-Configure requests in all, 3 s apart, with one identifier; then This-Layer-Finished (section 4.6).
 * Killed by: restarts not counted at the first; a new identifier for a request that is repeated; TO+ at 0. */
static void
who_is_silent_is_given_up(void **state)
{
	(void)state;
	peer_start(&p);
	for (int i = 1; i < 10; i++) {
		peer_sent(&p, "1 1 " OURS "\n");
		assert_int_equal(peer_timeout(&p), 0);
	}
	peer_sent(&p, "1 1 " OURS "\n");
	assert_int_equal(p.now_ns, 1000 * SECOND + 27 * SECOND);
	assert_int_equal(peer_timeout(&p), PPP_TLF);
	peer_sent(&p, "");
	assert_int_equal(p.machine.state, PPP_STOPPED);
	assert_int_equal(p.timer, 0);
}

/* Max-Terminate Terminate-Requests. Killed by: irc with Max-Configure before a Terminate-Request. */
static void
terminate_requests_are_repeated(void **state)
{
	(void)state;
	peer_bring(&p, PPP_OPENED);
	assert_int_equal(peer_event(&p, PPP_CLOSE), PPP_TLD);
	peer_sent(&p, "5 2 \n");
	assert_int_equal(peer_timeout(&p), 0);
	peer_sent(&p, "5 2 \n");
	assert_int_equal(peer_timeout(&p), PPP_TLF);
	peer_sent(&p, "");
	assert_int_equal(p.machine.state, PPP_CLOSED);
}

/* Sections 5.2 to 5.4. Killed by: identifier not looked at; an Ack taken with other options, or in another order; a
 * Reject of what was not asked for; a Nak that lies about a length, or is empty. */
static void
answers_must_fit_the_request(void **state)
{
	(void)state;
	peer_start(&p);
	peer_refused(&p, PPP_WRONG_IDENTIFIER, PPP_CONFIGURE_ACK, 2, OURS);
	peer_refused(&p, PPP_WRONG_IDENTIFIER, PPP_CONFIGURE_NAK, 0, OURS);
	peer_refused(&p, PPP_WRONG_IDENTIFIER, PPP_CONFIGURE_REJECT, 3, OURS);
	peer_refused(&p, PPP_WRONG, PPP_CONFIGURE_ACK, 1, "0306 0a000002");
	peer_refused(&p, PPP_WRONG, PPP_CONFIGURE_ACK, 1, "");
	peer_refused(&p, PPP_WRONG, PPP_CONFIGURE_ACK, 1, OURS "8106 00000000");
	peer_refused(&p, PPP_WRONG, PPP_CONFIGURE_NAK, 1, "");
	peer_refused(&p, PPP_WRONG, PPP_CONFIGURE_NAK, 1, "0305 0a0000 01");
	peer_refused(&p, PPP_WRONG, PPP_CONFIGURE_REJECT, 1, "");
	peer_refused(&p, PPP_WRONG, PPP_CONFIGURE_REJECT, 1, "0306 0a000002");
	peer_refused(&p, PPP_WRONG, PPP_CONFIGURE_REJECT, 1, OURS OURS);
	peer_sent(&p, "1 1 " OURS "\n");
	peer_give(&p, PPP_CONFIGURE_ACK, 1, OURS);
	assert_int_equal(p.machine.state, PPP_ACK_RCVD);
}

/* Section 5.1: a new request has a new identifier. Killed by: the same one again after a Nak; the rejected option sent
 * again. */
static void
what_is_rejected_is_not_asked_for_again(void **state)
{
	(void)state;
	peer_start(&p);
	assert_int_equal(peer_give(&p, PPP_CONFIGURE_NAK, 1, "0306 0a000063"), 0);
	assert_int_equal(peer_give(&p, PPP_CONFIGURE_REJECT, 2, OURS), 0);
	peer_sent(&p, "1 1 " OURS "\n1 2 " OURS "\n1 3 \n");
	assert_int_equal(peer_give(&p, PPP_CONFIGURE_ACK, 3, ""), 0);
	assert_int_equal(p.machine.state, PPP_ACK_RCVD);
}

/* Killed by: refusals not counted (both would go on for ever, each Nak with a full restart counter). */
static void
who_never_agrees_is_told_apart(void **state)
{
	(void)state;
	peer_start(&p);
	for (uint8_t i = 1; i < 10; i++)
		assert_int_equal(peer_give(&p, PPP_CONFIGURE_NAK, i, "0306 0a000063"), 0);
	assert_int_equal(peer_give(&p, PPP_CONFIGURE_NAK, 10, "0306 0a000063"), PPP_REFUSED);
}

/* Killed by: refusals kept behind an Ack, or from the link before; what was rejected there left out here; naks, or loops,
 * counted on. */
static void
each_beginning_is_one(void **state)
{
	(void)state;
	peer_start(&p);
	for (uint8_t i = 1; i < 9; i++)
		assert_int_equal(peer_give(&p, PPP_CONFIGURE_NAK, i, "0306 0a000063"), 0);
	peer_give(&p, PPP_CONFIGURE_ACK, 9, OURS);
	assert_int_equal(p.machine.refusals, 0);
	peer_give(&p, PPP_CONFIGURE_REJECT, 9, OURS);
	peer_give(&p, PPP_CONFIGURE_REQUEST, 1, "");
	p.machine.loops = 1;
	assert_int_equal(p.machine.naks, 1);
	peer_event(&p, PPP_DOWN);
	assert_int_equal(p.machine.rejected, 1); /* only the next Up forgets */
	p.sent[0] = '\0';
	peer_event(&p, PPP_UP);
	peer_sent(&p, "1 11 " OURS "\n");
	assert_int_equal(p.machine.refusals + p.machine.naks + p.machine.loops, 0);
}

/* Killed by: the restart counter of a crossed Ack's request below 0. */
static void
a_crossed_answer_does_not_begin_the_count_anew(void **state)
{
	(void)state;
	peer_bring(&p, PPP_ACK_RCVD);
	while (p.machine.restarts > 0)
		peer_timeout(&p);
	peer_give(&p, PPP_CONFIGURE_ACK, 1, OURS);
	assert_int_equal(p.machine.restarts, 10);
	p.machine.restarts = 0;
	assert_int_equal(peer_give(&p, PPP_CONFIGURE_ACK, 1, OURS), 0); /* scr, without irc */
	assert_int_equal(p.machine.restarts, 0);
	assert_int_equal(peer_timeout(&p), PPP_TLF);
}

/* Rejects win, each list in the order of the request, a second one of a kind is rejected (sections 5.3, 5.4 and 6).
 * Killed by: Naks first; a list in another order; an option twice taken. */
static void
rejects_win_over_naks_in_order(void **state)
{
	(void)state;
	p.ipcp.dns[0] = rte_cpu_to_be_32(0x08080808);
	p.ipcp.dns[1] = rte_cpu_to_be_32(0x09090909);
	peer_start(&p);
	peer_sent(&p, "1 1 " OURS "\n");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 1,
		  "8406 00000000 0306 00000000 0206 002d0f01 8206 00000000");
	peer_sent(&p, "4 1 8406000000000206002d0f01820600000000\n");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 2, "8306 00000000 0306 00000000 8106 00000000");
	peer_sent(&p, "3 2 83060909090903060a000507810608080808\n");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 3, THEIRS "0306 0a000508");
	peer_sent(&p, "4 3 03060a000508\n");
	assert_int_equal(p.machine.state, PPP_REQ_SENT);
}

/* Killed by: an option looked at before all lengths are right. */
static void
options_that_lie_are_dropped_whole(void **state)
{
	(void)state;
	peer_start(&p);
	peer_refused(&p, PPP_WRONG, PPP_CONFIGURE_REQUEST, 1, THEIRS "03");
	peer_refused(&p, PPP_WRONG, PPP_CONFIGURE_REQUEST, 1, THEIRS "0301");
	peer_refused(&p, PPP_WRONG, PPP_CONFIGURE_REQUEST, 1, THEIRS "0307 00000000");
	peer_refused(&p, PPP_WRONG, PPP_CONFIGURE_REQUEST, 1, "0300" THEIRS);
}

/* After Max-Failure Naks come Rejects, and nothing is wanted that was not listed (section 4.6); an Ack begins anew.
 * Killed by: naks not counted, not forgotten, or a wish for ever. */
static void
naks_become_rejects(void **state)
{
	(void)state;
	peer_start(&p);
	peer_sent(&p, "1 1 " OURS "\n");
	for (uint8_t i = 0; i < 5; i++)
		peer_give(&p, PPP_CONFIGURE_REQUEST, i, "0306 0a000063");
	peer_sent(&p, "3 0 03060a000507\n3 1 03060a000507\n3 2 03060a000507\n3 3 03060a000507\n"
		      "3 4 03060a000507\n");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 5, "0306 0a000063");
	peer_sent(&p, "4 5 03060a000063\n");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 6, "");
	peer_sent(&p, "2 6 \n");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 7, "");
	peer_sent(&p, "3 7 03060a000507\n");
}

/* Section 4.1, notes on crossed packets. Killed by: a late Ack in Opened that is passed over; Nak in Ack-Rcvd the same. */
static void
crossed_answers_begin_anew(void **state)
{
	(void)state;
	peer_bring(&p, PPP_OPENED);
	assert_int_equal(peer_give(&p, PPP_CONFIGURE_ACK, 1, OURS), PPP_TLD);
	peer_sent(&p, "1 2 " OURS "\n");
	assert_int_equal(p.machine.state, PPP_REQ_SENT);
	peer_give(&p, PPP_CONFIGURE_ACK, 2, OURS);
	assert_int_equal(peer_give(&p, PPP_CONFIGURE_NAK, 2, "0306 0a000063"), 0);
	peer_sent(&p, "1 3 " OURS "\n");
	assert_int_equal(p.machine.state, PPP_REQ_SENT);
}

/* The peer negotiates again: we ask again, too. Killed by: TLD or the request lost; the Ack before the request. */
static void
opened_and_asked_again(void **state)
{
	(void)state;
	peer_bring(&p, PPP_OPENED);
	assert_int_equal(peer_give(&p, PPP_CONFIGURE_REQUEST, 9, THEIRS), PPP_TLD);
	peer_sent(&p, "1 2 " OURS "\n2 9 03060a000507\n");
	assert_int_equal(peer_give(&p, PPP_CONFIGURE_ACK, 2, OURS), PPP_TLU);
	assert_int_equal(peer_give(&p, PPP_CONFIGURE_REQUEST, 10, "0306 00000000"), PPP_TLD);
	peer_sent(&p, "1 3 " OURS "\n3 10 03060a000507\n");
	assert_int_equal(p.machine.state, PPP_REQ_SENT);
}

/* Killed by: a state without its answer; the peer's identifier lost; in Opened no wait before it is over. */
static void
terminate_requests_are_answered_in_each_state(void **state)
{
	static const struct {
		enum ppp_state from, to;
		uint16_t happens;
	} rows[] = {
		{PPP_CLOSED, PPP_CLOSED, 0},     {PPP_STOPPED, PPP_STOPPED, 0},
		{PPP_CLOSING, PPP_CLOSING, 0},   {PPP_STOPPING, PPP_STOPPING, 0},
		{PPP_REQ_SENT, PPP_REQ_SENT, 0}, {PPP_ACK_RCVD, PPP_REQ_SENT, 0},
		{PPP_ACK_SENT, PPP_REQ_SENT, 0}, {PPP_OPENED, PPP_STOPPING, PPP_TLD},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		setup(state);
		peer_bring(&p, rows[i].from);
		assert_int_equal(peer_give(&p, PPP_TERMINATE_REQUEST, 99, "6279 65"),
				 rows[i].happens);
		peer_sent(&p, "6 99 \n");
		assert_int_equal(p.machine.state, rows[i].to);
		assert_true(ppp_timer_runs(rows[i].to) == (p.timer != 0));
	}
	assert_int_equal(p.timer, p.now_ns + 3 * SECOND);
	assert_int_equal(peer_timeout(&p), PPP_TLF); /* one period, no more */
	peer_sent(&p, "");
	setup(state);
	peer_refused(&p, PPP_WRONG_STATE, PPP_TERMINATE_REQUEST, 1, "");
}

/* Killed by: TLF lost; the timer left. */
static void
terminate_acks_end_it(void **state)
{
	(void)state;
	peer_bring(&p, PPP_OPENED);
	peer_event(&p, PPP_CLOSE);
	assert_int_equal(peer_give(&p, PPP_TERMINATE_ACK, 2, ""), PPP_TLF);
	assert_int_equal(p.machine.state, PPP_CLOSED);
	assert_int_equal(p.timer, 0);
	setup(state);
	peer_bring(&p, PPP_OPENED);
	assert_int_equal(peer_give(&p, PPP_TERMINATE_ACK, 200, ""), PPP_TLD);
	peer_sent(&p, "1 2 " OURS "\n");
}

/* Section 5.6: with the packet, each with another identifier, cut to what the peer takes; NCPs have no echoes.
 * Killed by: not cut, or the head missing in it; the same identifier; code 9 taken by an NCP. */
static void
unknown_codes_are_rejected(void **state)
{
	char digits[3 * 400] = "";

	(void)state;
	peer_bring(&p, PPP_OPENED);
	peer_give(&p, 9, 3, "11223344");
	peer_sent(&p, "7 1 0903000811223344\n");
	peer_give(&p, 0, 4, "");
	peer_sent(&p, "7 2 00040004\n");
	for (int i = 0; i < 300; i++)
		strcat(digits, "ab");
	p.peer_mru = 128;
	peer_give(&p, 200, 5, digits);
	assert_int_equal(p.last_size, 124);
	assert_int_equal(p.machine.state, PPP_OPENED);
}

/* Killed by: a rejected Configure-Request that goes on; a rejected code 12 that ends it; a Code-Reject without a packet. */
static void
a_rejected_code_is_bad_if_it_is_needed(void **state)
{
	(void)state;
	peer_bring(&p, PPP_OPENED);
	assert_int_equal(peer_give(&p, PPP_CODE_REJECT, 1, "0c010004"), 0);
	assert_int_equal(peer_give(&p, PPP_CODE_REJECT, 1, "08010004"), 0);
	assert_int_equal(peer_give(&p, PPP_CODE_REJECT, 1, "00010004"), 0);
	peer_refused(&p, PPP_WRONG, PPP_CODE_REJECT, 1, "010100");
	peer_sent(&p, "");
	assert_int_equal(peer_give(&p, PPP_CODE_REJECT, 1, "01010004"), PPP_TLD);
	peer_sent(&p, "5 2 \n");
	assert_int_equal(p.machine.state, PPP_STOPPING);
	setup(state);
	peer_bring(&p, PPP_REQ_SENT);
	assert_int_equal(peer_give(&p, PPP_CODE_REJECT, 1, "07010004"), PPP_TLF);
	assert_int_equal(p.machine.state, PPP_STOPPED);
}

/* Of all states: Configure packets before and behind a negotiation. Killed by: an answer in Closing; none in Closed. */
static void
requests_out_of_season(void **state)
{
	(void)state;
	peer_refused(&p, PPP_WRONG_STATE, PPP_CONFIGURE_REQUEST, 1, THEIRS);
	peer_bring(&p, PPP_CLOSED);
	assert_int_equal(peer_give(&p, PPP_CONFIGURE_REQUEST, 5, THEIRS), 0);
	peer_sent(&p, "6 5 \n");
	assert_int_equal(peer_give(&p, PPP_CONFIGURE_NAK, 0, THEIRS), 0);
	peer_sent(&p, "6 0 \n");
	setup(state);
	peer_bring(&p, PPP_CLOSING);
	assert_int_equal(peer_give(&p, PPP_CONFIGURE_REQUEST, 5, THEIRS), 0);
	peer_sent(&p, "");
	setup(state);
	peer_bring(&p, PPP_STOPPED);
	assert_int_equal(peer_give(&p, PPP_CONFIGURE_REQUEST, 5, THEIRS), 0);
	peer_sent(&p, "1 2 " OURS "\n2 5 03060a000507\n");
	assert_int_equal(p.machine.state, PPP_ACK_SENT);
}

/* All that a run knows is in the machine and its timer. Killed by: a static in machine.c; a restart counter, or identifier,
 * that is kept elsewhere. */
static void
another_instance_goes_on(void **state)
{
	static struct peer other;
	uint64_t timer;

	(void)state;
	peer_start(&p);
	peer_timeout(&p);
	peer_give(&p, PPP_CONFIGURE_REQUEST, 8, THEIRS);
	timer = p.timer;
	peer_init(&other, &ipcp_ops);
	other.machine = p.machine;
	other.timer = timer;
	other.now_ns = p.now_ns;
	for (int i = 0; i < 8; i++) {
		assert_int_equal(peer_timeout(&other), 0);
		peer_sent(&other, "1 1 " OURS "\n");
	}
	assert_int_equal(peer_give(&other, PPP_CONFIGURE_ACK, 1, OURS), PPP_TLU);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, setup)
		CASE(both_ends_agree),
		CASE(who_is_silent_is_given_up),
		CASE(terminate_requests_are_repeated),
		CASE(answers_must_fit_the_request),
		CASE(what_is_rejected_is_not_asked_for_again),
		CASE(who_never_agrees_is_told_apart),
		CASE(each_beginning_is_one),
		CASE(a_crossed_answer_does_not_begin_the_count_anew),
		CASE(rejects_win_over_naks_in_order),
		CASE(options_that_lie_are_dropped_whole),
		CASE(naks_become_rejects),
		CASE(crossed_answers_begin_anew),
		CASE(opened_and_asked_again),
		CASE(terminate_requests_are_answered_in_each_state),
		CASE(terminate_acks_end_it),
		CASE(unknown_codes_are_rejected),
		CASE(a_rejected_code_is_bad_if_it_is_needed),
		CASE(requests_out_of_season),
		CASE(another_instance_goes_on),
	};

	return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
