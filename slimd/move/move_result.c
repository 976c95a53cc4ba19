/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of a move: what the workers counted since it began, times, digests. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "move.h"

#define PROGRESS_NS UINT64_C(100000000)

/* ---- counters and histograms --------------------------------------------------------------- */

static void
sum_hist(const struct nf *nf, bool flush, struct slim_shm_hist *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (uint32_t w = 0; w < nf->n_workers; w++) {
		const struct slim_shm_worker *worker = &nf->info->workers[w];
		const struct slim_shm_hist *hist = flush ? &worker->flush_wait : &worker->hold_wait;
		uint64_t max_ns = __atomic_load_n(&hist->max_ns, __ATOMIC_RELAXED);

		if (max_ns > ret->max_ns)
			ret->max_ns = max_ns;
		for (uint32_t b = 0; b < SLIM_HIST_BINS; b++)
			ret->bins[b] += __atomic_load_n(&hist->bins[b], __ATOMIC_RELAXED);
	}
}

uint64_t
move_device_drops(const struct move *m)
{
	struct slim_shm_losses now;

	if (m->nf == NULL)
		return 0;
	memo_count_losses(m->nf, &now);
	return now.device_drops - m->base.device_drops;
}

void
move_note_baseline(struct move *m)
{
	struct slim_shm_losses now;

	memo_count_losses(m->nf, &now);
	m->base.device_drops = now.device_drops;
	for (size_t i = 0; i < NF_N_COUNTERS; i++)
		m->base.counters[i] = nf_counter(m->nf, i);
	sum_hist(m->nf, false, &m->base.hold_wait);
	sum_hist(m->nf, true, &m->base.flush_wait);
}

#define BASE(m, name) \
	(m)->base.counters[offsetof(struct slim_shm_counters, name) / sizeof(uint64_t)]

void
move_baseline_losses(const struct move *m, struct slim_shm_losses *ret_losses)
{
	*ret_losses = (struct slim_shm_losses){
		.hold_overflow = BASE(m, hold_overflow),
		.queue_overflow = BASE(m, queue_overflow),
		.round_gave_up = BASE(m, round_gave_up),
		.device_drops = m->base.device_drops,
	};
}

void
move_set_baseline_losses(struct move *m, const struct slim_shm_losses *losses)
{
	BASE(m, hold_overflow) = losses->hold_overflow;
	BASE(m, queue_overflow) = losses->queue_overflow;
	BASE(m, round_gave_up) = losses->round_gave_up;
	m->base.device_drops = losses->device_drops;
}

uint64_t
move_counter(const struct move *m, const char *name)
{
	if (m->nf == NULL)
		return 0;
	for (size_t i = 0; i < NF_N_COUNTERS; i++)
		if (strcmp(nf_counter_name(i), name) == 0)
			return nf_counter(m->nf, i) - m->base.counters[i];
	return 0;
}

uint64_t
move_count_lost(const struct move *m)
{
	return move_counter(m, "hold_overflow") + move_counter(m, "queue_overflow");
}

/* The maximum is of the process's whole life; when it did not grow, the highest bin that did
 * tells (its upper end). */
void
move_hist(const struct move *m, bool flush, uint64_t *ret_p50_ns, uint64_t *ret_max_ns)
{
	const struct slim_shm_hist *base = flush ? &m->base.flush_wait : &m->base.hold_wait;
	struct slim_shm_hist now;
	uint64_t total = 0, seen = 0;
	uint32_t p50 = SLIM_HIST_BINS, last = 0;

	*ret_p50_ns = *ret_max_ns = 0;
	if (m->nf == NULL)
		return;
	sum_hist(m->nf, flush, &now);
	for (uint32_t b = 0; b < SLIM_HIST_BINS; b++) {
		now.bins[b] -= base->bins[b];
		total += now.bins[b];
		if (now.bins[b] > 0)
			last = b;
	}
	if (total == 0)
		return;
	for (uint32_t b = 0; b < SLIM_HIST_BINS && p50 == SLIM_HIST_BINS; b++) {
		seen += now.bins[b];
		if (2 * seen >= total)
			p50 = b;
	}
	*ret_p50_ns = slim_hist_floor(p50);
	*ret_max_ns = now.max_ns > base->max_ns ? now.max_ns : slim_hist_floor(last + 1);
}

