/* SPDX-License-Identifier: Apache-2.0 */
/* The harness; see harness_test.h. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#include <rte_malloc.h>

static const uint8_t inside_mac[] = {2, 0, 0, 0, 1, 1};
static const uint8_t outside_mac[] = {2, 0, 0, 0, 2, 1};

/* ---- set-up ------------------------------------------------------------------------------- */

void
harness_defaults(struct nat_config *config)
{
	static const char text[] =
		"instance: test\nservice: nat\n"
		"inside:\n  name: inside\n  port: 0\n  address: 100.64.0.1/16\n"
		"  mac: 02:00:00:00:01:01\n"
		"  routes: [{prefix: 100.65.0.0/16, via: 100.64.0.2}]\n"
		"outside:\n  name: outside\n  port: 1\n  address: 203.0.113.1/24\n"
		"  mac: 02:00:00:00:02:01\n"
		"  routes: [{prefix: 0.0.0.0/0, via: 203.0.113.2}]\n"
		"pool: {first: 198.51.100.0, last: 198.51.100.1}\n"
		"capacity: 8192\nneighbours: 256\nhold_capacity: 64\n";
	char error[NF_CONFIG_ERROR_SIZE] = "";

	if (nat_config_parse("harness", text, sizeof(text) - 1, config, error) != 0)
		fail_msg("%s", error);
}

static void
create(struct harness *h, struct slim_agent_config *agent)
{
	h->nat = rte_zmalloc("nat", sizeof(*h->nat), RTE_CACHE_LINE_SIZE);
	assert_non_null(h->nat);
	assert_int_equal(nat_init(h->nat, &h->config, 1), 0);
	nat_config_identity(&h->config, h->identity);
	agent->identity = h->identity;
	agent->n_workers = h->config.n_workers;
	agent->bucket_worker = h->nat->bucket_worker;
	agent->hold_capacity = h->config.hold_capacity;
}

static int
create_tables(struct harness *h)
{
	return nat_create_tables(h->nat, h->agent);
}

static int
worker_init(struct harness *h, uint16_t w)
{
	nat_worker_init(&h->workers[w], h->nat, &h->nf[w]);
	return 0;
}

static void
destroy(struct harness *h)
{
	nat_fini(h->nat);
	rte_free(h->nat);
}

static const struct nf_side *
sides(const struct harness *h)
{
	return h->config.sides;
}

static struct harness_own
own(const struct harness *h)
{
	const struct nat_pool *pool = &h->nat->sessions.ports.pool;

	return (struct harness_own){pool->first, pool->first + pool->span - 1};
}

const struct harness_nf harness_nf = {
	.name = "nat",
	.ops = &nat_ops,
	.n_sides = NAT_N_SIDES,
	.create = create,
	.create_tables = create_tables,
	.worker_init = worker_init,
	.destroy = destroy,
	.sides = sides,
	.own = own,
};

/* ---- building ------------------------------------------------------------------------------- */

static uint32_t
naive_sum(const uint8_t *bytes, size_t size)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	return sum;
}

static uint16_t
fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Sum over pseudo header and layer 4; 0xffff if the checksum in it is right. */
static uint16_t
l4_sum(const uint8_t *ip, const uint8_t *l4, uint16_t size)
{
	uint32_t sum = naive_sum(l4, size);

	if (ip[9] != IPPROTO_ICMP)
		sum += naive_sum(ip + 12, 8) + ip[9] + size;
	return fold(sum);
}

static void
put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint16_t
get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void
put32(uint8_t *at, uint32_t value)
{
	put16(at, (uint16_t)(value >> 16));
	put16(at + 2, (uint16_t)value);
}

static uint32_t
get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static bool
is_error(const struct harness_packet *p)
{
	return p->protocol == IPPROTO_ICMP && p->quoted != NULL;
}

static uint16_t build_ip(uint8_t *ip, const struct harness_packet *p);

