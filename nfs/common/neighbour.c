/* SPDX-License-Identifier: Apache-2.0 */
/* Neighbours; see neighbour.h. Worker's thread, but for init, attach and fini. */
#include "neighbour.h"

#include <errno.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_malloc.h>

/* How often a worker looks at its questions, and at a part of its neighbours. */
#define TICK_NS UINT64_C(50000000)
#define SWEEP_SLOTS 256u

const struct slim_field nf_neighbour_fields[] = {
	SLIM_FIELD_KEY(struct nf_neighbour, address, SLIM_IPV4),
	SLIM_FIELD_KEY(struct nf_neighbour, side, SLIM_U8),
	SLIM_FIELD_STATE(struct nf_neighbour, mac, SLIM_MAC),
	SLIM_FIELD_STATE(struct nf_neighbour, confirmed, SLIM_TIME),
};
const uint16_t nf_neighbour_n_fields = RTE_DIM(nf_neighbour_fields);

static uint64_t
key_of(rte_be32_t address, uint8_t side)
{
	return (uint64_t)side << 32 | address;
}

/* ---- slots, read by any worker ------------------------------------------------------------ */

static struct slim_slot_head *
head_of(const struct slim_table *table, uint32_t slot)
{
	return (struct slim_slot_head *)slim_slot(table, slot) - 1;
}

/* Word by word: the owner may be writing. */
static void
copy_words(void *to, const void *from)
{
	uint64_t *out = to;
	const uint64_t *in = from;

	for (size_t i = 0; i < sizeof(struct nf_neighbour) / sizeof(uint64_t); i++)
		__atomic_store_n(&out[i], __atomic_load_n(&in[i], __ATOMIC_RELAXED),
				 __ATOMIC_RELAXED);
}

/* A whole entry and its sequence, or false if the slot is empty or being written. */
static bool
read_slot(const struct slim_table *table, uint32_t slot, struct nf_neighbour_copy *ret_copy)
{
	struct slim_slot_head *head = head_of(table, slot);
	uint32_t seq = atomic_load_explicit(&head->seq, memory_order_acquire);
	uint8_t used = __atomic_load_n(&head->used, __ATOMIC_RELAXED);

	copy_words(&ret_copy->entry, slim_slot(table, slot));
	atomic_thread_fence(memory_order_acquire);
	ret_copy->slot = slot;
	ret_copy->seq = seq;
	return used == 1 && !(seq & 1) &&
	       atomic_load_explicit(&head->seq, memory_order_relaxed) == seq;
}

static bool
equal(const void *ctx, uint32_t slot, uint64_t key)
{
	struct nf_neighbour_copy copy;

	return read_slot(ctx, slot, &copy) && key_of(copy.entry.address, copy.entry.side) == key;
}

static uint32_t
find(const struct nf_neighbours *owner, rte_be32_t address, uint8_t side)
{
	uint64_t key = key_of(address, side);

	return nf_slot_index_find(&owner->index, nf_slot_index_hash(&owner->index, key), key, equal,
				  owner->table);
}

static struct nf_neighbours *
owner_of(const struct nf_neighbours *n, rte_be32_t address)
{
	return n->shared->workers[n->shared->bucket_worker[nf_neighbour_bucket(address)]];
}

/* ---- sending ------------------------------------------------------------------------------------ */

static void
emit(struct nf_neighbours *n, struct rte_mbuf *m, uint8_t side, const struct rte_ether_addr *mac)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);

	rte_ether_addr_copy(mac, &eth->dst_addr);
	rte_ether_addr_copy(&n->shared->config.sides[side].mac, &eth->src_addr);
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	nf_emit(n->worker, side, m);
}

static struct nf_neighbour_copy *
copy_place(struct nf_neighbours *n, rte_be32_t address, uint8_t side)
{
	uint32_t h = rte_be_to_cpu_32(address);

	return &n->copies[(h ^ (h >> 10) ^ side) & (NF_NEIGHBOUR_COPIES - 1)];
}

