/* SPDX-License-Identifier: Apache-2.0 */
/* TCP states as stories: each is a line of segments and the state after each of them. Killed by: any
 * changed cell of the tables that a story passes. */
#include "tcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const char *const names[NAT_TCP_N_STATES] = {"none",   "opening", "answered", "established",
						    "finout", "finin",   "closed",   "shared"};

static enum nat_tcp_event
event_of(char c)
{
	return nat_tcp_event((uint8_t)(c == 'S'   ? 0x02
				       : c == 'B' ? 0x12 /* SYN and ACK */
				       : c == 'F' ? 0x11
				       : c == 'R' ? 0x14
						  : 0x10));
}

/* ">S <B >A": direction and segment; "2A" is a segment from inside to another peer. */
static void
play(const char *story, const char *expected)
{
	enum nat_tcp_state state = NAT_TCP_OPENING;
	char trace[256] = "";
	size_t at = 0;

	for (const char *s = story; *s != '\0'; s += s[2] == ' ' ? 3 : 2) {
		enum nat_tcp_event event = event_of(s[1]);
		bool follow;

		if (s[0] == '>')
			state = nat_tcp_out[state][event];
		else if (s[0] == '<')
			state = nat_tcp_in[state][event];
		else
			state = nat_tcp_other_peer(state, event, &follow);
		at += (size_t)snprintf(trace + at, sizeof(trace) - at, "%s%s", at != 0 ? " " : "",
				       names[state]);
	}
	assert_string_equal(trace, expected);
}

static void
stories(void **state)
{
	(void)state;
	/* A whole connection. */
	play("<B >A <A >F <A <F >A",
	     "answered established established finout finout closed closed");
	/* The server closes first. */
	play("<B >A <F >A >F", "answered established finin finin closed");
	/* Refused, and tried again on the same mapping. */
	play("<R >S <B >A", "closed opening answered established");
	/* Reset in the middle from either side. */
	play("<B >A >R", "answered established closed");
	play("<B >A <R", "answered established closed");
	/* Both open at the same time (RFC 5382 REQ-2). */
	play("<S >A", "answered established");
	/* A SYN from inside that is sent again changes nothing. */
	play(">S >S <B >S >A", "opening opening answered answered established");
	/* Picked up in the middle: lives long only once the peer answers. */
	play(">A >A <A", "opening opening established");
	/* After the end the port is used again. */
	play("<B >A >F <F >S", "answered established finout closed opening");
}

static void
second_peer_stories(void **state)
{
	(void)state;
	/* While one connection lives, a second one makes the mapping shared, for good. */
	play("<B >A 2S >F <F >R", "answered established shared shared shared shared");
	/* Before that, the last SYN is the one to follow. */
	play("2S <B >A", "opening answered established");
	play("<B >A >F <F 2S", "answered established finout closed opening");
	/* The end of a connection that is not followed says nothing. */
	play("<B >A 2F 2R", "answered established established established");
	/* Data to another peer is a second connection. */
	play("<B 2A", "answered shared");
}

static void
flags_of_an_event(void **state)
{
	(void)state;
	assert_int_equal(nat_tcp_event(0x06), NAT_TCP_RST);
	assert_int_equal(nat_tcp_event(0x03), NAT_TCP_SYN);
	assert_int_equal(nat_tcp_event(0x00), NAT_TCP_ACK);
}

static void
no_tcp_stays_no_tcp(void **state)
{
	bool follow;

	(void)state;
	for (int e = 0; e < NAT_TCP_N_EVENTS; e++) {
		assert_int_equal(nat_tcp_out[NAT_TCP_NONE][e], NAT_TCP_NONE);
		assert_int_equal(nat_tcp_in[NAT_TCP_NONE][e], NAT_TCP_NONE);
		assert_int_equal(nat_tcp_other_peer(NAT_TCP_NONE, (enum nat_tcp_event)e, &follow),
				 NAT_TCP_NONE);
		assert_false(follow);
	}
}

/* From outside alone no mapping comes to life for longer. */
static void
outside_alone_establishes_nothing(void **state)
{
	(void)state;
	play("<S <S <F", "answered answered answered");
	for (int e = 0; e < NAT_TCP_N_EVENTS; e++)
		assert_false(nat_tcp_is_established(nat_tcp_in[NAT_TCP_CLOSED][e]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stories),
		cmocka_unit_test(second_peer_stories),
		cmocka_unit_test(flags_of_an_event),
		cmocka_unit_test(no_tcp_stays_no_tcp),
		cmocka_unit_test(outside_alone_establishes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