/* Layer 4 without checksum; returns its size. */
static uint16_t
build_l4(uint8_t *l4, const struct harness_packet *p)
{
	uint8_t quoted[2048];
	uint16_t size;

	if (p->protocol == IPPROTO_TCP) {
		put16(l4, p->src_port);
		put16(l4 + 2, p->dst_port);
		put32(l4 + 4, p->tcp_seq);
		put32(l4 + 8, p->tcp_ack);
		l4[13] = p->tcp_flags != 0 ? p->tcp_flags : 0x10;
		put16(l4 + 14, p->tcp_window);
		size = 20;
		if (p->tcp_scale != 0) {
			memcpy(l4 + size, "\1\3\3", 3); /* no operation, window scale */
			l4[size + 3] = (uint8_t)(p->tcp_scale - 1);
			size += 4;
		}
		l4[12] = (uint8_t)(size / 4 << 4);
	} else if (p->protocol == IPPROTO_UDP) {
		put16(l4, p->src_port);
		put16(l4 + 2, p->dst_port);
		put16(l4 + 4, (uint16_t)(8 + p->payload));
		size = 8;
	} else if (is_error(p)) {
		uint16_t all = build_ip(quoted, p->quoted);

		l4[0] = p->icmp_type;
		l4[1] = p->icmp_code;
		put16(l4 + 6, p->icmp_mtu);
		size = p->quoted_size != 0 ? p->quoted_size : all;
		memcpy(l4 + 8, quoted, size);
		return (uint16_t)(8 + size);
	} else {
		l4[0] = p->icmp_type;
		put16(l4 + 4, p->src_port);
		size = 8;
	}
	for (uint16_t i = 0; i < p->payload; i++)
		l4[size + i] = (uint8_t)(i * 7 + 1);
	return (uint16_t)(size + p->payload);
}

static uint16_t
checksum_offset(uint8_t protocol)
{
	return protocol == IPPROTO_TCP ? 16 : protocol == IPPROTO_UDP ? 6 : 2;
}

static uint16_t
build_ip(uint8_t *ip, const struct harness_packet *p)
{
	uint8_t *l4 = ip + 20, *checksum = l4 + checksum_offset(p->protocol);
	uint16_t l4_size;

	memset(ip, 0, 2048);
	l4_size = build_l4(l4, p);
	ip[0] = 0x45;
	put16(ip + 2, (uint16_t)(20 + l4_size));
	put16(ip + 4, p->id != 0 ? p->id : 0x1234);
	ip[6] = p->dont_fragment ? 0x40 : 0;
	ip[8] = p->ttl != 0 ? p->ttl : 64;
	ip[9] = p->protocol;
	put32(ip + 12, p->src);
	put32(ip + 16, p->dst);
	put16(ip + 10, (uint16_t)~fold(naive_sum(ip, 20)));
	if (!(p->protocol == IPPROTO_UDP && p->no_checksum))
		put16(checksum, (uint16_t)~l4_sum(ip, l4, l4_size));
	if (p->protocol == IPPROTO_TCP && p->wrong_checksum)
		checksum[0] ^= 1;
	return (uint16_t)(20 + l4_size);
}

struct rte_mbuf *
harness_build(struct harness *h, const struct harness_packet *p)
{
	uint8_t frame[14 + 2048] = {0};
	uint16_t size;

	memcpy(frame, p->side == NAT_INSIDE ? inside_mac : outside_mac, 6);
	frame[6] = 2;
	frame[7] = 0xaa;
	put16(frame + 12, 0x0800);
	size = build_ip(frame + 14, p);
	return harness_raw(h, frame, (uint16_t)RTE_MAX(14 + size, 60));
}

/* As the side's frames are. */
static struct rte_mbuf *
build_tagged(struct harness *h, const struct harness_packet *p)
{
	struct rte_mbuf *m = harness_build(h, p);

	if (h->config.sides[p->side].vlan != 0)
		harness_tag(m, h->config.sides[p->side].vlan);
	return m;
}

struct rte_mbuf *
harness_build_udp(struct harness *harness, const struct harness_packet *p, const void *payload,
		  uint16_t size)
{
	struct harness_packet with_room = *p;
	struct rte_mbuf *m;
	uint8_t *ip;

	with_room.payload = size;
	m = harness_build(harness, &with_room);
	ip = rte_pktmbuf_mtod_offset(m, uint8_t *, 14);
	memcpy(ip + 28, payload, size);
	put16(ip + 26, 0);
	if (!p->no_checksum)
		put16(ip + 26, (uint16_t)~l4_sum(ip, ip + 20, (uint16_t)(8 + size)));
	return m;
}

/* ---- taking apart -------------------------------------------------------------------------------- */

