/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a control plane and an operator may ask of the gateway (nfs/common/control/control.h has the protocol):
 * sessions are made, changed, moved to another cell and removed, and shown. Main
 * thread; changes become orders of the worker that owns the session's bucket (orders.h).
 */
#ifndef GATEWAY_COMMANDS_H
#define GATEWAY_COMMANDS_H

#include "command.h"

extern const struct nf_command gateway_commands[]; /* nf: struct gateway */

#endif
