/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sender is told when there is no way on (RFC 1812 sections 4.3.3.1 and 5.2.7.1, RFC 5508 REQ-10):
 * no route, and a neighbour who does not answer. In the latter case the packet is translated already, and its
 * sender must see its own. Each test names what kills it.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#define OWN_INSIDE IP(100, 64, 0, 1)
#define OWN_OUTSIDE IP(203, 0, 113, 1)
#define OTHER IP(100, 64, 5, 202)        /* another subscriber, at another of two workers */
#define EXEMPT IP(203, 0, 113, 77)       /* a destination that is not translated */
#define EXEMPT_INSIDE IP(100, 64, 77, 7) /* likewise, and wrongly so */
#define DARK IP(203, 0, 113, 99)         /* on-link, and nobody */
#define PORT 5000

static struct harness h;

static void
open_with(uint16_t n_workers)
{
	struct nat_config config;

	harness_defaults(&config);
	config.n_workers = n_workers;
	config.routes.n = 0; /* no default route, and nobody asks for a next hop */
	config.exempt[config.n_exempt++] = (struct nat_exempt){.prefix = {EXEMPT, UINT32_MAX}};
	config.exempt[config.n_exempt++] =
		(struct nat_exempt){.prefix = {EXEMPT_INSIDE, UINT32_MAX}};
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
packet(uint8_t protocol, uint32_t src, uint32_t dst)
{
	return (struct harness_packet){.side = NAT_INSIDE,
				       .protocol = protocol,
				       .src = src,
				       .src_port = PORT,
				       .dst = dst,
				       .dst_port = 53,
				       .tcp_flags = 0x02,
				       .icmp_type = 8,
				       .payload = 33};
}

static struct harness_packet
answer_to(const struct harness_packet *out)
{
	struct harness_packet p = packet(out->protocol, out->dst, out->src);

	p.side = NAT_OUTSIDE;
	p.src_port = out->protocol == IPPROTO_ICMP ? out->src_port : out->dst_port;
	p.dst_port = out->src_port;
	p.icmp_type = 0;
	return p;
}

/* The NAT knows who this is from now on. */
static void
meet(uint8_t side, uint32_t host)
{
	struct harness_packet p =
		packet(IPPROTO_ICMP, host, side == NAT_INSIDE ? OWN_INSIDE : OWN_OUTSIDE);

	p.side = side;
	harness_pass(&h, &p, side);
}

/* Nobody answers ARP any more, until all questions are given up. */
static void
fall_silent(void)
{

	for (uint32_t i = 0; i <= NF_ASK_TRIES; i++) {
		h.now_ns += NF_ASK_RETRY_NS;
		for (uint16_t w = 0; w < h.config.n_workers; w++) {
			h.nf[w].now_ns = h.now_ns;
			nat_ops.tick(&h.nf[w]);
		}
		harness_deliver(&h);
		if (harness_counter(&h, NF_drop_arp_silent) != 0)
			return;
		for (uint8_t side = 0; side < NAT_N_SIDES; side++)
			harness_drain(&h, side);
	}
	fail_msg("%s", "still waiting");
}

/* The next packet that left on a side; questions of ARP are passed over. */
static struct rte_mbuf *
take_packet(uint8_t side)
{
	struct rte_mbuf *m;

	while ((m = harness_take(&h, side)) != NULL &&
	       rte_pktmbuf_mtod(m, struct rte_ether_hdr *)->ether_type !=
		       RTE_BE16(RTE_ETHER_TYPE_IPV4))
		rte_pktmbuf_free(m);
	return m;
}

/* Sends a packet that finds nobody, and returns what is then told, the only packet on its side. */
static struct harness_packet
told_of(const struct harness_packet *p)
{
	uint64_t sent = harness_counter(&h, NAT_unreachable_sent);
	struct rte_mbuf *m = harness_build(&h, p);
	struct harness_packet told;

	nat_ops.burst(&h.nf[0], p->side, &m, 1);
	harness_deliver(&h);
	fall_silent();
	assert_int_equal(harness_counter(&h, NF_drop_arp_silent), 1);
	assert_int_equal(harness_counter(&h, NAT_unreachable_sent), sent + 1);
	m = take_packet(p->side);
	assert_non_null(m);
	told = harness_parse(m);
	rte_pktmbuf_free(m);
	assert_null(take_packet(NAT_INSIDE));
	assert_null(take_packet(NAT_OUTSIDE));
	return told;
}

/* A host unreachable about the packet as its sender sent it. */
static void
is_about(const struct harness_packet *told, const struct harness_packet *p)
{
	assert_int_equal(told->protocol, IPPROTO_ICMP);
	assert_int_equal(told->icmp_type << 8 | told->icmp_code, 3 << 8 | 1);
	assert_int_equal(told->dst, p->src);
	assert_int_equal(told->quoted->protocol, p->protocol);
	assert_int_equal(told->quoted->src, p->src);
	assert_int_equal(told->quoted->dst, p->dst);
	assert_int_equal(told->quoted->src_port, p->src_port);
	if (p->protocol != IPPROTO_ICMP)
		assert_int_equal(told->quoted->dst_port, p->dst_port);
}

/* Killed by: silence; an answer about an error, or to who must not be told. */
static void
no_route_is_told(void **state)
{
	struct harness_packet p = packet(IPPROTO_UDP, SUBSCRIBER, IP(192, 0, 2, 1)), let_in, error;

	(void)state;
	harness_refused(&h, &p, 0, NAT_drop_no_route);
	p.dst = OTHER; /* back to where it came from */
	harness_refused(&h, &p, 0, NAT_drop_no_route);
	p.dst = EXEMPT_INSIDE;
	harness_refused(&h, &p, 0, NAT_drop_no_route);
	p.src = IP(192, 0, 2, 77);
	harness_dropped(&h, &p, NAT_drop_spoofed);
	assert_int_equal(harness_n_sessions(&h), 0);
	/* Known mappings, too; and an error is never answered. */
	p = packet(IPPROTO_UDP, SUBSCRIBER, SERVER);
	let_in = harness_pass(&h, &p, NAT_OUTSIDE);
	p.dst = IP(192, 0, 2, 1);
	harness_refused(&h, &p, 0, NAT_drop_no_route);
	let_in = packet(IPPROTO_UDP, IP(192, 0, 2, 1), SUBSCRIBER);
	let_in.dst_port = PORT;
	error = packet(IPPROTO_ICMP, SUBSCRIBER, IP(192, 0, 2, 1));
	error.icmp_type = 3;
	error.quoted = &let_in;
	harness_dropped(&h, &error, NAT_drop_no_route);
}

/* Killed by: nobody told; a quote as it was translated; what is told to a worker that does not own it. */
static void
silence_outside_is_told_inside(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP};

	for (size_t i = 0; i < RTE_DIM(protocols); i++) {
		struct harness_packet p = packet(protocols[i], SUBSCRIBER, DARK), told;

		meet(NAT_INSIDE, SUBSCRIBER);
		told = told_of(&p);
		is_about(&told, &p);
		assert_int_equal(told.src, OWN_OUTSIDE);
		assert_int_equal(harness_counter(&h, NAT_icmp_error_in), 1);
		if (i + 1 < RTE_DIM(protocols)) {
			uint16_t n_workers = h.config.n_workers;

			close_it(state);
			open_with(n_workers);
		}
	}
}

