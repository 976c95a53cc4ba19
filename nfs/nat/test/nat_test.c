/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet path, packet by packet, without ports. Each test names what kills it.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#define SYN 0x02
#define SYNACK 0x12
#define FINACK 0x11
#define RST 0x04

static struct harness h;

static int
open_default(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	harness_open(&h, &config, true);
	return 0;
}

static int
open_two_workers(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	config.n_workers = 2;
	harness_open(&h, &config, true);
	return 0;
}

static int
open_short_timeouts(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	config.timeouts.udp_ns = 10 * HARNESS_SECOND;
	config.timeouts.icmp_ns = 5 * HARNESS_SECOND;
	config.timeouts.tcp_transitory_ns = 20 * HARNESS_SECOND;
	config.timeouts.tcp_established_ns = 100 * HARNESS_SECOND;
	harness_open(&h, &config, true);
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
udp_out(uint32_t src, uint16_t src_port)
{
	return (struct harness_packet){.side = NAT_INSIDE,
				       .protocol = IPPROTO_UDP,
				       .src = src,
				       .src_port = src_port,
				       .dst = SERVER,
				       .dst_port = 53,
				       .payload = 33};
}

static struct harness_packet
tcp_out(uint16_t src_port, uint8_t flags)
{
	return (struct harness_packet){.side = NAT_INSIDE,
				       .protocol = IPPROTO_TCP,
				       .src = SUBSCRIBER,
				       .src_port = src_port,
				       .dst = SERVER,
				       .dst_port = 80,
				       .tcp_flags = flags,
				       .payload = 5};
}

/* The answer of the far side to what came out. */
static struct harness_packet
answer_to(const struct harness_packet *out)
{
	struct harness_packet p = *out;

	p.side = NAT_OUTSIDE;
	p.src = out->dst;
	p.dst = out->src;
	p.src_port = out->protocol == IPPROTO_ICMP ? out->src_port : out->dst_port;
	p.dst_port = out->src_port;
	p.ttl = 60;
	p.payload = 21;
	return p;
}

/* ---- both directions ---------------------------------------------------------------------------- */

/* Killed by: a wrong sign in rewrite(), a checksum not updated, a mapping not found again. */
static void
udp_both_ways(void **state)
{
	struct harness_packet p = udp_out(SUBSCRIBER, 5000), out, back;

	(void)state;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	assert_int_equal(out.dst, SERVER);
	assert_int_equal(out.dst_port, 53);
	assert_int_equal(out.src & ~1u, IP(198, 51, 100, 0));
	assert_int_equal(out.src_port & 0xff, SUBSCRIBER & 0xff); /* the bucket */
	assert_int_equal(out.ttl, 63);
	p = answer_to(&out);
	back = harness_pass(&h, &p, NAT_INSIDE);
	assert_int_equal(back.dst, SUBSCRIBER);
	assert_int_equal(back.dst_port, 5000);
	assert_int_equal(back.src, SERVER);
	assert_int_equal(back.ttl, 59);
	assert_int_equal(harness_n_sessions(&h), 1);
}

/* Killed by: using destination or protocol in the key (RFC 4787 REQ-1), or not using it. */
static void
mapping_is_endpoint_independent(void **state)
{
	struct harness_packet p = udp_out(SUBSCRIBER, 5000), first, second;

	(void)state;
	first = harness_pass(&h, &p, NAT_OUTSIDE);
	p.dst = IP(192, 0, 2, 99);
	p.dst_port = 4444;
	/* Those that make the neighbour known do not take the short way, the next one does. */
	for (int i = 0; i < 3; i++) {
		second = harness_pass(&h, &p, NAT_OUTSIDE);
		assert_int_equal(first.src, second.src);
		assert_int_equal(first.src_port, second.src_port);
	}
	p.protocol = IPPROTO_TCP;
	p.tcp_flags = SYN;
	harness_pass(&h, &p, NAT_OUTSIDE);
	assert_int_equal(harness_n_sessions(&h), 2);
	/* And anybody may send to it (endpoint-independent filtering). */
	p = answer_to(&first);
	p.src = IP(192, 0, 2, 77);
	p.src_port = 1;
	assert_int_equal(harness_pass(&h, &p, NAT_INSIDE).dst_port, 5000);
}

static void
udp_zero_checksum_is_kept(void **state)
{
	struct harness_packet p = udp_out(SUBSCRIBER, 5000), out;

	(void)state;
	p.no_checksum = true;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	assert_true(out.no_checksum);
	p = answer_to(&out);
	assert_true(harness_pass(&h, &p, NAT_INSIDE).no_checksum);
}

/* Killed by: covering addresses in the ICMP checksum. */
static void
icmp_echo_both_ways(void **state)
{
	struct harness_packet p = {.side = NAT_INSIDE,
				   .protocol = IPPROTO_ICMP,
				   .src = SUBSCRIBER,
				   .dst = SERVER,
				   .src_port = 777,
				   .icmp_type = 8,
				   .payload = 56};
	struct harness_packet out = harness_pass(&h, &p, NAT_OUTSIDE), back;

	(void)state;
	assert_int_equal(out.src_port & 0xff, SUBSCRIBER & 0xff);
	p = answer_to(&out);
	p.icmp_type = 0;
	back = harness_pass(&h, &p, NAT_INSIDE);
	assert_int_equal(back.src_port, 777);
	assert_int_equal(back.dst, SUBSCRIBER);
}

static void
routed_subscriber_goes_by_its_router(void **state)
{
	struct harness_packet p = udp_out(IP(100, 65, 9, 200), 1234), out;
	struct rte_mbuf *m;

	(void)state;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	p = answer_to(&out);
	harness_send(&h, NAT_OUTSIDE, harness_build(&h, &p), 0);
	m = harness_take(&h, NAT_INSIDE);
	assert_non_null(m);
	/* MAC 02:aa and the address of the router 100.64.0.2. */
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), "\x02\xaa\x64\x40\x00\x02", 6);
	rte_pktmbuf_free(m);
}

/* Random flows against a naive table; checksums of each packet by naive sums (in harness_pass). Killed by
 * any error in index, allocation or rewriting that shows with more than one flow. */
