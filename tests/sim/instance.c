/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An instance: the real agent, and a small NF around it that forwards port 0 <-> port 1. Per
 * connection it keeps a row that depends on every packet and on their order. Packets of a connection
 * are handled by the worker that owns its bucket; other workers hand them over.
 *
 * Workers run as steps of their loop (poll, one port, the other, work, commit), in any order, with
 * pauses as the operating system likes. A packet wakes them, and a word of slimd does.
 */
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "agent.h"
#include "slim_command.h"

#define BURST 8u
#define LULL_NS MS(50)

struct entry {
	uint32_t key;
	uint32_t count;
	uint32_t hash;
	uint32_t unused;
	uint64_t born;    /* time */
	uint64_t packets; /* lazy, sum */
	uint64_t home;    /* local */
};

static const struct slim_field fields[] = {
	SLIM_FIELD_KEY(struct entry, key, SLIM_U32),
	SLIM_FIELD_STATE(struct entry, count, SLIM_U32),
	SLIM_FIELD_STATE(struct entry, hash, SLIM_U32),
	SLIM_FIELD_STATE(struct entry, born, SLIM_TIME),
	SLIM_FIELD_LAZY(struct entry, packets, SLIM_COUNTER, SLIM_MERGE_SUM),
	SLIM_FIELD_LOCAL(struct entry, home, SLIM_U64),
};

static struct world *
world_of(const struct instance *inst)
{
	return inst->service->world;
}

static struct host *
host_of(const struct instance *inst)
{
	return &world_of(inst)->hosts[inst->side];
}

/* ---- rows that arrive ------------------------------------------------------------------------ */

static uint32_t
find_room(struct instance *inst, uint32_t key)
{
	/* The two instances put a connection into different slots. */
	uint32_t at = key * (inst->side == 0 ? 5u : 3u) + inst->side * 7u;

	if (inst->slot_of[key] != 0)
		return inst->slot_of[key] - 1;
	for (uint32_t i = 0; i < inst->n_slots; i++) {
		uint32_t slot = (at + i) % inst->n_slots;

		if (inst->slot_used[slot])
			continue;
		inst->slot_used[slot] = true;
		inst->slot_of[key] = slot + 1;
		return slot;
	}
	return SLIM_NO_SLOT;
}

static void
give_up_room(struct instance *inst, uint32_t key)
{
	if (inst->slot_of[key] != 0)
		inst->slot_used[inst->slot_of[key] - 1] = false;
	inst->slot_of[key] = 0;
}

static uint32_t
on_acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	struct instance *inst = ctx;
	uint32_t number;

	(void)w;
	(void)bucket;
	memcpy(&number, key, sizeof(number));
	if (number >= SIM_MAX_CONNECTIONS)
		return SLIM_NO_SLOT;
	if (inst->refuse_rows > 0) {
		inst->refuse_rows--;
		return SLIM_NO_SLOT;
	}
	return find_room(inst, number);
}

static void
on_installed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	struct instance *inst = ctx;
	struct entry *e = (struct entry *)(uintptr_t)entry;

	(void)w;
	(void)slot;
	if (inst->spoil_rows)
		e->hash ^= 1;
}

static void
on_removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	const struct entry *e = entry;

	(void)w;
	(void)slot;
	give_up_room(ctx, e->key);
}

static const struct slim_table_ops table_ops = {
	.acquire = on_acquire, .installed = on_installed, .removed = on_removed};

/* ---- ports --------------------------------------------------------------------------------------- */

uint16_t
instance_rx(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct queue *q = queue;
	struct world *w = world_of(q->instance);
	uint16_t got = 0;

	n = (uint16_t)(n - n % q->instance->rx_floor);
	while (got < n && q->rx.n > 0) {
		uint32_t p = fifo_pop(w, &q->rx);
		struct rte_mbuf *m = w->packets[p].m;

		/* Frames are the agent's; the number of a packet stays with its mbuf. */
		if (w->packets[p].frame != 0) {
			w->packets[p].m = NULL;
			eal_set_number(m, SIM_NONE);
			packet_free(w, p);
		}
		pkts[got++] = m;
	}
	return got;
}

/* On the wire everything is of one kind: a frame out of the agent's own pool is copied, as a device
 * copies it. NULL: no memory. */
static struct rte_mbuf *
onto_wire(struct rte_mbuf *m)
{
	struct rte_mbuf *copy;

	if (m->pool == eal_pool())
		return m;
	copy = rte_pktmbuf_copy(m, eal_pool(), 0, UINT32_MAX);
	if (copy != NULL)
		rte_pktmbuf_free(m);
	return copy;
}

