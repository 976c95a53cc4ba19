/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands to an NF's gate, through its control zone.
 *
 * The command words may change only after all workers have acknowledged the last epoch.
 * A command given earlier waits here; a newer one replaces it. gate_poll() writes it
 * when it may and tells when the newest one has been acknowledged by all workers.
 */
#ifndef SLIMD_SHM_GATE_H
#define SLIMD_SHM_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "nf.h"

struct gate_command {
	enum slim_gate_mode mode;
	uint32_t track; /* bit t: table t */
	uint64_t session;
	uint64_t nonce;
	uint64_t hold_limit_ns;
	bool watch;
	bool is_source;
	uint32_t peer_workers;
	bool wipe;
	uint32_t fault;
	uint16_t vids[SLIM_MAX_PORTS];
};

struct gate {
	struct nf *nf;
	struct gate_command next;
	bool waiting;   /* `next` is not written yet */
	bool pending;   /* the last command has not been acknowledged */
	uint32_t epoch; /* of the last command written */
};

void gate_init(struct gate *gate, struct nf *nf);

/* Writes the command, or keeps it until it may be written. */
void gate_command(struct gate *gate, const struct gate_command *command);

/* True once, when the newest command has been acknowledged by all workers. */
bool gate_poll(struct gate *gate);

/* The hold word (P9). */
uint32_t gate_hold_word(const struct nf *nf);
void gate_set_hold_word(struct nf *nf, enum slim_hold_word word);
bool gate_swap_hold_word(struct nf *nf, enum slim_hold_word from, enum slim_hold_word to);

/* Mode that the last command asked for; of use after a restart. */
uint32_t gate_commanded_mode(const struct nf *nf);

#endif
