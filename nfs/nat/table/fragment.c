/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments; see fragment.h. Worker's thread, but for init, create and fini. */
#include "fragment.h"

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#include "counters.h"
#include "protocol.h"

const struct slim_field nat_fragment_fields[] = {
	SLIM_FIELD_KEY(struct nat_fragment, src_address, SLIM_IPV4),
	SLIM_FIELD_KEY(struct nat_fragment, dst_address, SLIM_IPV4),
	SLIM_FIELD_KEY(struct nat_fragment, packet_id, SLIM_BE16),
	SLIM_FIELD_KEY(struct nat_fragment, protocol, SLIM_U8),
	SLIM_FIELD_KEY(struct nat_fragment, side, SLIM_U8),
	SLIM_FIELD_STATE(struct nat_fragment, src_port, SLIM_BE16),
	SLIM_FIELD_STATE(struct nat_fragment, dst_port, SLIM_BE16),
	SLIM_FIELD_STATE(struct nat_fragment, sent_id, SLIM_BE16),
	SLIM_FIELD_STATE(struct nat_fragment, subscriber, SLIM_IPV4),
	SLIM_FIELD_STATE(struct nat_fragment, seen, SLIM_TIME),
};
const uint16_t nat_fragment_n_fields = RTE_DIM(nat_fragment_fields);

/* ---- looking up ------------------------------------------------------------------------------ */

static bool
slot_equal(const void *ctx, uint32_t slot, uint64_t place)
{
	return nat_datagram_is(slim_slot(ctx, slot), place);
}

static uint32_t
find(const struct nat_fragments *f, const struct nat_fragment *key, uint32_t hash)
{
	return nf_slot_index_find(&f->index, hash, nat_datagram_place(key), slot_equal,
				  f->share.table);
}

static bool
is_over(const struct nat_fragments *f, uint64_t since_ns, uint64_t now_ns)
{
	return (int64_t)(now_ns - since_ns) >= (int64_t)f->shared->lifetime_ns;
}

/* What is known of a datagram; NULL: nothing, or its time is over. */
static const struct nat_fragment *
known(const struct nat_fragments *f, const struct nat_fragment *key, uint64_t now_ns)
{
	uint32_t slot = find(f, key, nat_datagram_hash(&f->index, key));
	const struct nat_fragment *entry;

	if (slot == NF_NO_SLOT)
		return NULL;
	entry = slim_slot(f->share.table, slot);
	return is_over(f, entry->seen, now_ns) ? NULL : entry;
}

/* ---- shares ------------------------------------------------------------------------------------------ */

static uint64_t
peer_key(const struct nat_fragment *d)
{
	return (uint64_t)d->src_address << 32 | d->subscriber;
}

static void
leave_shares(struct nat_fragments *f, uint32_t slot)
{
	uint32_t number = slot - f->share.first_slot;

	nf_ages_remove(&f->ages, number);
	for (uint8_t s = 0; s < NAT_N_SIDES; s++)
		nf_fair_leave(&f->sides[s], number);
	nf_fair_leave(&f->peers, number);
}

static void
join_shares(struct nat_fragments *f, uint32_t slot, const struct nat_fragment *entry)
{
	uint32_t number = slot - f->share.first_slot;

	leave_shares(f, slot);
	nf_ages_append(&f->ages, number);
	nf_fair_join(&f->sides[entry->side], number, entry->subscriber);
	if (entry->side == NAT_OUTSIDE)
		nf_fair_join(&f->peers, number, peer_key(entry));
}

static uint32_t
take_slot(struct nat_fragments *f, uint32_t hash)
{
	uint32_t slot = nf_share_take(&f->share);

	if (slot != NF_NO_SLOT)
		nf_slot_index_insert(&f->index, hash, slot);
	return slot;
}

static void
forget(struct nat_fragments *f, uint32_t slot, const struct nat_fragment *entry)
{
	nf_slot_index_remove(&f->index, nat_datagram_hash(&f->index, entry), slot);
	leave_shares(f, slot);
	nf_share_give(&f->share, slot);
}

