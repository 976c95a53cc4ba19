/* SPDX-License-Identifier: Apache-2.0 */
/* Destinations that are not translated. Each test names what kills it. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#define SYN 0x02
#define SERVICE IP(203, 0, 113, 50)  /* any protocol */
#define RESOLVER IP(203, 0, 113, 51) /* UDP port 53..54 only */

static struct harness h;

static void
open_with(uint16_t n_workers)
{
	struct nat_config config;

	harness_defaults(&config);
	config.n_workers = n_workers;
	config.exempt[0] =
		(struct nat_exempt){.prefix = {.address = SERVICE & ~1u, .mask = UINT32_MAX << 1},
				    .protocol = IPPROTO_TCP};
	config.exempt[1] = (struct nat_exempt){.prefix = {.address = SERVICE, .mask = UINT32_MAX}};
	config.exempt[2] = (struct nat_exempt){.prefix = {.address = RESOLVER, .mask = UINT32_MAX},
					       .protocol = IPPROTO_UDP,
					       .by_port = true,
					       .port_first = 53,
					       .port_last = 54};
	config.n_exempt = 3;
	harness_open(&h, &config, true);
}

static int
open_one(void **state)
{
	(void)state;
	open_with(1);
	return 0;
}

static int
open_two(void **state)
{
	(void)state;
	open_with(2);
	return 0;
}

static int
close_it(void **state)
{
	(void)state;
	harness_check(&h);
	harness_close(&h);
	return 0;
}

static struct harness_packet
to(uint32_t dst, uint8_t protocol, uint16_t dst_port)
{
	return (struct harness_packet){.side = NAT_INSIDE,
				       .protocol = protocol,
				       .src = SUBSCRIBER,
				       .src_port = 5000,
				       .dst = dst,
				       .dst_port = dst_port,
				       .icmp_type = 8,
				       .tcp_flags = SYN,
				       .payload = 30};
}

/* What the far side answers to an untranslated packet. */
static struct harness_packet
answer_to(const struct harness_packet *out)
{
	struct harness_packet p = *out;

	p.side = NAT_OUTSIDE;
	p.src = out->dst;
	p.dst = out->src;
	if (out->protocol != IPPROTO_ICMP) {
		p.src_port = out->dst_port;
		p.dst_port = out->src_port;
	}
	p.icmp_type = 0;
	p.ttl = 60;
	return p;
}

static void
passes_as_it_is(struct harness_packet p)
{
	struct harness_packet out = harness_pass(&h, &p, NAT_OUTSIDE), back;

	assert_int_equal(out.src, SUBSCRIBER);
	assert_int_equal(out.src_port, 5000);
	assert_int_equal(out.dst, p.dst);
	assert_int_equal(out.ttl, 63);
	p = answer_to(&p);
	back = harness_pass(&h, &p, NAT_INSIDE);
	assert_int_equal(back.src, p.src);
	assert_int_equal(back.dst, SUBSCRIBER);
	assert_int_equal(back.ttl, 59);
	assert_int_equal(harness_n_sessions(&h), 0);
}

/* Killed by: translating one direction, a time to live that stays, a slot for an exempt packet. */
static void
exempt_packets_pass_untranslated(void **state)
{
	(void)state;
	passes_as_it_is(to(SERVICE, IPPROTO_UDP, 80));
	passes_as_it_is(to(SERVICE, IPPROTO_TCP, 80));
	passes_as_it_is(to(SERVICE, IPPROTO_ICMP, 0));
	passes_as_it_is(to(RESOLVER, IPPROTO_UDP, 53));
	passes_as_it_is(to(RESOLVER, IPPROTO_UDP, 54));
	assert_int_equal(harness_counter(&h, NAT_routed_out), 5);
	assert_int_equal(harness_counter(&h, NAT_routed_in), 5);
}

/* A protocol that cannot be translated passes a rule without protocol. */
static void
exempt_protocols_need_no_ports(void **state)
{
	struct harness_packet p = to(SERVICE, IPPROTO_UDP, 80);
	struct rte_mbuf *m = harness_build(&h, &p);
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, 14);

	(void)state;
	ip->next_proto_id = IPPROTO_GRE;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, sizeof(*ip));
	harness_send(&h, NAT_INSIDE, m, 0);
	assert_int_equal(harness_counter(&h, NAT_routed_out), 1);
	rte_pktmbuf_free(harness_take(&h, NAT_OUTSIDE));
}

/* Killed by: leaving out the protocol, the port range or one of its ends, or the mask. */
static void
exempt_rules_hold_exactly(void **state)
{
	const struct harness_packet others[] = {
		to(SERVICE + 2, IPPROTO_TCP, 80), to(SERVICE + 1, IPPROTO_UDP, 80),
		to(RESOLVER, IPPROTO_UDP, 52),    to(RESOLVER, IPPROTO_UDP, 55),
		to(RESOLVER, IPPROTO_ICMP, 53),
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(others); i++) {
		struct harness_packet out = harness_pass(&h, &others[i], NAT_OUTSIDE);

		assert_int_not_equal(out.src, SUBSCRIBER);
	}
	assert_int_equal(harness_counter(&h, NAT_routed_out), 0);
}

