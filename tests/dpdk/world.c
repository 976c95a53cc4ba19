/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_lcore.h>

#include "agent.h"

#define RING_SIZE 8192u
#define TX_RING_SIZE 64u /* small: redirecting must come up against it */
#define BURST 32u
#define SESSION UINT64_C(0x1122334455667788)
#define NONCE UINT64_C(0x99aabbccddeeff01)
#define STEP_NS 300 /* of virtual time, for one actor's step */
#define DEADLINE_NS UINT64_C(120000000000)
#define MAX_PUMPS UINT64_C(20000000) /* the longest story needs a fifteenth of it */

#define OWN_VID 7 /* of the ports, where they are tagged */

static const uint16_t vids[WORLD_PORTS] = {4001, 4002};
static unsigned int serial; /* names of rings and ports are for ever */

struct packet {
	struct rte_ether_hdr eth;
	uint32_t flow;
	uint32_t number;
	uint32_t direction; /* the port on which it reaches an instance */
} __attribute__((packed, aligned(2)));

/* ---- the NF -------------------------------------------------------------------- */

static const struct slim_field fields[] = {
	SLIM_FIELD_KEY(struct world_entry, flow, SLIM_U32),
	SLIM_FIELD_STATE(struct world_entry, next, SLIM_BYTES),
	SLIM_FIELD_LAZY(struct world_entry, packets, SLIM_COUNTER, SLIM_MERGE_SUM),
	SLIM_FIELD_LOCAL(struct world_entry, home, SLIM_U64),
};

/* The two instances put a flow into different slots. */
static uint32_t
slot_for(const struct world_nf *nf, uint32_t flow)
{
	return (flow * (nf->number == WORLD_SOURCE ? 1u : 3u) + nf->number * 7u) % WORLD_CAPACITY;
}

static uint32_t
find_slot(const struct world_nf *nf, uint32_t flow)
{
	return atomic_load_explicit(&nf->slot_of[flow], memory_order_relaxed) - 1;
}

static uint32_t
nf_acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	struct world_nf *nf = ctx;
	uint32_t flow;

	(void)w, (void)bucket;
	memcpy(&flow, key, sizeof(flow));
	if (flow >= WORLD_FLOWS)
		return SLIM_NO_SLOT;
	atomic_store_explicit(&nf->slot_of[flow], slot_for(nf, flow) + 1, memory_order_relaxed);
	return slot_for(nf, flow);
}

static void
nf_installed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	const struct world_nf *nf = ctx;
	const struct world_entry *e = entry;

	(void)w;
	if (e->flow >= WORLD_FLOWS || find_slot(nf, e->flow) != slot)
		atomic_fetch_add(&((struct world_nf *)ctx)->refused, 1);
}

static void
nf_removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	struct world_nf *nf = ctx;

	(void)w, (void)slot;
	atomic_store_explicit(&nf->slot_of[((const struct world_entry *)entry)->flow], 0,
			      memory_order_relaxed);
}

static const struct slim_table_ops ops = {
	.acquire = nf_acquire, .installed = nf_installed, .removed = nf_removed};

static void
put_own_tag(const struct world *w, struct rte_mbuf **m)
{
	if (!w->config.tagged)
		return;
	(*m)->vlan_tci = OWN_VID;
	assert_int_equal(rte_vlan_insert(m), 0);
	(*m)->ol_flags = 0;
}

static void
nf_process(struct world_nf *nf, struct slim_worker *w, struct rte_mbuf *m)
{
	struct packet *p = rte_pktmbuf_mtod(m, struct packet *);
	uint32_t slot = find_slot(nf, p->flow);
	struct world_entry *e;
	uint32_t d = p->direction;

	if (slot == SLIM_NO_SLOT) {
		slot = nf_acquire(nf, w, (uint8_t)p->flow, &p->flow);
		e = slim_slot_begin(w, nf->table, slot);
		*e = (struct world_entry){.flow = p->flow, .home = nf->number + 1};
	} else {
		e = slim_slot_begin(w, nf->table, slot);
	}
	if (p->number != e->next[d])
		atomic_fetch_add_explicit(&nf->disordered, 1, memory_order_relaxed);
	if (p->number < e->next[d])
		atomic_fetch_add_explicit(&nf->overtaken, 1, memory_order_relaxed);
	e->next[d] = p->number + 1;
	e->packets++;
	slim_slot_end(w, nf->table, slot, (uint8_t)p->flow);
	put_own_tag(nf->world, &m);
	if (rte_eth_tx_burst(nf->port_ids[d ^ 1], w->index, &m, 1) == 0) {
		atomic_fetch_add(&nf->world->switch_drops, 1);
		rte_pktmbuf_free(m);
	}
}

