/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packet that is refused changes nothing: every refusal, for every kind of packet that can meet it, with a
 * digest of all slots (and their sequences) and of all ports before and after.
 */
#include "digest_test.h"
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#define SYN 0x02
#define MTU 600u
#define PORT 5000
#define NEIGHBOUR IP(100, 64, 9, 200) /* another subscriber */

static struct harness h;

/* ---- the digest ------------------------------------------------------------------------------------ */

static uint64_t
digest_of(void)
{
	const struct nat *nat = h.nat;
	const struct nat_port_table *ports = &nat->sessions.ports;
	const struct nf_shares *subscribers = &nat->sessions.subscribers.shares;
	size_t n_sets = (size_t)SLIM_N_BUCKETS * ports->pool.n_addresses * NAT_N_PROTOCOLS;
	uint64_t digest = HARNESS_DIGEST;

	digest = harness_mix_table(digest, nat->sessions.shares.table);
	digest = harness_mix_table(digest, subscribers->table);
	digest = harness_mix_table(digest, nat->filters.shares.table);
	digest = harness_mix_table(digest, nat->pcp.shares.table);
	digest = harness_mix_table(digest, nat->neighbours.shares.table);
	digest = harness_mix_table(digest, nat->fragments.shares.table);
	digest = harness_mix(digest, ports->sets, sizeof(ports->sets[0]) * n_sets);
	digest = harness_mix(digest, ports->n_used, sizeof(ports->n_used[0]) * n_sets);
	digest = harness_mix(digest, ports->slots, sizeof(ports->slots[0]) * n_sets * NAT_PLACES);
	if (ports->groups != NULL) {
		size_t n = (size_t)SLIM_N_BUCKETS * ports->pool.n_addresses;

		digest = harness_mix(digest, ports->groups, n * sizeof(ports->groups[0]));
		digest = harness_mix(digest, ports->blocks,
				     n * NAT_PLACES / h.config.ports_per_block *
					     sizeof(ports->blocks[0]));
	}
	for (uint16_t w = 0; w < h.config.n_workers; w++) {
		const struct nat_sessions *s = nat_sessions_of(&nat->sessions, w);

		digest = harness_mix(digest, &s->share.n_free, sizeof(s->share.n_free));
		digest = harness_mix(digest, &s->subscribers->share.n_free,
				     sizeof(s->subscribers->share.n_free));
	}
	return digest;
}

/* ---- kinds of packets -------------------------------------------------------------------------------- */

enum way { OUT = 1, IN = 2, HAIRPIN = 4 };
enum part { WHOLE = 1, FIRST = 2, LATER = 4 };

struct kind {
	enum way way;
	enum part part;
	bool is_new; /* it would make a mapping */
	uint8_t protocol;
};

static struct rte_mbuf *
build(const struct harness_packet *p, enum part part)
{
	struct rte_mbuf *m = harness_build(&h, p);
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, 14);

	if (part == WHOLE)
		return m;
	ip->fragment_offset |= RTE_BE16(part == FIRST ? RTE_IPV4_HDR_MF_FLAG : 100);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	return m;
}

/* With the header a multiple of eight bytes, as in a fragment. */
static uint16_t
payload_of(uint8_t protocol, uint16_t size)
{
	return (uint16_t)(protocol == IPPROTO_TCP ? size + 4 : size);
}

static struct harness_packet
from(uint32_t src, uint16_t src_port, uint8_t protocol)
{
	return (struct harness_packet){.side = NAT_INSIDE,
				       .protocol = protocol,
				       .src = src,
				       .src_port = src_port,
				       .dst = SERVER,
				       .dst_port = 53,
				       .tcp_flags = SYN,
				       .icmp_type = 8,
				       .id = src_port,
				       .payload = payload_of(protocol, 64)};
}

static void
drain(void)
{

	for (uint8_t side = 0; side < NAT_N_SIDES; side++)
		harness_drain(&h, side);
}

