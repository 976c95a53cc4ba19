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
SLIM_ASSERT(SLIM_MAX_CAPACITY == 1u << SLIM_PENDING_SLOT_BITS, "a slot number fits");
SLIM_ASSERT(SLIM_MAX_TABLES <= 1u << (32 - SLIM_PENDING_SLOT_BITS), "a table index fits");

/* Head of a worker. Only its own thread reads or writes it. */
struct slim_worker {
	const slim_atomic_u32 *epoch_word; /* the command's epoch, in the control zone */
	uint32_t epoch;                    /* the one in force */
	uint32_t poll_busy;                /* slim_worker_poll has something to do */
	uint32_t beat;                     /* polls until the next heartbeat */
	uint32_t commit_busy;              /* slim_commit has something to do */
	uint32_t track;                    /* bit t: changes of table t are noted */
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

/* The other halves. Not for NFs. */
int slim_agent_create_abi(uint32_t abi, const struct slim_agent_config *config,
			  struct slim_agent **ret_agent);
uint32_t slim_worker_poll_slow(struct slim_worker *w);
void slim_commit_slow(struct slim_worker *w, bool idle);
uint16_t slim_rx_burst_gated(struct slim_worker *w, uint16_t port, struct rte_mbuf **pkts,
			     uint16_t max);
void slim_slot_note(struct slim_worker *w, uint32_t table, uint32_t slot);

SLIM_INLINE uint32_t
slim_worker_poll_inline(struct slim_worker *w)
{
	uint32_t epoch = SLIM_LOAD_RELAXED(w->epoch_word);

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
	uint8_t *payload = (uint8_t *)slim_slot_inline(table, slot);
	struct slim_slot_head *head = (struct slim_slot_head *)(void *)payload - 1;
	uint32_t seq = SLIM_LOAD_RELAXED(&head->seq);

	(void)w;
	/* P7: the odd number is visible before any byte that changes. */
	SLIM_STORE_RELAXED(&head->seq, seq + 1);
	SLIM_FENCE_RELEASE();
	return payload;
}

/* Closes a slot that slim_slot_begin() opened, as used or empty. */
SLIM_INLINE void
slim_slot_close(struct slim_worker *w, struct slim_table *table, uint32_t slot, uint8_t used)
{
	uint8_t *payload = (uint8_t *)slim_slot_inline(table, slot);
	struct slim_slot_head *head = (struct slim_slot_head *)(void *)payload - 1;
	struct slim_shm_worker *status = w->status;
	uint32_t t = table->index;
	uint32_t seq = SLIM_LOAD_RELAXED(&head->seq);
	uint8_t was_used = __atomic_load_n(&head->used, __ATOMIC_RELAXED);

	if (was_used != used) {
		uint32_t n = SLIM_LOAD_RELAXED(&status->used[t]);

		__atomic_store_n(&head->used, used, __ATOMIC_RELEASE); /* P11 */
		head->installed = 0;
		SLIM_STORE_RELAXED(&status->used[t], n + used - was_used);
	}
	/* P7: the even number is visible after every byte that changed. */
	SLIM_STORE_RELEASE(&head->seq, seq + 1);
	SLIM_STORE_RELAXED(&status->writes[t], SLIM_LOAD_RELAXED(&status->writes[t]) + 1);
	if (__builtin_expect((w->track >> t) & 1u, 0))
		slim_slot_note(w, t, slot);
}

SLIM_INLINE void
slim_slot_end_inline(struct slim_worker *w, struct slim_table *table, uint32_t slot, uint8_t bucket)
{
	uint8_t *payload = (uint8_t *)slim_slot_inline(table, slot);
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

/* What is inlined into an NF must be what the library was built with: slim_agent_create() compares this
 * number. It follows from the places of all that the code above touches and from the shape of what an NF
 * hands over, so that it cannot be forgotten; the revision counts changes of meaning that leave
 * the shape as it is. */
#define SLIM_ABI_REVISION 1u

static inline uint32_t
slim_abi_inline(void)
{
	const size_t places[] = {
		SLIM_ABI_REVISION,
		SLIM_SHM_VERSION,
		sizeof(struct slim_worker),
		offsetof(struct slim_worker, epoch_word),
		offsetof(struct slim_worker, epoch),
		offsetof(struct slim_worker, poll_busy),
		offsetof(struct slim_worker, beat),
		offsetof(struct slim_worker, commit_busy),
		offsetof(struct slim_worker, track),
		offsetof(struct slim_worker, open_ports),
		offsetof(struct slim_worker, index),
		offsetof(struct slim_worker, serving),
		offsetof(struct slim_worker, poll_says),
		offsetof(struct slim_worker, port_ids),
		offsetof(struct slim_worker, status),
		offsetof(struct slim_worker, bucket_worker),
		sizeof(struct slim_table),
		offsetof(struct slim_table, slab),
		offsetof(struct slim_table, slot_size),
		offsetof(struct slim_table, index),
		sizeof(struct slim_slot_head),
		offsetof(struct slim_slot_head, bucket),
		offsetof(struct slim_slot_head, used),
		offsetof(struct slim_slot_head, installed),
		offsetof(struct slim_shm_worker, writes),
		offsetof(struct slim_shm_worker, used),
		sizeof(struct slim_agent_config),
		offsetof(struct slim_agent_config, socket_id),
		sizeof(struct slim_table_config),
		sizeof(struct slim_table_ops),
		sizeof(struct slim_port_config),
		sizeof(struct slim_field),
	};
	uint32_t abi = 0;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		abi = (abi ^ (uint32_t)places[i]) * UINT32_C(16777619) + 1;
	return abi;
}

#define slim_agent_create(...) slim_agent_create_abi(slim_abi_inline(), __VA_ARGS__)
#define slim_worker_poll(w) slim_worker_poll_inline(w)
#define slim_rx_burst(w, port, pkts, max) slim_rx_burst_inline(w, port, pkts, max)
#define slim_commit(w, idle) slim_commit_inline(w, idle)
#define slim_owns(w, bucket) slim_owns_inline(w, bucket)
#define slim_slot(table, slot) slim_slot_inline(table, slot)
#define slim_slot_begin(w, table, slot) slim_slot_begin_inline(w, table, slot)
#define slim_slot_end(w, table, slot, bucket) slim_slot_end_inline(w, table, slot, bucket)
#define slim_slot_free(w, table, slot) slim_slot_free_inline(w, table, slot)

#endif