static bool
is_packet(const struct rte_mbuf *m)
{
	const struct packet *p = rte_pktmbuf_mtod(m, const struct packet *);

	return m->data_len >= sizeof(*p) &&
	       p->eth.ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
}

/* Takes the tag off that all packets of the ports bear; false: it has another one, or none. */
static bool
take_own_tag(const struct world *w, struct rte_mbuf *m)
{
	return !w->config.tagged || (rte_vlan_strip(m) == 0 && m->vlan_tci == OWN_VID);
}

static void
nf_hand_on(struct world_nf *nf, struct slim_worker *w, struct rte_mbuf *m)
{
	bool good = take_own_tag(nf->world, m);
	const struct packet *p = rte_pktmbuf_mtod(m, const struct packet *);
	uint32_t owner;

	if (!good ||
	    !is_packet(m)) { /* not one of the perimeter's: a frame that the agent let through */
		atomic_fetch_add(&nf->refused, 1);
		rte_pktmbuf_free(m);
		return;
	}
	owner = nf->shm.info->bucket_worker[p->flow & 255];
	if (rte_ring_enqueue(nf->hand[w->index][owner], m) != 0) {
		atomic_fetch_add(&nf->world->switch_drops, 1);
		rte_pktmbuf_free(m);
	}
}

/* Puts a packet at the end of what is kept back; what is too much goes on. While nothing comes, it all
 * goes on after some rounds: `m` is NULL then. */
static void
nf_keep(struct world_nf *nf, uint32_t index, uint16_t port, struct rte_mbuf *m)
{
	struct rte_mbuf **kept = nf->kept[index][port];
	uint16_t *n = &nf->n_kept[index][port];

	if (*n == WORLD_KEPT || (m == NULL && *n != 0)) {
		nf_hand_on(nf, nf->workers[index], kept[0]);
		memmove(kept, kept + 1, --*n * sizeof(*kept));
	}
	if (m != NULL)
		kept[(*n)++] = m;
}

/* The NF's promise: after the poll, before the next packet, when it no longer serves. */
static void
nf_give_back(struct world_nf *nf, uint32_t index)
{
	struct slim_worker *w = nf->workers[index];

	for (uint16_t port = 0; port < WORLD_PORTS && !slim_owns(w, (uint8_t)index); port++) {
		uint16_t n = slim_return(w, port, nf->kept[index][port], nf->n_kept[index][port]);

		atomic_fetch_add(&nf->returned, n);
		nf->n_kept[index][port] -= n;
	}
}

static void
nf_receive(struct world_nf *nf, uint32_t index, uint16_t port)
{
	struct slim_worker *w = nf->workers[index];
	struct rte_mbuf *pkts[BURST];
	uint16_t n = slim_rx_burst(w, port, pkts, BURST);

	if (nf->world->config.keep && slim_owns(w, (uint8_t)index)) {
		for (uint16_t i = 0; i < n; i++)
			nf_keep(nf, index, port, pkts[i]);
		if (n == 0)
			nf_keep(nf, index, port, NULL);
		return;
	}
	for (uint16_t i = 0; i < n; i++)
		nf_hand_on(nf, w, pkts[i]);
}

/* rte_ring_free_count(), but with loads that TSan knows as atomic. This side alone enqueues. */
static uint32_t
room_in(const struct rte_ring *ring)
{
	return ring->capacity + __atomic_load_n(&ring->cons.tail, __ATOMIC_RELAXED) -
	       __atomic_load_n(&ring->prod.head, __ATOMIC_RELAXED);
}

/* Handles what other workers have handed over, as far as it can be sent. True: all of it. */
static bool
nf_work(struct world_nf *nf, uint32_t index)
{
	struct rte_mbuf *pkts[BURST];
	bool all = true;

	for (uint32_t from = 0; from < nf->n_workers; from++) {
		unsigned int left, n;

		if (room_in(nf->tx[0][index]) < 8 || room_in(nf->tx[1][index]) < 8)
			return false;
		n = rte_ring_dequeue_burst(nf->hand[from][index], (void **)pkts, 8, &left);
		for (unsigned int i = 0; i < n; i++)
			nf_process(nf, nf->workers[index], pkts[i]);
		all = all && left == 0;
	}
	return all;
}

/* One step of a worker's loop, so that others may come between any two. */
static void
nf_step(struct world_nf *nf, uint32_t index)
{
	switch (nf->phase[index]++) {
	case 0:
		slim_worker_poll(nf->workers[index]);
		nf_give_back(nf, index);
		break;
	case 1:
		nf_receive(nf, index, 0);
		break;
	case 2:
		nf_receive(nf, index, 1);
		break;
	case 3:
		nf->idle[index] = nf_work(nf, index);
		break;
	default:
		slim_commit(nf->workers[index], nf->idle[index]);
		nf->phase[index] = 0;
		break;
	}
}