static bool
is_fresh(const struct nf_neighbours *n, const struct nf_neighbour_copy *copy, rte_be32_t address,
	 uint8_t side)
{
	return copy->entry.address == address && copy->entry.side == side && !(copy->seq & 1) &&
	       atomic_load_explicit(&head_of(n->table, copy->slot)->seq, memory_order_acquire) ==
		       copy->seq;
}

/* A used neighbour is asked again when two thirds of its time are over. */
static uint64_t
refresh_ns(const struct nf_neighbours *n)
{
	return n->shared->config.lifetime_ns / 3 * 2;
}

static void
mark_wanted(const struct nf_neighbours *n, uint32_t slot)
{
	if (atomic_load_explicit(&n->shared->wanted[slot], memory_order_relaxed) == 0)
		atomic_store_explicit(&n->shared->wanted[slot], 1, memory_order_relaxed);
}

static void send_unknown(struct nf_neighbours *n, struct rte_mbuf *m, uint8_t side,
			 rte_be32_t address);

void
nf_neighbour_send(struct nf_neighbours *n, struct rte_mbuf *m, const struct nf_next *next)
{
	rte_be32_t address = next->address;
	uint8_t side = next->side;
	struct nf_neighbour_copy *copy = copy_place(n, address, side);

	if (unlikely(!is_fresh(n, copy, address, side))) {
		uint32_t slot = find(owner_of(n, address), address, side);

		if (slot == NF_NO_SLOT || !read_slot(n->table, slot, copy) ||
		    copy->entry.address != address || copy->entry.side != side) {
			copy->seq = 1;
			send_unknown(n, m, side, address);
			return;
		}
	}
	if (unlikely((int64_t)(n->worker->now_ns - copy->entry.confirmed) > (int64_t)refresh_ns(n)))
		mark_wanted(n, copy->slot);
	emit(n, m, side, &copy->entry.mac);
}

void
nf_neighbour_resume(struct nf_neighbours *n, struct rte_mbuf *m)
{
	const struct nf_meta *meta = nf_meta(m);

	nf_neighbour_send(n, m, &(struct nf_next){.address = meta->address, .side = meta->port});
}

/* ---- questions ------------------------------------------------------------------------------------- */

static struct nf_asked *
find_asked(struct nf_neighbours *n, uint8_t side, rte_be32_t address)
{
	for (uint32_t i = 0; i < NF_MAX_ASKED; i++)
		if (n->asked[i].address == address && n->asked[i].side == side)
			return &n->asked[i];
	return NULL;
}

/* `to` NULL: broadcast. */
static void
send_request(struct nf_neighbours *n, uint8_t side, rte_be32_t address,
	     const struct rte_ether_addr *to)
{
	static const struct rte_ether_addr everybody = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	const struct nf_side *me = &n->shared->config.sides[side];
	struct rte_mbuf *m = rte_pktmbuf_alloc(n->worker->pool);
	struct rte_ether_hdr *eth;
	struct rte_arp_hdr *arp;

	if (m == NULL) {
		nf_count(n->worker, NF_no_mbuf, 1);
		return;
	}
	/* 60 bytes: the shortest frame there is, the rest zero. */
	eth = (struct rte_ether_hdr *)rte_pktmbuf_append(m, NF_MIN_FRAME);
	memset(eth, 0, NF_MIN_FRAME);
	rte_ether_addr_copy(to != NULL ? to : &everybody, &eth->dst_addr);
	rte_ether_addr_copy(&me->mac, &eth->src_addr);
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_ARP);
	arp = (struct rte_arp_hdr *)(eth + 1);
	arp->arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER);
	arp->arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	arp->arp_hlen = RTE_ETHER_ADDR_LEN;
	arp->arp_plen = sizeof(rte_be32_t);
	arp->arp_opcode = RTE_BE16(RTE_ARP_OP_REQUEST);
	rte_ether_addr_copy(&me->mac, &arp->arp_data.arp_sha);
	arp->arp_data.arp_sip = me->address;
	arp->arp_data.arp_tip = address;
	nf_count(n->worker, NF_arp_sent, 1);
	nf_emit(n->worker, side, m);
}