static void
parse_ports(struct harness_packet *p, const uint8_t *l4)
{
	if (p->protocol == IPPROTO_ICMP) {
		p->icmp_type = l4[0];
		p->icmp_code = l4[1];
		p->src_port = get16(l4 + 4);
		p->icmp_mtu = get16(l4 + 6);
		return;
	}
	p->src_port = get16(l4);
	p->dst_port = get16(l4 + 2);
	if (p->protocol == IPPROTO_UDP)
		p->no_checksum = get16(l4 + 6) == 0;
	else
		p->tcp_flags = l4[13];
}

static struct harness_packet
parse_ip(const uint8_t *ip)
{
	struct harness_packet p = {.protocol = ip[9], .ttl = ip[8]};

	p.src = get32(ip + 12);
	p.dst = get32(ip + 16);
	p.id = get16(ip + 4);
	p.dont_fragment = (ip[6] & 0x40) != 0;
	assert_int_equal(fold(naive_sum(ip, (ip[0] & 15u) * 4u)), 0xffff);
	parse_ports(&p, ip + (ip[0] & 15u) * 4u);
	return p;
}

static bool
quotes(uint8_t icmp_type)
{
	return icmp_type == 3 || icmp_type == 11 || icmp_type == 12;
}

struct harness_packet
harness_parse(const struct rte_mbuf *m)
{
	static struct harness_packet quoted;
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	const uint8_t *ip = frame + 14, *l4 = ip + (ip[0] & 15u) * 4u;
	uint16_t l4_size = (uint16_t)(get16(ip + 2) - (ip[0] & 15u) * 4u);
	struct harness_packet p = parse_ip(ip);

	assert_int_equal(get16(frame + 12), 0x0800);
	if (!(p.protocol == IPPROTO_UDP && p.no_checksum))
		assert_int_equal(l4_sum(ip, l4, l4_size), 0xffff);
	p.side = frame[10] == 1 ? NAT_INSIDE : NAT_OUTSIDE; /* of the source MAC */
	if (p.protocol == IPPROTO_ICMP && quotes(p.icmp_type)) {
		const uint8_t *in = l4 + 8, *in_l4 = in + (in[0] & 15u) * 4u;
		uint16_t size = (uint16_t)(get16(in + 2) - (in[0] & 15u) * 4u);

		quoted = parse_ip(in);
		p.quoted = &quoted;
		p.quoted_size = (uint16_t)(l4_size - 8);
		/* The embedded packet's own checksum, if all that it covers is there. */
		if (p.quoted_size >= get16(in + 2) && (get16(in + 6) & 0x3fff) == 0 &&
		    !(quoted.protocol == IPPROTO_UDP && quoted.no_checksum))
			assert_int_equal(l4_sum(in, in_l4, size), 0xffff);
	}
	return p;
}

/* What all fragments of a datagram have in common: addresses of both layers, identification, time to
 * live, protocol. */
static void
check_siblings(const uint8_t *a, const uint8_t *b)
{
	assert_memory_equal(a, b, 14);
	assert_int_equal(get16(a + 18), get16(b + 18));
	assert_memory_equal(a + 22, b + 22, 2);
	assert_memory_equal(a + 26, b + 26, 8);
}

struct harness_packet
harness_join(struct harness *h, uint8_t side, uint16_t mtu, uint32_t *ret_n_pieces)
{
	static uint8_t frame[16384];
	struct harness_packet p;
	uint32_t size = 0, end = 0, n_last = 0;
	struct rte_mbuf *m;

	*ret_n_pieces = 0;
	while ((m = harness_take(h, side)) != NULL) {
		const uint8_t *f = rte_pktmbuf_mtod(m, const uint8_t *);
		uint32_t from = (get16(f + 20) & 0x1fffu) * 8u, n = get16(f + 16) - 20u;
		bool more = (f[20] & 0x20) != 0;

		assert_int_equal(f[14], 0x45);
		assert_int_equal(fold(naive_sum(f + 14, 20)), 0xffff);
		assert_true(n + 20 <= mtu && from + n <= sizeof(frame) - 34);
		assert_true(m->data_len >= 34 + n);
		assert_true(!more || n % 8 == 0);
		if (*ret_n_pieces == 0)
			memcpy(frame, f, 34);
		check_siblings(f, frame);
		memcpy(frame + 34 + from, f + 34, n);
		size += n;
		end = more ? end : from + n;
		n_last += !more;
		(*ret_n_pieces)++;
		rte_pktmbuf_free(m);
	}
	assert_int_equal(n_last, 1);
	assert_int_equal(size, end); /* nothing is missing, nothing there twice */
	put16(frame + 16, (uint16_t)(20 + size));
	put16(frame + 20, 0);
	put16(frame + 24, 0);
	put16(frame + 24, (uint16_t)~fold(naive_sum(frame + 14, 20)));
	m = harness_raw(h, frame, (uint16_t)(34 + size));
	p = harness_parse(m);
	rte_pktmbuf_free(m);
	harness_nothing_left(h);
	return p;
}

