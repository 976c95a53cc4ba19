/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a control plane and an operator may ask of the gateway (nfs/common/control.h has the protocol):
 * sessions are made, changed, moved to another cell and removed, and shown. The parsing and showing half
 * runs in the main thread; changes are jobs of the worker that owns the session's bucket.
 */
#ifndef GATEWAY_COMMANDS_H
#define GATEWAY_COMMANDS_H

#include "command.h"
#include "nf.h"

extern const struct nf_command gateway_commands[]; /* nf: struct gateway */

/* nf_ops.job. */
bool gateway_job(struct nf_worker *nf, struct nf_job *job);

#endif