static void
forget_number(struct nat_fragments *f, uint32_t number)
{
	uint32_t slot = f->share.first_slot + number;

	forget(f, slot, slim_slot(f->share.table, slot));
	slim_slot_free(f->share.agent, f->share.table, slot);
}

/* The oldest entry goes if its time is over. */
static bool
forget_oldest(struct nat_fragments *f, uint64_t now_ns)
{
	uint32_t oldest = nf_ages_oldest(&f->ages);
	const struct nat_fragment *entry;

	if (oldest == NF_AGES_NONE)
		return false;
	entry = slim_slot(f->share.table, f->share.first_slot + oldest);
	if (!is_over(f, entry->seen, now_ns))
		return false;
	forget_number(f, oldest);
	return true;
}

/* For one datagram more; before its time goes only what takes more than its share. */
static void
make_room(struct nat_fragments *f, struct nf_worker *nf, const struct nat_fragment *d)
{
	uint32_t oldest = NF_FAIR_NONE;
	uint8_t giver = d->side;

	if (d->side == NAT_OUTSIDE &&
	    nf_fair_weight(&f->peers, peer_key(d), &oldest) >= NAT_FRAGMENTS_OF_PEER) {
		forget_number(f, oldest);
		nf_count(nf, NAT_fragment_forgotten, 1);
	}
	if (f->share.n_free != 0 || forget_oldest(f, nf->now_ns))
		return;
	if (f->sides[giver].weight * 2 < f->share.n_slots)
		giver = giver == NAT_INSIDE ? NAT_OUTSIDE : NAT_INSIDE;
	forget_number(f, nf_fair_victim(&f->sides[giver]));
	nf_count(nf, NAT_fragment_forgotten, 1);
}

/* ---- what is found forwardable ------------------------------------------------------------------------ */

static void
write_slot(struct nat_fragments *f, uint32_t slot, const struct nat_fragment *told)
{
	struct nat_fragment *entry = slim_slot_begin(f->share.agent, f->share.table, slot);

	*entry = *told;
	slim_slot_end(f->share.agent, f->share.table, slot, nat_datagram_bucket(told));
	join_shares(f, slot, told);
}

/* What is known and not over stays as it is, but for its time. */
static void
learn(struct nat_fragments *f, struct nf_worker *nf, const struct nat_fragment *told)
{
	uint32_t hash = nat_datagram_hash(&f->index, told);
	const struct nat_fragment *before = known(f, told, nf->now_ns);
	struct nat_fragment entry = *told;
	uint32_t slot;

	if (before != NULL && !nat_datagram_has_ports(before, nat_datagram_ports(told)))
		return;
	nat_candidate_remove(&f->candidates[told->side], told);
	slot = find(f, told, hash);
	if (slot == NF_NO_SLOT) {
		make_room(f, nf, told);
		slot = take_slot(f, hash);
	}
	entry.seen = nf->now_ns;
	write_slot(f, slot, &entry);
}

static void
take_messages(struct nat_fragments *f, struct nf_worker *nf)
{
	struct nat_fragment told[NF_BURST];
	uint32_t n;

	if (likely(rte_ring_empty(f->messages)))
		return;
	do {
		n = rte_ring_sc_dequeue_burst_elem(f->messages, told, sizeof(told[0]), NF_BURST,
						   NULL);
		for (uint32_t i = 0; i < n; i++)
			learn(f, nf, &told[i]);
	} while (n == NF_BURST);
}

void
nat_fragment_accept_first(struct nat_fragments *f, struct nf_worker *nf, const struct nat_packet *p,
			  rte_be32_t subscriber)
{
	struct nat_fragment told = nat_datagram_of(p);
	struct nat_fragments *owner;

	told.src_port = p->ports.src;
	told.dst_port = p->ports.dst;
	told.sent_id = p->sent_id;
	told.subscriber = subscriber;
	owner = nat_fragments_of(f->shared, f->shared->bucket_worker[nat_datagram_bucket(&told)]);
	if (owner == f)
		learn(f, nf, &told);
	else if (rte_ring_mp_enqueue_elem(owner->messages, &told, sizeof(told)) != 0)
		nf_count(nf, NAT_fragment_untold, 1);
}

