/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments; see fragment.h. Worker's thread, but for init, attach and fini. */
#include "fragment.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include <rte_malloc.h>

#include "checksum.h"
#include "counters.h"

#define KEY_SIZE offsetof(struct nat_fragment, src_port)

const struct slim_field nat_fragment_fields[] = {
	SLIM_FIELD_KEY(struct nat_fragment, src_address, SLIM_IPV4),
	SLIM_FIELD_KEY(struct nat_fragment, dst_address, SLIM_IPV4),
	SLIM_FIELD_KEY(struct nat_fragment, packet_id, SLIM_BE16),
	SLIM_FIELD_KEY(struct nat_fragment, protocol, SLIM_U8),
	SLIM_FIELD_KEY(struct nat_fragment, side, SLIM_U8),
	SLIM_FIELD_STATE(struct nat_fragment, src_port, SLIM_BE16),
	SLIM_FIELD_STATE(struct nat_fragment, dst_port, SLIM_BE16),
	SLIM_FIELD_STATE(struct nat_fragment, sent_id, SLIM_BE16),
	SLIM_FIELD_STATE(struct nat_fragment, seen, SLIM_TIME),
};
const uint16_t nat_fragment_n_fields = RTE_DIM(nat_fragment_fields);

/* ---- order by age ----------------------------------------------------------------------- */

static void
ages_remove(struct nat_ages *ages, uint32_t number)
{
	struct nat_age *age = &ages->of[number];

	if (!age->in)
		return;
	*(age->older != 0 ? &ages->of[age->older - 1].newer : &ages->oldest) = age->newer;
	*(age->newer != 0 ? &ages->of[age->newer - 1].older : &ages->newest) = age->older;
	*age = (struct nat_age){0};
}

/* As the newest; from wherever it was. */
static void
ages_append(struct nat_ages *ages, uint32_t number)
{
	ages_remove(ages, number);
	ages->of[number] = (struct nat_age){.older = ages->newest, .in = true};
	*(ages->newest != 0 ? &ages->of[ages->newest - 1].newer : &ages->oldest) = number + 1;
	ages->newest = number + 1;
}

/* ---- looking up ------------------------------------------------------------------------------ */

static struct nat_fragment
key_of(const struct nat_packet *p)
{
	return (struct nat_fragment){
		.src_address = p->ip->src_addr,
		.dst_address = p->ip->dst_addr,
		.packet_id = p->ip->packet_id,
		.protocol = p->ip->next_proto_id,
		.side = p->side,
	};
}

static uint32_t
hash_of(const struct nf_slot_index *index, const struct nat_fragment *key)
{
	uint64_t addresses = (uint64_t)key->src_address << 32 | key->dst_address;
	uint32_t rest = (uint32_t)key->packet_id << 16 | (uint32_t)key->protocol << 8 | key->side;

	return nf_slot_index_hash(index, addresses ^ nf_slot_index_hash(index, rest));
}

/* The index takes keys of 64 bits: here it is the place of the key. */
static uint64_t
place_of(const struct nat_fragment *key)
{
	return (uint64_t)(uintptr_t)key;
}

static bool
slot_equal(const void *ctx, uint32_t slot, uint64_t place)
{
	return memcmp(slim_slot(ctx, slot), (const void *)(uintptr_t)place, KEY_SIZE) == 0;
}

static uint32_t
find(const struct nat_fragments *f, const struct nat_fragment *key, uint32_t hash)
{
	return nf_slot_index_find(&f->index, hash, place_of(key), slot_equal, f->table);
}

static bool
waiting_equal(const void *ctx, uint32_t number, uint64_t place)
{
	const struct nat_waiting *waiting = ctx;

	return memcmp(&waiting[number].wanted, (const void *)(uintptr_t)place, KEY_SIZE) == 0;
}

static uint32_t
find_waiting(const struct nat_fragments *f, const struct nat_fragment *key, uint32_t hash)
{
	return nf_slot_index_find(&f->waiting_index, hash, place_of(key), waiting_equal,
				  f->waiting);
}

static bool
is_over(const struct nat_fragments *f, uint64_t since_ns, uint64_t now_ns)
{
	return (int64_t)(now_ns - since_ns) >= (int64_t)f->shared->lifetime_ns;
}

/* ---- what first fragments teach -------------------------------------------------------------------- */

static uint8_t
bucket_of(const struct nat_fragment *entry)
{
	return nat_fragment_bucket(entry->src_address, entry->dst_address, entry->packet_id,
				   entry->protocol, entry->side);
}

static uint32_t
take_slot(struct nat_fragments *f, uint32_t hash)
{
	uint32_t slot;

	if (f->n_free == 0)
		return NF_NO_SLOT;
	slot = f->free[--f->n_free];
	nf_slot_index_insert(&f->index, hash, slot);
	return slot;
}