/* Sent by a peer, to the mapping that `out` came from. */
static struct harness_packet
answer_to(const struct harness_packet *out)
{
	struct harness_packet p = *out;

	p.side = NAT_OUTSIDE;
	p.src = out->dst;
	p.dst = out->src;
	p.src_port = out->protocol == IPPROTO_ICMP ? out->src_port : out->dst_port;
	p.dst_port = out->src_port;
	p.icmp_type = 0;
	p.payload = payload_of(p.protocol, 64);
	return p;
}

/* Asks the NAT for an echo, so that it knows the neighbour who is told of a refusal later. */
static void
meet(uint32_t host)
{
	struct harness_packet echo = from(host, PORT, IPPROTO_ICMP);

	echo.dst = IP(100, 64, 0, 1);
	harness_pass(&h, &echo, NAT_INSIDE);
}

/* Makes what the packet needs to come so far, and returns the packet, which nothing refuses. */
static struct harness_packet
prepare(const struct kind *kind)
{
	struct harness_packet other = from(NEIGHBOUR, PORT, kind->protocol);
	struct harness_packet other_out = harness_pass(&h, &other, NAT_OUTSIDE);
	struct harness_packet p = from(SUBSCRIBER, PORT, kind->protocol), out = {0}, back;

	meet(SUBSCRIBER);
	if (kind->way == HAIRPIN) {
		p.dst = other_out.src;
		p.dst_port = other_out.src_port;
		/* The other side sent to where this one will come from, as far as that can be known. */
		back = answer_to(&other_out);
		harness_pass(&h, &back, NAT_INSIDE);
	}
	if (!kind->is_new) {
		struct harness_packet opening = from(SUBSCRIBER, PORT, kind->protocol);

		out = harness_pass(&h, &opening, NAT_OUTSIDE);
	}
	if (kind->way == IN)
		p = answer_to(&out);
	if (kind->part == LATER) { /* behind its first fragment */
		harness_send(&h, p.side, build(&p, FIRST), 0);
		drain();
	}
	return p;
}

/* ---- refusals --------------------------------------------------------------------------------------------- */

static void
set_nothing(struct nat_config *config)
{
	(void)config;
}

static void
set_short(struct nat_config *config)
{
	config->sides[NAT_OUTSIDE].mtu = MTU;
	config->sides[NAT_INSIDE].mtu = MTU;
}

static void
set_no_pickup(struct nat_config *config)
{
	config->tcp_pickup = false;
}

static void
set_few_peers(struct nat_config *config)
{
	config->filtering = NAT_FILTERING_ADDRESS_AND_PORT;
	config->peers = 8;
}

static void
set_peer_limit(struct nat_config *config)
{
	config->filtering = NAT_FILTERING_ADDRESS_AND_PORT;
	config->peers_per_mapping = 2;
}

static void
set_filtering(struct nat_config *config)
{
	config->filtering = NAT_FILTERING_ADDRESS;
}

static void
set_few_mappings(struct nat_config *config)
{
	config->capacity = 8;
}

static void
set_session_limit(struct nat_config *config)
{
	config->max_sessions_per_subscriber = 2;
}

/* The other subscriber has the only row. */
static void
set_one_subscriber(struct nat_config *config)
{
	config->subscribers = 1;
}

static void
set_blocks(struct nat_config *config)
{
	config->ports_per_block = 8;
	config->max_blocks_per_subscriber = 1;
}

static void
set_rate(struct nat_config *config)
{
	config->new_sessions_per_s = 1;
	config->new_sessions_burst = 2;
}

static void
leave_it(struct harness_packet *p)
{
	(void)p;
}

static void
end_ttl(struct harness_packet *p)
{
	p->ttl = 1;
}

static void
make_long(struct harness_packet *p)
{
	p->payload = payload_of(p->protocol, MTU);
	p->dont_fragment = true;
}

