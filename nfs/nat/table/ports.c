/* SPDX-License-Identifier: Apache-2.0 */
/* External ports; see ports.h. Worker's thread, but for init and fini. */
#include "ports.h"

#include <errno.h>

#include "config.h"
#include "table_memory.h"

#define EVEN_PLACES UINT64_C(0x5555555555555555)

/* ---- set-up ---------------------------------------------------------------------------------- */

static int
init_blocks(struct nat_port_table *ports)
{
	uint32_t n_groups = SLIM_N_BUCKETS * ports->pool.n_addresses;
	uint32_t shift = 8u - ports->pool.rule.block_shift;

	ports->groups = nf_table_memory_alloc("nat_blocks", n_groups * sizeof(*ports->groups));
	ports->blocks = nf_table_memory_alloc("nat_blocks",
					      ((size_t)n_groups << shift) * sizeof(*ports->blocks));
	if (ports->groups == NULL || ports->blocks == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_groups << shift; i++)
		ports->blocks[i].number = (uint16_t)((i >> shift) % ports->pool.n_addresses);
	return 0;
}

int
nat_ports_init(struct nat_port_table *ports, const struct nat_config *config)
{
	size_t n_sets = (size_t)SLIM_N_BUCKETS * config->n_pool * NAT_N_PROTOCOLS;

	if (nat_pool_init(&ports->pool, config) != 0)
		return -ENOMEM;
	ports->sets = nf_table_memory_alloc("nat_ports", n_sets * sizeof(*ports->sets));
	ports->n_used = nf_table_memory_alloc("nat_ports", n_sets * sizeof(*ports->n_used));
	ports->slots =
		nf_table_memory_alloc("nat_ports", n_sets * NAT_PLACES * sizeof(*ports->slots));
	if (ports->sets == NULL || ports->n_used == NULL || ports->slots == NULL)
		return -ENOMEM;
	return ports->pool.rule.block_shift == 0 ? 0 : init_blocks(ports);
}

void
nat_ports_fini(struct nat_port_table *ports)
{
	nf_table_memory_free(ports->sets);
	nf_table_memory_free(ports->n_used);
	nf_table_memory_free(ports->slots);
	nf_table_memory_free(ports->groups);
	nf_table_memory_free(ports->blocks);
	nat_pool_fini(&ports->pool);
}

/* ---- find ------------------------------------------------------------------------------------ */

uint32_t
nat_ports_n_used(const struct nat_port_table *ports, uint8_t bucket, uint16_t number,
		 uint32_t protocol, uint32_t *ret_n_allowed)
{
	if (ports->groups != NULL) {
		*ret_n_allowed = ports->pool.n_allowed_blocks[bucket];
		return ports->groups[(uint32_t)bucket * ports->pool.n_addresses + number].n_used;
	}
	*ret_n_allowed = ports->pool.n_allowed[bucket];
	return ports->n_used[nat_ports_set(ports, bucket, number, protocol)];
}

/* The first bit from `start` on, round the end; -1: none. n_words is a power of two. */
static int
pick(const uint64_t *bits, uint32_t n_words, uint32_t start)
{
	/* The start's word twice: first what is above the start, at the end what is below. */
	for (uint32_t i = 0; i <= n_words; i++) {
		uint32_t word = ((start >> 6) + i) & (n_words - 1);
		uint64_t left = bits[word];

		if (i == 0)
			left &= UINT64_MAX << (start & 63);
		if (left != 0)
			return (int)(word * 64 + (uint32_t)__builtin_ctzll(left));
	}
	return -1;
}

static uint64_t
free_in_word(const struct nat_port_table *ports, uint8_t bucket, uint32_t set, uint32_t word,
	     enum nat_rested rested)
{
	const struct nat_port_set *s = &ports->sets[set];
	uint64_t left = ports->pool.allowed[bucket][word] & ~s->used[word];

	return rested == NAT_RESTED_ONLY ? left & ~s->resting[word] : left;
}

static bool
pick_place(const uint64_t left[NAT_PLACE_WORDS], uint32_t start, struct nat_place *at)
{
	int place = pick(left, NAT_PLACE_WORDS, start);

	at->place = (uint8_t)place;
	return place >= 0;
}

bool
nat_ports_find(const struct nat_port_table *ports, uint16_t number,
	       const struct nat_port_kind *kind, uint32_t random, struct nat_place *ret)
{
	uint32_t set = nat_ports_set(ports, kind->bucket, number, kind->protocol);
	uint32_t start = random % NAT_PLACES;

	/* As pick(), but a word is only put together if those before it have none: mostly the first one has. */
	for (uint32_t i = 0; i <= NAT_PLACE_WORDS; i++) {
		uint32_t word = ((start >> 6) + i) & (NAT_PLACE_WORDS - 1);
		uint64_t left = free_in_word(ports, kind->bucket, set, word, kind->rested);

		if (i == 0)
			left &= UINT64_MAX << (start & 63);
		if (left == 0)
			continue;
		*ret = (struct nat_place){
			.set = set,
			.bucket = kind->bucket,
			.place = (uint8_t)(word * 64 + (uint32_t)__builtin_ctzll(left)),
			.number = number,
		};
		return true;
	}
	return false;
}

bool
nat_ports_is_free(const struct nat_port_table *ports, const struct nat_place *at,
		  enum nat_rested rested)
{
	uint64_t left = free_in_word(ports, at->bucket, at->set, at->place >> 6, rested);

	return (left >> (at->place & 63)) & 1;
}