/* Begins to ask; NULL: too many questions are under way. */
static struct nf_asked *
ask(struct nf_neighbours *n, uint8_t side, rte_be32_t address)
{
	struct nf_asked *asked = find_asked(n, 0, 0);

	if (asked == NULL)
		return NULL;
	asked->address = address;
	asked->side = side;
	asked->n_waiting = 0;
	asked->tries = 1;
	asked->next_ns = n->worker->now_ns + NF_ARP_RETRY_NS;
	n->n_asked++;
	send_request(n, side, address, NULL);
	return asked;
}

static void
stop_asking(struct nf_neighbours *n, struct nf_asked *asked)
{
	asked->address = 0;
	asked->side = 0;
	asked->n_waiting = 0;
	n->n_asked--;
}

__attribute__((noinline)) static void
send_unknown(struct nf_neighbours *n, struct rte_mbuf *m, uint8_t side, rte_be32_t address)
{
	struct nf_neighbours *owner = owner_of(n, address);
	struct nf_asked *asked;

	if (owner != n) {
		nf_hand(n->worker, owner->worker->index, m,
			(struct nf_meta){
				.address = address, .kind = NF_META_RESOLVE, .port = side});
		return;
	}
	asked = find_asked(n, side, address);
	if (asked == NULL)
		asked = ask(n, side, address);
	if (asked == NULL || asked->n_waiting == NF_MAX_WAITING) {
		nf_drop(n->worker, m, NF_drop_arp_queue);
		return;
	}
	asked->waiting[asked->n_waiting++] = m;
}

/* ---- learning, by the owner -------------------------------------------------------------------------- */

static void
write_slot(struct nf_neighbours *n, uint32_t slot, const struct nf_neighbour *entry)
{
	void *payload = slim_slot_begin(n->agent, n->table, slot);

	copy_words(payload, entry);
	slim_slot_end(n->agent, n->table, slot, nf_neighbour_bucket(entry->address));
	atomic_store_explicit(&n->shared->wanted[slot], 0, memory_order_relaxed);
}

static uint32_t
take_slot(struct nf_neighbours *n, rte_be32_t address, uint8_t side)
{
	uint32_t slot;

	if (n->n_free == 0)
		return NF_NO_SLOT;
	slot = n->free[--n->n_free];
	nf_slot_index_insert(&n->index, nf_slot_index_hash(&n->index, key_of(address, side)), slot);
	return slot;
}

static void
forget(struct nf_neighbours *n, uint32_t slot, const struct nf_neighbour *entry)
{
	uint64_t key = key_of(entry->address, entry->side);

	nf_slot_index_remove(&n->index, nf_slot_index_hash(&n->index, key), slot);
	atomic_store_explicit(&n->shared->wanted[slot], 0, memory_order_relaxed);
	n->free[n->n_free++] = slot;
}

/* Known already: writes only what is new, and the time at most once a second. */
static void
confirm(struct nf_neighbours *n, uint32_t slot, const struct nf_neighbour *entry)
{
	const struct nf_neighbour *old = slim_slot(n->table, slot);

	if (rte_is_same_ether_addr(&old->mac, &entry->mac) &&
	    (int64_t)(entry->confirmed - old->confirmed) < (int64_t)NF_ARP_RETRY_NS)
		return;
	write_slot(n, slot, entry);
}

static void
send_waiting(struct nf_neighbours *n, struct nf_asked *asked, const struct rte_ether_addr *mac)
{
	for (uint16_t i = 0; i < asked->n_waiting; i++)
		emit(n, asked->waiting[i], asked->side, mac);
	stop_asking(n, asked);
}

bool
nf_neighbour_learn(struct nf_neighbours *n, uint8_t side, rte_be32_t address,
		   const struct rte_ether_addr *mac)
{
	struct nf_neighbour entry = {
		.address = address,
		.side = side,
		.mac = *mac,
		.confirmed = n->worker->now_ns,
	};
	struct nf_asked *asked = find_asked(n, side, address);
	uint32_t slot = find(n, address, side);

	if (slot == NF_NO_SLOT && asked == NULL)
		return false;
	if (slot != NF_NO_SLOT) {
		confirm(n, slot, &entry);
	} else {
		/* A full table only costs a question for each packet. */
		slot = take_slot(n, address, side);
		if (slot != NF_NO_SLOT)
			write_slot(n, slot, &entry);
	}
	if (asked != NULL)
		send_waiting(n, asked, mac);
	return true;
}

