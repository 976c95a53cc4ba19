/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 on a client's link, octet by octet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "advertisement.h"
#include "prefix.h"

static const uint8_t own[16] = {0xfe, 0x80, [15] = 1};
static const uint8_t client[16] = {0xfe, 0x80, [15] = 9};
static const uint8_t nobody[16];
static const uint8_t all_routers[16] = {0xff, 2, [15] = 2};

static uint8_t room[200];

static uint16_t
sum_of(const uint8_t *ip)
{
	uint32_t size = (uint32_t)ip[4] << 8 | ip[5], sum = size + 58;

	for (uint32_t i = 8; i < 40 + size; i++)
		sum += i % 2 == 0 ? (uint32_t)ip[i] << 8 : ip[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* A message with a right checksum. */
static struct nf_ip
message(const uint8_t *from, const uint8_t *to, const uint8_t *bytes, uint8_t size)
{
	uint16_t sum;

	memset(room, 0, sizeof(room));
	room[0] = 0x60;
	room[5] = size;
	room[6] = 58;
	room[7] = 255;
	memcpy(room + 8, from, 16);
	memcpy(room + 24, to, 16);
	memcpy(room + 40, bytes, size);
	room[42] = room[43] = 0;
	sum = (uint16_t)~sum_of(room);
	room[42] = (uint8_t)(sum >> 8);
	room[43] = (uint8_t)sum;
	return (struct nf_ip){room, (uint16_t)(40 + size), true};
}

static void
says(struct nf_ip ip, enum pppoe_link_saying saying)
{
	assert_int_equal(pppoe_link_saying(&ip), saying);
}

/* ---- heard -------------------------------------------------------------------------------------------- */

/* Killed by: a hop limit, code, sum, length or option that is not looked at (RFC 4861 section 6.1.1). */
static void
a_router_solicitation_is_valid(void **state)
{
	static const uint8_t plain[8] = {133};
	static const uint8_t coded[8] = {133, 1};
	static const uint8_t with_source[16] = {133, [8] = 1, 1};
	static const uint8_t empty_option[16] = {133, [8] = 14, 0};
	static const uint8_t long_option[16] = {133, [8] = 14, 2};
	static const uint8_t half_option[9] = {133, [8] = 14};
	struct nf_ip ip;

	(void)state;
	says(message(client, all_routers, plain, 8), PPPOE_ROUTER_SOLICITATION);
	says(message(nobody, all_routers, plain, 8), PPPOE_ROUTER_SOLICITATION);
	says(message(client, all_routers, with_source, 16), PPPOE_ROUTER_SOLICITATION);
	says(message(nobody, all_routers, with_source, 16), PPPOE_LINK_WRONG);
	says(message(client, all_routers, coded, 8), PPPOE_LINK_WRONG);
	says(message(client, all_routers, empty_option, 16), PPPOE_LINK_WRONG);
	says(message(client, all_routers, long_option, 16), PPPOE_LINK_WRONG);
	says(message(client, all_routers, half_option, 9), PPPOE_LINK_WRONG);
	ip = message(client, all_routers, plain, 8);
	room[7] = 254;
	says(ip, PPPOE_LINK_WRONG);
	ip = message(client, all_routers, plain, 8);
	room[43] ^= 1;
	says(ip, PPPOE_LINK_WRONG);
	says(message(client, all_routers, plain, 7), PPPOE_LINK_OTHER);
}

/* Killed by: a group that is asked for, a message without its target. */
static void
a_neighbor_solicitation_asks_for_one(void **state)
{
	uint8_t bytes[24] = {135};
	struct nf_ip ip;

	(void)state;
	memcpy(bytes + 8, own, 16);
	ip = message(client, own, bytes, 24);
	says(ip, PPPOE_NEIGHBOR_SOLICITATION);
	assert_memory_equal(pppoe_solicited(&ip), own, 16);
	says(message(client, own, bytes, 23), PPPOE_LINK_WRONG);
	bytes[8] = 0xff;
	says(message(client, own, bytes, 24), PPPOE_LINK_WRONG);
	bytes[0] = 136;
	says(message(client, own, bytes, 24), PPPOE_NEIGHBOR_ADVERTISEMENT);
	bytes[0] = 128;
	says(message(client, own, bytes, 24), PPPOE_LINK_OTHER);
}

/* Killed by: hop-by-hop options that are not looked behind. */
static void
listeners_report_behind_an_alert(void **state)
{
	uint8_t bytes[36] = {58, 0, 5, 2, 0, 0, 1, 0, 143};
	struct nf_ip ip;

	(void)state;
	for (uint8_t type = 130; type < 145; type++) {
		bytes[8] = type;
		ip = message(client, all_routers, bytes, 28);
		room[6] = 0;
		says(ip, type == 131 || type == 132 || type == 143 ? PPPOE_LISTENER_REPORT
			 : type >= 133 && type <= 137              ? PPPOE_LINK_WRONG
								   : PPPOE_LINK_OTHER);
	}
	bytes[8] = 143;
	bytes[1] = 1;
	ip = message(client, all_routers, bytes, 28);
	room[6] = 0;
	says(ip, PPPOE_LINK_OTHER);
}

/* Killed by: one of the four questions. */
static void
a_packet_of_the_link_is_told_by_its_addresses(void **state)
{
	static const uint8_t global[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
	static const uint8_t site[16] = {0xfe, 0xc0, [15] = 1};
	const struct {
		const uint8_t *from, *to;
		bool is;
	} cases[] = {
		{global, global, false},     {global, site, false}, {site, global, false},
		{global, own, true},         {own, global, true},   {nobody, global, true},
		{global, all_routers, true},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct nf_ip ip = message(cases[i].from, cases[i].to, (const uint8_t[8]){133}, 8);

		assert_int_equal(pppoe_is_of_link(&ip), cases[i].is);
	}
}

/* ---- said ---------------------------------------------------------------------------------------------- */

/* Killed by: any field of the message, a length without the servers, a sum of another packet. */
static void
a_router_tells_the_prefix(void **state)
{
	static const uint8_t prefix[16] = {0x20, 1, 0xd, 0xb8, 0, 5, 0, 7, 9};
	static const uint8_t dns[2][16] = {{0x20, 1, 1}, {0x20, 1, 2}};
	static const uint8_t head[16] = {134, 0, 0, 0, 64, 0, 7, 8};
	static const uint8_t info[32] = {3, 4, 64, 0xc0, 0,    0, 0x15, 0x18, 0, 0, 0x0a, 0x8c,
					 0, 0, 0,  0,    0x20, 1, 0xd,  0xb8, 0, 5, 0,    7};
	static const uint8_t servers[8] = {25, 5, 0, 0, 0, 0, 7, 8};
	struct pppoe_router_advertisement a = {
		.from = own, .prefix = prefix, .dns = dns, .n_dns = 2};
	uint8_t packet[PPPOE_ADVERTISEMENT_MAX + 8];

	(void)state;
	memset(packet, 0xee, sizeof(packet));
	assert_int_equal(pppoe_put_router_advertisement(packet, &a), 128);
	assert_int_equal(packet[128], 0xee);
	assert_int_equal(sum_of(packet), 0xffff);
	assert_int_equal(packet[0], 0x60);
	assert_int_equal(packet[5], 88);
	assert_int_equal(packet[6], 58);
	assert_int_equal(packet[7], 255);
	assert_memory_equal(packet + 8, own, 16);
	assert_memory_equal(packet + 24, ((const uint8_t[16]){0xff, 2, [15] = 1}), 16);
	packet[42] = packet[43] = 0;
	assert_memory_equal(packet + 40, head, 16);
	assert_memory_equal(packet + 56, info, 32);
	assert_memory_equal(packet + 88, servers, 8);
	assert_memory_equal(packet + 96, dns, 32);
	a.n_dns = 0;
	assert_int_equal(pppoe_put_router_advertisement(packet, &a), 88);
	assert_int_equal(sum_of(packet), 0xffff);
}

/* Killed by: an answer to who has no address sent to none; flags of another kind of neighbor. */
static void
an_address_is_told(void **state)
{
	uint8_t packet[PPPOE_ADVERTISEMENT_MAX];

	(void)state;
	assert_int_equal(pppoe_put_neighbor_advertisement(packet, own, client), 64);
	assert_int_equal(sum_of(packet), 0xffff);
	assert_memory_equal(packet + 24, client, 16);
	assert_int_equal(packet[40], 136);
	assert_int_equal(packet[44], 0xe0);
	assert_memory_equal(packet + 48, own, 16);
	pppoe_put_neighbor_advertisement(packet, own, NULL);
	assert_int_equal(sum_of(packet), 0xffff);
	assert_int_equal(packet[24], 0xff);
	assert_int_equal(packet[44], 0xa0);
}

/* ---- prefixes ------------------------------------------------------------------------------------------ */

/* Killed by: a shift by another width, no look at the end of the pool. */
static void
numbers_are_prefixes(void **state)
{
	struct pppoe_prefix_ipv6 pool = {{0x20, 1, 0xd, 0xb8, 0, 1}, 48};
	uint8_t address[16];

	(void)state;
	for (uint32_t n = 0; n < 65536; n += 13) {
		pppoe_prefix_put(&pool, n, address);
		assert_int_equal((uint32_t)address[6] << 8 | address[7], n);
		address[15] = 5;
		assert_int_equal(pppoe_prefix_of(&pool, address), n);
	}
	address[5] = 2;
	assert_int_equal(pppoe_prefix_of(&pool, address), PPPOE_NOT_IN_POOL);
	address[5] = 0;
	assert_int_equal(pppoe_prefix_of(&pool, address), PPPOE_NOT_IN_POOL);
	pool.bits = 64;
	pppoe_prefix_put(&pool, 0, address);
	assert_int_equal(pppoe_prefix_of(&pool, address), 0);
	address[7] = 1;
	assert_int_equal(pppoe_prefix_of(&pool, address), PPPOE_NOT_IN_POOL);
	pool.bits = 0;
	assert_int_equal(pppoe_prefix_of(&pool, address), PPPOE_NOT_IN_POOL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_router_solicitation_is_valid),
		cmocka_unit_test(a_neighbor_solicitation_asks_for_one),
		cmocka_unit_test(listeners_report_behind_an_alert),
		cmocka_unit_test(a_packet_of_the_link_is_told_by_its_addresses),
		cmocka_unit_test(a_router_tells_the_prefix),
		cmocka_unit_test(an_address_is_told),
		cmocka_unit_test(numbers_are_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