static struct rte_mbuf *held[4096];
static uint32_t n_held;

/* To be cut, with memory for the packet itself and no more. */
static void
take_memory(struct harness_packet *p)
{
	p->payload = payload_of(p->protocol, MTU);
	while ((held[n_held] = rte_pktmbuf_alloc(h.pool)) != NULL)
		n_held++;
	rte_pktmbuf_free(held[--n_held]);
}

static void
give_memory_back(void)
{
	rte_pktmbuf_free_bulk(held, n_held);
	n_held = 0;
}

static void
send_inside(struct harness_packet *p)
{
	p->dst = IP(100, 64, 77, 7);
}

static void
send_from_outside(struct harness_packet *p)
{
	p->src = IP(192, 0, 2, 9);
}

static void
send_from_loopback(struct harness_packet *p)
{
	p->src = IP(127, 0, 0, 9);
}

static void
send_from_stranger(struct harness_packet *p)
{
	p->src = IP(192, 0, 2, 9);
}

static void
send_elsewhere(struct harness_packet *p)
{
	uint16_t *port = p->protocol == IPPROTO_ICMP ? &p->src_port : &p->dst_port;

	*port = (uint16_t)(*port ^ 0x0800); /* of the same bucket */
}

/* The route to the subscriber is gone, as with another configuration at the target of a move. */
static void
lose_route(struct harness_packet *p)
{
	(void)p;
	for (uint32_t i = 0; i < h.nat->hops.n; i++)
		h.nat->hops.hops[i].side = NAT_OUTSIDE;
}

static void
answer_unasked(struct harness_packet *p)
{
	p->icmp_type = 0;
}

static void
acknowledge(struct harness_packet *p)
{
	p->tcp_flags = 0x10;
}

static void
reset(struct harness_packet *p)
{
	p->tcp_flags = 0x04;
}

/* New peers, of the packet's own mapping if it has one, until there is no room for one more. */
static void
use_up_peers(struct harness_packet *p)
{
	bool own = harness_session(&h, SUBSCRIBER, PORT, p->protocol) != NULL;

	for (uint32_t i = 0; i < 16; i++) {
		struct harness_packet more = from(own ? SUBSCRIBER : NEIGHBOUR, PORT, p->protocol);

		more.dst = IP(192, 0, 2, 1 + i);
		harness_send(&h, NAT_INSIDE, build(&more, WHOLE), 0);
	}
	drain();
	if (p->dst == SERVER)
		p->dst = IP(192, 0, 3, 3);
}

static void
use_up_mappings(struct harness_packet *p)
{
	for (uint16_t i = 0; i < 16; i++) {
		struct harness_packet more = from(SUBSCRIBER, (uint16_t)(100 + i), p->protocol);

		harness_send(&h, NAT_INSIDE, build(&more, WHOLE), 0);
	}
	drain();
}

static void
use_up_ports(struct harness_packet *p)
{
	for (uint16_t i = 0; i < 256; i++) {
		struct harness_packet more = from(SUBSCRIBER, (uint16_t)(100 + i), p->protocol);

		harness_send(&h, NAT_INSIDE, build(&more, WHOLE), 0);
		drain();
	}
}

enum { UDP = 1, TCP = 2, ICMP = 4, ANY = 7 };