/* ---- ARP ---------------------------------------------------------------------------------------------------- */

static struct rte_arp_hdr *
arp_of(const struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, struct rte_arp_hdr *, sizeof(struct rte_ether_hdr));
}

bool
nf_arp_is_valid(const struct rte_mbuf *m)
{
	const struct rte_arp_hdr *arp = arp_of(m);

	return rte_pktmbuf_data_len(m) >= sizeof(struct rte_ether_hdr) + sizeof(*arp) &&
	       arp->arp_hardware == RTE_BE16(RTE_ARP_HRD_ETHER) &&
	       arp->arp_protocol == RTE_BE16(RTE_ETHER_TYPE_IPV4) &&
	       arp->arp_hlen == RTE_ETHER_ADDR_LEN && arp->arp_plen == sizeof(rte_be32_t);
}

uint8_t
nf_arp_bucket(const struct rte_mbuf *m)
{
	return nf_neighbour_bucket(arp_of(m)->arp_data.arp_sip);
}

static void
answer_arp(struct nf_neighbours *n, struct rte_mbuf *m, uint8_t side)
{
	const struct nf_side *me = &n->shared->config.sides[side];
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	struct rte_arp_hdr *arp = arp_of(m);
	rte_be32_t asked = arp->arp_data.arp_tip;

	arp->arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY);
	arp->arp_data.arp_tha = arp->arp_data.arp_sha;
	arp->arp_data.arp_tip = arp->arp_data.arp_sip;
	arp->arp_data.arp_sha = me->mac;
	arp->arp_data.arp_sip = asked;
	eth->dst_addr = arp->arp_data.arp_tha;
	eth->src_addr = me->mac;
	nf_count(n->worker, NF_arp_request, 1);
	nf_emit(n->worker, side, m);
}

void
nf_arp_take(struct nf_neighbours *n, struct rte_mbuf *m, uint8_t side, nf_answers_for answers,
	    const void *ctx)
{
	const struct nf_side *me = &n->shared->config.sides[side];
	const struct rte_arp_hdr *arp = arp_of(m);
	rte_be32_t sender = arp->arp_data.arp_sip;
	bool learnt;

	/* Also refuses who claims one of the NF's own addresses. */
	if (!rte_is_valid_assigned_ether_addr(&arp->arp_data.arp_sha) ||
	    !nf_prefix_has(&me->prefix, rte_be_to_cpu_32(sender)) || answers(ctx, side, sender)) {
		nf_drop(n->worker, m, NF_drop_arp);
		return;
	}
	learnt = nf_neighbour_learn(n, side, sender, &arp->arp_data.arp_sha);
	if (arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST) &&
	    answers(ctx, side, arp->arp_data.arp_tip)) {
		answer_arp(n, m, side);
	} else if (learnt) {
		nf_count(n->worker, NF_arp_reply, 1);
		rte_pktmbuf_free(m);
	} else {
		nf_drop(n->worker, m, NF_drop_arp);
	}
}

/* ---- timers ---------------------------------------------------------------------------------------------- */

static void
give_up(struct nf_neighbours *n, struct nf_asked *asked)
{
	bool tells = n->silent != NULL && slim_owns(n->agent, nf_neighbour_bucket(asked->address));

	/* Who is told may be behind the same neighbour: then that waits, too, and is dropped here. */
	for (uint16_t i = 0; i < asked->n_waiting; i++) {
		if (tells)
			n->silent(n->worker, asked->waiting[i], asked->side);
		nf_drop(n->worker, asked->waiting[i], NF_drop_arp_silent);
	}
	stop_asking(n, asked);
}