static void
silence_inside_is_told_outside(void **state)
{
	struct harness_packet p = packet(IPPROTO_UDP, SUBSCRIBER, SERVER), told;

	(void)state;
	p = harness_pass(&h, &p, NAT_OUTSIDE);
	p = answer_to(&p);
	told = told_of(&p);
	is_about(&told, &p);
	assert_int_equal(told.src, p.dst); /* the mapping's address: the inside is not shown */
	assert_int_equal(harness_counter(&h, NAT_icmp_error_out), 1);
}

static void
silence_is_told_through_the_hairpin(void **state)
{
	struct harness_packet other = packet(IPPROTO_UDP, OTHER, SERVER), p, told;

	(void)state;
	other = harness_pass(&h, &other, NAT_OUTSIDE);
	meet(NAT_INSIDE, SUBSCRIBER);
	p = packet(IPPROTO_UDP, SUBSCRIBER, other.src);
	p.dst_port = other.src_port;
	told = told_of(&p);
	is_about(&told, &p);
	assert_int_equal(told.src, other.src);
}

static void
silence_of_untranslated_is_told(void **state)
{
	struct harness_packet p = packet(IPPROTO_UDP, SUBSCRIBER, EXEMPT), told;

	(void)state;
	meet(NAT_INSIDE, SUBSCRIBER);
	told = told_of(&p);
	is_about(&told, &p);
	assert_int_equal(told.src, OWN_OUTSIDE);
}

/* Killed by: an error about an error, about a later fragment or about the NAT's own (RFC 1812 section
 * 4.3.2.7); a packet that is lost in place of dropped. */
static void
some_silence_is_told_nobody(void **state)
{
	struct harness_packet echo = packet(IPPROTO_ICMP, SUBSCRIBER, OWN_INSIDE), let_in, error;
	struct rte_mbuf *m;
	struct rte_ipv4_hdr *ip;

	(void)state;
	m = harness_build(&h, &echo); /* whose answer finds nobody */
	nat_ops.burst(&h.nf[0], NAT_INSIDE, &m, 1);
	echo = packet(IPPROTO_UDP, OTHER, SERVER);
	harness_deliver(&h);
	fall_silent();
	meet(NAT_INSIDE, OTHER);
	let_in = packet(IPPROTO_UDP, DARK, OTHER);
	let_in.dst_port = PORT;
	error = packet(IPPROTO_ICMP, OTHER, DARK);
	error.icmp_type = 3;
	error.quoted = &let_in;
	harness_pass(&h, &echo, NAT_OUTSIDE); /* makes the mapping */
	m = harness_build(&h, &error);
	nat_ops.burst(&h.nf[0], NAT_INSIDE, &m, 1);
	echo.dst = EXEMPT;
	m = harness_build(&h, &echo);
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, 14);
	ip->next_proto_id = IPPROTO_GRE;
	ip->fragment_offset = RTE_BE16(100);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	nat_ops.burst(&h.nf[0], NAT_INSIDE, &m, 1);
	harness_deliver(&h);
	for (uint32_t i = 0; i <= NF_ASK_TRIES; i++)
		fall_silent();
	assert_int_equal(harness_counter(&h, NAT_unreachable_sent), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_one, close_it)
#define TEST_WITH(f, open) cmocka_unit_test_setup_teardown(f, open, close_it)
	const struct CMUnitTest tests[] = {
		TEST(no_route_is_told),
		TEST_WITH(no_route_is_told, open_two),
		TEST(silence_outside_is_told_inside),
		TEST_WITH(silence_outside_is_told_inside, open_two),
		TEST(silence_inside_is_told_outside),
		TEST_WITH(silence_inside_is_told_outside, open_two),
		TEST(silence_is_told_through_the_hairpin),
		TEST_WITH(silence_is_told_through_the_hairpin, open_two),
		TEST(silence_of_untranslated_is_told),
		TEST_WITH(silence_of_untranslated_is_told, open_two),
		TEST(some_silence_is_told_nobody),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