/* ---- running --------------------------------------------------------------------------------------- */

void
harness_send(struct harness *h, uint8_t side, struct rte_mbuf *m, uint16_t worker)
{
	harness_receive(h, side, m, worker);
	harness_settle(h);
}

struct rte_mbuf *
harness_take(struct harness *h, uint8_t side)
{
	return harness_take_mbuf(h, side);
}

void
harness_sweep(struct harness *h)
{
	for (uint16_t w = 0; w < h->config.n_workers; w++) {
		struct nat_sessions *s = nat_sessions_of(&h->nat->sessions, w);

		nat_mapping_expire(s, h->now_ns + HARNESS_TICK, 2 * s->share.n_slots);
		nat_ops.tick(&h->nf[w]);
	}
	harness_settle(h);
}

struct harness_packet
harness_pass(struct harness *h, const struct harness_packet *p, uint8_t to_side)
{
	struct harness_packet out;
	struct rte_mbuf *m;

	harness_send(h, p->side, build_tagged(h, p), 0);
	m = harness_take(h, to_side);
	assert_non_null(m);
	out = harness_parse(m);
	assert_int_equal(out.side, to_side);
	rte_pktmbuf_free(m);
	harness_nothing_left(h);
	return out;
}

uint64_t
harness_digest(const struct harness *h, bool neighbours)
{
	return harness_digest_without(h, neighbours ? NULL : "neighbour");
}

void
harness_dropped(struct harness *h, const struct harness_packet *p, unsigned int counter)
{
	struct harness_before before = harness_before(h, counter);

	harness_send(h, p->side, build_tagged(h, p), 0);
	harness_was_refused(h, &before);
}

void
harness_refused(struct harness *h, const struct harness_packet *p, uint8_t code,
		unsigned int counter)
{
	uint64_t before = harness_counter(h, counter), digest = harness_digest(h, false);
	struct harness_packet told = harness_pass(h, p, NAT_INSIDE);

	assert_int_equal(told.icmp_type, 3);
	assert_int_equal(told.icmp_code, code);
	assert_int_equal(told.icmp_mtu, 0);
	assert_int_equal(told.dst, p->src);
	assert_int_equal(told.quoted->src, p->src);
	assert_int_equal(told.quoted->src_port, p->src_port);
	assert_int_equal(harness_counter(h, counter), before + 1);
	assert_true(harness_digest(h, false) == digest);
}

/* ---- looking in ---------------------------------------------------------------------------------------- */

static const struct slim_slot_head *
head_of(const struct harness *h, uint32_t slot)
{
	return (const struct slim_slot_head *)slim_slot(h->nat->sessions.shares.table, slot) - 1;
}

const struct nat_session *
harness_session(struct harness *h, uint32_t address, uint16_t port, uint8_t protocol)
{
	for (uint32_t slot = 0; slot < h->nat->sessions.shares.capacity; slot++) {
		const struct nat_session *s = slim_slot(h->nat->sessions.shares.table, slot);

		if (head_of(h, slot)->used && s->inside_address == rte_cpu_to_be_32(address) &&
		    s->inside_port == rte_cpu_to_be_16(port) && s->protocol == protocol)
			return s;
	}
	return NULL;
}

uint32_t
harness_n_sessions(const struct harness *h)
{
	uint32_t n = 0;

	for (uint32_t slot = 0; slot < h->nat->sessions.shares.capacity; slot++)
		n += head_of(h, slot)->used;
	return n;
}

