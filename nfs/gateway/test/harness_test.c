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

static const uint8_t access_mac[] = {2, 0, 0, 0, 1, 1};
static const uint8_t core_mac[] = {2, 0, 0, 0, 2, 1};

/* ---- set-up ------------------------------------------------------------------------------- */

void
harness_defaults(struct gateway_config *config)
{
	static const char text[] =
		"instance: test\nservice: gateway\n"
		"access:\n  name: access\n  port: 0\n  address: 192.0.2.1/24\n"
		"  mac: 02:00:00:00:01:01\n"
		"  routes: [{prefix: 198.51.100.0/24, via: 192.0.2.2}]\n"
		"core:\n  name: core\n  port: 1\n  address: 203.0.113.1/24\n"
		"  mac: 02:00:00:00:02:01\n"
		"  routes: [{prefix: 0.0.0.0/0, via: 203.0.113.2}]\n"
		"core_ipv6: {address: '2001:db8:ffff::1/64', router: '2001:db8:ffff::2'}\n"
		"subscribers: [100.64.0.0/10, '2001:db8::/48']\n"
		"capacity: 2048\nneighbours: 256\nhold_capacity: 64\nrecovery: 9\n";
	char error[NF_CONFIG_ERROR_SIZE] = "";

	if (gateway_config_parse("harness", text, sizeof(text) - 1, config, error) != 0)
		fail_msg("%s", error);
}

static void
create(struct harness *h, struct slim_agent_config *agent)
{
	gateway_config_identity(&h->config, h->identity);
	agent->identity = h->identity;
	agent->n_workers = h->config.n_workers;
	agent->hold_capacity = h->config.hold_capacity;
	h->gateway = rte_zmalloc("gateway", sizeof(*h->gateway), RTE_CACHE_LINE_SIZE);
	assert_non_null(h->gateway);
	assert_int_equal(gateway_init(h->gateway, &h->config, 1), 0);
}

static int
create_tables(struct harness *h)
{
	return gateway_create_tables(h->gateway, h->agent);
}

static int
worker_init(struct harness *h, uint16_t w)
{
	return gateway_worker_init(&h->workers[w], h->gateway, &h->nf[w]);
}

static void
worker_fini(struct harness *h, uint16_t w)
{
	gateway_worker_fini(&h->workers[w]);
}

static void
destroy(struct harness *h)
{
	gateway_fini(h->gateway);
	rte_free(h->gateway);
}

static const struct nf_side *
sides(const struct harness *h)
{
	return h->config.sides;
}

static struct harness_own
own(const struct harness *h)
{
	(void)h;
	return (struct harness_own){0, 0};
}

const struct harness_nf harness_nf = {
	.name = "gateway",
	.ops = &gateway_ops,
	.n_sides = GATEWAY_N_SIDES,
	.create = create,
	.create_tables = create_tables,
	.worker_init = worker_init,
	.worker_fini = worker_fini,
	.destroy = destroy,
	.sides = sides,
	.own = own,
};

/* ---- asking ----------------------------------------------------------------------------------- */

enum nf_status
harness_ask(struct harness *h, const char *line)
{
	struct nf_request r = {.nf = h->gateway};
	struct nf_words words;
	char copy[512];
	enum nf_status status = NF_OK;

	snprintf(copy, sizeof(copy), "%s", line);
	assert_true(nf_words_split(copy, &words));
	r.command = nf_command_find(gateway_commands, &words);
	if (r.command == NULL)
		return NF_UNKNOWN;
	if (r.command->start != NULL)
		status = r.command->start(&r, &words);
	if (status == NF_OK && words.n != 0)
		status = NF_USAGE;
	if (status != NF_OK)
		return status;
	for (uint16_t w = 0; w < h->config.n_workers; w++)
		if (r.workers & (1u << w)) {
			assert_true(gateway_job(&h->nf[w], &r.job));
			status = r.job.status;
		}
	harness_settle(h);
	return status;
}

/* ---- building ------------------------------------------------------------------------------- */

void
put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

uint16_t
get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