static void
many_flows_agree_with_a_naive_table(void **state)
{
	static struct {
		struct harness_packet in, out;
	} flows[500];
	size_t n = 0;

	(void)state;
	srand(4711);
	for (int round = 0; round < 4000; round++) {
		size_t i = (size_t)rand() % RTE_DIM(flows);
		struct harness_packet out, back;

		if (i >= n) {
			i = n++;
			flows[i].in = udp_out(IP(100, 64 + i % 2, 16 + i / 200, 3 + i % 200),
					      (uint16_t)(1000 + i / 7));
			flows[i].in.protocol = i % 3 == 0   ? IPPROTO_TCP
					       : i % 3 == 1 ? IPPROTO_UDP
							    : IPPROTO_ICMP;
			flows[i].in.tcp_flags = i % 3 == 0 ? SYN : 0;
			flows[i].in.icmp_type = 8;
			flows[i].in.payload = (uint16_t)(i % 90);
			flows[i].out = harness_pass(&h, &flows[i].in, NAT_OUTSIDE);
			for (size_t j = 0; j < i; j++)
				assert_false(flows[j].out.src == flows[i].out.src &&
					     flows[j].out.src_port == flows[i].out.src_port &&
					     flows[j].in.protocol == flows[i].in.protocol);
		}
		out = harness_pass(&h, &flows[i].in, NAT_OUTSIDE);
		assert_int_equal(out.src, flows[i].out.src);
		assert_int_equal(out.src_port, flows[i].out.src_port);
		out = answer_to(&flows[i].out);
		out.icmp_type = 0;
		back = harness_pass(&h, &out, NAT_INSIDE);
		assert_int_equal(back.dst, flows[i].in.src);
		assert_int_equal(flows[i].in.protocol == IPPROTO_ICMP ? back.src_port
								      : back.dst_port,
				 flows[i].in.src_port);
	}
	harness_check(&h);
}

/* Killed by: parsing a burst with the packets of another one, or a lost packet in a mixed burst. */
static void
mixed_burst_loses_nothing(void **state)
{
	struct rte_mbuf *pkts[NF_BURST], *m;
	uint32_t n_out = 0;

	(void)state;
	for (uint16_t i = 0; i < NF_BURST; i++) {
		struct harness_packet p = udp_out(IP(100, 64, 1, 3 + i), 99);

		if (i % 4 == 3)
			p.dst = IP(127, 0, 0, 1); /* refused */
		pkts[i] = harness_build(&h, &p);
	}
	nat_ops.burst(&h.nf[0], NAT_INSIDE, pkts, NF_BURST);
	harness_settle(&h);
	while ((m = harness_take(&h, NAT_OUTSIDE)) != NULL) {
		rte_pktmbuf_free(m);
		n_out++;
	}
	assert_int_equal(n_out, 24);
	assert_int_equal(harness_counter(&h, NAT_translated_out), 24);
	assert_int_equal(harness_counter(&h, NAT_drop_bad_address), 8);
}

/* ---- ports ---------------------------------------------------------------------------------------- */

/* Takes all the ports of a subscriber; returns how many it got. */
static uint32_t
take_all_ports(uint32_t src, uint8_t protocol, unsigned int counter)
{
	uint64_t before = harness_counter(&h, counter);

	for (uint32_t i = 0;; i++) {
		struct harness_packet p = udp_out(src, (uint16_t)(10000 + i));
		struct rte_mbuf *m;

		p.protocol = protocol;
		p.tcp_flags = SYN;
		harness_send(&h, NAT_INSIDE, harness_build(&h, &p), 0);
		m = harness_take(&h, NAT_OUTSIDE);
		if (m == NULL) {
			assert_int_equal(harness_counter(&h, counter), before + 1);
			harness_drain(&h, NAT_INSIDE); /* the sender is told */
			return i;
		}
		rte_pktmbuf_free(m);
	}
}

/* Paired pooling (RFC 6888 REQ-2): another address does not help out. Killed by: giving a port out of the bucket,
 * twice, or never the last one; looking at other addresses. */
static void
every_port_of_a_bucket_is_given_once(void **state)
{
	uint32_t per_address = (65536 - 1024) / 256;
	struct harness_packet p;

	(void)state;
	assert_int_equal(take_all_ports(SUBSCRIBER, IPPROTO_UDP, NAT_drop_no_port), per_address);
	harness_check(&h);
	/* Other protocols and buckets have ports of their own. */
	p = tcp_out(9, SYN);
	harness_pass(&h, &p, NAT_OUTSIDE);
	p = udp_out(SUBSCRIBER + 1, 9);
	harness_pass(&h, &p, NAT_OUTSIDE);
	/* A subscriber of the same bucket is sent to the other address at once. */
	assert_int_equal(take_all_ports(SUBSCRIBER + 256, IPPROTO_UDP, NAT_drop_no_port),
			 per_address);
	harness_wait(&h, 1);
	assert_int_equal(harness_counter(&h, NAT_mapping_unpaired), 0);
}

static int
open_arbitrary(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	config.arbitrary_pooling = true;
	harness_open(&h, &config, true);
	return 0;
}

/* Killed by: staying at the first address, or counting wrong. */
static void
arbitrary_pooling_takes_any_address(void **state)
{
	uint32_t per_address = (65536 - 1024) / 256;

	(void)state;
	assert_int_equal(take_all_ports(SUBSCRIBER, IPPROTO_UDP, NAT_drop_no_port),
			 2 * per_address);
	harness_wait(&h, 1);
	assert_int_equal(harness_counter(&h, NAT_mapping_unpaired), per_address);
}

static int
open_blocks(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	config.ports_per_block = 8;
	config.max_blocks_per_subscriber = 3;
	config.timeouts.udp_ns = 10 * HARNESS_SECOND;
	harness_open(&h, &config, true);
	return 0;
}

/* A subscriber's ports are blocks of neighbours, shared by its protocols and with nobody. Killed by: a block for
 * each protocol, a port beside the blocks, no limit, a block that is not given back. */
static void
subscriber_gets_blocks_of_ports(void **state)
{
	struct harness_packet p = udp_out(SUBSCRIBER, 1), out;
	uint16_t block;

	(void)state;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	block = out.src_port / 8;
	assert_int_equal(block % 256, SUBSCRIBER & 0xff);
	for (uint16_t port = 2; port <= 8; port++) {
		p = udp_out(SUBSCRIBER, port);
		assert_int_equal(harness_pass(&h, &p, NAT_OUTSIDE).src_port / 8, block);
		p = tcp_out(port, SYN);
		assert_int_equal(harness_pass(&h, &p, NAT_OUTSIDE).src_port / 8, block);
	}
	/* The block has no more for UDP, but for TCP. */
	p = udp_out(SUBSCRIBER, 9);
	assert_int_not_equal(harness_pass(&h, &p, NAT_OUTSIDE).src_port / 8, block);
	p = udp_out(SUBSCRIBER + 256, 1);
	assert_int_not_equal(harness_pass(&h, &p, NAT_OUTSIDE).src_port / 8, block);
	harness_check(&h);
	assert_int_equal(take_all_ports(SUBSCRIBER, IPPROTO_UDP, NAT_drop_block_limit), 3 * 8 - 9);
	harness_check(&h);
	harness_wait(&h, 11 * HARNESS_SECOND);
	harness_sweep(&h);
	harness_check(&h);
	/* The TCP mappings keep the first block, the others are free again. */
	assert_int_equal(take_all_ports(SUBSCRIBER, IPPROTO_UDP, NAT_drop_block_limit), 3 * 8);
}