static void
forget(struct nat_fragments *f, uint32_t slot, const struct nat_fragment *entry)
{
	nf_slot_index_remove(&f->index, hash_of(&f->index, entry), slot);
	ages_remove(&f->ages, slot - f->first_slot);
	f->free[f->n_free++] = slot;
}

/* The oldest entry goes if its time is over. */
static bool
forget_oldest(struct nat_fragments *f, uint64_t now_ns)
{
	uint32_t slot = f->first_slot + f->ages.oldest - 1;
	const struct nat_fragment *entry;

	if (f->ages.oldest == 0)
		return false;
	entry = slim_slot(f->table, slot);
	if (!is_over(f, entry->seen, now_ns))
		return false;
	forget(f, slot, entry);
	slim_slot_free(f->agent, f->table, slot);
	return true;
}

static rte_be16_t
new_id(struct nat_fragments *f)
{
	return rte_cpu_to_be_16(
		atomic_fetch_add_explicit(&f->shared->next_id, 1, memory_order_relaxed));
}

/* `hash` is the key's. NULL: no room. */
static const struct nat_fragment *
learn(struct nat_fragments *f, const struct nat_packet *p, const struct nat_fragment *key,
      uint32_t hash, uint64_t now_ns)
{
	uint32_t slot = find(f, key, hash);
	bool known = slot != NF_NO_SLOT;
	struct nat_fragment *entry;

	if (!known && f->n_free == 0)
		forget_oldest(f, now_ns);
	if (!known)
		slot = take_slot(f, hash);
	if (slot == NF_NO_SLOT)
		return NULL;
	entry = slim_slot_begin(f->agent, f->table, slot);
	if (!known) {
		*entry = *key;
		entry->sent_id = p->side == NAT_INSIDE ? new_id(f) : 0;
	}
	entry->src_port = *nat_l4_port(p->protocol, p->l4, true);
	entry->dst_port = *nat_l4_port(p->protocol, p->l4, false);
	entry->seen = now_ns;
	slim_slot_end(f->agent, f->table, slot, p->bucket);
	ages_append(&f->ages, slot - f->first_slot);
	return entry;
}

/* ---- on their way ---------------------------------------------------------------------------------- */

static void
end_waiting(struct nat_fragments *f, uint32_t number)
{
	struct nat_waiting *waiting = &f->waiting[number];

	nf_slot_index_remove(&f->waiting_index, hash_of(&f->waiting_index, &waiting->wanted),
			     number);
	ages_remove(&f->waiting_ages, number);
	f->n_packets -= waiting->n;
	waiting->n = 0;
	f->free_waiting[f->n_free_waiting++] = number;
}

static void
drop_waiting(struct nat_fragments *f, struct nf_worker *nf, uint32_t number, unsigned int counter)
{
	struct nat_waiting *waiting = &f->waiting[number];

	for (uint16_t i = 0; i < waiting->n; i++)
		nf_drop(nf, waiting->pkts[i], counter);
	end_waiting(f, number);
}

static struct nat_waiting *
begin_waiting(struct nat_fragments *f, const struct nat_fragment *key, uint32_t hash,
	      uint64_t now_ns)
{
	uint32_t number;

	if (f->n_free_waiting == 0)
		return NULL;
	number = f->free_waiting[--f->n_free_waiting];
	f->waiting[number].wanted = *key;
	f->waiting[number].since_ns = now_ns;
	nf_slot_index_insert(&f->waiting_index, hash, number);
	ages_append(&f->waiting_ages, number);
	return &f->waiting[number];
}

static void
wait_for_first(struct nat_fragments *f, struct nf_worker *nf, struct nat_packet *p,
	       const struct nat_fragment *key)
{
	uint32_t hash = hash_of(&f->waiting_index, key);
	uint32_t number = find_waiting(f, key, hash);
	struct nat_waiting *waiting = number != NF_NO_SLOT ? &f->waiting[number] : NULL;

	if (waiting == NULL && f->n_packets < f->shared->max_packets)
		waiting = begin_waiting(f, key, hash, nf->now_ns);
	if (waiting == NULL || waiting->n == NAT_FRAGMENTS_PER_DATAGRAM ||
	    f->n_packets >= f->shared->max_packets) {
		nf_drop(nf, p->m, NAT_drop_fragment_queue);
		return;
	}
	waiting->pkts[waiting->n++] = p->m;
	f->n_packets++;
	nf_count(nf, NAT_fragment_early, 1);
}