uint16_t
instance_tx(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct queue *q = queue;
	struct world *w = world_of(q->instance);
	uint16_t sent = 0;

	while (sent < n && q->tx_inflight < q->instance->tx_limit) {
		struct rte_mbuf *m = onto_wire(pkts[sent]);
		uint32_t p;

		if (m == NULL)
			break;
		sent++;
		p = eal_number(m);
		if (p == SIM_NONE) {
			p = packet_new(w);
			w->packets[p].m = m;
			w->packets[p].service = q->instance->service->number;
			eal_set_number(m, p);
		}
		w->packets[p].frame = eal_sort(m, &w->packets[p].tagged);
		w->packets[p].port = q->port;
		q->tx_inflight++;
		switch_send(q->instance, q->number, q->port, p);
	}
	return sent;
}

/* ---- what the agent dropped ----------------------------------------------------------------------------- */

static uint64_t
count_overflow(const struct instance *inst, uint32_t index)
{
	const struct slim_shm_counters *c = &inst->info->workers[index].counters;

	return atomic_load_explicit(&c->hold_overflow, memory_order_relaxed) +
	       atomic_load_explicit(&c->queue_overflow, memory_order_relaxed);
}

/* Dropped in this step of a worker; what for, its counters say afterwards. */
static uint32_t lost[SIM_MAX_PACKETS];
static uint32_t n_lost;

void
instance_lost(struct world *w, uint32_t p)
{
	if (w == NULL)
		return;
	w->packets[p].m = NULL;
	if (w->over)
		return;
	if (n_lost < sizeof(lost) / sizeof(lost[0]))
		lost[n_lost++] = p;
	else
		violation(w, "too many packets are dropped at once");
}

static const char *
mode_text(const struct instance *inst, uint32_t index)
{
	static const char *const texts[] = {
		[0] = "the gate is odd",
		[SLIM_GATE_PASS] = "the gate passes",
		[SLIM_GATE_CLOSED] = "the gate is closed",
		[SLIM_GATE_HOLD] = "the gate holds",
		[SLIM_GATE_REDIRECT] = "the gate redirects",
		[SLIM_GATE_RECEIVE] = "the gate receives rows",
		[SLIM_GATE_SERVE] = "the gate serves",
	};
	uint32_t mode =
		atomic_load_explicit(&inst->info->workers[index].mode, memory_order_relaxed);

	return texts[mode <= SLIM_GATE_SERVE ? mode : 0];
}

static void
judge_lost(struct instance *inst, uint32_t index)
{
	struct nf_thread *t = &inst->threads[index];
	uint64_t overflow = count_overflow(inst, index);
	uint64_t n = overflow - t->lost_seen;

	t->lost_seen = overflow;
	for (uint32_t i = 0; i < n_lost; i++) {
		if (i < n)
			oracle_overflow(inst->service);
		else
			oracle_dropped(inst->service, lost[i], mode_text(inst, index), false);
		packet_free(world_of(inst), lost[i]);
	}
	n_lost = 0;
}

/* ---- packets of the service --------------------------------------------------------------------------------- */

static void
write_row(struct instance *inst, struct slim_worker *worker, uint32_t slot, struct packet *packet,
	  bool is_new)
{
	struct entry *e = slim_slot_begin(worker, inst->table, slot);
	struct row row;

	if (is_new)
		*e = (struct entry){
			.key = packet->flow / 2u, .born = agent_now_ns(), .home = inst->side + 1u};
	row = (struct row){true, e->key, e->count, e->hash};
	row_update(&row, packet);
	e->count = row.count;
	e->hash = row.hash;
	e->packets++;
	slim_slot_end(worker, inst->table, slot, (uint8_t)(packet->flow / 2u));
}

static void
handle(struct instance *inst, uint32_t index, uint32_t p)
{
	struct world *w = world_of(inst);
	struct slim_worker *worker = inst->workers[index];
	struct packet *packet = &w->packets[p];
	uint32_t key = packet->flow / 2u;
	bool is_new = inst->slot_of[key] == 0;
	uint32_t slot = find_room(inst, key);
	struct rte_mbuf *m = packet->m;

	oracle_handled(inst, p);
	inst->handled++;
	write_row(inst, worker, slot, packet, is_new);
	if (packet->last) {
		slim_slot_free(worker, inst->table, slot);
		give_up_room(inst, key);
	}
	if (rte_eth_tx_burst(eal_port(inst, 1u - packet->port), worker->index, &m, 1) != 1)
		violation(w, "the simulator's NF has no room to send");
}

