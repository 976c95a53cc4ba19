/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of the agent that must cost nothing: what an NF does for each burst
 * and each changed entry, inline. Included by slim.h only. The structures are
 * here because the code needs them; an NF never touches a member.
 *
 * Cost while nothing is moved: slim_worker_poll and slim_commit are a load
 * and a predicted branch each, slim_rx_burst is rte_eth_rx_burst and one branch, a
 * changed slot is two stores of its sequence and one of the writes counter.
 */
#ifndef SLIM_INLINE_H
#define SLIM_INLINE_H

#include <rte_ethdev.h>

/* Each function of slim.h that is inline has its body here as NAME_inline; a macro of the
 * function's name leads there. An address taken, or another language, gets the
 * linkable function (inline.c). */
#define SLIM_INLINE __attribute__((always_inline)) static inline

/* Head of a table; never changes after slim_table_create(). */
struct slim_table {
	uint8_t *slab;
	uint32_t slot_size;
	uint32_t capacity;
	uint32_t index;
};

#define SLIM_PENDING_SLOT_BITS 26 /* slot numbers are below SLIM_MAX_CAPACITY */
_Static_assert(SLIM_MAX_CAPACITY == 1u << SLIM_PENDING_SLOT_BITS, "a slot number fits");
_Static_assert(SLIM_MAX_TABLES <= 1u << (32 - SLIM_PENDING_SLOT_BITS), "a table index fits");

/* Head of a worker. Only its own thread reads or writes it. */
struct slim_worker {
	const _Atomic uint32_t *epoch_word; /* the command's epoch, in the control zone */
	uint32_t epoch;                     /* the one in force */
	uint32_t poll_busy;                 /* slim_worker_poll has something to do */
	uint32_t beat;                      /* polls until the next heartbeat */
	uint32_t commit_busy;               /* slim_commit has something to do */
	uint32_t track;                     /* bit t: changes of table t are noted */
	uint32_t n_pending;
	uint32_t open_ports; /* bit p: nothing stands between port p and the NF */
	uint16_t index;
	bool serving;      /* this instance owns its buckets for good */
	uint8_t poll_says; /* bits of enum slim_poll */
	uint16_t port_ids[SLIM_MAX_PORTS];
	struct slim_shm_worker *status;
	const uint8_t *bucket_worker;
	uint32_t pending[SLIM_PENDING_SLOTS]; /* table << SLIM_PENDING_SLOT_BITS | slot */
};

/* The slow halves. Not for NFs. */
uint32_t slim_worker_poll_slow(struct slim_worker *w);
void slim_commit_slow(struct slim_worker *w, bool idle);
uint16_t slim_rx_burst_gated(struct slim_worker *w, uint16_t port, struct rte_mbuf **pkts,
			     uint16_t max);
void slim_slot_note(struct slim_worker *w, uint32_t table, uint32_t slot);

SLIM_INLINE uint32_t
slim_worker_poll_inline(struct slim_worker *w)
{
	uint32_t epoch = atomic_load_explicit(w->epoch_word, memory_order_relaxed);

	if (__builtin_expect(((epoch ^ w->epoch) | w->poll_busy) != 0 || --w->beat == 0, 0))
		return slim_worker_poll_slow(w);
	return w->poll_says;
}

SLIM_INLINE uint16_t
slim_rx_burst_inline(struct slim_worker *w, uint16_t port, struct rte_mbuf **pkts, uint16_t max)
{
	if (__builtin_expect((w->open_ports >> port) & 1u, 1))
		return rte_eth_rx_burst(w->port_ids[port], w->index, pkts, max);
	return slim_rx_burst_gated(w, port, pkts, max);
}

SLIM_INLINE void
slim_commit_inline(struct slim_worker *w, bool idle)
{
	if (__builtin_expect(w->commit_busy != 0, 0))
		slim_commit_slow(w, idle);
}

SLIM_INLINE bool
slim_owns_inline(const struct slim_worker *w, uint8_t bucket)
{
	return w->serving && w->bucket_worker[bucket] == w->index;
}

SLIM_INLINE void *
slim_slot_inline(const struct slim_table *table, uint32_t slot)
{
	return table->slab + (size_t)slot * table->slot_size + sizeof(struct slim_slot_head);
}

SLIM_INLINE void *
slim_slot_begin_inline(struct slim_worker *w, struct slim_table *table, uint32_t slot)
{
	uint8_t *payload = slim_slot_inline(table, slot);
	struct slim_slot_head *head = (struct slim_slot_head *)(void *)payload - 1;
	uint32_t seq = atomic_load_explicit(&head->seq, memory_order_relaxed);

	(void)w;
	/* P7: the odd number is visible before any byte that changes. */
	atomic_store_explicit(&head->seq, seq + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	return payload;
}

/* Closes a slot that slim_slot_begin() opened, as used or empty. */
SLIM_INLINE void
slim_slot_close(struct slim_worker *w, struct slim_table *table, uint32_t slot, uint8_t used)
{
	uint8_t *payload = slim_slot_inline(table, slot);
	struct slim_slot_head *head = (struct slim_slot_head *)(void *)payload - 1;
	struct slim_shm_worker *status = w->status;
	uint32_t t = table->index;
	uint32_t seq = atomic_load_explicit(&head->seq, memory_order_relaxed);
	uint8_t was_used = __atomic_load_n(&head->used, __ATOMIC_RELAXED);

	if (was_used != used) {
		uint32_t n = atomic_load_explicit(&status->used[t], memory_order_relaxed);

		__atomic_store_n(&head->used, used, __ATOMIC_RELEASE); /* P11 */
		head->installed = 0;
		atomic_store_explicit(&status->used[t], n + used - was_used, memory_order_relaxed);
	}
	/* P7: the even number is visible after every byte that changed. */
	atomic_store_explicit(&head->seq, seq + 1, memory_order_release);
	atomic_store_explicit(&status->writes[t],
			      atomic_load_explicit(&status->writes[t], memory_order_relaxed) + 1,
			      memory_order_relaxed);
	if (__builtin_expect((w->track >> t) & 1u, 0))
		slim_slot_note(w, t, slot);
}

SLIM_INLINE void
slim_slot_end_inline(struct slim_worker *w, struct slim_table *table, uint32_t slot, uint8_t bucket)
{
	uint8_t *payload = slim_slot_inline(table, slot);
	struct slim_slot_head *head = (struct slim_slot_head *)(void *)payload - 1;

	__atomic_store_n(&head->bucket, bucket, __ATOMIC_RELAXED);
	slim_slot_close(w, table, slot, 1);
}

SLIM_INLINE void
slim_slot_free_inline(struct slim_worker *w, struct slim_table *table, uint32_t slot)
{
	slim_slot_begin_inline(w, table, slot);
	slim_slot_close(w, table, slot, 0);
}

#define slim_worker_poll(w) slim_worker_poll_inline(w)
#define slim_rx_burst(w, port, pkts, max) slim_rx_burst_inline(w, port, pkts, max)
#define slim_commit(w, idle) slim_commit_inline(w, idle)
#define slim_owns(w, bucket) slim_owns_inline(w, bucket)
#define slim_slot(table, slot) slim_slot_inline(table, slot)
#define slim_slot_begin(w, table, slot) slim_slot_begin_inline(w, table, slot)
#define slim_slot_end(w, table, slot, bucket) slim_slot_end_inline(w, table, slot, bucket)
#define slim_slot_free(w, table, slot) slim_slot_free_inline(w, table, slot)

#endif
