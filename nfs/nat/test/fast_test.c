/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short way (fast.h) against the general path: two NATs with the same seed and clock get the same bursts, one of
 * them without a short way. Every octet that leaves, every counter and every table has to be the same. Packets are
 * ordinary ones of flows that are there or not, and such that are not ordinary any more, by one change each or by
 * octets at random, with a right checksum or without.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#include <rte_tcp.h>
#include <rte_udp.h>

#define N_FLOWS 48u
#define N_BURSTS 3000u
#define FRAME_MAX 1700u
#define ETHERNET 14u
#define MTU 1500u

struct frame {
	uint8_t bytes[FRAME_MAX];
	uint16_t size;
	uint16_t first_segment; /* 0: all is in one */
	uint64_t ol_flags;
	uint16_t tci; /* of a tag that the device has taken off */
};

static struct harness fast, general;
static uint64_t random_state;
static uint32_t ports_per_flow; /* inside ones that it may come from */

static uint32_t
below(uint32_t n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(((random_state >> 32) * n) >> 32);
}

static bool
one_in(uint32_t n)
{
	return below(n) == 0;
}

/* ---- packets ----------------------------------------------------------------------------------- */

/* On-link and behind a router, to a host on-link and to others; three of four were opened. */
static struct harness_packet
packet_of(uint32_t flow, bool out)
{
	uint32_t subscriber = flow % 2 == 0 ? IP(100, 64, 3, 8 + flow) : IP(100, 65, 3, 8 + flow);
	uint32_t server = flow % 5 == 0 ? SERVER : IP(192, 0, 2, 1 + flow % 7);
	struct harness_packet p = {
		.side = NAT_INSIDE,
		.protocol = flow / 2 % 2 == 0 ? IPPROTO_UDP : IPPROTO_TCP,
		.src = subscriber,
		.src_port = (uint16_t)(1000 + flow +
				       64 * (ports_per_flow == 1 ? 0 : below(ports_per_flow))),
		.dst = server,
		.dst_port = 443,
		.tcp_seq = 1001,
		.tcp_ack = 5001,
		.tcp_window = 1000,
	};
	const struct nat_session *session;

	if (out)
		return p;
	session = harness_session(&fast, subscriber, p.src_port, p.protocol);
	p.side = NAT_OUTSIDE;
	p.src = server;
	p.src_port = 443;
	p.dst = session == NULL ? IP(198, 51, 100, 1) : rte_be_to_cpu_32(session->outside_address);
	p.dst_port =
		session == NULL ? (uint16_t)below(65536) : rte_be_to_cpu_16(session->outside_port);
	p.tcp_seq = 5001;
	p.tcp_ack = 1001;
	return p;
}

static void
make(struct frame *f, const struct harness_packet *p)
{
	struct rte_mbuf *m = harness_build(&fast, p);

	memset(f, 0, sizeof(*f));
	f->size = rte_pktmbuf_data_len(m);
	assert_true(f->size <= FRAME_MAX);
	memcpy(f->bytes, rte_pktmbuf_mtod(m, void *), f->size);
	rte_pktmbuf_free(m);
}

/* Of the IPv4 header, if there is one. */
static void
correct(struct frame *f)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(f->bytes + ETHERNET);
	uint32_t size = (ip->version_ihl & 15u) * 4;

	if (size < sizeof(*ip) || f->size < ETHERNET + size)
		return;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, size);
}

static void
put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Others than a host's, or one of another side. */
static void
put_odd_address(uint8_t *at)
{
	static const uint32_t odd[] = {
		IP(198, 51, 100, 0), IP(198, 51, 100, 1), IP(203, 0, 113, 1), IP(100, 64, 0, 1),
		IP(127, 0, 0, 1),    IP(224, 0, 0, 1),    IP(0, 0, 0, 1),     IP(100, 64, 255, 255),
		IP(100, 64, 3, 7),   IP(203, 0, 113, 9),  IP(169, 254, 1, 1), IP(203, 0, 113, 255)};
	uint32_t address = odd[below(RTE_DIM(odd))];

	put16(at, address >> 16);
	put16(at + 2, address);
}