/* To the worker that owns the bucket. */
static void
serve(struct instance *inst, uint32_t index, struct rte_mbuf *m)
{
	struct world *w = world_of(inst);
	uint32_t p = eal_number(m), owner;
	bool tagged;

	/* A late frame of the agents, once no session watches for them: every NF drops those. */
	if (eal_sort(m, &tagged) != 0) {
		rte_pktmbuf_free(m);
		return;
	}
	/* Who serves by force may still get what the source redirects: that is lost. */
	if (tagged && p != SIM_NONE && inst->service->forced) {
		w->packets[p].m = NULL;
		eal_set_number(m, SIM_NONE);
		rte_pktmbuf_free(m);
		packet_free(w, p);
		return;
	}
	if (p == SIM_NONE || tagged) {
		violation(w, "%s: the NF gets a packet of the redirect path", inst->name);
		return;
	}
	owner = (w->packets[p].flow / 2u) % inst->n_workers;
	fifo_push(w, &inst->threads[owner].hand[index], p);
}

static void
receive(struct instance *inst, uint32_t index, uint32_t port)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t n = slim_rx_burst(inst->workers[index], (uint16_t)port, pkts, BURST);

	for (uint16_t i = 0; i < n; i++)
		serve(inst, index, pkts[i]);
	inst->threads[index].worked |= n > 0;
}

static bool
has_room(const struct instance *inst, uint32_t index)
{
	return inst->queues[0][index].tx_inflight + 2 < inst->tx_limit &&
	       inst->queues[1][index].tx_inflight + 2 < inst->tx_limit;
}

/* True: nothing is left. */
static bool
work(struct instance *inst, uint32_t index)
{
	struct nf_thread *t = &inst->threads[index];
	bool all = true;

	for (uint32_t from = 0; from < inst->n_workers; from++) {
		for (uint32_t i = 0; i < BURST && t->hand[from].n > 0 && has_room(inst, index);
		     i++) {
			handle(inst, index, fifo_pop(world_of(inst), &t->hand[from]));
			t->worked = true;
		}
		all = all && t->hand[from].n == 0;
	}
	return all;
}

/* ---- a worker's loop ------------------------------------------------------------------------------------------ */

static void step(void *ctx, uint32_t index, uint32_t unused, uint64_t serial);

static void
step_at(struct instance *inst, uint32_t index, uint64_t at)
{
	struct nf_thread *t = &inst->threads[index];

	if (at < t->stuck_until)
		at = t->stuck_until;
	t->wake_at = at;
	engine_at(world_of(inst), at, step, inst, index, 0, ++t->serial);
}

static void
wake_soon(struct instance *inst, uint32_t index)
{
	struct world *w = world_of(inst);
	uint64_t at = w->now + 1 + rnd(w, RNG_NF, inst->poll_ns);

	if (inst->alive && inst->threads[index].phase == 0 && at < inst->threads[index].wake_at)
		step_at(inst, index, at);
}

void
instance_wake(struct instance *inst)
{
	for (uint32_t i = 0; i < inst->n_workers; i++)
		wake_soon(inst, i);
}

/* What slimd could see of it, as one number. */
static uint64_t
signs_of(const struct instance *inst, uint32_t index)
{
	const struct slim_shm_worker *s = &inst->info->workers[index];
	uint64_t sum = atomic_load_explicit(&s->ack_epoch, memory_order_relaxed);

	sum = sum * 31u + atomic_load_explicit(&s->mode, memory_order_relaxed);
	sum = sum * 31u + atomic_load_explicit(&s->installed_bytes, memory_order_relaxed);
	sum = sum * 31u +
	      atomic_load_explicit(&inst->control->gate.hold_word, memory_order_relaxed);
	for (uint32_t p = 0; p < SIM_PORTS; p++) {
		const struct slim_shm_port *port = &inst->info->ports[p];

		sum = sum * 31u + atomic_load_explicit(&port->marks, memory_order_relaxed);
		sum = sum * 31u + atomic_load_explicit(&port->probed, memory_order_relaxed);
		sum = sum * 31u + atomic_load_explicit(&port->rounds_done, memory_order_relaxed);
	}
	return sum;
}