/* ---- the switch ------------------------------------------------------------------- */

static void
line_put(struct world *w, struct world_line *line, struct rte_mbuf *m)
{
	if (line->tail - line->head == WORLD_LINE) {
		atomic_fetch_add(&w->switch_drops, 1);
		rte_pktmbuf_free(m);
		return;
	}
	line->pkts[line->tail % WORLD_LINE] = m;
	line->due[line->tail % WORLD_LINE] = w->step + line->delay;
	line->tail++;
}

static struct rte_mbuf *
line_take(struct world *w, struct world_line *line)
{
	if (line->head == line->tail || line->due[line->head % WORLD_LINE] > w->step)
		return NULL;
	return line->pkts[line->head++ % WORLD_LINE];
}

static uint16_t
type_of(const struct rte_mbuf *m, uint32_t at)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);

	return (uint16_t)(p[at] << 8 | p[at + 1]);
}

static uint32_t
tags_size(const struct rte_mbuf *m)
{
	uint32_t size = 0;

	while (type_of(m, 12 + size) == RTE_ETHER_TYPE_VLAN)
		size += RTE_VLAN_HLEN;
	return size;
}

static bool
is_redirected(const struct rte_mbuf *m)
{
	return type_of(m, 12) == RTE_ETHER_TYPE_VLAN && (type_of(m, 14) & 0xfff) != OWN_VID;
}

/* Which receive queue: plain packets by flow, tagged ones differently, frames anyhow. */
static uint32_t
queue_of(struct world *w, const struct rte_mbuf *m, uint32_t n_queues)
{
	const uint8_t *bytes = rte_pktmbuf_mtod(m, const uint8_t *);
	bool tagged = is_redirected(m);
	struct packet p;

	if (type_of(m, 12 + tags_size(m)) == SLIM_ETHERTYPE)
		return harness_below(&w->random, n_queues);
	memcpy(&p.flow, bytes + offsetof(struct packet, flow) + tags_size(m), sizeof(p.flow));
	return (tagged ? p.flow / 5 + 1 : p.flow / 3) % n_queues;
}

static void
deliver(struct world *w, struct world_line *line, struct world_nf *nf, uint32_t port)
{
	struct rte_mbuf *m;

	while ((m = line_take(w, line)) != NULL) {
		if (rte_ring_enqueue(nf->rx[port][queue_of(w, m, nf->n_rx_queues)], m) != 0) {
			atomic_fetch_add(&w->switch_drops, 1);
			rte_pktmbuf_free(m);
		}
	}
}

static void
ledger(struct world *w, struct rte_mbuf *m)
{
	bool good = take_own_tag(w, m);
	const struct packet *p = rte_pktmbuf_mtod(m, const struct packet *);

	if (!good || !is_packet(m)) {
		atomic_fetch_add(&w->tagged_out, 1);
	} else {
		if (p->number != w->seen_next[p->flow][p->direction])
			atomic_fetch_add(&w->reordered, 1);
		if (p->number < w->seen_next[p->flow][p->direction])
			atomic_fetch_add(&w->overtaken, 1);
		w->seen_next[p->flow][p->direction] = p->number + 1;
		atomic_fetch_add(&w->received, 1);
	}
	rte_pktmbuf_free(m);
}

/* Where a frame goes that an instance has sent. */
static void
forward(struct world *w, struct world_nf *nf, uint32_t port, uint32_t queue, struct rte_mbuf *m)
{
	bool tagged = is_redirected(m);
	bool ours = type_of(m, 12 + tags_size(m)) == SLIM_ETHERTYPE;

	if (ours && harness_below(&w->random, 256) < w->config.frame_loss) {
		rte_pktmbuf_free(m);
		return;
	}
	if (tagged && nf->number == WORLD_SOURCE && (type_of(m, 14) & 0xfff) == vids[port])
		line_put(w, &w->redirect[port][queue], m);
	else if (ours && nf->number == WORLD_TARGET)
		line_put(w, &w->way[WORLD_SOURCE][port], m);
	else
		ledger(w, m);
}

static void
collect(struct world *w, struct world_nf *nf)
{
	struct rte_mbuf *pkts[BURST];

	for (uint32_t port = 0; port < WORLD_PORTS; port++) {
		uint32_t first = harness_below(&w->random, nf->n_workers);

		for (uint32_t i = 0; i < nf->n_workers; i++) {
			uint32_t queue = (first + i) % nf->n_workers;
			unsigned int n = rte_ring_dequeue_burst(nf->tx[port][queue], (void **)pkts,
								BURST, NULL);

			for (unsigned int k = 0; k < n; k++)
				forward(w, nf, port, queue, pkts[k]);
		}
	}
}