static const struct refusal {
	const char *name;
	unsigned int counter;
	void (*set)(struct nat_config *config);
	void (*spoil)(struct harness_packet *p);
	int ways;
	int parts;
	int protocols;
	int new; /* 1: only what makes a mapping, -1: only what does not, 0: both */
} refusals[] = {
	{"ttl", NAT_drop_ttl, set_nothing, end_ttl, OUT | IN | HAIRPIN, WHOLE | FIRST | LATER, ANY,
	 0},
	{"ttl, with filtering", NAT_drop_ttl, set_filtering, end_ttl, OUT | IN, WHOLE | FIRST,
	 UDP | TCP, 0},
	{"too big", NAT_drop_too_big, set_short, make_long, OUT | IN | HAIRPIN,
	 WHOLE | FIRST | LATER, ANY, 0},
	{"no memory", NF_no_mbuf, set_short, take_memory, OUT | IN | HAIRPIN, WHOLE | FIRST | LATER,
	 ANY, 0},
	{"no route", NAT_drop_no_route, set_nothing, send_inside, OUT, WHOLE | FIRST, ANY, 0},
	{"no route inside", NAT_drop_no_route, set_filtering, lose_route, IN, WHOLE | FIRST | LATER,
	 ANY, -1},
	{"spoofed", NAT_drop_spoofed, set_nothing, send_from_outside, OUT | HAIRPIN, WHOLE | FIRST,
	 ANY, 1},
	{"bad source", NAT_drop_bad_address, set_nothing, send_from_loopback, OUT | HAIRPIN,
	 WHOLE | FIRST, ANY, 1},
	{"filtered", NAT_drop_filtered, set_filtering, send_from_stranger, IN, WHOLE | FIRST, ANY,
	 -1},
	{"no mapping", NAT_drop_no_mapping, set_nothing, send_elsewhere, IN, WHOLE | FIRST, ANY,
	 -1},
	{"no query", NAT_drop_no_mapping, set_nothing, answer_unasked, OUT | HAIRPIN, WHOLE | FIRST,
	 ICMP, 1},
	{"no SYN", NAT_drop_tcp_prohibited, set_no_pickup, acknowledge, OUT | HAIRPIN,
	 WHOLE | FIRST, TCP, 1},
	{"RST", NAT_drop_tcp_no_syn, set_nothing, reset, OUT | HAIRPIN, WHOLE | FIRST, TCP, 1},
	{"peers full", NAT_drop_peers_full, set_few_peers, use_up_peers, OUT | HAIRPIN,
	 WHOLE | FIRST, ANY, 0},
	{"peer limit", NAT_drop_peer_limit, set_peer_limit, use_up_peers, OUT | HAIRPIN,
	 WHOLE | FIRST, ANY, -1},
	{"table full", NAT_drop_table_full, set_few_mappings, use_up_mappings, OUT | HAIRPIN,
	 WHOLE | FIRST, ANY, 1},
	{"table full, with filtering", NAT_drop_table_full, set_few_mappings, use_up_mappings,
	 OUT | HAIRPIN, WHOLE | FIRST, UDP, 1},
	{"no port", NAT_drop_no_port, set_filtering, use_up_ports, OUT | HAIRPIN, WHOLE | FIRST,
	 ANY, 1},
	{"limit", NAT_drop_limit, set_session_limit, use_up_mappings, OUT | HAIRPIN, WHOLE | FIRST,
	 ANY, 1},
	{"subscribers full", NAT_drop_subscribers_full, set_one_subscriber, leave_it, OUT | HAIRPIN,
	 WHOLE | FIRST, ANY, 1},
	{"blocks full", NAT_drop_block_limit, set_blocks, use_up_mappings, OUT | HAIRPIN,
	 WHOLE | FIRST, ANY, 1},
	{"rate", NAT_drop_rate, set_rate, use_up_mappings, OUT | HAIRPIN, WHOLE | FIRST, ANY, 1},
};