static void
end_of_loop(struct instance *inst, uint32_t index)
{
	struct world *w = world_of(inst);
	struct nf_thread *t = &inst->threads[index];
	uint64_t signs = signs_of(inst, index), pause;

	if (signs != t->signs) {
		t->signs = signs;
		note_change(w);
		host_wake(host_of(inst));
		instance_wake(inst);
	}
	t->phase = 0;
	pause = rnd_delay(w, RNG_NF, inst->poll_ns);
	if (t->worked || t->again || !t->idle)
		pause = pause / 4 + 1;
	else
		pause += lull_ns(w, LULL_NS);
	t->worked = t->again = false;
	step_at(inst, index, w->now + pause);
}

static void
do_phase(struct instance *inst, uint32_t index)
{
	struct nf_thread *t = &inst->threads[index];

	switch (t->phase++) {
	case 0:
		t->again = slim_worker_poll(inst->workers[index]) & SLIM_POLL_MORE;
		break;
	case 1:
		receive(inst, index, 0);
		break;
	case 2:
		receive(inst, index, 1);
		break;
	case 3:
		t->idle = work(inst, index);
		break;
	default:
		slim_commit(inst->workers[index], t->idle);
		end_of_loop(inst, index);
		break;
	}
}

static bool
is_at_rest(struct instance *inst, uint32_t index)
{
	const struct nf_thread *t = &inst->threads[index];

	for (uint32_t p = 0; p < SIM_PORTS; p++)
		if (inst->queues[p][index].rx.n > 0)
			return false;
	for (uint32_t from = 0; from < inst->n_workers; from++)
		if (t->hand[from].n > 0)
			return false;
	return !rnd_chance(world_of(inst), RNG_NF, 16);
}

static void
step(void *ctx, uint32_t index, uint32_t unused, uint64_t serial)
{
	struct instance *inst = ctx;
	struct nf_thread *t = &inst->threads[index];
	struct world *w = world_of(inst);
	uint8_t phase = t->phase;

	(void)unused;
	if (!inst->alive || serial != t->serial)
		return;
	if (w->now < t->stuck_until) {
		step_at(inst, index, t->stuck_until);
		return;
	}
	eal_enter(w, host_of(inst));
	do_phase(inst, index);
	/* With nothing at hand a whole loop is one step, mostly. */
	while (phase == 0 && t->phase != 0 && is_at_rest(inst, index))
		do_phase(inst, index);
	eal_enter(w, NULL);
	judge_lost(inst, index);
	if (t->phase != 0)
		step_at(inst, index, w->now + 1 + rnd(w, RNG_NF, 400));
}

void
instance_arrive(struct instance *inst, uint32_t p)
{
	struct world *w = world_of(inst);
	struct packet *packet = &w->packets[p];
	uint32_t n = inst->n_rx[packet->port], q;

	if (!inst->alive) {
		if (packet->frame == 0)
			oracle_dropped(inst->service, p, "the NF is dead", true);
		packet_free(w, p);
		return;
	}
	/* Receive-side scaling: plain packets by flow, tagged ones differently, frames anyhow. */
	if (packet->frame != 0)
		q = (uint32_t)rnd(w, RNG_NET, n);
	else
		q = (packet->tagged ? packet->flow / 5u + 1u : packet->flow / 2u) % n;
	fifo_push(w, &inst->queues[packet->port][q].rx, p);
	wake_soon(inst, q);
}

/* ---- what slimd wants ------------------------------------------------------------------------------------------ */

static uint32_t
mode_commanded(const struct instance *inst)
{
	struct slim_shm_command command;

	if (slim_command_read(&inst->control->gate, &command) == 0)
		return 0;
	return command.mode;
}

static uint64_t
sum_of_words(const struct instance *inst)
{
	const struct slim_shm_gate *g = &inst->control->gate;
	uint64_t sum = atomic_load_explicit(&g->epoch, memory_order_relaxed);

	sum = sum * 31u + atomic_load_explicit(&g->hold_word, memory_order_relaxed);
	sum = sum * 31u + atomic_load_explicit(&g->round_request, memory_order_relaxed);
	sum = sum * 31u + atomic_load_explicit(&g->source_gone, memory_order_relaxed);
	sum = sum * 31u + atomic_load_explicit(&g->path_quiet, memory_order_relaxed);
	for (uint32_t i = 0; i < inst->n_workers; i++) {
		const struct agent_worker *k = agent_worker_of(inst->workers[i]);

		sum = sum * 31u + atomic_load_explicit(&k->install->tail, memory_order_relaxed);
	}
	return sum;
}