/* A tag that has a priority alone, which nobody minds, or names a VLAN: in the frame, or taken off by the device. */
static void
put_tag(struct frame *f)
{
	uint16_t tci = (uint16_t)(one_in(4) ? 0x6005 : 0x6000);

	if (one_in(2)) {
		f->ol_flags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
		f->tci = tci;
		return;
	}
	memmove(f->bytes + 16, f->bytes + 12, f->size - 12u);
	put16(f->bytes + 12, RTE_ETHER_TYPE_VLAN);
	put16(f->bytes + 14, tci);
	f->size = (uint16_t)(f->size + 4);
}

/* One thing that is not ordinary. */
static void
spoil(struct frame *f)
{
	uint8_t *ip = f->bytes + ETHERNET, *l4 = ip + 20;
	uint16_t l4_size = (uint16_t)(f->size - ETHERNET - 20);

	switch (below(17)) {
	case 0:
		ip[8] = (uint8_t)below(3); /* time to live */
		break;
	case 1:
		put16(ip + 6, 1u << below(16)); /* one bit of flags and offset */
		break;
	case 2:
		ip[0] = one_in(2) ? 0x46 : 0x65;
		break;
	case 3:
		ip[9] = (uint8_t)(one_in(2) ? IPPROTO_ICMP : below(256));
		break;
	case 4:
		put16(ip + 2, f->size - ETHERNET - 4 + below(9)); /* total length */
		break;
	case 5:
		put_odd_address(ip + 12);
		break;
	case 6:
		put_odd_address(ip + 16);
		break;
	case 7:
		put16(l4 + 4, l4_size - 2 + below(5)); /* length of UDP */
		break;
	case 8:
		l4[12] = (uint8_t)(below(16) << 4); /* data offset of TCP */
		break;
	case 9:
		l4[13] = (uint8_t)below(64); /* its flags */
		break;
	case 10:
		f->bytes[below(ETHERNET)] ^= (uint8_t)(1u << below(8));
		return;
	case 11:
		ip[10] ^= 1; /* its checksum is wrong */
		return;
	case 12:
		f->first_segment = (uint16_t)(1 + below(f->size - 1u));
		break;
	case 13:
		f->size = (uint16_t)below(f->size + 1u);
		return;
	case 14:
		f->size = (uint16_t)RTE_MIN(f->size + below(40), FRAME_MAX); /* a trailer */
		break;
	case 15:
		put_tag(f);
		return;
	default:
		for (uint32_t n = 1 + below(3); n != 0; n--)
			f->bytes[below(RTE_MIN(60, f->size))] ^= (uint8_t)(1u << below(8));
		break;
	}
	if (!one_in(4))
		correct(f);
	else if (one_in(2))
		f->ol_flags = one_in(2) ? RTE_MBUF_F_RX_IP_CKSUM_GOOD : RTE_MBUF_F_RX_IP_CKSUM_BAD;
}

/* Its UDP checksum, though wrong, is one that becomes 0 when the source is translated. */
static void
put_vanishing_checksum(struct frame *f, const struct harness_packet *p)
{
	const struct nat_session *session =
		harness_session(&fast, p->src, p->src_port, p->protocol);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(f->bytes + ETHERNET + 20);
	uint32_t sum;

	if (session == NULL)
		return;
	sum = nf_csum_diff16(0, udp->src_port, session->outside_port);
	sum = nf_csum_diff32(sum, rte_cpu_to_be_32(p->src), session->outside_address);
	udp->dgram_cksum = (uint16_t)~nf_csum_apply(UINT16_MAX, sum);
}

static void
make_any(struct frame *f, uint8_t side, uint32_t spoilt)
{
	struct harness_packet p = packet_of(below(N_FLOWS), side == NAT_INSIDE);

	p.payload = (uint16_t)(one_in(16) ? MTU - 60 + below(80) : below(80));
	p.dont_fragment = one_in(2);
	p.no_checksum = one_in(8);
	p.id = (uint16_t)(1 + below(65535));
	p.ttl = (uint8_t)(one_in(4) ? 2 + below(3) : 64);
	p.tcp_seq += below(3) * 1000;
	p.tcp_ack += below(3) * 1000;
	p.tcp_window = (uint16_t)below(65536);
	if (one_in(40))
		p.tcp_flags = (uint8_t)(RTE_TCP_SYN_FLAG << below(4));
	if (one_in(40))
		p.dst_port++; /* another peer, or nobody's port */
	make(f, &p);
	if (one_in(8) && side == NAT_INSIDE && p.protocol == IPPROTO_UDP)
		put_vanishing_checksum(f, &p);
	if (one_in(spoilt))
		spoil(f);
}