/* Without ownership nothing is sent; the tries go on, so that nothing waits for ever. */
static void
tick_asked(struct nf_neighbours *n, struct nf_asked *asked)
{
	if (asked->address == 0 || (int64_t)(n->worker->now_ns - asked->next_ns) < 0)
		return;
	if (asked->tries == NF_ARP_TRIES) {
		give_up(n, asked);
		return;
	}
	asked->tries++;
	asked->next_ns = n->worker->now_ns + NF_ARP_RETRY_NS;
	if (slim_owns(n->agent, nf_neighbour_bucket(asked->address)))
		send_request(n, asked->side, asked->address, NULL);
}

static void
tick_slot(struct nf_neighbours *n, uint32_t slot)
{
	const struct nf_neighbour *entry = slim_slot(n->table, slot);
	int64_t age = (int64_t)(n->worker->now_ns - entry->confirmed);

	if (head_of(n->table, slot)->used != 1 || age < (int64_t)refresh_ns(n) ||
	    !slim_owns(n->agent, nf_neighbour_bucket(entry->address)))
		return;
	if (age >= (int64_t)n->shared->config.lifetime_ns) {
		forget(n, slot, entry);
		slim_slot_free(n->agent, n->table, slot);
	} else if (atomic_load_explicit(&n->shared->wanted[slot], memory_order_relaxed) != 0) {
		/* Asked at its address; the next use within its last third asks again. */
		send_request(n, entry->side, entry->address, &entry->mac);
		atomic_store_explicit(&n->shared->wanted[slot], 0, memory_order_relaxed);
	}
}

static void
tick_next_hop(struct nf_neighbours *n, const struct nf_route *route)
{
	uint32_t slot;

	if (owner_of(n, route->via) != n || !slim_owns(n->agent, nf_neighbour_bucket(route->via)))
		return;
	slot = find(n, route->via, (uint8_t)route->side);
	if (slot != NF_NO_SLOT)
		mark_wanted(n, slot);
	else if (find_asked(n, (uint8_t)route->side, route->via) == NULL)
		ask(n, (uint8_t)route->side, route->via);
}

void
nf_neighbour_tick(struct nf_neighbours *n)
{
	const struct nf_neighbour_config *config = &n->shared->config;

	if (likely(n->worker->now_ns < n->next_tick_ns))
		return;
	n->next_tick_ns = n->worker->now_ns + TICK_NS;
	for (uint32_t i = 0; i < NF_MAX_ASKED && n->n_asked != 0; i++)
		tick_asked(n, &n->asked[i]);
	for (uint32_t i = 0; i < RTE_MIN(SWEEP_SLOTS, n->n_slots); i++) {
		tick_slot(n, n->first_slot + n->cursor);
		n->cursor = n->cursor + 1 == n->n_slots ? 0 : n->cursor + 1;
	}
	for (uint32_t i = 0; i < config->routes->n; i++)
		tick_next_hop(n, &config->routes->routes[i]);
}

uint32_t
nf_neighbour_waiting(const struct nf_neighbours *n)
{
	uint32_t total = 0;

	for (uint32_t i = 0; i < NF_MAX_ASKED; i++)
		total += n->asked[i].n_waiting;
	return total;
}

/* ---- rows from another instance ---------------------------------------------------------------------------- */

static struct nf_neighbours *
share_of(void *ctx, const struct slim_worker *w)
{
	struct nf_neighbour_table *t = ctx;

	for (uint16_t i = 0; i < t->config.n_workers; i++)
		if (t->workers[i]->agent == w)
			return t->workers[i];
	return NULL;
}

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	struct nf_neighbours *n = share_of(ctx, w);
	struct nf_neighbour entry = {0};
	uint32_t slot;

	memcpy(&entry, key, offsetof(struct nf_neighbour, mac));
	if (n == NULL || bucket != nf_neighbour_bucket(entry.address) ||
	    entry.side >= n->shared->config.n_sides)
		return SLIM_NO_SLOT;
	slot = find(n, entry.address, entry.side);
	return slot != NF_NO_SLOT ? slot : take_slot(n, entry.address, entry.side);
}

/* A question that was under way is answered by the row. */
static void
installed(void *ctx, struct slim_worker *w, uint32_t slot, const void *row)
{
	struct nf_neighbours *n = share_of(ctx, w);
	const struct nf_neighbour *entry = row;
	struct nf_asked *asked = find_asked(n, entry->side, entry->address);

	(void)slot;
	if (asked != NULL)
		send_waiting(n, asked, &entry->mac);
}

