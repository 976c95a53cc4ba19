/* SPDX-License-Identifier: Apache-2.0 */
/* The harness; see harness_test.h. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_malloc.h>

static const uint8_t access_mac[] = {2, 0, 0, 0, 1, 1};
static const uint8_t core_mac[] = {2, 0, 0, 0, 2, 1};

/* ---- set-up --------------------------------------------------------------------------------------------- */

void
harness_defaults(struct pppoe_config *config)
{
	static const char text[] =
		"instance: test\nservice: pppoe\n"
		"access:\n  name: access\n  port: 0\n  mac: 02:00:00:00:01:01\n"
		"core:\n  name: core\n  port: 1\n  address: 203.0.113.1/24\n"
		"  mac: 02:00:00:00:02:01\n"
		"  routes: [{prefix: 0.0.0.0/0, via: 203.0.113.2}]\n"
		"concentrator:\n  name: ac-1\n  gateway: 100.64.0.1\n"
		"  pools: [100.64.0.0/22, 198.51.100.0/28]\n"
		"  ipv6: {pool: '2001:db8:0:100::/56', address: '2001:db8:ffff::1/64', router: "
		"'2001:db8:ffff::2'}\n"
		"authentication: {secrets_file: /nowhere}\n"
		"capacity: 2048\nneighbours: 256\nhold_capacity: 64\nlcp: {connect_delay: 0}\n";
	char error[NF_CONFIG_ERROR_SIZE] = "";

	if (pppoe_config_parse("harness", text, sizeof(text) - 1, config, error) != 0)
		fail_msg("%s", error);
}

static void
create(struct harness *h, struct slim_agent_config *agent)
{
	pppoe_config_identity(&h->config, h->identity);
	agent->identity = h->identity;
	agent->n_workers = h->config.n_workers;
	agent->hold_capacity = h->config.hold_capacity;
	h->pppoe = rte_zmalloc("pppoe", sizeof(*h->pppoe), RTE_CACHE_LINE_SIZE);
	assert_non_null(h->pppoe);
	assert_int_equal(pppoe_init(h->pppoe, &h->config, 1), 0);
	agent->bucket_worker = h->pppoe->bucket_worker;
}

static int
create_tables(struct harness *h)
{
	assert_int_equal(pppoe_refill(h->pppoe), 0);
	return pppoe_create_tables(h->pppoe, h->agent);
}

static int
worker_init(struct harness *h, uint16_t w)
{
	return pppoe_worker_init(&h->workers[w], h->pppoe, &h->nf[w]);
}

static void
worker_fini(struct harness *h, uint16_t w)
{
	pppoe_worker_fini(&h->workers[w]);
}

static void
destroy(struct harness *h)
{
	pppoe_fini(h->pppoe);
	rte_free(h->pppoe);
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
	.name = "pppoe",
	.ops = &pppoe_ops,
	.n_sides = PPPOE_N_SIDES,
	.create = create,
	.create_tables = create_tables,
	.worker_init = worker_init,
	.worker_fini = worker_fini,
	.destroy = destroy,
	.sides = sides,
	.own = own,
};

/* ---- sessions ---------------------------------------------------------------------------------------- */

struct rte_ether_addr
harness_client(uint8_t a, uint8_t b)
{
	return (struct rte_ether_addr){{2, 0, 0, 0, a, b}};
}

struct pppoe_session *
harness_session(const struct harness *h, uint32_t slot)
{
	return slim_slot(h->pppoe->sessions.shares.table, slot);
}

struct pppoe_sessions *
harness_owner(const struct harness *h, uint32_t slot)
{
	uint8_t bucket = harness_session(h, slot)->mac.addr_bytes[5];

	return pppoe_sessions_of(&h->pppoe->sessions, h->pppoe->bucket_worker[bucket]);
}

