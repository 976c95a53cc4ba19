/* SPDX-License-Identifier: Apache-2.0 */
/* IPCP's and IPV6CP's options, against a scripted peer. */
#include "peer_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct peer p;

/* RFC 1332 section 3.3. Killed by: any other address accepted; a wrong length accepted; none at all accepted. */
static void
the_peer_has_the_address_of_its_session(void **state)
{
	(void)state;
	peer_init(&p, &ipcp_ops);
	peer_start(&p);
	peer_sent(&p, "1 1 03060a000001\n");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 1, "0306 00000000");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 2, "0306 0a000508");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 3, "0305 0a0005");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 4, "");
	peer_sent(&p, "3 1 03060a000507\n3 2 03060a000507\n3 3 03060a000507\n3 4 03060a000507\n");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 5, "0306 0a000507");
	peer_sent(&p, "2 5 03060a000507\n");
}

/* RFC 1877. Killed by: first and second exchanged; a server that is not there acknowledged, or given as 0. */
static void
dns_servers_are_told(void **state)
{
	(void)state;
	peer_init(&p, &ipcp_ops);
	p.ipcp.dns[1] = rte_cpu_to_be_32(0x01020304);
	peer_start(&p);
	peer_sent(&p, "1 1 03060a000001\n");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 1, "0306 0a000507 8106 00000000 8306 00000000");
	peer_sent(&p, "4 1 810600000000\n");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 2, "0306 0a000507 8306 00000000");
	peer_sent(&p, "3 2 830601020304\n");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 3, "0306 0a000507 8306 01020304");
	peer_sent(&p, "2 3 03060a000507830601020304\n");
	p.ipcp.dns[0] = rte_cpu_to_be_32(0x05060708);
	peer_give(&p, PPP_CONFIGURE_REQUEST, 4, "8106 00000000 0306 0a000507");
	peer_sent(&p, "3 4 810605060708\n");
}

/* Killed by: compression, the old option for addresses, or name servers of NetBIOS accepted. */
static void
nothing_else_of_ipcp_is_served(void **state)
{
	(void)state;
	peer_init(&p, &ipcp_ops);
	peer_start(&p);
	peer_sent(&p, "1 1 03060a000001\n");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 1,
		  "0206 002d0f01 010a 0a0005070a000001 8206 00000000 8406 00000000");
	peer_sent(&p, "4 1 0206002d0f01010a0a0005070a000001820600000000840600000000\n");
}

/* RFC 5072 section 4.1. Killed by: zero or ours accepted, a wrong length, none at all; the peer's not kept. */
static void
interface_identifiers_differ_and_are_not_zero(void **state)
{
	static const uint8_t id[] = {1, 2, 3, 4, 5, 6, 7, 8};

	(void)state;
	peer_init(&p, &ipv6cp_ops);
	peer_start(&p);
	peer_sent(&p, "1 1 010a0000000000000001\n");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 1, "010a 0000000000000000");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 2, "010a 0000000000000001");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 3, "0109 00000000000001");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 4, "");
	peer_sent(&p,
		  "3 1 010a00aabbfffeccddee\n3 2 010a00aabbfffeccddee\n3 3 010a00aabbfffeccddee\n"
		  "3 4 010a00aabbfffeccddee\n");
	peer_give(&p, PPP_CONFIGURE_REQUEST, 5, "010a 0102030405060708");
	peer_sent(&p, "2 5 010a0102030405060708\n");
	assert_memory_equal(p.interface_id, id, 8);
	peer_give(&p, PPP_CONFIGURE_REQUEST, 6, "0204 004f");
	peer_sent(&p, "4 6 0204004f\n");
	p.machine.naks = 5; /* nothing is wanted any more, so it may have none */
	peer_give(&p, PPP_CONFIGURE_REQUEST, 7, "");
	peer_sent(&p, "2 7 \n");
	assert_int_equal(p.interface_id[0], 0);
}

/* Killed by: our identifier changed by a Nak; sent again after a Reject. */
static void
our_identifier_stands(void **state)
{
	(void)state;
	peer_init(&p, &ipv6cp_ops);
	peer_start(&p);
	peer_give(&p, PPP_CONFIGURE_NAK, 1, "010a 0102030405060708");
	peer_give(&p, PPP_CONFIGURE_REJECT, 2, "010a 0000000000000001");
	peer_sent(&p, "1 1 010a0000000000000001\n1 2 010a0000000000000001\n1 3 \n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_peer_has_the_address_of_its_session),
		cmocka_unit_test(dns_servers_are_told),
		cmocka_unit_test(nothing_else_of_ipcp_is_served),
		cmocka_unit_test(interface_identifiers_differ_and_are_not_zero),
		cmocka_unit_test(our_identifier_stands),
	};

	return cmocka_run_group_tests_name("ncp", tests, NULL, NULL);
}
