/* SPDX-License-Identifier: Apache-2.0 */
/* The session's number is written last, and taken away first: what stands under one is whole. */
#include "memo.h"

#include <stddef.h>
#include <string.h>

#include "rule.h"

static struct slim_shm_memo *
memo_of(struct nf *nf, uint64_t session)
{
	struct slim_shm_memo *memo = &nf->control->memo;

	if (atomic_load_explicit(&memo->session, memory_order_acquire) != session)
		return NULL;
	return memo;
}

static void
store_totals(struct slim_shm_totals *to, const struct memo_totals *from)
{
	atomic_store_explicit(&to->n_tables, 0, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	memcpy(to->digest, from->digest, sizeof(to->digest));
	memcpy(to->entries, from->entries, sizeof(to->entries));
	atomic_store_explicit(&to->proved, from->proved, memory_order_relaxed);
	atomic_store_explicit(&to->n_tables, from->n_tables <= SLIM_MAX_TABLES ? from->n_tables : 0,
			      memory_order_release);
}

static void
load_totals(const struct slim_shm_totals *from, struct memo_totals *to)
{
	to->n_tables = atomic_load_explicit(&from->n_tables, memory_order_acquire);
	if (to->n_tables > SLIM_MAX_TABLES)
		to->n_tables = 0;
	to->proved = atomic_load_explicit(&from->proved, memory_order_relaxed) != 0;
	memcpy(to->digest, from->digest, sizeof(to->digest));
	memcpy(to->entries, from->entries, sizeof(to->entries));
}

void
memo_begin(struct nf *nf, const struct memo *memo)
{
	struct slim_shm_memo *to = &nf->control->memo;

	atomic_store_explicit(&to->session, 0, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&to->stage, memo->stage, memory_order_relaxed);
	atomic_store_explicit(&to->lost_there, memo->lost_there, memory_order_relaxed);
	atomic_store_explicit(&to->failed, memo->failed, memory_order_relaxed);
	to->is_source = memo->is_source;
	to->base = memo->base;
	to->lost = memo->lost;
	to->stood_still_ns = memo->stood_still_ns;
	store_totals(&to->totals, &memo->totals);
	memcpy(to->peer, memo->peer, sizeof(to->peer));
	memcpy(to->other, memo->other, sizeof(to->other));
	atomic_store_explicit(&to->session, memo->session, memory_order_release);
}

static void
take_name(char to[SLIM_NAME_SIZE], const char from[SLIM_NAME_SIZE])
{
	memcpy(to, from, SLIM_NAME_SIZE);
	if (!slim_rule_name(to))
		memset(to, 0, SLIM_NAME_SIZE);
}

bool
memo_read(const struct nf *nf, struct memo *ret_memo)
{
	const struct slim_shm_memo *from = &nf->control->memo;
	uint64_t session = atomic_load_explicit(&from->session, memory_order_acquire);

	if (session == 0)
		return false;
	*ret_memo = (struct memo){
		.session = session,
		.stage = atomic_load_explicit(&from->stage, memory_order_acquire),
		.is_source = from->is_source != 0,
		.lost_there = atomic_load_explicit(&from->lost_there, memory_order_relaxed),
		.failed = atomic_load_explicit(&from->failed, memory_order_relaxed),
		.base = from->base,
		.lost = from->lost,
		.stood_still_ns = from->stood_still_ns,
	};
	load_totals(&from->totals, &ret_memo->totals);
	take_name(ret_memo->peer, from->peer);
	take_name(ret_memo->other, from->other);
	return true;
}

void
memo_set_stage(struct nf *nf, uint64_t session, uint32_t stage)
{
	struct slim_shm_memo *memo = memo_of(nf, session);

	if (memo != NULL)
		atomic_store_explicit(&memo->stage, stage, memory_order_release);
}

void
memo_set_lost_there(struct nf *nf, uint64_t session, uint64_t n)
{
	struct slim_shm_memo *memo = memo_of(nf, session);

	if (memo != NULL)
		atomic_store_explicit(&memo->lost_there, n, memory_order_release);
}

void
memo_set_failed(struct nf *nf, uint64_t session, uint32_t why)
{
	struct slim_shm_memo *memo = memo_of(nf, session);

	if (memo != NULL)
		atomic_store_explicit(&memo->failed, why, memory_order_release);
}

void
memo_set_totals(struct nf *nf, uint64_t session, const struct memo_totals *totals)
{
	struct slim_shm_memo *memo = memo_of(nf, session);

	if (memo != NULL)
		store_totals(&memo->totals, totals);
}

void
memo_set_proved(struct nf *nf, uint64_t session)
{
	struct slim_shm_memo *memo = memo_of(nf, session);

	if (memo != NULL)
		atomic_store_explicit(&memo->totals.proved, 1, memory_order_release);
}

void
memo_end(struct nf *nf, uint64_t session, uint32_t stage, uint64_t stood_still_ns)
{
	struct slim_shm_memo *memo = memo_of(nf, session);
	struct slim_shm_losses now;

	if (memo == NULL)
		return;
	memo_count_losses(nf, &now);
	memo->lost = (struct slim_shm_losses){
		.hold_overflow = now.hold_overflow - memo->base.hold_overflow,
		.queue_overflow = now.queue_overflow - memo->base.queue_overflow,
		.round_gave_up = now.round_gave_up - memo->base.round_gave_up,
		.device_drops = now.device_drops - memo->base.device_drops,
	};
	memo->stood_still_ns = stood_still_ns;
	atomic_store_explicit(&memo->stage, stage, memory_order_release);
}

/* ---- losses ---------------------------------------------------------------------------- */

#define COUNTER(nf, name) \
	nf_counter((nf), offsetof(struct slim_shm_counters, name) / sizeof(uint64_t))

static uint64_t
sum_device_drops(const struct nf *nf)
{
	uint64_t sum = 0;

	for (uint32_t p = 0; p < nf->n_ports; p++) {
		const struct slim_shm_port *port = &nf->info->ports[p];

		sum += atomic_load_explicit(&port->rx_missed, memory_order_relaxed) +
		       atomic_load_explicit(&port->rx_no_memory, memory_order_relaxed);
	}
	return sum;
}

void
memo_count_losses(const struct nf *nf, struct slim_shm_losses *ret_losses)
{
	*ret_losses = (struct slim_shm_losses){
		.hold_overflow = COUNTER(nf, hold_overflow),
		.queue_overflow = COUNTER(nf, queue_overflow),
		.round_gave_up = COUNTER(nf, round_gave_up),
		.device_drops = sum_device_drops(nf),
	};
}