/* The places of a block that are in a word. */
static uint64_t
places_in_word(const struct nat_pool *pool, uint32_t first, uint32_t word)
{
	uint32_t n = pool->rule.block_mask + 1u;

	if (n >= 64)
		return word * 64 >= first && word * 64 < first + n ? UINT64_MAX : 0;
	return first >> 6 == word ? ((UINT64_C(1) << n) - 1) << (first & 63) : 0;
}

static uint64_t
places_of_parity(enum nat_parity parity)
{
	if (parity == NAT_PARITY_ANY)
		return UINT64_MAX;
	return parity == NAT_PARITY_EVEN ? EVEN_PLACES : ~EVEN_PLACES;
}

bool
nat_ports_find_in_block(const struct nat_port_table *ports, uint32_t block,
			const struct nat_port_kind *kind, uint32_t random, struct nat_place *ret)
{
	const struct nat_pool *pool = &ports->pool;
	uint32_t first = (block << pool->rule.block_shift) % NAT_PLACES;
	struct nat_place at = {.bucket = kind->bucket, .number = ports->blocks[block].number};
	uint64_t left[NAT_PLACE_WORDS];

	at.set = nat_ports_set(ports, kind->bucket, at.number, kind->protocol);
	for (uint32_t word = 0; word < NAT_PLACE_WORDS; word++)
		left[word] = free_in_word(ports, kind->bucket, at.set, word, kind->rested) &
			     places_in_word(pool, first, word) & places_of_parity(kind->parity);
	if (!pick_place(left, first + (random & pool->rule.block_mask), &at))
		return false;
	*ret = at;
	return true;
}

uint32_t
nat_ports_find_block(const struct nat_port_table *ports, uint8_t bucket, uint16_t number,
		     enum nat_rested rested, uint32_t random)
{
	uint32_t group = (uint32_t)bucket * ports->pool.n_addresses + number;
	uint32_t shift = 8u - ports->pool.rule.block_shift;
	const struct nat_block_group *g = &ports->groups[group];
	uint64_t left[NAT_BLOCK_WORDS];
	int block;

	for (uint32_t word = 0; word < NAT_BLOCK_WORDS; word++) {
		left[word] = ports->pool.allowed_blocks[bucket][word] & ~g->used[word];
		if (rested == NAT_RESTED_ONLY)
			left[word] &= ~g->resting[word];
	}
	block = pick(left, NAT_BLOCK_WORDS, random & ((1u << shift) - 1));
	return block < 0 ? NAT_NO_BLOCK : (group << shift) + (uint32_t)block;
}

/* ---- change ---------------------------------------------------------------------------------- */

/* The group of a block, and its bit there. */
static struct nat_block_group *
group_of(struct nat_port_table *ports, uint32_t block, uint32_t *ret_word, uint64_t *ret_bit)
{
	uint32_t shift = 8u - ports->pool.rule.block_shift;
	uint32_t in_group = block & ((1u << shift) - 1);

	*ret_word = in_group >> 6;
	*ret_bit = UINT64_C(1) << (in_group & 63);
	return &ports->groups[block >> shift];
}

void
nat_ports_rest(struct nat_port_table *ports, const struct nat_place *at)
{
	struct nat_block_group *group;
	uint32_t block = nat_ports_block(ports, at), word;
	uint64_t bit;

	ports->sets[at->set].resting[at->place >> 6] |= UINT64_C(1) << (at->place & 63);
	if (block == NAT_NO_BLOCK || ports->blocks[block].n_resting++ != 0)
		return;
	group = group_of(ports, block, &word, &bit);
	group->resting[word] |= bit;
}

void
nat_ports_wake(struct nat_port_table *ports, const struct nat_place *at)
{
	struct nat_block_group *group;
	uint32_t block = nat_ports_block(ports, at), word;
	uint64_t bit;

	ports->sets[at->set].resting[at->place >> 6] &= ~(UINT64_C(1) << (at->place & 63));
	if (block == NAT_NO_BLOCK || --ports->blocks[block].n_resting != 0)
		return;
	group = group_of(ports, block, &word, &bit);
	group->resting[word] &= ~bit;
}

void
nat_block_use(struct nat_port_table *ports, uint32_t block)
{
	struct nat_block_group *group;
	uint32_t word;
	uint64_t bit;

	if (ports->blocks[block].n_used++ != 0)
		return;
	group = group_of(ports, block, &word, &bit);
	group->used[word] |= bit;
	group->n_used++;
}

bool
nat_block_leave(struct nat_port_table *ports, uint32_t block)
{
	struct nat_block_group *group;
	uint32_t word;
	uint64_t bit;

	if (--ports->blocks[block].n_used != 0)
		return false;
	group = group_of(ports, block, &word, &bit);
	group->used[word] &= ~bit;
	group->n_used--;
	return true;
}

void
nat_block_link(struct nat_port_table *ports, uint32_t block, struct nat_block_list *list,
	       uint32_t owner)
{
	ports->blocks[block].owner = owner + 1;
	ports->blocks[block].next = list->first;
	list->first = block + 1;
	list->n++;
}

void
nat_block_unlink(struct nat_port_table *ports, uint32_t block, struct nat_block_list *list)
{
	uint32_t *link = &list->first;

	while (*link != block + 1)
		link = &ports->blocks[*link - 1].next;
	*link = ports->blocks[block].next;
	ports->blocks[block].next = 0;
	ports->blocks[block].owner = 0;
	list->n--;
}
