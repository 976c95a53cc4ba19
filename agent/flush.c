/* SPDX-License-Identifier: Apache-2.0 */
#include "flush.h"

static bool
all_reached(const _Atomic uint32_t *each, uint32_t n, uint32_t round)
{
	for (uint32_t i = 0; i < n; i++) {
		if (atomic_load_explicit(&each[i], memory_order_acquire) != round) /* F2 F5 F7 */
			return false;
	}
	return true;
}

/* Workers of the source whose answer this round still waits for. */
static uint32_t
awaited(const struct slim_flush_rounds *rounds, const struct slim_flush_view *view, uint32_t round)
{
	uint64_t copies = atomic_load_explicit(&rounds->copies, memory_order_acquire); /* F3 */
	uint32_t peers = (uint32_t)((UINT64_C(1) << view->peer_workers) - 1);

	if (rounds->gone_ns != 0)
		return view->now_ns - rounds->gone_ns < SLIM_FLUSH_IN_FLIGHT_NS ? peers : 0;
	return peers & ~rounds->silent & (copies >> 32 == round ? ~(uint32_t)copies : UINT32_MAX);
}

/* Whoever is heard again is waited for again. */
static void
note_heard(struct slim_flush_rounds *rounds)
{
	if (atomic_load_explicit(&rounds->heard, memory_order_relaxed) != 0)
		rounds->silent &= ~atomic_exchange_explicit(&rounds->heard, 0,
							    memory_order_acquire); /* F10 */
}

static void
start_round(struct slim_flush_rounds *rounds, const struct slim_flush_view *view)
{
	uint32_t round = atomic_load_explicit(&rounds->round, memory_order_relaxed) + 1;

	rounds->request = view->request;
	rounds->phase = SLIM_FLUSH_MARKING;
	atomic_store_explicit(&rounds->round, round, memory_order_release); /* F1 */
}

/* After F5 (one worker) or F7. */
static enum slim_flush_action
finish_round(struct slim_flush_rounds *rounds, uint32_t round)
{
	rounds->phase = SLIM_FLUSH_IDLE;
	atomic_store_explicit(&rounds->done, round, memory_order_release); /* F8 */
	return SLIM_FLUSH_FINISHED;
}

static enum slim_flush_action
lead_marking(struct slim_flush_rounds *rounds, const struct slim_flush_view *view, uint32_t round)
{
	if (!all_reached(rounds->marked, view->n_workers, round))
		return SLIM_FLUSH_NOTHING;
	rounds->phase = SLIM_FLUSH_ASKING;
	rounds->asked_ns = view->now_ns;
	/* Nobody is waited for: a question now and then finds out whether somebody is there again. */
	if (view->source_gone || (awaited(rounds, view, round) == 0 &&
				  view->now_ns - rounds->sent_ns < SLIM_FLUSH_RESEND_NS))
		return SLIM_FLUSH_NOTHING;
	rounds->sent_ns = view->now_ns;
	return SLIM_FLUSH_SEND;
}

static enum slim_flush_action
lead_asking(struct slim_flush_rounds *rounds, const struct slim_flush_view *view, uint32_t round)
{
	uint32_t missing = awaited(rounds, view, round);

	if (missing != 0 && rounds->gone_ns == 0 &&
	    view->now_ns - rounds->asked_ns >= view->give_up_ns) {
		rounds->silent |= missing;
		missing = 0;
	}
	if (missing == 0) {
		rounds->phase = SLIM_FLUSH_DRAINING;
		atomic_store_explicit(&rounds->returned, round, memory_order_release); /* F4 */
		if (view->source_gone)
			return SLIM_FLUSH_NO_SOURCE;
		return rounds->silent != 0 ? SLIM_FLUSH_GAVE_UP : SLIM_FLUSH_NOTHING;
	}
	if (view->source_gone || view->now_ns - rounds->sent_ns < SLIM_FLUSH_RESEND_NS)
		return SLIM_FLUSH_NOTHING;
	rounds->sent_ns = view->now_ns;
	return SLIM_FLUSH_RESEND;
}

static enum slim_flush_action
lead_draining(struct slim_flush_rounds *rounds, const struct slim_flush_view *view, uint32_t round)
{
	if (!all_reached(rounds->drained, view->n_workers, round))
		return SLIM_FLUSH_NOTHING;
	if (view->n_workers == 1)
		return finish_round(rounds, round);
	rounds->phase = SLIM_FLUSH_PASSING;
	atomic_store_explicit(&rounds->swept, round, memory_order_release); /* F6 */
	return SLIM_FLUSH_NOTHING;
}

enum slim_flush_action
slim_flush_lead(struct slim_flush_rounds *rounds, const struct slim_flush_view *view)
{
	uint32_t round = atomic_load_explicit(&rounds->round, memory_order_relaxed);

	note_heard(rounds);
	if (!view->source_gone)
		rounds->gone_ns = 0;
	else if (rounds->gone_ns == 0)
		rounds->gone_ns = view->now_ns;
	switch (rounds->phase) {
	case SLIM_FLUSH_IDLE:
		if (view->waiting || view->request != view->covered)
			start_round(rounds, view);
		return SLIM_FLUSH_NOTHING;
	case SLIM_FLUSH_MARKING:
		return lead_marking(rounds, view, round);
	case SLIM_FLUSH_ASKING:
		return lead_asking(rounds, view, round);
	case SLIM_FLUSH_DRAINING:
		return lead_draining(rounds, view, round);
	case SLIM_FLUSH_PASSING:
		if (!all_reached(rounds->passed, view->n_workers, round))
			return SLIM_FLUSH_NOTHING;
		return finish_round(rounds, round);
	}
	return SLIM_FLUSH_NOTHING;
}