/* ---- on their way ---------------------------------------------------------------------------------- */

static bool
take_first(struct nat_fragments *f, struct nf_worker *nf, struct nat_packet *p,
	   struct nat_fragment *key, struct nat_ports *ret_ports)
{
	const struct nat_fragment *entry = known(f, key, nf->now_ns);

	*ret_ports = (struct nat_ports){
		.src = *nat_l4_port(p->protocol, p->l4, true),
		.dst = *nat_l4_port(p->protocol, p->l4, false),
	};
	p->sent_id = 0;
	if (entry == NULL) {
		key->src_port = ret_ports->src;
		key->dst_port = ret_ports->dst;
		key->seen = nf->now_ns;
		nat_candidate_note(&f->candidates[p->side], key);
		return true;
	}
	if (!nat_datagram_has_ports(entry, *ret_ports)) {
		nf_drop(nf, p->m, NAT_drop_fragment_conflict);
		return false;
	}
	p->sent_id = entry->sent_id;
	return true;
}

/* A first fragment from inside is known when it goes on; from outside its mapping's owner will ask again. */
static bool
take_unknown(struct nat_fragments *f, struct nf_worker *nf, struct nat_packet *p,
	     const struct nat_fragment *key, struct nat_ports *ret_ports)
{
	const struct nat_fragment *told = nat_candidate_find(&f->candidates[p->side], key);

	if (told == NULL || is_over(f, told->seen, nf->now_ns)) {
		nat_early_keep(&f->early, nf, p->m, key);
		return false;
	}
	if (p->side == NAT_INSIDE) {
		nf_drop(nf, p->m, NAT_drop_fragment_refused);
		return false;
	}
	p->sent_id = 0;
	*ret_ports = nat_datagram_ports(told);
	return true;
}

bool
nat_fragment_take(struct nat_fragments *f, struct nf_worker *nf, struct nat_packet *p,
		  struct nat_ports *ret_ports)
{
	struct nat_fragment key = nat_datagram_of(p);
	const struct nat_fragment *entry;

	take_messages(f, nf);
	if (p->fragment == NAT_FRAGMENT_FIRST)
		return take_first(f, nf, p, &key, ret_ports);
	entry = known(f, &key, nf->now_ns);
	if (entry == NULL)
		return take_unknown(f, nf, p, &key, ret_ports);
	p->sent_id = entry->sent_id;
	*ret_ports = nat_datagram_ports(entry);
	return true;
}

uint16_t
nat_fragment_take_waiting(struct nat_fragments *f, const struct nat_fragment *key,
			  struct rte_mbuf *pkts[NAT_FRAGMENTS_PER_DATAGRAM])
{
	return nat_early_take(&f->early, key, pkts);
}

/* ---- timers ---------------------------------------------------------------------------------------------- */

void
nat_fragment_tick(struct nat_fragments *f, struct nf_worker *nf)
{
	uint32_t number;

	take_messages(f, nf);
	nat_early_tick(&f->early, nf);
	number = nf_ages_oldest(&f->ages);
	if (likely(number == NF_AGES_NONE) ||
	    !slim_owns(f->share.agent, nat_datagram_bucket(slim_slot(
					       f->share.table, f->share.first_slot + number))))
		return;
	for (uint32_t i = 0; i < NAT_FRAGMENT_TICK && forget_oldest(f, nf->now_ns); i++)
		;
}

/* ---- rows from another instance ---------------------------------------------------------------------------- */

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key_bytes)
{
	struct nat_fragments *f = nf_share_of(ctx, w);
	struct nat_fragment key = {0};
	uint32_t hash, slot;

	memcpy(&key, key_bytes, NAT_DATAGRAM_KEY_SIZE);
	if (f == NULL || key.side >= NAT_N_SIDES || bucket != nat_datagram_bucket(&key))
		return SLIM_NO_SLOT;
	hash = nat_datagram_hash(&f->index, &key);
	slot = find(f, &key, hash);
	return slot != NF_NO_SLOT ? slot : take_slot(f, hash);
}

