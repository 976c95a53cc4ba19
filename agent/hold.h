/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold: a queue of packets with their arrival times, of fixed size.
 *
 * One per worker and port. At the source it holds what arrives between the
 * stop and TAKEN; at the target, what arrives directly before a flush
 * round has passed. Positions count up for ever, so "everything up to here" is
 * one number, and 0 stands before all. Only the worker that owns it touches it. Knows no DPDK: packets
 * are opaque pointers.
 */
#ifndef SLIM_AGENT_HOLD_H
#define SLIM_AGENT_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "slim_limits.h"

struct rte_mbuf;

struct slim_hold_entry {
	struct rte_mbuf *pkt;
	uint64_t arrival_ns;
};

/* The first position. What is put in front stands before it, and positions never pass 0: that would take more packets
 * put in front, and taken back from the other end, than ever go through a queue. */
#define SLIM_HOLD_BEGIN (UINT64_C(1) << 62)

struct slim_hold {
	struct slim_hold_entry *entries; /* mask + 1 of them, owned by the agent */
	uint32_t mask;
	uint32_t capacity; /* packets; at most mask + 1 */
	uint64_t head;     /* position of the oldest packet */
	uint64_t tail;     /* position that the next packet gets */
};

/* Entries that a queue of this capacity needs: the next power of two. */
uint32_t slim_hold_entries(uint32_t capacity);

/* `entries`: slim_hold_entries(capacity) of them. */
void slim_hold_init(struct slim_hold *hold, struct slim_hold_entry *entries, uint32_t capacity);

static inline uint32_t
slim_hold_count(const struct slim_hold *hold)
{
	return (uint32_t)(hold->tail - hold->head);
}

static inline uint32_t
slim_hold_room(const struct slim_hold *hold)
{
	return hold->capacity - slim_hold_count(hold);
}

/* The entry at a position in [head, tail). */
static inline struct slim_hold_entry *
slim_hold_at(struct slim_hold *hold, uint64_t position)
{
	return &hold->entries[position & hold->mask];
}

/* False when full; the packet is then still the caller's. */
static inline bool
slim_hold_push(struct slim_hold *hold, struct rte_mbuf *pkt, uint64_t arrival_ns)
{
	if (slim_hold_room(hold) == 0)
		return false;
	*slim_hold_at(hold, hold->tail++) = (struct slim_hold_entry){pkt, arrival_ns};
	return true;
}

/* Puts a packet in front of the oldest one. False when full, as above. */
static inline bool
slim_hold_push_front(struct slim_hold *hold, struct slim_hold_entry entry)
{
	if (slim_hold_room(hold) == 0)
		return false;
	*slim_hold_at(hold, --hold->head) = entry;
	return true;
}

/* Takes the newest packet. The queue must not be empty. */
static inline struct slim_hold_entry
slim_hold_pop_newest(struct slim_hold *hold)
{
	return *slim_hold_at(hold, --hold->tail);
}

/* Takes the oldest packet. The queue must not be empty. */
static inline struct slim_hold_entry
slim_hold_pop(struct slim_hold *hold)
{
	return *slim_hold_at(hold, hold->head++);
}

#endif
