/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands to an NF's gate, through its control zone.
 *
 * A command is written at once, also when the one before has not been acknowledged: it takes its place,
 * at every worker that polls, whatever the others do. gate_poll() tells when the newest one has been
 * acknowledged by all workers. Live words need no acknowledgement.
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
	bool pending;   /* the last command has not been acknowledged */
	bool closes;    /* and it is CLOSED */
	uint32_t epoch; /* of the last command written */
};

void gate_init(struct gate *gate, struct nf *nf);

/* Writes the command. */
void gate_command(struct gate *gate, const struct gate_command *command);

/* True once, when the newest command has been acknowledged by all workers. Behind CLOSED nobody holds any
 * more: only then the hold word is set back, since IDLE opens whoever has not seen the command yet. */
bool gate_poll(struct gate *gate);

/* The hold word (P9). IDLE: whoever still holds passes, at its next poll. */
uint32_t gate_hold_word(const struct nf *nf);
void gate_set_hold_word(struct nf *nf, enum slim_hold_word word);
bool gate_swap_hold_word(struct nf *nf, enum slim_hold_word from, enum slim_hold_word to);

/* At a target: the source is known to be dead (or not any more). Flush rounds end without it. */
void gate_set_source_gone(struct nf *nf, bool gone);

/* At a target: the redirect path is proven to be empty (or not yet). Packets need no flush rounds any more. */
void gate_set_path_quiet(struct nf *nf, bool quiet);

/* Until then (CLOCK_MONOTONIC) the NF's workers do not sleep between their polls. */
void gate_set_awake_until(struct nf *nf, uint64_t until_ns);

/* The last command, for after a restart. Its mode is the one from the start if there was none. */
void gate_commanded(const struct nf *nf, struct slim_shm_command *ret_command);
uint32_t gate_commanded_mode(const struct nf *nf);

#endif