/* ---- progress -------------------------------------------------------------------------------------- */

void
move_note_phase(struct move *m)
{
	if (m->session.state == SOURCE_STEERING && m->times.taken_ns == 0) {
		m->times.taken_ns = move_now_ns();
		if (m->nf != NULL)
			m->times.taken_frame_ns =
				atomic_load_explicit(&m->nf->info->taken_ns, memory_order_relaxed);
	}
	if (m->job == NULL)
		return;
	job_set_phase(m->job, session_state_phase(m->session.state), move_unix_ns(), move_now_ns());
	job_changed(&m->driver->jobs, m->job);
}

void
move_note_progress(struct move *m)
{
	struct job *job = m->job;
	uint64_t left = 0, total = 0;

	if (job == NULL || m->done || m->driver->now_ns - m->progress_ns < PROGRESS_NS)
		return;
	m->progress_ns = m->driver->now_ns;
	for (uint32_t t = 0; m->nf != NULL && t < m->n_tables; t++) {
		total += nf_table_used(m->nf, t);
		if (m->trackers[t] != NULL)
			left += tracker_backlog(m->trackers[t]);
	}
	/* Slots still to be walked hold what was not counted yet. */
	if (m->session.state <= SOURCE_COPYING && total > m->rows_sent)
		left += total - m->rows_sent;
	job->rows_total = total;
	job->rows_left = m->session.state >= SOURCE_STEERING ? 0 : left;
	job->rows_per_second = m->rows_per_second;
	job->expected_hold_ns = m->session.expected_hold_ns;
	job_changed(&m->driver->jobs, job);
}

/* ---- the end ------------------------------------------------------------------------------------------ */

static Slim__V1__JobState
job_state(enum session_result result)
{
	switch (result) {
	case RESULT_COMPLETE:
		return SLIM__V1__JOB_STATE__JOB_COMPLETE;
	case RESULT_REFUSED:
		return SLIM__V1__JOB_STATE__JOB_REFUSED;
	case RESULT_ABORTED:
		return SLIM__V1__JOB_STATE__JOB_ABORTED;
	case RESULT_TIMED_OUT:
		return SLIM__V1__JOB_STATE__JOB_TIMED_OUT;
	case RESULT_CANCELLED:
		return SLIM__V1__JOB_STATE__JOB_CANCELLED;
	case RESULT_FAILED:
	case RESULT_NONE:
		break;
	}
	return SLIM__V1__JOB_STATE__JOB_FAILED;
}

static void
note_time(struct move *m, const char *what, uint64_t at_ns)
{
	if (at_ns != 0 && at_ns >= m->times.hold_ns)
		job_add_timeline(m->job, what, at_ns - m->times.hold_ns);
}

/* What the target told of itself, on our clock: the way there and the way back are taken for equally long.
 * Its workers may be seen here (TAKEN frame) before its slimd saw them. */
static void
note_target(struct move *m)
{
	const struct move_times *t = &m->times;
	bool framed = t->taken_frame_ns > t->end_ns && t->taken_frame_ns < t->taken_peer_ns;
	uint64_t away = (framed ? t->taken_frame_ns : t->taken_peer_ns) - t->end_ns;
	uint64_t serving = t->serving_ns < away ? t->serving_ns : away;
	uint64_t applied = t->applied_ns < serving ? t->applied_ns : serving, began;

	if (t->serving_ns == 0 || t->taken_peer_ns < t->end_ns)
		return;
	began = t->end_ns + (away - serving) / 2;
	note_time(m, "target slimd: END arrived", began);
	note_time(m, "target slimd: rows applied, digests equal", began + applied);
	note_time(m, "target nf: all workers serve", began + serving);
}