/* ---- two NATs ---------------------------------------------------------------------------------- */

static struct rte_mbuf *
to_mbuf(struct harness *h, const struct frame *f)
{
	uint16_t first = f->first_segment == 0 ? f->size : RTE_MIN(f->first_segment, f->size);
	struct rte_mbuf *m = rte_pktmbuf_alloc(h->pool), *rest;

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, first), f->bytes, first);
	m->ol_flags = f->ol_flags;
	m->vlan_tci = f->tci;
	if (first == f->size)
		return m;
	rest = rte_pktmbuf_alloc(h->pool);
	assert_non_null(rest);
	memcpy(rte_pktmbuf_append(rest, f->size - first), f->bytes + first, f->size - first);
	assert_int_equal(rte_pktmbuf_chain(m, rest), 0);
	return m;
}

static void
give(struct harness *h, uint8_t side, const struct frame *frames, uint16_t n, uint16_t worker)
{
	struct rte_mbuf *pkts[NF_BURST];

	for (uint16_t i = 0; i < n; i++)
		pkts[i] = to_mbuf(h, &frames[i]);
	h->nf[worker].ops->burst(&h->nf[worker], side, pkts, n);
	harness_settle(h);
}

static bool
are_alike(const struct rte_mbuf *a, const struct rte_mbuf *b)
{
	for (; a != NULL && b != NULL; a = a->next, b = b->next)
		if (a->data_len != b->data_len || a->pkt_len != b->pkt_len ||
		    a->nb_segs != b->nb_segs || a->data_off != b->data_off ||
		    memcmp(rte_pktmbuf_mtod(a, void *), rte_pktmbuf_mtod(b, void *), a->data_len) !=
			    0)
			return false;
	return a == b;
}

static struct rte_mbuf *
take(struct nf_fifo *fifo)
{
	return nf_fifo_count(fifo) == 0 ? NULL : fifo->pkts[fifo->head++ & (NF_FIFO_SIZE - 1)];
}

/* Takes all that left, in its order. */
static bool
sent_the_same(uint16_t worker, uint8_t side)
{
	bool same = true;

	for (;;) {
		struct rte_mbuf *a = take(fast.nf[worker].tx[side]);
		struct rte_mbuf *b = take(general.nf[worker].tx[side]);

		if (a == NULL && b == NULL)
			return same;
		same &= are_alike(a, b);
		rte_pktmbuf_free(a);
		rte_pktmbuf_free(b);
	}
}

/* What differs; NULL: nothing. */
static const char *
compare(bool tables)
{
	const char *difference = NULL;

	for (uint16_t w = 0; w < fast.config.n_workers; w++) {
		for (uint8_t side = 0; side < NAT_N_SIDES; side++)
			if (!sent_the_same(w, side))
				difference = "packets";
		if (memcmp(fast.nf[w].counters, general.nf[w].counters,
			   sizeof(fast.nf[w].counters)) != 0)
			difference = "counters";
	}
	if (tables && harness_digest(&fast, true) != harness_digest(&general, true))
		difference = "tables";
	return difference;
}

static const char *
send_burst(uint32_t spoilt, bool tables)
{
	static struct frame frames[NF_BURST];
	uint8_t side = (uint8_t)below(NAT_N_SIDES);
	uint16_t worker = (uint16_t)below(fast.config.n_workers);
	uint16_t n = (uint16_t)(1 + below(NF_BURST));

	for (uint16_t i = 0; i < n; i++)
		make_any(&frames[i], side, spoilt);
	give(&fast, side, frames, n, worker);
	give(&general, side, frames, n, worker);
	return compare(tables);
}

static void
send_both(const struct harness_packet *p)
{
	struct frame f;

	make(&f, p);
	give(&fast, p->side, &f, 1, 0);
	give(&general, p->side, &f, 1, 0);
	assert_null(compare(false));
}

static void
open_flow(uint32_t flow)
{
	struct harness_packet p = packet_of(flow, true);

	p.tcp_seq--;
	p.tcp_flags = RTE_TCP_SYN_FLAG;
	send_both(&p);
	if (p.protocol == IPPROTO_UDP)
		return;
	p = packet_of(flow, false);
	p.tcp_seq--;
	p.tcp_flags = RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG;
	send_both(&p);
	p = packet_of(flow, true);
	send_both(&p);
}