uint32_t
harness_add(struct harness *h, uint8_t a, uint8_t b)
{
	const struct pppoe_line_key line = {.mac = harness_client(a, b)};
	struct pppoe_sessions *s =
		pppoe_sessions_of(&h->pppoe->sessions, h->pppoe->bucket_worker[b]);
	uint32_t slot = NF_NO_SLOT;

	pppoe_session_create(s, &line, h->now_ns, &slot);
	return slot;
}

void
harness_open_session(struct harness *h, uint32_t slot)
{
	struct pppoe_sessions *s = harness_owner(h, slot);
	struct pppoe_session *session = pppoe_session_begin(s, slot);

	session->lcp.state = session->ipcp.state = session->ipv6cp.state = PPP_OPENED;
	session->auth.state = PPPOE_AUTH_GOOD;
	session->echo_timer = h->now_ns + 30 * HARNESS_SECOND;
	memset(session->interface_id, session->mac.addr_bytes[5] | 1,
	       sizeof(session->interface_id));
	pppoe_session_give_address(s, slot, session);
	pppoe_session_give_prefix(s, slot, session);
	pppoe_session_end(s, slot);
}

void
harness_remove(struct harness *h, uint32_t slot)
{
	pppoe_session_remove(harness_owner(h, slot), slot);
}

/* ---- packets --------------------------------------------------------------------------------------------- */

static void
put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void
put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static void
put_ether(struct frame *f, const uint8_t *to, const uint8_t *from, uint16_t type)
{
	memcpy(f->bytes, to, 6);
	memcpy(f->bytes + 6, from, 6);
	put16(f->bytes + 12, type);
	f->size = 14;
}

/* 60 octets: IPv4, UDP, 32 octets of data. */
static void
put_udp(struct frame *f, uint32_t from, uint32_t to)
{
	uint8_t *ip = f->bytes + f->size;
	uint32_t sum = 0;

	memset(ip, 0, 60);
	ip[0] = 0x45;
	put16(ip + 2, 60);
	ip[8] = 64;
	ip[9] = 17;
	put32(ip + 12, from);
	put32(ip + 16, to);
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, ~(sum + (sum >> 16)));
	put16(ip + 20, 5000);
	put16(ip + 22, 53);
	put16(ip + 24, 40);
	f->size += 60;
}

struct frame
up(const struct pppoe_session *session, uint32_t to)
{
	struct frame f = {0};
	uint8_t *head = f.bytes + 14;

	put_ether(&f, access_mac, session->mac.addr_bytes, 0x8864);
	head[0] = 0x11;
	put16(head + 2, session->session_id);
	put16(head + 4, 62);
	put16(head + 6, 0x0021);
	f.size += 8;
	put_udp(&f, rte_be_to_cpu_32(session->ipv4), to);
	return f;
}

struct frame
down(uint32_t from, const struct pppoe_session *session)
{
	static const uint8_t router[] = {2, 0xaa, 203, 0, 113, 2};
	struct frame f = {0};

	put_ether(&f, core_mac, router, 0x0800);
	put_udp(&f, from, rte_be_to_cpu_32(session->ipv4));
	return f;
}

