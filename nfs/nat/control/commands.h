/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of slim-nat's control socket (nfs/common/control/command.h). Main thread; nf_request.nf is the
 * struct nat. What changes state becomes jobs of the workers (jobs.h).
 */
#ifndef NAT_COMMANDS_H
#define NAT_COMMANDS_H

#include "census.h"
#include "config.h"
#include "show.h"

struct nat_pool_use {
	uint32_t n_ports[NAT_MAX_POOL][NAT_N_PROTOCOLS];
};

/* nf_request.workspace: of one request at a time. */
union nat_workspace {
	struct nat_census census;
	struct nat_pool_use pools;
};

extern const struct nf_command nat_commands[];

#endif
