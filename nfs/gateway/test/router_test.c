/* SPDX-License-Identifier: Apache-2.0 */
/* The core's IPv6 router and Neighbor Discovery. Frames are built octet by octet. Each test names what kills it. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { SOLICITATION = 135, ADVERTISEMENT = 136 };
enum { SOLICITED = 0x40, OVERRIDE = 0x20 };

static const uint8_t own[16] = {0x20, 1, 0xd, 0xb8, 0xff, 0xff, [15] = 1};
static const uint8_t router[16] = {0x20, 1, 0xd, 0xb8, 0xff, 0xff, [15] = 2};
static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
static const uint8_t access_mac[6] = {2, 0, 0, 0, 1, 1};
static const uint8_t core_mac[6] = {2, 0, 0, 0, 2, 1};
static const uint8_t all_macs[6] = {0x33, 0x33, 0, 0, 0, 1};

static struct harness h;

static int
open_with(uint16_t n_workers)
{
	struct gateway_config config;

	harness_defaults(&config);
	config.n_workers = n_workers;
	harness_open(&h, &config, true);
	assert_int_equal(harness_ask(&h,
				     "session add 0x10007 ipv6 2001:db8:0:7::/64 cell 192.0.2.11 "
				     "cell-teid 0xa001"),
			 NF_OK);
	return 0;
}

static int
open_one(void **state)
{
	(void)state;
	return open_with(1);
}

static int
open_standby(void **state)
{
	struct gateway_config config;

	(void)state;
	harness_defaults(&config);
	config.n_workers = 1;
	harness_open(&h, &config, false);
	return 0;
}

static void
clear(void)
{
	struct frame out;

	while (harness_take(&h, GATEWAY_ACCESS, &out) || harness_take(&h, GATEWAY_CORE, &out))
		;
}

static int
close_it(void **state)
{
	(void)state;
	clear();
	harness_check(&h);
	harness_close(&h);
	return 0;
}

/* Over the pseudo header; 0xffff if the checksum in it is right. */
static uint16_t
sum_of(const uint8_t *ip, const uint8_t *icmp, uint16_t size)
{
	uint32_t sum = 58u + size;

	for (int i = 8; i < 40; i += 2)
		sum += get16(ip + i);
	for (uint16_t i = 0; i < size; i += 2)
		sum += get16(icmp + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

struct said {
	uint8_t type;
	uint8_t flags;
	const uint8_t *src;
	const uint8_t *dst;
	const uint8_t *target;
	const uint8_t *to_mac;
	uint8_t mac; /* last octet of the one that it tells, 0: none */
};

static struct frame
say(const struct said *said)
{
	struct frame f = {.size = (uint16_t)(14 + 40 + 24 + (said->mac != 0 ? 8 : 0))};
	uint8_t *ip = f.bytes + 14, *icmp = ip + 40;

	memcpy(f.bytes, said->to_mac, 6);
	memcpy(f.bytes + 6, "\x02\xaa\x00\x00\x00", 5);
	f.bytes[11] = said->mac;
	put16(f.bytes + 12, 0x86dd);
	put_ipv6(ip, said->src, said->dst, (uint16_t)(f.size - 54));
	ip[6] = 58;
	ip[7] = 255;
	icmp[0] = said->type;
	icmp[4] = said->flags;
	memcpy(icmp + 8, said->target, 16);
	if (said->mac != 0) {
		icmp[24] = said->type == SOLICITATION ? 1 : 2;
		icmp[25] = 1;
		memcpy(icmp + 26, f.bytes + 6, 6);
	}
	put16(icmp + 2, (uint16_t)~sum_of(ip, icmp, (uint16_t)(f.size - 54)));
	return f;
}

static struct frame
advertisement(uint8_t flags, uint8_t mac)
{
	const struct said said = {
		.type = ADVERTISEMENT,
		.flags = flags,
		.src = router,
		.dst = flags & SOLICITED ? own : all_nodes,
		.target = router,
		.to_mac = flags & SOLICITED ? core_mac : all_macs,
		.mac = mac,
	};

	return say(&said);
}

/* Last octet of the MAC address that IPv6 uplink packets go to; 0: they are dropped. */
static uint8_t
router_mac(void)
{
	static const uint8_t src[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 7, [15] = 1};
	static const uint8_t dst[16] = {0x26, 0, [15] = 1};
	struct frame inner = {.size = 14 + 48}, f, out;

	clear();
	put_ipv6(inner.bytes + 14, src, dst, 8);
	f = tunnelled(&inner, CELL_1, TEID);
	harness_send(&h, GATEWAY_ACCESS, &f, 0);
	if (!harness_take(&h, GATEWAY_CORE, &out))
		return 0;
	assert_int_equal(get16(out.bytes + 12), 0x86dd);
	assert_false(harness_take(&h, GATEWAY_CORE, &out));
	return out.bytes[5];
}

static void
know_the_router(void)
{
	struct frame f = advertisement(SOLICITED | OVERRIDE, 0x22);

	harness_wait(&h, HARNESS_SECOND);
	harness_send(&h, GATEWAY_CORE, &f, 0);
	harness_wait(&h, 1);
	assert_int_equal(router_mac(), 0x22);
}

/* ---- what a frame is ----------------------------------------------------------------------------- */

/* Killed by: what an IP packet is taken from its first octet; a router looked for on any side. */
static void
type_and_side_decide_what_a_frame_is(void **state)
{
	static const uint8_t subscriber[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 7, [15] = 9};
	struct frame f = advertisement(SOLICITED | OVERRIDE, 0x66);

	(void)state;
	know_the_router();
	/* From the access side, as IPv4 and as what it is. */
	memcpy(f.bytes, access_mac, 6);
	put16(f.bytes + 12, 0x0800);
	harness_dropped(&h, GATEWAY_ACCESS, &f, GATEWAY_drop_ip_header);
	put16(f.bytes + 12, 0x86dd);
	harness_dropped(&h, GATEWAY_ACCESS, &f, GATEWAY_drop_ethertype);
	memcpy(f.bytes, all_macs, 6);
	harness_dropped(&h, GATEWAY_ACCESS, &f, GATEWAY_drop_not_for_us);
	/* From the core as IPv4. */
	memcpy(f.bytes, core_mac, 6);
	put16(f.bytes + 12, 0x0800);
	harness_dropped(&h, GATEWAY_CORE, &f, GATEWAY_drop_ip_header);
	assert_int_equal(harness_counter(&h, NF_neighbour_disputed), 0);
	/* IPv4 as IPv6. */
	f = plain(SERVER, SUBSCRIBER, 32, 1);
	put16(f.bytes + 12, 0x86dd);
	harness_dropped(&h, GATEWAY_CORE, &f, GATEWAY_drop_ip_header);
	/* A subscriber's packet in a frame to all. */
	f = advertisement(OVERRIDE, 0x22);
	memcpy(f.bytes + 14 + 24, subscriber, 16);
	harness_dropped(&h, GATEWAY_CORE, &f, GATEWAY_drop_not_for_us);
	harness_wait(&h, 1);
	assert_int_equal(router_mac(), 0x22);
}

/* ---- who is the router --------------------------------------------------------------------------- */

/* Neighbor Discovery and MLD frames that left on the core side, but for ARP; false: none. */
static bool
take_ipv6(struct frame *ret_frame)
{
	while (harness_take(&h, GATEWAY_CORE, ret_frame))
		if (get16(ret_frame->bytes + 12) == 0x86dd)
			return true;
	return false;
}

/* The same without reports to groups. */
static bool
take_discovery(struct frame *ret_frame)
{
	while (take_ipv6(ret_frame))
		if (ret_frame->bytes[14 + 6] == 58)
			return true;
	return false;
}

/* The only frame that left asks for the router: who has this MAC address, or (0) everybody. */
static void
expect_solicitation(uint8_t mac)
{
	struct frame f;

	assert_true(take_discovery(&f));
	assert_int_equal(f.bytes[14 + 40], SOLICITATION);
	assert_int_equal(f.bytes[14 + 7], 255);
	assert_memory_equal(f.bytes + 14 + 40 + 8, router, 16);
	assert_memory_equal(f.bytes + 14 + 8, own, 16);
	assert_int_equal(sum_of(f.bytes + 14, f.bytes + 54, 32), 0xffff);
	if (mac != 0) {
		assert_memory_equal(f.bytes, ((uint8_t[]){2, 0xaa, 0, 0, 0, mac}), 6);
		assert_memory_equal(f.bytes + 14 + 24, router, 16);
	} else {
		assert_memory_equal(f.bytes, "\x33\x33\xff\x00\x00\x02", 6);
	}
	assert_false(take_discovery(&f));
}

static void
hear(uint8_t flags, uint8_t mac)
{
	struct frame f = advertisement(flags, mac);

	harness_send(&h, GATEWAY_CORE, &f, 0);
}

/* RFC 4861 section 7.2.6: a router that was replaced says so to all nodes. Killed by: dropping frames to all
 * nodes; waiting until the old entry is too old; believing who was not asked. */
static void
a_router_that_was_replaced_is_followed(void **state)
{
	(void)state;
	know_the_router();
	clear();
	hear(OVERRIDE, 0x33);
	expect_solicitation(0x22);
	harness_wait(&h, HARNESS_SECOND / 10);
	expect_solicitation(0x22);
	assert_int_equal(router_mac(), 0x22);
	harness_wait(&h, HARNESS_SECOND / 10);
	expect_solicitation(0);
	hear(OVERRIDE, 0x44); /* no answer */
	hear(SOLICITED | OVERRIDE, 0x33);
	harness_wait(&h, 1);
	assert_int_equal(router_mac(), 0x33);
	assert_int_equal(harness_counter(&h, NF_neighbour_disputed), 1);
	assert_int_equal(harness_counter(&h, NF_neighbour_moved), 1);
}

/* Killed by: an answer of the thief that counts while the owner is asked; any claim that is believed. */
static void
a_router_that_lives_is_not_robbed(void **state)
{
	static const uint8_t claims[] = {0, OVERRIDE, SOLICITED, SOLICITED | OVERRIDE};

	(void)state;
	know_the_router();
	for (size_t i = 0; i < sizeof(claims); i++) {
		clear();
		hear(claims[i], 0x66);
		expect_solicitation(0x22);
		hear(SOLICITED | OVERRIDE, 0x66);
		hear(SOLICITED, 0x22);
		for (int n = 0; n < 20; n++)
			harness_wait(&h, HARNESS_SECOND / 10);
		assert_int_equal(router_mac(), 0x22);
	}
	assert_int_equal(harness_counter(&h, NF_neighbour_disputed), 4);
	assert_int_equal(harness_counter(&h, NF_neighbour_moved), 0);
}

/* RFC 4861 sections 7.2.3 and 7.2.5: it tells where it is, but not that it can be reached. Killed by: taking it
 * for an answer, so that it is not asked; not taking it. */
static void
who_was_not_asked_is_asked_at_once(void **state)
{
	static const uint8_t solicited_node[16] = {0xff, 2, [11] = 1, 0xff, 0, 0, 1};
	const struct said solicitation = {.type = SOLICITATION,
					  .src = router,
					  .dst = solicited_node,
					  .target = own,
					  .to_mac = (const uint8_t *)"\x33\x33\xff\x00\x00\x01",
					  .mac = 0x55};
	struct frame f = say(&solicitation), out;

	(void)state;
	harness_wait(&h, HARNESS_SECOND);
	clear();
	harness_send(&h, GATEWAY_CORE, &f, 0);
	assert_true(take_ipv6(&out)); /* and it is answered */
	assert_int_equal(out.bytes[54], ADVERTISEMENT);
	assert_int_equal(out.bytes[58], SOLICITED | OVERRIDE);
	assert_false(take_ipv6(&out));
	harness_wait(&h, 1);
	expect_solicitation(0);
	assert_int_equal(router_mac(), 0x55);
	/* As long as it is only said, it is asked each second. */
	harness_wait(&h, HARNESS_SECOND);
	expect_solicitation(0);
	hear(SOLICITED, 0x55);
	harness_wait(&h, 2 * HARNESS_SECOND);
	assert_false(take_ipv6(&out));
}

/* RFC 4861 section 7.2.5: who does not know the address takes nothing from an advertisement without it. Section 4.4:
 * an answer to a question to one may leave it out. */
static void
an_answer_may_leave_out_the_address(void **state)
{
	struct said said = {.type = ADVERTISEMENT,
			    .flags = SOLICITED,
			    .src = router,
			    .dst = own,
			    .target = router,
			    .to_mac = core_mac};
	struct frame f = say(&said);

	(void)state;
	f.bytes[11] = 0x22;
	harness_wait(&h, HARNESS_SECOND);
	clear();
	harness_dropped(&h, GATEWAY_CORE, &f, GATEWAY_drop_neighbor_discovery);
	assert_int_equal(router_mac(), 0);
	know_the_router();
	clear();
	hear(OVERRIDE, 0x66);
	expect_solicitation(0x22);
	harness_send(&h, GATEWAY_CORE, &f, 0);
	for (int n = 0; n < 10; n++)
		harness_wait(&h, HARNESS_SECOND / 10);
	clear();
	hear(SOLICITED | OVERRIDE, 0x66); /* the question is over */
	expect_solicitation(0x22);
	assert_int_equal(router_mac(), 0x22);
}

/* RFC 4861 sections 7.1.1 and 7.1.2. Killed by: leaving out the check that a case names. */
static void
wrong_messages_are_dropped(void **state)
{
	static const uint8_t zero[16];
	struct said said = {.type = ADVERTISEMENT,
			    .flags = SOLICITED | OVERRIDE,
			    .src = router,
			    .dst = all_nodes,
			    .target = router,
			    .to_mac = all_macs,
			    .mac = 0x22};
	struct frame f = say(&said);

	(void)state;
	harness_wait(&h, HARNESS_SECOND);
	clear();
	/* Solicited, and to a group. */
	harness_dropped(&h, GATEWAY_CORE, &f, GATEWAY_drop_neighbor_discovery);
	/* An option without length. */
	f = advertisement(SOLICITED | OVERRIDE, 0x22);
	f.bytes[54 + 25] = 0;
	put16(f.bytes + 56, 0);
	put16(f.bytes + 56, (uint16_t)~sum_of(f.bytes + 14, f.bytes + 54, 32));
	harness_dropped(&h, GATEWAY_CORE, &f, GATEWAY_drop_neighbor_discovery);
	/* A probe that tells an address, and one to all. */
	said = (struct said){.type = SOLICITATION,
			     .src = zero,
			     .dst = all_nodes,
			     .target = own,
			     .to_mac = all_macs};
	f = say(&said);
	harness_dropped(&h, GATEWAY_CORE, &f, GATEWAY_drop_neighbor_discovery);
	said.dst = (const uint8_t[16]){0xff, 2, [11] = 1, 0xff, 0, 0, 1};
	said.mac = 0x66;
	f = say(&said);
	harness_dropped(&h, GATEWAY_CORE, &f, GATEWAY_drop_neighbor_discovery);
	/* From a group. */
	said.src = all_nodes;
	f = say(&said);
	harness_dropped(&h, GATEWAY_CORE, &f, GATEWAY_drop_neighbor_discovery);
	assert_int_equal(harness_counter(&h, NF_address_conflict), 0);
	assert_int_equal(router_mac(), 0);
}

/* RFC 4861 section 7.2.4, RFC 4862 section 5.4. Killed by: a probe that is not counted; no defence; one for each. */
static void
own_address_is_defended(void **state)
{
	static const uint8_t zero[16], group[16] = {0xff, 2, [11] = 1, 0xff, 0, 0, 1};
	const struct said probe = {.type = SOLICITATION,
				   .src = zero,
				   .dst = group,
				   .target = own,
				   .to_mac = (const uint8_t *)"\x33\x33\xff\x00\x00\x01"};
	const struct said claim = {.type = ADVERTISEMENT,
				   .flags = OVERRIDE,
				   .src = own,
				   .dst = all_nodes,
				   .target = own,
				   .to_mac = all_macs,
				   .mac = 0x66};
	struct frame f = say(&probe), out;

	(void)state;
	harness_wait(&h, HARNESS_SECOND);
	clear();
	f.bytes[11] = 0x66;
	harness_send(&h, GATEWAY_CORE, &f, 0);
	assert_true(take_ipv6(&out));
	assert_memory_equal(out.bytes, all_macs, 6);
	assert_int_equal(out.bytes[54], ADVERTISEMENT);
	assert_int_equal(out.bytes[58], OVERRIDE);
	assert_int_equal(harness_counter(&h, NF_address_conflict), 1);
	f = say(&claim);
	for (int i = 0; i < 3; i++)
		harness_send(&h, GATEWAY_CORE, &f, 0);
	assert_true(take_ipv6(&out));
	assert_memory_equal(out.bytes, all_macs, 6);
	assert_memory_equal(out.bytes + 62, own, 16);
	assert_false(take_ipv6(&out));
	assert_int_equal(harness_counter(&h, NF_address_conflict), 4);
	/* Its other instance, which has its MAC address, is no other host. */
	memcpy(f.bytes + 6, core_mac, 6);
	memcpy(f.bytes + 54 + 26, core_mac, 6);
	put16(f.bytes + 56, 0);
	put16(f.bytes + 56, (uint16_t)~sum_of(f.bytes + 14, f.bytes + 54, 32));
	harness_dropped(&h, GATEWAY_CORE, &f, GATEWAY_drop_neighbor_discovery);
	assert_int_equal(harness_counter(&h, NF_address_conflict), 4);
}

/* ---- groups ------------------------------------------------------------------------------------------ */

/* Sum over what stands behind eight octets of options. */
static uint16_t
mld_sum(const uint8_t *frame, uint16_t size)
{
	uint8_t ip[40];

	memcpy(ip, frame + 14, 40);
	return sum_of(ip, frame + 62, size);
}

static struct frame
query(const uint8_t group[16], uint16_t size)
{
	static const uint8_t querier[16] = {0xfe, 0x80, [15] = 9};
	static const uint8_t zero[16];
	struct frame f = {.size = (uint16_t)(62 + size)};

	memcpy(f.bytes, all_macs, 6);
	memcpy(f.bytes + 6, "\x02\xaa\x00\x00\x00\x09\x86\xdd", 8);
	put_ipv6(f.bytes + 14, querier, all_nodes, (uint16_t)(8 + size));
	f.bytes[20] = 0;
	f.bytes[21] = 1;
	memcpy(f.bytes + 54, "\x3a\x00\x05\x02\x00\x00\x01\x00", 8);
	f.bytes[62] = 130;
	memcpy(f.bytes + 62 + 8, group != NULL ? group : zero, 16);
	put16(f.bytes + 64, (uint16_t)~mld_sum(f.bytes, size));
	return f;
}

/* The next frame is a report without a source address: of version 2 with this record, or (0) of version 1. */
static void
expect_report(uint8_t record)
{
	static const uint8_t zero[16], group[16] = {0xff, 2, [11] = 1, 0xff, 0, 0, 1};
	struct frame f;

	assert_true(take_ipv6(&f));
	assert_memory_equal(f.bytes + 22, zero, 16);
	assert_int_equal(f.bytes[20], 0);
	assert_int_equal(f.bytes[21], 1);
	assert_memory_equal(f.bytes + 54, "\x3a\x00\x05\x02\x00\x00\x01\x00", 8);
	if (record == 0) {
		assert_int_equal(f.size, 62 + 24);
		assert_memory_equal(f.bytes, "\x33\x33\xff\x00\x00\x01", 6);
		assert_memory_equal(f.bytes + 38, group, 16);
		assert_int_equal(f.bytes[62], 131);
		assert_memory_equal(f.bytes + 70, group, 16);
	} else {
		assert_int_equal(f.size, 62 + 28);
		assert_memory_equal(f.bytes, "\x33\x33\x00\x00\x00\x16", 6);
		assert_memory_equal(f.bytes + 38, "\xff\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\x16", 16);
		assert_int_equal(f.bytes[62], 143);
		assert_memory_equal(f.bytes + 66, "\0\0\0\1", 4);
		assert_memory_equal(f.bytes + 70, ((uint8_t[]){record, 0, 0, 0}), 4);
		assert_memory_equal(f.bytes + 74, group, 16);
	}
	assert_int_equal(mld_sum(f.bytes, (uint16_t)(f.size - 62)), 0xffff);
}

/* A switch that listens sends nothing to a group that nobody told it of. Killed by: no report at start, only one,
 * one at each turn. */
static void
the_group_is_told_at_start(void **state)
{
	struct frame out;

	(void)state;
	harness_wait(&h, 1);
	expect_report(4);
	expect_solicitation(0);
	hear(SOLICITED | OVERRIDE, 0x22);
	harness_wait(&h, HARNESS_SECOND);
	expect_report(4);
	assert_false(take_ipv6(&out));
	harness_wait(&h, HARNESS_SECOND);
	assert_false(take_ipv6(&out));
	assert_int_equal(harness_counter(&h, GATEWAY_listener_report_sent), 2);
}

/* Killed by: reports of a standby; none of who takes over. */
static void
the_group_is_told_by_who_takes_over(void **state)
{
	struct frame out;

	(void)state;
	harness_wait(&h, HARNESS_SECOND);
	assert_false(take_ipv6(&out));
	h.nf[0].agent->serving = true;
	harness_wait(&h, HARNESS_SECOND);
	expect_report(4);
	clear();
	harness_wait(&h, 2 * HARNESS_SECOND);
	expect_report(4);
	h.nf[0].agent->serving = false;
	harness_wait(&h, HARNESS_SECOND);
	clear();
	h.nf[0].agent->serving = true;
	harness_wait(&h, HARNESS_SECOND);
	expect_report(4);
}

/* RFC 3810 section 6.2 and 8.2.1. Killed by: leaving out any of its checks; a report of the wrong version. */
static void
queries_are_answered(void **state)
{
	static const uint8_t group[16] = {0xff, 2, [11] = 1, 0xff, 0, 0, 1};
	static const uint8_t other[16] = {0xff, 2, [11] = 1, 0xff, 0, 0, 9};
	static const struct {
		uint16_t at;
		uint8_t value;
	} wrong[] = {{21, 2}, {22, 0x20}, {56, 1}, {54, 17}, {63, 1}, {62, 129}};
	const uint8_t *groups[] = {NULL, group};
	struct frame f, out;

	(void)state;
	know_the_router();
	clear();
	for (int i = 0; i < 2; i++) {
		f = query(groups[i], 24);
		harness_send(&h, GATEWAY_CORE, &f, 0);
		expect_report(0);
		f = query(groups[i], 28);
		harness_send(&h, GATEWAY_CORE, &f, 0);
		expect_report(2);
	}
	f = query(NULL, 28);
	memcpy(f.bytes, core_mac, 6); /* RFC 3810 section 5.1.15 */
	memcpy(f.bytes + 38, own, 16);
	put16(f.bytes + 64, 0);
	put16(f.bytes + 64, (uint16_t)~mld_sum(f.bytes, 28));
	harness_send(&h, GATEWAY_CORE, &f, 0);
	expect_report(2);
	assert_int_equal(harness_counter(&h, GATEWAY_listener_query_taken), 5);
	f = query(other, 28);
	harness_dropped(&h, GATEWAY_CORE, &f, GATEWAY_drop_neighbor_discovery);
	f = query(NULL, 26);
	harness_dropped(&h, GATEWAY_CORE, &f, GATEWAY_drop_neighbor_discovery);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		f = query(NULL, 28);
		f.bytes[wrong[i].at] = wrong[i].value;
		if (wrong[i].at != 63) {
			put16(f.bytes + 64, 0);
			put16(f.bytes + 64, (uint16_t)~mld_sum(f.bytes, 28));
		}
		harness_dropped(&h, GATEWAY_CORE, &f, GATEWAY_drop_neighbor_discovery);
	}
	assert_false(take_ipv6(&out));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_one, close_it)
	const struct CMUnitTest tests[] = {
		TEST(type_and_side_decide_what_a_frame_is),
		TEST(a_router_that_was_replaced_is_followed),
		TEST(a_router_that_lives_is_not_robbed),
		TEST(who_was_not_asked_is_asked_at_once),
		TEST(an_answer_may_leave_out_the_address),
		TEST(wrong_messages_are_dropped),
		TEST(own_address_is_defended),
		TEST(the_group_is_told_at_start),
		cmocka_unit_test_setup_teardown(the_group_is_told_by_who_takes_over, open_standby,
						close_it),
		TEST(queries_are_answered),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
