/* SPDX-License-Identifier: Apache-2.0 */
#include "track.h"

#define SLOT_MASK (SLIM_MAX_CAPACITY - 1u)

static void
ring_put(struct agent_ring *ring, uint32_t slot)
{
	ring->shm->slots[ring->tail++ & ring->mask] = slot;
}

void
slim_track_publish(struct agent_worker *w)
{
	struct slim_agent *agent = w->agent;
	uint32_t touched = 0;

	if (w->pub.n_pending == 0)
		return;
#ifdef SLIM_TEST_NO_FENCE
	/* Negative control of the stress test: the compiler keeps the order, the
	 * processor does not. */
	atomic_signal_fence(memory_order_seq_cst);
#else
	/* P8: every slot store above is visible before any flag below is read. */
	atomic_thread_fence(memory_order_seq_cst);
#endif
	for (uint32_t i = 0; i < w->pub.n_pending; i++) {
		uint32_t t = w->pub.pending[i] >> SLIM_PENDING_SLOT_BITS;
		uint32_t slot = w->pub.pending[i] & SLOT_MASK;
		_Atomic uint8_t *flag = &agent->tables[t].dirty[slot];

		/* Acquire, for the ring: a flag that slimd has lowered (release) says that it
		 * has read the entry whose place may be used again below. */
		if (atomic_load_explicit(flag, memory_order_acquire) != 0)
			continue;
		atomic_store_explicit(flag, 1, memory_order_relaxed);
		ring_put(&w->rings[t], slot);
		touched |= 1u << t;
	}
	w->pub.n_pending = 0;
	for (; touched != 0; touched &= touched - 1) {
		struct agent_ring *ring = &w->rings[__builtin_ctz(touched)];

		/* P3: the numbers, and their flags, are visible before the new tail. */
		atomic_store_explicit(&ring->shm->tail, ring->tail, memory_order_release);
	}
}

void
slim_slot_note(struct slim_worker *w, uint32_t table, uint32_t slot)
{
	uint32_t value = table << SLIM_PENDING_SLOT_BITS | slot;

	if (w->n_pending > 0 && w->pending[w->n_pending - 1] == value)
		return;
	w->pending[w->n_pending++] = value;
	/* More changes than fit: slots closed so far are complete, so they may go early. */
	if (w->n_pending == SLIM_PENDING_SLOTS)
		slim_track_publish(agent_worker_of(w));
}
