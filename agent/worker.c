/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slow halves of slim_worker_poll() and slim_commit(): takes slimd's command, lets
 * the gate do its part, gives signs of life. Worker thread, never blocks.
 */
#include "agent.h"
#include "gate.h"
#include "track.h"

/* Copies the command, then judges the copy: slimd can write there at any time. */
static bool
read_command(struct agent_worker *w, uint32_t epoch, struct agent_command *ret)
{
	const struct slim_shm_command *shm = &w->agent->control->command;
	uint16_t n_ports = w->agent->n_ports;
	uint32_t peers = shm->peer_workers;

	*ret = (struct agent_command){
		.epoch = epoch,
		.mode = shm->mode,
		.track = shm->track & ((1u << w->agent->n_tables) - 1u),
		.session = shm->session,
		.nonce = shm->nonce,
		.hold_limit_ns = shm->hold_limit_ns,
		.peer_workers = peers == 0 ? 1 : peers,
		.fault = shm->fault,
		.watch = shm->watch != 0,
		.is_source = shm->is_source != 0,
		.wipe = shm->wipe != 0,
	};
	for (uint32_t p = 0; p < n_ports && p < shm->n_ports; p++) {
		if (shm->ports[p].redirect_vid < 4095)
			ret->vids[p] = shm->ports[p].redirect_vid;
	}
	if (ret->hold_limit_ns > INT64_MAX)
		ret->hold_limit_ns = 0;
	return ret->mode >= SLIM_GATE_PASS && ret->mode <= SLIM_GATE_SERVE &&
	       ret->peer_workers <= SLIM_MAX_WORKERS;
}

static void
take_command(struct agent_worker *w)
{
	uint32_t epoch = atomic_load_explicit(w->pub.epoch_word, memory_order_acquire); /* P1 */
	struct agent_command command;

	if (epoch == w->pub.epoch)
		return;
	w->pub.epoch = epoch;
	/* A command without sense is never acknowledged, and changes nothing. */
	if (!read_command(w, epoch, &command))
		return;
	w->command = command;
	slim_gate_enter(w);
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
	return pub->poll_says | (more ? (uint32_t)SLIM_POLL_MORE : 0);
}

void
slim_commit_slow(struct slim_worker *pub, bool idle)
{
	struct agent_worker *w = agent_worker_of(pub);

	slim_track_publish(w);
	slim_gate_commit(w, idle);
}