/* Killed by: taking the source port for the far end's. */
static void
exempt_is_by_the_far_port(void **state)
{
	struct harness_packet p = to(RESOLVER, IPPROTO_UDP, 99);

	(void)state;
	p.src_port = 53;
	assert_int_not_equal(harness_pass(&h, &p, NAT_OUTSIDE).src, SUBSCRIBER);
	p = to(RESOLVER, IPPROTO_UDP, 53);
	p = answer_to(&p);
	p.src_port = 99;
	p.dst_port = 53;
	harness_dropped(&h, &p, NAT_drop_not_pool);
}

/* Killed by: looking for a mapping of an error about an exempt packet, or not looking into it. */
static void
exempt_errors_pass_both_ways(void **state)
{
	struct harness_packet about = to(SERVICE, IPPROTO_UDP, 80), got, error;

	(void)state;
	error = (struct harness_packet){.side = NAT_OUTSIDE,
					.protocol = IPPROTO_ICMP,
					.src = IP(192, 0, 2, 1),
					.dst = SUBSCRIBER,
					.icmp_type = 3,
					.quoted = &about};
	got = harness_pass(&h, &error, NAT_INSIDE);
	assert_int_equal(got.dst, SUBSCRIBER);
	assert_int_equal(got.quoted->src, SUBSCRIBER);
	assert_int_equal(got.quoted->src_port, 5000);

	about = answer_to(&about);
	error.side = NAT_INSIDE;
	error.src = IP(100, 64, 0, 2); /* a router on the way */
	error.dst = SERVICE;
	got = harness_pass(&h, &error, NAT_OUTSIDE);
	assert_int_equal(got.src, IP(100, 64, 0, 2));
	assert_int_equal(got.quoted->dst, SUBSCRIBER);

	/* About a packet that was none of these: no way around the NAT. */
	about = to(SERVER, IPPROTO_UDP, 80);
	error.side = NAT_OUTSIDE;
	error.src = IP(192, 0, 2, 1);
	error.dst = SUBSCRIBER;
	harness_dropped(&h, &error, NAT_drop_icmp_error);
	/* To another one than the sender of what it is about. */
	about = to(SERVICE, IPPROTO_UDP, 80);
	error.dst = SUBSCRIBER + 1;
	harness_dropped(&h, &error, NAT_drop_icmp_error);
}

/* Killed by: routing what the NAT would not translate either. */
static void
exempt_packets_are_checked(void **state)
{
	struct harness_packet p = to(SERVICE, IPPROTO_UDP, 80), told;

	(void)state;
	p.src = IP(192, 0, 2, 7);
	harness_dropped(&h, &p, NAT_drop_spoofed);
	p.src = IP(127, 0, 0, 1);
	harness_dropped(&h, &p, NAT_drop_bad_address);
	p.src = SUBSCRIBER;
	p.ttl = 1;
	told = harness_pass(&h, &p, NAT_INSIDE);
	assert_int_equal(told.icmp_type, 11);
	p = answer_to(&p);
	p.dst = IP(192, 0, 2, 7); /* not inside */
	told = harness_pass(&h, &p, NAT_OUTSIDE);
	assert_int_equal(told.icmp_type << 8 | told.icmp_code, 3 << 8 | 0);
	assert_int_equal(harness_counter(&h, NAT_drop_no_route), 1);
	assert_int_equal(harness_counter(&h, NAT_routed_out), 0);
}

/* Killed by: telling of a Redirect or a Source Quench, which are errors though the NAT translates neither (RFC 1122
 * section 3.2.2). */
static void
exempt_errors_are_not_told_of(void **state)
{
	static const uint8_t types[] = {4, 5};
	struct harness_packet p = to(SERVICE, IPPROTO_ICMP, 0), told;

	(void)state;
	p.ttl = 1;
	for (size_t i = 0; i < RTE_DIM(types); i++) {
		p.icmp_type = types[i];
		harness_dropped(&h, &p, NAT_drop_ttl);
	}
	assert_int_equal(harness_counter(&h, NAT_time_exceeded_sent), 0);
	p.icmp_type = 8;
	told = harness_pass(&h, &p, NAT_INSIDE);
	assert_int_equal(told.icmp_type, 11);
}

/* Killed by: a bucket of the far address, which makes the two directions go to different workers. */
static void
exempt_packets_belong_to_the_inside_address(void **state)
{
	struct harness_packet p = to(SERVICE, IPPROTO_UDP, 80); /* even; the subscriber is odd */

	(void)state;
	passes_as_it_is(p);
	assert_int_equal(h.nf[1].counters[NAT_routed_out], 1);
	assert_int_equal(h.nf[1].counters[NAT_routed_in], 1);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_one, close_it)
	const struct CMUnitTest tests[] = {
		TEST(exempt_packets_pass_untranslated),
		TEST(exempt_protocols_need_no_ports),
		TEST(exempt_rules_hold_exactly),
		TEST(exempt_is_by_the_far_port),
		TEST(exempt_errors_pass_both_ways),
		TEST(exempt_packets_are_checked),
		TEST(exempt_errors_are_not_told_of),
		cmocka_unit_test_setup_teardown(exempt_packets_belong_to_the_inside_address,
						open_two, close_it),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