/* Passes a packet to a subscriber, and looks whether the owner of the subscriber's bucket did the work. */
static void
pass_at_owner(const struct harness_packet *p, uint32_t subscriber, unsigned int counter)
{
	const struct nf_worker *owner = &h.nf[h.nat->bucket_worker[subscriber & 0xff]];
	uint64_t before = owner->counters[counter];

	assert_int_equal(harness_pass(&h, p, NAT_INSIDE).dst, subscriber);
	assert_int_equal(owner->counters[counter], before + 1);
}

/* Packets from outside, hairpinned ones and errors find the bucket of a port in a block. Killed by: any
 * place that takes the low byte of the port. */
static void
blocks_work_both_ways(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 64; i++) {
		struct harness_packet p = udp_out(SUBSCRIBER + i * 3, 7), out, back, other;

		out = harness_pass(&h, &p, NAT_OUTSIDE);
		back = answer_to(&out);
		pass_at_owner(&back, p.src, NAT_translated_in);
		back.protocol = IPPROTO_ICMP;
		back.icmp_type = 3;
		back.quoted = &out;
		back.src_port = 0;
		pass_at_owner(&back, p.src, NAT_icmp_error_in);
		other = udp_out(SUBSCRIBER + 300, 9);
		other.dst = out.src;
		other.dst_port = out.src_port;
		pass_at_owner(&other, p.src, NAT_hairpinned);
	}
}

static int
open_blocks_two_workers(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	config.ports_per_block = 16;
	config.max_blocks_per_subscriber = 2;
	config.n_workers = 2;
	harness_open(&h, &config, true);
	return 0;
}

static int
open_parity(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	config.ports_per_block = 4;
	config.max_blocks_per_subscriber = 2;
	config.preserve_parity = true;
	harness_open(&h, &config, true);
	return 0;
}

/* Even to even and odd to odd while there is one (RFC 4787 REQ-4), then any. Killed by: no mask, the wrong one,
 * or a refusal while ports are left. */
static void
parity_is_preserved_while_it_can_be(void **state)
{
	struct harness_packet p;

	(void)state;
	for (uint16_t i = 0; i < 4; i++) {
		p = udp_out(SUBSCRIBER, (uint16_t)(100 + 2 * i));
		assert_int_equal(harness_pass(&h, &p, NAT_OUTSIDE).src_port % 2, 0);
	}
	for (uint16_t i = 0; i < 2; i++) {
		p = udp_out(SUBSCRIBER, (uint16_t)(101 + 2 * i));
		assert_int_equal(harness_pass(&h, &p, NAT_OUTSIDE).src_port % 2, 1);
	}
	for (uint16_t i = 4; i < 6; i++) {
		p = udp_out(SUBSCRIBER, (uint16_t)(100 + 2 * i));
		assert_int_equal(harness_pass(&h, &p, NAT_OUTSIDE).src_port % 2, 1);
	}
	p = udp_out(SUBSCRIBER, 200);
	harness_refused(&h, &p, 1, NAT_drop_block_limit);
}

/* Each size of block: buckets and places are a bijection. Killed by: a wrong mask or shift. */
static void
every_port_has_one_bucket_and_place(void **state)
{
	static uint8_t seen[65536];

	(void)state;
	for (uint8_t shift = 0; shift <= 8; shift++) {
		const struct nat_port_rule rule = nat_port_rule_of(1u << shift);

		memset(seen, 0, sizeof(seen));
		for (uint32_t port = 0; port < 65536; port++) {
			uint8_t bucket = nat_port_bucket(&rule, (uint16_t)port);
			uint8_t place = nat_port_place(&rule, (uint16_t)port);

			assert_int_equal(bucket, (port >> shift) % 256);
			assert_int_equal(place >> shift, port >> shift >> 8);
			assert_int_equal(nat_port_at(&rule, bucket, place), port);
			assert_int_equal(seen[bucket << 8 | place]++, 0);
		}
	}
}

/* Killed by: choosing an address for each mapping. */
static void
subscriber_keeps_its_address(void **state)
{
	(void)state;
	for (uint32_t s = 0; s < 20; s++) {
		struct harness_packet p = udp_out(IP(100, 64, s, 50), 1), first, next;

		first = harness_pass(&h, &p, NAT_OUTSIDE);
		for (uint16_t port = 2; port < 12; port++) {
			p.src_port = port;
			p.protocol = port % 2 ? IPPROTO_TCP : IPPROTO_UDP;
			p.tcp_flags = SYN;
			next = harness_pass(&h, &p, NAT_OUTSIDE);
			assert_int_equal(next.src, first.src);
		}
	}
}

static int
open_narrow(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	config.port_first = 2000; /* not at the edge of 256 */
	config.port_last = 2000 + 3 * 256 - 1;
	config.max_sessions_per_subscriber = 3;
	harness_open(&h, &config, true);
	return 0;
}

static void
port_range_and_limit_hold(void **state)
{
	struct harness_packet p;

	(void)state;
	/* Three ports of the range belong to each bucket. */
	for (uint32_t a = 0; a < 256; a++)
		for (uint16_t port = 1; port <= 4; port++) {
			p = udp_out(IP(100, 65, 0, a), port);
			if (port <= 3)
				harness_pass(&h, &p, NAT_OUTSIDE);
			else
				harness_refused(&h, &p, 1, NAT_drop_limit);
		}
	harness_check(&h); /* also looks at the range */
	p = udp_out(IP(100, 65, 1, 7), 1);
	harness_pass(&h, &p, NAT_OUTSIDE);
}

static int
open_limited(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	config.timeouts.udp_ns = 10 * HARNESS_SECOND;
	config.max_sessions_per_subscriber = 5;
	config.max_udp_sessions = 3;
	config.max_tcp_sessions = 2;
	config.max_icmp_sessions = 1;
	harness_open(&h, &config, true);
	return 0;
}

static struct harness_packet
out_by(uint8_t protocol, uint16_t port)
{
	struct harness_packet p = udp_out(SUBSCRIBER, port);

	p.protocol = protocol;
	p.tcp_flags = 2;
	p.icmp_type = 8;
	return p;
}

