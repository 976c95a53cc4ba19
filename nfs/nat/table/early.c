/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments without their first one; see early.h. Worker's thread, but for init and fini. */
#include "early.h"

#include <errno.h>

#include <rte_malloc.h>

#include "counters.h"

static bool
equal(const void *ctx, uint32_t number, uint64_t place)
{
	return nat_datagram_is(&((const struct nat_waiting *)ctx)[number].wanted, place);
}

static uint32_t
find(const struct nat_early *e, const struct nat_fragment *key, uint32_t hash)
{
	return nf_slot_index_find(&e->index, hash, nat_datagram_place(key), equal, e->waiting);
}

/* ---- datagrams that wait ------------------------------------------------------------------------- */

static uint32_t
begin(struct nat_early *e, const struct nat_fragment *key, uint32_t hash, uint64_t now_ns)
{
	uint32_t number = nf_ages_begin(&e->ages);

	e->waiting[number].wanted = *key;
	e->waiting[number].since_ns = now_ns;
	nf_slot_index_insert(&e->index, hash, number);
	nf_fair_join(&e->shares[key->side], number, key->src_address);
	e->n_datagrams[key->side]++;
	return number;
}

static void
end(struct nat_early *e, uint32_t number)
{
	struct nat_waiting *waiting = &e->waiting[number];
	uint8_t side = waiting->wanted.side;

	nf_slot_index_remove(&e->index, nat_datagram_hash(&e->index, &waiting->wanted), number);
	nf_ages_end(&e->ages, number);
	nf_fair_leave(&e->shares[side], number);
	e->n_datagrams[side]--;
	e->n_packets -= waiting->n;
	waiting->n = 0;
}

static void
drop(struct nat_early *e, struct nf_worker *nf, uint32_t number, unsigned int counter)
{
	struct nat_waiting *waiting = &e->waiting[number];

	for (uint16_t i = 0; i < waiting->n; i++)
		nf_drop(nf, waiting->pkts[i], counter);
	end(e, number);
}

/* ---- room --------------------------------------------------------------------------------------------- */

static bool
is_full(const struct nat_early *e, bool begins)
{
	return e->n_packets >= e->max_packets || (begins && e->ages.free == 0);
}

/* The side that has more than its half of what there is too little of. */
static uint8_t
side_to_give(const struct nat_early *e, uint8_t side)
{
	bool has_half = e->n_packets >= e->max_packets
				? e->shares[side].weight * 2 >= e->max_packets
				: e->n_datagrams[side] * 2 >= NAT_WAITING_DATAGRAMS;

	return has_half ? side : side == NAT_INSIDE ? NAT_OUTSIDE : NAT_INSIDE;
}

/* For a source that has `weight` packets here; false: nobody has more, so it gets no more. */
static bool
make_room(struct nat_early *e, struct nf_worker *nf, uint8_t side, uint32_t weight, bool begins)
{
	while (is_full(e, begins)) {
		uint8_t giver = side_to_give(e, side);
		uint32_t victim = nf_fair_victim(&e->shares[giver]);

		if (victim == NF_FAIR_NONE || (giver == side && weight >= e->shares[side].heaviest))
			return false;
		drop(e, nf, victim, NAT_drop_fragment_queue);
	}
	return true;
}

void
nat_early_keep(struct nat_early *e, struct nf_worker *nf, struct rte_mbuf *m,
	       const struct nat_fragment *key)
{
	uint32_t hash = nat_datagram_hash(&e->index, key);
	uint32_t number = find(e, key, hash);
	uint32_t weight = nf_fair_weight(&e->shares[key->side], key->src_address, NULL);
	bool begins = number == NF_NO_SLOT;

	if (weight >= NAT_FRAGMENTS_PER_SOURCE ||
	    (!begins && e->waiting[number].n == NAT_FRAGMENTS_PER_DATAGRAM) ||
	    !make_room(e, nf, key->side, weight, begins)) {
		nf_drop(nf, m, NAT_drop_fragment_queue);
		return;
	}
	if (begins)
		number = begin(e, key, hash, nf->now_ns);
	else
		nf_fair_grow(&e->shares[key->side], number);
	e->waiting[number].pkts[e->waiting[number].n++] = m;
	e->n_packets++;
	nf_count(nf, NAT_fragment_early, 1);
}

uint16_t
nat_early_take(struct nat_early *e, const struct nat_fragment *key,
	       struct rte_mbuf *pkts[NAT_FRAGMENTS_PER_DATAGRAM])
{
	uint32_t number;
	uint16_t n;

	if (e->n_packets == 0)
		return 0;
	number = find(e, key, nat_datagram_hash(&e->index, key));
	if (number == NF_NO_SLOT)
		return 0;
	n = e->waiting[number].n;
	memcpy(pkts, e->waiting[number].pkts, n * sizeof(pkts[0]));
	end(e, number);
	return n;
}

/* ---- timers ---------------------------------------------------------------------------------------------- */

/* All of it, or nothing: an instance that serves keeps it. */
static void
give_back(struct nat_early *e, struct slim_worker *agent)
{
	uint32_t number;

	while ((number = nf_ages_oldest(&e->ages)) != NF_AGES_NONE) {
		struct nat_waiting *waiting = &e->waiting[number];

		if (slim_return(agent, waiting->wanted.side, waiting->pkts, waiting->n) == 0)
			return;
		end(e, number);
	}
}

void
nat_early_tick(struct nat_early *e, struct nf_worker *nf)
{
	uint32_t number = nf_ages_oldest(&e->ages);

	if (likely(number == NF_AGES_NONE))
		return;
	if (!slim_owns(nf->agent, nat_datagram_bucket(&e->waiting[number].wanted)))
		give_back(e, nf->agent);
	while ((number = nf_ages_oldest(&e->ages)) != NF_AGES_NONE &&
	       (int64_t)(nf->now_ns - e->waiting[number].since_ns) >= (int64_t)e->lifetime_ns)
		drop(e, nf, number, NAT_drop_fragment_silent);
}

/* ---- set-up -------------------------------------------------------------------------------------------------- */

int
nat_early_init(struct nat_early *e, uint32_t max_packets, uint64_t lifetime_ns, uint64_t seed)
{
	int error = nf_slot_index_init(&e->index, NAT_WAITING_DATAGRAMS, seed);

	e->max_packets = max_packets;
	e->lifetime_ns = lifetime_ns;
	for (uint8_t s = 0; error == 0 && s < NAT_N_SIDES; s++)
		error = nf_fair_init(&e->shares[s], NAT_WAITING_DATAGRAMS, max_packets + 1, seed);
	if (error == 0)
		error = nf_ages_init(&e->ages, NAT_WAITING_DATAGRAMS);
	e->waiting = rte_zmalloc("nat_early", NAT_WAITING_DATAGRAMS * sizeof(*e->waiting),
				 RTE_CACHE_LINE_SIZE);
	return e->waiting == NULL ? -ENOMEM : error;
}

void
nat_early_fini(struct nat_early *e)
{
	for (uint32_t i = 0; e->waiting != NULL && i < NAT_WAITING_DATAGRAMS; i++)
		rte_pktmbuf_free_bulk(e->waiting[i].pkts, e->waiting[i].n);
	nf_slot_index_fini(&e->index);
	for (uint8_t s = 0; s < NAT_N_SIDES; s++)
		nf_fair_fini(&e->shares[s]);
	nf_ages_fini(&e->ages);
	rte_free(e->waiting);
}