/* Of room, of ports, of what a subscriber may have, and of time. */
static void
be_short(struct nat_config *config)
{
	ports_per_flow = 8;
	config->capacity = 60;
	config->n_pool = 1;
	config->port_last = (uint16_t)(config->port_first + 511); /* two of a bucket */
	config->max_udp_sessions = 3;
	config->max_tcp_sessions = 1;
	config->new_sessions_per_s = 1;
	config->new_sessions_burst = 2;
	config->tcp_pickup = false;
	config->timeouts.udp_ns = 6 * HARNESS_SECOND;
	config->timeouts.tcp_transitory_ns = 8 * HARNESS_SECOND;
}

static void
begin(uint16_t n_workers, void (*change)(struct nat_config *))
{
	struct nat_config config;

	random_state = 1;
	ports_per_flow = 1;
	harness_defaults(&config);
	config.n_workers = n_workers;
	config.capacity = 512;
	config.tcp_pickup = true;
	if (change != NULL)
		change(&config);
	harness_open(&fast, &config, true);
	harness_open(&general, &config, true);
	for (uint16_t w = 0; w < n_workers; w++) {
		assert_true(fast.workers[w].has_fast_path);
		general.workers[w].has_fast_path = false;
	}
	for (uint32_t flow = 0; flow < N_FLOWS && change != be_short; flow++)
		if (flow % 4 != 3)
			open_flow(flow);
}

static void
pass_time(uint64_t ns)
{
	harness_wait(&fast, ns);
	harness_wait(&general, ns);
}

static uint64_t
n_fast(const struct harness *h)
{
	uint64_t n = 0;

	for (uint16_t w = 0; w < h->config.n_workers; w++)
		n += h->workers[w].n_fast;
	return n;
}

static void
end(void)
{
	harness_close(&fast);
	harness_close(&general);
}

/* ---- tests --------------------------------------------------------------------------------------- */

static void
run(uint16_t n_workers, void (*change)(struct nat_config *))
{
	uint64_t total;

	begin(n_workers, change);
	for (uint32_t i = 0; i < N_BURSTS; i++) {
		const char *difference = send_burst(3, i % 8 == 0);

		if (difference != NULL)
			fail_msg("burst %u: other %s", i, difference);
		if (i % 64 == 0) {
			pass_time(HARNESS_SECOND);
			assert_null(compare(true));
		}
	}
	total = harness_counter(&fast, NAT_translated_out) +
		harness_counter(&fast, NAT_translated_in);
	assert_int_equal(n_fast(&general), 0);
	/* What comes to another worker than its own is handed over, and goes the general way there. */
	assert_true(n_fast(&fast) > total / (2u * n_workers) && n_fast(&fast) < total);
	end();
}

/* Killed by: any question that the short way leaves out, any octet, count or number that it leaves other. */
static void
both_ways_do_the_same(void **state)
{
	(void)state;
	run(1, NULL);
}

static void
both_ways_do_the_same_at_two_workers(void **state)
{
	(void)state;
	run(2, NULL);
}

static void
refresh_from_outside(struct nat_config *config)
{
	config->inbound_refresh = !config->inbound_refresh;
	config->tcp_pickup = false;
	config->sides[NAT_INSIDE].mtu = 700;
}

static void
both_ways_do_the_same_with_other_settings(void **state)
{
	(void)state;
	run(1, refresh_from_outside);
}

/* Killed by: a mapping made by the short way that the general path would have refused, or a refusal that leaves something. */
static void
both_ways_refuse_the_same(void **state)
{
	static const unsigned int refusals[] = {NAT_drop_table_full, NAT_drop_no_port,
						NAT_drop_limit, NAT_drop_rate,
						NAT_drop_tcp_prohibited};

	(void)state;
	begin(1, be_short);
	for (uint32_t i = 0; i < N_BURSTS; i++) {
		const char *difference = send_burst(8, i % 8 == 0);

		if (difference != NULL)
			fail_msg("burst %u: other %s", i, difference);
		if (i % 64 == 0)
			pass_time(HARNESS_SECOND);
	}
	for (size_t i = 0; i < RTE_DIM(refusals); i++)
		assert_true(harness_counter(&fast, refusals[i]) != 0);
	assert_true(harness_counter(&fast, NAT_mapping_expired) != 0);
	end();
}

static void
with_pcp(struct nat_config *config)
{
	config->pcp = (struct nat_pcp_config){.enabled = true,
					      .min_lifetime = 120,
					      .max_lifetime = 7200,
					      .mappings = 16,
					      .mappings_per_subscriber = 4};
}