/* Killed by: one count for all protocols, not counting down, no limit on all of them together. */
static void
each_protocol_has_its_limit(void **state)
{
	static const struct {
		uint8_t protocol;
		uint16_t max;
	} cases[] = {{IPPROTO_ICMP, 1}, {IPPROTO_UDP, 3}, {IPPROTO_TCP, 1}};
	struct harness_packet p;

	(void)state;
	/* The last case is refused by the limit on all: two would be allowed. */
	for (size_t i = 0; i < RTE_DIM(cases); i++)
		for (uint16_t port = 1; port <= cases[i].max + 1; port++) {
			p = out_by(cases[i].protocol, port);
			if (port <= cases[i].max)
				harness_pass(&h, &p, NAT_OUTSIDE);
			else
				harness_refused(&h, &p, 1, NAT_drop_limit);
		}
	harness_check(&h);
	/* What is there goes on; others have limits of their own. */
	p = out_by(IPPROTO_UDP, 1);
	harness_pass(&h, &p, NAT_OUTSIDE);
	p = udp_out(IP(100, 64, 3, 8), 4);
	harness_pass(&h, &p, NAT_OUTSIDE);
	/* What is gone makes room. */
	harness_wait(&h, 10 * HARNESS_SECOND);
	harness_sweep(&h);
	for (uint16_t port = 5; port <= 7; port++) {
		p = out_by(IPPROTO_UDP, port);
		harness_pass(&h, &p, NAT_OUTSIDE);
	}
	p = out_by(IPPROTO_UDP, 8);
	harness_refused(&h, &p, 1, NAT_drop_limit);
}

static int
open_slow(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	config.new_sessions_per_s = 4;
	config.new_sessions_burst = 6;
	harness_open(&h, &config, true);
	return 0;
}

/* `n` new mappings pass, and one more is refused. */
static void
assert_allowance(uint16_t *port, uint32_t n)
{
	struct harness_packet p;

	for (; n > 0; n--) {
		p = udp_out(SUBSCRIBER, ++*port);
		harness_pass(&h, &p, NAT_OUTSIDE);
	}
	p = udp_out(SUBSCRIBER, *port + 1);
	harness_refused(&h, &p, 1, NAT_drop_rate);
}

/* Killed by: refused ones that count, credit without end, one rate for all subscribers. */
static void
new_mappings_have_a_rate(void **state)
{
	struct harness_packet p;
	uint16_t port = 0;

	(void)state;
	assert_allowance(&port, 6);
	assert_allowance(&port, 0);
	p = udp_out(SUBSCRIBER, 1);
	harness_pass(&h, &p, NAT_OUTSIDE); /* is there already */
	p = udp_out(IP(100, 64, 3, 8), 1);
	harness_pass(&h, &p, NAT_OUTSIDE);
	harness_wait(&h, HARNESS_SECOND / 4 - 1);
	assert_allowance(&port, 0);
	harness_wait(&h, 1);
	assert_allowance(&port, 1);
	harness_wait(&h, HARNESS_SECOND);
	assert_allowance(&port, 4);
	harness_wait(&h, 60 * HARNESS_SECOND);
	assert_allowance(&port, 6);
}

/* Port 80 of the subscriber, for UDP and TCP, and 81 for TCP; each bucket has three ports. */
static int
open_static(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	config.port_first = 2000;
	config.port_last = 2000 + 3 * 256 - 1;
	config.timeouts.udp_ns = 10 * HARNESS_SECOND;
	config.timeouts.tcp_transitory_ns = 10 * HARNESS_SECOND;
	config.filtering = NAT_FILTERING_ADDRESS_AND_PORT;
	config.peers = 1024;
	config.peers_per_mapping = 4;
	for (uint32_t i = 0; i < 2; i++)
		config.statics[i] = (struct nat_static){
			.inside_address = rte_cpu_to_be_32(SUBSCRIBER),
			.inside_port = RTE_BE16(80),
			.outside_address = RTE_BE32(IP(198, 51, 100, 1)),
			.outside_port = RTE_BE16(2311),
			.protocol = i == 0 ? IPPROTO_UDP : IPPROTO_TCP,
		};
	/* More than the limit allows. */
	config.max_tcp_sessions = 1;
	config.statics[2] = config.statics[1];
	config.statics[2].inside_port = RTE_BE16(81);
	config.statics[2].outside_port = RTE_BE16(2055);
	config.n_statics = 3;
	harness_open(&h, &config, true);
	return 0;
}

static void
assert_static_lets_in(uint8_t protocol)
{
	struct harness_packet p = {.side = NAT_OUTSIDE,
				   .protocol = protocol,
				   .src = SERVER,
				   .src_port = 4444,
				   .dst = IP(198, 51, 100, 1),
				   .dst_port = 2311,
				   .tcp_flags = 2};
	struct harness_packet got = harness_pass(&h, &p, NAT_INSIDE);

	assert_int_equal(got.dst, SUBSCRIBER);
	assert_int_equal(got.dst_port, 80);
}

/* Killed by: mappings that come with the first packet from inside, expire, or filter. */
static void
static_mappings_are_always_there(void **state)
{
	struct harness_packet p, out;

	(void)state;
	assert_static_lets_in(IPPROTO_UDP);
	assert_static_lets_in(IPPROTO_TCP);
	harness_wait(&h, 10000 * HARNESS_SECOND);
	harness_sweep(&h);
	assert_int_equal(harness_n_sessions(&h), 3);
	assert_static_lets_in(IPPROTO_UDP);
	assert_static_lets_in(IPPROTO_TCP);
	p = udp_out(SUBSCRIBER, 80);
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	assert_int_equal(out.src, IP(198, 51, 100, 1));
	assert_int_equal(out.src_port, 2311);
	assert_int_equal(harness_n_sessions(&h), 3);
}

/* Killed by: a static mapping that is made when it is first used. */
static void
nobody_gets_a_static_port(void **state)
{
	struct harness_packet p, out;

	(void)state;
	for (uint16_t port = 1; port <= 2; port++) {
		p = udp_out(SUBSCRIBER, port);
		out = harness_pass(&h, &p, NAT_OUTSIDE);
		assert_int_equal(out.src, IP(198, 51, 100, 1)); /* paired with it */
		assert_int_not_equal(out.src_port, 2311);
	}
	p = udp_out(SUBSCRIBER, 3);
	harness_refused(&h, &p, 1, NAT_drop_no_port);
	assert_static_lets_in(IPPROTO_UDP);
}

static int
open_tiny(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	config.capacity = 4;
	harness_open(&h, &config, true);
	return 0;
}

static void
full_table_is_counted(void **state)
{
	struct harness_packet p;

	(void)state;
	for (uint16_t port = 1; port <= 4; port++) {
		p = udp_out(SUBSCRIBER, port);
		harness_pass(&h, &p, NAT_OUTSIDE);
	}
	p = udp_out(SUBSCRIBER, 5);
	harness_refused(&h, &p, 1, NAT_drop_table_full);
	p = udp_out(SUBSCRIBER, 1);
	harness_pass(&h, &p, NAT_OUTSIDE);
}

/* ---- time --------------------------------------------------------------------------------------------- */

