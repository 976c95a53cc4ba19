/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may send what to whom: sources that are not the client's, sessions of others, addresses that are no host's, on every
 * way and of both families. Nothing leaves, no table changes, and nobody is asked for by ARP.
 */
#include "data_world_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct harness h;
static struct client a, b;

static int
open_it(void **state)
{
	struct pppoe_config config;

	(void)state;
	data_defaults(&config);
	config.access_tags = (struct pppoe_access){
		.untagged = true, .outer = {{1, 4094}}, .n_outer = 1, .outer_type = 0x88a8};
	harness_open(&h, &config, true);
	tell_router(&h);
	a = client_of(&h, 7, 0, 0, 1492);
	b = client_of(&h, 9, 0, 0, 1492);
	return 0;
}

static int
close_it(void **state)
{
	(void)state;
	harness_close(&h);
	return 0;
}

/* ---- who it is --------------------------------------------------------------------------------------------- */

/* Killed by: any address of the pools, another's, or one of nobody as source. */
static void
a_client_has_its_own_address_alone(void **state)
{
	const uint32_t sources[] = {0,          b.ipv4,     GATEWAY,          CORE_OWN,  SERVER,
				    FAR_SERVER, a.ipv4 + 1, IP(127, 0, 0, 1), UINT32_MAX};
	uint8_t other[16];
	struct octets in;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(sources); i++) {
		in = ipv4(sources[i], SERVER, 17, NULL, 64);
		refused_up(&h, &a, &in, PPPOE_drop_spoofed);
	}
	in = ipv6(b.ipv6, server_6, 17, NULL, 64);
	refused_up(&h, &a, &in, PPPOE_drop_spoofed);
	in = ipv6(server_6, core_own_6, 17, NULL, 64);
	refused_up(&h, &a, &in, PPPOE_drop_spoofed);
	memcpy(other, a.ipv6, 16);
	other[5] ^= 2;
	in = ipv6(other, server_6, 17, NULL, 64);
	refused_up(&h, &a, &in, PPPOE_drop_spoofed);
	assert_counted(&h, NF_arp_sent, 1); /* of the router, at the start */
}

/* Killed by: the id alone, the MAC address without the tags. */
static void
a_session_is_one_lines(void **state)
{
	struct octets in = ipv4(a.ipv4, SERVER, 17, NULL, 64), frame;
	struct client wrong = a;

	(void)state;
	wrong.mac[5] = 8;
	refused_up(&h, &wrong, &in, PPPOE_drop_other_client);
	wrong = a;
	wrong.outer = 5;
	refused_up(&h, &wrong, &in, PPPOE_drop_other_client);
	wrong = a;
	wrong.id = b.id;
	refused_up(&h, &wrong, &in, PPPOE_drop_other_client);
	in = (struct octets){.size = 8, .at = {9, 5, 0, 8}};
	frame = framed(&wrong, 0xc021, &in);
	refused(&h, PPPOE_ACCESS, &frame, PPPOE_drop_other_client);
}

/* Killed by: an index that is not asked, the first slot for id 0. */
static void
no_session_has_it(void **state)
{
	struct octets in = ipv4(a.ipv4, SERVER, 17, NULL, 64);
	struct client wrong = a;

	(void)state;
	for (uint32_t id = 0; id < 65536; id += id == a.id + 3u ? 771 : 1) {
		wrong.id = (uint16_t)id;
		if (id != a.id && id != b.id && (id < 3 || id > 65500))
			refused_up(&h, &wrong, &in, PPPOE_drop_no_session);
	}
}

/* Killed by: its slot's remains. */
static void
what_ended_is_no_more(void **state)
{
	struct octets up = ipv4(a.ipv4, SERVER, 17, NULL, 64),
		      down = ipv4(SERVER, a.ipv4, 17, NULL, 64);
	struct octets down_6 = ipv6(server_6, a.ipv6, 17, NULL, 64);

	(void)state;
	pppoe_session_remove(pppoe_sessions_of(&h.pppoe->sessions, 0), a.slot);
	refused_up(&h, &a, &up, PPPOE_drop_no_session);
	refused_down(&h, &down, PPPOE_drop_no_client);
	refused_down(&h, &down_6, PPPOE_drop_no_client);
	up = ipv4(b.ipv4, a.ipv4, 17, NULL, 64);
	refused_up(&h, &b, &up, PPPOE_drop_no_client);
}

/* Killed by: a frame of a session that is over taken for one. */
static void
what_is_over_hears_nothing(void **state)
{
	struct octets in = {.size = 8, .at = {9, 5, 0, 8}}, frame = framed(&a, 0xc021, &in);

	(void)state;
	session_of(&h, &a)->flags |= PPPOE_OVER;
	refused(&h, PPPOE_ACCESS, &frame, PPPOE_drop_no_session);
}

/* ---- where it goes ----------------------------------------------------------------------------------------- */

struct way {
	uint32_t address;
	unsigned int counter;
};