static const struct nat_fragment *
take_first(struct nat_fragments *f, struct nf_worker *nf, struct nat_packet *p,
	   const struct nat_fragment *key, uint32_t hash)
{
	const struct nat_fragment *entry = learn(f, p, key, hash, nf->now_ns);
	uint32_t number;

	if (entry != NULL)
		return entry;
	nf_drop(nf, p->m, NAT_drop_fragment_table);
	number = find_waiting(f, key, hash_of(&f->waiting_index, key));
	if (number != NF_NO_SLOT)
		drop_waiting(f, nf, number, NAT_drop_fragment_table);
	return NULL;
}

const struct nat_fragment *
nat_fragment_take(struct nat_fragments *f, struct nf_worker *nf, struct nat_packet *p)
{
	struct nat_fragment key = key_of(p);
	uint32_t hash = hash_of(&f->index, &key);
	const struct nat_fragment *entry;
	uint32_t slot;

	if (p->fragment == NAT_FRAGMENT_FIRST)
		return take_first(f, nf, p, &key, hash);
	slot = find(f, &key, hash);
	entry = slot != NF_NO_SLOT ? slim_slot(f->table, slot) : NULL;
	if (entry != NULL && !is_over(f, entry->seen, nf->now_ns))
		return entry;
	wait_for_first(f, nf, p, &key);
	return NULL;
}

uint16_t
nat_fragment_take_waiting(struct nat_fragments *f, const struct nat_fragment *datagram,
			  struct rte_mbuf *pkts[NAT_FRAGMENTS_PER_DATAGRAM])
{
	uint32_t number = find_waiting(f, datagram, hash_of(&f->waiting_index, datagram));
	uint16_t n;

	if (number == NF_NO_SLOT)
		return 0;
	n = f->waiting[number].n;
	memcpy(pkts, f->waiting[number].pkts, n * sizeof(pkts[0]));
	end_waiting(f, number);
	return n;
}

uint32_t
nat_fragment_replace_id(struct nat_fragments *f, struct nat_packet *p)
{
	rte_be16_t from = p->ip->packet_id;

	p->ip->packet_id = p->fragment != NAT_WHOLE ? p->sent_id : new_id(f);
	return nf_csum_diff16(0, from, p->ip->packet_id);
}

/* ---- timers ---------------------------------------------------------------------------------------------- */

/* All of it, or nothing: an instance that serves keeps it. */
static void
give_back(struct nat_fragments *f)
{
	while (f->waiting_ages.oldest != 0) {
		uint32_t number = f->waiting_ages.oldest - 1;
		struct nat_waiting *waiting = &f->waiting[number];

		if (slim_return(f->agent, waiting->wanted.side, waiting->pkts, waiting->n) == 0)
			return;
		end_waiting(f, number);
	}
}

static void
tick_waiting(struct nat_fragments *f, struct nf_worker *nf)
{
	if (!slim_owns(f->agent, bucket_of(&f->waiting[f->waiting_ages.oldest - 1].wanted)))
		give_back(f);
	while (f->waiting_ages.oldest != 0 &&
	       is_over(f, f->waiting[f->waiting_ages.oldest - 1].since_ns, nf->now_ns))
		drop_waiting(f, nf, f->waiting_ages.oldest - 1, NAT_drop_fragment_silent);
}

void
nat_fragment_tick(struct nat_fragments *f, struct nf_worker *nf)
{
	const struct nat_fragment *oldest;

	if (unlikely(f->waiting_ages.oldest != 0))
		tick_waiting(f, nf);
	if (likely(f->ages.oldest == 0))
		return;
	oldest = slim_slot(f->table, f->first_slot + f->ages.oldest - 1);
	if (!slim_owns(f->agent, bucket_of(oldest)))
		return;
	for (uint32_t i = 0; i < NAT_FRAGMENT_TICK && forget_oldest(f, nf->now_ns); i++)
		;
}

/* ---- rows from another instance ---------------------------------------------------------------------------- */

static struct nat_fragments *
share_of(void *ctx, const struct slim_worker *w)
{
	struct nat_fragment_table *t = ctx;

	for (uint16_t i = 0; i < t->n_workers; i++)
		if (t->workers[i]->agent == w)
			return t->workers[i];
	return NULL;
}

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key_bytes)
{
	struct nat_fragments *f = share_of(ctx, w);
	struct nat_fragment key = {0};
	uint32_t hash, slot;

	memcpy(&key, key_bytes, KEY_SIZE);
	if (f == NULL || key.side >= NAT_N_SIDES || bucket != bucket_of(&key))
		return SLIM_NO_SLOT;
	hash = hash_of(&f->index, &key);
	slot = find(f, &key, hash);
	return slot != NF_NO_SLOT ? slot : take_slot(f, hash);
}