/* Killed by: expiring on the first deadline in spite of later packets, or never. */
static void
idle_mappings_expire(void **state)
{
	struct harness_packet used = udp_out(SUBSCRIBER, 1), idle = udp_out(SUBSCRIBER, 2), out;

	(void)state;
	out = harness_pass(&h, &idle, NAT_OUTSIDE);
	harness_pass(&h, &used, NAT_OUTSIDE);
	for (int i = 0; i < 9; i++) {
		harness_wait(&h, HARNESS_SECOND);
		harness_pass(&h, &used, NAT_OUTSIDE);
		harness_sweep(&h);
		assert_int_equal(harness_n_sessions(&h), 2);
	}
	harness_wait(&h, HARNESS_SECOND);
	harness_sweep(&h);
	assert_null(harness_session(&h, SUBSCRIBER, 2, IPPROTO_UDP));
	assert_non_null(harness_session(&h, SUBSCRIBER, 1, IPPROTO_UDP));
	assert_int_equal(harness_counter(&h, NAT_mapping_expired), 1);
	/* Nothing gets in any more. */
	out = answer_to(&out);
	harness_dropped(&h, &out, NAT_drop_no_mapping);
	harness_check(&h);
}

static void
packets_from_outside_refresh_if_configured(void **state)
{
	struct harness_packet p = udp_out(SUBSCRIBER, 1), back;

	(void)state;
	p = harness_pass(&h, &p, NAT_OUTSIDE);
	back = answer_to(&p);
	for (int i = 0; i < 3; i++) {
		harness_wait(&h, 8 * HARNESS_SECOND);
		harness_sweep(&h);
		harness_pass(&h, &back, NAT_INSIDE);
	}
	h.nat->config.inbound_refresh = false;
	harness_wait(&h, 8 * HARNESS_SECOND);
	harness_pass(&h, &back, NAT_INSIDE);
	harness_wait(&h, 2 * HARNESS_SECOND);
	harness_sweep(&h);
	assert_int_equal(harness_n_sessions(&h), 0);
}

/* Nobody but the workers' own rounds. Killed by: a budget that leaves some for ever. */
static void
timers_alone_expire_everything(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 200; i++) {
		struct harness_packet p = udp_out(IP(100, 64, 7, i), i);

		harness_pass(&h, &p, NAT_OUTSIDE);
	}
	harness_wait(&h, 11 * HARNESS_SECOND);
	for (int ms = 0; ms < 200; ms++)
		harness_wait(&h, HARNESS_SECOND / 1000);
	assert_int_equal(harness_n_sessions(&h), 0);
	harness_check(&h);
}

static void
expired_ports_are_given_again(void **state)
{
	uint32_t per_address = (65536 - 1024) / 256;

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < per_address; i++) {
			struct harness_packet p =
				udp_out(SUBSCRIBER, (uint16_t)(10000 + i + 7 * round));

			harness_pass(&h, &p, NAT_OUTSIDE);
		}
		harness_wait(&h, 11 * HARNESS_SECOND);
		harness_sweep(&h);
		assert_int_equal(harness_n_sessions(&h), 0);
		harness_check(&h);
	}
}

static void
expire_after(uint64_t seconds)
{
	harness_wait(&h, (seconds - 1) * HARNESS_SECOND);
	harness_sweep(&h);
	assert_int_equal(harness_n_sessions(&h), 1);
	harness_wait(&h, HARNESS_SECOND);
	harness_sweep(&h);
	assert_int_equal(harness_n_sessions(&h), 0);
}

/* Killed by: a timeout that does not follow the state, or a deadline that is not moved forward when the
 * connection ends. */
static void
tcp_timeouts_follow_the_connection(void **state)
{
	struct harness_packet p = tcp_out(1000, SYN), out, back;

	(void)state;
	harness_pass(&h, &p, NAT_OUTSIDE);
	expire_after(20); /* half open */

	out = harness_pass(&h, &p, NAT_OUTSIDE);
	back = answer_to(&out);
	back.tcp_flags = SYNACK;
	harness_pass(&h, &back, NAT_INSIDE);
	p.tcp_flags = 0;
	harness_pass(&h, &p, NAT_OUTSIDE);
	assert_int_equal(harness_session(&h, SUBSCRIBER, 1000, IPPROTO_TCP)->tcp_state,
			 NF_TCP_ESTABLISHED);
	harness_wait(&h, 50 * HARNESS_SECOND);
	harness_sweep(&h);
	harness_pass(&h, &p, NAT_OUTSIDE);
	harness_wait(&h, 50 * HARNESS_SECOND);
	harness_sweep(&h);

	back.tcp_flags = FINACK;
	harness_pass(&h, &back, NAT_INSIDE);
	p.tcp_flags = FINACK;
	harness_pass(&h, &p, NAT_OUTSIDE);
	assert_int_equal(harness_session(&h, SUBSCRIBER, 1000, IPPROTO_TCP)->tcp_state,
			 NF_TCP_CLOSED);
	expire_after(20);
}

/* Killed by: not comparing the peer: a stranger could end or prolong a connection. */
static void
strangers_do_not_change_tcp_state(void **state)
{
	struct harness_packet p = tcp_out(1000, SYN), out, back;

	(void)state;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	back = answer_to(&out);
	back.src_port = 81;
	back.tcp_flags = SYNACK;
	harness_pass(&h, &back, NAT_INSIDE);
	assert_int_equal(harness_session(&h, SUBSCRIBER, 1000, IPPROTO_TCP)->tcp_state,
			 NF_TCP_OPENING);
	back.tcp_flags = RST;
	harness_pass(&h, &back, NAT_INSIDE);
	assert_int_equal(harness_session(&h, SUBSCRIBER, 1000, IPPROTO_TCP)->tcp_state,
			 NF_TCP_OPENING);
}

static void
tcp_without_syn(void **state)
{
	struct harness_packet p = tcp_out(1000, RST);

	(void)state;
	harness_dropped(&h, &p, NAT_drop_tcp_no_syn);
	p.tcp_flags = FINACK;
	harness_dropped(&h, &p, NAT_drop_tcp_no_syn);
	p.tcp_flags = 0;
	harness_pass(&h, &p, NAT_OUTSIDE);
	h.nat->config.tcp_pickup = false;
	p.src_port = 1001;
	harness_refused(&h, &p, 13, NAT_drop_tcp_prohibited);
}

/* ---- ICMP errors ------------------------------------------------------------------------------------------ */

static void
error_about(uint8_t protocol, uint16_t quoted_size)
{
	struct harness_packet p = udp_out(SUBSCRIBER, 5000), out, error, back;

	p.protocol = protocol;
	p.icmp_type = 8;
	p.tcp_flags = SYN;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	out.payload = p.payload;
	error = (struct harness_packet){.side = NAT_OUTSIDE,
					.protocol = IPPROTO_ICMP,
					.src = IP(192, 0, 2, 1),
					.dst = out.src,
					.icmp_type = 3,
					.quoted = &out,
					.quoted_size = quoted_size};
	back = harness_pass(&h, &error, NAT_INSIDE);
	assert_int_equal(back.src, IP(192, 0, 2, 1));
	assert_int_equal(back.dst, SUBSCRIBER);
	assert_int_equal(back.quoted->src, SUBSCRIBER);
	assert_int_equal(back.quoted->src_port, 5000);
	assert_int_equal(back.quoted->dst, SERVER);
	assert_int_equal(back.ttl, 63);
}

