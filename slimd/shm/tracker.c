/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reading half of the dirty rings (P3, P7, P8 of slim_shm.h), and what slimd
 * remembers of each slot.
 */
#include "tracker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "slot.h"

/* Changed slots taken from a ring under one fence. */
#define DRAIN_BATCH 256u

enum { SENT_USED = 1u << 0 /* the other side may hold a row of this slot */ };

static struct slim_shm_ring *
ring_at(const struct tracker *t, uint32_t worker)
{
	return (struct slim_shm_ring *)(void *)(t->config.rings + worker * t->config.ring_stride);
}

static uint32_t
ring_tail(const struct tracker *t, uint32_t worker)
{
	return atomic_load_explicit(&ring_at(t, worker)->tail, memory_order_acquire); /* P3 */
}

static void
forget_changes(struct tracker *t)
{
	for (uint32_t w = 0; w < t->config.n_workers; w++) {
		t->heads[w] = ring_tail(t, w);
		atomic_store_explicit(&ring_at(t, w)->head, t->heads[w], memory_order_release);
	}
	for (uint32_t s = 0; s < t->config.capacity; s++)
		atomic_store_explicit(&t->config.dirty[s], 0, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
}

int
tracker_create(const struct tracker_config *config, struct tracker **ret_tracker)
{
	struct tracker *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return -ENOMEM;
	t->config = *config;
	t->seqs = calloc(config->capacity, sizeof(*t->seqs));
	t->hashes = calloc(config->capacity, sizeof(*t->hashes));
	t->flags = calloc(config->capacity, sizeof(*t->flags));
	/* At a target nothing is ever written there, and no memory comes into being. */
	if (config->link->n_lazy_runs > 0)
		t->sent = calloc(config->capacity, sizeof(*t->sent));
	if (t->seqs == NULL || t->hashes == NULL || t->flags == NULL ||
	    (config->link->n_lazy_runs > 0 && t->sent == NULL)) {
		tracker_destroy(t);
		return -ENOMEM;
	}
	forget_changes(t);
	*ret_tracker = t;
	return 0;
}

void
tracker_destroy(struct tracker *t)
{
	if (t == NULL)
		return;
	free(t->seqs);
	free(t->hashes);
	free(t->flags);
	free(t->sent);
	free(t);
}

/* ---- reading a slot ------------------------------------------------------------- */

static void
note_version(struct tracker *t, uint32_t slot, const struct slot_state *state,
	     const uint8_t *payload)
{
	uint64_t hash = 0;

	if (state->used)
		hash = row_hash(t->config.link, t->config.epoch_ns, payload);
	/* A hash of 0 is one row in 2^64; it must not look like an empty slot. */
	if (state->used && hash == 0)
		hash = 1;
	t->entries += (uint64_t)state->used - (uint64_t)(t->hashes[slot] != 0);
	t->digest += hash - t->hashes[slot];
	t->hashes[slot] = hash;
	t->n_reads += state->seq / 2u - t->seqs[slot] / 2u;
	t->seqs[slot] = state->seq;
}

static uint64_t
hash_lazy(const struct schema_link *link, const uint8_t *payload)
{
	uint64_t hash = 0;

	for (uint16_t i = 0; i < link->n_lazy_runs; i++)
		hash = XXH3_64bits_withSeed(payload + link->lazy_runs[i].offset,
					    link->lazy_runs[i].size, hash);
	return hash != 0 ? hash : 1;
}

static void
put_on_stage(struct tracker *t, struct row_stage *stage, uint32_t slot,
	     const struct slot_state *state, const uint8_t *payload)
{
	if (state->used) {
		stage->slots[stage->n_rows] = slot;
		stage->buckets[stage->n_rows] = state->bucket;
		stage->n_rows++;
		if (t->sent != NULL)
			t->sent[slot] = hash_lazy(t->config.link, payload);
		t->flags[slot] |= SENT_USED;
	} else if (t->flags[slot] & SENT_USED) {
		stage->empty[stage->n_empty++] = slot;
		t->flags[slot] &= (uint8_t)~SENT_USED;
	}
}

/* Room for the next row's payload: straight in the stage where there is one. */
static uint8_t *
payload_room(const struct tracker *t, struct row_stage *stage, uint8_t *scratch)
{
	if (stage == NULL)
		return scratch;
	return stage->payloads + (size_t)stage->n_rows * t->config.link->payload_size;
}

static void
take_slot(struct tracker *t, struct row_stage *stage, uint32_t slot)
{
	uint8_t scratch[SLIM_MAX_SLOT_SIZE];
	uint8_t *payload = payload_room(t, stage, scratch);
	struct slot_state state;

	if (!slot_read(t->config.slab + (size_t)slot * t->config.slot_size,
		       t->config.link->payload_size, payload, &state))
		return; /* its writer announces it again */
	if (slot < t->walked && state.seq == t->seqs[slot])
		return; /* this version was read already */
	note_version(t, slot, &state, payload);
	if (stage != NULL)
		put_on_stage(t, stage, slot, &state, payload);
}

/* ---- changed slots ----------------------------------------------------------------- */

static uint32_t
stage_room(const struct row_stage *stage)
{
	uint32_t used;

	if (stage == NULL)
		return SLIM_BATCH_ROWS;
	used = stage->n_rows > stage->n_empty ? stage->n_rows : stage->n_empty;
	return stage->max_rows - used;
}

/* Takes up to `max` slot numbers out of a worker's ring, none at or behind `tail`. */
static int
take_numbers(struct tracker *t, uint32_t worker, uint32_t tail, uint32_t *slots, uint32_t max)
{
	struct slim_shm_ring *ring = ring_at(t, worker);
	uint32_t n = tail - t->heads[worker];

	if (n > t->config.ring_size)
		return -EBADMSG;
	if (n > max)
		n = max;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = (t->heads[worker] + i) & (t->config.ring_size - 1u);

		slots[i] = __atomic_load_n(&ring->slots[at], __ATOMIC_RELAXED);
		if (slots[i] >= t->config.capacity)
			return -EBADMSG;
	}
	t->heads[worker] += n;
	/* P4; before the flags are cleared: from then on the places may be used again. */
	atomic_store_explicit(&ring->head, t->heads[worker], memory_order_release);
	return (int)n;
}