static void
draw_flips(struct world *w)
{
	if (w->flip_drawn && w->step > w->flipped_by)
		atomic_store_explicit(&w->fresh, 1, memory_order_release);
	if (w->flip_drawn || atomic_load_explicit(&w->flip, memory_order_acquire) == 0)
		return;
	w->flipped_by = w->step + w->config.lag_steps;
	for (uint32_t f = 0; f < WORLD_FLOWS; f++) {
		for (uint32_t d = 0; d < WORLD_PORTS; d++)
			w->flip_at[f][d] =
				w->step + harness_below(&w->random, w->config.lag_steps + 1);
	}
	w->flip_drawn = true;
}

static void
perimeter_send(struct world *w)
{
	uint32_t flow = harness_below(&w->random, WORLD_FLOWS);
	uint32_t d = harness_below(&w->random, WORLD_PORTS);
	uint32_t nf = w->flip_drawn && w->step >= w->flip_at[flow][d] ? WORLD_TARGET : WORLD_SOURCE;
	struct rte_mbuf *m = rte_pktmbuf_alloc(harness_pool());
	struct packet *p;

	if (m == NULL)
		return;
	p = (struct packet *)rte_pktmbuf_append(m, 60);
	memset(p, 0, 60);
	p->eth.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	p->flow = flow;
	p->direction = d;
	p->number = w->sent_next[flow][d]++;
	put_own_tag(w, &m);
	line_put(w, &w->way[nf][d], m);
	atomic_fetch_add(&w->sent, 1);
}

static void
switch_round(struct world *w)
{
	uint32_t n = harness_below(&w->random, 8);

	w->step++;
	draw_flips(w);
	while (n-- > 0 && atomic_load(&w->sent) < w->config.n_packets &&
	       atomic_load(&w->sent) - atomic_load(&w->received) < WORLD_WINDOW &&
	       atomic_load(&w->quiet) == 0)
		perimeter_send(w);
	for (uint32_t nf = 0; nf < WORLD_NFS; nf++) {
		collect(w, &w->nfs[nf]);
		for (uint32_t port = 0; port < WORLD_PORTS; port++)
			deliver(w, &w->way[nf][port], &w->nfs[nf], port);
	}
	for (uint32_t port = 0; port < WORLD_PORTS; port++) {
		for (uint32_t q = 0; q < w->nfs[WORLD_SOURCE].n_workers; q++)
			deliver(w, &w->redirect[port][q], &w->nfs[WORLD_TARGET], port);
	}
}

/* ---- start and end -------------------------------------------------------------------- */