/* Killed by: a checksum inside or outside not updated, the wrong port taken, the mapping not found. */
static void
errors_from_outside_are_translated(void **state)
{
	(void)state;
	error_about(IPPROTO_UDP, 0);
	error_about(IPPROTO_UDP, 28); /* RFC 792: 8 bytes of it */
	error_about(IPPROTO_TCP, 0);
	error_about(IPPROTO_TCP, 28);
	error_about(IPPROTO_ICMP, 0);
	error_about(IPPROTO_ICMP, 28);
	assert_int_equal(harness_counter(&h, NAT_icmp_error_in), 6);
}

static void
errors_from_inside_are_translated(void **state)
{
	struct harness_packet p = udp_out(SUBSCRIBER, 5000), out, back, error, far;

	(void)state;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	p = answer_to(&out);
	back = harness_pass(&h, &p, NAT_INSIDE);
	back.payload = p.payload;
	error = (struct harness_packet){.side = NAT_INSIDE,
					.protocol = IPPROTO_ICMP,
					.src = SUBSCRIBER,
					.dst = SERVER,
					.icmp_type = 3,
					.quoted = &back};
	far = harness_pass(&h, &error, NAT_OUTSIDE);
	assert_int_equal(far.src, out.src);
	assert_int_equal(far.dst, SERVER);
	assert_int_equal(far.quoted->dst, out.src);
	assert_int_equal(far.quoted->dst_port, out.src_port);
	assert_int_equal(far.quoted->src, SERVER);
}

/* RFC 5508 REQ-3, REQ-6: wrong ones are dropped; none makes a mapping or keeps it alive. */
static void
errors_do_no_more_than_that(void **state)
{
	struct harness_packet p = udp_out(SUBSCRIBER, 5000), out, error;
	struct rte_mbuf *m;
	uint64_t last_seen;

	(void)state;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	last_seen = harness_session(&h, SUBSCRIBER, 5000, IPPROTO_UDP)->last_seen;
	error = (struct harness_packet){.side = NAT_OUTSIDE,
					.protocol = IPPROTO_ICMP,
					.src = IP(192, 0, 2, 1),
					.dst = out.src,
					.icmp_type = 11,
					.quoted = &out};
	m = harness_build(&h, &error);
	*rte_pktmbuf_mtod_offset(m, uint8_t *, 36) ^= 1; /* its checksum */
	harness_send(&h, NAT_OUTSIDE, m, 0);
	assert_int_equal(harness_counter(&h, NAT_drop_icmp_error), 1);
	error.quoted_size = 27;
	harness_dropped(&h, &error, NAT_drop_icmp_error);
	error.quoted_size = 0;
	out.src_port ^= 0x100;
	harness_dropped(&h, &error, NAT_drop_no_mapping);
	out.src = IP(203, 0, 113, 77);
	harness_dropped(&h, &error, NAT_drop_icmp_error);
	harness_wait(&h, 1);
	assert_int_equal(harness_session(&h, SUBSCRIBER, 5000, IPPROTO_UDP)->last_seen, last_seen);
	error = (struct harness_packet){.side = NAT_INSIDE,
					.protocol = IPPROTO_ICMP,
					.src = SUBSCRIBER,
					.dst = SUBSCRIBER,
					.icmp_type = 3,
					.quoted = &p};
	harness_dropped(&h, &error, NAT_drop_no_mapping);
	assert_int_equal(harness_n_sessions(&h), 1);
}

static void
time_exceeded_is_told(void **state)
{
	struct harness_packet p = udp_out(SUBSCRIBER, 5000), told;

	(void)state;
	p.ttl = 1;
	told = harness_pass(&h, &p, NAT_INSIDE);
	assert_int_equal(told.icmp_type, 11);
	assert_int_equal(told.icmp_code, 0);
	assert_int_equal(told.src, IP(100, 64, 0, 1));
	assert_int_equal(told.dst, SUBSCRIBER);
	assert_int_equal(told.quoted->src_port, 5000);
	assert_int_equal(harness_counter(&h, NAT_drop_ttl), 1);
	assert_int_equal(harness_n_sessions(&h), 0);
	for (uint32_t i = 0; i < NF_ERRORS_PER_S + 5; i++) {

		harness_send(&h, NAT_INSIDE, harness_build(&h, &p), 0);
		harness_drain(&h, NAT_INSIDE);
	}
	assert_int_equal(harness_counter(&h, NAT_time_exceeded_sent), NF_ERRORS_PER_S);
}

static void
own_addresses_answer_echo_only(void **state)
{
	struct harness_packet p = {.side = NAT_INSIDE,
				   .protocol = IPPROTO_ICMP,
				   .src = SUBSCRIBER,
				   .dst = IP(100, 64, 0, 1),
				   .src_port = 777,
				   .icmp_type = 8,
				   .ttl = 1};
	struct harness_packet answer = harness_pass(&h, &p, NAT_INSIDE);

	(void)state;
	assert_int_equal(answer.src, IP(100, 64, 0, 1));
	assert_int_equal(answer.dst, SUBSCRIBER);
	assert_int_equal(answer.icmp_type, 0);
	assert_int_equal(answer.src_port, 777);
	p = udp_out(SUBSCRIBER, 1);
	p.dst = IP(203, 0, 113, 1);
	harness_dropped(&h, &p, NAT_drop_own_address);
	assert_int_equal(harness_n_sessions(&h), 0);
}

/* ---- hairpin ------------------------------------------------------------------------------------------------ */

/* RFC 4787 REQ-9: with the external source. Killed by: leaving the source, or routing it outside. */
static void
hairpin_between_subscribers(void **state)
{
	struct harness_packet server = udp_out(IP(100, 64, 5, 201), 7000), p, out, got;

	(void)state;
	server = harness_pass(&h, &server, NAT_OUTSIDE);
	p = udp_out(SUBSCRIBER, 5000);
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	p.dst = server.src;
	p.dst_port = server.src_port;
	got = harness_pass(&h, &p, NAT_INSIDE);
	assert_int_equal(got.src, out.src);
	assert_int_equal(got.src_port, out.src_port);
	assert_int_equal(got.dst, IP(100, 64, 5, 201));
	assert_int_equal(got.dst_port, 7000);
	assert_int_equal(got.ttl, 63);
	assert_int_equal(harness_counter(&h, NAT_hairpinned), 1);
	/* And the error about it finds its way back. */
	got.payload = p.payload;
	p = (struct harness_packet){.side = NAT_INSIDE,
				    .protocol = IPPROTO_ICMP,
				    .src = IP(100, 64, 5, 201),
				    .dst = got.src,
				    .icmp_type = 3,
				    .quoted = &got};
	got = harness_pass(&h, &p, NAT_INSIDE);
	assert_int_equal(got.dst, SUBSCRIBER);
	assert_int_equal(got.quoted->src, SUBSCRIBER);
	assert_int_equal(got.quoted->src_port, 5000);
	assert_int_equal(got.quoted->dst, server.src);
}