static int
drain_ring(struct tracker *t, struct row_stage *stage, uint32_t worker, uint32_t tail, uint32_t max)
{
	uint32_t slots[DRAIN_BATCH];
	int n = take_numbers(t, worker, tail, slots, max < DRAIN_BATCH ? max : DRAIN_BATCH);

	if (n <= 0)
		return n;
	for (int i = 0; i < n; i++)
		atomic_store_explicit(&t->config.dirty[slots[i]], 0, memory_order_release);
	/* P8: flags first, then slots. One fence for all of them. */
	atomic_thread_fence(memory_order_seq_cst);
	for (int i = 0; i < n; i++)
		take_slot(t, stage, slots[i]);
	return n;
}

/* Only up to where the tails are now: so no slot comes twice in one stage, where a row and its
 * later removal would have no order. */
static int
drain(struct tracker *t, struct row_stage *stage)
{
	uint32_t tails[SLIM_MAX_WORKERS];
	uint32_t idle = 0, total = 0;

	for (uint32_t w = 0; w < t->config.n_workers; w++)
		tails[w] = ring_tail(t, w);
	while (idle < t->config.n_workers && total < SLIM_BATCH_ROWS) {
		uint32_t room = stage_room(stage), w = t->next_ring;
		int n;

		if (room == 0)
			break;
		n = drain_ring(t, stage, w, tails[w], room);
		if (n < 0)
			return n;
		t->next_ring = (w + 1u) % t->config.n_workers;
		idle = n == 0 ? idle + 1 : 0;
		total += (uint32_t)n;
	}
	return (int)total;
}

int
tracker_fill(struct tracker *t, struct row_stage *stage, uint32_t max_walk)
{
	int n = drain(t, stage);

	if (n < 0)
		return n;
	while (max_walk > 0 && t->walked < t->config.capacity && stage_room(stage) > 0) {
		uint32_t slot = t->walked++;

		/* What a ring brought ahead of the walk is sent already. */
		if (t->seqs[slot] == 0)
			take_slot(t, stage, slot);
		max_walk--;
		n++;
	}
	return n;
}

uint64_t
tracker_backlog(const struct tracker *t)
{
	uint64_t n = 0;

	for (uint32_t w = 0; w < t->config.n_workers; w++)
		n += ring_tail(t, w) - t->heads[w];
	return n;
}

uint32_t
tracker_unwalked(const struct tracker *t)
{
	return t->config.capacity - t->walked;
}

bool
tracker_is_complete(const struct tracker *t)
{
	uint64_t writes = 0;

	for (uint32_t w = 0; w < t->config.n_workers; w++)
		writes += atomic_load_explicit(&t->config.workers[w].writes[t->config.table],
					       memory_order_acquire);
	return ((writes ^ t->n_reads) & UINT32_C(0x7fffffff)) == 0;
}

/* ---- verification ---------------------------------------------------------------------- */

void
tracker_verify_begin(struct tracker *t)
{
	t->verified = 0;
	t->proof_digest = 0;
	t->proof_entries = 0;
}

int
tracker_verify(struct tracker *t, uint32_t max_slots)
{
	uint8_t payload[SLIM_MAX_SLOT_SIZE];
	struct slot_state state;

	for (; max_slots > 0 && t->verified < t->config.capacity; max_slots--) {
		uint64_t hash;

		if (!slot_read(t->config.slab + (size_t)t->verified * t->config.slot_size,
			       t->config.link->payload_size, payload, &state))
			return -EAGAIN;
		t->verified++;
		if (!state.used)
			continue;
		hash = row_hash(t->config.link, t->config.epoch_ns, payload);
		t->proof_digest += hash != 0 ? hash : 1;
		t->proof_entries++;
	}
	return t->verified == t->config.capacity;
}

/* ---- trail --------------------------------------------------------------------------------- */

void
tracker_trail_begin(struct tracker *t)
{
	t->trailed = 0;
}

uint32_t
tracker_trail(struct tracker *t, struct row_stage *stage, uint32_t max_slots)
{
	uint32_t n = 0;

	while (n < max_slots && t->trailed < t->config.capacity && stage_room(stage) > 0) {
		uint32_t slot = t->trailed++;
		uint8_t *payload = payload_room(t, stage, NULL);
		struct slot_state state;

		n++;
		if (!slot_read(t->config.slab + (size_t)slot * t->config.slot_size,
			       t->config.link->payload_size, payload, &state) ||
		    !state.used ||
		    (t->sent != NULL && t->sent[slot] == hash_lazy(t->config.link, payload)))
			continue;
		stage->slots[stage->n_rows] = slot;
		stage->buckets[stage->n_rows] = state.bucket;
		stage->n_rows++;
	}
	return n;
}
