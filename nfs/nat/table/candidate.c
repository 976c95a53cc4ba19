/* SPDX-License-Identifier: Apache-2.0 */
/* What nobody has confirmed; see candidate.h. Worker's thread, but for init and fini. */
#include "candidate.h"

#include <errno.h>

#include <rte_common.h>
#include <rte_malloc.h>

static bool
equal(const void *ctx, uint32_t number, uint64_t place)
{
	return nat_datagram_is(&((const struct nat_fragment *)ctx)[number], place);
}

static uint32_t
find(const struct nat_candidates *c, const struct nat_fragment *key)
{
	return nf_slot_index_find(&c->index, nat_datagram_hash(&c->index, key),
				  nat_datagram_place(key), equal, c->of);
}

static void
forget(struct nat_candidates *c, uint32_t number)
{
	struct nat_fragment *entry = &c->of[number];

	nf_slot_index_remove(&c->index, nat_datagram_hash(&c->index, entry), number);
	entry->seen = 0;
}

void
nat_candidate_note(struct nat_candidates *c, const struct nat_fragment *told)
{
	uint32_t number = find(c, told);

	if (number == NF_NO_SLOT) {
		number = c->next;
		c->next = (c->next + 1) & (NAT_CANDIDATES - 1);
		if (c->of[number].seen != 0)
			forget(c, number);
		nf_slot_index_insert(&c->index, nat_datagram_hash(&c->index, told), number);
	}
	c->of[number] = *told;
}

const struct nat_fragment *
nat_candidate_find(const struct nat_candidates *c, const struct nat_fragment *key)
{
	uint32_t number = find(c, key);

	return number != NF_NO_SLOT ? &c->of[number] : NULL;
}

void
nat_candidate_remove(struct nat_candidates *c, const struct nat_fragment *key)
{
	uint32_t number = find(c, key);

	if (number != NF_NO_SLOT)
		forget(c, number);
}

int
nat_candidates_init(struct nat_candidates *c, uint64_t seed)
{
	c->of = rte_zmalloc("nat_candidates", NAT_CANDIDATES * sizeof(*c->of), RTE_CACHE_LINE_SIZE);
	if (c->of == NULL)
		return -ENOMEM;
	return nf_slot_index_init(&c->index, NAT_CANDIDATES, seed);
}

void
nat_candidates_fini(struct nat_candidates *c)
{
	nf_slot_index_fini(&c->index);
	rte_free(c->of);
	c->of = NULL;
}