/* The block of a slot's port belongs to the slot's subscriber, and to nobody else. */
static void
check_block(const struct harness *h, uint32_t slot, uint16_t number)
{
	const struct nat_port_table *ports = &h->nat->sessions.ports;
	const struct nat_session *e = slim_slot(h->nat->sessions.shares.table, slot);
	struct nat_place at =
		nat_ports_place(ports, number, rte_be_to_cpu_16(e->outside_port), NAT_UDP);
	const struct nat_sessions *s =
		nat_sessions_of(&h->nat->sessions, h->nat->bucket_worker[at.bucket]);
	uint32_t block = nat_ports_block(ports, &at);

	if (block == NAT_NO_BLOCK)
		return;
	assert_int_not_equal(ports->blocks[block].owner, 0);
	assert_int_equal(s->subscribers->tallies[ports->blocks[block].owner - 1].address,
			 e->inside_address);
}

/* Blocks in use: no more of them, and no more ports in them, than sessions account for. */
static uint32_t
count_block_ports(const struct harness *h, uint8_t bucket)
{
	const struct nat_port_table *ports = &h->nat->sessions.ports;
	const struct nat_sessions *s =
		nat_sessions_of(&h->nat->sessions, h->nat->bucket_worker[bucket]);
	uint32_t n_in_group = 256 / h->config.ports_per_block, n = 0;
	uint32_t n_groups = ports->pool.n_addresses;

	for (uint32_t g = bucket * n_groups; g < (bucket + 1) * n_groups; g++) {
		uint32_t n_blocks = 0, bits = 0;

		for (uint32_t b = g * n_in_group; b < (g + 1) * n_in_group; b++) {
			const struct nat_block *block = &ports->blocks[b];

			assert_int_equal(block->owner != 0, block->n_used != 0);
			n_blocks += block->n_used != 0;
			n += block->n_used;
			if (block->owner != 0)
				assert_true(s->subscribers->tallies[block->owner - 1].blocks.n > 0);
		}
		for (int word = 0; word < NAT_BLOCK_WORDS; word++)
			bits += (uint32_t)__builtin_popcountll(ports->groups[g].used[word]);
		assert_int_equal(n_blocks, ports->groups[g].n_used);
		assert_int_equal(n_blocks, bits);
	}
	return n;
}

/* One used slot: found by both indexes, its port set, its subscriber known. */
static void
check_slot(const struct harness *h, uint32_t slot, uint32_t *n_of_subscriber)
{
	static const enum nat_protocol numbers[256] = {
		[IPPROTO_UDP] = NAT_UDP, [IPPROTO_TCP] = NAT_TCP, [IPPROTO_ICMP] = NAT_ICMP};
	const struct nat_session *e = slim_slot(h->nat->sessions.shares.table, slot);
	uint8_t bucket = (uint8_t)rte_be_to_cpu_32(e->inside_address);
	uint16_t port = rte_be_to_cpu_16(e->outside_port);
	uint16_t number = nat_pool_number(&h->nat->sessions.ports.pool, e->outside_address);
	const struct nat_sessions *s =
		nat_sessions_of(&h->nat->sessions, h->nat->bucket_worker[bucket]);
	uint64_t key = nat_session_key(e->inside_address, e->inside_port, e->protocol);

	assert_int_equal(head_of(h, slot)->bucket, bucket);
	assert_in_range(slot, s->share.first_slot, s->share.first_slot + s->share.n_slots - 1);
	assert_int_equal(nat_session_find(s, nf_slot_index_hash(&s->index, key), key), slot);
	assert_int_not_equal(number, NAT_NOT_IN_POOL);
	assert_int_equal(port / h->config.ports_per_block % 256, bucket);
	assert_in_range(port, h->config.port_first, h->config.port_last);
	/* No two mappings have one external port: each is found by its own. */
	assert_int_equal(nat_session_find_outside(s, numbers[e->protocol], number, port), slot);
	assert_true(nf_wheel_has(&s->wheel, slot - s->share.first_slot));
	n_of_subscriber[bucket]++;
	check_block(h, slot, number);
}