static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *row)
{
	forget(share_of(ctx, w), slot, row);
}

const struct slim_table_ops nf_neighbour_ops = {
	.acquire = acquire,
	.installed = installed,
	.removed = removed,
};

/* ---- set-up -------------------------------------------------------------------------------------------------- */

uint32_t
nf_neighbour_capacity(const struct nf_neighbour_config *config)
{
	uint32_t n = config->n_workers;

	return (config->capacity + n - 1) / n * n;
}

static int
init_share(struct nf_neighbours *n, const struct nf_neighbour_table *t, uint32_t n_slots,
	   uint32_t first_slot, uint64_t seed)
{
	n->shared = t;
	n->first_slot = first_slot;
	n->n_slots = n_slots;
	n->free = rte_malloc("nf_neighbours", n_slots * sizeof(*n->free), RTE_CACHE_LINE_SIZE);
	if (n->free == NULL || nf_slot_index_init(&n->index, n_slots, seed, SOCKET_ID_ANY) != 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_slots; i++)
		n->free[i] = first_slot + n_slots - 1 - i;
	n->n_free = n_slots;
	for (uint32_t i = 0; i < NF_NEIGHBOUR_COPIES; i++)
		n->copies[i].seq = 1;
	return 0;
}

int
nf_neighbour_table_init(struct nf_neighbour_table *t, const struct nf_neighbour_config *config,
			uint64_t seed)
{
	uint32_t capacity = nf_neighbour_capacity(config);
	uint32_t share = capacity / config->n_workers;

	t->config = *config;
	t->wanted = rte_zmalloc("nf_neighbours", capacity, RTE_CACHE_LINE_SIZE);
	if (t->wanted == NULL)
		return -ENOMEM;
	for (uint16_t w = 0; w < t->config.n_workers; w++) {
		t->workers[w] = rte_zmalloc("nf_neighbours", sizeof(struct nf_neighbours),
					    RTE_CACHE_LINE_SIZE);
		if (t->workers[w] == NULL ||
		    init_share(t->workers[w], t, share, w * share, seed) != 0)
			return -ENOMEM;
	}
	for (uint32_t b = 0; b < SLIM_N_BUCKETS; b++)
		t->bucket_worker[b] = (uint8_t)(b % t->config.n_workers);
	return 0;
}

int
nf_neighbour_table_create(struct nf_neighbour_table *t, struct slim_agent *agent)
{
	const struct slim_table_config config = {
		.name = "neighbour",
		.capacity = nf_neighbour_capacity(&t->config),
		.entry_size = sizeof(struct nf_neighbour),
		.n_fields = nf_neighbour_n_fields,
		.fields = nf_neighbour_fields,
		.ops = &nf_neighbour_ops,
		.ctx = t,
	};
	int error = slim_table_create(agent, &config, &t->table);

	for (uint16_t w = 0; w < t->config.n_workers && error == 0; w++) {
		t->workers[w]->table = t->table;
		t->workers[w]->agent = slim_agent_worker(agent, w);
	}
	return error;
}

struct nf_neighbours *
nf_neighbour_worker_init(struct nf_neighbour_table *t, struct nf_worker *worker)
{
	struct nf_neighbours *n = t->workers[worker->index];

	n->worker = worker;
	n->agent = worker->agent;
	return n;
}

void
nf_neighbour_table_fini(struct nf_neighbour_table *t)
{
	for (uint16_t w = 0; w < t->config.n_workers; w++) {
		struct nf_neighbours *n = t->workers[w];

		if (n == NULL)
			continue;
		for (uint32_t i = 0; i < NF_MAX_ASKED; i++)
			rte_pktmbuf_free_bulk(n->asked[i].waiting, n->asked[i].n_waiting);
		nf_slot_index_fini(&n->index);
		rte_free(n->free);
		rte_free(n);
		t->workers[w] = NULL;
	}
	rte_free((void *)(uintptr_t)t->wanted);
}
