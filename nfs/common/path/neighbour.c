/* SPDX-License-Identifier: Apache-2.0 */
/* Neighbours; see neighbour.h. Worker's thread, but for create and init. */
#include "neighbour.h"

#include <string.h>

#include "neighbour_ask.h"

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

/* ---- sending ------------------------------------------------------------------------------------ */

/* A used neighbour is asked again when two thirds of its time are over. */
static uint64_t
refresh_ns(const struct nf_neighbours *n)
{
	return n->shared->config.lifetime_ns / 3 * 2;
}

/* Makes the worker's copy of a slot. False: the neighbour is not known, and there is none. */
static bool
make_ready(struct nf_neighbours *n, struct nf_neighbour_ready *ready, uint8_t side,
	   rte_be32_t address)
{
	uint32_t slot = nf_neighbour_find(nf_neighbour_owner(n, address), address, side);
	struct nf_neighbour_copy copy;

	nf_neighbour_clear(ready);
	if (slot == NF_NO_SLOT || !nf_neighbour_read(n->share.table, slot, &copy) ||
	    copy.entry.address != address || copy.entry.side != side)
		return false;
	*ready = (struct nf_neighbour_ready){
		.address = address,
		.side = side,
		.seq = copy.seq,
		.head = nf_neighbour_head(n->share.table, slot),
		.ask_ns = copy.entry.confirmed + refresh_ns(n),
		.header = {.dst_addr = copy.entry.mac,
			   .src_addr = n->shared->config.sides[side].mac,
			   .ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4)},
		.slot = slot,
	};
	return true;
}

/* False: the neighbour is not known, and the packet still the caller's. */
static bool
send_known(struct nf_neighbours *n, struct rte_mbuf *m, uint8_t side, rte_be32_t address)
{
	struct nf_neighbour_ready *ready = nf_neighbour_place(n, address, side);

	if (!nf_neighbour_is_fresh(ready, address, side) && !make_ready(n, ready, side, address))
		return false;
	if (nf_neighbour_is_old(n, ready))
		nf_neighbour_mark_wanted(n, ready->slot);
	*rte_pktmbuf_mtod(m, struct rte_ether_hdr *) = ready->header;
	nf_emit(n->worker, side, m);
	return true;
}

/* What no host can have is never asked for: not the NF's own address, nor a broadcast. */
static bool
may_be_asked(const struct nf_neighbours *n, uint8_t side, rte_be32_t address)
{
	const struct nf_neighbour_config *config = &n->shared->config;

	return nf_side_may_have(&config->sides[side], address) &&
	       !config->is_own(config->nf, side, address);
}

/* By the owner. */
static void
keep(struct nf_neighbours *n, struct rte_mbuf *m, uint8_t side, rte_be32_t address, uint16_t cause)
{
	struct nf_asked *asked = nf_asked_find(n, side, address);

	if (asked == NULL)
		asked = nf_asked_begin(n, side, address, NF_TO_ALL, cause);
	if (asked == NULL || !nf_asked_keep(n, asked, m))
		nf_drop(n->worker, m, NF_drop_arp_queue);
}

__attribute__((noinline)) static void
send_unknown(struct nf_neighbours *n, struct rte_mbuf *m, uint8_t side, rte_be32_t address)
{
	struct nf_neighbours *owner = nf_neighbour_owner(n, address);
	uint16_t cause;

	if (!may_be_asked(n, side, address)) {
		nf_drop(n->worker, m, NF_drop_no_host);
		return;
	}
	cause = nf_neighbour_cause(n, m);
	if (owner != n)
		nf_hand(n->worker, owner->worker->index, m,
			(struct nf_meta){.address = address,
					 .kind = NF_META_RESOLVE,
					 .port = side,
					 .cause = cause});
	else
		keep(n, m, side, address, cause);
}

__attribute__((noinline)) void
nf_neighbour_send_anyway(struct nf_neighbours *n, struct rte_mbuf *m, const struct nf_next *next)
{
	if (unlikely(!send_known(n, m, next->side, next->address)))
		send_unknown(n, m, next->side, next->address);
}

void
nf_neighbour_resume(struct nf_neighbours *n, struct rte_mbuf *m)
{
	struct nf_meta meta = *nf_meta(m);

	if (!send_known(n, m, meta.port, meta.address))
		keep(n, m, meta.port, meta.address, meta.cause);
}

/* ---- learning, by the owner -------------------------------------------------------------------------- */

