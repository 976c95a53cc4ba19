/* SPDX-License-Identifier: Apache-2.0 */
/* External ports of mappings; see allocate.h. Worker's thread. */
#include "allocate.h"

#include "log.h"

static uint64_t
next_random(struct nat_sessions *s)
{
	/* xorshift64*: ports need not be secret, only hard to guess (RFC 6056). */
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return s->random * UINT64_C(0x2545f4914f6cdd1d);
}

/* ---- blocks ----------------------------------------------------------------------------------- */

static struct nat_block_list *
blocks_of(const struct nat_sessions *s, uint32_t subscriber)
{
	return &s->subscribers->tallies[subscriber].blocks;
}

static void
log_block(struct nat_log_ring *log, const struct nat_sessions *s, uint32_t block,
	  enum nat_log_event event)
{
	const struct nat_port_table *ports = &s->shared->ports;
	const struct nat_block *b = &ports->blocks[block];
	uint16_t first;

	if (log == NULL)
		return;
	first = nat_block_first_port(ports, block);
	nat_log_put(log, &(struct nat_log_record){
				 .event = (uint8_t)event,
				 .inside_address = s->subscribers->tallies[b->owner - 1].address,
				 .outside_address = ports->pool.addresses[b->number],
				 .first = first,
				 .last = first | ports->pool.rule.block_mask,
			 });
}

/* Its owner, if it has one, has the block no longer. */
static void
disown_block(struct nat_sessions *s, uint32_t block, struct nat_log_ring *log)
{
	struct nat_port_table *ports = &s->shared->ports;
	uint32_t owner = ports->blocks[block].owner;

	if (owner == 0)
		return;
	log_block(log, s, block, NAT_LOG_BLOCK_RELEASED);
	nat_block_unlink(ports, block, blocks_of(s, owner - 1));
}

void
nat_allocate_take_blocks(struct nat_sessions *s, uint32_t subscriber, struct nat_log_ring *log)
{
	while (blocks_of(s, subscriber)->first != 0)
		disown_block(s, blocks_of(s, subscriber)->first - 1, log);
}

/* The subscriber has the block now, whoever had it before. */
static void
own_block(struct nat_sessions *s, uint32_t block, uint32_t subscriber, struct nat_log_ring *log)
{
	struct nat_port_table *ports = &s->shared->ports;

	if (ports->blocks[block].owner == subscriber + 1)
		return;
	disown_block(s, block, log);
	nat_block_link(ports, block, blocks_of(s, subscriber), subscriber);
	log_block(log, s, block, NAT_LOG_BLOCK_ALLOCATED);
}

/* ---- ports ---------------------------------------------------------------------------------- */

void
nat_allocate_give(struct nat_sessions *s, uint32_t slot, const struct nat_place *at,
		  uint32_t subscriber, struct nat_log_ring *log)
{
	struct nat_port_table *ports = &s->shared->ports;
	uint32_t block = nat_ports_block(ports, at);

	if (!nat_ports_give(ports, at, slot))
		s->n_conflicts++;
	s->local[slot - s->share.first_slot].port = nat_place_pack(at);
	if (block == NAT_NO_BLOCK)
		return;
	nat_block_use(ports, block);
	own_block(s, block, subscriber, log);
}

void
nat_allocate_take(struct nat_sessions *s, uint32_t slot, uint8_t bucket, struct nat_log_ring *log)
{
	struct nat_port_table *ports = &s->shared->ports;
	struct nat_local *local = &s->local[slot - s->share.first_slot];
	struct nat_place at;
	uint32_t block;

	if (local->port == 0)
		return;
	at = nat_place_unpack(ports, local->port, bucket);
	local->port = 0;
	nat_ports_take(ports, &at, slot);
	block = nat_ports_block(ports, &at);
	if (block != NAT_NO_BLOCK && nat_block_leave(ports, block))
		disown_block(s, block, log);
}

/* ---- find ----------------------------------------------------------------------------------- */

uint16_t
nat_allocate_address(struct nat_sessions *s, uint8_t bucket, uint32_t protocol)
{
	const struct nat_port_table *ports = &s->shared->ports;
	uint32_t n = ports->pool.n_addresses;
	uint32_t at = (uint32_t)(((next_random(s) >> 32) * n) >> 32);
	uint32_t best = at, best_used = UINT32_MAX;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t allowed;
		uint32_t used = nat_ports_n_used(ports, bucket, (uint16_t)at, protocol, &allowed);

		if (used < best_used) {
			best_used = used;
			best = at;
		}
		if (i >= 15 && best_used < allowed)
			break;
		at = at + 1 == n ? 0 : at + 1;
	}
	return (uint16_t)best;
}

static bool
find_wished(const struct nat_sessions *s, const struct nat_port_request *r, bool full,
	    struct nat_place *ret)
{
	const struct nat_port_table *ports = &s->shared->ports;
	uint16_t number =
		r->wish.address == 0 ? r->number : nat_pool_number(&ports->pool, r->wish.address);
	uint32_t block, owner;
	struct nat_place at;