struct frame
discovery(const struct rte_ether_addr *client, uint8_t code, const void *tags, uint16_t size)
{
	static const uint8_t all[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct frame f = {0};

	put_ether(&f, code == 0x09 ? all : access_mac, client->addr_bytes, 0x8863);
	f.bytes[14] = 0x11;
	f.bytes[15] = code;
	put16(f.bytes + 18, size);
	memcpy(f.bytes + 20, tags, size);
	f.size = (uint16_t)RTE_MAX(20 + size, 60);
	return f;
}

void
harness_send(struct harness *h, uint8_t side, const struct frame *frame, uint16_t worker)
{
	harness_receive(h, side, harness_raw(h, frame->bytes, frame->size), worker);
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

void
harness_drain_all(struct harness *h)
{
	harness_drain(h, PPPOE_ACCESS);
	harness_drain(h, PPPOE_CORE);
}

/* ---- looking in ------------------------------------------------------------------------------------------- */

#define NOBODY 0u

/* What each number's cell must hold: slot + 1. */
struct model {
	uint32_t ids[65536];
	uint32_t addresses[2048];
	uint32_t prefixes[512];
	uint32_t n;
};

static void
claim(uint32_t *cell, uint32_t slot)
{
	assert_int_equal(*cell, NOBODY);
	*cell = slot + 1;
}

/* The place of an address, counted over the pools as the configuration has them. */
static uint32_t
place_of(const struct harness *h, uint32_t address)
{
	uint32_t place = 0;

	for (uint32_t i = 0; i < h->config.n_pools; i++) {
		const struct nf_prefix *pool = &h->config.pools[i];

		for (uint32_t a = pool->address + 1; a < (pool->address | ~pool->mask); a++) {
			if (a == rte_be_to_cpu_32(h->config.gateway))
				continue;
			if (a == address)
				return place;
			place++;
		}
	}
	fail_msg("an address of no pool");
	return place;
}

static void
check_slot(const struct harness *h, struct model *model, uint32_t slot)
{
	const struct pppoe_session *e = harness_session(h, slot);
	const struct pppoe_sessions *s = harness_owner(h, slot);
	const struct pppoe_line_key line = {e->mac, e->outer, e->inner};
	bool has_ppp = e->lcp.state == PPP_OPENED && e->auth.state == PPPOE_AUTH_GOOD;
	uint32_t found = 0;

	assert_in_range(slot, s->share.first_slot, s->share.first_slot + s->share.n_slots - 1);
	claim(&model->ids[e->session_id], slot);
	if (e->ipv4 != 0)
		claim(&model->addresses[place_of(h, rte_be_to_cpu_32(e->ipv4))], slot);
	if (e->prefix != PPPOE_NO_PREFIX)
		claim(&model->prefixes[e->prefix], slot);
	assert_int_equal(e->open & 1, has_ppp && e->ipcp.state == PPP_OPENED && e->ipv4 != 0);
	assert_int_equal(e->open >> 1,
			 has_ppp && e->ipv6cp.state == PPP_OPENED && e->prefix != PPPOE_NO_PREFIX);
	assert_int_equal(e->held & PPPOE_HELD_WAITS, 0);
	for (uint32_t one = NF_NO_SLOT; (one = pppoe_session_of_line(s, &line, one)) != NF_NO_SLOT;)
		found += one == slot;
	assert_int_equal(found, 1);
	assert_int_equal(nf_wheel_has(&s->wheel, slot - s->share.first_slot),
			 pppoe_session_deadline(e) != 0);
	model->n++;
}

static void
check_pool(const struct pppoe_pool *pool, const uint32_t *cells)
{
	for (uint32_t i = 0; i < pool->n; i++)
		assert_int_equal(pool->cells[i], cells[i]);
}

void
harness_check(const struct harness *h)
{
	const struct pppoe_session_table *t = &h->pppoe->sessions;
	struct model *model = calloc(1, sizeof(*model));
	uint32_t free_slots = 0, indexed = 0;

	assert_non_null(model);
	for (uint32_t slot = 0; slot < t->shares.capacity; slot++)
		if (((const struct slim_slot_head *)(const void *)harness_session(h, slot) - 1)
			    ->used)
			check_slot(h, model, slot);
	check_pool(&t->ids, model->ids);
	check_pool(&t->addresses, model->addresses);
	check_pool(&t->prefixes, model->prefixes);
	for (uint16_t w = 0; w < h->config.n_workers; w++) {
		const struct pppoe_sessions *s = pppoe_sessions_of(t, w);

		free_slots += s->share.n_free;
		assert_int_equal(s->n_waiting, 0);
		for (uint32_t i = 0; i <= s->by_mac.mask; i++)
			indexed += s->by_mac.cells[i] != 0;
	}
	assert_int_equal(indexed, model->n);
	assert_int_equal(free_slots + model->n, t->shares.capacity);
	free(model);
}