/* No new datagram gets the identification of one that is on its way. */
static void
skip_id(struct nat_fragment_table *t, uint16_t id)
{
	uint16_t next = atomic_load_explicit(&t->next_id, memory_order_relaxed);

	while ((int16_t)(id + 1 - next) > 0 &&
	       !atomic_compare_exchange_weak_explicit(&t->next_id, &next, (uint16_t)(id + 1),
						      memory_order_relaxed, memory_order_relaxed))
		;
}

static void
installed(void *ctx, struct slim_worker *w, uint32_t slot, const void *row)
{
	struct nat_fragments *f = share_of(ctx, w);
	const struct nat_fragment *entry = row;

	ages_append(&f->ages, slot - f->first_slot);
	if (entry->side == NAT_INSIDE)
		skip_id(ctx, rte_be_to_cpu_16(entry->sent_id));
}

static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *row)
{
	forget(share_of(ctx, w), slot, row);
}

const struct slim_table_ops nat_fragment_ops = {
	.acquire = acquire,
	.installed = installed,
	.removed = removed,
};

/* ---- set-up -------------------------------------------------------------------------------------------------- */

uint32_t
nat_fragment_capacity(const struct nat_config *config)
{
	uint32_t n = config->n_workers;

	return (config->fragments + n - 1) / n * n;
}

static void *
zalloc(size_t n, size_t size)
{
	return rte_zmalloc("nat_fragments", n * size, RTE_CACHE_LINE_SIZE);
}

static int
init_share(struct nat_fragments *f, struct nat_fragment_table *t, uint32_t n_slots,
	   uint32_t first_slot, uint64_t seed)
{
	f->shared = t;
	f->first_slot = first_slot;
	f->n_slots = n_slots;
	f->free = zalloc(n_slots, sizeof(*f->free));
	f->ages.of = zalloc(n_slots, sizeof(*f->ages.of));
	f->waiting_ages.of = zalloc(NAT_WAITING_DATAGRAMS, sizeof(*f->waiting_ages.of));
	f->waiting = zalloc(NAT_WAITING_DATAGRAMS, sizeof(*f->waiting));
	if (f->free == NULL || f->ages.of == NULL || f->waiting_ages.of == NULL ||
	    f->waiting == NULL ||
	    nf_slot_index_init(&f->index, n_slots, seed, SOCKET_ID_ANY) != 0 ||
	    nf_slot_index_init(&f->waiting_index, NAT_WAITING_DATAGRAMS, seed, SOCKET_ID_ANY) != 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_slots; i++)
		f->free[i] = first_slot + n_slots - 1 - i;
	for (uint32_t i = 0; i < NAT_WAITING_DATAGRAMS; i++)
		f->free_waiting[i] = NAT_WAITING_DATAGRAMS - 1 - i;
	f->n_free = n_slots;
	f->n_free_waiting = NAT_WAITING_DATAGRAMS;
	return 0;
}

int
nat_fragment_table_init(struct nat_fragment_table *t, const struct nat_config *config,
			uint64_t seed)
{
	uint32_t share = nat_fragment_capacity(config) / config->n_workers;

	t->lifetime_ns = config->timeouts.fragment_ns;
	t->max_packets = config->fragments_waiting;
	t->n_workers = config->n_workers;
	atomic_init(&t->next_id, (uint16_t)(seed >> 16));
	for (uint16_t w = 0; w < t->n_workers; w++) {
		t->workers[w] = zalloc(1, sizeof(struct nat_fragments));
		if (t->workers[w] == NULL ||
		    init_share(t->workers[w], t, share, w * share, seed) != 0)
			return -ENOMEM;
	}
	return 0;
}

void
nat_fragment_table_attach(struct nat_fragment_table *t, struct slim_table *table,
			  struct slim_agent *agent)
{
	t->table = table;
	for (uint16_t w = 0; w < t->n_workers; w++) {
		t->workers[w]->table = table;
		t->workers[w]->agent = slim_agent_worker(agent, w);
	}
}

void
nat_fragment_table_fini(struct nat_fragment_table *t)
{
	for (uint16_t w = 0; w < t->n_workers; w++) {
		struct nat_fragments *f = t->workers[w];

		if (f == NULL)
			continue;
		for (uint32_t i = 0; f->waiting != NULL && i < NAT_WAITING_DATAGRAMS; i++)
			rte_pktmbuf_free_bulk(f->waiting[i].pkts, f->waiting[i].n);
		nf_slot_index_fini(&f->index);
		nf_slot_index_fini(&f->waiting_index);
		rte_free(f->free);
		rte_free(f->ages.of);
		rte_free(f->waiting_ages.of);
		rte_free(f->waiting);
		rte_free(f);
		t->workers[w] = NULL;
	}
}