void
put32(uint8_t *at, uint32_t value)
{
	put16(at, (uint16_t)(value >> 16));
	put16(at + 2, (uint16_t)value);
}

uint32_t
get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

uint16_t
ipv4_sum(const uint8_t *ip)
{
	uint32_t sum = 0;

	for (unsigned int i = 0; i < (ip[0] & 15u) * 4u; i += 2)
		sum += get16(ip + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint16_t
put_ipv4(uint8_t *at, uint32_t src, uint32_t dst, uint8_t protocol, uint16_t payload_size)
{
	memset(at, 0, 20);
	at[0] = 0x45;
	put16(at + 2, (uint16_t)(20 + payload_size));
	at[8] = 64;
	at[9] = protocol;
	put32(at + 12, src);
	put32(at + 16, dst);
	put16(at + 10, (uint16_t)~ipv4_sum(at));
	return 20;
}

uint16_t
put_ipv6(uint8_t *at, const uint8_t src[16], const uint8_t dst[16], uint16_t payload_size)
{
	memset(at, 0, 40);
	at[0] = 0x60;
	put16(at + 4, payload_size);
	at[6] = 17;
	at[7] = 64;
	memcpy(at + 8, src, 16);
	memcpy(at + 24, dst, 16);
	return 40;
}

static uint16_t
put_ether(uint8_t *at, const uint8_t *mac, uint16_t type)
{
	static const uint8_t from[] = {2, 0xaa, 0, 0, 0, 9};

	memcpy(at, mac, 6);
	memcpy(at + 6, from, 6);
	put16(at + 12, type);
	return 14;
}

struct frame
plain(uint32_t src, uint32_t dst, uint16_t payload, uint8_t mark)
{
	struct frame f = {0};

	f.size = put_ether(f.bytes, core_mac, 0x0800);
	f.size += put_ipv4(f.bytes + f.size, src, dst, 17, (uint16_t)(8 + payload));
	put16(f.bytes + f.size, 5000);
	put16(f.bytes + f.size + 2, 53);
	put16(f.bytes + f.size + 4, (uint16_t)(8 + payload));
	memset(f.bytes + f.size + 8, mark, payload);
	f.size += 8 + payload;
	return f;
}

struct frame
message(uint32_t cell, uint16_t src_port, const uint8_t *gtpu, uint16_t size)
{
	struct frame f = {0};

	f.size = put_ether(f.bytes, access_mac, 0x0800);
	f.size += put_ipv4(f.bytes + f.size, cell, GATEWAY, 17, (uint16_t)(8 + size));
	put16(f.bytes + f.size, src_port);
	put16(f.bytes + f.size + 2, 2152);
	put16(f.bytes + f.size + 4, (uint16_t)(8 + size));
	memcpy(f.bytes + f.size + 8, gtpu, size);
	f.size += 8 + size;
	return f;
}

struct frame
tunnelled(const struct frame *inner, uint32_t cell, uint32_t teid)
{
	uint8_t gtpu[FRAME_MAX];
	uint16_t size = (uint16_t)(inner->size - 14);

	gtpu[0] = 0x30;
	gtpu[1] = 255;
	put16(gtpu + 2, size);
	put32(gtpu + 4, teid);
	memcpy(gtpu + 8, inner->bytes + 14, size);
	return message(cell, 2152, gtpu, (uint16_t)(8 + size));
}

/* ---- running --------------------------------------------------------------------------------------- */

struct rte_mbuf *
harness_packet(struct harness *h, const struct frame *frame)
{
	return harness_raw(h, frame->bytes, frame->size);
}

void
harness_give(struct harness *h, uint8_t side, const struct frame *frame, uint16_t worker)
{
	harness_receive(h, side, harness_packet(h, frame), worker);
}

void
harness_send(struct harness *h, uint8_t side, const struct frame *frame, uint16_t worker)
{
	harness_give(h, side, frame, worker);
	harness_settle(h);
}

bool
harness_take(struct harness *h, uint8_t side, struct frame *ret_frame)
{
	struct rte_mbuf *m = harness_take_mbuf(h, side);

	if (m == NULL)
		return false;
	assert_int_equal(m->nb_segs, 1);
	ret_frame->size = rte_pktmbuf_data_len(m);
	memcpy(ret_frame->bytes, rte_pktmbuf_mtod(m, void *), ret_frame->size);
	rte_pktmbuf_free(m);
	return true;
}

struct frame
harness_taken(struct harness *h, uint8_t side)
{
	struct frame out;

	assert_true(harness_take(h, side, &out));
	return out;
}

/* Of an ICMPv6 message behind its IPv6 header (RFC 4443 section 2.3). */
static uint16_t
icmpv6_sum(const uint8_t *ip)
{
	uint16_t size = get16(ip + 4);
	uint32_t sum = size + 58u;

	for (uint32_t i = 8; i < 40u + size; i += 2)
		sum += get16(ip + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void
harness_tell_router(struct harness *h)
{
	const struct gateway_core_ipv6 *core = &h->config.core_ipv6;
	struct frame f = {.size = 86}, out;
	uint8_t *ip = f.bytes + 14, *message = ip + 40;

	harness_wait(h, 1);
	while (harness_take(h, GATEWAY_CORE, &out))
		;
	put_ether(f.bytes, core_mac, 0x86dd);
	put_ipv6(ip, core->router, core->address, 32);
	ip[6] = 58;
	ip[7] = 255;
	message[0] = 136;
	message[4] = 0xe0;
	memcpy(message + 8, core->router, 16);
	message[24] = 2;
	message[25] = 1;
	memcpy(message + 26, (const uint8_t[]){2, 0xaa, 0, 0, 0, 6}, 6);
	put16(message + 2, icmpv6_sum(ip));
	harness_send(h, GATEWAY_CORE, &f, (uint16_t)(core->router[15] % h->config.n_workers));
	harness_wait(h, 1);
}

uint64_t
harness_digest(const struct harness *h)
{
	return harness_digest_without(h, NULL);
}

void
harness_dropped(struct harness *h, uint8_t side, const struct frame *frame, unsigned int counter)
{
	struct harness_before before = harness_before(h, counter);

	harness_send(h, side, frame, 0);
	harness_was_refused(h, &before);
}

/* ---- taking apart -------------------------------------------------------------------------------- */

/* A short frame is filled up with zeros, and no other has anything behind its packet. */
static void
check_end(const struct frame *frame, uint16_t ip_size)
{
	assert_int_equal(frame->size, RTE_MAX(14u + ip_size, 60u));
	for (uint32_t i = 14u + ip_size; i < frame->size; i++)
		assert_int_equal(frame->bytes[i], 0);
}

const uint8_t *
outer(const struct frame *frame, uint32_t to, uint16_t *ret_size)
{
	const uint8_t *ip = frame->bytes + 14, *udp = ip + 20;
	uint16_t ip_size = get16(ip + 2);

	assert_memory_equal(frame->bytes + 6, access_mac, 6);
	assert_int_equal(frame->bytes[0], 2);
	assert_int_equal(frame->bytes[1], 0xaa);
	assert_int_equal(get16(frame->bytes + 12), 0x0800);
	assert_int_equal(ip[0], 0x45);
	check_end(frame, ip_size);
	assert_int_equal(ipv4_sum(ip), 0xffff);
	assert_int_equal(ip[9], 17);
	assert_int_equal(get32(ip + 12), GATEWAY);
	assert_int_equal(get32(ip + 16), to);
	assert_int_equal(get16(udp), 2152);
	assert_int_equal(get16(udp + 4), ip_size - 20);
	assert_int_equal(get16(udp + 6), 0);
	*ret_size = (uint16_t)(ip_size - 28);
	return udp + 8;
}

const uint8_t *
g_pdu(const struct frame *frame, uint32_t to, uint32_t teid)
{
	uint16_t size;
	const uint8_t *gtpu = outer(frame, to, &size);

	assert_int_equal(get16(frame->bytes + 36), 2152);
	assert_int_equal(gtpu[0], 0x30);
	assert_int_equal(gtpu[1], 255);
	assert_int_equal(get16(gtpu + 2), size - 8);
	assert_int_equal(get32(gtpu + 4), teid);
	return gtpu + 8;
}

/* ---- looking in ---------------------------------------------------------------------------------------- */

uint32_t
harness_waiting(const struct harness *h)
{
	uint32_t n = 0;

	for (uint16_t w = 0; w < h->config.n_workers; w++)
		n += nf_neighbour_waiting(nf_share_at(&h->gateway->neighbours.shares, w)) +
		     h->workers[w].buffer.n + h->workers[w].fragments.n_packets;
	return n;
}

static const struct slim_slot_head *
head_of(const struct harness *h, uint32_t slot)
{
	return (const struct slim_slot_head *)slim_slot(h->gateway->sessions.shares.table, slot) -
	       1;
}

const struct gateway_session *
harness_session(const struct harness *h, uint32_t teid)
{
	const struct slim_table *table = h->gateway->sessions.shares.table;

	for (uint32_t slot = 0; slot < table->capacity; slot++) {
		const struct gateway_session *s = slim_slot(table, slot);

		if (head_of(h, slot)->used && s->teid == teid)
			return s;
	}
	return NULL;
}

static uint32_t
cells_in_use(const struct nf_slot_index *index)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i <= index->mask; i++)
		n += index->cells[i] != 0;
	return n;
}

static void
check_slot(const struct harness *h, uint32_t slot)
{
	const struct gateway_session *e = slim_slot(h->gateway->sessions.shares.table, slot);
	uint8_t bucket = (uint8_t)e->teid;
	const struct gateway_sessions *s =
		gateway_sessions_of(&h->gateway->sessions, h->gateway->bucket_worker[bucket]);

	assert_int_equal(head_of(h, slot)->bucket, bucket);
	assert_in_range(slot, s->share.first_slot, s->share.first_slot + s->share.n_slots - 1);
	assert_int_equal(gateway_session_by_teid(s, e->teid), slot);
	if (e->ipv4 != 0) {
		assert_int_equal((uint8_t)rte_be_to_cpu_32(e->ipv4), bucket);
		assert_int_equal(gateway_session_by_ipv4(s, e->ipv4), slot);
	}
	assert_int_equal(e->indexed_cell,
			 gateway_cell_key((struct gateway_cell){e->cell_address, e->cell_teid}));
	if (gateway_ipv6_key(e->ipv6) != 0) {
		assert_int_equal(e->ipv6[7], bucket);
		assert_int_equal(gateway_session_by_ipv6(s, e->ipv6), slot);
	}
}

void
harness_check(const struct harness *h)
{
	uint32_t used = 0, free = 0, ipv4 = 0, ipv6 = 0, by_teid = 0, by_ipv4 = 0, by_ipv6 = 0;
	uint32_t in_cells = 0, by_cell = 0;

	for (uint32_t slot = 0; slot < h->gateway->sessions.shares.table->capacity; slot++) {
		const struct gateway_session *e =
			slim_slot(h->gateway->sessions.shares.table, slot);

		if (!head_of(h, slot)->used)
			continue;
		check_slot(h, slot);
		used++;
		ipv4 += e->ipv4 != 0;
		ipv6 += gateway_ipv6_key(e->ipv6) != 0;
		in_cells += e->cell_address != 0;
	}
	for (uint16_t w = 0; w < h->config.n_workers; w++) {
		const struct gateway_sessions *s = gateway_sessions_of(&h->gateway->sessions, w);

		free += s->share.n_free;
		by_teid += cells_in_use(&s->by_teid);
		by_ipv4 += cells_in_use(&s->by_ipv4);
		by_ipv6 += cells_in_use(&s->by_ipv6);
		by_cell += cells_in_use(&s->by_cell);
	}
	assert_int_equal(used + free, h->gateway->sessions.shares.table->capacity);
	assert_int_equal(by_teid, used);
	assert_int_equal(by_ipv4, ipv4);
	assert_int_equal(by_ipv6, ipv6);
	assert_int_equal(by_cell, in_cells);
}
