/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator may ask of the concentrator (nfs/common/control/control.h has the protocol): sessions are shown and
 * ended, pools, limits, neighbours and counters shown, and what happens is told. No answer has a secret in it. Main thread; changes
 * become orders of the workers whose sessions they are (orders.h).
 */
#ifndef PPPOE_COMMANDS_H
#define PPPOE_COMMANDS_H

#include "command.h"
#include "config_limits.h"
#include "event.h"

extern const struct nf_command pppoe_commands[]; /* nf: struct pppoe */

/* What is in use of what the pools have. */
struct pppoe_census {
	uint32_t n_sessions;
	uint32_t n_prefixes;
	uint32_t n_addresses[PPPOE_MAX_PREFIXES]; /* by pool */
	uint32_t n_others; /* addresses of no pool: whoever authenticates said so */
};

union pppoe_workspace { /* nf_control_config.workspace_size */
	struct nf_watch watch;
	struct pppoe_census census;
};

#endif