/* ---- ARP ---------------------------------------------------------------------------------------------------- */

static struct rte_mbuf *
build_arp(uint8_t side, uint16_t op, uint32_t sender, uint32_t asked)
{
	uint8_t f[60] = {0};
	const uint8_t mac = side == NAT_INSIDE ? 1 : 2;

	memcpy(f, op == 1 ? "\xff\xff\xff\xff\xff\xff" : "\x02\x00\x00\x00\x00\x01", 6);
	if (op == 2)
		f[4] = mac;
	memcpy(f + 6, "\x02\xbb\x00\x00\x00\x01", 6);
	memcpy(f + 12, "\x08\x06\x00\x01\x08\x00\x06\x04\x00", 9);
	f[21] = (uint8_t)op;
	memcpy(f + 22, f + 6, 6);
	for (int i = 0; i < 4; i++) {
		f[28 + i] = (uint8_t)(sender >> (24 - 8 * i));
		f[38 + i] = (uint8_t)(asked >> (24 - 8 * i));
	}
	return harness_raw(&h, f, sizeof(f));
}

static void
arp_requests_are_answered(void **state)
{
	struct rte_mbuf *m;

	(void)state;
	m = build_arp(NAT_INSIDE, 1, SUBSCRIBER, IP(100, 64, 0, 1));
	nat_ops.burst(&h.nf[0], NAT_INSIDE, &m, 1);
	harness_deliver(&h);
	m = harness_take(&h, NAT_INSIDE);
	assert_non_null(m);
	assert_memory_equal(
		rte_pktmbuf_mtod(m, uint8_t *),
		"\x02\xbb\x00\x00\x00\x01\x02\x00\x00\x00\x01\x01\x08\x06"
		"\x00\x01\x08\x00\x06\x04\x00\x02\x02\x00\x00\x00\x01\x01\x64\x40\x00\x01"
		"\x02\xbb\x00\x00\x00\x01\x64\x40\x03\x07",
		42);
	rte_pktmbuf_free(m);
	/* Not for others, not to who is not on that net, not to who claims to be the NAT. */
	m = build_arp(NAT_INSIDE, 1, SUBSCRIBER, IP(100, 64, 0, 9));
	harness_send(&h, NAT_INSIDE, m, 0);
	m = build_arp(NAT_INSIDE, 1, SERVER, IP(100, 64, 0, 1));
	harness_send(&h, NAT_INSIDE, m, 0);
	m = build_arp(NAT_INSIDE, 1, IP(100, 64, 0, 1), IP(100, 64, 0, 1));
	harness_send(&h, NAT_INSIDE, m, 0);
	assert_int_equal(harness_counter(&h, NF_drop_arp), 3);
	/* The last one is told whose the address is. */
	m = harness_take(&h, NAT_INSIDE);
	assert_non_null(m);
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), "\xff\xff\xff\xff\xff\xff", 6);
	assert_memory_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, 20),
			    "\x00\x01\x02\x00\x00\x00\x01\x01\x64\x40\x00\x01", 12);
	assert_memory_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, 38), "\x64\x40\x00\x01", 4);
	rte_pktmbuf_free(m);
	assert_int_equal(harness_counter(&h, NF_address_conflict), 1);
	assert_null(harness_take(&h, NAT_INSIDE));
}

/* Killed by: making an entry for a reply that nobody asked for. */
static void
nothing_is_learnt_from_strangers(void **state)
{
	(void)state;
	harness_send(&h, NAT_OUTSIDE, build_arp(NAT_OUTSIDE, 2, SERVER, IP(203, 0, 113, 1)), 0);
	harness_send(&h, NAT_OUTSIDE, build_arp(NAT_OUTSIDE, 1, SERVER, IP(203, 0, 113, 1)), 0);
	assert_int_equal(h.nat->neighbours.shares.of[0]->n_free,
			 h.nat->neighbours.shares.of[0]->n_slots);
}

/* Packets wait in order, a bounded number, and are dropped by name when nobody answers. */
static void
packets_wait_for_an_answer(void **state)
{
	struct harness_packet p = udp_out(SUBSCRIBER, 5000);
	struct rte_mbuf *m;

	(void)state;
	for (uint32_t i = 0; i < NF_MAX_WAITING + 3; i++) {
		p.dst_port = (uint16_t)(100 + i);
		m = harness_build(&h, &p);
		nat_ops.burst(&h.nf[0], NAT_INSIDE, &m, 1);
	}
	assert_int_equal(harness_counter(&h, NF_drop_arp_queue), 3);
	assert_int_equal(harness_counter(&h, NF_arp_sent), 1);
	harness_settle(&h); /* the server answers */
	for (uint32_t i = 0; i < NF_MAX_WAITING; i++) {
		m = harness_take(&h, NAT_OUTSIDE);
		assert_non_null(m);
		assert_int_equal(harness_parse(m).dst_port, 100 + i);
		rte_pktmbuf_free(m);
	}
	p.dst = IP(203, 0, 113, 99); /* is silent */
	m = harness_build(&h, &p);
	nat_ops.burst(&h.nf[0], NAT_INSIDE, &m, 1);
	for (uint32_t i = 0; i <= NF_ASK_TRIES; i++) {
		harness_drain(&h, NAT_OUTSIDE);
		h.now_ns += NF_ASK_RETRY_NS;
		h.nf[0].now_ns = h.now_ns;
		nat_ops.tick(&h.nf[0]);
	}
	assert_int_equal(harness_counter(&h, NF_drop_arp_silent), 1);
	/* What its sender is told waits for the sender. */
	assert_int_equal(harness_counter(&h, NAT_icmp_error_in), 1);
	assert_int_equal(nf_neighbour_waiting(nf_share_at(&h.nat->neighbours.shares, 0)), 1);
}

/* Killed by: never refreshing, refreshing what nobody uses, or keeping the silent. */
static void
neighbours_are_refreshed_while_used(void **state)
{
	struct harness_packet p = udp_out(SUBSCRIBER, 5000), lonely = udp_out(SUBSCRIBER, 5001);
	const struct nf_neighbours *n = nf_share_at(&h.nat->neighbours.shares, 0);
	uint64_t asked;

	(void)state;
	h.nat->config.routes.n = 0; /* next hops are kept in any case */
	harness_pass(&h, &p, NAT_OUTSIDE);
	lonely.dst = IP(203, 0, 113, 11);
	harness_pass(&h, &lonely, NAT_OUTSIDE);
	assert_int_equal(n->share.n_slots - n->share.n_free, 2);
	asked = harness_counter(&h, NF_arp_sent);
	for (int s = 0; s < 310; s++) {
		harness_wait(&h, HARNESS_SECOND);
		harness_pass(&h, &p, NAT_OUTSIDE);
	}
	assert_int_equal(n->share.n_slots - n->share.n_free, 1);
	assert_in_range(harness_counter(&h, NF_arp_sent) - asked, 1, 2);
}