static uint32_t
count_ports(const struct harness *h, uint8_t bucket)
{
	const struct nat_session_table *t = &h->nat->sessions;
	uint32_t n_sets = t->ports.pool.n_addresses * NAT_N_PROTOCOLS, n = 0;

	for (uint32_t i = 0; i < n_sets; i++) {
		const struct nat_port_set *set = &t->ports.sets[bucket * n_sets + i];
		uint32_t bits = 0, slots = 0;

		for (int word = 0; word < NAT_PLACE_WORDS; word++)
			bits += (uint32_t)__builtin_popcountll(set->used[word]);
		for (int p = 0; p < 256; p++)
			slots += t->ports.slots[(bucket * n_sets + i) * NAT_PLACES + (uint32_t)p] !=
				 0;
		assert_int_equal(bits, t->ports.n_used[bucket * n_sets + i]);
		assert_int_equal(slots, t->ports.n_used[bucket * n_sets + i]);
		n += bits;
	}
	return n;
}

/* Peers of a worker: each found by its key and in one chain, chains as long as they say. */
static void
check_peers(const struct nat_filter *f)
{
	uint32_t used = 0, counted = 0;

	for (uint32_t i = 0; i < f->share.n_slots; i++) {
		const struct nat_peer *peer = slim_slot(f->share.table, f->share.first_slot + i);
		const struct nf_slot_link *link = &f->mappings.links[i];

		if (!((const struct slim_slot_head *)peer - 1)->used)
			continue;
		used++;
		assert_true(nat_filter_has(f, peer));
		if (link->prev == NF_NO_SLOT)
			counted += link->n;
		else
			assert_int_equal(nf_slot_group_next(&f->mappings, link->prev),
					 f->share.first_slot + i);
	}
	assert_int_equal(used, f->share.n_slots - f->share.n_free);
	assert_int_equal(counted, used);
}

/* What was asked for by PCP: each found by its mapping, and counted for its subscriber. */
static void
check_pcp(const struct nat_pcp *pcp)
{
	uint32_t used = 0;

	for (uint32_t slot = pcp->share.first_slot;
	     slot < pcp->share.first_slot + pcp->share.n_slots; slot++) {
		const struct nat_pcp_entry *entry = slim_slot(pcp->share.table, slot);
		uint64_t key =
			nat_session_key(entry->inside_address, entry->inside_port, entry->protocol);

		assert_true(nf_slot_group_has(&pcp->subscribers, slot) ==
			    ((const struct slim_slot_head *)entry - 1)->used);
		if (!nf_slot_group_has(&pcp->subscribers, slot))
			continue;
		used++;
		assert_int_equal(nat_pcp_expires(pcp, key), entry->expires);
		assert_int_not_equal(nf_slot_group_size(&pcp->subscribers, entry->inside_address),
				     0);
	}
	assert_int_equal(used, pcp->share.n_slots - pcp->share.n_free);
}

/* Datagrams in fragments: each in the share of its side. */
static void
check_fragments(const struct nat_fragments *f)
{
	uint32_t used[NAT_N_SIDES] = {0};

	for (uint32_t slot = f->share.first_slot; slot < f->share.first_slot + f->share.n_slots;
	     slot++) {
		const struct nat_fragment *d = slim_slot(f->share.table, slot);
		bool is_used = ((const struct slim_slot_head *)(const void *)d - 1)->used;

		for (uint8_t s = 0; s < NAT_N_SIDES; s++)
			assert_true(nf_fair_has(&f->sides[s], slot - f->share.first_slot) ==
				    (is_used && d->side == s));
		assert_true(nf_fair_has(&f->peers, slot - f->share.first_slot) ==
			    (is_used && d->side == NAT_OUTSIDE));
		if (is_used)
			used[d->side]++;
	}
	assert_int_equal(used[NAT_INSIDE], f->sides[NAT_INSIDE].weight);
	assert_int_equal(used[NAT_OUTSIDE], f->sides[NAT_OUTSIDE].weight);
	assert_int_equal(f->share.n_slots - f->share.n_free, used[NAT_INSIDE] + used[NAT_OUTSIDE]);
}

/* Subscribers of a worker: each found by its address, counted right by protocol, and the others free. Returns how many
 * mappings they have. */