/* Killed by: each address that is no host's. */
static void
clients_send_to_hosts_only(void **state)
{
	const struct way ways[] = {
		{0, PPPOE_drop_bad_address},
		{IP(127, 0, 0, 1), PPPOE_drop_bad_address},
		{IP(224, 0, 0, 1), PPPOE_drop_bad_address},
		{UINT32_MAX, PPPOE_drop_bad_address},
		{IP(203, 0, 113, 0), PPPOE_drop_bad_address},
		{IP(203, 0, 113, 255), PPPOE_drop_bad_address},
		{IP(169, 254, 1, 1), PPPOE_drop_bad_address},
		{GATEWAY, PPPOE_drop_own_address},
		{CORE_OWN, PPPOE_drop_own_address},
		{IP(100, 64, 2, 200), PPPOE_drop_no_client},
		{IP(100, 64, 0, 0), PPPOE_drop_no_route},
	};
	static const uint8_t no_hosts[][16] = {
		{[15] = 1}, {[10] = 0xff, 0xff, 8, 8, 8, 8}, {[12] = 192, 0, 2, 9}};
	struct octets in;
	uint8_t nobody[16];

	(void)state;
	for (size_t i = 0; i < RTE_DIM(ways); i++) {
		in = ipv4(a.ipv4, ways[i].address, 17, NULL, 64);
		refused_up(&h, &a, &in, ways[i].counter);
	}
	for (size_t i = 0; i < RTE_DIM(no_hosts); i++) {
		in = ipv6(a.ipv6, no_hosts[i], 17, NULL, 64);
		refused_up(&h, &a, &in, PPPOE_drop_bad_address);
	}
	in = ipv6(a.ipv6, core_own_6, 17, NULL, 64);
	refused_up(&h, &a, &in, PPPOE_drop_own_address);
	memcpy(nobody, a.ipv6, 16);
	nobody[6] = 0x77;
	in = ipv6(a.ipv6, nobody, 17, NULL, 64);
	refused_up(&h, &a, &in, PPPOE_drop_no_client);
	in = ipv6(a.ipv6, (const uint8_t[16]){0xff, 0xe, [15] = 1}, 17, NULL, 64);
	refused_up(&h, &a, &in, PPPOE_drop_bad_address);
	assert_counted(&h, NF_arp_sent, 1);
}

/* ---- from the core ----------------------------------------------------------------------------------------- */

/* Killed by: each source that is no host's of the core. */
static void
hosts_alone_send_to_clients(void **state)
{
	const struct way ways[] = {
		{0, PPPOE_drop_bad_address},
		{IP(127, 0, 0, 1), PPPOE_drop_bad_address},
		{IP(224, 0, 0, 1), PPPOE_drop_bad_address},
		{UINT32_MAX, PPPOE_drop_bad_address},
		{IP(203, 0, 113, 255), PPPOE_drop_bad_address},
		{CORE_OWN, PPPOE_drop_bad_address},
		{GATEWAY, PPPOE_drop_bad_address},
		{b.ipv4, PPPOE_drop_spoofed},
	};
	static const uint8_t no_hosts[][16] = {
		{0}, {[15] = 1}, {0xfe, 0x80, [15] = 1}, {0xff, 2, [15] = 1}};
	struct octets in;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(ways); i++) {
		in = ipv4(ways[i].address, a.ipv4, 17, NULL, 64);
		refused_down(&h, &in, ways[i].counter);
	}
	for (size_t i = 0; i < RTE_DIM(no_hosts); i++) {
		in = ipv6(no_hosts[i], a.ipv6, 17, NULL, 64);
		refused_down(&h, &in, PPPOE_drop_bad_address);
	}
	in = ipv6(core_own_6, a.ipv6, 17, NULL, 64);
	refused_down(&h, &in, PPPOE_drop_bad_address);
	in = ipv6(b.ipv6, a.ipv6, 17, NULL, 64);
	refused_down(&h, &in, PPPOE_drop_spoofed);
}

/* Killed by: a default for whom nobody is. */
static void
nobody_gets_what_is_nobodys(void **state)
{
	static const uint32_t addresses[] = {IP(100, 64, 2, 200), IP(100, 64, 0, 0),
					     IP(100, 64, 3, 255), IP(9, 9, 9, 9), SERVER};
	uint8_t address[16];
	struct octets in;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(addresses); i++) {
		in = ipv4(FAR_SERVER, addresses[i], 17, NULL, 64);
		refused_down(&h, &in, PPPOE_drop_no_client);
	}
	memcpy(address, a.ipv6, 16);
	address[6] = 0x77;
	in = ipv6(server_6, address, 17, NULL, 64);
	refused_down(&h, &in, PPPOE_drop_no_client);
	address[4] = 0x77;
	in = ipv6(server_6, address, 17, NULL, 64);
	refused_down(&h, &in, PPPOE_drop_no_client);
}

/* Killed by: an answer to who is nobody. */
static void
nobody_is_echoed(void **state)
{
	static const uint8_t echo[8] = {8, 0, 0xf7, 0xff}, echo_6[8] = {128};
	static const uint32_t senders[] = {0, IP(127, 0, 0, 1), IP(224, 0, 0, 1), CORE_OWN,
					   IP(203, 0, 113, 0)};
	struct octets in;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(senders); i++) {
		in = ipv4(senders[i], CORE_OWN, 1, echo, 8);
		refused_down(&h, &in, PPPOE_drop_bad_address);
	}
	in = ipv4(b.ipv4, GATEWAY, 1, echo, 8);
	refused_down(&h, &in, PPPOE_drop_spoofed);
	in = icmpv6((const uint8_t[16]){0xfe, 0x80, [15] = 5}, core_own_6, echo_6, 8);
	refused_down(&h, &in, PPPOE_drop_bad_address);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_client_has_its_own_address_alone),
		TEST(a_session_is_one_lines),
		TEST(no_session_has_it),
		TEST(what_ended_is_no_more),
		TEST(what_is_over_hears_nothing),
		TEST(clients_send_to_hosts_only),
		TEST(hosts_alone_send_to_clients),
		TEST(nobody_gets_what_is_nobodys),
		TEST(nobody_is_echoed),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