static struct rte_ring *
new_ring(unsigned int size)
{
	char name[32];
	struct rte_ring *ring;

	snprintf(name, sizeof(name), "w%u", serial++);
	ring = rte_ring_create(name, size, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	assert_non_null(ring);
	return ring;
}

static uint32_t
tx_ring_size(const struct world *w)
{
	return w->config.tx_ring_size != 0 ? w->config.tx_ring_size : TX_RING_SIZE;
}

static uint16_t
new_port(struct world_nf *nf, uint32_t p)
{
	const struct rte_eth_conf conf = {0};
	char name[32];
	int id;

	for (uint32_t q = 0; q < nf->n_rx_queues; q++)
		nf->rx[p][q] = new_ring(RING_SIZE);
	for (uint32_t q = 0; q < nf->n_workers; q++)
		nf->tx[p][q] = new_ring(tx_ring_size(nf->world));
	snprintf(name, sizeof(name), "world%u", serial++);
	id = rte_eth_from_rings(name, nf->rx[p], nf->n_rx_queues, nf->tx[p], nf->n_workers, 0);
	assert_true(id >= 0);
	assert_int_equal(rte_eth_dev_configure((uint16_t)id, (uint16_t)nf->n_rx_queues,
					       (uint16_t)nf->n_workers, &conf),
			 0);
	for (uint16_t q = 0; q < nf->n_rx_queues; q++)
		assert_int_equal(
			rte_eth_rx_queue_setup((uint16_t)id, q, RING_SIZE, 0, NULL, harness_pool()),
			0);
	for (uint16_t q = 0; q < nf->n_workers; q++)
		assert_int_equal(rte_eth_tx_queue_setup((uint16_t)id, q,
							(uint16_t)tx_ring_size(nf->world), 0, NULL),
				 0);
	assert_int_equal(rte_eth_dev_start((uint16_t)id), 0);
	harness_instrument_port((uint16_t)id, nf->rx[p], nf->tx[p]);
	if (nf->world->config.vector && nf->number == WORLD_TARGET)
		harness_vector_port((uint16_t)id, nf->rx[p]);
	return (uint16_t)id;
}

static void
start_nf(struct world *w, uint32_t number)
{
	struct world_nf *nf = &w->nfs[number];
	struct slim_port_config ports[WORLD_PORTS] = {{.name = "inside"}, {.name = "outside"}};
	struct slim_agent_config config = {.name = number == WORLD_SOURCE ? "source" : "target",
					   .service = "test",
					   .kind = "slim-test",
					   .version = "1",
					   .identity = "",
					   .active = number == WORLD_SOURCE,
					   .n_ports = WORLD_PORTS,
					   .ports = ports,
					   .hold_capacity = w->config.hold_capacity,
					   .frame_pool = harness_pool()};
	struct slim_table_config table = {.name = "flows",
					  .capacity = WORLD_CAPACITY,
					  .entry_size = sizeof(struct world_entry),
					  .n_fields = RTE_DIM(fields),
					  .fields = fields,
					  .ops = &ops,
					  .ctx = nf};

	nf->world = w;
	nf->number = number;
	nf->n_workers = w->config.n_workers[number];
	nf->n_rx_queues = w->config.n_rx_queues[number];
	config.n_workers = (uint16_t)nf->n_workers;
	for (uint32_t p = 0; p < WORLD_PORTS; p++) {
		nf->port_ids[p] = new_port(nf, p);
		ports[p].port_id = nf->port_ids[p];
		ports[p].n_rx_queues = (uint16_t)nf->n_rx_queues;
	}
	for (uint32_t i = 0; i < nf->n_workers; i++) {
		for (uint32_t j = 0; j < nf->n_workers; j++)
			nf->hand[i][j] = new_ring(RING_SIZE);
	}
	assert_int_equal(slim_agent_create(&config, &nf->agent), 0);
	assert_int_equal(slim_table_create(nf->agent, &table, &nf->table), 0);
	assert_int_equal(slim_agent_start(nf->agent), 0);
	for (uint16_t i = 0; i < nf->n_workers; i++)
		nf->workers[i] = slim_agent_worker(nf->agent, i);
	nf->shm = harness_shm_of(nf->agent);
}

static void
line_start(struct world_line *line, uint32_t delay)
{
	line->pkts = calloc(WORLD_LINE, sizeof(*line->pkts));
	line->due = calloc(WORLD_LINE, sizeof(*line->due));
	line->delay = delay;
	assert_non_null(line->pkts);
	assert_non_null(line->due);
}

static void *
nf_thread(void *arg)
{
	uintptr_t id = (uintptr_t)arg;
	struct world_nf *nf = (struct world_nf *)(id & ~(uintptr_t)7);

	rte_thread_register();
	while (atomic_load_explicit(&nf->world->stop, memory_order_acquire) == 0) {
		nf_step(nf, id & 7);
		sched_yield();
	}
	rte_thread_unregister();
	return NULL;
}

static void *
switch_thread(void *arg)
{
	struct world *w = arg;

	rte_thread_register();
	while (atomic_load_explicit(&w->stop, memory_order_acquire) == 0) {
		switch_round(w);
		sched_yield();
	}
	rte_thread_unregister();
	return NULL;
}

static void
start_threads(struct world *w)
{
	for (uint32_t nf = 0; nf < WORLD_NFS; nf++) {
		for (uint32_t i = 0; i < w->nfs[nf].n_workers; i++)
			assert_int_equal(pthread_create(&w->threads[w->n_threads++], NULL,
							nf_thread,
							(void *)((uintptr_t)&w->nfs[nf] | i)),
					 0);
	}
	assert_int_equal(pthread_create(&w->threads[w->n_threads++], NULL, switch_thread, w), 0);
}

void
world_start(struct world *w, const struct world_config *config)
{
	memset(w, 0, sizeof(*w));
	w->config = *config;
	w->random.state = config->seed;
	w->deadline_ns = harness_real_ns() + DEADLINE_NS;
	w->now_ns = config->threads ? 0 : UINT64_C(1000000000);
	harness_set_time(w->now_ns);
	for (uint32_t nf = 0; nf < WORLD_NFS; nf++) {
		start_nf(w, nf);
		for (uint32_t p = 0; p < WORLD_PORTS; p++)
			line_start(&w->way[nf][p], config->delay[nf]);
	}
	for (uint32_t p = 0; p < WORLD_PORTS; p++) {
		for (uint32_t q = 0; q < WORLD_MAX_WORKERS; q++)
			line_start(&w->redirect[p][q], config->redirect_delay * (1 + q));
	}
	for (uint32_t i = 0; i < RTE_DIM(w->slowness); i++)
		w->slowness[i] = 1 + harness_below(&w->random, 1 + config->slowness);
	if (config->threads)
		start_threads(w);
}

static void
free_ring(struct rte_ring *ring)
{
	void *m;

	while (rte_ring_dequeue(ring, &m) == 0)
		rte_pktmbuf_free(m);
	rte_ring_free(ring);
}

static void
line_end(struct world_line *line)
{
	while (line->head != line->tail)
		rte_pktmbuf_free(line->pkts[line->head++ % WORLD_LINE]);
	free(line->pkts);
	free(line->due);
}

static void
end_ports(struct world_nf *nf)
{
	for (uint32_t p = 0; p < WORLD_PORTS; p++) {
		rte_eth_dev_stop(nf->port_ids[p]);
		rte_eth_dev_close(nf->port_ids[p]);
		for (uint32_t q = 0; q < nf->n_rx_queues; q++)
			free_ring(nf->rx[p][q]);
		for (uint32_t q = 0; q < nf->n_workers; q++)
			free_ring(nf->tx[p][q]);
	}
	for (uint32_t i = 0; i < nf->n_workers; i++) {
		for (uint32_t j = 0; j < nf->n_workers; j++)
			free_ring(nf->hand[i][j]);
		for (uint32_t p = 0; p < WORLD_PORTS; p++)
			rte_pktmbuf_free_bulk(nf->kept[i][p], nf->n_kept[i][p]);
	}
}

/* As slim.h says: when no port has anything any more. */
static void
end_agents(struct world *w)
{
	char names[WORLD_NFS][RTE_MEMPOOL_NAMESIZE] = {"", ""};

	for (uint32_t nf = 0; nf < WORLD_NFS; nf++)
		if (w->nfs[nf].agent != NULL)
			strcpy(names[nf], w->nfs[nf].agent->frames->name);
	for (uint32_t nf = 0; nf < WORLD_NFS; nf++)
		slim_agent_destroy(w->nfs[nf].agent);
	for (uint32_t nf = 0; nf < WORLD_NFS; nf++)
		assert_null(rte_mempool_lookup(names[nf]));
}

/* Also checks that no packet and no frame has leaked. */
void
world_end(struct world *w)
{
	atomic_store_explicit(&w->stop, 1, memory_order_release);
	for (uint32_t i = 0; i < w->n_threads; i++)
		pthread_join(w->threads[i], NULL);
	for (uint32_t nf = 0; nf < WORLD_NFS; nf++) {
		end_ports(&w->nfs[nf]);
		for (uint32_t p = 0; p < WORLD_PORTS; p++)
			line_end(&w->way[nf][p]);
	}
	for (uint32_t p = 0; p < WORLD_PORTS; p++) {
		for (uint32_t q = 0; q < WORLD_MAX_WORKERS; q++)
			line_end(&w->redirect[p][q]);
	}
	end_agents(w);
	harness_set_time(0);
	assert_int_equal(rte_mempool_in_use_count(harness_pool()), 0);
}

/* ---- running -------------------------------------------------------------------------- */

void
world_pump(struct world *w)
{
	uint32_t n = w->nfs[0].n_workers + w->nfs[1].n_workers;
	uint32_t actor;

	if (w->config.threads ? harness_real_ns() > w->deadline_ns : w->n_pumps++ == MAX_PUMPS)
		fail_msg("the world stands still");
	if (!w->slimd_silent)
		world_beat(w);
	if (w->config.threads) {
		sched_yield();
		return;
	}
	harness_set_time(w->now_ns += STEP_NS);
	actor = harness_below(&w->random, n + 2);
	if (actor < n && harness_below(&w->random, w->slowness[actor]) != 0)
		return;
	if (actor >= n)
		switch_round(w);
	else if (actor < w->nfs[0].n_workers)
		nf_step(&w->nfs[0], actor);
	else
		nf_step(&w->nfs[1], actor - w->nfs[0].n_workers);
}

void
world_send_until(struct world *w, uint32_t n)
{
	/* A window that losses have filled up stays shut: then this is all there is. */
	WORLD_WAIT(w, atomic_load(&w->sent) >= n ||
			      atomic_load(&w->sent) - atomic_load(&w->received) >= WORLD_WINDOW);
}

void
world_drain(struct world *w)
{
	uint64_t quiet_since = harness_now_ns();
	uint32_t received = atomic_load(&w->received);

	/* Lost packets never come: so "all is here", or nothing has come for 30 ms of running. */
	while (atomic_load(&w->received) != atomic_load(&w->sent) &&
	       harness_now_ns() - quiet_since < UINT64_C(30000000)) {
		for (int i = 0; i < 100; i++)
			world_pump(w);
		if (received != atomic_load(&w->received)) {
			received = atomic_load(&w->received);
			quiet_since = harness_now_ns();
		}
	}
}

/* ---- the mover -------------------------------------------------------------------------- */

void
world_set_hold_word(struct world *w, enum slim_hold_word word)
{
	atomic_store_explicit(&w->nfs[WORLD_SOURCE].shm.control->gate.hold_word, word,
			      memory_order_release); /* P9 */
}

uint32_t
world_hold_word(const struct world *w)
{
	return atomic_load_explicit(&w->nfs[WORLD_SOURCE].shm.control->gate.hold_word,
				    memory_order_acquire); /* P9 */
}

void
world_beat(struct world *w)
{
	for (uint32_t nf = 0; nf < WORLD_NFS; nf++)
		atomic_store_explicit(&w->nfs[nf].shm.control->gate.slimd_heartbeat_ns,
				      harness_now_ns(), memory_order_relaxed);
}

uint32_t
world_command(struct world *w, uint32_t nf, enum slim_gate_mode mode, uint32_t track)
{
	struct slim_shm_command *c = &w->command[nf];

	world_beat(w);
	c->mode = mode;
	c->track = track;
	c->n_ports = WORLD_PORTS;
	c->session = SESSION;
	c->nonce = NONCE;
	c->hold_limit_ns = w->config.hold_limit_ns;
	c->watch = 1;
	c->is_source = nf == WORLD_SOURCE;
	c->peer_workers = w->nfs[nf ^ 1].n_workers;
	c->fault = w->config.fault;
	for (uint32_t p = 0; p < WORLD_PORTS; p++)
		c->ports[p].redirect_vid = vids[p];
	return harness_command(&w->nfs[nf].shm, c);
}

void
world_command_wait(struct world *w, uint32_t nf, enum slim_gate_mode mode, uint32_t track)
{
	uint32_t epoch = world_command(w, nf, mode, track);

	WORLD_WAIT(w, harness_all_acked(&w->nfs[nf].shm, epoch));
}

static void
put(struct world *w, enum slim_install_op op, uint8_t bucket, uint32_t slot,
    const struct world_entry *row)
{
	struct world_nf *target = &w->nfs[WORLD_TARGET];
	uint32_t worker = target->shm.info->bucket_worker[bucket];

	WORLD_WAIT(w, harness_install(&target->shm, worker, op, 0, bucket, slot, row,
				      row != NULL ? sizeof(*row) : 0));
	w->rows_sent++;
}

/* Sends what the source's slot holds now. */
static void
send_slot(struct world *w, uint32_t slot)
{
	struct world_entry row;
	uint8_t bucket;
	bool used;

	harness_read_slot(&w->nfs[WORLD_SOURCE].shm, 0, slot, &row, &used, &bucket);
	if (w->row_known[slot] && (!used || bucket != w->row_bucket[slot]))
		put(w, SLIM_INSTALL_DEL, w->row_bucket[slot], slot, NULL);
	if (used)
		put(w, SLIM_INSTALL_PUT, bucket, slot, &row);
	w->row_known[slot] = used;
	w->row_bucket[slot] = bucket;
}

void
world_sync(struct world *w)
{
	uint32_t slot;

	while ((slot = harness_take_dirty(&w->nfs[WORLD_SOURCE].shm, 0)) != SLIM_NO_SLOT)
		send_slot(w, slot);
}

void
world_prepare(struct world *w)
{
	const struct slim_shm_info *info = w->nfs[WORLD_SOURCE].shm.info;

	world_command_wait(w, WORLD_TARGET, SLIM_GATE_RECEIVE, 1);
	world_command_wait(w, WORLD_SOURCE, SLIM_GATE_PASS, 0);
	for (uint32_t p = 0; p < WORLD_PORTS; p++)
		WORLD_WAIT(w, atomic_load(&info->ports[p].probed) == 1);
}

void
world_copy(struct world *w)
{
	world_command_wait(w, WORLD_SOURCE, SLIM_GATE_PASS, 1);
	for (uint32_t slot = 0; slot < WORLD_CAPACITY; slot++) {
		send_slot(w, slot);
		world_pump(w);
	}
	for (int i = 0; i < 20; i++) {
		world_sync(w);
		world_pump(w);
	}
}

/* Every write is in a slot that was sent: sum of sequences against sum of writes. */
static void
check_writes(struct world *w)
{
	struct world_nf *nf = &w->nfs[WORLD_SOURCE];
	struct world_entry row;
	uint32_t seqs = 0, writes = 0;
	uint8_t bucket;
	bool used;

	for (uint32_t slot = 0; slot < WORLD_CAPACITY; slot++)
		seqs += harness_read_slot(&nf->shm, 0, slot, &row, &used, &bucket) / 2;
	for (uint32_t i = 0; i < nf->n_workers; i++)
		writes += (uint32_t)atomic_load(&nf->shm.info->workers[i].writes[0]);
	assert_int_equal(seqs & 0x7fffffff, writes & 0x7fffffff);
}

void
world_hold(struct world *w)
{
	world_set_hold_word(w, SLIM_HOLD_HOLDING);
	world_command_wait(w, WORLD_SOURCE, SLIM_GATE_HOLD, 1);
	world_sync(w);
	check_writes(w);
}

static void
check_tables_agree(struct world *w)
{
	assert_int_equal(world_used(&w->nfs[WORLD_SOURCE]), world_used(&w->nfs[WORLD_TARGET]));
	for (uint32_t flow = 0; flow < WORLD_FLOWS; flow++) {
		struct world_entry a, b;
		bool has = world_entry(&w->nfs[WORLD_SOURCE], flow, &a);

		assert_int_equal(world_entry(&w->nfs[WORLD_TARGET], flow, &b), has);
		if (!has)
			continue;
		assert_memory_equal(a.next, b.next, sizeof(a.next));
		assert_int_equal(a.packets, b.packets);
		assert_int_equal(b.home, 0);
	}
}

static bool
marks_are_here(const struct world *w)
{
	uint32_t all = (1u << w->nfs[WORLD_SOURCE].n_workers) - 1;

	for (uint32_t p = 0; p < WORLD_PORTS; p++) {
		if (atomic_load_explicit(&w->nfs[WORLD_TARGET].shm.info->ports[p].marks,
					 memory_order_acquire) != all)
			return false;
	}
	return true;
}

void
world_send_end(struct world *w)
{
	uint32_t word = SLIM_HOLD_HOLDING;

	assert_true(
		atomic_compare_exchange_strong(&w->nfs[WORLD_SOURCE].shm.control->gate.hold_word,
					       &word, SLIM_HOLD_END_SENT)); /* P9 */
}

void
world_hand_over(struct world *w)
{
	world_send_end(w);
	WORLD_WAIT(w, harness_install_done(&w->nfs[WORLD_TARGET].shm));
	WORLD_WAIT(w, marks_are_here(w));
	check_tables_agree(w);
	world_command_wait(w, WORLD_TARGET, SLIM_GATE_SERVE, 0);
	WORLD_WAIT(w, world_hold_word(w) == SLIM_HOLD_TAKEN);
	assert_true(atomic_load(&w->nfs[WORLD_SOURCE].shm.info->taken_ns) != 0 ||
		    w->config.threads);
	world_command_wait(w, WORLD_SOURCE, SLIM_GATE_REDIRECT, 0);
}

static void
run_round(struct world *w)
{
	struct harness_shm *shm = &w->nfs[WORLD_TARGET].shm;
	uint32_t round = atomic_load(&shm->control->gate.round_request) + 1;

	atomic_store(&shm->control->gate.round_request, round);
	for (uint32_t p = 0; p < WORLD_PORTS; p++)
		WORLD_WAIT(w, atomic_load(&shm->info->ports[p].rounds_done) == round);
}

void
world_steer(struct world *w)
{
	uint64_t before;

	atomic_store_explicit(&w->flip, 1, memory_order_release);
	WORLD_WAIT(w, atomic_load_explicit(&w->fresh, memory_order_acquire) != 0);
	do {
		before = WORLD_COUNTER(&w->nfs[WORLD_SOURCE], redirected);
		run_round(w);
	} while (WORLD_COUNTER(&w->nfs[WORLD_SOURCE], redirected) != before);
}

void
world_finish(struct world *w)
{
	world_command_wait(w, WORLD_TARGET, SLIM_GATE_PASS, 0);
	world_command_wait(w, WORLD_SOURCE, SLIM_GATE_CLOSED, 0);
	w->command[WORLD_SOURCE].wipe = 1;
	world_command_wait(w, WORLD_SOURCE, SLIM_GATE_CLOSED, 0);
	w->command[WORLD_SOURCE].wipe = 0;
}

void
world_move(struct world *w)
{
	world_prepare(w);
	world_copy(w);
	world_hold(w);
	world_hand_over(w);
	world_steer(w);
	world_finish(w);
}

/* ---- looking ------------------------------------------------------------------------------ */

uint64_t
world_sum(const struct world_nf *nf, size_t offset)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < nf->n_workers; i++) {
		const uint8_t *counters = (const uint8_t *)&nf->shm.info->workers[i].counters;

		sum += atomic_load_explicit(
			(const _Atomic uint64_t *)(const void *)(counters + offset),
			memory_order_relaxed);
	}
	return sum;
}

uint32_t
world_used(const struct world_nf *nf)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < nf->n_workers; i++)
		sum += atomic_load_explicit(&nf->shm.info->workers[i].used[0],
					    memory_order_relaxed);
	return sum;
}

bool
world_entry(const struct world_nf *nf, uint32_t flow, struct world_entry *ret)
{
	uint32_t slot = find_slot(nf, flow);
	uint8_t bucket;
	bool used;

	if (slot == SLIM_NO_SLOT)
		return false;
	harness_read_slot(&nf->shm, 0, slot, ret, &used, &bucket);
	return used && ret->flow == flow;
}