static uint32_t
check_subscribers(const struct nat_subscribers *s)
{
	uint32_t n_sessions = 0, n_taken = 0;

	for (uint32_t i = 0; i < s->share.n_slots; i++) {
		const struct nat_tally *tally = &s->tallies[i];
		bool has_row = nat_subscriber_has_row(s, i);

		if (nat_subscriber_find(s, tally->address) != i) {
			assert_false(has_row);
			continue;
		}
		n_taken++;
		assert_true(has_row || tally->n_sessions != 0);
		assert_int_equal(nf_wheel_has(&s->wheel, i), tally->n_sessions == 0);
		if (has_row)
			assert_int_equal(nat_subscriber_at(s, i)->address, tally->address);
		assert_int_equal(tally->n_of[NAT_UDP] + tally->n_of[NAT_TCP] +
					 tally->n_of[NAT_ICMP],
				 tally->n_sessions);
		n_sessions += tally->n_sessions;
	}
	assert_int_equal(n_taken, s->share.n_slots - s->share.n_free);
	return n_sessions;
}

/* Ports that rest at a worker: each marked by its place, and found by its key. Returns how many. */
static uint32_t
check_rests(const struct nat_rests *s)
{
	const struct nat_port_table *ports = s->shared->ports;
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->share.n_slots; i++) {
		const struct nat_rest *row = slim_slot(s->share.table, s->share.first_slot + i);
		uint16_t number = nat_pool_number(&ports->pool, row->outside_address);
		struct nat_place at;

		if (!((const struct slim_slot_head *)row - 1)->used)
			continue;
		at = nat_ports_place(ports, number, rte_be_to_cpu_16(row->outside_port),
				     (uint32_t)nat_protocol_of(row->protocol));
		assert_true(nat_ports_is_resting(ports, &at));
		assert_true(nf_wheel_has(&s->wheel, i));
		n++;
	}
	assert_int_equal(n, s->share.n_slots - s->share.n_free);
	return n;
}

/* Marks of ports and of blocks say the same. */
static uint32_t
count_resting(const struct harness *h)
{
	const struct nat_port_table *ports = &h->nat->sessions.ports;
	uint32_t n_sets = SLIM_N_BUCKETS * ports->pool.n_addresses * NAT_N_PROTOCOLS;
	uint32_t n_groups = SLIM_N_BUCKETS * ports->pool.n_addresses;
	uint32_t n_in_group = 256 / h->config.ports_per_block, n = 0, in_blocks = 0;

	for (uint32_t i = 0; i < n_sets; i++)
		for (int word = 0; word < NAT_PLACE_WORDS; word++)
			n += (uint32_t)__builtin_popcountll(ports->sets[i].resting[word]);
	if (ports->groups == NULL)
		return n;
	for (uint32_t g = 0; g < n_groups; g++) {
		for (uint32_t b = 0; b < n_in_group; b++) {
			uint32_t n_resting = ports->blocks[g * n_in_group + b].n_resting;

			in_blocks += n_resting;
			assert_int_equal(ports->groups[g].resting[b / 64] >> (b % 64) & 1,
					 n_resting != 0);
		}
	}
	assert_int_equal(in_blocks, n);
	return n;
}

void
harness_check(const struct harness *h)
{
	uint32_t by_bucket[SLIM_N_BUCKETS] = {0}, used = 0, free = 0, subscribed = 0, resting = 0;

	for (uint32_t slot = 0; slot < h->nat->sessions.shares.capacity; slot++) {
		if (!head_of(h, slot)->used)
			continue;
		check_slot(h, slot, by_bucket);
		used++;
	}
	for (uint32_t b = 0; b < SLIM_N_BUCKETS; b++) {
		assert_int_equal(count_ports(h, (uint8_t)b), by_bucket[b]);
		if (h->config.ports_per_block > 1)
			assert_int_equal(count_block_ports(h, (uint8_t)b), by_bucket[b]);
	}
	for (uint16_t w = 0; w < h->config.n_workers; w++) {
		const struct nat_sessions *s = nat_sessions_of(&h->nat->sessions, w);

		check_fragments(nat_fragments_of(&h->nat->fragments, w));
		if (h->workers[w].filter != NULL)
			check_peers(h->workers[w].filter);
		if (h->workers[w].pcp != NULL)
			check_pcp(h->workers[w].pcp);
		free += s->share.n_free;
		subscribed += check_subscribers(s->subscribers);
		resting += check_rests(s->rests);
	}
	assert_int_equal(used + free, h->nat->sessions.shares.capacity);
	assert_int_equal(subscribed, used);
	assert_int_equal(resting, count_resting(h));
}
