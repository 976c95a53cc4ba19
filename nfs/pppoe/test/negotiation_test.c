/* SPDX-License-Identifier: Apache-2.0 */
/* From Dial to Opened: LCP, then IPCP and IPV6CP, and all that may go wrong on the way. */
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
	harness_open(&h, &config, true);
	return 0;
}

static int
setup_ipv6(void **state)
{
	struct pppoe_config config;

	(void)state;
	client_defaults(&config);
	memcpy(config.ipv6_pool.address, (const uint8_t[]){0x20, 1, 0xd, 0xb8}, 4);
	config.ipv6_pool.bits = 48;
	harness_open(&h, &config, true);
	return 0;
}

/* A client has two seconds to speak first. */
static int
setup_delay(void **state)
{
	struct pppoe_config config;

	(void)state;
	client_defaults(&config);
	config.lcp.connect_delay_ns = 2 * HARNESS_SECOND;
	harness_open(&h, &config, true);
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

/* RFC 1661 section 3, RFC 1332. Killed by: IPCP before LCP is up; an address that is not the session's; nothing open. */
static void
a_client_comes_up(void **state)
{
	const struct pppoe_session *session;

	(void)state;
	client_dial(&c, &h, 7);
	client_lcp_up(&c);
	session = client_session(&c);
	assert_int_equal(session->open, 0);
	client_ipcp_up(&c);
	assert_int_equal(session->open, PPPOE_OPEN_IPV4);
	assert_int_equal(session->peer_mru, 1492);
	assert_int_equal((uint8_t)rte_be_to_cpu_32(session->ipv4), 7);
	assert_int_equal(harness_counter(&h, PPPOE_session_up), 1);
	assert_int_equal(session->end, PPPOE_END_NONE);
	client_hears_nothing(&c);
	client_wait(&c, 60);
	client_hears_nothing(&c);
}

/* Killed by: IPV6CP not begun; counted as up twice; no prefix. */
static void
both_families_come_up(void **state)
{
	const struct pppoe_session *session;

	(void)state;
	client_dial(&c, &h, 7);
	client_lcp_up(&c);
	session = client_session(&c);
	client_hears(&c, IPCP, 1);
	client_say(&c, IPCP, 2, c.identifier, c.data);
	client_ipv6cp_up(&c);
	assert_int_equal(session->open, PPPOE_OPEN_IPV6);
	client_say(&c, IPCP, 1, 1, "");
	harness_drain(&h, PPPOE_ACCESS);
	client_say(&c, IPCP, 1, 2, "0306 00000000");
	client_hears(&c, IPCP, 3);
	client_say(&c, IPCP, 1, 3, c.data);
	client_hears(&c, IPCP, 2);
	assert_int_equal(session->open, PPPOE_OPEN_IPV4 | PPPOE_OPEN_IPV6);
	assert_int_equal(harness_counter(&h, PPPOE_session_up), 1);
}

/* Section 4.6: ten requests, 3 s apart; then it is over. Killed by: no PADT; the session left; the timer not in the wheel. */
static void
who_says_nothing_is_given_up(void **state)
{
	(void)state;
	client_dial(&c, &h, 7);
	for (int i = 0; i < 10; i++) {
		client_hears(&c, LCP, 1);
		assert_int_equal(c.identifier, 1);
		client_hears_nothing(&c);
		client_wait(&c, 3);
	}
	client_hears_padt(&c);
	client_hears_nothing(&c);
	assert_false(client_has_session(&c));
}

/* Section 5.7. Killed by: a Protocol-Reject before LCP is open; one without the packet; the same identifier twice; not cut
 * to what the client takes. */
static void
unknown_protocols_are_told(void **state)
{
	char long_one[2 * 1492 + 1] = "8053";

	(void)state;
	client_dial(&c, &h, 7);
	client_hears(&c, LCP, 1);
	client_dropped(&c, PPPOE_drop_not_open, "8053 0101 0004");
	client_say(&c, LCP, 2, c.identifier, c.data);
	client_say(&c, LCP, 1, 1, "0104 0080");
	client_hears(&c, LCP, 2);
	client_ipcp_up(&c);
	client_say_raw(&c, "8053 0101 0004");
	client_hears_data(&c, LCP, 8, "805301010004");
	assert_int_equal(c.identifier, 1);
	for (int i = 0; i < 400; i++)
		strcat(long_one, "ee");
	client_say_raw(&c, long_one);
	client_hears(&c, LCP, 8);
	assert_int_equal(c.identifier, 2);
	assert_int_equal(strlen(c.data), 2 * 124);
	for (int i = 400; i < 1490; i++)
		strcat(long_one, "ee");
	client_say_raw(&c, long_one); /* as long as a frame */
	client_hears(&c, LCP, 8);
	assert_int_equal(strlen(c.data), 2 * 124);
	client_say(&c, LCP, 9, 1, "8021 0000"); /* looks like a Protocol-Reject of IPCP */
	client_hears(&c, LCP, 10);
	client_say_raw(&c, "8057 0101 0004"); /* there is no IPv6 here */
	client_hears_data(&c, LCP, 8, "805701010004");
	client_say_raw(&c, "c023 0101 0004"); /* nobody is asked */
	client_hears_data(&c, LCP, 8, "c02301010004");
	assert_int_equal(harness_counter(&h, PPPOE_drop_protocol), 5);
	assert_int_equal(harness_counter(&h, PPPOE_protocol_reject_sent), 5);
	assert_int_equal(client_session(&c)->open, PPPOE_OPEN_IPV4);
}

/* Killed by: any of them counted by another name, answered, or acted on. */
static void
what_is_wrong_is_dropped_by_name(void **state)
{
	static const struct {
		unsigned int counter;
		const char *digits;
	} rows[] = {
		{PPPOE_drop_control, "c021 01"},             /* no head */
		{PPPOE_drop_control, "c021 0101 0003"},      /* shorter than a head */
		{PPPOE_drop_control, "c021 0101 0005"},      /* longer than the packet */
		{PPPOE_drop_control, "c021 0101 0006 0104"}, /* an option that ends too early */
		{PPPOE_drop_control, "c021 0101 0006 0100"}, /* shorter than its own head */
		{PPPOE_drop_control, "c021 0201 0004"},      /* an Ack of nothing */
		{PPPOE_drop_control, "c021 0301 0004"},      /* a Nak of nothing */
		{PPPOE_drop_control,
		 "c021 0401 0008 0104 05d5"},              /* a Reject of what was not said */
		{PPPOE_drop_identifier, "c021 0202 0004"}, /* an Ack of another request */
		{PPPOE_drop_identifier, "c021 0302 0008 0104 0500"}, /* a Nak likewise */
		{PPPOE_drop_control, "c021 0701 0004"},              /* a Code-Reject of nothing */
		{PPPOE_drop_control,
		 "c021 0801 0005 80"}, /* a Protocol-Reject of half a protocol */
		{PPPOE_drop_not_open, "c021 0801 0006 8021"},     /* too early */
		{PPPOE_drop_control, "c021 0901 0007 000000"},    /* an echo without a number */
		{PPPOE_drop_not_open, "c021 0901 0008 00000000"}, /* too early */
		{PPPOE_drop_not_open, "c021 0a01 0008 00000000"}, /* likewise */
		{PPPOE_drop_not_open, "8021 0101 000a 0306 00000000"}, /* IPCP, likewise */
		{PPPOE_drop_not_open, "c023 0101 0006 0000"},          /* PAP */
		{PPPOE_drop_not_open, "c223 0201 0015 10"},            /* CHAP */
		{PPPOE_drop_not_open, "0021 4500"},                    /* IPv4 */
	};

	(void)state;
	client_dial(&c, &h, 7);
	client_hears(&c, LCP, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		client_dropped(&c, rows[i].counter, rows[i].digits);
	client_say(&c, LCP, 2, c.identifier, c.data);
	client_say(&c, LCP, 1, 1, "0506 0a0b0c0d");
	client_hears(&c, LCP, 2);
	client_ipcp_up(&c);
	client_dropped(&c, PPPOE_drop_identifier,
		       "c021 0a01 0008 00000000"); /* a reply to no echo */
	client_dropped(&c, PPPOE_drop_control, "8021 0101 0005");
	client_dropped(&c, PPPOE_drop_identifier, "8021 0277 0004");
}

/* A client that negotiates LCP again (a new dial on the same session): everything above begins anew, the address stays.
 * Killed by: IPCP still open meanwhile; another address; authentication left good. */
static void
lcp_may_begin_again(void **state)
{
	const struct pppoe_session *session;
	rte_be32_t address;

	(void)state;
	client_comes_up(&c, &h, 7);
	session = client_session(&c);
	address = session->ipv4;
	client_say(&c, LCP, 1, 9, "0506 0a0b0c0e");
	assert_int_equal(session->open, 0);
	client_hears(&c, LCP, 1);
	client_say(&c, LCP, 2, c.identifier, c.data);
	client_hears_data(&c, LCP, 2, "05060a0b0c0e");
	client_ipcp_up(&c);
	assert_int_equal(session->open, PPPOE_OPEN_IPV4);
	assert_int_equal(session->ipv4, address);
	assert_int_equal(harness_counter(&h, PPPOE_session_up), 1);
}

/* Killed by: IPCP's packets sent for ever to who does not know it; the session left without any protocol. */
static void
a_client_without_ipv4_goes_on_with_ipv6(void **state)
{
	struct rte_mbuf *m;

	(void)state;
	client_dial(&c, &h, 7);
	client_lcp_up(&c);
	client_hears(&c, IPCP, 1);
	client_hears(&c, IPV6CP, 1);
	client_say(&c, IPV6CP, 2, c.identifier, c.data);
	client_say(&c, LCP, 8, 1, "8021 0101 0004");
	client_say(&c, IPV6CP, 1, 1, "010a 0102030405060708");
	client_hears(&c, IPV6CP, 2);
	harness_drain(&h, PPPOE_ACCESS); /* it is told its prefix */
	client_wait(&c, 30);
	while ((m = harness_take_mbuf(&h, PPPOE_ACCESS)) !=
	       NULL) { /* it is told again, and nothing else */
		assert_memory_equal(rte_pktmbuf_mtod_offset(m, char *, 20), "\x00\x57", 2);
		rte_pktmbuf_free(m);
	}
	harness_drain(&h, PPPOE_CORE); /* who looks for the router there */
	assert_int_equal(client_session(&c)->open, PPPOE_OPEN_IPV6);
	client_say(&c, LCP, 8, 2, "8057 0101 0004");
	client_hears(&c, IPV6CP, 5);
	client_say(&c, IPV6CP, 6, c.identifier, "");
	client_hears(&c, LCP, 5);
	assert_int_equal(client_session(&c)->end, PPPOE_END_USER_REQUEST);
}

/* Section 6.4. Killed by: a loop not counted; not given up. */
static void
a_line_that_is_a_loop_is_given_up(void **state)
{
	char ours[64];

	(void)state;
	client_dial(&c, &h, 7);
	client_hears(&c, LCP, 1);
	snprintf(ours, sizeof(ours), "%.60s", c.data);
	for (uint8_t i = 1; i < 5; i++) {
		client_say(&c, LCP, 1, i, ours);
		client_hears(&c, LCP, 3);
	}
	assert_int_equal(harness_counter(&h, PPPOE_loops), 4);
	client_say(&c, LCP, 1, 5, ours);
	client_hears(&c, LCP, 3);
	client_hears(&c, LCP, 5);
	assert_int_equal(client_session(&c)->end, PPPOE_END_LOST_CARRIER);
	client_say(&c, LCP, 6, c.identifier, "");
	client_hears_padt(&c);
	assert_false(client_has_session(&c));
}

/* Killed by: a session without an address that goes on; not counted. */
static void
no_address_no_session(void **state)
{
	struct pppoe_config config;
	struct client second;

	(void)state;
	client_defaults(&config);
	config.n_pools = 1;
	config.pools[0] =
		(struct nf_prefix){IP(100, 64, 0, 0), 0xfffffffc}; /* .1 is ours, .2 is left */
	harness_open(&h, &config, true);
	client_comes_up(&c, &h, 7);
	client_dial(&second, &h, 8);
	client_lcp_up(&second);
	client_hears(&second, LCP, 5);
	assert_int_equal(harness_counter(&h, PPPOE_address_refused), 1);
	assert_int_equal(client_session(&second)->end, PPPOE_END_NAS_ERROR);
	client_say(&second, LCP, 6, second.identifier, "");
	client_hears_padt(&second);
	client_padt(&c);
	client_comes_up(&second, &h, 8);
}

/* RFC 1877. Killed by: the servers of the configuration not passed on. */
static void
dns_servers_of_the_configuration(void **state)
{
	struct pppoe_config config;

	(void)state;
	client_defaults(&config);
	config.dns[0] = rte_cpu_to_be_32(IP(192, 0, 2, 53));
	config.dns[1] = rte_cpu_to_be_32(IP(192, 0, 2, 54));
	harness_open(&h, &config, true);
	client_dial(&c, &h, 7);
	client_lcp_up(&c);
	client_hears_data(&c, IPCP, 1, "030664400001");
	client_say(&c, IPCP, 1, 1, "8106 00000000 8306 00000000 0306 00000000");
	client_hears(&c, IPCP, 3);
	assert_memory_equal(c.data, "8106c00002358306c0000236030664", 30);
}

/* RFC 4638 has its test in discovery_test.c; here is what LCP makes of it. Killed by: PPP_REFUSED of an NCP passed over. */
static void
who_never_agrees_on_an_address_goes(void **state)
{
	(void)state;
	client_dial(&c, &h, 7);
	client_lcp_up(&c);
	for (int i = 0; i < 10; i++) {
		client_hears(&c, IPCP, 1);
		client_say(&c, IPCP, 3, c.identifier, "0306 01020304");
	}
	client_hears(&c, IPCP, 1);
	client_hears(&c, IPCP, 5);
	client_say(&c, IPCP, 6, c.identifier, "");
	client_hears(&c, LCP, 5);
	client_say(&c, LCP, 6, c.identifier, "");
	client_hears_padt(&c);
	assert_false(client_has_session(&c));
}

/* What we say before the client has its PADS would be lost. Killed by: a request behind the PADS; none when the client speaks;
 * one behind the answer. */
static void
who_speaks_first_is_asked_at_once(void **state)
{
	(void)state;
	client_dial(&c, &h, 7);
	client_hears_nothing(&c);
	client_say(&c, LCP, 1, 1, "0104 05d4 0506 0a0b0c0d");
	client_hears(&c, LCP, 1);
	assert_int_equal(c.identifier, 1);
	client_say(&c, LCP, 2, c.identifier, c.data);
	client_hears_data(&c, LCP, 2, "010405d405060a0b0c0d");
	client_ipcp_up(&c);
	client_wait(&c, 5);
	client_hears_nothing(&c);
}

/* Killed by: a delay that never ends, or begins anew; a timer that goes on as the delay. */
static void
who_waits_is_asked_after_the_delay(void **state)
{
	(void)state;
	client_dial(&c, &h, 7);
	client_wait(&c, 1);
	client_hears_nothing(&c);
	client_wait(&c, 1);
	client_hears(&c, LCP, 1);
	assert_int_equal(c.identifier, 1);
	client_wait(&c, 2);
	client_hears_nothing(&c);
	client_wait(&c, 1);
	client_lcp_up(&c);
	client_ipcp_up(&c);
}

/* Only a request that is one begins LCP. Killed by: another packet that brings the layer up, or is taken before it is. */
static void
nothing_else_is_taken_in_the_delay(void **state)
{
	(void)state;
	client_dial(&c, &h, 7);
	client_dropped(&c, PPPOE_drop_not_open, "c021 0201 0004");
	client_dropped(&c, PPPOE_drop_not_open, "c021 0501 0004");
	client_dropped(&c, PPPOE_drop_not_open, "c021 0901 0008 00000000");
	client_dropped(&c, PPPOE_drop_not_open, "c021 0101 0007 010405");
	client_dropped(&c, PPPOE_drop_not_open, "8021 0101 000a 0306 00000000");
	client_padt(&c);
	assert_false(client_has_session(&c));
	client_dial(&c, &h, 8);
	pppoe_control_end(&h.workers[0], client_slot(&c), PPPOE_END_ADMIN);
	client_hears_padt(&c);
	client_wait(&c, 5);
	client_hears_nothing(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define CASE_IPV6(name) cmocka_unit_test_setup_teardown(name, setup_ipv6, teardown)
#define CASE_DELAY(name) cmocka_unit_test_setup_teardown(name, setup_delay, teardown)
#define CASE_OWN(name) cmocka_unit_test_setup_teardown(name, NULL, teardown)
		CASE(a_client_comes_up),
		CASE_IPV6(both_families_come_up),
		CASE(who_says_nothing_is_given_up),
		CASE_DELAY(who_speaks_first_is_asked_at_once),
		CASE_DELAY(who_waits_is_asked_after_the_delay),
		CASE_DELAY(nothing_else_is_taken_in_the_delay),
		CASE(unknown_protocols_are_told),
		CASE(what_is_wrong_is_dropped_by_name),
		CASE(lcp_may_begin_again),
		CASE_IPV6(a_client_without_ipv4_goes_on_with_ipv6),
		CASE(a_line_that_is_a_loop_is_given_up),
		CASE_OWN(no_address_no_session),
		CASE_OWN(dns_servers_of_the_configuration),
		CASE(who_never_agrees_on_an_address_goes),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