/* Known already: writes only what is new, and the time at most once a second. */
static void
confirm(struct nf_neighbours *n, uint32_t slot, const struct nf_neighbour *entry)
{
	const struct nf_neighbour *old = slim_slot(n->share.table, slot);

	if (rte_is_same_ether_addr(&old->mac, &entry->mac) &&
	    (int64_t)(entry->confirmed - old->confirmed) < (int64_t)NF_ASK_RETRY_NS)
		return;
	nf_neighbour_write(n, slot, entry);
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
	struct nf_asked *asked = nf_asked_find(n, side, address);
	uint32_t slot = nf_neighbour_find(n, address, side);

	if (slot == NF_NO_SLOT && asked == NULL)
		return false;
	if (slot != NF_NO_SLOT) {
		confirm(n, slot, &entry);
	} else {
		/* A full table only costs a question for each packet. */
		slot = nf_neighbour_take_slot(n, address, side);
		if (slot != NF_NO_SLOT)
			nf_neighbour_write(n, slot, &entry);
	}
	if (asked != NULL)
		nf_asked_answered(n, asked, mac);
	return true;
}

/* ---- ARP ---------------------------------------------------------------------------------------------------- */

static enum nf_standing
standing_of(struct nf_neighbours *n, uint8_t side, rte_be32_t address,
	    const struct rte_ether_addr *mac)
{
	const struct nf_neighbour_config *config = &n->shared->config;
	const struct nf_neighbour *entry;
	const struct nf_asked *asked;
	uint32_t slot;

	/* Who bears the NF's own MAC address is the NF, or its other instance. */
	if (!rte_is_valid_assigned_ether_addr(mac) ||
	    rte_is_same_ether_addr(mac, &config->sides[side].mac))
		return NF_NOBODY;
	if (config->is_own(config->nf, side, address))
		return NF_SELF;
	if (!nf_side_may_have(&config->sides[side], address))
		return NF_NOBODY;
	slot = nf_neighbour_find(n, address, side);
	asked = nf_asked_find(n, side, address);
	if (slot == NF_NO_SLOT)
		return asked != NULL ? NF_ASKED : NF_STRANGER;
	entry = slim_slot(n->share.table, slot);
	if (rte_is_same_ether_addr(&entry->mac, mac))
		return NF_KNOWN;
	if (asked == NULL)
		return NF_MOVED;
	return asked->question.stage == NF_TO_OWNER ? NF_DISPUTED : NF_OPEN;
}

/* True: something was taken from it. */
static bool
teach(struct nf_neighbours *n, uint8_t side, rte_be32_t address, const struct rte_ether_addr *mac,
      enum nf_teaching teaching, enum nf_standing standing)
{
	switch (teaching) {
	case NF_TEACHES:
	case NF_CONFIRMS:
		nf_count(n->worker, NF_neighbour_moved, standing == NF_OPEN);
		return nf_neighbour_learn(n, side, address, mac);
	case NF_DISPUTES:
		if (nf_asked_begin(n, side, address, NF_TO_OWNER, NF_CAUSE_DISPUTE) != NULL)
			nf_count(n->worker, NF_neighbour_disputed, 1);
		return false;
	case NF_CONFLICTS:
		nf_count(n->worker, NF_address_conflict, 1);
		return false;
	default:
		return false;
	}
}

/* RFC 5227 section 2.4 (c): an address that is not given up is announced, but never so often that two who
 * do so keep each other going. */
static void
defend(struct nf_neighbours *n, uint8_t side, rte_be32_t address)
{
	uint64_t now = n->worker->now_ns;

	if (n->defended_ns[side] != 0 && now - n->defended_ns[side] < NF_DEFEND_NS)
		return;
	n->defended_ns[side] = now;
	nf_asked_announce(n, side, address);
}

static void
answer(struct nf_neighbours *n, struct rte_mbuf *m, uint8_t side)
{
	nf_arp_make_reply(m, &n->shared->config.sides[side]);
	nf_count(n->worker, NF_arp_request, 1);
	nf_emit(n->worker, side, m);
}

void
nf_arp_take(struct nf_neighbours *n, struct rte_mbuf *m, uint8_t side)
{
	const struct nf_neighbour_config *config = &n->shared->config;
	const struct rte_arp_ipv4 *arp = nf_arp_data(m);
	enum nf_saying saying = nf_arp_saying(m);
	rte_be32_t about = saying == NF_ARP_PROBE ? arp->arp_tip : arp->arp_sip;
	struct nf_neighbour_rule rule;
	enum nf_standing standing;
	bool taught;

	if (saying == NF_N_SAYINGS) {
		nf_drop(n->worker, m, NF_drop_arp);
		return;
	}
	standing = standing_of(n, side, about, &arp->arp_sha);
	rule = nf_neighbour_rule(saying, standing);
	taught = teach(n, side, about, &arp->arp_sha, rule.teaching, standing);
	if (rule.answering == NF_DEFENDS)
		defend(n, side, about);
	if (rule.answering == NF_ANSWERS && config->is_own(config->nf, side, arp->arp_tip)) {
		answer(n, m, side);
	} else if (taught) {
		nf_count(n->worker, NF_arp_reply, 1);
		rte_pktmbuf_free(m);
	} else {
		nf_drop(n->worker, m, NF_drop_arp);
	}
}

