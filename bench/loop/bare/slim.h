/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's interface with nothing behind it but tables: what an NF would do by
 * itself. No gate, no sequences, no commands, no commit, no counts for anybody else.
 *
 * Stands in front of the agent's folder in the include path, so that the very same
 * sources of an NF and of its loop are compiled against it. Declarations and types
 * are the agent's own; a slot has the same layout, so memory is touched alike.
 *
 * `used` is kept because NFs look at it when they read slots of other workers.
 */
#ifndef BENCH_BARE_SLIM_H
#define BENCH_BARE_SLIM_H

#define SLIM_INLINE_H /* the agent's inline half stays out */
#include "../../../agent/slim.h"

#include <rte_ethdev.h>

#define BARE_INLINE __attribute__((always_inline)) static inline

struct slim_table {
	uint8_t *slab;
	uint32_t slot_size;
	uint32_t capacity;
};

struct slim_worker {
	uint16_t index;
	uint16_t port_ids[SLIM_MAX_PORTS];
};

/* An NF that is alone always serves. */
BARE_INLINE uint32_t
bare_worker_poll(struct slim_worker *w)
{
	(void)w;
	return SLIM_POLL_SERVES;
}

BARE_INLINE uint16_t
bare_rx_burst(struct slim_worker *w, uint16_t port, struct rte_mbuf **pkts, uint16_t max)
{
	return rte_eth_rx_burst(w->port_ids[port], w->index, pkts, max);
}

/* An NF that never stops to serve keeps what it has. */
BARE_INLINE uint16_t
bare_return(struct slim_worker *w, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	(void)w, (void)port, (void)pkts, (void)n;
	return 0;
}

BARE_INLINE bool
bare_owns(const struct slim_worker *w, uint8_t bucket)
{
	(void)w, (void)bucket;
	return true;
}

BARE_INLINE void *
bare_slot(const struct slim_table *table, uint32_t slot)
{
	return table->slab + (size_t)slot * table->slot_size + sizeof(struct slim_slot_head);
}

BARE_INLINE void
bare_slot_set_used(struct slim_table *table, uint32_t slot, uint8_t used)
{
	struct slim_slot_head *head = (struct slim_slot_head *)bare_slot(table, slot) - 1;

	__atomic_store_n(&head->used, used, __ATOMIC_RELAXED);
}

#define slim_worker_poll(w) bare_worker_poll(w)
#define slim_rx_burst(w, port, pkts, max) bare_rx_burst(w, port, pkts, max)
#define slim_return(w, port, pkts, n) bare_return(w, port, pkts, n)
/* Nobody wants to know if a worker is idle: it is not found out. */
#define slim_commit(w, idle) ((void)(w), (void)(false && (idle)))
#define slim_owns(w, bucket) bare_owns(w, bucket)
#define slim_slot(table, slot) bare_slot(table, slot)
#define slim_slot_begin(w, table, slot) ((void)(w), bare_slot(table, slot))
#define slim_slot_end(w, table, slot, bucket) \
	((void)(w), (void)(bucket), bare_slot_set_used(table, slot, 1))
#define slim_slot_free(w, table, slot) ((void)(w), bare_slot_set_used(table, slot, 0))

#endif
