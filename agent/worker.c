/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slow halves of slim_worker_poll() and slim_commit(): takes slimd's command, lets
 * the gate do its part, gives signs of life. Worker thread, never blocks.
 */
#include "agent.h"
#include "gate.h"
#include "slim_command.h"
#include "track.h"

/* Judges the copy of a command: slimd can write any nonsense. */
static bool
judge_command(const struct agent_worker *w, uint32_t epoch, const struct slim_shm_command *copy,
	      struct agent_command *ret)
{
	*ret = (struct agent_command){
		.epoch = epoch,
		.mode = copy->mode,
		.track = copy->track & ((1u << w->agent->n_tables) - 1u),
		.session = copy->session,
		.nonce = copy->nonce,
		.hold_limit_ns = copy->hold_limit_ns > INT64_MAX ? 0 : copy->hold_limit_ns,
		.peer_workers = copy->peer_workers == 0 ? 1 : copy->peer_workers,
		.fault = copy->fault,
		.watch = copy->watch != 0,
		.is_source = copy->is_source != 0,
		.wipe = copy->wipe != 0,
	};
	for (uint32_t p = 0; p < w->agent->n_ports && p < copy->n_ports; p++) {
		if (copy->ports[p].redirect_vid < 4095)
			ret->vids[p] = copy->ports[p].redirect_vid;
	}
	return ret->mode >= SLIM_GATE_PASS && ret->mode <= SLIM_GATE_SERVE &&
	       ret->peer_workers <= SLIM_MAX_WORKERS;
}

static void
take_command(struct agent_worker *w)
{
	struct agent_command command;
	struct slim_shm_command copy;
	uint32_t epoch;

	if (atomic_load_explicit(w->pub.epoch_word, memory_order_relaxed) == w->pub.epoch)
		return;
	epoch = slim_command_read(&w->agent->control->gate, &copy); /* P1, P10 */
	if (epoch == 0)
		return; /* the next poll tries again */
	w->pub.epoch = epoch;
	/* A command without sense is never acknowledged, and changes nothing. */
	if (!judge_command(w, epoch, &copy, &command))
		return;
	w->command = command;
	slim_gate_enter(w);
}

/* What the poll says, also on its fast path until the next sign of life. */
static void
note_awake(struct agent_worker *w)
{
	uint64_t until =
		atomic_load_explicit(&w->agent->control->gate.awake_until_ns, memory_order_relaxed);

	w->pub.poll_says &= (uint8_t)~SLIM_POLL_MORE;
	if ((int64_t)(until - w->now_ns) > 0 && until != 0)
		w->pub.poll_says |= SLIM_POLL_MORE;
}

uint32_t
slim_worker_poll_slow(struct slim_worker *pub)
{
	struct agent_worker *w = agent_worker_of(pub);
	bool more;

	w->now_ns = agent_now_ns();
	atomic_store_explicit(&pub->status->heartbeat_ns, w->now_ns, memory_order_relaxed);
	pub->beat = AGENT_BEAT_POLLS;
	take_command(w);
	more = pub->poll_busy && slim_gate_poll(w);
	note_awake(w);
	return pub->poll_says | (more ? (uint32_t)SLIM_POLL_MORE : 0);
}

void
slim_commit_slow(struct slim_worker *pub, bool idle)
{
	struct agent_worker *w = agent_worker_of(pub);

	slim_track_publish(w);
	slim_gate_commit(w, idle);
}