/* A request of PCP (RFC 6887 section 11.1) for the UDP mapping of `p`; lifetime 0 ends it. */
static void
make_pcp(struct frame *f, const struct harness_packet *p, uint8_t lifetime)
{
	uint8_t bytes[60] = {[0] = 2, [1] = 1, [7] = lifetime, [18] = 0xff, [19] = 0xff};
	struct harness_packet to_server = {
		.side = NAT_INSIDE,
		.protocol = IPPROTO_UDP,
		.src = p->src,
		.src_port = 40000,
		.dst = rte_be_to_cpu_32(fast.config.sides[NAT_INSIDE].address),
		.dst_port = 5351,
	};
	struct rte_mbuf *m;

	put16(bytes + 20, p->src >> 16);
	put16(bytes + 22, p->src);
	bytes[36] = IPPROTO_UDP;
	put16(bytes + 40, p->src_port);
	bytes[54] = bytes[55] = 0xff;
	m = harness_build_udp(&fast, &to_server, bytes, sizeof(bytes));
	memset(f, 0, sizeof(*f));
	f->size = rte_pktmbuf_data_len(m);
	memcpy(f->bytes, rte_pktmbuf_mtod(m, void *), f->size);
	rte_pktmbuf_free(m);
}

/* A mapping that nobody used goes with its request, and a packet for it comes in the same burst.
 * Killed by: going on with the mapping that was found before. */
static void
mappings_that_go_are_not_found(void **state)
{
	struct harness_packet p;
	struct frame frames[2];

	(void)state;
	begin(1, with_pcp);
	p = packet_of(0, true);
	p.src_port = 7777;
	p.payload = 40;
	assert_int_equal(p.protocol, IPPROTO_UDP);
	make_pcp(&frames[0], &p, 200);
	give(&fast, NAT_INSIDE, frames, 1, 0);
	give(&general, NAT_INSIDE, frames, 1, 0);
	assert_null(compare(true));
	assert_non_null(harness_session(&fast, p.src, p.src_port, p.protocol));
	make_pcp(&frames[0], &p, 0);
	make(&frames[1], &p);
	give(&fast, NAT_INSIDE, frames, 2, 0);
	give(&general, NAT_INSIDE, frames, 2, 0);
	assert_null(compare(true));
	end();
}

/* Killed by: a short way where the general one asks more. */
static void
some_settings_have_no_short_way(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	config.filtering = NAT_FILTERING_ADDRESS;
	harness_open(&fast, &config, true);
	assert_false(fast.workers[0].has_fast_path);
	harness_close(&fast);
	harness_defaults(&config);
	config.exempt[config.n_exempt++] =
		(struct nat_exempt){.prefix = {IP(10, 0, 0, 0), 0xff000000}};
	harness_open(&fast, &config, true);
	assert_false(fast.workers[0].has_fast_path);
	harness_close(&fast);
}

/* Negative control: what differs is seen, in packets, in counters and in tables. */
static void
a_difference_is_seen(void **state)
{
	const char *difference = NULL;

	(void)state;
	begin(1, NULL);
	general.nat->config.sides[NAT_OUTSIDE].mtu = 700;
	for (uint32_t i = 0; i < 40 && difference == NULL; i++)
		difference = send_burst(UINT32_MAX, false);
	assert_string_equal(difference, "counters");
	end();
	begin(1, NULL);
	general.nat->config.inbound_refresh = !general.nat->config.inbound_refresh;
	difference = NULL;
	for (uint32_t i = 0; i < 40 && difference == NULL; i++) {
		pass_time(HARNESS_SECOND); /* else a packet from inside may have been there first */
		difference = send_burst(UINT32_MAX, true);
	}
	assert_string_equal(difference, "tables");
	end();
	begin(1, NULL);
	general.nf[0].counters[NAT_translated_in]++;
	assert_string_equal(compare(true), "counters");
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_do_the_same),
		cmocka_unit_test(both_ways_do_the_same_at_two_workers),
		cmocka_unit_test(both_ways_do_the_same_with_other_settings),
		cmocka_unit_test(both_ways_refuse_the_same),
		cmocka_unit_test(mappings_that_go_are_not_found),
		cmocka_unit_test(some_settings_have_no_short_way),
		cmocka_unit_test(a_difference_is_seen),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests_name("the short way", tests, NULL, NULL);
}
