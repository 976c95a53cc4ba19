/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From worker to worker, without a loss. Runs on the worker's lcore; no allocation.
 *
 * *Nothing is dropped.* What finds no room in a ring waits at its sender, in a list through the packets
 * themselves: so a list of any length has room, and all that a sender gives to a receiver comes in order.
 *
 * *Not too much waits.* Let `between` be the packets that were handed over and are not dealt with yet: the
 * sum of `handed` less the sum of `done`. A worker that has looked at it may let (MAX_BETWEEN - between) /
 * n_workers of the packets that it receives cross, and looks again when that is less than a burst; with
 * nothing left it receives nothing, and the packets stay in the port's queue, where the device counts what it
 * drops. Whoever looked last found `between` <= MAX_BETWEEN, and the others' older allowances are MAX_BETWEEN /
 * n_workers each: `between` stays below 2 * MAX_BETWEEN, which is what one ring takes. So not even a ring that
 * all of them are in is full. Only what becomes more inside an NF (a packet that is cut, a queue that is let go) comes on top, and
 * that is what the lists are for.
 *
 * *Nobody waits for somebody who waits.* Each round begins with the worker's rings, and dealing with what is in there
 * asks for no allowance and for no room in a ring: a packet that goes on to a third worker (a hairpin, a fragment, a
 * neighbour that another worker owns) is still one packet between workers. It does ask for room towards the
 * ports, and they wait for no worker. So whatever a ring holds is dealt with in the owner's next round;
 * a packet changes workers a bounded number of times (SLIM_WAVE_HOPS), so `between` comes down while nobody
 * receives, and all may receive again.
 *
 * Memory order. Each release store is met by the acquire load named at its other end:
 *
 *   H1  ring   sender's enqueue -> receiver's dequeue: the packet, its nf_meta, and the sender's `handed`, which
 *              was raised before
 *   H2  done   receiver's release, after what became of the packets was counted in its own `handed` -> acquire of
 *              whoever sums up. Sums of `done` are read first: each packet in them is then in `handed` too,
 *              and so is what became of it. So a difference is never too small, and never below zero
 */
#include "worker.h"

#include <rte_errno.h>

#define MAX_BETWEEN (NF_RING_SIZE / 2)

_Static_assert(MAX_BETWEEN / SLIM_MAX_WORKERS >= NF_BURST, "with nothing between, all may receive");

/* The dynamic field. */
struct crossing {
	struct nf_meta meta;
	struct rte_mbuf *next; /* in a list of late packets */
};

_Static_assert(offsetof(struct crossing, meta) == 0, "nf_meta() is the field's address");

int nf_meta_offset = -1;

int
nf_meta_register(void)
{
	static const struct rte_mbuf_dynfield field = {
		.name = "slim_nf_meta",
		.size = sizeof(struct crossing),
		.align = _Alignof(struct crossing),
	};

	nf_meta_offset = rte_mbuf_dynfield_register(&field);
	return nf_meta_offset < 0 ? -rte_errno : 0;
}

static struct rte_mbuf **
next_of(struct rte_mbuf *m)
{
	return &RTE_MBUF_DYNFIELD(m, nf_meta_offset, struct crossing *)->next;
}

/* ---- late packets ------------------------------------------------------------------------------ */

static void
append_late(struct nf_worker *w, uint16_t to, struct rte_mbuf **pkts, uint32_t n)
{
	struct nf_hand *hand = &w->hand[to];

	if (hand->late == NULL)
		hand->late_end = &hand->late;
	for (uint32_t i = 0; i < n; i++) {
		*hand->late_end = pkts[i];
		hand->late_end = next_of(pkts[i]);
	}
	*hand->late_end = NULL;
	w->late |= 1u << to;
	nf_count(w, NF_handover_full, n);
}

/* Gives the ring what it has room for, in order. True: nothing is late any more. */
static bool
push_late(struct nf_worker *w, uint16_t to)
{
	struct nf_hand *hand = &w->hand[to];

	while (hand->late != NULL) {
		struct rte_mbuf *pkts[NF_BURST], *m = hand->late;
		uint32_t n = 0, sent;

		for (; m != NULL && n < NF_BURST; m = *next_of(m))
			pkts[n++] = m;
		/* Once it is in the ring the packet is another's, and so is its link. */
		sent = rte_ring_enqueue_burst(w->workers[to].rings[w->index], (void **)pkts, n,
					      NULL); /* H1 */
		hand->late = sent < n ? pkts[sent] : m;
		nf_count(w, NF_handed_over, sent);
		if (sent < n)
			return false;
	}
	w->late &= ~(1u << to);
	return true;
}

/* ---- handing over ---------------------------------------------------------------------------------- */

static void
flush_hand(struct nf_worker *w, uint16_t to)
{
	struct nf_hand *hand = &w->hand[to];
	uint64_t handed = atomic_load_explicit(&w->handed, memory_order_relaxed);
	uint32_t n = 0;

	/* Counted before the packets can be seen; H1 and H2 take it along. */
	atomic_store_explicit(&w->handed, handed + hand->n, memory_order_relaxed);
	if (likely((w->late >> to & 1) == 0 || push_late(w, to)))
		n = rte_ring_enqueue_burst(w->workers[to].rings[w->index], (void **)hand->pkts,
					   hand->n, NULL); /* H1 */
	nf_count(w, NF_handed_over, n);
	if (unlikely(n < hand->n))
		append_late(w, to, &hand->pkts[n], hand->n - n);
	hand->n = 0;
}

void
nf_worker_flush_hands(struct nf_worker *w)
{
	uint32_t to = w->collected | w->late;

	w->collected = 0;
	for (; to != 0; to &= to - 1)
		flush_hand(w, (uint16_t)__builtin_ctz(to));
}

void
nf_hand_fini(struct nf_worker *w)
{
	for (uint16_t to = 0; to < w->n_workers; to++) {
		struct nf_hand *hand = &w->hand[to];

		rte_pktmbuf_free_bulk(hand->pkts, hand->n);
		while (hand->late != NULL) {
			struct rte_mbuf *m = hand->late;

			hand->late = *next_of(m);
			rte_pktmbuf_free(m);
		}
		hand->n = 0;
	}
	w->collected = w->late = 0;
}

/* ---- how much may be between workers ---------------------------------------------------------------- */

uint64_t
nf_hand_between(const struct nf_worker *workers, uint16_t n_workers)
{
	uint64_t handed = 0, done = 0;

	for (uint16_t i = 0; i < n_workers; i++)
		done += atomic_load_explicit(&workers[i].done, memory_order_acquire); /* H2 */
	for (uint16_t i = 0; i < n_workers; i++)
		handed += atomic_load_explicit(&workers[i].handed, memory_order_relaxed);
	return handed - done;
}

bool
nf_hand_may_receive(struct nf_worker *w)
{
	uint64_t between;

	if (likely(w->may_cross >= NF_BURST))
		return true;
	between = nf_hand_between(w->workers, w->n_workers);
	w->may_cross = between < MAX_BETWEEN ? (uint32_t)(MAX_BETWEEN - between) / w->n_workers : 0;
	return w->may_cross >= NF_BURST;
}

void
nf_hand_spend(struct nf_worker *w, uint64_t n)
{
	w->may_cross -= n < w->may_cross ? (uint32_t)n : w->may_cross;
}