bool
instance_look(struct instance *inst)
{
	uint64_t sum = sum_of_words(inst);
	uint32_t mode;

	if (sum == inst->command_sum)
		return false;
	inst->command_sum = sum;
	mode = mode_commanded(inst);
	if (mode == SLIM_GATE_SERVE && inst->commanded != SLIM_GATE_SERVE) {
		inst->handled = 0;
		oracle_taking_over(inst);
	}
	inst->commanded = mode;
	note_change(world_of(inst));
	instance_wake(inst);
	return true;
}

/* ---- for the judge ----------------------------------------------------------------------------------------------- */

bool
instance_may_handle(const struct instance *inst)
{
	for (uint32_t i = 0; inst->alive && i < inst->n_workers; i++) {
		uint32_t mode =
			atomic_load_explicit(&inst->info->workers[i].mode, memory_order_relaxed);

		if (mode == SLIM_GATE_PASS || mode == SLIM_GATE_SERVE)
			return true;
	}
	return false;
}

static const struct slim_slot_head *
head_at(const struct instance *inst, uint32_t slot)
{
	return (const void *)(inst->slab + (size_t)slot * inst->table->slot_size);
}

uint32_t
instance_used(const struct instance *inst)
{
	uint32_t n = 0;

	for (uint32_t slot = 0; slot < inst->n_slots; slot++)
		n += head_at(inst, slot)->used;
	return n;
}

bool
instance_row(const struct instance *inst, uint32_t key, struct row *ret)
{
	for (uint32_t slot = 0; slot < inst->n_slots; slot++) {
		const struct slim_slot_head *head = head_at(inst, slot);
		const struct entry *e = (const void *)(head + 1);

		if (!head->used || e->key != key)
			continue;
		*ret = (struct row){true, e->key, e->count, e->hash};
		return true;
	}
	return false;
}

/* ---- memory ---------------------------------------------------------------------------------------------------- */

/* What the agents share needs no descriptors here, and no system calls for each of a million agents: it
 * comes from blocks that are used again. */
#define BLOCK_SIZE (4u << 20)
#define N_BLOCKS (4u * SIM_SERVICES)

int __wrap_slim_memory_create(const char *name, size_t size, struct memory_zone *ret_zone);
void __wrap_slim_memory_keep(const struct memory_zone *zone);
void __real_slim_memory_free(struct memory_zone *zone);
void __wrap_slim_memory_free(struct memory_zone *zone);

static struct {
	_Alignas(4096) uint8_t bytes[BLOCK_SIZE];
} blocks[N_BLOCKS];
static bool block_used[N_BLOCKS];

int
__wrap_slim_memory_create(const char *name, size_t size, struct memory_zone *ret_zone)
{
	(void)name;
	size = RTE_ALIGN_CEIL(size, 4096u);
	for (uint32_t i = 0; size <= BLOCK_SIZE && i < N_BLOCKS; i++) {
		if (block_used[i])
			continue;
		block_used[i] = true;
		/* Zero when it is touched next; most of it never is. */
		if (madvise(blocks[i].bytes, size, MADV_DONTNEED) < 0)
			return -errno;
		*ret_zone = (struct memory_zone){
			.addr = blocks[i].bytes, .size = size, .page_size = 4096, .fd = -1};
		return 0;
	}
	return -ENOMEM;
}

void
__wrap_slim_memory_keep(const struct memory_zone *zone)
{
	(void)zone;
}

void
__wrap_slim_memory_free(struct memory_zone *zone)
{
	size_t at = (uintptr_t)zone->addr - (uintptr_t)blocks;

	if (at >= sizeof(blocks)) { /* also when it is below them */
		__real_slim_memory_free(zone);
		return;
	}
	block_used[at / BLOCK_SIZE] = false;
	*zone = (struct memory_zone){.fd = -1};
}

/* ---- life --------------------------------------------------------------------------------------------------------- */

void
instance_kill(struct instance *inst)
{
	if (!inst->alive)
		return;
	inst->alive = false;
	trace(world_of(inst), "%s dies", inst->name);
	/* Whoever owns takes what it holds with it. */
	inst->service->oracle.excuse_all = true;
	note_change(world_of(inst));
	host_nf_died(inst);
}