static void
next_hops_are_asked_for_at_start(void **state)
{
	(void)state;
	harness_wait(&h, HARNESS_SECOND);
	assert_int_equal(harness_counter(&h, NF_arp_sent), 2);
	assert_int_equal(harness_counter(&h, NF_arp_reply), 2);
}

/* ---- several workers -------------------------------------------------------------------------------------------- */

/* Killed by: handling a foreign bucket, or losing a packet between workers. */
static void
packets_go_to_the_owner_of_their_bucket(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 64; i++) {
		struct harness_packet p = udp_out(IP(100, 64, 8, 10 + i), 5000), out, back;
		struct rte_mbuf *m;

		harness_send(&h, NAT_INSIDE, harness_build(&h, &p), i / 2 % 2);
		m = harness_take(&h, NAT_OUTSIDE);
		assert_non_null(m);
		out = harness_parse(m);
		rte_pktmbuf_free(m);
		back = answer_to(&out);
		harness_send(&h, NAT_OUTSIDE, harness_build(&h, &back), i / 4 % 2);
		m = harness_take(&h, NAT_INSIDE);
		assert_non_null(m);
		assert_int_equal(harness_parse(m).dst, p.src);
		rte_pktmbuf_free(m);
	}
	harness_check(&h);
	assert_true(harness_counter(&h, NF_handed_over) > 60);
	assert_int_equal(h.nat->sessions.shares.of[0]->n_free,
			 h.nat->sessions.shares.of[1]->n_free);
	assert_int_equal(h.nf[0].handed + h.nf[1].handed, h.nf[0].done + h.nf[1].done);
}

static void
hairpin_between_workers(void **state)
{
	struct harness_packet server = udp_out(IP(100, 64, 5, 200), 7000), p, got;

	(void)state;
	server = harness_pass(&h, &server, NAT_OUTSIDE);
	p = udp_out(SUBSCRIBER, 5000); /* odd: the other worker */
	p.dst = server.src;
	p.dst_port = server.src_port;
	got = harness_pass(&h, &p, NAT_INSIDE);
	assert_int_equal(got.dst, IP(100, 64, 5, 200));
	assert_int_equal(got.dst_port, 7000);
	assert_int_equal(got.ttl, 63);
}

/* A neighbour of worker 1 is resolved by it and read by worker 0. Killed by: a copy that is used after
 * the slot changed. */
static void
neighbours_are_read_by_other_workers(void **state)
{
	struct harness_packet p = udp_out(IP(100, 64, 3, 8), 5000);
	struct rte_ether_addr mac = {{2, 0xcc, 0, 0, 0, 1}};
	struct rte_mbuf *m;

	(void)state;
	p.dst = IP(203, 0, 113, 11);
	harness_pass(&h, &p, NAT_OUTSIDE);
	harness_pass(&h, &p, NAT_OUTSIDE);
	assert_true(nf_neighbour_learn(nf_share_at(&h.nat->neighbours.shares, 1), NAT_OUTSIDE,
				       rte_cpu_to_be_32(p.dst), &mac));
	harness_send(&h, NAT_INSIDE, harness_build(&h, &p), 0);
	m = harness_take(&h, NAT_OUTSIDE);
	assert_non_null(m);
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), &mac, 6);
	rte_pktmbuf_free(m);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_default, close_it)
#define TEST_WITH(f, open) cmocka_unit_test_setup_teardown(f, open, close_it)
	const struct CMUnitTest tests[] = {
		TEST(udp_both_ways),
		TEST(mapping_is_endpoint_independent),
		TEST(udp_zero_checksum_is_kept),
		TEST(icmp_echo_both_ways),
		TEST(routed_subscriber_goes_by_its_router),
		TEST(many_flows_agree_with_a_naive_table),
		TEST_WITH(many_flows_agree_with_a_naive_table, open_two_workers),
		TEST_WITH(many_flows_agree_with_a_naive_table, open_blocks_two_workers),
		TEST(mixed_burst_loses_nothing),
		TEST(every_port_of_a_bucket_is_given_once),
		TEST_WITH(arbitrary_pooling_takes_any_address, open_arbitrary),
		TEST_WITH(subscriber_gets_blocks_of_ports, open_blocks),
		TEST_WITH(blocks_work_both_ways, open_blocks),
		TEST_WITH(blocks_work_both_ways, open_blocks_two_workers),
		TEST_WITH(parity_is_preserved_while_it_can_be, open_parity),
		cmocka_unit_test(every_port_has_one_bucket_and_place),
		TEST(subscriber_keeps_its_address),
		TEST_WITH(port_range_and_limit_hold, open_narrow),
		TEST_WITH(each_protocol_has_its_limit, open_limited),
		TEST_WITH(new_mappings_have_a_rate, open_slow),
		TEST_WITH(static_mappings_are_always_there, open_static),
		TEST_WITH(nobody_gets_a_static_port, open_static),
		TEST_WITH(full_table_is_counted, open_tiny),
		TEST_WITH(idle_mappings_expire, open_short_timeouts),
		TEST_WITH(packets_from_outside_refresh_if_configured, open_short_timeouts),
		TEST_WITH(timers_alone_expire_everything, open_short_timeouts),
		TEST_WITH(expired_ports_are_given_again, open_short_timeouts),
		TEST_WITH(tcp_timeouts_follow_the_connection, open_short_timeouts),
		TEST(strangers_do_not_change_tcp_state),
		TEST(tcp_without_syn),
		TEST(errors_from_outside_are_translated),
		TEST(errors_from_inside_are_translated),
		TEST(errors_do_no_more_than_that),
		TEST(time_exceeded_is_told),
		TEST(own_addresses_answer_echo_only),
		TEST(hairpin_between_subscribers),
		TEST(arp_requests_are_answered),
		TEST(nothing_is_learnt_from_strangers),
		TEST(packets_wait_for_an_answer),
		TEST(neighbours_are_refreshed_while_used),
		TEST(next_hops_are_asked_for_at_start),
		TEST_WITH(packets_go_to_the_owner_of_their_bucket, open_two_workers),
		TEST_WITH(hairpin_between_workers, open_two_workers),
		TEST_WITH(hairpin_between_workers, open_blocks_two_workers),
		TEST_WITH(neighbours_are_read_by_other_workers, open_two_workers),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
