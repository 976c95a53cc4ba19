/* SPDX-License-Identifier: Apache-2.0 */
/* Epochs and acknowledgements of the gate (P1, P2), and the hold word (P9). */
#include "gate.h"

#include <string.h>

static bool
all_acknowledged(const struct nf *nf, uint32_t epoch)
{
	for (uint32_t w = 0; w < nf->n_workers; w++)
		if (atomic_load_explicit(&nf->info->workers[w].ack_epoch, memory_order_acquire) !=
		    epoch)
			return false;
	return true;
}

void
gate_init(struct gate *gate, struct nf *nf)
{
	memset(gate, 0, sizeof(*gate));
	gate->nf = nf;
	gate->epoch = atomic_load_explicit(&nf->control->command.epoch, memory_order_acquire);
}

static void
write_command(struct gate *gate)
{
	struct slim_shm_command *command = &gate->nf->control->command;
	const struct gate_command *next = &gate->next;

	command->mode = next->mode;
	command->track = next->track;
	command->n_ports = gate->nf->n_ports;
	command->session = next->session;
	command->nonce = next->nonce;
	command->hold_limit_ns = next->hold_limit_ns;
	command->watch = next->watch;
	command->is_source = next->is_source;
	command->peer_workers = next->peer_workers;
	command->wipe = next->wipe;
	command->fault = next->fault;
	for (uint32_t p = 0; p < gate->nf->n_ports; p++)
		command->ports[p].redirect_vid = next->vids[p];
	/* 0 means "never commanded". */
	if (++gate->epoch == 0)
		gate->epoch = 1;
	atomic_store_explicit(&command->epoch, gate->epoch, memory_order_release); /* P1 */
	gate->waiting = false;
}

void
gate_command(struct gate *gate, const struct gate_command *command)
{
	gate->next = *command;
	gate->waiting = true;
	gate->pending = true;
	if (gate->epoch == 0 || all_acknowledged(gate->nf, gate->epoch))
		write_command(gate);
}

bool
gate_poll(struct gate *gate)
{
	if (!gate->pending || (gate->epoch != 0 && !all_acknowledged(gate->nf, gate->epoch)))
		return false;
	if (gate->waiting) {
		write_command(gate);
		return false;
	}
	gate->pending = false;
	return true;
}

uint32_t
gate_hold_word(const struct nf *nf)
{
	return atomic_load_explicit(&nf->control->command.hold_word, memory_order_acquire);
}

void
gate_set_hold_word(struct nf *nf, enum slim_hold_word word)
{
	atomic_store_explicit(&nf->control->command.hold_word, (uint32_t)word,
			      memory_order_release);
}

bool
gate_swap_hold_word(struct nf *nf, enum slim_hold_word from, enum slim_hold_word to)
{
	uint32_t expected = (uint32_t)from;

	return atomic_compare_exchange_strong_explicit(&nf->control->command.hold_word, &expected,
						       (uint32_t)to, memory_order_acq_rel,
						       memory_order_acquire);
}

uint32_t
gate_commanded_mode(const struct nf *nf)
{
	const struct slim_shm_command *command = &nf->control->command;

	if (atomic_load_explicit(&command->epoch, memory_order_acquire) == 0)
		return nf->active_at_start ? SLIM_GATE_PASS : SLIM_GATE_CLOSED;
	return command->mode;
}