static void
draw(struct instance *inst)
{
	static const uint16_t floors[] = {1, 1, 4, 8};
	struct world *w = world_of(inst);

	inst->n_workers = (uint32_t)rnd_range(w, RNG_NF, 1, SIM_MAX_WORKERS);
	inst->n_slots = SIM_SLOTS - 6 * inst->n_workers;
	for (uint32_t p = 0; p < SIM_PORTS; p++)
		inst->n_rx[p] = (uint32_t)rnd_range(w, RNG_NF, 1, inst->n_workers);
	inst->tx_limit = (uint32_t)rnd_range(w, RNG_NF, 8, 64);
	inst->rx_floor = floors[rnd(w, RNG_NF, 4)];
	inst->poll_ns = rnd_range(w, RNG_NF, US(2), US(40));
}

static void
create(struct instance *inst, bool active)
{
	static const char *const names[SIM_PORTS] = {"p0", "p1"};
	struct slim_port_config ports[SIM_PORTS];
	struct world *w = world_of(inst);
	struct slim_agent_config config = {
		.name = inst->name,
		.service = inst->service->name,
		.kind = "sim",
		.version = "1",
		.identity = "sim",
		.active = active,
		.n_workers = (uint16_t)inst->n_workers,
		.n_ports = SIM_PORTS,
		.ports = ports,
		.hold_capacity = w->options.hold_capacity != 0 ? w->options.hold_capacity : 4096,
		.frame_pool = eal_pool(),
		.socket_id = SOCKET_ID_ANY,
	};
	struct slim_table_config table = {
		.name = "conns",
		.capacity = inst->n_slots,
		.entry_size = sizeof(struct entry),
		.n_fields = sizeof(fields) / sizeof(fields[0]),
		.fields = fields,
		.ops = &table_ops,
		.ctx = inst,
	};
	int rc;

	for (uint32_t p = 0; p < SIM_PORTS; p++)
		ports[p] = (struct slim_port_config){
			.name = names[p],
			.port_id = eal_port(inst, p),
			.n_rx_queues = (uint16_t)inst->n_rx[p],
		};
	rc = slim_agent_create(&config, &inst->agent);
	if (rc == 0)
		rc = slim_table_create(inst->agent, &table, &inst->table);
	if (rc == 0)
		rc = slim_agent_start(inst->agent);
	if (rc != 0)
		violation(w, "%s: the agent does not start: %s", inst->name, strerror(-rc));
}

void
instance_start(struct service *s, uint32_t side, bool active)
{
	struct instance *inst = &s->instances[side];

	inst->service = s;
	inst->side = (uint8_t)side;
	inst->alive = true;
	snprintf(inst->name, sizeof(inst->name), "%s-%s", s->name, s->world->hosts[side].name);
	draw(inst);
	for (uint32_t p = 0; p < SIM_PORTS; p++)
		for (uint32_t q = 0; q < SIM_MAX_WORKERS; q++)
			inst->queues[p][q] = (struct queue){
				.instance = inst, .port = (uint8_t)p, .number = (uint8_t)q};
	eal_bind(inst);
	eal_enter(s->world, &s->world->hosts[side]);
	create(inst, active);
	eal_enter(s->world, NULL);
	if (s->world->failed)
		return;
	inst->info = inst->agent->info;
	inst->control = inst->agent->control;
	inst->slab = inst->table->slab;
	inst->command_sum = 0;
	for (uint32_t i = 0; i < inst->n_workers; i++) {
		inst->workers[i] = slim_agent_worker(inst->agent, (uint16_t)i);
		step_at(inst, i, 1 + rnd(s->world, RNG_NF, inst->poll_ns));
	}
	instance_look(inst);
}

void
instance_end(struct instance *inst)
{
	slim_agent_destroy(inst->agent);
	inst->agent = NULL;
}

struct nf *
instance_adopt(struct instance *inst)
{
	const struct slim_agent *a = inst->agent;
	struct nf_memory zones[SLIM_MAX_ZONES] = {
		[SLIM_ZONE_INFO] = {a->info_zone.addr, a->info_zone.size},
		[SLIM_ZONE_CONTROL] = {a->control_zone.addr, a->control_zone.size},
		[SLIM_ZONE_SLAB] = {a->tables[0].zone.addr, a->tables[0].zone.size},
	};
	struct schema_reason reason = {.text = ""};
	struct nf *nf = NULL;

	if (nf_adopt(zones, SLIM_ZONE_SLAB + 1, &nf, &reason) < 0)
		violation(world_of(inst), "%s is not adopted: %s", inst->name, reason.text);
	return nf;
}