/* True: it was refused for its reason, and nothing changed. */
static bool
refuse(const struct refusal *refusal, const struct kind *kind)
{
	struct nat_config config;
	struct harness_packet p;
	uint64_t before, counted;
	bool is_counted, is_same;

	harness_defaults(&config);
	refusal->set(&config);
	harness_open(&h, &config, true);
	p = prepare(kind);
	refusal->spoil(&p);
	/* Later: a time that is written is seen. */
	for (uint16_t w = 0; w < h.config.n_workers; w++)
		h.nf[w].now_ns += 1000000;
	counted = harness_counter(&h, refusal->counter);
	before = digest_of();
	harness_send(&h, p.side, build(&p, kind->part), 0);
	drain();
	is_counted = harness_counter(&h, refusal->counter) == counted + 1;
	is_same = digest_of() == before;
	give_memory_back();
	if (!is_counted || !is_same)
		print_error("%s: way %d, part %d, protocol %u, new %d: %s\n", refusal->name,
			    kind->way, kind->part, kind->protocol, kind->is_new,
			    is_counted ? "changed" : "not counted");
	harness_check(&h);
	harness_close(&h);
	return is_counted && is_same;
}

/* Does the kind meet the refusal? */
static bool
applies(const struct refusal *refusal, const struct kind *kind, int protocol)
{
	if (!(refusal->ways & (int)kind->way) || !(refusal->parts & (int)kind->part) ||
	    !(refusal->protocols & protocol))
		return false;
	if (kind->is_new && (kind->way == IN || kind->part == LATER || refusal->new < 0))
		return false;
	if (!kind->is_new && refusal->new > 0)
		return false;
	/* Queries are not for mappings of others: there is no host behind a port. */
	return !(kind->way == HAIRPIN && protocol == ICMP);
}

/* Killed by: any change before the last refusal, in either direction. */
static void
nothing_is_changed(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP};
	uint32_t n = 0, n_wrong = 0;

	(void)state;
	for (size_t r = 0; r < RTE_DIM(refusals); r++)
		for (int i = 0; i < 3 * 3 * 3 * 2; i++) {
			struct kind kind = {
				.way = (enum way)(1 << i % 3),
				.part = (enum part)(1 << i / 3 % 3),
				.protocol = protocols[i / 9 % 3],
				.is_new = i / 27 != 0,
			};

			if (!applies(&refusals[r], &kind, 1 << i / 9 % 3))
				continue;
			n_wrong += !refuse(&refusals[r], &kind);
			n++;
		}
	assert_int_equal(n_wrong, 0);
	assert_in_range(n, 150, 1000);
}

/* ---- requests of PCP ----------------------------------------------------------------------------------- */

struct request {
	uint8_t nonce;
	uint8_t protocol;
	uint8_t port;
	uint8_t opcode;
	uint16_t suggested_port;
	bool prefer_failure;
	uint32_t lifetime;
};

static struct rte_mbuf *
build_request(const struct request *r)
{
	struct harness_packet p = from(SUBSCRIBER, PORT, IPPROTO_UDP);
	uint8_t bytes[64] = {2,
			     r->opcode,
			     [7] = (uint8_t)r->lifetime,
			     [18] = 0xff,
			     [19] = 0xff,
			     [36] = r->protocol,
			     [41] = r->port,
			     [54] = 0xff,
			     [55] = 0xff,
			     [60] = 2 /* PREFER_FAILURE */};
	rte_be32_t source = rte_cpu_to_be_32(SUBSCRIBER);

	p.dst = IP(100, 64, 0, 1);
	p.dst_port = NAT_PCP_PORT;
	bytes[6] = (uint8_t)(r->lifetime >> 8);
	memcpy(bytes + 20, &source, sizeof(source));
	memset(bytes + 24, r->nonce, NAT_PCP_NONCE_SIZE);
	bytes[42] = (uint8_t)(r->suggested_port >> 8);
	bytes[43] = (uint8_t)r->suggested_port;
	return harness_build_udp(&h, &p, bytes, r->prefer_failure ? 64 : 60);
}

static void
ask(const struct request *r)
{
	harness_send(&h, NAT_INSIDE, build_request(r), 0);
	drain();
}

