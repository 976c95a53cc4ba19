/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions in rows: what they say, what they must not say, and that each has room; and which sessions a filter means. */
#include "show_session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "automaton.h"
#include "filter.h"

static const struct pppoe_config config = {
	.ipv6_pool = {.address = {0x20, 0x01, 0x0d, 0xb8, 0, 1}, .bits = 48},
};

static struct pppoe_session
ordinary(void)
{
	struct pppoe_session s = {
		.session_id = 7,
		.outer = 10,
		.inner = 200,
		.mac = {{2, 0, 0, 0, 0, 0xfe}},
		.ipv4 = RTE_BE32(0x64400105),
		.prefix = 0x1ff,
		.peer_mru = 1492,
		.created = UINT64_C(5000000000),
		.packets_up = 1,
		.bytes_up = 2,
		.packets_down = 3,
		.bytes_down = 4,
		.lcp = {.state = PPP_OPENED},
		.ipcp = {.state = PPP_OPENED},
		.ipv6cp = {.state = PPP_REQ_SENT},
		.auth = {.state = PPPOE_AUTH_GOOD},
		.user = "alice",
		.circuit_id = "olt 1/2",
		.remote_id = "r",
	};

	memset(s.auth.challenge, 'C', sizeof(s.auth.challenge));
	return s;
}

static const char *
row_of(const struct pppoe_session *session, uint64_t now_ns)
{
	static char text[NF_ROW_SIZE];
	struct nf_reply reply = {.data = text, .size = sizeof(text) - 1};

	pppoe_show_session(&reply, &config, session, now_ns);
	text[reply.used] = '\0';
	return text;
}

/* Killed by: any member that is left out, or is another's. */
static void
a_row_has_all(void **state)
{
	struct pppoe_session s = ordinary();

	(void)state;
	assert_string_equal(
		row_of(&s, UINT64_C(12999999999)),
		"{\"id\":7,\"mac\":\"02:00:00:00:00:fe\",\"outer\":10,\"inner\":200,"
		"\"user\":\"alice\",\"address\":\"100.64.1.5\",\"prefix\":\"2001:db8:1:1ff::/64\","
		"\"lcp\":\"Opened\",\"ipcp\":\"Opened\",\"ipv6cp\":\"Req-Sent\",\"auth\":\"good\","
		"\"mtu\":1492,\"age_s\":7,\"packets_up\":1,\"bytes_up\":2,\"packets_down\":3,"
		"\"bytes_down\":4,\"circuit_id\":\"olt 1/2\",\"remote_id\":\"r\"}\n");
}

/* Killed by: a VLAN, an address or a text that is there although it is not; an age that goes below 0. */
static void
what_is_not_there_is_left_out(void **state)
{
	struct pppoe_session s = ordinary();

	(void)state;
	s.outer = s.inner = 0;
	s.ipv4 = 0;
	s.prefix = PPPOE_NO_PREFIX;
	s.user[0] = s.circuit_id[0] = s.remote_id[0] = '\0';
	s.end = PPPOE_END_IDLE;
	assert_string_equal(row_of(&s, 0),
			    "{\"id\":7,\"mac\":\"02:00:00:00:00:fe\",\"lcp\":\"Opened\","
			    "\"ipcp\":\"Opened\",\"ipv6cp\":\"Req-Sent\",\"auth\":\"good\","
			    "\"ending\":\"idle-timeout\",\"mtu\":1492,\"age_s\":0,"
			    "\"packets_up\":1,\"bytes_up\":2,\"packets_down\":3,"
			    "\"bytes_down\":4}\n");
}

/* A client cannot hide by a name that takes more room, nor write into the operator's terminal. Killed by: octets that
 * go as they are. */
static void
the_longest_row_has_room(void **state)
{
	static const char odd[] = {'"', '\\', '\x1b', '\x7f', (char)0xff};
	struct pppoe_session s = ordinary();
	const char *row;

	(void)state;
	for (size_t i = 0; i < sizeof(odd); i++) {
		memset(s.user, odd[i], sizeof(s.user)); /* no NUL behind it */
		memset(s.circuit_id, odd[i], sizeof(s.circuit_id));
		memset(s.remote_id, odd[i], sizeof(s.remote_id));
		s.session_id = UINT16_MAX;
		s.outer = s.inner = 4094;
		s.ipv4 = RTE_BE32(0xdfdfdfdf);
		s.prefix = 0xffff;
		s.lcp.state = s.ipcp.state = s.ipv6cp.state = PPP_ACK_RCVD;
		s.auth.state = PPPOE_AUTH_WAITING;
		s.end = PPPOE_END_TIMEOUT;
		s.created = 1;
		s.packets_up = s.bytes_up = s.packets_down = s.bytes_down = UINT64_MAX;
		row = row_of(&s, UINT64_MAX);
		assert_int_equal(row[0], '{');
		for (const char *c = row; *c != '\n'; c++)
			assert_in_range(*c, ' ', '~');
	}
}

/* Killed by: a challenge, or a class, in a row. */
static void
a_row_has_no_secret(void **state)
{
	struct pppoe_session s = ordinary();

	(void)state;
	memset(s.class_, 'K', sizeof(s.class_));
	assert_null(strstr(row_of(&s, 0), "CC"));
	assert_null(strstr(row_of(&s, 0), "KK"));
}

static void
ends_have_words(void **state)
{
	(void)state;
	assert_string_equal(pppoe_show_end(PPPOE_END_USER_REQUEST), "user-request");
	assert_string_equal(pppoe_show_end(PPPOE_END_AUTH), "user-error");
	assert_string_equal(pppoe_show_end(3), "unknown");
	assert_string_equal(pppoe_show_end(255), "unknown");
}

/* ---- filters ----------------------------------------------------------------------------------------------- */

/* Killed by: any check that is left out, and one that is made although nothing is given. */
static void
filters_mean_what_is_given(void **state)
{
	const struct pppoe_filter same = {
		.session_id = 7,
		.outer = 10,
		.inner = 200,
		.mac = {{2, 0, 0, 0, 0, 0xfe}},
		.ipv4 = RTE_BE32(0x64400105),
		.prefix = 0x1ff,
		.accounting_id = 99,
		.user = "alice",
	};
	const struct pppoe_filter other = {.user = "alic"};
	struct pppoe_session s = ordinary();
	struct pppoe_filter filter;

	(void)state;
	s.accounting_id = 99;
	assert_true(pppoe_filter_matches(&other, &s));
	for (uint16_t given = PPPOE_GIVEN_ID; given <= PPPOE_GIVEN_USER; given <<= 1) {
		filter = same;
		filter.given = given;
		assert_true(pppoe_filter_matches(&filter, &s));
		filter = other;
		filter.given = given;
		assert_false(pppoe_filter_matches(&filter, &s));
	}
	filter = same;
	filter.given = 0xff;
	assert_true(pppoe_filter_matches(&filter, &s));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_has_all),
		cmocka_unit_test(what_is_not_there_is_left_out),
		cmocka_unit_test(the_longest_row_has_room),
		cmocka_unit_test(a_row_has_no_secret),
		cmocka_unit_test(ends_have_words),
		cmocka_unit_test(filters_mean_what_is_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