void
slim_flush_reset(struct slim_flush_rounds *rounds)
{
	/* Numbers go on: what workers remember of an abandoned round stays old. */
	rounds->phase = SLIM_FLUSH_IDLE;
	rounds->silent = 0;
	rounds->sent_ns = 0;
	rounds->gone_ns = 0;
}

void
slim_flush_heard(struct slim_flush_rounds *rounds, uint32_t peer)
{
	if (peer < SLIM_MAX_WORKERS)
		atomic_fetch_or_explicit(&rounds->heard, 1u << peer,
					 memory_order_release); /* F10 */
}

void
slim_flush_copy(struct slim_flush_rounds *rounds, uint32_t round, uint32_t peer)
{
	uint64_t old = atomic_load_explicit(&rounds->copies, memory_order_relaxed);
	uint64_t new;

	if (round != atomic_load_explicit(&rounds->round, memory_order_acquire) ||
	    peer >= SLIM_MAX_WORKERS)
		return;
	do {
		uint64_t mask = old >> 32 == round ? (uint32_t)old : 0;

		new = ((uint64_t)round << 32) | mask | (UINT64_C(1) << peer);
	} while (!atomic_compare_exchange_weak_explicit(
		&rounds->copies, &old, new, memory_order_acq_rel, memory_order_relaxed)); /* F3 */
}

void
slim_flush_drain_start(struct slim_flush_drain *drain, const struct slim_flush_queue *queue)
{
	*drain = (struct slim_flush_drain){
		.on = queue->size != 0,
		.ended = queue->size == 0,
		.left = queue->size,
		.not_before_ns = queue->now_ns + queue->write_back_ns,
	};
}

void
slim_flush_poll(struct slim_flush_rounds *rounds, struct slim_flush_member *member, uint32_t worker,
		uint64_t tail, const struct slim_flush_queue *queue)
{
	/* `round` is read first: if it is already the next one, `done` of the
	 * last one is seen too, and its mark is used before it is overwritten. */
	uint32_t round = atomic_load_explicit(&rounds->round, memory_order_acquire);       /* F1 */
	uint32_t returned = atomic_load_explicit(&rounds->returned, memory_order_acquire); /* F4 */
	uint32_t done = atomic_load_explicit(&rounds->done, memory_order_acquire);         /* F8 */

	if (done != member->done) {
		member->done = done;
		if (done == member->marked)
			member->release = member->mark;
	}
	if (round != member->marked) {
		member->mark = tail;
		member->marked = round;
		atomic_store_explicit(&rounds->marked[worker], round,
				      memory_order_release); /* F2 */
	}
	if (returned != member->returned && returned == member->marked) {
		member->returned = returned;
		slim_flush_drain_start(&member->drain, queue);
	}
	if (member->drain.ended) {
		/* The burst that emptied the queue has been handed on since. */
		member->drain.ended = false;
		atomic_store_explicit(&rounds->drained[worker], member->returned,
				      memory_order_release); /* F5 */
	}
	member->may_pass = member->returned != 0 &&
			   atomic_load_explicit(&rounds->swept, memory_order_acquire) ==
				   member->returned; /* F6 */
}

void
slim_flush_pass(struct slim_flush_rounds *rounds, struct slim_flush_member *member, uint32_t worker)
{
	if (!member->may_pass)
		return;
	member->may_pass = false;
	atomic_store_explicit(&rounds->passed[worker], member->returned,
			      memory_order_release); /* F7 */
}

static bool
is_older(uint32_t round, uint32_t than)
{
	return (int32_t)(round - than) < 0;
}

void
slim_flush_forget_calls(struct slim_flush_calls *calls)
{
	uint64_t old = atomic_load_explicit(&calls->call, memory_order_relaxed);

	while (!atomic_compare_exchange_weak_explicit(&calls->call, &old, ((old >> 32) + 1) << 32,
						      memory_order_acq_rel,
						      memory_order_relaxed)) /* F9 */
		;
}

void
slim_flush_answer_begin(const struct slim_flush_calls *calls, struct slim_flush_answer *answer)
{
	*answer = (struct slim_flush_answer){
		.seen = atomic_load_explicit(&calls->call, memory_order_acquire)}; /* F9 */
}

void
slim_flush_call(struct slim_flush_calls *calls, uint32_t round)
{
	uint64_t old = atomic_load_explicit(&calls->call, memory_order_relaxed);
	uint64_t new;

	do {
		if ((uint32_t)old != 0 && is_older(round, (uint32_t)old))
			return;
		new = (((old >> 32) + 1) << 32) | round;
	} while (!atomic_compare_exchange_weak_explicit(
		&calls->call, &old, new, memory_order_acq_rel, memory_order_relaxed)); /* F9 */
}

void
slim_flush_answer_poll(const struct slim_flush_calls *calls, struct slim_flush_answer *answer,
		       const struct slim_flush_queue *queue)
{
	uint64_t call = atomic_load_explicit(&calls->call, memory_order_acquire); /* F9 */

	if (call == answer->seen)
		return;
	answer->seen = call;
	/* The same round again, before it was answered: the drain under way is enough. */
	if ((uint32_t)call == 0 || (answer->owed && answer->round == (uint32_t)call))
		return;
	answer->round = (uint32_t)call;
	answer->owed = true;
	answer->placed = false;
	slim_flush_drain_start(&answer->drain, queue);
}

bool
slim_flush_answer_due(struct slim_flush_answer *answer, uint64_t head, uint64_t tail)
{
	if (!answer->owed)
		return false;
	if (answer->drain.ended) {
		answer->drain.ended = false;
		answer->placed = true;
		answer->position = tail;
	}
	return answer->placed && (int64_t)(head - answer->position) >= 0;
}

void
slim_flush_answer_sent(struct slim_flush_answer *answer)
{
	answer->owed = false;
}