/* Three mappings that were asked for, one whose time is over though no timer came by. */
static void
open_with_requests(uint32_t n_slots, uint32_t per_subscriber)
{
	struct nat_config config;

	harness_defaults(&config);
	config.pcp.enabled = true;
	config.pcp.min_lifetime = 10;
	config.pcp.mappings = n_slots;
	config.pcp.mappings_per_subscriber = per_subscriber;
	harness_open(&h, &config, true);
	meet(SUBSCRIBER);
	for (uint8_t port = 1; port <= 3; port++)
		ask(&(struct request){.nonce = 1,
				      .protocol = IPPROTO_UDP,
				      .port = port,
				      .opcode = NAT_PCP_MAP,
				      .lifetime = port == 3 ? 10 : 1000});
	assert_int_equal(harness_counter(&h, NAT_pcp_granted), 3);
	h.nf[0].now_ns += 20 * HARNESS_SECOND;
}

/* Killed by: a mapping made, or one whose time is over ended, before the last reason to refuse. */
static void
refused_requests_change_nothing(void **state)
{
	static const struct {
		struct request request;
		uint32_t n_slots, per_subscriber;
	} cases[] = {
		/* Somebody else's. */
		{{2, IPPROTO_UDP, 1, NAT_PCP_MAP, 0, false, 1000}, 16, 16},
		{{2, IPPROTO_UDP, 1, NAT_PCP_MAP, 0, false, 0}, 16, 16},
		/* No room. */
		{{1, IPPROTO_UDP, 9, NAT_PCP_MAP, 0, false, 1000}, 3, 16},
		{{1, IPPROTO_UDP, 9, NAT_PCP_MAP, 0, false, 1000}, 16, 3},
		/* Not as suggested: new, there, and over. */
		{{1, IPPROTO_UDP, 9, NAT_PCP_MAP, 80, true, 1000}, 16, 16},
		{{1, IPPROTO_TCP, 9, NAT_PCP_MAP, 80, true, 1000}, 16, 16},
		{{1, IPPROTO_UDP, 1, NAT_PCP_MAP, 80, true, 1000}, 16, 16},
		{{1, IPPROTO_UDP, 3, NAT_PCP_MAP, 80, true, 1000}, 16, 16},
		{{2, IPPROTO_UDP, 3, NAT_PCP_MAP, 80, true, 1000}, 16, 16},
		/* What is not there. */
		{{1, 0, 9, NAT_PCP_MAP, 0, false, 1000}, 16, 16},
		{{1, IPPROTO_UDP, 0, NAT_PCP_MAP, 0, false, 1000}, 16, 16},
		{{1, IPPROTO_UDP, 9, 2, 0, false, 1000}, 16, 16},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		uint64_t before;

		open_with_requests(cases[i].n_slots, cases[i].per_subscriber);
		before = digest_of();
		ask(&cases[i].request);
		assert_int_equal(harness_counter(&h, NAT_pcp_refused), 1);
		if (digest_of() != before)
			fail_msg("case %zu: changed", i);
		harness_check(&h);
		harness_close(&h);
	}
}

/* Killed by: a change whose answer then has no memory. */
static void
requests_without_room_for_an_answer_change_nothing(void **state)
{
	static struct rte_mbuf *all[4096];
	struct request request = {1, IPPROTO_UDP, 9, NAT_PCP_MAP, 0, false, 1000};
	struct rte_mbuf *m;
	uint64_t before;
	uint32_t n = 0;

	(void)state;
	open_with_requests(16, 16);
	before = digest_of();
	m = build_request(&request);
	while ((all[n] = rte_pktmbuf_alloc(h.pool)) != NULL)
		n++;
	harness_send(&h, NAT_INSIDE, m, 0);
	rte_pktmbuf_free_bulk(all, n);
	assert_int_equal(harness_counter(&h, NF_no_mbuf), 1);
	assert_true(digest_of() == before);
	harness_close(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_changed),
		cmocka_unit_test(refused_requests_change_nothing),
		cmocka_unit_test(requests_without_room_for_an_answer_change_nothing),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