/* ---- timers ---------------------------------------------------------------------------------------------- */

static void
tick_slot(struct nf_neighbours *n, uint32_t slot)
{
	const struct nf_neighbour *entry = slim_slot(n->share.table, slot);
	int64_t age = (int64_t)(n->worker->now_ns - entry->confirmed);

	if (nf_neighbour_head(n->share.table, slot)->used != 1 || age < (int64_t)refresh_ns(n) ||
	    !slim_owns(n->share.agent, nf_neighbour_bucket(entry->address)))
		return;
	if (age >= (int64_t)n->shared->config.lifetime_ns) {
		nf_neighbour_forget(n, slot, entry);
		slim_slot_free(n->share.agent, n->share.table, slot);
	} else if (atomic_load_explicit(&n->shared->wanted[slot], memory_order_relaxed) != 0) {
		/* Asked at its address; the next use within its last third asks again. */
		nf_asked_send(n, entry->side, entry->address, &entry->mac);
		atomic_store_explicit(&n->shared->wanted[slot], 0, memory_order_relaxed);
	}
}

static void
tick_next_hop(struct nf_neighbours *n, const struct nf_route *route)
{
	uint32_t slot;

	if (nf_neighbour_owner(n, route->via) != n ||
	    !slim_owns(n->share.agent, nf_neighbour_bucket(route->via)))
		return;
	slot = nf_neighbour_find(n, route->via, route->side);
	if (slot != NF_NO_SLOT)
		nf_neighbour_mark_wanted(n, slot);
	else if (may_be_asked(n, route->side, route->via) &&
		 nf_asked_find(n, route->side, route->via) == NULL)
		nf_asked_begin(n, route->side, route->via, NF_TO_ALL, NF_CAUSE_ROUTE);
}

void
nf_neighbour_tick(struct nf_neighbours *n)
{
	const struct nf_neighbour_config *config = &n->shared->config;

	if (likely(n->worker->now_ns < n->next_tick_ns))
		return;
	n->next_tick_ns = n->worker->now_ns + TICK_NS;
	nf_asked_tick(n);
	for (uint32_t i = 0; i < RTE_MIN(SWEEP_SLOTS, n->n_touched); i++) {
		tick_slot(n, n->share.first_slot + n->cursor);
		n->cursor = n->cursor + 1 >= n->n_touched ? 0 : n->cursor + 1;
	}
	for (uint32_t i = 0; i < config->routes->n; i++)
		tick_next_hop(n, &config->routes->routes[i]);
}

uint32_t
nf_neighbour_waiting(const struct nf_neighbours *n)
{
	uint32_t total = 0;

	for (uint32_t i = 0; i < NF_ASKED_PLACES; i++)
		total += n->asked[i].n_waiting;
	return total;
}

/* ---- rows from another instance ---------------------------------------------------------------------------- */

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	struct nf_neighbours *n = nf_share_of(ctx, w);
	struct nf_neighbour entry = {0};
	uint32_t slot;

	memcpy(&entry, key, offsetof(struct nf_neighbour, mac));
	if (n == NULL || bucket != nf_neighbour_bucket(entry.address) ||
	    entry.side >= n->shared->config.n_sides)
		return SLIM_NO_SLOT;
	slot = nf_neighbour_find(n, entry.address, entry.side);
	return slot != NF_NO_SLOT ? slot : nf_neighbour_take_slot(n, entry.address, entry.side);
}

/* A question that was under way is answered by the row. */
static void
installed(void *ctx, struct slim_worker *w, uint32_t slot, const void *row)
{
	struct nf_neighbours *n = nf_share_of(ctx, w);
	const struct nf_neighbour *entry = row;
	struct nf_asked *asked = nf_asked_find(n, entry->side, entry->address);

	(void)slot;
	if (asked != NULL)
		nf_asked_answered(n, asked, &entry->mac);
}

static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *row)
{
	nf_neighbour_forget(nf_share_of(ctx, w), slot, row);
}

const struct slim_table_ops nf_neighbour_ops = {
	.acquire = acquire,
	.installed = installed,
	.removed = removed,
};

/* ---- set-up -------------------------------------------------------------------------------------------------- */

int
nf_neighbour_table_create(struct nf_neighbour_table *t, struct slim_agent *agent)
{
	return nf_shares_create(&t->shares, agent,
				&(struct slim_table_config){
					.name = "neighbour",
					.entry_size = sizeof(struct nf_neighbour),
					.n_fields = nf_neighbour_n_fields,
					.fields = nf_neighbour_fields,
					.ops = &nf_neighbour_ops,
				});
}

struct nf_neighbours *
nf_neighbour_worker_init(struct nf_neighbour_table *t, struct nf_worker *worker)
{
	struct nf_neighbours *n = nf_share_at(&t->shares, worker->index);

	n->worker = worker;
	return n;
}