static void
installed(void *ctx, struct slim_worker *w, uint32_t slot, const void *row)
{
	join_shares(nf_share_of(ctx, w), slot, row);
}

static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *row)
{
	forget(nf_share_of(ctx, w), slot, row);
}

const struct slim_table_ops nat_fragment_ops = {
	.acquire = acquire,
	.installed = installed,
	.removed = removed,
};

/* ---- set-up -------------------------------------------------------------------------------------------------- */

static void *
zalloc(size_t n, size_t size)
{
	return rte_zmalloc("nat_fragments", n * size, RTE_CACHE_LINE_SIZE);
}

static struct rte_ring *
make_ring(void)
{
	ssize_t size =
		rte_ring_get_memsize_elem(sizeof(struct nat_fragment), NAT_FRAGMENT_MESSAGES);
	struct rte_ring *ring = zalloc(1, (size_t)size);

	if (ring != NULL)
		rte_ring_init(ring, "nat_fragments", NAT_FRAGMENT_MESSAGES, RING_F_SC_DEQ);
	return ring;
}

static int
init_fair(struct nat_fragments *f, uint64_t seed)
{
	uint32_t n_slots = f->share.n_slots;
	int error = nf_fair_init(&f->peers, n_slots, n_slots, seed);

	for (uint8_t s = 0; error == 0 && s < NAT_N_SIDES; s++) {
		error = nf_fair_init(&f->sides[s], n_slots, n_slots, seed);
		if (error == 0)
			error = nat_candidates_init(&f->candidates[s], seed);
	}
	return error;
}

static int
init_share(struct nat_fragments *f, struct nat_fragment_table *t, const struct nat_config *config,
	   uint64_t seed)
{
	f->shared = t;
	f->messages = make_ring();
	if (f->messages == NULL || nf_ages_init(&f->ages, f->share.n_slots) != 0 ||
	    init_fair(f, seed) != 0 || nf_slot_index_init(&f->index, f->share.n_slots, seed) != 0)
		return -ENOMEM;
	return nat_early_init(&f->early, config->fragments_waiting, t->lifetime_ns, seed);
}

int
nat_fragment_table_init(struct nat_fragment_table *t, const struct nat_config *config,
			const uint8_t bucket_worker[SLIM_N_BUCKETS], uint64_t seed)
{
	int error = nf_shares_init(&t->shares, &(struct nf_share_config){
						       .name = "nat_fragments",
						       .capacity = config->fragments,
						       .n_workers = config->n_workers,
						       .size = sizeof(struct nat_fragments),
					       });

	t->lifetime_ns = config->timeouts.fragment_ns;
	t->bucket_worker = bucket_worker;
	for (uint16_t w = 0; w < config->n_workers && error == 0; w++)
		error = init_share(nat_fragments_of(t, w), t, config, seed);
	return error;
}

int
nat_fragment_table_create(struct nat_fragment_table *t, struct slim_agent *agent)
{
	return nf_shares_create(&t->shares, agent,
				&(struct slim_table_config){
					.name = "fragment",
					.entry_size = sizeof(struct nat_fragment),
					.n_fields = nat_fragment_n_fields,
					.fields = nat_fragment_fields,
					.ops = &nat_fragment_ops,
				});
}

static void
fini_share(struct nat_fragments *f)
{
	nat_early_fini(&f->early);
	nf_slot_index_fini(&f->index);
	nf_ages_fini(&f->ages);
	nf_fair_fini(&f->peers);
	for (uint8_t s = 0; s < NAT_N_SIDES; s++) {
		nf_fair_fini(&f->sides[s]);
		nat_candidates_fini(&f->candidates[s]);
	}
	rte_free(f->messages);
}

void
nat_fragment_table_fini(struct nat_fragment_table *t)
{
	for (uint16_t w = 0; w < t->shares.n_workers; w++)
		if (nat_fragments_of(t, w) != NULL)
			fini_share(nat_fragments_of(t, w));
	nf_shares_fini(&t->shares);
}
