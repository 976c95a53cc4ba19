/* SPDX-License-Identifier: Apache-2.0 */
/* Equal shares; see fair.h. */
#include "fair.h"

#include <errno.h>

#include <rte_common.h>

#include "table_memory.h"

/* ---- parties, in lines by their weight -------------------------------------------------------- */

static void
line_up(struct nf_fair *f, uint32_t number)
{
	struct nf_fair_party *party = &f->parties[number];
	struct nf_fair_line *line = &f->by_weight[party->weight];

	party->prev = line->last;
	party->next = 0;
	*(line->last != 0 ? &f->parties[line->last - 1].next : &line->first) = number + 1;
	line->last = number + 1;
}

static void
step_out(struct nf_fair *f, uint32_t number)
{
	struct nf_fair_party *party = &f->parties[number];
	struct nf_fair_line *line = &f->by_weight[party->weight];

	*(party->prev != 0 ? &f->parties[party->prev - 1].next : &line->first) = party->next;
	*(party->next != 0 ? &f->parties[party->next - 1].prev : &line->last) = party->prev;
}

/* One more. */
static void
put_on(struct nf_fair *f, uint32_t number)
{
	struct nf_fair_party *party = &f->parties[number];

	if (party->weight != 0)
		step_out(f, number);
	party->weight++;
	f->weight++;
	line_up(f, number);
	f->heaviest = RTE_MAX(f->heaviest, party->weight);
}

static void
take_off(struct nf_fair *f, uint32_t number, uint32_t weight)
{
	struct nf_fair_party *party = &f->parties[number];

	step_out(f, number);
	party->weight -= weight;
	f->weight -= weight;
	if (party->weight != 0)
		line_up(f, number);
	while (f->heaviest != 0 && f->by_weight[f->heaviest].first == 0)
		f->heaviest--;
}

static bool
has_key(const void *ctx, uint32_t number, uint64_t key)
{
	return ((const struct nf_fair_party *)ctx)[number].key == key;
}

static uint32_t
find(const struct nf_fair *f, uint32_t hash, uint64_t key)
{
	return nf_slot_index_find(&f->index, hash, key, has_key, f->parties);
}

static uint32_t
find_or_found(struct nf_fair *f, uint64_t key)
{
	uint32_t hash = nf_slot_index_hash(&f->index, key);
	uint32_t number = find(f, hash, key);

	if (number != NF_NO_SLOT)
		return number;
	number = f->free[--f->n_free];
	f->parties[number] = (struct nf_fair_party){.key = key};
	nf_slot_index_insert(&f->index, hash, number);
	return number;
}

/* ---- members -------------------------------------------------------------------------------------- */

void
nf_fair_join(struct nf_fair *f, uint32_t member, uint64_t key)
{
	uint32_t number = find_or_found(f, key);
	struct nf_fair_party *party = &f->parties[number];

	f->members[member] = (struct nf_fair_member){
		.older = party->newest,
		.party = number + 1,
		.weight = 1,
	};
	*(party->newest != 0 ? &f->members[party->newest - 1].newer : &party->oldest) = member + 1;
	party->newest = member + 1;
	put_on(f, number);
}

void
nf_fair_grow(struct nf_fair *f, uint32_t member)
{
	f->members[member].weight++;
	put_on(f, f->members[member].party - 1);
}

void
nf_fair_leave(struct nf_fair *f, uint32_t member)
{
	struct nf_fair_member *left = &f->members[member];
	uint32_t number = left->party - 1;
	struct nf_fair_party *party;

	if (left->party == 0)
		return;
	party = &f->parties[number];
	*(left->older != 0 ? &f->members[left->older - 1].newer : &party->oldest) = left->newer;
	*(left->newer != 0 ? &f->members[left->newer - 1].older : &party->newest) = left->older;
	take_off(f, number, left->weight);
	*left = (struct nf_fair_member){0};
	if (party->weight != 0)
		return;
	nf_slot_index_remove(&f->index, nf_slot_index_hash(&f->index, party->key), number);
	f->free[f->n_free++] = number;
}

uint32_t
nf_fair_weight(const struct nf_fair *f, uint64_t key, uint32_t *ret_oldest)
{
	uint32_t number = find(f, nf_slot_index_hash(&f->index, key), key);

	if (ret_oldest != NULL)
		*ret_oldest = number != NF_NO_SLOT ? f->parties[number].oldest - 1 : NF_FAIR_NONE;
	return number != NF_NO_SLOT ? f->parties[number].weight : 0;
}

uint32_t
nf_fair_victim(const struct nf_fair *f)
{
	if (f->heaviest == 0)
		return NF_FAIR_NONE;
	return f->parties[f->by_weight[f->heaviest].first - 1].oldest - 1;
}

/* ---- set-up ----------------------------------------------------------------------------------------- */

static void *
zalloc(size_t n, size_t size)
{
	return nf_table_memory_alloc("nf_fair", n * size);
}

int
nf_fair_init(struct nf_fair *f, uint32_t n_members, uint32_t max_weight, uint64_t seed)
{
	int error = nf_slot_index_init(&f->index, n_members, seed);

	if (error != 0)
		return error;
	f->members = zalloc(n_members, sizeof(*f->members));
	f->parties = zalloc(n_members, sizeof(*f->parties));
	f->by_weight = zalloc((size_t)max_weight + 1, sizeof(*f->by_weight));
	f->free = zalloc(n_members, sizeof(*f->free));
	if (f->members == NULL || f->parties == NULL || f->by_weight == NULL || f->free == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_members; i++)
		f->free[i] = n_members - 1 - i;
	f->n_free = n_members;
	return 0;
}

void
nf_fair_fini(struct nf_fair *f)
{
	nf_slot_index_fini(&f->index);
	nf_table_memory_free(f->members);
	nf_table_memory_free(f->parties);
	nf_table_memory_free(f->by_weight);
	nf_table_memory_free(f->free);
	*f = (struct nf_fair){0};
}