	if (r->wish.port == 0 || number == NAT_NOT_IN_POOL ||
	    nat_port_bucket(&ports->pool.rule, r->wish.port) != r->kind.bucket)
		return false;
	if (number != r->number && r->subscriber != NAT_NO_SUBSCRIBER &&
	    !s->shared->arbitrary_pooling)
		return false;
	at = nat_ports_place(ports, number, r->wish.port, r->kind.protocol);
	if (!nat_ports_is_free(ports, &at, r->kind.rested))
		return false;
	*ret = at;
	block = nat_ports_block(ports, &at);
	if (block == NAT_NO_BLOCK)
		return true;
	owner = ports->blocks[block].owner;
	return owner == 0 ? !full : owner - 1 == r->subscriber;
}

static bool
find_in_own_blocks(struct nat_sessions *s, const struct nat_port_request *r,
		   const struct nat_port_kind *kind, struct nat_place *ret)
{
	const struct nat_port_table *ports = &s->shared->ports;
	uint32_t block = ports->groups != NULL && r->subscriber != NAT_NO_SUBSCRIBER
				 ? blocks_of(s, r->subscriber)->first
				 : 0;

	for (; block != 0; block = ports->blocks[block - 1].next) {
		/* One at another address came from an instance with arbitrary pooling. */
		if (ports->blocks[block - 1].number != r->number && !s->shared->arbitrary_pooling)
			continue;
		if (nat_ports_find_in_block(ports, block - 1, kind,
					    (uint32_t)(next_random(s) >> 32), ret))
			return true;
	}
	return false;
}

/* A port of the block, better one of the right parity. */
static bool
find_in_free_block(const struct nat_port_table *ports, uint32_t block,
		   const struct nat_port_kind *kind, uint32_t random, struct nat_place *ret)
{
	struct nat_port_kind any = *kind;

	any.parity = NAT_PARITY_ANY;
	return nat_ports_find_in_block(ports, block, kind, random, ret) ||
	       nat_ports_find_in_block(ports, block, &any, random, ret);
}

/* Better a block in which no port rests; then any that has a port of the kind. */
static bool
find_in_new_block(struct nat_sessions *s, const struct nat_port_kind *kind, uint16_t number,
		  struct nat_place *ret)
{
	const struct nat_port_table *ports = &s->shared->ports;
	uint32_t random = (uint32_t)(next_random(s) >> 32);
	uint32_t n = NAT_PLACES >> ports->pool.rule.block_shift, start = random >> 16;
	uint32_t block = nat_ports_find_block(ports, kind->bucket, number, NAT_RESTED_ONLY, start);

	if (block != NAT_NO_BLOCK && find_in_free_block(ports, block, kind, random, ret))
		return true;
	for (uint32_t i = 0; i < n; i++) {
		block = nat_ports_find_block(ports, kind->bucket, number, NAT_RESTED_OR_NOT, start);
		if (block == NAT_NO_BLOCK)
			return false;
		if (find_in_free_block(ports, block, kind, random, ret))
			return true;
		start = block + 1;
	}
	return false;
}

/* A port outside its blocks: at its own address, with arbitrary pooling at any other, too. */
static bool
find_elsewhere(struct nat_sessions *s, const struct nat_port_request *r, struct nat_place *ret)
{
	const struct nat_session_table *t = s->shared;
	uint32_t n = t->ports.pool.n_addresses, number = r->number;

	for (uint32_t i = 0; i < (t->arbitrary_pooling ? n : 1); i++) {
		uint32_t random = (uint32_t)(next_random(s) >> 32);
		bool found = t->ports.groups != NULL
				     ? find_in_new_block(s, &r->kind, (uint16_t)number, ret)
				     : nat_ports_find(&t->ports, (uint16_t)number, &r->kind, random,
						      ret);

		if (found) {
			s->n_unpaired += i != 0;
			return true;
		}
		number = number + 1 == n ? 0 : number + 1;
	}
	return false;
}

static enum nat_session_error
find(struct nat_sessions *s, const struct nat_port_request *r, struct nat_place *ret)
{
	const struct nat_session_table *t = s->shared;
	bool full = t->ports.groups != NULL && r->subscriber != NAT_NO_SUBSCRIBER &&
		    blocks_of(s, r->subscriber)->n >= t->max_blocks;
	struct nat_port_kind any = r->kind;

	any.parity = NAT_PARITY_ANY;
	if (find_wished(s, r, full, ret) || find_in_own_blocks(s, r, &r->kind, ret))
		return NAT_SESSION_OK;
	if (!full && find_elsewhere(s, r, ret))
		return NAT_SESSION_OK;
	if (r->kind.parity != NAT_PARITY_ANY && find_in_own_blocks(s, r, &any, ret))
		return NAT_SESSION_OK;
	return full ? NAT_SESSION_BLOCK_LIMIT : NAT_SESSION_NO_PORT;
}

enum nat_session_error
nat_allocate_find(struct nat_sessions *s, const struct nat_port_request *r, struct nat_place *ret)
{
	const struct nat_port_table *ports = &s->shared->ports;
	struct nat_port_request request = *r;
	enum nat_session_error error;

	request.kind.rested = NAT_RESTED_ONLY;
	/* Nearly always: no blocks, no wish, and a port at the subscriber's address. */
	if (likely(ports->groups == NULL && r->wish.port == 0) &&
	    likely(nat_ports_find(ports, r->number, &request.kind, (uint32_t)(next_random(s) >> 32),
				  ret)))
		return NAT_SESSION_OK;
	error = find(s, &request, ret);
	if (error != NAT_SESSION_OK && s->shared->rests.delay_ns != 0) {
		request.kind.rested = NAT_RESTED_OR_NOT;
		error = find(s, &request, ret);
	}
	return error;
}
