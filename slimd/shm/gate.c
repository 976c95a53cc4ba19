/* SPDX-License-Identifier: Apache-2.0 */
/* Commands and acknowledgements of the gate (P1, P2, P10), and the live words (P9). */
#include "gate.h"

#include <string.h>

#include "slim_command.h"

static bool
all_acknowledged(const struct nf *nf, uint32_t epoch)
{
	for (uint32_t w = 0; w < nf->n_workers; w++)
		if (atomic_load_explicit(&nf->info->workers[w].ack_epoch, memory_order_acquire) !=
		    epoch) /* P2 */
			return false;
	return true;
}

void
gate_init(struct gate *gate, struct nf *nf)
{
	memset(gate, 0, sizeof(*gate));
	gate->nf = nf;
	gate->epoch = atomic_load_explicit(&nf->control->gate.epoch, memory_order_acquire);
}

void
gate_command(struct gate *gate, const struct gate_command *command)
{
	struct slim_shm_command words = {
		.mode = command->mode,
		.track = command->track,
		.session = command->session,
		.nonce = command->nonce,
		.hold_limit_ns = command->hold_limit_ns,
		.n_ports = gate->nf->n_ports,
		.peer_workers = command->peer_workers,
		.watch = command->watch,
		.is_source = command->is_source,
		.wipe = command->wipe,
		.fault = command->fault,
	};

	for (uint32_t p = 0; p < gate->nf->n_ports; p++)
		words.ports[p].redirect_vid = command->vids[p];
	gate->epoch = slim_command_write(&gate->nf->control->gate, &words);
	gate->pending = true;
	gate->closes = command->mode == SLIM_GATE_CLOSED;
}

bool
gate_poll(struct gate *gate)
{
	if (!gate->pending || !all_acknowledged(gate->nf, gate->epoch))
		return false;
	gate->pending = false;
	if (gate->closes)
		gate_set_hold_word(gate->nf, SLIM_HOLD_IDLE);
	return true;
}

uint32_t
gate_hold_word(const struct nf *nf)
{
	return atomic_load_explicit(&nf->control->gate.hold_word, memory_order_acquire);
}

void
gate_set_hold_word(struct nf *nf, enum slim_hold_word word)
{
	atomic_store_explicit(&nf->control->gate.hold_word, (uint32_t)word, memory_order_release);
}

bool
gate_swap_hold_word(struct nf *nf, enum slim_hold_word from, enum slim_hold_word to)
{
	uint32_t expected = (uint32_t)from;

	return atomic_compare_exchange_strong_explicit(&nf->control->gate.hold_word, &expected,
						       (uint32_t)to, memory_order_acq_rel,
						       memory_order_acquire);
}

void
gate_set_source_gone(struct nf *nf, bool gone)
{
	atomic_store_explicit(&nf->control->gate.source_gone, gone, memory_order_relaxed);
}

void
gate_set_path_quiet(struct nf *nf, bool quiet)
{
	atomic_store_explicit(&nf->control->gate.path_quiet, quiet, memory_order_relaxed);
}

void
gate_set_awake_until(struct nf *nf, uint64_t until_ns)
{
	atomic_store_explicit(&nf->control->gate.awake_until_ns, until_ns, memory_order_relaxed);
}

void
gate_commanded(const struct nf *nf, struct slim_shm_command *ret_command)
{
	memset(ret_command, 0, sizeof(*ret_command));
	/* This process is the only writer: what it finds is whole. */
	if (slim_command_read(&nf->control->gate, ret_command) == 0)
		ret_command->mode = nf->active_at_start ? SLIM_GATE_PASS : SLIM_GATE_CLOSED;
}

uint32_t
gate_commanded_mode(const struct nf *nf)
{
	struct slim_shm_command command;

	gate_commanded(nf, &command);
	return command.mode;
}