/* Each entry names who was at work until then. */
static void
fill_timeline(struct move *m)
{
	const struct move_times *t = &m->times;

	if (t->hold_ns == 0)
		return;
	note_time(m, "source slimd: hold command written", t->hold_ns);
	note_time(m, "source nf: first worker stopped", t->stopped_first_ns);
	note_time(m, "source nf: last worker stopped", t->stopped_last_ns);
	note_time(m, "source slimd: all workers acknowledged", t->held_ns);
	note_time(m, "source slimd: last deltas sent", t->drained_ns);
	note_time(m, "source slimd: END sent", t->end_ns);
	note_target(m);
	note_time(m, "source nf: TAKEN frame arrived", t->taken_frame_ns);
	note_time(m, "source slimd: Taken arrived from the peer", t->taken_peer_ns);
	note_time(m, "source slimd: TAKEN known", t->taken_ns);
	note_time(m, "source nf: all workers redirect", t->redirected_ns);
	note_time(m, "switch: flipped", t->flipped_ns);
	note_time(m, "switch: old path quiet", t->quiet_ns);
}

static uint64_t
handover_ns(const struct move_times *t)
{
	uint64_t taken = t->taken_ns;

	if (t->taken_frame_ns > t->stopped_first_ns && t->taken_frame_ns < taken)
		taken = t->taken_frame_ns;
	return taken > t->stopped_first_ns && t->stopped_first_ns != 0 ? taken - t->stopped_first_ns
								       : 0;
}

static void
sum_totals(const struct memo_totals *totals, uint64_t *ret_digest, bool *ret_known)
{
	*ret_known = totals->n_tables > 0;
	*ret_digest = 0;
	for (uint32_t t = 0; t < totals->n_tables; t++)
		*ret_digest += totals->digest[t];
}

static void
fill_result(struct move *m)
{
	struct job_result *r = &m->job->result;

	*r = m->result;
	for (uint32_t t = 0; t < m->end.n_tables; t++)
		r->entries += m->end.entries[t];
	sum_totals(&m->end, &r->digest_source, &r->has_source);
	sum_totals(&m->taken, &r->digest_target, &r->has_target);
	r->duration_ns = m->job->ended_ns - m->job->started_ns;
	r->handover_ns = handover_ns(&m->times);
	move_hist(m, false, &r->hold_p50_ns, &r->hold_max_ns);
	r->held_packets = move_counter(m, "held");
	r->hold_overflow = move_counter(m, "hold_overflow");
	r->redirected_packets = move_counter(m, "redirected");
	if (m->times.quiet_ns > m->times.taken_ns && m->times.taken_ns != 0)
		r->steer_ns = m->times.quiet_ns - m->times.taken_ns;
	fill_timeline(m);
}

void
move_finish_job(struct move *m)
{
	struct job *job = m->job;

	if (job == NULL || job->ended_ns != 0)
		return;
	job->ended_ns = move_now_ns();
	job->state = job_state(m->session.result);
	job->rows_left = 0;
	job_set_phase(job, "done", move_unix_ns(), job->ended_ns);
	fill_result(m);
	move_tell_reasons(m);
	job_keep(m->driver->config.outside, m->driver->config.state_dir, job);
	job_changed(&m->driver->jobs, job);
}

/* ---- jobs that nobody here has asked for ------------------------------------------------- */

/* There is one already when the journal could not be read, and the NF's memory names the session. */
static struct job *
find_or_create(struct job_list *list, uint64_t session)
{
	char id[20];
	struct job *job;

	snprintf(id, sizeof(id), "%016llx", (unsigned long long)session);
	job = job_find(list, id);
	if (job == NULL)
		return job_create(list, session);
	job->state = SLIM__V1__JOB_STATE__JOB_RUNNING;
	job->ended_ns = 0;
	return job;
}

struct job *
move_add_job(struct move *m)
{
	struct job *job = find_or_create(&m->driver->jobs, m->session.id);

	if (job == NULL)
		return NULL;
	memcpy(job->nf, m->nf_name, sizeof(job->nf));
	job->started_ns = move_now_ns();
	job->started_unix_ns = move_unix_ns();
	job_set_phase(job, "preflight", job->started_unix_ns, job->started_ns);
	return job;
}

void
move_add_target_job(struct move *m, bool dry_run)
{
	m->job = move_add_job(m);
	if (m->job == NULL)
		return;
	m->job->dry_run = dry_run;
	snprintf(m->job->from_host, sizeof(m->job->from_host), "%s", m->peer);
	snprintf(m->job->to_host, sizeof(m->job->to_host), "%s", m->driver->config.host);
	memcpy(m->job->to_nf, m->nf_name, sizeof(m->job->to_nf));
}
